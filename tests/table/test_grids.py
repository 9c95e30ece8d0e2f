"""Grids from drawn tables: rows, columns, cells and spans must be those that were drawn."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gikocr.elements import Grid
from gikocr.ingest import find_inputs, open_document
from gikocr.preprocess.upright import make_upright
from gikocr.settings import load_settings
from gikocr.table.grids import build_grids
from gikocr.table.lines import find_ruling_lines
from gikocr.table.mask import line_mask
from tests.drawing import PAGE, Ruled, Span, blank_page, noisy, turned_by, write

SAMPLES = Path(__file__).parents[2] / "samples"

FORM = Ruled(
    rows=[48, 48, 60, *[44] * 12],
    cols=[60, 90, 330, *[120] * 7],
    spans=[
        (0, 3, 0, 3),
        (0, 1, 3, 10),
        (1, 3, 3, 4),
        (1, 2, 4, 9),
        (1, 3, 9, 10),
        (3, 4, 0, 3),
        (4, 5, 0, 3),
        (5, 14, 0, 1),
        (5, 6, 1, 3),
        (6, 7, 1, 3),
        (7, 13, 1, 2),
        (13, 14, 1, 3),
        (14, 15, 0, 3),
    ],
)
"""The shape of table 三: heads in three steps, labels in three, seven columns of values."""
PLAIN = Ruled(rows=[60] * 8, cols=[300, *[150] * 6])
"""A table without spans."""


HEADS = {
    (0, 3): "申请人情况",
    (1, 3): "自然人",
    (1, 4): "法人或其他组织",
    (1, 9): "总计",
    (2, 4): "商业\n企业",
    (2, 5): "科研\n机构",
    (2, 6): "公益\n组织",
    (2, 7): "法律\n服务",
    (2, 8): "其他",
}
TIGHT = [36, 36, 40, *[30] * 12]
"""Rows that leave little room between lines and print."""
SHORT = ["予以公开", "部分公开", "国家秘密", "重复申请"]
LABELS = [
    "本年新收申请数量",
    "予以公开",
    "部分公开",
    "属于国家秘密",
    "其他法律行政法规禁止",
    "保护第三方合法权益",
    "重复申请",
]


def filled(table: Ruled, seed: int = 0, labels: list[str] | None = None) -> Ruled:
    """The table with heads, labels on the left and figures on the right."""
    dice = random.Random(seed)
    texts = dict(HEADS) if table.spans else {}
    for row, _, col, col_end in table.cells:
        if (col >= 3 and row >= 3) or (not table.spans and col):
            texts[(row, col)] = str(dice.choice([0, 0, 0, 1, 7, 12, 345, 9487]))
        elif (row, col) not in texts and (col_end - col > 1 or table.cols[col] > 200):
            # Long labels in a cell over several columns stand on the places of the boundaries within.
            texts[(row, col)] = dice.choice(labels or (LABELS if col_end - col == 1 else SHORT))
    return replace(table, texts=texts)


def grids_of(page: np.ndarray) -> list[Grid]:
    return build_grids(find_ruling_lines(page), 1)


def drawn(table: Ruled) -> np.ndarray:
    page = blank_page()
    table.draw(page)
    return page


def spans_of(grid: Grid) -> set[tuple[int, int, int, int]]:
    return {(c.row, c.row_end, c.col, c.col_end) for c in grid.cells}


def is_value(cell: Span) -> bool:
    """Whether a cell of FORM holds a figure."""
    return cell[0] >= 3 and cell[2] >= 3


def assert_lines(grid: Grid, table: Ruled, slack: float = 6.0) -> None:
    """Rows and columns, whatever became of single cells."""
    assert (grid.n_rows, grid.n_cols) == (len(table.rows), len(table.cols))
    assert [line[0][1] for line in grid.row_lines] == pytest.approx(table.ys, abs=slack)
    assert [line[0][0] for line in grid.col_lines] == pytest.approx(table.xs, abs=slack)


def assert_is(grid: Grid, table: Ruled, slack: float = 5.0) -> None:
    """Rows, columns, cells with their spans, and where they are."""
    assert (grid.n_rows, grid.n_cols) == (len(table.rows), len(table.cols))
    assert spans_of(grid) == table.cells
    for cell in grid.cells:
        x0, y0, x1, y1 = table.box(cell.row, cell.row_end, cell.col, cell.col_end)
        sag = table.sag((x0 + x1) / 2)
        found = (cell.box.left, cell.box.top, cell.box.right, cell.box.bottom)
        assert found == pytest.approx((x0, y0 + sag, x1, y1 + sag), abs=slack)


@pytest.mark.parametrize(
    "table", [FORM, filled(FORM), PLAIN, filled(PLAIN)], ids=["form", "form+text", "plain", "plain+text"]
)
def test_full_lines(table: Ruled) -> None:
    (grid,) = grids_of(drawn(table))
    assert_is(grid, table)


@pytest.mark.parametrize(
    "changes",
    [
        {"width": 1},
        {"width": 5},
        {"dash": (8, 3)},
        {"dash": (3, 3)},
        {"ink": 215},
        {"ink": 225, "width": 3},
        {"frame_gap": 6},
        {"open_sides": True},
        {"bend": 3.0},
        {"bend": -3.0},
    ],
    ids=lambda c: " ".join(f"{k}={v}" for k, v in c.items()),
)
@pytest.mark.parametrize("seed", [1, 2])
def test_lines_as_printers_and_scanners_leave_them(changes: dict, seed: int) -> None:
    table = replace(filled(FORM, seed), seed=seed, **changes)
    (grid,) = grids_of(noisy(drawn(table), 3.0, seed))
    assert_is(grid, table, slack=8.0 if "frame_gap" in changes else 5.0)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_tight_rows(seed: int) -> None:
    table = replace(filled(FORM, seed), seed=seed, rows=TIGHT, text_size=18)
    (grid,) = grids_of(noisy(drawn(table), 3.0, seed))
    assert_lines(grid, table)
    assert not {c for c in table.cells if is_value(c)} - spans_of(grid)


@pytest.mark.parametrize("gaps", [0.05, 0.1, 0.15])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_broken_lines_are_still_lines_and_few_cells_run_together(gaps: float, seed: int) -> None:
    """Fields are placed by rows and columns, so these must be right; single cells may be united where a side is lost."""
    table = replace(filled(FORM, seed), seed=seed, gaps=gaps)
    (grid,) = grids_of(noisy(drawn(table), 3.0, seed))
    assert_lines(grid, table)
    assert len(table.cells - spans_of(grid)) <= 0.1 * len(table.cells)


def test_lines_of_a_tenth_of_full_ink_are_seen_by_a_long_window() -> None:
    for seed in (1, 4):
        table = replace(filled(FORM, seed), seed=seed, ink=230)
        (grid,) = grids_of(noisy(drawn(table), 3.0, seed))
        assert_lines(grid, table)
        assert len(table.cells - spans_of(grid)) <= 0.1 * len(table.cells)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        (
            {"gaps": 0.3},
            "windows with less than LEAST_SHARE of ridge drop out: every third cell runs into its neighbour",
        ),
        ({"dash": (6, 6)}, "dashes that cover half of a line are below LEAST_SHARE"),
        ({"rows": TIGHT, "text_size": 22}, "figures stacked in tight rows pass for recovered columns"),
    ],
    ids=["gaps", "half", "tight"],
)
@pytest.mark.xfail(reason="known limits of the detector of lines", strict=False)
def test_limits(changes: dict, what: str) -> None:
    for seed in (1, 4):
        table = replace(filled(FORM, seed), seed=seed, **changes)
        grids = grids_of(noisy(drawn(table), 3.0, seed))
        assert len(grids) == 1, what
        assert_lines(grids[0], table)
        assert len(table.cells - spans_of(grids[0])) <= 0.1 * len(table.cells), what


@pytest.mark.xfail(reason="glyphs over the place of a column boundary pass for it and split the label", strict=False)
def test_labels_that_cross_the_place_of_a_boundary_stay_whole() -> None:
    for seed in range(4):
        table = filled(FORM, seed, labels=LABELS)
        (grid,) = grids_of(drawn(table))
        assert spans_of(grid) == table.cells


def test_a_long_head_over_narrow_columns_is_one_row() -> None:
    table = filled(FORM)
    table.texts[(1, 4)] = "予以公开不掌握相关信息"
    (grid,) = grids_of(drawn(table))
    assert grid.n_rows == len(table.rows)


@pytest.mark.parametrize("angle", [-0.3, 0.3])
def test_what_straightening_leaves_of_a_skew(angle: float) -> None:
    table = filled(FORM)
    (grid,) = grids_of(turned_by(drawn(table), angle))
    assert spans_of(grid) == table.cells


def test_a_table_cut_by_the_end_of_the_page_keeps_its_last_row() -> None:
    table = filled(replace(PLAIN, no_bottom=True))
    (grid,) = grids_of(drawn(table))
    assert (grid.n_rows, grid.n_cols) == (8, 7)
    assert spans_of(grid) == table.cells


def test_a_single_row_that_was_cut_off_is_a_table() -> None:
    table = filled(Ruled(rows=[60], cols=[300, *[150] * 6]))
    (grid,) = grids_of(drawn(table))
    assert_is(grid, table)


@pytest.mark.parametrize("height", [48, 56, 64])
def test_a_blank_row_of_which_one_upright_line_is_long_enough_to_be_found_is_a_table(height: int) -> None:
    table = Ruled(rows=[height], cols=[420, *[95] * 7])
    page = drawn(table)
    page[table.top - 12 : table.top + height + 13, table.left - 1 : table.left + 1] = 40
    assert len(find_ruling_lines(page).vertical) == 1
    (grid,) = grids_of(page)
    assert (grid.n_rows, grid.n_cols) == (1, 8)


def test_a_column_of_zeros_is_no_line() -> None:
    table = replace(PLAIN, rows=[40] * 20, texts={(r, c): "0" for r in range(20) for c in range(1, 7)}, text_size=24)
    (grid,) = grids_of(drawn(table))
    assert_is(grid, table)


@pytest.mark.parametrize("figure", ["1", "111", "4 1", "一", "——"])
def test_strokes_of_figures_that_line_up_are_no_lines(figure: str) -> None:
    table = replace(PLAIN, rows=[40] * 20, texts={(r, c): figure for r in range(20) for c in range(1, 7)}, text_size=26)
    (grid,) = grids_of(drawn(table))
    assert_is(grid, table)


def test_a_page_of_text_has_no_table() -> None:
    page = blank_page()
    words = (
        "本报告由区人民政府办公室按照《中华人民共和国政府信息公开条例》编制，全文包括总体情况、主动公开情况三十一项。"
    )
    for k, y in enumerate(range(200, 2200, 46)):
        write(page, (words[k % 11 :] + words)[:42], (827, y), 30)
    assert grids_of(page) == []


def test_an_underlined_heading_is_no_table() -> None:
    page = blank_page()
    write(page, "政府信息公开工作年度报告", (827, 300), 44)
    page[340:343, 200:1450] = 30
    page[2200:2202, 200:1450] = 30
    assert grids_of(page) == []


@pytest.mark.parametrize("distance", [40, 120, 500])
def test_two_tables_on_a_page_stay_two(distance: int) -> None:
    upper = filled(replace(PLAIN, rows=[60] * 5))
    lower = filled(replace(FORM, top=upper.ys[-1] + distance))
    page = blank_page()
    upper.draw(page)
    lower.draw(page)
    grids = grids_of(page)
    assert len(grids) == 2
    assert_is(grids[0], upper)
    assert_is(grids[1], lower)


def test_strokes_of_a_large_heading_below_a_table_are_not_its_last_line() -> None:
    """The last page of samples/archive.pdf: headings of twice the height of the tables' print stand close below both tables."""
    settings = load_settings()
    (item,) = find_inputs([SAMPLES / "archive.pdf"])
    with open_document(item, settings) as document:
        page = make_upright(document.read_page(4), settings)
    requests, remedies = grids_of(page.gray)
    assert (requests.n_rows, requests.n_cols) == (8, 8)
    assert (remedies.n_rows, remedies.n_cols) == (4, 15)


def test_two_tables_side_by_side_stay_two() -> None:
    left = Ruled(rows=[60] * 6, cols=[150] * 4, left=100)
    right = Ruled(rows=[60] * 6, cols=[150] * 4, left=100 + 600 + 260)
    page = blank_page()
    left.draw(page)
    right.draw(page)
    grids = grids_of(page)
    assert len(grids) == 2
    for grid, table in zip(sorted(grids, key=lambda g: g.box.left), (left, right), strict=True):
        assert_is(grid, table)


def test_cells_never_overlap_and_cover_the_grid_whatever_is_lost() -> None:
    """Half of every line gone at random: the grid may be wrong, but it must be a grid."""
    for seed in range(4):
        table = replace(filled(FORM, seed), gaps=0.5, seed=seed)
        for grid in grids_of(noisy(drawn(table), 6.0, seed)):
            owner = np.zeros((grid.n_rows, grid.n_cols), int)
            for cell in grid.cells:
                owner[cell.row : cell.row_end, cell.col : cell.col_end] += 1
            assert (owner == 1).all()


def test_grids_do_not_depend_on_brightness_of_paper_by_a_little() -> None:
    table = filled(FORM)
    page = np.minimum(drawn(table), 246).astype(np.uint8)
    (grid,) = grids_of(page)
    assert_is(grid, table)


def test_blank_and_black_pages_have_no_tables() -> None:
    assert grids_of(blank_page()) == []
    assert grids_of(blank_page(paper=0)) == []


@pytest.mark.parametrize("size", [(1, 1), (3, 3), (1, 2000), (2000, 1), (40, 40)])
def test_tiny_pages_have_no_tables(size: tuple[int, int]) -> None:
    assert grids_of(blank_page(size)) == []


def test_the_mask_holds_the_lines_and_spares_the_print() -> None:
    table = filled(FORM)
    page = drawn(table)
    lines = find_ruling_lines(page)
    wide, core = line_mask(lines, build_grids(lines, 1))
    bare, figures = blank_page(PAGE), blank_page(PAGE)
    replace(table, texts={}).draw(bare)
    for cell in table.cells:
        text = table.texts.get((cell[0], cell[2]))
        if text and is_value(cell):
            x0, y0, x1, y1 = table.box(*cell)
            write(figures, text, ((x0 + x1) / 2, (y0 + y1) / 2), table.text_size)
    assert (wide[bare < 128] > 0).mean() > 0.995
    assert not (wide[figures < 128] > 0).any()
    assert not ((core > 0) & (wide == 0)).any()


@pytest.mark.parametrize("bend", [0, 8])
@pytest.mark.parametrize("cols", [[450, 750], [450, 250, 250, 250]])
def test_a_row_alone_is_found_by_its_outer_lines(cols: list[int], bend: int) -> None:
    """A page break leaves the last row of a table: its uprights are too short to be lines, and its level lines may bend."""
    page = blank_page()
    table = Ruled(rows=[40], cols=cols)
    table.draw(page)
    for c, text in enumerate(["行政事业性收费", "43.12", "0", "7"][: len(cols)]):
        x0, y0, x1, y1 = table.box(0, 1, c, c + 1)
        write(page, text, ((x0 + x1) / 2, (y0 + y1) / 2), 24)
    if bend:
        xs = np.arange(page.shape[1])
        shift = np.rint(bend * np.sin(np.pi * xs / page.shape[1])).astype(int)
        page = np.stack([np.roll(page[:, x], s) for x, s in zip(xs, shift, strict=True)], axis=1)
    (grid,) = build_grids(find_ruling_lines(page), 1)
    assert (grid.n_rows, grid.n_cols) == (1, len(cols))
