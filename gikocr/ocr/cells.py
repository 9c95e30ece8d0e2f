"""Cells of a grid: which look like labels and are read as such, and crops of those that stand for fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gikocr.elements import CellText, Grid, LabelledGrid, LineReader
from gikocr.ocr.crops import bare_crop, crop_print, strip_of_lines
from gikocr.ocr.ink import CellInk, PageInk, cell_ink, print_height
from gikocr.ocr.stray import without_pieces_of_rules, without_stray_marks

if TYPE_CHECKING:
    from gikocr.elements import Image
    from gikocr.geometry import BBox

LABEL_WIDTH = 2.0
"""Print wider than this many heights of print may be words; narrower single lines are read as numerals first."""
BROKEN_LINE = 0.7
"""Lines of a cell higher than this many heights of print are print; lower ones belong to another line."""
SURE_LABEL = 0.9
"""A label that is read less surely is read again with nothing painted white: of pale print the ink's threshold leaves pieces only."""
LONGEST_STRIP = 320
"""Labels are read as far as this, in pixels of a strip 48 high: six or seven letters tell all labels of a form apart."""
LONGEST_SPAN = 4
"""Labels that span more rows name a group; they are tall and costly, and the rows' own labels do without them."""


@dataclass(frozen=True, slots=True, eq=False)
class GridInk:
    """A grid with the ink of its cells (parallel to ``grid.cells``) and the height of its print in pixels."""

    grid: Grid
    ink: PageInk
    cells: tuple[CellInk, ...]
    height: float


def grid_ink(grid: Grid, ink: PageInk) -> GridInk:
    """Look at the ink in every cell of a grid."""
    height = print_height(ink, grid.box)
    return GridInk(grid, ink, tuple(cell_ink(ink, cell.box, height) for cell in grid.cells), height)


def read_labels(found: GridInk, reader: LineReader, most: int | None = None) -> LabelledGrid:
    """Read the cells that may hold words.

    A head or group label may be set in several short lines, or one character a line; its lines are read side by side in one go.

    Args:
        found: the grid with its ink.
        reader: reads the lines.
        most: read no more than so many cells, the longest, and each once; the others count as not read.
    """
    wanted: list[int] = []
    for i, (cell, content) in enumerate(zip(found.grid.cells, found.cells, strict=True)):
        if content.box is not None and _may_be_words(content, found.height) and cell.row_end - cell.row <= LONGEST_SPAN:
            wanted.append(i)
    if most is not None:
        wanted = sorted(wanted, key=lambda i: -sum(line.width for line in found.cells[i].lines))[:most]
    texts = dict(zip(wanted, reader.read([label_crop(found, found.cells[i]) for i in wanted]), strict=True))
    # A sample tells how a page lies: the labels of one that lies on its side are all unsure, on the page as in its ink.
    unsure = [i for i in wanted if texts[i].score < SURE_LABEL] if most is None else []
    for i, bare in zip(
        unsure, reader.read([label_crop(found, found.cells[i], bare=True) for i in unsure]), strict=True
    ):
        if bare.score > texts[i].score:
            texts[i] = bare
    return LabelledGrid(
        found.grid,
        tuple(
            CellText(texts[i].text, texts[i].score, True)
            if i in texts
            else CellText("" if content.box is None else None, 1.0, content.box is not None)
            for i, content in enumerate(found.cells)
        ),
    )


def label_crop(found: GridInk, content: CellInk, *, bare: bool = False) -> Image:
    """The lines of a cell side by side, 48 pixels high; ``bare``: as they are on the page, with what is too pale to count as ink."""
    pieces = [
        bare_crop(found.ink.gray, line, found.height)
        if bare
        else crop_print(found.ink, line, content.parts, 0.8 * found.height, found.height)
        for line in content.lines
    ]
    return strip_of_lines(pieces)[:, :LONGEST_STRIP]


def _may_be_words(content: CellInk, height: float) -> bool:
    if len(content.lines) > 1:
        return True
    assert content.box is not None
    return content.box.width > LABEL_WIDTH * height or content.box.height > 2.2 * height


def field_ink(found: GridInk, box: BBox) -> CellInk:
    """What is printed in a field's cell, without marks that stand apart from its number."""
    content = without_stray_marks(found.ink, cell_ink(found.ink, box, found.height), found.height)
    return without_pieces_of_rules(found.ink, content, found.height)


def numeral_crop(found: GridInk, content: CellInk) -> Image | None:
    """The crop of a cell tight around its print, everything else painted white; None when nothing is printed there."""
    if content.box is None:
        return None
    lines = [line for line in content.lines if line.height > BROKEN_LINE * found.height]
    if len(lines) > 1:
        # A long number in a narrow column is broken over two lines.
        return strip_of_lines([crop_print(found.ink, ln, content.parts, found.height, found.height) for ln in lines])
    return crop_print(found.ink, content.box, content.parts, found.height, found.height)
