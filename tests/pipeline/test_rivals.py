"""Grids that fit the form badly are set against what other ways of finding lines give; those that fit stay."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from gikocr.elements import Grid, LabelledGrid, LineText
from gikocr.geometry import BBox
from gikocr.pipeline.contest import Contest
from gikocr.pipeline.grids import Fit, ReadGrid, is_same
from gikocr.pipeline.rivals import GridReader
from gikocr.table.found import FoundGrids, find_grids
from gikocr.table.lattice import Lattice
from gikocr.table.lines import RulingLines, find_ruling_lines
from tests.drawing import blank_page, write
from tests.preprocess.test_paler import ghost, table_page

ROWS, XS, PITCH, TOP = 24, [150, 560, 700, 840, 980, 1120, 1260, 1400], 52, 300


class Silent:
    """A reader of labels that reads nothing: these tests tell grids by their columns."""

    name = "silent"

    def read(self, crops: Sequence[np.ndarray]) -> list[LineText]:
        return [LineText("", 0.0) for _ in crops]


def zeros_under_each_other() -> np.ndarray:
    """A dense table whose zeros stand under each other."""
    page = blank_page()
    bottom = TOP + ROWS * PITCH
    for r in range(ROWS + 1):
        page[TOP + r * PITCH - 1 : TOP + r * PITCH + 1, XS[0] : XS[-1]] = 60
    for x in XS:
        page[TOP:bottom, x - 1 : x + 1] = 60
    for r in range(ROWS):
        write(page, "不予公开", (300, TOP + r * PITCH + PITCH / 2))
        for a, b in itertools.pairwise(XS[1:]):
            write(page, "0", ((a + b) / 2, TOP + r * PITCH + PITCH / 2), size=44)
    return page


def by_columns(wanted: int, asked: list[int]) -> GridReader:
    """A reader to which grids fit that have so many columns; it notes how many those have that it is asked about."""

    def fit(grids: Sequence[LabelledGrid]) -> Fit:
        off = sum(abs(g.grid.n_cols - wanted) for g in grids)
        asked.extend(g.grid.n_cols for g in grids)
        return Fit(1000.0 - 100.0 * off, off)

    return GridReader(Silent(), Contest(fit))


def with_false_line(grid: Grid, col: int) -> Grid:
    """The grid with one more line through a column, as a false one runs."""
    lattice = Lattice.of(grid)
    x = float(lattice.points[:, col : col + 2, 0].mean())
    lattice.split_col(x - 1, x + 1, range(lattice.n_rows))
    return lattice.to_grid(grid.page, grid.spare_lines)


def test_a_false_line_gives_way_to_a_rival_without_it() -> None:
    page = zeros_under_each_other()
    found = find_grids(page)
    (right,) = found.grids
    assert right.n_cols == len(XS) - 1
    wrong = with_false_line(right, 3)
    spoilt = FoundGrids(found.lines, found.words, found.levels, [wrong], [])
    reader = by_columns(len(XS) - 1, [])
    read = reader.read(page, spoilt, [wrong], 1)
    (best,) = reader.best(page, spoilt, read)
    assert best.labelled.grid.n_cols == len(XS) - 1


def test_grids_that_fit_have_no_rivals() -> None:
    page = zeros_under_each_other()
    found = find_grids(page)
    asked: list[int] = []
    reader = by_columns(len(XS) - 1, asked)
    read = reader.read(page, found, found.grids, 1)
    asked.clear()
    assert [r.labelled.grid for r in reader.best(page, found, read)] == [r.labelled.grid for r in read]
    assert asked == [len(XS) - 1], "one question, whether it fits"


def test_a_grid_stays_where_no_rival_fits_better() -> None:
    page = zeros_under_each_other()
    found = find_grids(page)
    reader = by_columns(99, [])
    read = reader.read(page, found, found.grids, 1)
    best = reader.best(page, found, read)
    assert [r.labelled.grid.n_cols for r in best] == [len(XS) - 1]


def test_a_grid_that_lost_is_not_read_again() -> None:
    page = zeros_under_each_other()
    found = find_grids(page)
    (right,) = found.grids
    wrong = with_false_line(right, 3)
    spoilt = FoundGrids(found.lines, found.words, found.levels, [wrong], [])
    reader = by_columns(99, [])  # many ways give the right grid, and with fewer columns it fits no better
    read = reader.read(page, spoilt, [wrong], 1)
    once = tried(reader, page, spoilt, read)
    assert once
    assert not any(is_same(a, b) for a, b in itertools.combinations([wrong, *once], 2))
    assert len(tried(reader, page, spoilt, read)) == len(once), "what was tried on one page is not known on the next"


def tried(reader: GridReader, page: np.ndarray, found: FoundGrids, read: list[ReadGrid]) -> list[Grid]:
    """The grids that are read while rivals are looked for."""
    grids: list[Grid] = []
    read_grid = reader._read_grid

    def noted(grid: Grid, *rest: object) -> ReadGrid:
        grids.append(grid)
        return read_grid(grid, *rest)  # type: ignore[arg-type]

    reader._read_grid = noted  # type: ignore[method-assign]
    reader.best(page, found, read)
    reader._read_grid = read_grid  # type: ignore[method-assign]
    return grids


def test_lines_without_pale_ones_are_not_looked_for_where_none_is_near(monkeypatch: pytest.MonkeyPatch) -> None:
    page = zeros_under_each_other()
    found = find_grids(page)
    reader = by_columns(99, [])
    read = reader.read(page, found, found.grids, 1)
    asked: list[bool] = []

    def noted(gray: np.ndarray, *, pale: bool = True) -> RulingLines:
        if not pale:
            asked.append(pale)
        return find_ruling_lines(gray, pale=pale)

    monkeypatch.setattr("gikocr.pipeline.rivals.find_ruling_lines", noted)
    bare = replace(found, lines=replace(found.lines, pale=()))
    reader.best(page, bare, read)
    far = replace(found, lines=replace(found.lines, pale=(BBox(200.0, 2200.0, 900.0, 2203.0),)))
    reader.best(page, far, read)
    assert not asked
    inside = replace(found, lines=replace(found.lines, pale=(BBox(200.0, 600.0, 900.0, 603.0),)))
    reader.best(page, inside, read)
    assert asked == [False]


def test_a_grid_under_the_ghost_of_a_page_is_found_in_its_darker_ink() -> None:
    page = ghost(table_page(), 31, 3)
    found = find_grids(page)

    def fit(grids: Sequence[LabelledGrid]) -> Fit:
        off = sum(abs(g.grid.n_rows - 6) for g in grids)
        return Fit(1000.0 - 100.0 * off, off)

    reader = GridReader(Silent(), Contest(fit))
    read = reader.read(page, found, found.grids, 1)
    assert [r.labelled.grid.n_rows for r in read] != [6], "the ghost matters"
    assert [r.labelled.grid.n_rows for r in reader.best(page, found, read)] == [6]
