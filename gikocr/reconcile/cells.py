"""What a cell says of its field, before any sum: candidates with calibrated probabilities."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from gikocr.elements import Candidate, FormReading, PlacedField, Placement
from gikocr.forms import Field, Form
from gikocr.reconcile.blanks import Row, Seen, lost_print, row_of
from gikocr.reconcile.calibration import FAR, CellClass, KindParameters, class_of, kind_of
from gikocr.reconcile.numbers import amount, of_kind

WRONG_KIND = 1e-3
"""Weight of a reading that is not of the field's kind: a sign or a decimal point in a count."""
NOT_SEEN = 0.3
"""Where print was not seen, the weight of what no reader proposed against the readings that were proposed beside the blank."""
LEAST_PROBABILITY = 1e-30
"""Least probability of a candidate that a reader proposed."""


@dataclass(frozen=True, slots=True)
class Belief:
    """A field's cell.

    Attributes:
        placed: which cell it is and how certain that is.
        candidates: what the reader proposed, most probable first; none where nothing was found or read.
        probabilities: of the candidates; they sum to 1 - unlisted.
        unlisted: probability that the value is none of the candidates'.
        state: probability that the value is right and its state (blank, mark, 0) is not.
        cell_class: what the best candidate is; None without candidates.
        lost: where the cell is given as blank, the probability that something is printed there that was not seen.
    """

    placed: PlacedField
    candidates: tuple[Candidate, ...]
    probabilities: tuple[float, ...]
    unlisted: float
    state: float
    cell_class: CellClass | None
    lost: float = 0.0

    def values(self) -> dict[Decimal, float]:
        """The probability of each number, most probable first; blanks, marks and words count as 0."""
        found: dict[Decimal, float] = {}
        for candidate, probability in zip(self.candidates, self.probabilities, strict=True):
            value = amount(candidate) or Decimal(0)
            found[value] = found.get(value, 0.0) + probability
        return dict(sorted(found.items(), key=lambda item: -item[1]))


def beliefs(
    reading: FormReading,
    form: Form,
    chosen: Mapping[str, Placement],
    parameters: KindParameters,
    settled: Collection[str] = (),
) -> dict[str, Belief]:
    """The beliefs of all fields of a document.

    Args:
        reading: what was read.
        form: the form that it was registered on.
        chosen: one placement for each table.
        parameters: of the document's kind.
        settled: fields that a person has settled; they say nothing of what the reader missed elsewhere.
    """
    rules = form.rules_for({key: p.edition for key, p in chosen.items()})
    ruled = frozenset(i for rule in rules for i in (*rule.left, *rule.right))
    found = {
        p.field_id: _belief(
            reading, form.editions[placement.edition].fields[p.field_id], p, p.field_id in ruled, parameters
        )
        for placement in chosen.values()
        for p in placement.fields
    }
    # In texts nothing is lost by reading; what converters lose is in the certainty of the place.
    if kind_of(reading) == "text":
        return found
    return _with_lost_print(found, rows_of(found, form, chosen, settled), parameters)


def _belief(reading: FormReading, spec: Field, placed: PlacedField, ruled: bool, parameters: KindParameters) -> Belief:
    if placed.cell is None:
        return Belief(placed, (), (), 1.0, 0.0, None)
    read = reading.cells[placed.cell].reading
    listed = [c for c in read.candidates if c.log_probability > -math.inf]
    raw = [
        max(LEAST_PROBABILITY, math.exp(c.log_probability))
        * (WRONG_KIND if c.state == "read" and not of_kind(c.printed, spec) else 1.0)
        for c in listed
    ]
    if not listed:
        return Belief(placed, (), (), 1.0, 0.0, None)
    best = listed[max(range(len(listed)), key=lambda i: raw[i])]
    cell_class = class_of(best, amount(best), ruled)
    own = parameters.reading(read.reader, cell_class)
    missing = max(0.0, 1.0 - sum(math.exp(c.log_probability) for c in listed))
    unlisted = min(0.5, own.unlisted + own.missing * missing)
    tail = own.temperature if parameters.tail is None else parameters.tail
    weights = [max(w, FAR) ** own.temperature * min(1.0, w / FAR) ** tail for w in raw]
    order = sorted(range(len(listed)), key=lambda i: -weights[i])
    scale = (1.0 - unlisted) / sum(weights)
    return Belief(
        placed,
        tuple(listed[i] for i in order),
        tuple(weights[i] * scale for i in order),
        unlisted,
        own.state,
        cell_class,
    )


def rows_of(
    found: Mapping[str, Belief], form: Form, chosen: Mapping[str, Placement], settled: Collection[str] = ()
) -> list[list[Row]]:
    """What was read in the rows of each table, in the order of the form; arguments as of :func:`beliefs`."""
    rules = form.rules_for({key: p.edition for key, p in chosen.items()})
    totals = frozenset(rule.left[0] for rule in rules if len(rule.left) == 1)
    tables = []
    for placement in chosen.values():
        rows = []
        for section in form.table(placement.table, placement.edition).sections:
            for ids in section.field_ids:
                read = [i for i in ids if i is not None and i in found and found[i].candidates]
                seen = {i: _seen(found[i]) for i in read if i not in settled}
                if seen:
                    rows.append(row_of(seen, totals))
        tables.append(rows)
    return tables


def _with_lost_print(
    found: Mapping[str, Belief], tables: Sequence[Sequence[Row]], parameters: KindParameters
) -> dict[str, Belief]:
    """The beliefs with the doubt of blanks that are out of style in their document."""
    lost = lost_print(tables, parameters.losses)
    return {i: _doubted(b, lost[i]) if i in lost else b for i, b in found.items()}


def _doubted(belief: Belief, lost: float) -> Belief:
    """A belief with the doubt of its blank; where the best reading is one, its other readings gain."""
    if belief.cell_class != "blank":
        return replace(belief, lost=lost)
    blank = belief.probabilities[0]
    others = math.fsum(belief.probabilities[1:])
    gain = 1.0 + blank * lost / (others + NOT_SEEN) if others > 0.0 else 1.0
    left = blank - others * (gain - 1.0)
    return replace(
        belief,
        probabilities=(left, *(p * gain for p in belief.probabilities[1:])),
        lost=1.0 - min(1.0, blank * (1.0 - lost) / left),
    )


def _seen(belief: Belief) -> Seen:
    best = belief.candidates[0]
    if best.state == "blank":
        return "blank"
    return "number" if best.state == "other_text" or amount(best) else "zero"
