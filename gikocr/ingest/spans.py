"""Rows of cells with spans onto a grid, however broken the spans are; used for HTML and Word alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gikocr.markup import MarkupCell, MarkupTable, TextPlace

MOST_COLUMNS: Final = 200
MOST_ROWS: Final = 5_000
"""A wider or longer table is no table of a report; what lies beyond is left out."""


@dataclass(frozen=True, slots=True)
class RawCell:
    """A cell as the markup gives it. Spans are at least 1; what is not a number there counts as 1."""

    text: str
    colspan: int = 1
    rowspan: int = 1


def table_of(index: int, rows: Sequence[Sequence[RawCell]]) -> MarkupTable:
    """Put cells on a grid: each takes the next free place of its row, and gives way to cells that reach down from above.

    A cell that would overlap another is cut to the room that there is; one that reaches below the last row ends there.
    """
    rows = rows[:MOST_ROWS]
    taken: dict[tuple[int, int], bool] = {}
    cells: list[MarkupCell] = []
    width = 0
    for r, row in enumerate(rows):
        column = 0
        for c, raw in enumerate(row):
            while (r, column) in taken:
                column += 1
            if column >= MOST_COLUMNS:
                break
            end = column + 1
            while end < min(column + max(1, raw.colspan), MOST_COLUMNS) and (r, end) not in taken:
                end += 1
            bottom = min(r + max(1, raw.rowspan), len(rows))
            for rr in range(r, bottom):
                for cc in range(column, end):
                    taken[rr, cc] = True
            place = TextPlace(table=index, row=r, cell=c)
            cells.append(MarkupCell(r, bottom, column, end, raw.text, place))
            column = end
            width = max(width, end)
    return MarkupTable(index, len(rows), width, tuple(cells))


def span(value: str | None) -> int:
    """A span's number as markup writes it; 1 for anything else."""
    if value is None:
        return 1
    digits = value.strip().rstrip("%")
    return max(1, min(int(digits), MOST_ROWS)) if digits.isdecimal() and len(digits) < 7 else 1
