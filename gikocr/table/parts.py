"""A grid that is two tables: what lies between them, such as a heading, was taken for a row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gikocr.elements import Grid
from gikocr.geometry import BBox
from gikocr.table.lattice import Lattice

if TYPE_CHECKING:
    from numpy.typing import NDArray

OWN_COLUMNS = 2
"""Boundaries of columns that each of two tables has and the other lacks; sections of one table may share none but have few."""

FEW, MANY = 3, 5
"""A row that a heading was taken for has so few cells, and the row of values above it so many."""


def parts_of(grid: Grid) -> list[BBox]:
    """The tables above and below rows of few cells, if each has columns that the other lacks; none where it is one table."""
    lattice = Lattice.of(grid)
    rows, top = list[tuple[int, int]](), 0
    for row in range(1, lattice.n_rows - 1):
        if _cells(lattice, row) > FEW or _cells(lattice, row - 1) < MANY:
            continue
        above, below = _ends(lattice.owner[top:row]), _ends(lattice.owner[row + 1 :])
        if min((above & ~below).sum(), (below & ~above).sum()) >= OWN_COLUMNS:
            rows.append((top, row))
            top = row + 1
    if not rows:
        return []
    heights = [lattice.band(r) for r in range(lattice.n_rows)]
    return [
        BBox(grid.box.left, heights[first][0], grid.box.right, heights[end - 1][1])
        for first, end in [*rows, (top, lattice.n_rows)]
    ]


def _cells(lattice: Lattice, row: int) -> int:
    return len(set(lattice.owner[row].tolist()))


def _ends(owner: NDArray[np.int64]) -> NDArray[np.bool_]:
    """At which inner column boundaries some cell ends, by row of owners."""
    return np.asarray((owner[:, 1:] != owner[:, :-1]).any(axis=0))
