"""Rows and columns told from where words stand: in tables without lines, and in cells that lost the line between them."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gikocr.elements import Grid
from gikocr.geometry import BBox
from gikocr.table.grids import build_grids
from gikocr.table.lattice import Lattice
from gikocr.table.lines import find_ruling_lines, line_rims
from gikocr.table.mend import mend, with_columns_of, with_columns_of_heads
from gikocr.table.regions import level_lines
from gikocr.table.unruled import unruled_grids
from gikocr.table.words import Words, find_words
from tests.drawing import Ruled, blank_page, noisy, write

LABELS = ["本年新收申请数量", "予以公开", "部分公开", "属于国家秘密", "保护第三方合法权益", "重复申请", "总计"]
XS = [560, 720, 860, 1000, 1140, 1280]
"""Where the values of the drawn tables stand."""


def words_of(page: np.ndarray) -> Words:
    return find_words(page, line_rims(find_ruling_lines(page)))


def unruled_of(page: np.ndarray) -> list[Grid]:
    lines = find_ruling_lines(page)
    words = find_words(page, line_rims(lines))
    return unruled_grids(words, [], level_lines(lines), 1)


def bare_table(rows: int = 7, pitch: int = 60, top: int = 500, seed: int = 0, levels: bool = False) -> np.ndarray:
    """A table without upright lines, with level ones between all rows if wanted."""
    dice = random.Random(seed)
    page = blank_page()
    for r in range(rows):
        y = top + r * pitch
        label = LABELS[r % len(LABELS)]
        write(page, label, (200 + 13 * len(label), y))
        for x in XS:
            write(page, str(dice.choice([0, 0, 3, 12, 347])), (x, y))
    if levels:
        for r in range(rows + 1):
            page[top + r * pitch - 30 : top + r * pitch - 28, 150:1400] = 40
    return page


def filled_cells(grid: Grid, words: Words) -> list[int]:
    """How many words stand in each cell that holds any; a stroke of a letter far from the rest of it counts with the label."""
    counts = []
    for cell in grid.cells:
        inside = len(words.inside(cell.box.left, cell.box.top, cell.box.right, cell.box.bottom))
        if inside:
            counts.append(inside if cell.box.left > 450 else 1)
    return counts


@pytest.mark.parametrize("levels", [False, True], ids=["bare", "level lines"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_value_of_a_table_without_upright_lines_gets_a_cell_of_its_own(levels: bool, seed: int) -> None:
    page = noisy(bare_table(seed=seed, levels=levels), 3.0, seed)
    grids = unruled_of(page) if not levels else unruled_of(page) or build_grids(find_ruling_lines(page), 1)
    assert len(grids) == 1
    (grid,) = grids
    assert grid.n_rows == 7
    assert set(filled_cells(grid, words_of(page))) == {1}
    assert len(filled_cells(grid, words_of(page))) == 7 * 7


def test_a_label_of_two_lines_stays_in_the_row_of_its_values() -> None:
    page = blank_page()
    for r in range(6):
        y = 500 + 90 * r
        if r % 2:
            write(page, "其他法律行政法规\n禁止公开", (330, y))
        else:
            write(page, "属于国家秘密", (300, y))
        for x in XS:
            write(page, "0", (x, y))
    (grid,) = unruled_of(page)
    assert grid.n_rows == 6


def test_running_text_is_no_table() -> None:
    page = blank_page()
    words = "本报告由区人民政府办公室按照《中华人民共和国政府信息公开条例》编制全文包括总体情况主动公开情况三十一项"
    for k, y in enumerate(range(200, 2200, 46)):
        write(page, (words[k % 11 :] + words)[:42], (827, y), 30)
    assert unruled_of(page) == []


def test_columns_that_lost_the_line_between_them_are_parted_again() -> None:
    whole = Ruled(rows=[60] * 8, cols=[300, *[150] * 6])
    texts = {(r, c): str((r * 7 + c) % 13) for r in range(8) for c in range(1, 7)} | {(r, 0): "公开" for r in range(8)}
    page = blank_page()
    Ruled(rows=whole.rows, cols=[300, 150, 300, 150, 150, 150], texts={}).draw(page)
    for (r, c), text in texts.items():
        x0, y0, x1, y1 = whole.box(r, r + 1, c, c + 1)
        write(page, text, ((x0 + x1) / 2, (y0 + y1) / 2))
    (grid,) = build_grids(find_ruling_lines(page), 1)
    assert grid.n_cols == 6
    mended = mend(grid, words_of(page))
    assert mended is not None
    assert mended.n_cols == 7
    assert sorted(cell.box.center[0] for cell in mended.cells if cell.row == 3)[2] == pytest.approx(
        (whole.xs[2] + whole.xs[3]) / 2, abs=40
    )


def test_rows_that_lost_the_line_between_them_are_parted_again() -> None:
    whole = Ruled(rows=[60] * 8, cols=[300, *[150] * 6])
    page = blank_page()
    Ruled(rows=[60, 60, 120, 60, 60, 60, 60], cols=whole.cols).draw(page)
    for r in range(8):
        for c in range(7):
            x0, y0, x1, y1 = whole.box(r, r + 1, c, c + 1)
            write(page, LABELS[r % 7][:5] if c == 0 else str(r * c), ((x0 + x1) / 2, (y0 + y1) / 2))
    (grid,) = build_grids(find_ruling_lines(page), 1)
    mended = mend(grid, words_of(page))
    assert mended is not None
    assert mended.n_rows == 8
    assert set(filled_cells(mended, words_of(page))) == {1}


def test_rows_between_level_rules_around_groups_are_parted_though_no_column_has_a_line() -> None:
    page = bare_table(rows=7)
    for r in (0, 1, 5, 7):  # rules around groups of one, four and two rows
        page[470 + r * 60 : 473 + r * 60, 150:1400] = 40
    for side in (150, 1397):
        page[470:893, side : side + 3] = 40
    (grid,) = build_grids(find_ruling_lines(page), 1)
    assert grid.n_cols == 1
    words = words_of(page)
    cut = mend(grid, words)
    assert cut is not None
    assert cut.n_rows == 7
    assert all(count == 1 for count in filled_cells(cut, words))


def test_heads_of_several_lines_stay_whole() -> None:
    table = Ruled(
        rows=[140, *[60] * 6],
        cols=[300, *[150] * 6],
        texts={(0, c): "社会\n公益\n组织" for c in range(1, 7)}
        | {(r, c): "0" for r in range(1, 7) for c in range(1, 7)},
    )
    page = blank_page()
    table.draw(page)
    (grid,) = build_grids(find_ruling_lines(page), 1)
    assert mend(grid, words_of(page)) is None


def test_whole_tables_are_left_alone() -> None:
    table = Ruled(
        rows=[60] * 8,
        cols=[300, *[150] * 6],
        texts={(r, c): ("予以公开" if c == 0 else str(r * c)) for r in range(8) for c in range(7)},
    )
    page = blank_page()
    table.draw(page)
    (grid,) = build_grids(find_ruling_lines(page), 1)
    assert mend(grid, words_of(page)) is None


boxes = st.tuples(st.integers(0, 1500), st.integers(0, 2200), st.integers(4, 300), st.integers(6, 60))


@settings(max_examples=60, deadline=None)
@given(st.lists(boxes, max_size=60), st.floats(8, 40))
def test_whatever_stands_on_a_page_its_grids_are_grids(drawn: list[tuple[int, int, int, int]], height: float) -> None:
    found = np.array([(x, y, x + w, y + h) for x, y, w, h in drawn], dtype=np.float64).reshape(-1, 4)
    for grid in unruled_grids(Words(found, height), [], [], 1):
        owner = np.zeros((grid.n_rows, grid.n_cols), int)
        for cell in grid.cells:
            owner[cell.row : cell.row_end, cell.col : cell.col_end] += 1
        assert (owner == 1).all()
        tops = [line[0][1] for line in grid.row_lines]
        lefts = [line[0][0] for line in grid.col_lines]
        assert tops == sorted(tops)
        assert lefts == sorted(lefts)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 5),
    st.integers(1, 5),
    st.lists(st.tuples(st.booleans(), st.floats(0.05, 0.95), st.integers(0, 9)), max_size=6),
)
def test_cutting_a_lattice_keeps_it_whole(n_rows: int, n_cols: int, cuts: list[tuple[bool, float, int]]) -> None:
    points = np.array([[[100.0 * c, 50.0 * r] for c in range(n_cols + 1)] for r in range(n_rows + 1)])
    lattice = Lattice(points, np.arange(n_rows * n_cols, dtype=np.int64).reshape(n_rows, n_cols))
    for is_row, share, which in cuts:
        if is_row:
            row = which % lattice.n_rows
            top, bottom = lattice.band(row)
            lattice.split_row(row, [top + share * (bottom - top)])
        else:
            place = share * 100.0 * n_cols
            lattice.split_col(place - 1, place + 1, [r for r in range(lattice.n_rows) if (which >> (r % 3)) & 1])
    grid = lattice.to_grid(1)
    owner = np.zeros((grid.n_rows, grid.n_cols), int)
    for cell in grid.cells:
        owner[cell.row : cell.row_end, cell.col : cell.col_end] += 1
    assert (owner == 1).all()
    assert grid.box == BBox(0.0, 0.0, 100.0 * n_cols, 50.0 * n_rows)


def test_cells_over_rows_that_labels_part_are_parted() -> None:
    table = Ruled(rows=[60] * 8, cols=[300, *[150] * 6])
    page = blank_page()
    Ruled(rows=table.rows, cols=table.cols, spans=[(2, 4, c, c + 1) for c in range(1, 7)]).draw(page)
    for r in range(8):
        for c in range(7):
            x0, y0, x1, y1 = table.box(r, r + 1, c, c + 1)
            write(page, LABELS[r % 7][:5] if c == 0 else "0", ((x0 + x1) / 2, (y0 + y1) / 2))
    (grid,) = build_grids(find_ruling_lines(page), 1)
    mended = mend(grid, words_of(page))
    assert mended is not None
    assert all(cell.row_end - cell.row == 1 for cell in mended.cells if cell.box.center[0] > 700)


def test_a_label_over_two_rows_of_values_is_cut_between_its_lines() -> None:
    table = Ruled(rows=[60] * 8, cols=[120, 420, *[130] * 6])
    drawn = blank_page()
    group, label, total = (2, 8, 0, 1), (4, 6, 1, 2), (4, 6, 7, 8)
    Ruled(rows=table.rows, cols=table.cols, spans=[group, label, total]).draw(drawn)
    for r in range(8):
        for c in range(1, 8):
            x0, y0, x1, y1 = table.box(r, r + 1, c, c + 1)
            write(drawn, LABELS[r % 7][:5] if c == 1 else "0", ((x0 + x1) / 2, (y0 + y1) / 2))
    (grid,) = build_grids(find_ruling_lines(drawn), 1)
    mended = mend(grid, words_of(drawn))
    assert mended is not None
    spans = {(cell.row, cell.row_end, cell.col, cell.col_end) for cell in mended.cells}
    assert {(4, 5, 1, 2), (5, 6, 1, 2), (4, 5, 7, 8), (5, 6, 7, 8), group} <= spans


def test_a_label_of_two_lines_over_two_rows_stays_where_a_line_crosses_the_boundary() -> None:
    table = Ruled(rows=[60] * 4, cols=[120, 420, *[130] * 6])
    label = (1, 3, 1, 2)
    drawn = blank_page()
    Ruled(rows=table.rows, cols=table.cols, spans=[label]).draw(drawn)
    for r in range(4):
        for c in range(2, 8):
            x0, y0, x1, y1 = table.box(r, r + 1, c, c + 1)
            write(drawn, "0", ((x0 + x1) / 2, (y0 + y1) / 2))
    x0, y0, x1, y1 = table.box(1, 3, 1, 2)
    write(drawn, LABELS[0][:6], ((x0 + x1) / 2, (y0 + y1) / 2))
    (grid,) = build_grids(find_ruling_lines(drawn), 1)
    mended = mend(grid, words_of(drawn)) or grid
    assert label in {(cell.row, cell.row_end, cell.col, cell.col_end) for cell in mended.cells}


def plain_grid(xs: list[float], ys: list[float]) -> Grid:
    """A grid of single cells between lines at these places."""
    points = np.array([[[x, y] for x in xs] for y in ys])
    owner = np.arange((len(ys) - 1) * (len(xs) - 1), dtype=np.int64).reshape(len(ys) - 1, -1)
    return Lattice(points, owner).to_grid(1)


def test_a_grid_without_columns_gets_those_of_the_page_before() -> None:
    before = plain_grid([100, 500, 700, 900, 1100], [100, 200, 300])
    here = plain_grid([120, 1120], [100, 160, 220])
    label = [140, 120, 460, 140]
    words = Words(np.array([label, [140, 180, 480, 200]], float), 20.0)
    cut = with_columns_of(here, before, words)
    assert cut is not None
    assert cut.n_cols == 4
    assert [round(x) for (x, _), *_ in cut.col_lines] == [120, 520, 720, 920, 1120]


def test_a_label_that_runs_over_a_boundary_of_the_page_before_stays_whole() -> None:
    before = plain_grid([100, 300, 700, 1100], [100, 200, 300])
    here = plain_grid([100, 1100], [100, 160, 220])
    words = Words(np.array([[120, 120, 600, 140], [120, 180, 200, 200]], float), 20.0)
    cut = with_columns_of(here, before, words)
    assert cut is not None
    assert len([c for c in cut.cells if c.row == 0]) == 2
    assert len([c for c in cut.cells if c.row == 1]) == 3


def test_guessed_columns_give_way_to_those_of_the_page_before_where_one_value_stands_in_each() -> None:
    before = plain_grid([100, 500, 700, 900, 1100], [100, 200, 300])
    here = plain_grid([100, 500, 860, 1100], [100, 160, 220])
    values = [[590, 120, 610, 140], [1000, 120, 1020, 140]]
    words = Words(np.array([[120, 120, 400, 140], *values, [120, 180, 400, 200]], float), 20.0)
    cut = with_columns_of(here, before, words, only=True)
    assert cut is not None
    edges = sorted({round(c.box.left) for c in cut.cells})
    assert edges == [100, 500, 700, 900]


def test_joining_columns_cuts_no_cell_that_runs_over_a_boundary_that_stays() -> None:
    lattice = Lattice.of(plain_grid([100, 200, 300, 400, 500], [100, 140, 180]))
    lattice.owner[0] = [0, 0, 0, 1]
    lattice.join_cols(0, [300])
    assert len(set(lattice.owner[0, :3].tolist())) == 1
    lattice.join_cols(1, [300])
    assert [lattice.owner[1, 0] == lattice.owner[1, 1], lattice.owner[1, 1] == lattice.owner[1, 2]] == [True, False]


def test_a_row_of_a_label_only_gets_the_columns_of_its_table() -> None:
    whole = plain_grid([100, 500, 600, 700, 800, 900], [100, 140, 180, 220, 260])
    lattice = Lattice.of(whole)
    lattice.owner[3, :] = lattice.owner[3, 0]
    boxes = [[120, 110 + 40 * r, 400, 130 + 40 * r] for r in range(4)]
    boxes += [[540 + 100 * c, 110 + 40 * r, 552 + 100 * c, 130 + 40 * r] for r in range(3) for c in range(4)]
    cut = mend(lattice.to_grid(1), Words(np.array(boxes, float), 20.0))
    assert cut is not None
    assert len([c for c in cut.cells if c.row == 3]) == 5


def test_a_heading_between_rows_gets_no_columns() -> None:
    whole = plain_grid([100, 500, 600, 700, 800, 900], [100, 140, 180, 220, 260])
    lattice = Lattice.of(whole)
    lattice.owner[3, :] = lattice.owner[3, 0]
    boxes = [[120, 110 + 40 * r, 400, 130 + 40 * r] for r in range(3)] + [[380, 230, 640, 250]]
    boxes += [[540 + 100 * c, 110 + 40 * r, 552 + 100 * c, 130 + 40 * r] for r in range(3) for c in range(4)]
    cut = mend(lattice.to_grid(1), Words(np.array(boxes, float), 20.0))
    assert cut is None or len([c for c in cut.cells if c.row == 3]) == 1


def test_columns_that_only_heads_show_are_cut_in_the_rows_below() -> None:
    page = bare_table(rows=9, levels=True)
    words = words_of(page)
    xs, ys = [150, 480, 640, 790, 930, 1070, 1210, 1400], [500 - 30 + 60 * r for r in range(10)]
    points = np.array([[(x, y) for x in xs] for y in ys], float)
    owner = np.arange(9 * 7).reshape(9, 7)
    for row in range(1, 9):
        owner[row, 1] = owner[row, 0]  # labels and the first column of values share their white
    grid = Lattice(points, owner).to_grid(1)
    cut = with_columns_of_heads(grid, words)
    assert cut is not None
    assert {(c.row, c.col, c.col_end) for c in cut.cells} >= {(r, 1, 2) for r in range(1, 9)}
    assert with_columns_of_heads(cut, words) is None


def test_what_stands_over_a_boundary_of_the_heads_is_left_whole() -> None:
    page = bare_table(rows=9, levels=True)
    write(page, "本行政机关向第三方征求意见后予以公开的申请", (520, 500 + 60 * 4))
    words = words_of(page)
    xs, ys = [150, 480, 640, 790, 930, 1070, 1210, 1400], [500 - 30 + 60 * r for r in range(10)]
    owner = np.arange(9 * 7).reshape(9, 7)
    owner[1:, 1] = owner[1:, 0]
    cut = with_columns_of_heads(Lattice(np.array([[(x, y) for x in xs] for y in ys], float), owner).to_grid(1), words)
    assert cut is not None
    cells = {(c.row, c.col, c.col_end) for c in cut.cells}
    assert (4, 0, 2) in cells
    assert (5, 1, 2) in cells


def test_two_heads_that_lost_the_line_between_them_are_parted() -> None:
    whole = Ruled(rows=[60] * 6, cols=[300, *[250] * 3])
    heads = ["内容", "制发件数", "废止件数", "现行有效"]
    values = {(r, c): "公开" if c == 0 else str(r * c) for r in range(1, 6) for c in range(4)}
    page = blank_page()
    Ruled(rows=whole.rows, cols=whole.cols, texts=values, spans=[(0, 1, 2, 4)]).draw(page)
    for c, head in enumerate(heads):
        x0, y0, x1, y1 = whole.box(0, 1, c, c + 1)
        write(page, head, ((x0 + x1) / 2, (y0 + y1) / 2))
    (grid,) = build_grids(find_ruling_lines(page), 1)
    assert sum(cell.row == 0 for cell in grid.cells) == 3
    mended = mend(grid, words_of(page))
    assert mended is not None
    assert [(c.col, c.col_end) for c in mended.cells if c.row == 0] == [(0, 1), (1, 2), (2, 3), (3, 4)]


def test_a_groups_head_over_its_columns_stays_whole() -> None:
    page = blank_page()
    values = {(r, c): "公开" if c == 0 else str(r * c) for r in range(1, 6) for c in range(4)}
    Ruled(rows=[60] * 6, cols=[300, *[250] * 3], texts=values | {(0, 1): "申请人情况"}, spans=[(0, 1, 1, 4)]).draw(page)
    (grid,) = build_grids(find_ruling_lines(page), 1)
    mended = mend(grid, words_of(page)) or grid
    assert (1, 4) in [(c.col, c.col_end) for c in mended.cells if c.row == 0]
