"""Which placement of each table to take, and how certain it is once the sums have spoken."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal

from gikocr.elements import FormReading, Placement, TableReading
from gikocr.forms import Form
from gikocr.reconcile.numbers import amount

LEAST_RIVAL = 1e-6
"""Rival placements with less weight than this are not looked at."""
HOLDS, BROKEN = math.log(4.0), math.log(0.02)
"""Log evidence of a rule whose sides are equal and not 0, and of one that fails: sums of other cells seldom agree by chance."""
MOST_EVIDENCE = 12.0
"""The sums of a table speak for a placement at most so much, so that labels keep their say."""


def choose_placements(
    reading: FormReading, form: Form
) -> tuple[dict[str, Placement], tuple[tuple[str, str, float], ...]]:
    """The most probable placement of each table that was found, its weight and certainties those after the sums.

    A field that stands in the same cell under a rival placement is as sure as both are together.

    Returns:
        The placements by table, and table, edition and probability of that edition.
    """
    chosen: dict[str, Placement] = {}
    editions = []
    for table in reading.tables:
        if not table.placements:
            continue
        weighed = _weighed(reading, form, table)
        best = max(weighed, key=lambda p: p.weight)
        chosen[table.table] = _shared(best, weighed)
        editions.append(
            (table.table, best.edition, min(1.0, sum(p.weight for p in weighed if p.edition == best.edition)))
        )
    return chosen, tuple(editions)


def _weighed(reading: FormReading, form: Form, table: TableReading) -> list[Placement]:
    """The placements with their sums' evidence; their weights have the same sum as before."""
    rivals = [p for p in table.placements if p.weight >= LEAST_RIVAL] or list(table.placements[:1])
    if len(rivals) == 1:
        return rivals
    evidence = [_evidence(reading, form, p) for p in rivals]
    top = max(evidence)
    shares = [p.weight * math.exp(max(-MOST_EVIDENCE, e - top)) for p, e in zip(rivals, evidence, strict=True)]
    whole = sum(p.weight for p in rivals)
    return [replace(p, weight=whole * s / sum(shares)) for p, s in zip(rivals, shares, strict=True)]


def _evidence(reading: FormReading, form: Form, placement: Placement) -> float:
    cells = {
        f.field_id: amount(reading.cells[f.cell].reading.best)
        for f in placement.fields
        if f.cell is not None and reading.cells[f.cell].reading.candidates
    }
    evidence = 0.0
    for rule in form.rules_for({placement.table: placement.edition}):
        numbers = [cells.get(i) for i in (*rule.left, *rule.right)]
        if not any(numbers):
            continue  # nothing but zeros and blanks: holds wherever it stands
        left = sum((cells.get(i) or Decimal(0) for i in rule.left), Decimal(0))
        right = sum((cells.get(i) or Decimal(0) for i in rule.right), Decimal(0))
        evidence += HOLDS if left == right else BROKEN
    return evidence


def _shared(best: Placement, weighed: list[Placement]) -> Placement:
    """The placement with certainties that count what rivals say of the same cells.

    ``certainty * weight`` of each field becomes its probability over all placements.
    """
    rivals = [{f.field_id: f for f in p.fields} for p in weighed]
    fields = []
    for field in best.fields:
        together = 0.0
        for placement, own in zip(weighed, rivals, strict=True):
            other = own.get(field.field_id)
            if other is not None and other.cell == field.cell:
                together += placement.weight * other.certainty
        fields.append(replace(field, certainty=min(1.0, together / best.weight) if best.weight > 0 else 0.0))
    return replace(best, fields=tuple(fields))
