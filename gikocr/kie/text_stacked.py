"""Parts of a table whose values stand in stacks, read as a whole: one way to read for each way to give the stacks columns."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

from gikocr.forms import Rule
from gikocr.kie.joint import SOURCE_ERROR
from gikocr.kie.text_alignment import TextTable
from gikocr.kie.text_columns import keeps_gaps
from gikocr.kie.text_lost import broken_sums, commonness, tempered
from gikocr.kie.text_rows import FormRow, row_fields, sums_within
from gikocr.kie.text_stacks import Stacks, stacks_of
from gikocr.kie.text_tokens import Chunk, Token
from gikocr.kie.text_units import Unit
from gikocr.kie.text_ways import LOST_CELLS_SURE, LOST_MOST, Slot, number, slot_of

FARTHEST_WAY: Final = 25.0
"""Ways less probable than the best by so much, in natural log, are left out."""

Row = tuple[FormRow, Sequence[Token], float]
"""A row, its values, and the probability that they are its own."""


def stacked_units(
    found: TextTable,
    chunks: Sequence[Chunk],
    certainties: Sequence[float],
    rules: Sequence[Rule],
    heads: Mapping[int, Sequence[Token]],
) -> list[tuple[Unit, tuple[int, ...]]]:
    """The parts of a table in which rows lost cells and values stand in stacks.

    Returns:
        For each part its unit, and the indices of its spans.
    """
    units: list[tuple[Unit, tuple[int, ...]]] = []
    for number_, section in enumerate(found.table.sections):
        if len(section.rows) < 2 or not section.shares or section.shares[-1] != 0:
            continue
        spans = [
            k for k, s in enumerate(found.spans) if s.end - s.first == 1 and found.rows[s.first].section == number_
        ]
        rows = [(found.rows[found.spans[k].first], chunks[found.spans[k].chunk].values, certainties[k]) for k in spans]
        n = len(section.columns)
        kept = [k for k, (row, values, _) in enumerate(rows) if 0 < len(values) <= row.n_values == n]
        if all(len(rows[k][1]) == n for k in kept) or not keeps_gaps([rows[k][:2] for k in kept]):
            continue
        summed = frozenset(r.left[0] for r in rules if len(r.left) == 1)
        for part in stacks_of([rows[k][1] for k in kept], section, heads.get(number_, ())):
            own = [rows[kept[k]] for k in part.rows]
            if any(len(values) < n for _, values, _ in own):
                unit = _unit(part, own, rules, summed, section.shares)
                units.append((unit, tuple(spans[kept[k]] for k in part.rows)))
    return units


def _unit(
    part: Stacks, rows: Sequence[Row], rules: Sequence[Rule], summed: frozenset[str], shares: Sequence[float]
) -> Unit:
    fields = tuple(f for row, _, _ in rows for f in row_fields(row))
    weighed: list[tuple[float, tuple[Slot, ...]]] = []
    usual: list[float] = []
    for log_weight, columns in part.ways:
        weight, common, slots = log_weight, 0.0, []
        for (row, values, certainty), stacks in zip(rows, part.of, strict=True):
            at = [columns[s] for s in stacks]
            numbers = [number(t.text) for t in values]
            own = row_fields(row)
            broken = broken_sums(numbers, at, sums_within(own, rules))
            weight += math.log(SOURCE_ERROR) * broken
            if all(f in summed for f in own):
                # The row of sums tells how common its columns are; the others have their numbers where it has.
                common += commonness(numbers, at, shares)
            sure = certainty * (LOST_MOST if broken else LOST_CELLS_SURE)
            slots += _slots(dict(zip(at, values, strict=True)), len(own), values[-1], sure)
        weighed.append((weight, tuple(slots)))
        usual.append(common)
    weighed = [(w + c, slots) for (w, slots), c in zip(weighed, tempered(usual), strict=True)]
    top = max(w for w, _ in weighed)
    near = [(math.exp(w - top), slots) for w, slots in weighed if w > top - FARTHEST_WAY]
    total = sum(p for p, _ in near)
    return Unit(fields, tuple((p / total, slots) for p, slots in near), 1.0)


def _slots(at: Mapping[int, Token], n: int, last: Token, sure: float) -> list[Slot]:
    return [slot_of(at[c], sure) if c in at else Slot("", last.place, sure) for c in range(n)]
