"""Rows and columns of a table that lie beyond its outermost lines, because those were not seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gikocr.table.lattice import Lattice
from gikocr.table.mask import runs_through
from gikocr.table.mend import LEVEL, ON_LINE, VALUES_FROM
from gikocr.table.regions import STACKED

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gikocr.elements import Grid
    from gikocr.table.lines import RulingLines
    from gikocr.table.words import Words

FEWEST_ROWS, BESIDE_ROWS = 3, 0.6
"""A grid of so many rows goes on at its side when words stand beside this share of them."""
LONG_VALUE = 9.0
"""Greatest width of a value, in heights of print: amounts of money have ten figures and more."""
ROW_REACH, FEWEST_VALUES = 3.5, 4
"""A row without its outer line stands so near to a grid, in heights of print, with values in so many columns at least."""
LINE_GAPS = (0.62, 1.0)
"""White between two lines of one label, in heights of print: rows of a table that is set closely stand no further apart than lines of
a label in one that is not, so both are tried."""
LABEL_TO = 0.62
"""A label alone beyond a grid ends left of this share of its width."""
LEFT_BLANK = 0.5
"""Share of the rows with a label from which a grid counts as left blank; its heads have words beside theirs."""


def with_lost_sides(grid: Grid, words: Words) -> Grid:
    """Take in what stands beside most rows of a grid: columns at its side whose lines are too faint to be seen."""
    if grid.n_rows < FEWEST_ROWS:
        return grid
    lattice = Lattice.of(grid)
    b, h = words.boxes, words.height
    y = (b[:, 1] + b[:, 3]) / 2
    level = b[(y > grid.box.top) & (y < grid.box.bottom)]
    for left in (True, False):
        edge = grid.box.left if left else grid.box.right
        beside = level[level[:, 2] < edge + 0.3 * h] if left else level[level[:, 0] > edge - 0.3 * h]
        middles = (beside[:, 1] + beside[:, 3]) / 2
        rows = [
            bool(((middles > top) & (middles < bottom)).any()) for top, bottom in map(lattice.band, range(grid.n_rows))
        ]
        if len(beside) and sum(rows) >= BESIDE_ROWS * len(rows):
            place = float(beside[:, 0].min()) - 0.6 * h if left else float(beside[:, 2].max()) + 0.6 * h
            lattice.add_column(place, left=left)
    return grid if lattice.n_cols == grid.n_cols else lattice.to_grid(grid.page, grid.spare_lines)


def with_lost_row(grid: Grid, words: Words, *, top: bool) -> Grid | None:
    """Take in the row above or below a grid whose outer line was not seen; None where no row of values stands there.

    Args:
        grid: as it was found.
        words: of its page.
        top: whether above; else below.
    """
    lattice = Lattice.of(grid)
    b, h = words.boxes, words.height
    x, y = (b[:, 0] + b[:, 2]) / 2, (b[:, 1] + b[:, 3]) / 2
    edge = grid.box.top if top else grid.box.bottom
    away = edge - y if top else y - edge
    near = b[(away > 0.0) & (away < ROW_REACH * h) & (x > grid.box.left) & (x < grid.box.right)]
    right = near[:, 0] > grid.box.left + VALUES_FROM * grid.box.width
    # Amounts are longer than counts.
    values = near[right & (near[:, 2] - near[:, 0] < LONG_VALUE * h)]
    if not len(values):
        return None
    level = float(np.median((values[:, 1] + values[:, 3]) / 2))

    def on_level(boxes: NDArray[np.float64]) -> NDArray[np.bool_]:
        return np.asarray(np.abs((boxes[:, 1] + boxes[:, 3]) / 2 - level) < 2 * LEVEL * h)

    values = values[on_level(values)]
    columns = np.searchsorted(lattice.cell_edges(0 if top else lattice.n_rows - 1), (values[:, 0] + values[:, 2]) / 2)
    # A section of one column has no more than one value in a row, which has a label.
    labelled = bool((on_level(near) & ~right).any())
    if len(set(columns.tolist())) < (1 if labelled else FEWEST_VALUES):
        return None
    # Labels in several lines stand as far above the values as below them.
    inner = abs(edge - level)
    rows = near[np.abs((near[:, 1] + near[:, 3]) / 2 - level) < max(inner, h)]
    place = float(rows[:, 1].min()) - ON_LINE * h if top else float(rows[:, 3].max()) + ON_LINE * h
    lattice.add_row(place, top=top)
    return lattice.to_grid(grid.page, grid.spare_lines)


def with_bare_row(grid: Grid, words: Words, *, top: bool, gap: float) -> Grid | None:
    """Take in the label that stands alone above or below a grid left blank as a row of blanks; None where none does.

    In a grid with values a label that stands alone is one whose values were not seen, or belong to another piece of the table.

    Args:
        grid: as it was found.
        words: of its page.
        top: whether above; else below.
        gap: white between the lines of one label at most, in heights of print.
    """
    b, h = words.boxes, words.height
    inner, outer, way = (3, 1, -1) if top else (1, 3, 1)
    edge = grid.box.top if top else grid.box.bottom
    x, away = (b[:, 0] + b[:, 2]) / 2, way * ((b[:, 1] + b[:, 3]) / 2 - edge)
    beside = (away > 0.0) & (x > grid.box.left) & (x < grid.box.right)
    if not (beside & (away < ROW_REACH * h)).any():
        return None
    lines = b[beside][np.argsort(way * b[beside][:, inner])]
    reached = float(lines[0, outer])
    for line in lines:
        if way * (float(line[inner]) - reached) > gap * h:
            break
        if line[2] > grid.box.left + LABEL_TO * grid.box.width:
            return None
        reached = way * max(way * reached, way * float(line[outer]))
    if not _is_left_blank(grid, words):
        return None
    lattice = Lattice.of(grid)
    lattice.add_row(reached + way * ON_LINE * h, top=top)
    return lattice.to_grid(grid.page, grid.spare_lines)


def _is_left_blank(grid: Grid, words: Words) -> bool:
    """Whether most rows of a grid that hold a label hold no value."""
    lattice, first = Lattice.of(grid), grid.box.left + LABEL_TO * grid.box.width
    labelled = bare = 0
    for top, bottom in map(lattice.band, range(lattice.n_rows)):
        if len(words.inside(grid.box.left, top, first, bottom)):
            labelled += 1
            bare += not len(words.inside(first, top, grid.box.right, bottom))
    return bare >= LEFT_BLANK * labelled > 0


def with_blank_row(grid: Grid, words: Words, lines: RulingLines) -> Grid | None:
    """Take in the row below a grid in which nothing is printed, down to the next rule as wide as the grid; None where there is none.

    Args:
        grid: as it was found.
        words: of its page.
        lines: of its page.
    """
    reach = STACKED * lines.longest_side
    below = [
        line.middle
        for line in lines.horizontal
        if words.height < line.middle - grid.box.bottom < reach and runs_through(line, grid.box)
    ]
    if not below or len(words.inside(grid.box.left, grid.box.bottom, grid.box.right, min(below))):
        return None
    lattice = Lattice.of(grid)
    lattice.add_row(min(below), top=False)
    return lattice.to_grid(grid.page, grid.spare_lines)
