"""Which of the grids of a page are kept: by what they hold of the form, alone and together."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from gikocr.elements import Cell, CellText, Grid, LabelledGrid
from gikocr.geometry import BBox
from gikocr.ocr.cells import GridInk
from gikocr.ocr.ink import find_ink
from gikocr.pipeline.contest import Contest
from gikocr.pipeline.grids import Fit, ReadGrid


def cells_at(box: BBox, cols: int) -> ReadGrid:
    """A grid of one row in a place, told by its number of columns."""
    xs = np.linspace(box.left, box.right, cols + 1)
    lines = tuple(tuple((float(x), y) for x in xs) for y in (box.top, box.bottom))
    cells = tuple(
        Cell(0, 1, c, c + 1, BBox(float(a), box.top, float(b), box.bottom))
        for c, (a, b) in enumerate(itertools.pairwise(xs))
    )
    grid = Grid(1, box, lines, tuple(((float(x), box.top), (float(x), box.bottom)) for x in xs), cells)
    empty = np.full((10, 10), 255, np.uint8)
    ink = GridInk(grid, find_ink(empty, empty * 0, empty * 0), (), 20.0)
    return ReadGrid(grid, ink, LabelledGrid(grid, (CellText("", 1.0, False),) * cols))


def holding(evidence: dict[int, float], together: dict[tuple[int, ...], float] | None = None) -> Contest:
    """A contest to which grids hold what is told of their columns, alone or together; together the sum where nothing is told."""

    def fit(grids: Sequence[LabelledGrid]) -> Fit:
        cols = tuple(g.grid.n_cols for g in grids)
        return Fit((together or {}).get(cols, sum(evidence[c] for c in cols)), 0)

    return Contest(fit)


def test_a_grid_that_holds_nothing_and_lies_over_one_that_does_is_dropped() -> None:
    table = cells_at(BBox(100, 100, 900, 400), 7)
    over, away = cells_at(BBox(110, 380, 900, 460), 3), cells_at(BBox(100, 600, 900, 700), 3)
    contest = holding({7: 50.0, 3: 0.0})
    assert contest.without_strays([table, over, away]) == [table, away]


def test_pieces_of_a_table_are_compared_with_the_whole_by_what_they_hold_together() -> None:
    whole = cells_at(BBox(100, 100, 900, 900), 7)
    pieces = [cells_at(BBox(100, 100, 900, 480), 4), cells_at(BBox(100, 500, 900, 900), 5)]
    alone = {7: 100.0, 4: 70.0, 5: 60.0}
    assert holding(alone, {(4, 5): 90.0}).better([whole], [], pieces) == [whole]
    assert holding(alone, {(4, 5): 110.0}).better([whole], [], pieces) == pieces


def test_a_grid_that_a_winning_rival_hardly_touches_stays() -> None:
    weak, below = cells_at(BBox(100, 100, 900, 480), 4), cells_at(BBox(100, 490, 900, 900), 5)
    rival = cells_at(BBox(100, 100, 900, 500), 7)
    contest = holding({7: 200.0, 4: 90.0, 5: 60.0})
    assert sorted(contest.better([weak], [below], [rival]), key=lambda r: r.found.box.top) == [rival, below]
    reaching = cells_at(BBox(100, 100, 900, 700), 7)
    assert contest.better([weak], [below], [reaching]) == [reaching], "it shows some of its rows"


def test_a_group_that_wins_leaves_behind_what_holds_nothing() -> None:
    box = BBox(100, 100, 900, 900)
    weak, won, nothing = (cells_at(box, cols) for cols in (7, 8, 2))
    contest = holding({7: 10.0, 8: 40.0, 2: -3.0})
    assert contest.better([weak], [], [won, nothing]) == [won]
    assert contest.better([weak], [], [nothing]) == [weak]


def test_grids_are_registered_once_and_others_anew() -> None:
    asked: list[int] = []

    def fit(grids: Sequence[LabelledGrid]) -> Fit:
        asked.extend(g.grid.n_cols for g in grids)
        return Fit(10.0 * len(grids), 0)

    contest = Contest(fit)
    one, other = (cells_at(BBox(100, 100, 900, 900), cols) for cols in (7, 8))
    assert [contest.fit_of(r) for r in (one, other, one, other)] == [Fit(10.0, 0)] * 4
    assert contest.fit([one.labelled, other.labelled]) == Fit(20.0, 0)
    assert asked == [7, 8, 7, 8]
    contest.forget()
    contest.fit_of(one)
    assert asked == [7, 8, 7, 8, 7]


def test_a_grid_that_shows_rows_of_a_better_one_once_more_is_dropped() -> None:
    # Both were made longer by rows whose lines were not seen, and so came to lie over each other.
    table = cells_at(BBox(100, 100, 900, 500), 7)
    twice, next_table = cells_at(BBox(100, 430, 900, 520), 3), cells_at(BBox(100, 480, 900, 700), 4)
    contest = holding({7: 50.0, 3: 20.0, 4: 30.0})
    assert contest.without_strays([twice, table, next_table]) == [table, next_table]
