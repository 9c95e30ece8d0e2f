"""Grids by the boundaries that a network sees are rivals: they are looked for where grids fit badly, and kept where they fit better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import pytest

from gikocr.elements import LabelledGrid, LineText
from gikocr.pipeline.contest import Contest
from gikocr.pipeline.grids import Fit, ReadGrid
from gikocr.pipeline.rivals import GridReader
from gikocr.table.found import find_grids
from tests.drawing import Ruled, blank_page, noisy, write

ROWS, COLUMNS = 7, 4


class Reader:
    """Reads nothing."""

    name = "none"

    def read(self, crops: Sequence[np.ndarray]) -> list[LineText]:
        return [LineText("", 0.0)] * len(crops)


class Finder:
    """Sees the boundaries of a table that was drawn."""

    name = "drawn"

    def __init__(self, drawn: Ruled) -> None:
        self.drawn, self.asked = drawn, 0

    def boundaries(self, gray: np.ndarray) -> np.ndarray:
        self.asked += 1
        height, width = gray.shape
        found = np.zeros((2, height, width), np.float32)
        xs, ys = self.drawn.xs, self.drawn.ys
        for y in ys:
            cv2.line(found[0], (xs[0], y), (xs[-1], y), (1.0,), 8)
        for x in xs:
            cv2.line(found[1], (x, ys[0]), (x, ys[-1]), (1.0,), 8)
        return np.stack([cv2.resize(f, (width // 4, height // 4), interpolation=cv2.INTER_AREA) for f in found])


def drawn_page(*, printed: bool) -> tuple[Ruled, np.ndarray]:
    """A table with a frame and level rules."""
    texts = {(r, 0): "规范性文件" for r in range(ROWS)}
    texts |= {(r, c): str(100 + 7 * r + c) for r in range(ROWS) for c in range(1, COLUMNS)}
    table = Ruled(rows=[60] * ROWS, cols=[300, 300, 300, 300], texts=texts, text_size=34, ink=30 if printed else 255)
    page = blank_page()
    table.draw(page)
    if not printed:
        cv2.rectangle(page, (table.xs[0], table.ys[0]), (table.xs[-1], table.ys[-1]), 30, 2)
        for y in table.ys:
            cv2.line(page, (table.xs[0], y), (table.xs[-1], y), (30,), 2)
    write(page, "二、主动公开政府信息情况", (500, 220), 40)
    return table, noisy(page, 3.0)


def seen(table: Ruled) -> Ruled:
    """Boundaries that are not where the middle of the white is, so that grids by them are told from grids by words."""
    return replace(table, cols=[270, 300, 300, 330])


def by_columns(table: Ruled, other: float, better: float) -> object:
    """A fit that holds ``better`` evidence for grids whose columns end where those of the table do, else ``other``."""

    def fit(labelled: Sequence[LabelledGrid]) -> Fit:
        right = [[p[0] for p in g.grid.row_lines[0]] == pytest.approx(table.xs, abs=6) for g in labelled]
        return Fit(sum(better if r else other for r in right), 0)

    return fit


def best(table: Ruled, page: np.ndarray, fit: object) -> tuple[list[ReadGrid], list[ReadGrid], Finder]:
    finder = Finder(seen(table))
    reader = GridReader(Reader(), Contest(fit), finder)  # type: ignore[arg-type]
    found = find_grids(page)
    read = reader.read(page, found, found.grids, 1)
    return read, reader.best(page, found, read), finder


def test_grids_by_boundaries_are_kept_where_they_fit_better() -> None:
    table, page = drawn_page(printed=False)
    read, kept, finder = best(table, page, by_columns(seen(table), 1.0, 100.0))
    assert [g.found.n_cols for g in read] == [1]
    assert finder.asked == 1
    [grid] = kept
    assert (grid.found.n_rows, grid.found.n_cols) == (ROWS, COLUMNS)
    assert [p[0] for p in grid.found.row_lines[0]] == pytest.approx(seen(table).xs, abs=6)


def test_grids_by_boundaries_that_fit_no_better_are_not_kept() -> None:
    table, page = drawn_page(printed=False)
    read, kept, finder = best(table, page, by_columns(table, 1.0, 1.0))
    assert finder.asked == 1
    assert [k.found for k in kept] == [r.found for r in read]


def test_nothing_is_looked_for_where_grids_fit() -> None:
    table, page = drawn_page(printed=True)
    read, kept, finder = best(table, page, by_columns(table, 1.0, 100.0))
    assert finder.asked == 0
    assert kept == read


def test_a_page_without_a_grid_is_looked_at_only_where_values_stand() -> None:
    table, page = drawn_page(printed=True)
    finder = Finder(seen(table))
    reader = GridReader(Reader(), Contest(by_columns(seen(table), 0.0, 50.0)), finder)  # type: ignore[arg-type]
    text = blank_page()
    for y in range(300, 2000, 60):
        write(text, "本机关按照条例要求编制本报告，全文由总体情况等六个部分组成，数据统计期限为全年", (827, y), 32)
    assert not reader.unseen(text, find_grids(text), 1)
    assert finder.asked == 0
    read = reader.unseen(page, find_grids(page), 1)
    assert [(r.found.n_rows, r.found.n_cols) for r in read] == [(ROWS, COLUMNS)]
    strange = GridReader(Reader(), Contest(by_columns(table, 0.0, 0.0)), finder)  # type: ignore[arg-type]
    assert not strange.unseen(page, find_grids(page), 1)
