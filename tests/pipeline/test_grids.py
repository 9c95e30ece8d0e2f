"""Which grids are set against rivals: those that hold less of the form than their rows of words, or more than one value in a cell."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gikocr.elements import CellText, LabelledGrid
from gikocr.ocr.cells import grid_ink
from gikocr.ocr.ink import find_ink
from gikocr.pipeline.grids import UNMATCHED, Fit, ReadGrid, is_ruled, is_weak
from gikocr.table.grids import build_grids
from gikocr.table.lattice import Lattice
from gikocr.table.lines import RulingLines, find_ruling_lines, line_rims
from gikocr.table.mask import line_mask
from gikocr.table.words import Words, find_words
from tests.drawing import Ruled, blank_page, write

WHOLE = Ruled(rows=[60] * 6, cols=[300, *[150] * 6])
GOOD = Fit(100.0, 0)


def read(lost: tuple[int, ...] = (), letters: str = "") -> tuple[ReadGrid, Words, RulingLines]:
    """A table whose upright lines behind some columns of values are lost in its lower rows; the cells are not read."""
    page = blank_page()
    spans = [(r, r + 1, c, c + 2) for r in (3, 4, 5) for c in lost]
    Ruled(rows=WHOLE.rows, cols=WHOLE.cols, spans=spans).draw(page)
    for r in range(6):
        for c in range(7):
            x0, y0, x1, y1 = WHOLE.box(r, r + 1, c, c + 1)
            write(page, "公开" if c == 0 else letters or str(10 + r), ((x0 + x1) / 2, (y0 + y1) / 2))
    lines = find_ruling_lines(page)
    (grid,) = build_grids(lines, 1)
    ink = grid_ink(grid, find_ink(page, *line_mask(lines, [grid])))
    text = CellText(letters or None, 1.0, True)
    return ReadGrid(grid, ink, LabelledGrid(grid, (text,) * len(grid.cells))), find_words(page, line_rims(lines)), lines


def weak(fit: Fit, lost: tuple[int, ...] = (), letters: str = "") -> bool:
    return is_weak_with(*read(lost, letters), fit)


def is_weak_with(grid: ReadGrid, words: Words, lines: RulingLines, fit: Fit) -> bool:
    return is_weak(grid, fit, words, lines)


def test_a_grid_that_holds_the_form_is_not_weak() -> None:
    assert not weak(GOOD)


@pytest.mark.parametrize("fit", [Fit(100.0, 1), Fit(10.0, 0)])
def test_rows_without_a_partner_and_little_evidence_make_it_weak(fit: Fit) -> None:
    assert weak(fit)


def test_cells_with_several_values_make_it_weak() -> None:
    """Such a grid may hold the form well: all its labels stand where they should."""
    assert weak(GOOD, lost=(2, 4))


def test_words_that_stand_apart_in_one_cell_do_not() -> None:
    assert not weak(GOOD, lost=(2, 4), letters="公开")


def test_what_has_no_partner_speaks_against_what_is_held() -> None:
    assert Fit(30.0, 2).held == pytest.approx(30.0 - 2 * UNMATCHED)
    assert Fit(-5.0, 0).held == 0.0


def test_a_grid_whose_cells_a_level_line_crosses_is_weak() -> None:
    """A boundary was missed, or something lies over the table."""
    grid, words, lines = read()
    lattice = Lattice.of(grid.labelled.grid)
    lattice.join_rows(3)
    joined = lattice.to_grid(1, ())
    texts = (CellText("", 1.0, True),) * len(joined.cells)
    assert is_weak_with(replace(grid, labelled=LabelledGrid(joined, texts)), words, lines, GOOD)


def test_a_grid_with_a_row_that_is_divided_otherwise_is_weak() -> None:
    assert weak(replace(GOOD, odd=1))


def test_a_boundary_that_one_line_draws_is_ruled_and_one_of_marks_is_not() -> None:
    page = blank_page()
    WHOLE.draw(page)
    _, y0, _, y1 = WHOLE.box(2, 3, 0, 1)
    for c in range(1, 7):
        left, _, right, _ = WHOLE.box(2, 3, c, c + 1)
        page[int((y0 + y1) / 2) - 1 : int((y0 + y1) / 2) + 2, int(left) + 50 : int(right) - 50] = 30
    lines = find_ruling_lines(page)
    (grid,) = build_grids(lines, 1)
    middle = (y0 + y1) / 2
    rows = [*grid.row_lines[:3], tuple((x, middle) for x, _ in grid.row_lines[2]), *grid.row_lines[3:]]
    torn = replace(grid, row_lines=tuple(rows))
    assert is_ruled(torn, 1, lines) and is_ruled(torn, 3, lines)
    assert not is_ruled(torn, 2, lines)
