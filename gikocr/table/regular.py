"""Rows of values have the same columns: a grid made regular where most of its rows agree on them.

Stamps, pens and folds draw lines into a few rows of a table and hide the table's own there. What the other rows show tells which are
which; whether the rows are alike in truth, the form tells (see ``pipeline.rivals``), since tables of other kinds are not.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from gikocr.elements import Grid
from gikocr.table.lattice import Lattice
from gikocr.table.mend import VALUES_FROM

if TYPE_CHECKING:
    from numpy.typing import NDArray

LABELS_UP_TO = 0.3
"""Boundaries left of this share of a table's width part labels, which span rows and columns as they like."""
COMMON, AGREES = 0.6, 0.7
"""A boundary of columns is the table's when it parts cells in this share of the rows that are no heads; a row with this share of
them holds values."""
RICH = 0.5
"""Rows with fewer than this share of the most boundaries that a row has are heads, and have no say in which are the table's."""
FEWEST_COLUMNS, FEWEST_ROWS = 4, 4
"""So many boundaries and rows must agree before the others are held to be wrong."""
ROW_COMMON = 0.35
"""A boundary of rows is one for all columns when it parts cells in this share of them."""

MANY_COLUMNS, STRAYS = 5, 1
"""In a row of so many cells of values so many with ink are none: dirt, or a remnant of a line."""


def halves_of_rows(grid: Grid, inked: Sequence[bool]) -> list[int]:
    """Rows of which, with the next, not both hold values: a false line may have cut one row in two, along its own marks even.

    Args:
        grid: as it was found.
        inked: of each of its cells, whether anything is printed in it.
    """
    first = grid.box.left + VALUES_FROM * grid.box.width
    bare = []
    for row in range(grid.n_rows):
        own = [
            (cell, ink)
            for cell, ink in zip(grid.cells, inked, strict=True)
            if cell.row == row and cell.row_end == row + 1 and cell.box.left >= first
        ]
        strays = STRAYS if len(own) >= MANY_COLUMNS else 0
        bare.append(len(own) >= FEWEST_COLUMNS and sum(ink for _, ink in own) <= strays)
    return [row for row, (upper, lower) in enumerate(itertools.pairwise(bare)) if upper or lower]


def regular(grid: Grid) -> Grid | None:
    """The grid with the columns that most of its rows have in all rows of values, and its rows in all columns of values.

    Args:
        grid: as it was found.

    Returns:
        None where too few rows agree, or where nothing changes.
    """
    lattice = Lattice.of(grid)
    owner = lattice.owner
    parts = owner[:, 1:] != owner[:, :-1]
    xs = lattice.points[:, 1:-1, 0].mean(axis=0)
    first = grid.box.left + LABELS_UP_TO * grid.box.width
    rich = parts.sum(axis=1) >= RICH * parts.sum(axis=1).max(initial=0)
    columns = [int(c) + 1 for c in np.flatnonzero((parts[rich].mean(axis=0) >= COMMON) & (xs >= first))]
    if len(columns) < FEWEST_COLUMNS:
        return None
    agree = np.flatnonzero(parts[:, [c - 1 for c in columns]].mean(axis=1) >= AGREES)
    if len(agree) < max(FEWEST_ROWS, COMMON * (agree[-1] + 1 - agree[0] if len(agree) else 1)):
        return None
    made = _made_regular(owner, int(agree[0]), int(agree[-1]) + 1, columns)
    if _same_cells(made, owner):
        return None
    return Lattice(lattice.points, made).to_grid(grid.page, grid.spare_lines)


def _made_regular(owner: NDArray[np.int64], top: int, bottom: int, columns: list[int]) -> NDArray[np.int64]:
    """The owners with one column of cells between each two of the boundaries, in the rows from ``top`` to before ``bottom``."""
    strips = list(itertools.pairwise([*columns, owner.shape[1]]))
    cut = owner[top + 1 : bottom] != owner[top : bottom - 1]
    shares = np.stack([cut[:, low:high].mean(axis=1) for low, high in strips], axis=1)
    rows = np.concatenate([[0], np.cumsum(shares.mean(axis=1) >= ROW_COMMON)])
    made = owner.copy()
    fresh = int(owner.max()) + 1
    for number, (low, high) in enumerate(strips):
        made[top:bottom, low:high] = (fresh + number * (len(rows) + 1) + rows)[:, None]
    return made


def _same_cells(one: NDArray[np.int64], other: NDArray[np.int64]) -> bool:
    """Whether two ways to number the same boxes part them alike."""
    pairs = {(int(a), int(b)) for a, b in zip(one.ravel(), other.ravel(), strict=True)}
    return len(pairs) == len(np.unique(one)) == len(np.unique(other))
