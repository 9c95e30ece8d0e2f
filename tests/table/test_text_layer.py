"""The characters of a page on its grids and lines."""

from __future__ import annotations

import numpy as np

from gikocr.elements import Cell, Grid
from gikocr.geometry import Affine, BBox
from gikocr.markup import Glyph, MarkupLine, MarkupTable, TextPlace
from gikocr.table.text_layer import layer_blocks, without_print

FRAME = (200.0, 300.0)


def glyphs(text: str, left: float, top: float, size: float = 10.0) -> list[Glyph]:
    return [
        Glyph(c, BBox(left + size * i, top, left + size * (i + 1), top + size)) for i, c in enumerate(text) if c != " "
    ]


def one_row_grid() -> Grid:
    """Two cells, 40 × 30 and 60 × 30, in a picture of twice the frame's resolution."""
    xs, ys = (20.0, 100.0, 220.0), (200.0, 260.0)
    rows = tuple(tuple((x, y) for x in xs) for y in ys)
    cols = tuple(tuple((x, y) for y in ys) for x in xs)
    cells = tuple(Cell(0, 1, c, c + 1, BBox(xs[c], 200.0, xs[c + 1], 260.0)) for c in range(2))
    return Grid(1, BBox(20.0, 200.0, 220.0, 260.0), rows, cols, cells)


def blocks(found: list[Glyph]) -> tuple[tuple[MarkupLine | MarkupTable, ...], dict[TextPlace, BBox]]:
    layer = layer_blocks(1, found, [one_row_grid()], Affine.scaling(0.5), FRAME, first_table=3, first_line=7)
    return layer.blocks, {place: spot.box for place, spot in layer.cells.items()}


def test_cells_and_lines_in_reading_order() -> None:
    page = [
        *glyphs("后", 20, 200),
        *glyphs("标题 二", 20, 40),
        *glyphs("规", 12, 102),
        *glyphs("章", 12, 114),
        *glyphs("12", 60, 110),
    ]
    found, places = blocks(page)
    title, table, after = found
    assert isinstance(title, MarkupLine) and title.text == "标题 二" and title.place == TextPlace(line=7, column=1)
    assert isinstance(table, MarkupTable) and table.index == 3
    assert [c.text for c in table.cells] == ["规\n章", "12"]
    assert isinstance(after, MarkupLine) and after.text == "后"
    assert places[TextPlace(table=3, row=0, cell=1)] == BBox(50.0, 100.0, 110.0, 130.0)


def test_close_lines_of_a_cell_stay_apart() -> None:
    page = [*glyphs("保护合", 11, 104, 8.0), *glyphs("权益", 11, 112.5, 8.0)]
    table = blocks(page)[0][0]
    assert isinstance(table, MarkupTable) and table.cells[0].text == "保护合\n权益"


def test_wide_gaps_part_cells() -> None:
    found, _ = blocks([*glyphs("总计", 20, 200), *glyphs("0", 60, 200), *glyphs("5", 74, 200)])
    assert [b.text for b in found if isinstance(b, MarkupLine)] == ["总计  0 5"]


def test_page_numbers_in_the_margin_and_double_print_are_left_out() -> None:
    page = [*glyphs("- 4 -", 90, 288), *glyphs("12", 60, 110), *glyphs("12", 60.3, 110.1), *glyphs("4", 90, 180)]
    found, _ = blocks(page)
    assert [c.text for b in found if isinstance(b, MarkupTable) for c in b.cells] == ["", "12"]
    assert [b.text for b in found if isinstance(b, MarkupLine)] == ["4"]


def test_print_is_painted_over_and_rules_stay() -> None:
    gray = np.full((100, 100), 255, np.uint8)
    gray[20, :] = 0
    gray[40:60, 40:60] = 0
    bare = without_print(gray, [Glyph("口", BBox(38, 36, 62, 64))], Affine())
    assert (bare[40:60, 40:60] == 255).all()
    assert (bare[20] == 0).all()
