"""Rows and columns beyond the outermost lines of a grid: told by the words that stand there, or by a rule under nothing."""

from __future__ import annotations

import pytest

from gikocr.table.beyond import LINE_GAPS, with_bare_row, with_blank_row, with_lost_row, with_lost_sides
from gikocr.table.grids import build_grids
from gikocr.table.lines import find_ruling_lines
from gikocr.table.mend import mend
from tests.drawing import Ruled, blank_page, write
from tests.table.test_mend import LABELS, filled_cells, words_of


def test_columns_beside_a_grid_whose_lines_are_lost_are_taken_in() -> None:
    whole = Ruled(rows=[60] * 8, cols=[300, *[150] * 6])
    page = blank_page()
    Ruled(rows=whole.rows, cols=[150] * 5, left=whole.xs[2]).draw(page)
    for r in range(8):
        for c in range(7):
            x0, y0, x1, y1 = whole.box(r, r + 1, c, c + 1)
            write(page, LABELS[r % 7][:5] if c == 0 else str(r * c), ((x0 + x1) / 2, (y0 + y1) / 2))
    (grid,) = build_grids(find_ruling_lines(page), 1)
    assert grid.n_cols == 5
    words = words_of(page)
    wider = with_lost_sides(grid, words)
    mended = mend(wider, words)
    assert mended is not None
    assert mended.n_cols == 7
    assert set(filled_cells(mended, words)) == {1}


def test_a_grid_with_nothing_beside_it_stays_as_it_is() -> None:
    table = Ruled(rows=[60] * 8, cols=[300, *[150] * 6])
    page = blank_page()
    table.draw(page)
    write(page, "注：以上数据为汇总数", (1500, 420))
    (grid,) = build_grids(find_ruling_lines(page), 1)
    assert with_lost_sides(grid, words_of(page)) is grid


@pytest.mark.parametrize("top", [True, False])
def test_a_row_beyond_the_last_line_is_taken_in(top: bool) -> None:
    whole = Ruled(rows=[60] * 8, cols=[300, *[150] * 6])
    page = blank_page()
    kept = whole.rows[1:] if top else whole.rows[:-1]
    Ruled(rows=kept, cols=whole.cols, top=whole.ys[1] if top else whole.ys[0]).draw(page)
    for r in range(8):
        for c in range(7):
            x0, y0, x1, y1 = whole.box(r, r + 1, c, c + 1)
            write(page, LABELS[r % 7][:5] if c == 0 else str(r * c), ((x0 + x1) / 2, (y0 + y1) / 2))
    (grid,) = build_grids(find_ruling_lines(page), 1)
    assert grid.n_rows == 7
    words = words_of(page)
    assert with_lost_row(grid, words, top=not top) is None
    longer = with_lost_row(grid, words, top=top)
    assert longer is not None
    assert longer.n_rows == 8
    assert set(filled_cells(longer, words)) == {1}
    assert with_lost_row(longer, words, top=top) is None


@pytest.mark.parametrize("value", ["0", "1084431.07"])
def test_a_row_of_one_label_and_one_value_is_taken_in(value: str) -> None:
    """The section of fees has one column, and it is the last of its table."""
    page = blank_page()
    table = Ruled(rows=[60] * 4, cols=[450, 750])
    table.draw(page)
    for r in range(5):
        y = table.ys[0] + 60 * r + 30
        write(page, LABELS[r % 7][:5], (table.xs[0] + 225, y))
        write(page, value if r == 4 else "12", (table.xs[0] + 825, y))
    (grid,) = build_grids(find_ruling_lines(page), 1)
    longer = with_lost_row(grid, words_of(page), top=False)
    assert longer is not None
    assert longer.n_rows == 5


def test_a_line_of_text_over_a_table_is_no_row_of_it() -> None:
    page = blank_page()
    table = Ruled(rows=[60] * 8, cols=[300, *[150] * 6])
    table.draw(page)
    write(page, "单位：件", (table.xs[-1] - 80, table.ys[0] - 40))
    (grid,) = build_grids(find_ruling_lines(page), 1)
    assert with_lost_row(grid, words_of(page), top=True) is None


@pytest.mark.parametrize("top", [True, False])
@pytest.mark.parametrize("lines", [1, 2])
def test_a_label_beyond_the_last_line_is_a_row_of_blanks(top: bool, lines: int) -> None:
    page = blank_page()
    table = Ruled(rows=[70] * 6, cols=[400, *[120] * 6], top=400)
    table.draw(page)
    edge = table.ys[0] if top else table.ys[-1]
    for r in range(6):
        write(page, LABELS[r], (table.xs[0] + 200, table.ys[r] + 35))
    for k in range(lines):
        write(page, LABELS[6] * 2, (table.xs[0] + 150, edge + (-1 if top else 1) * (35 + 32 * k)))
    write(page, "以上数据截至年底", (table.xs[0] + 200, edge + (-1 if top else 1) * 220))
    (grid,) = build_grids(find_ruling_lines(page), 1)
    assert with_lost_row(grid, words_of(page), top=top) is None
    longer = with_bare_row(grid, words_of(page), top=top, gap=LINE_GAPS[1])
    assert longer is not None
    assert longer.n_rows == grid.n_rows + 1
    row = longer.row_lines[:2] if top else longer.row_lines[-2:]
    assert abs(row[0][0][1] - row[1][0][1]) == pytest.approx(35 + 32 * (lines - 1) + 20, abs=14), (
        "all lines of it, and no more"
    )
    wide = LABELS[6] * 9
    write(page, wide, ((table.xs[0] + table.xs[-1]) / 2, edge + (-1 if top else 1) * 35))
    assert with_bare_row(grid, words_of(page), top=top, gap=LINE_GAPS[1]) is None, "a line of text"


def test_a_blank_row_reaches_down_to_the_next_rule() -> None:
    page = blank_page()
    heads = {(r, c): LABELS[c][:4] for r in range(2) for c in range(7)}
    table = Ruled(rows=[60] * 4, cols=[150] * 7, top=400, texts=heads)
    table.draw(page)
    (grid,) = build_grids(find_ruling_lines(page), 1)
    page[700:703, table.xs[0] : table.xs[-1]] = 60
    lines = find_ruling_lines(page)
    longer = with_blank_row(grid, words_of(page), lines)
    assert longer is not None
    assert longer.n_rows == 5
    assert longer.box.bottom == pytest.approx(701, abs=3)
    write(page, "12", (500, 670))
    assert with_blank_row(grid, words_of(page), lines) is None, "something is printed there"
    page = blank_page()
    table.draw(page)
    page[700:703, table.xs[0] : table.xs[3]] = 60
    assert with_blank_row(grid, words_of(page), find_ruling_lines(page)) is None, "a shorter rule"
