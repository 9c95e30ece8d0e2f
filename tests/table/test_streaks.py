"""Streaks that dirt draws over a page are told from ruling lines."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gikocr.table.grids import build_grids
from gikocr.table.lines import find_ruling_lines
from gikocr.table.mask import line_mask
from gikocr.table.streaks import without_streaks
from tests.drawing import Ruled, blank_page, noisy

PLAIN = Ruled(rows=[60] * 12, cols=[300, *[150] * 6])


def drawn(table: Ruled) -> np.ndarray:
    page = blank_page()
    table.draw(page)
    return page


@pytest.mark.parametrize("x", [330, 700, 840, 1300])
@pytest.mark.parametrize("ink", [120, 190])
def test_a_streak_over_the_whole_page_makes_no_column(x: int, ink: int) -> None:
    page = drawn(PLAIN)
    page[:, x : x + 2] = np.minimum(page[:, x : x + 2], ink)
    lines = without_streaks(find_ruling_lines(noisy(page, 2.0)))
    assert lines.streaks is not None
    (grid,) = build_grids(lines, 1)
    assert (grid.n_rows, grid.n_cols) == (12, 7)


def test_the_pixels_of_a_streak_are_lines_for_those_who_look_for_print() -> None:
    page = drawn(PLAIN)
    page[:, 700:702] = 60
    lines = without_streaks(find_ruling_lines(page))
    wide, _ = line_mask(lines, build_grids(lines, 1))
    assert (wide[100:2200, 700:702] > 0).any(axis=1).mean() > 0.95


def test_a_level_streak_of_a_page_that_was_fed_sideways() -> None:
    page = drawn(PLAIN)
    page[555:557, :] = np.minimum(page[555:557, :], 140)
    lines = without_streaks(find_ruling_lines(page))
    (grid,) = build_grids(lines, 1)
    assert (grid.n_rows, grid.n_cols) == (12, 7)


def test_a_table_that_the_page_cuts_keeps_all_its_lines() -> None:
    """Its upright lines all go on to the edge of the page, and that is what tells them from streaks."""
    table = replace(PLAIN, rows=[60] * 33, top=300)
    page = drawn(table)[: table.ys[-1] - 90]
    lines = find_ruling_lines(page)
    assert without_streaks(lines) is lines


@pytest.mark.parametrize("page", [blank_page(), drawn(PLAIN)], ids=["blank", "table"])
def test_pages_without_streaks_stay_as_they_are(page: np.ndarray) -> None:
    lines = find_ruling_lines(page)
    assert without_streaks(lines) is lines
