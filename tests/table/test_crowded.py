"""Rows of values in one cell are cut at the columns of the page before; rows of one value, and words over a boundary, stay whole."""

from __future__ import annotations

from gikocr.elements import Grid
from gikocr.table.crowded import with_crowded_rows_cut
from gikocr.table.grids import build_grids
from gikocr.table.lines import find_ruling_lines, line_rims
from gikocr.table.words import Words, find_words
from tests.drawing import Ruled, blank_page, write

COLS = [300, 300, 300, 300]


def grid_and_words(rows: list[list[str]], cols: list[int]) -> tuple[Grid, Words]:
    """A table with a label and the given values in each row; a row of one value has it under all columns."""
    page = blank_page()
    table = Ruled(rows=[50] * len(rows), cols=cols)
    table.draw(page)
    columns = Ruled(rows=[50] * len(rows), cols=COLS)
    for r, values in enumerate(rows):
        _, y0, _, y1 = columns.box(r, r + 1, 0, 1)
        write(page, "行政许可", (columns.xs[0] + 120, (y0 + y1) / 2))
        for c, value in enumerate(values, 1):
            x0, _, x1, _ = columns.box(r, r + 1, c, c + 1 if len(values) > 1 else 4)
            write(page, value, ((x0 + x1) / 2, (y0 + y1) / 2))
    lines = find_ruling_lines(page)
    (grid,) = build_grids(lines, 1)
    return grid, find_words(page, line_rims(lines))


BEFORE, _ = grid_and_words([["1", "2", "3"]] * 3, COLS)


def test_a_row_of_several_values_in_one_cell_is_cut() -> None:
    grid, words = grid_and_words([["2", "5", "13"], ["487"], ["149"]], [300, 900])
    assert grid.n_cols == 2
    cut = with_crowded_rows_cut(grid, BEFORE, words)
    assert cut is not None
    by_row = [sorted((c.col, c.col_end) for c in cut.cells if c.row == row) for row in range(3)]
    assert by_row[0] == [(0, 1), (1, 2), (2, 3), (3, 4)]
    assert by_row[1] == by_row[2] == [(0, 1), (1, 4)]


def test_rows_of_one_value_are_left_whole() -> None:
    grid, words = grid_and_words([["487"], ["149"], ["0"]], [300, 900])
    assert with_crowded_rows_cut(grid, BEFORE, words) is None


def test_words_over_a_boundary_keep_their_cell() -> None:
    grid, words = grid_and_words([["本年处理决定数量与收费金额单位万元行政事业性收费"], ["149"], ["0"]], [300, 900])
    assert with_crowded_rows_cut(grid, BEFORE, words) is None
