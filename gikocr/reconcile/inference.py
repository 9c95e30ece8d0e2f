"""Everything that can be said of the fields before structure and calibration maps are put in: what fitting works on.

:func:`infer` gives for each field the probabilities of its readings *if it stands where it was found*, the raw doubt of that place, and
how it stands towards the sums. ``posterior`` puts both together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache

from gikocr.elements import Candidate, FormReading, Placement
from gikocr.forms import Form, Rule
from gikocr.reconcile import trellis
from gikocr.reconcile.calibration import Block, CellClass, KindParameters
from gikocr.reconcile.cells import Belief, beliefs
from gikocr.reconcile.numbers import amount
from gikocr.reconcile.rule_system import Part, parts_of

MOST_DECIMALS = 4
"""Decimal places that sums of amounts are reckoned with."""


@dataclass(frozen=True, slots=True)
class InferredField:
    """One field.

    Attributes:
        field_id: see ``FieldPosterior``.
        table: see there.
        edition: see there.
        cell: see there.
        candidates: readings with their probability given the place, the one to emit first.
        doubt: raw probability that the place is wrong, of cell and placement together.
        coincidence: share of the neighbouring fields that print the same.
        block: how it stands towards the sums.
        cell_class: what its best reading is, None without one.
        suggestion: a value that the sums imply, that no reader proposed, and that is likelier than every reading.
        source: probability that it is an error in print.
        lost: where it is given as blank, the probability that print was not seen; it is part of the candidate's.
    """

    field_id: str
    table: str
    edition: str
    cell: int | None
    candidates: tuple[tuple[Candidate, float], ...]
    doubt: float
    coincidence: float
    block: Block
    cell_class: CellClass | None
    suggestion: Decimal | None
    source: float
    lost: float = 0.0


@dataclass(frozen=True, slots=True)
class Inference:
    """A document.

    Attributes:
        fields: of all tables.
        rules: all rules of the tables, in the order of the form.
        broken: for each rule that the joint inference took in, the probability that it is broken in print.
        implied: for each cell, values that the sums imply with their probability, as far as no reader proposed them.
        evidence: natural log evidence of the document's sums.
    """

    fields: tuple[InferredField, ...]
    rules: tuple[Rule, ...]
    broken: Mapping[str, float]
    implied: tuple[tuple[int, Decimal, float], ...]
    evidence: float


def infer(
    reading: FormReading,
    form: Form,
    chosen: Mapping[str, Placement],
    parameters: KindParameters,
    settled: Mapping[str, Decimal | None],
) -> Inference:
    """Weigh the readings of one placement for each table under the rules of their editions."""
    rules = form.rules_for({key: p.edition for key, p in chosen.items()})
    known = beliefs(reading, form, chosen, parameters, settled)
    usable = tuple(rule for rule in rules if _checkable(rule, known, settled))
    posteriors: dict[str, tuple[trellis.PartPosterior, int]] = {}
    broken: dict[str, float] = {}
    evidence = 0.0
    for part in _parts(usable):
        scale, cells = _cells(part, known, settled)
        if cells is None:
            continue
        result = trellis.infer(part, cells, parameters.source, parameters.misreading)
        broken |= result.broken
        evidence += result.evidence
        posteriors |= dict.fromkeys(cells, (result, scale))
    fields: list[InferredField] = []
    implied: list[tuple[int, Decimal, float]] = []
    for placement in chosen.values():
        near = _neighbours(form, placement, known)
        for placed in placement.fields:
            belief = known[placed.field_id]
            field, more = _field(
                belief,
                posteriors.get(placed.field_id),
                parameters.source.leak,
                placement,
                near.get(placed.field_id, 0.0),
            )
            fields.append(field)
            if belief.placed.cell is not None:
                implied += [(belief.placed.cell, value, p) for value, p in more]
    return Inference(_with_blocks(fields, usable, broken, settled), tuple(rules), broken, tuple(implied), evidence)


def _checkable(rule: Rule, known: Mapping[str, Belief], settled: Mapping[str, Decimal | None]) -> bool:
    """Whether a rule says anything: all its cells were read, not all are null, and its total is a number."""
    members = (*rule.left, *rule.right)
    if any(i not in settled and (i not in known or not known[i].candidates) for i in members):
        return False
    numbers = {i: settled[i] if i in settled else amount(known[i].candidates[0]) for i in members}
    if all(v is None for v in numbers.values()):
        return False
    return not (len(rule.left) == 1 and numbers[rule.left[0]] is None)


@lru_cache(maxsize=256)
def _parts(rules: tuple[Rule, ...]) -> tuple[Part, ...]:
    return tuple(parts_of(rules))


def _cells(
    part: Part, known: Mapping[str, Belief], settled: Mapping[str, Decimal | None]
) -> tuple[int, dict[str, trellis.CellValues] | None]:
    """The values of a part's fields as whole numbers of its smallest unit; None where they are too large to be reckoned with."""
    ids = [i for line in part.lines for i, _ in line.fields]
    best = [settled[i] or Decimal(0) if i in settled else next(iter(known[i].values())) for i in ids]
    decimals = max((-int(v.as_tuple().exponent) for v in best if v), default=0)
    scale = 10 ** min(MOST_DECIMALS, max(0, decimals))
    cells = {}
    for field_id in ids:
        if field_id in settled:
            given = {settled[field_id] or Decimal(0): 1.0}
            unlisted, blank = 0.0, False
        else:
            belief = known[field_id]
            given = belief.values()
            unlisted, blank = belief.unlisted, belief.candidates[0].state == "blank"
        values = []
        for k, (value, probability) in enumerate(given.items()):
            scaled = value * scale
            if abs(scaled) < trellis.LARGEST and scaled == scaled.to_integral_value():
                values.append((int(scaled), probability))
            elif k == 0:
                return scale, None
        cells[field_id] = trellis.CellValues(tuple(values), unlisted, blank, field_id in settled)
    return scale, cells


def _field(
    belief: Belief,
    found: tuple[trellis.PartPosterior, int] | None,
    leak: float,
    placement: Placement,
    coincidence: float,
) -> tuple[InferredField, list[tuple[Decimal, float]]]:
    placed = belief.placed
    weights = list(belief.probabilities)
    source, suggestion = 0.0, None
    implied: list[tuple[Decimal, float]] = []
    if found is not None and belief.candidates:
        result, scale = found
        values = result.values[placed.field_id]
        implied = [(Decimal(v) / scale, values[v]) for v in result.implied[placed.field_id]]
        prior = belief.values()
        keep = (1.0 - leak * belief.unlisted) * (1.0 - result.unexplained[placed.field_id])
        for k, candidate in enumerate(belief.candidates):
            value = amount(candidate) or Decimal(0)
            scaled = value * scale
            marginal = values.get(int(scaled), 0.0) if scaled == scaled.to_integral_value() else 0.0
            weights[k] = keep * marginal * belief.probabilities[k] / prior[value]
        source = result.source[placed.field_id]
    weights = [
        w * (1.0 - belief.state) * (1.0 - belief.lost if c.state == "blank" else 1.0)
        for c, w in zip(belief.candidates, weights, strict=True)
    ]
    likeliest = max(implied, key=lambda item: item[1], default=None)
    if likeliest is not None and likeliest[1] > max(weights):
        suggestion = likeliest[0]
    ranked = sorted(zip(belief.candidates, weights, strict=True), key=lambda item: -item[1])
    field = InferredField(
        placed.field_id,
        placement.table,
        placement.edition,
        placed.cell,
        tuple(ranked),
        1.0 - placed.certainty * placement.weight,
        coincidence,
        "free",
        belief.cell_class,
        suggestion,
        source,
        belief.lost if ranked and ranked[0][0].state == "blank" else 0.0,
    )
    return field, implied


def _with_blocks(
    fields: Sequence[InferredField],
    rules: Sequence[Rule],
    broken: Mapping[str, float],
    settled: Mapping[str, Decimal | None],
) -> tuple[InferredField, ...]:
    """The fields with how they stand towards the sums of the values that are emitted."""
    emitted = {f.field_id: amount(f.candidates[0][0]) for f in fields if f.candidates} | dict(settled)
    blocks: dict[str, Block] = {}
    disputed: set[str] = set()
    for rule in rules:
        if rule.id not in broken:
            continue
        left = sum((emitted.get(i) or Decimal(0) for i in rule.left), Decimal(0))
        right = sum((emitted.get(i) or Decimal(0) for i in rule.right), Decimal(0))
        if left != right:
            disputed.add(rule.table)
        for i in (*rule.left, *rule.right):
            if left != right:
                blocks[i] = "disputed"
            else:
                blocks.setdefault(i, "upheld")
    all_hold = bool(blocks) and not disputed

    def block(field: InferredField) -> Block:
        own = blocks.get(field.field_id)
        if own is None:
            return "free_clean" if all_hold else "free"
        return "clean" if own == "upheld" and field.table not in disputed else own

    return tuple(replace(f, block=block(f)) for f in fields)


def _neighbours(form: Form, placement: Placement, known: Mapping[str, Belief]) -> dict[str, float]:
    """For each field the share of the fields above, below, left and right of it whose best reading is the same."""
    shares: dict[str, float] = {}
    for section in form.table(placement.table, placement.edition).sections:
        ids = section.field_ids
        best = [
            [
                (b.candidates[0].printed, b.candidates[0].state)
                if i is not None and (b := known.get(i)) is not None and b.candidates
                else None
                for i in row
            ]
            for row in ids
        ]
        for r, row in enumerate(ids):
            for c, field_id in enumerate(row):
                if field_id is None or best[r][c] is None:
                    continue
                near = [
                    best[y][x]
                    for y, x in ((r - 1, c), (r + 1, c), (r, c - 1), (r, c + 1))
                    if 0 <= y < len(ids) and 0 <= x < len(best[y])
                ]
                shares[field_id] = sum(n == best[r][c] for n in near) / len(near) if near else 0.0
    return shares
