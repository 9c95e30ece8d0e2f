"""What a cell says of its field, before any sum: candidates with calibrated probabilities."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from gikocr.elements import Candidate, FormReading, PlacedField, Placement
from gikocr.forms import Field
from gikocr.reconcile.calibration import CellClass, KindParameters, class_of, kind_of
from gikocr.reconcile.numbers import amount, of_kind

FEW_BLANKS, ODD_BLANK = 0.1, 0.08
"""Where no more than this share of a table is blank, a blank is wrong with at least this probability."""
WRONG_KIND = 1e-3
"""Weight of a reading that is not of the field's kind: a sign or a decimal point in a count."""
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
    """

    placed: PlacedField
    candidates: tuple[Candidate, ...]
    probabilities: tuple[float, ...]
    unlisted: float
    state: float
    cell_class: CellClass | None

    def values(self) -> dict[Decimal, float]:
        """The probability of each number, most probable first; blanks, marks and words count as 0."""
        found: dict[Decimal, float] = {}
        for candidate, probability in zip(self.candidates, self.probabilities, strict=True):
            value = amount(candidate) or Decimal(0)
            found[value] = found.get(value, 0.0) + probability
        return dict(sorted(found.items(), key=lambda item: -item[1]))


def beliefs(
    reading: FormReading,
    placement: Placement,
    specs: Mapping[str, Field],
    ruled: frozenset[str],
    parameters: KindParameters,
) -> dict[str, Belief]:
    """The beliefs of one table's fields under a placement. ``ruled``: the fields that are in a rule."""
    found = {
        p.field_id: _belief(reading, specs[p.field_id], p, p.field_id in ruled, parameters) for p in placement.fields
    }
    if kind_of(reading) != "text":
        _doubt_odd_blanks(found)
    return found


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
    weights = [w**own.temperature for w in raw]
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


def _doubt_odd_blanks(found: dict[str, Belief]) -> None:
    """Doubt blanks in a table that prints something in nearly every cell: there a blank is more often a figure that was lost.

    An authority writes its zeros one way throughout a table, so where few cells are blank the blank ones are out of style. That the
    sums hold does not speak for such a blank: a zero that was lost breaks none. In texts nothing is lost by reading; what
    converters lose is in the certainty of the place.
    """
    own = [i for i, b in found.items() if b.candidates]
    blank = [i for i in own if found[i].candidates[0].state == "blank"]
    if not blank or len(blank) > FEW_BLANKS * len(own):
        return
    for field_id in blank:
        belief = found[field_id]
        found[field_id] = replace(belief, state=max(belief.state, ODD_BLANK))
