"""Where rivals won, the regions of a page follow its grids; a page that was sampled is not turned again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from gikocr.elements import Grid, LabelledGrid, LineText, Page
from gikocr.engines.layout import RulingLineLayoutModel
from gikocr.geometry import Affine, BBox
from gikocr.pipeline import pages
from gikocr.pipeline.contest import Contest
from gikocr.pipeline.grids import Fit, ReadGrid
from gikocr.pipeline.pages import READABLE, PageReader
from gikocr.pipeline.rivals import GridReader
from gikocr.settings import load_settings
from gikocr.table.found import FoundGrids
from tests.drawing import Ruled, blank_page, write

BELOW = 1040
"""Middle of a line of text under the table."""


class Reader:
    """Reads four letters."""

    name = "four"

    def read(self, crops: Sequence[np.ndarray]) -> list[LineText]:
        return [LineText("公开信息", 0.9)] * len(crops)


class Enlarging(GridReader):
    """Rivals win that reach down over the line of text."""

    def best(
        self, gray: np.ndarray, found: FoundGrids, read: Sequence[ReadGrid], before: Grid | None = None
    ) -> list[ReadGrid]:
        return [replace(r, found=larger(r.found)) for r in read]


def larger(grid: Grid) -> Grid:
    box = grid.box
    return replace(grid, box=BBox(box.left, box.top, box.right, BELOW + 60.0))


def drawn() -> Page:
    gray = blank_page()
    texts = {(r, 0): "规范性文件" for r in range(10)} | {(r, c): "12" for r in range(10) for c in (1, 2)}
    Ruled(rows=[60] * 10, cols=[500, 300, 300], texts=texts).draw(gray)
    write(gray, "本年无复议案件", (600, BELOW))
    height, width = gray.shape
    return Page(1, 0, 1, float(width), float(height), "px", gray, Affine(), 200.0)


def reader_of(kind: type[GridReader]) -> PageReader:
    reader = Reader()
    grids = kind(reader, Contest(lambda labelled: Fit(50.0, 0)))
    return PageReader(load_settings(), reader, reader, RulingLineLayoutModel, grids)


def line_below(kind: type[GridReader]) -> tuple[list[BBox], list[BBox]]:
    """The text regions and the table regions over the line under the table."""
    reading = reader_of(kind).read(drawn())
    over = [r for r in reading.regions if r.box.top < BELOW < r.box.bottom]
    return [r.box for r in over if r.label != "table"], [r.box for r in reading.regions if r.label == "table"]


def test_a_line_outside_the_tables_is_text() -> None:
    texts, tables = line_below(GridReader)
    assert len(texts) == len(tables) == 1


def test_what_stands_under_a_grid_that_won_is_no_text() -> None:
    texts, [table] = line_below(Enlarging)
    assert not texts
    assert table.bottom == BELOW + 60.0


def test_a_page_is_turned_once_for_its_sample_and_its_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    turns: list[int] = []
    make = pages.make_upright

    def noted(page: Page, settings: object, turn: int) -> object:
        turns.append(turn)
        return make(page, settings, turn)  # type: ignore[arg-type]

    monkeypatch.setattr(pages, "make_upright", noted)
    page = drawn()
    sideways = replace(page, image=np.ascontiguousarray(np.rot90(page.image)))
    reader = reader_of(GridReader)
    assert reader.read(sideways, hint=90).upright.turned == 90
    assert turns == [90]
    assert reader.read(replace(sideways), hint=90).upright.turned == 90
    assert turns == [90, 90], "another page is turned anew"


def wide_only(labelled: Sequence[LabelledGrid]) -> Fit:
    """Tables of the form are wider than high."""
    wide = any(g.grid.n_cols > g.grid.n_rows for g in labelled)
    return Fit(50.0 if wide else 0.0, 0)


def test_a_page_that_reads_on_its_side_is_turned_where_only_then_it_holds_the_form() -> None:
    """Heads that are set letter under letter read as words on a page that lies on its side."""
    wide = blank_page((2339, 1654))
    heads = {(0, c): "未经复议直接起诉情况" for c in (0, 5, 10)}
    values = {(2, c): "12" for c in range(15)}
    stacked = {(1, c): "结\n果\n维\n持" for c in range(15)}
    spans = [(0, 1, c, c + 5) for c in (0, 5, 10)]
    Ruled(rows=[60, 190, 60], cols=[130] * 15, texts=heads | stacked | values, spans=spans).draw(wide)
    gray = np.ascontiguousarray(np.rot90(wide))
    height, width = gray.shape
    page = Page(1, 0, 1, float(width), float(height), "px", gray, Affine(), 200.0)
    reader = Reader()
    pages_of = PageReader(
        load_settings(), reader, reader, RulingLineLayoutModel, GridReader(reader, Contest(wide_only))
    )
    read = pages_of.read(page)
    assert read.upright.turned in (90, 270)
    assert read.fit == 50.0
    nothing = PageReader(
        load_settings(), reader, reader, RulingLineLayoutModel, GridReader(reader, Contest(lambda _: Fit(0.0, 0)))
    )
    assert nothing.read(page).upright.turned == 0


class Saying(Reader):
    """Reads the same of every line."""

    def __init__(self, text: str) -> None:
        self.text = text

    def read(self, crops: Sequence[np.ndarray]) -> list[LineText]:
        return [LineText(self.text, 0.95)] * len(crops)


@pytest.mark.parametrize(("text", "is_table"), [("濮川市应急管理局政府信息公开工作年度报告", False), ("0030125", True)])
def test_a_row_between_lines_that_reads_as_a_line_of_text_is_no_table(text: str, is_table: bool) -> None:
    """Strokes of large letters line up as rules do; a row of values that a page break cut off holds no letters."""
    gray = blank_page()
    Ruled(rows=[60], cols=[90] * 14, texts={(0, c): "12" for c in range(14)}).draw(gray)
    write(gray, "按照条例要求结合本单位工作实际特编制本报告", (800, BELOW))
    height, width = gray.shape
    page = Page(1, 0, 1, float(width), float(height), "px", gray, Affine(), 200.0)
    reader = Saying(text)
    grids = GridReader(reader, Contest(lambda _: Fit(0.0, 0)))
    reading = PageReader(load_settings(), reader, reader, RulingLineLayoutModel, grids).read(page)
    assert any(r.label == "table" for r in reading.regions) == is_table == bool(reading.grids)


class Prose:
    """Reads lines of prose, and nothing in what is shorter."""

    name = "prose"

    def read(self, crops: Sequence[np.ndarray]) -> list[LineText]:
        letters = [c.shape[1] // c.shape[0] for c in crops]
        return [LineText("公" * n if n >= 6 else "", 0.95 if n >= 6 else 0.0) for n in letters]


def test_a_stamps_cells_do_not_say_how_a_page_of_prose_lies() -> None:
    gray = blank_page()
    texts = {(r, c): "之 乃" for r in range(3) for c in range(4)}
    Ruled(rows=[60] * 3, cols=[130] * 4, left=1050, top=150, texts=texts).draw(gray)
    for k in range(14):
        write(gray, "行政机关主动公开政府信息情况如下表所示请予审议", (800, 500 + 70 * k))
    height, width = gray.shape
    page = Page(1, 0, 1, float(width), float(height), "px", gray, Affine(), 200.0)
    grids = GridReader(Prose(), Contest(lambda labelled: Fit(0.0, 0)))
    reading = PageReader(load_settings(), Prose(), Prose(), RulingLineLayoutModel, grids).read(page)
    assert reading.upright.turned == 0
    assert reading.words_score >= READABLE
