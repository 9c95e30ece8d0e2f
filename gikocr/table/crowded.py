"""Rows whose values stand in one cell, cut at the columns of the page before: an upright line that is one row high is easily lost.

A page break may leave a table's last rows with several columns at the head of a page, over sections with others.
"""

from __future__ import annotations

import numpy as np

from gikocr.elements import Grid
from gikocr.table.lattice import Lattice
from gikocr.table.mend import MOVED, ON_LINE, VALUES_FROM, columns_of
from gikocr.table.words import Words


def with_crowded_rows_cut(grid: Grid, before: Grid, words: Words) -> Grid | None:
    """Cut the rows of a grid in which words of several columns stand in one cell; None where there is no such row.

    Args:
        grid: as it was found.
        before: the table that it may go on, whose columns are looked for.
        words: of the page; a row in which one stands over a boundary is left whole.
    """
    lattice = Lattice.of(grid)
    boxes = words.inside(grid.box.left, grid.box.top, grid.box.right, grid.box.bottom)
    slack = ON_LINE * words.height
    places = columns_of(before, grid, boxes, words.height, MOVED)
    middles = (boxes[:, 1] + boxes[:, 3]) / 2
    first = grid.box.left + VALUES_FROM * grid.box.width
    rows = []
    for row in range(lattice.n_rows):
        top, bottom = lattice.band(row)
        own = boxes[(middles > top) & (middles < bottom) & (boxes[:, 0] > first)]
        over = (own[:, :1] < np.asarray(places) - slack) & (own[:, 2:3] > np.asarray(places) + slack)
        centres = (own[:, 0] + own[:, 2]) / 2
        cells = np.searchsorted(lattice.cell_edges(row), centres)
        columns = np.searchsorted(places, centres)
        crowded = any(len(set(columns[cells == cell].tolist())) > 1 for cell in set(cells.tolist()))
        if crowded and not over.any():
            rows.append(row)
    if not rows:
        return None
    for x in places:
        lattice.split_col(x - slack, x + slack, rows)
    return lattice.to_grid(grid.page, grid.spare_lines)
