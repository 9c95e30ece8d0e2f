"""A first posterior: each cell's candidates weighed by the rules that they take part in, the other cells standing as read.

This is one sweep of iterated conditional modes over the cells of the violated rules, then each cell's own conditional distribution.
It knows single misreadings and single errors in print; several that hide each other need the joint inference that is to follow.
No value is ever made up: the sums only choose among what a reader proposed, and lower the confidence of the rest.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from gikocr.elements import (
    Candidate,
    FieldPosterior,
    FormReading,
    PlacedField,
    Placement,
    Posterior,
    RulePosterior,
    TableReading,
)
from gikocr.forms import Field, Form, Rule

READER_FLOOR = 4e-4
"""Probability that the right reading is none of a reader's candidates, however sure it is."""
UNLISTED_WRONG = 0.3
"""How often the best candidate is wrong where the reader put all of its probability on strings that cannot stand in a cell."""
FEW_BLANKS, ODD_BLANK = 0.1, 0.08
"""Where no more than this share of a table is blank, a blank is wrong with at least this probability."""
SOURCE_ERROR = 2e-3
"""Probability that a rule is broken in print (5 % of documents have such an error, in one or two of 42 rules)."""
MOST_DOUBT = 0.3
"""A rule is taken to be broken by its other cells with at most this probability."""
WRONG_KIND = 1e-3
"""Weight of a reading that is not of the field's kind: a sign or a decimal point in a count."""
IMPLIED_SHARE = 0.05
"""Share of the unlisted readings' probability that the one value implied by a rule gets."""
SWEEPS = 3
SURE_OF_READING = 0.9
"""A rule whose cells are all at least this sure counts as broken in the source when it does not hold."""


@dataclass(frozen=True, slots=True)
class _Cell:
    field: Field
    placed: PlacedField
    candidates: tuple[Candidate, ...]
    prior: tuple[float, ...]
    other: float


def reconcile(reading: FormReading, form: Form, amounts: Mapping[str, Decimal | None] | None = None) -> Posterior:
    """Weigh all readings of a document.

    Args:
        reading: cells, placements and their evidence.
        form: the form that the reading was registered on.
        amounts: not used by callers; values of fields that a person has settled, by id.

    Returns:
        The posterior of the heaviest placement of each table. A field whose cell was not found has no candidates.
    """
    settled = dict(amounts or {})
    tables = {t.table: t for t in reading.tables if t.placements}
    cells: dict[str, _Cell] = {}
    chosen: dict[str, Placement] = {}
    for key, table in tables.items():
        placement = table.placements[0]
        chosen[key] = placement
        specs = form.editions[placement.edition].fields
        for placed in placement.fields:
            cells[placed.field_id] = _cell(reading, specs[placed.field_id], placed)
        _doubt_odd_blanks(cells, placement)
    rules = form.rules_for({key: p.edition for key, p in chosen.items()})
    values = {i: _value(c.candidates[0]) if c.candidates else None for i, c in cells.items()}
    values.update(settled)
    by_field: dict[str, list[Rule]] = {}
    for rule in rules:
        for field_id in (*rule.left, *rule.right):
            by_field.setdefault(field_id, []).append(rule)
    picked = _sweep(cells, by_field, values)
    fields = []
    for key, placement in chosen.items():
        for placed in placement.fields:
            cell = cells[placed.field_id]
            weights, suggestion = _conditional(cell, by_field.get(placed.field_id, []), values, cells)
            certainty = placed.certainty * placement.weight
            ranked = sorted(
                ((c, w * certainty) for c, w in zip(cell.candidates, weights, strict=True)),
                key=lambda item: (item[0] != picked.get(placed.field_id), -item[1]),
            )
            fields.append(
                FieldPosterior(
                    placed.field_id,
                    key,
                    placement.edition,
                    placed.cell,
                    tuple(ranked),
                    None if suggestion is None else str(suggestion),
                )
            )
    confidence = {f.field_id: f.candidates[0][1] if f.candidates else 0.0 for f in fields}
    checked = tuple(_check(rule, cells, values, confidence) for rule in rules)
    editions = tuple((key, p.edition, _edition_weight(tables[key], p.edition)) for key, p in chosen.items())
    return Posterior(tuple(fields), checked, editions)


def _doubt_odd_blanks(cells: dict[str, _Cell], placement: Placement) -> None:
    """Doubt blanks in a table that prints something in nearly every cell: there a blank is more often a figure that was lost.

    An authority writes its zeros one way throughout a table, so where few cells are blank the blank ones are out of style.
    """
    own = [p.field_id for p in placement.fields if cells[p.field_id].candidates]
    blank = [i for i in own if cells[i].candidates[0].state == "blank"]
    if not blank or len(blank) > FEW_BLANKS * len(own):
        return
    for field_id in blank:
        cell = cells[field_id]
        other = max(cell.other, ODD_BLANK)
        prior = tuple(p * (1 - other) / (1 - cell.other) for p in cell.prior)
        cells[field_id] = _Cell(cell.field, cell.placed, cell.candidates, prior, other)


def _edition_weight(table: TableReading, edition: str) -> float:
    return min(1.0, sum(p.weight for p in table.placements if p.edition == edition))


def _cell(reading: FormReading, spec: Field, placed: PlacedField) -> _Cell:
    if placed.cell is None:
        return _Cell(spec, placed, (), (), 1.0)
    listed = reading.cells[placed.cell].reading.candidates
    weights = []
    for candidate in listed:
        weight = math.exp(candidate.log_probability)
        if candidate.state == "read" and not _of_kind(candidate.printed, spec):
            weight *= WRONG_KIND
        weights.append(weight)
    total = sum(weights)
    if total <= 0.0:
        return _Cell(spec, placed, (), (), 1.0)
    # Mass on strings that cannot stand in a cell is a sign of trouble, though the best string that can is mostly right even then.
    missing = max(0.0, 1.0 - sum(math.exp(c.log_probability) for c in listed))
    other = READER_FLOOR + UNLISTED_WRONG * missing
    order = sorted(range(len(listed)), key=lambda i: -weights[i])
    return _Cell(
        spec, placed, tuple(listed[i] for i in order), tuple((1 - other) * weights[i] / total for i in order), other
    )


def _of_kind(printed: str, spec: Field) -> bool:
    if spec.kind == "decimal":
        return not printed.startswith(("+", "-"))
    if "." in printed:
        return False
    return spec.kind == "signed_integer" or not printed.startswith(("+", "-"))


def _value(candidate: Candidate) -> Decimal | None:
    return number(candidate.printed) if candidate.state == "read" else None


def number(printed: str) -> Decimal | None:
    """The number that a candidate's text stands for; texts of state ``read`` always have one."""
    digits = "".join(c for c in printed if c.isdigit() or c in ".-+")
    digits = digits.translate(str.maketrans("０１２３４５６７８９", "0123456789"))
    return Decimal(digits) if any(c.isdigit() for c in digits) else None


def _sides(rule: Rule, values: Mapping[str, Decimal | None]) -> tuple[Decimal, Decimal] | None:
    """Both sides, blanks among the parts counting as nothing; None when the rule cannot be checked."""
    everything = [values.get(i) for i in (*rule.left, *rule.right)]
    if all(v is None for v in everything):
        return None
    if len(rule.left) == 1 and values.get(rule.left[0]) is None:
        return None
    left = sum((values.get(i) or Decimal(0) for i in rule.left), Decimal(0))
    right = sum((values.get(i) or Decimal(0) for i in rule.right), Decimal(0))
    return left, right


def _holds(rule: Rule, values: Mapping[str, Decimal | None]) -> bool | None:
    sides = _sides(rule, values)
    return None if sides is None else sides[0] == sides[1]


def _sweep(
    cells: Mapping[str, _Cell], by_field: Mapping[str, Sequence[Rule]], values: dict[str, Decimal | None]
) -> dict[str, Candidate]:
    """Let doubtful cells of violated rules take their most probable value given the others; fewest changes first."""
    picked = {i: c.candidates[0] for i, c in cells.items() if c.candidates}
    for _ in range(SWEEPS):
        best: tuple[float, str, Candidate] | None = None
        for field_id, cell in cells.items():
            rules = by_field.get(field_id, [])
            if len(cell.candidates) < 2 or not any(_holds(r, values) is False for r in rules):
                continue
            weights, _ = _conditional(cell, rules, values, cells)
            current = cell.candidates.index(picked[field_id])
            top = max(range(len(weights)), key=lambda i: weights[i])
            gain = weights[top] / max(weights[current], 1e-12)
            if top != current and gain > 2.0 and (best is None or gain > best[0]):
                best = (gain, field_id, cell.candidates[top])
        if best is None:
            break
        _, field_id, candidate = best
        picked[field_id] = candidate
        values[field_id] = _value(candidate)
    return picked


def _conditional(
    cell: _Cell, rules: Sequence[Rule], values: Mapping[str, Decimal | None], cells: Mapping[str, _Cell]
) -> tuple[list[float], Decimal | None]:
    """Probabilities of a cell's candidates given all other cells as they stand, and the value that the rules imply instead."""
    if not cell.candidates:
        return [], None
    field_id = cell.field.id
    trial = dict(values)
    weights = []
    for candidate, prior in zip(cell.candidates, cell.prior, strict=True):
        trial[field_id] = _value(candidate)
        weights.append(prior * _rule_weight(rules, trial, cells, field_id))
    other, suggestion = cell.other, None
    implied = _implied(field_id, rules, values)
    if implied is not None and all(_value(c) != implied for c in cell.candidates):
        trial[field_id] = implied
        unlisted = cell.other * IMPLIED_SHARE * _rule_weight(rules, trial, cells, field_id)
        if unlisted > max(weights):
            suggestion = implied
        other = unlisted + cell.other * (1 - IMPLIED_SHARE) * _all_broken(rules, cells, field_id)
    elif rules:
        # An unlisted reading other than the one that fits would break every rule that holds now.
        other = cell.other * _all_broken(rules, cells, field_id)
        if any(_holds(r, values) is None for r in rules):
            other = cell.other
    if cell.candidates[0].state == "blank" and cell.other >= ODD_BLANK:
        # A zero that was lost breaks no sum: that the sums hold does not speak for a blank that is out of style.
        other = max(other, cell.other)
    total = sum(weights) + other
    return [w / total for w in weights], suggestion


def _rule_weight(
    rules: Sequence[Rule], values: Mapping[str, Decimal | None], cells: Mapping[str, _Cell], field_id: str
) -> float:
    weight = 1.0
    for rule in rules:
        holds = _holds(rule, values)
        if holds is False:
            weight *= _broken_probability(rule, cells, field_id)
    return weight


def _all_broken(rules: Sequence[Rule], cells: Mapping[str, _Cell], field_id: str) -> float:
    weight = 1.0
    for rule in rules:
        weight *= _broken_probability(rule, cells, field_id)
    return weight


def _broken_probability(rule: Rule, cells: Mapping[str, _Cell], field_id: str) -> float:
    """Probability that a rule fails although this cell is right: an error in print, or another cell misread."""
    doubt = sum(
        1.0 - cells[i].prior[0]
        for i in (*rule.left, *rule.right)
        if i != field_id and i in cells and cells[i].candidates
    )
    return min(MOST_DOUBT, SOURCE_ERROR + doubt)


def _implied(field_id: str, rules: Sequence[Rule], values: Mapping[str, Decimal | None]) -> Decimal | None:
    """The value that all rules of a cell that fail agree on, None when they disagree or none fails."""
    wanted: set[Decimal] = set()
    for rule in rules:
        sides = _sides(rule, values)
        if sides is None:
            continue
        left, right = sides
        own = values.get(field_id) or Decimal(0)
        wanted.add(own + (right - left) if field_id in rule.left else own + (left - right))
    if len(wanted) != 1:
        return None
    value = wanted.pop()
    return value if value >= 0 and value != values.get(field_id) else None


def _check(
    rule: Rule, cells: Mapping[str, _Cell], values: Mapping[str, Decimal | None], confidence: Mapping[str, float]
) -> RulePosterior:
    sides = _sides(rule, values)
    if sides is None:
        return RulePosterior(rule.id, None, None, 0.0, "not_checkable")
    left, right = sides
    members = [i for i in (*rule.left, *rule.right) if i in cells]
    if left == right:
        return RulePosterior(rule.id, str(left), str(right), 0.0, "holds")
    lost = [i for i in members if not cells[i].candidates]
    # The doubt that this very failure casts on its cells must not count against the failure: use the reader's own.
    sure = math.prod(cells[i].prior[0] for i in members if cells[i].candidates) if not lost else 0.0
    least = min((confidence.get(i, 0.0) for i in members), default=0.0)
    probability = min(sure, 1 - SOURCE_ERROR) if least > 0.5 else min(sure, least)
    verdict = "broken_in_source" if probability >= SURE_OF_READING else "doubtful"
    return RulePosterior(rule.id, str(left), str(right), round(probability, 6), verdict)  # type: ignore[arg-type]
