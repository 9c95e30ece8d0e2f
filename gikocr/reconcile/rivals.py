"""Rival placements as rival readings: one distribution for each field over what stands in the cells that may be its own.

Texts without cells give several placements of a table, such as the ways to cut digits that run together. A field on which they agree is
as sure as they are together; where they differ, each one's cell brings its readings in, weighed by the placement.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from gikocr.elements import Candidate, CellReading, FormReading, PlacedField, Placement, ReadCell, TableReading


def merge_rivals(reading: FormReading) -> FormReading:
    """Give a reading with one placement for each edition of a table, the most probable edition first.

    Cells of fields on which placements differ are added at the end; a reading without rivals comes back as it is.
    """
    cells = list(reading.cells)
    tables = tuple(_merged(table, cells) for table in reading.tables)
    return replace(reading, cells=tuple(cells), tables=tables)


def _merged(table: TableReading, cells: list[ReadCell]) -> TableReading:
    editions: dict[str, list[Placement]] = {}
    for placement in table.placements:
        editions.setdefault(placement.edition, []).append(placement)
    if len(editions) == len(table.placements):
        return table
    merged = [_one(placements, cells) if len(placements) > 1 else placements[0] for placements in editions.values()]
    return replace(table, placements=tuple(sorted(merged, key=lambda p: -p.weight)))


def _one(placements: Sequence[Placement], cells: list[ReadCell]) -> Placement:
    weight = sum(p.weight for p in placements)
    rivals = [{f.field_id: f for f in p.fields} for p in placements]
    fields = []
    for field in placements[0].fields:
        shares: dict[int, float] = {}
        for placement, own in zip(placements, rivals, strict=True):
            placed = own[field.field_id]
            if placed.cell is not None:
                shares[placed.cell] = shares.get(placed.cell, 0.0) + placement.weight * placed.certainty
        total = sum(shares.values())
        if total <= 0.0:
            fields.append(field)
            continue
        cell = field.cell
        if len(shares) > 1:
            cells.append(_mixed(cells, shares, total, field.cell))
            cell = len(cells) - 1
        elif cell is None:
            cell = next(iter(shares))
        fields.append(PlacedField(field.field_id, cell, min(1.0, total / weight)))
    return replace(placements[0], weight=min(1.0, weight), fields=tuple(fields))


def _mixed(cells: Sequence[ReadCell], shares: dict[int, float], total: float, first: int | None) -> ReadCell:
    """The cell of the heaviest placement with the readings of all."""
    mass: dict[tuple[str, str], tuple[Candidate, float]] = {}
    for index, share in shares.items():
        for candidate in cells[index].reading.candidates:
            key = (candidate.printed, candidate.state)
            before = mass[key][1] if key in mass else 0.0
            mass[key] = (candidate, before + share / total * math.exp(candidate.log_probability))
    ranked = sorted(mass.values(), key=lambda m: -m[1])
    candidates = tuple(replace(c, log_probability=math.log(m)) for c, m in ranked if m > 0.0)
    base = cells[first if first is not None else max(shares, key=lambda i: shares[i])]
    return replace(base, reading=CellReading(candidates, base.reading.reader))
