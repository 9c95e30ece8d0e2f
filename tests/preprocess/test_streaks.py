"""Lines from edge to edge of a picture are filled from both sides before a skew is taken out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gikocr.preprocess.ink import without_streaks
from tests.drawing import Ruled, blank_page, noisy, turned_by, write

TABLE = Ruled(rows=[60] * 25, cols=[300, *[150] * 6], texts={(r, c): "0" for r in range(25) for c in range(1, 7)})


def page_with_table(skew: float = 0.0) -> np.ndarray:
    page = blank_page()
    TABLE.draw(page)
    return noisy(turned_by(page, skew), 3.0)


@pytest.mark.parametrize("skew", [0.0, 1.3])
@pytest.mark.parametrize("ink", [110, 205])
def test_a_streak_goes_and_nothing_else_does(skew: float, ink: int) -> None:
    clean = page_with_table(skew)
    page = clean.copy()
    page[:, 777:779] = np.minimum(page[:, 777:779], ink)
    page[1203:1204, :] = np.minimum(page[1203:1204, :], ink)
    filled = without_streaks(page)
    changed = filled != page
    rows, cols = np.flatnonzero(changed.all(axis=1)), np.flatnonzero(changed.mean(axis=0) > 0.5)
    assert changed[:, :770].mean() < 0.005, rows
    assert set(cols.tolist()) <= set(range(773, 783))
    assert np.abs(filled[:, 777:779].astype(int) - clean[:, 777:779]).mean() < 12


def test_a_figure_that_a_streak_runs_through_stays_whole() -> None:
    page = blank_page()
    write(page, "8", (800, 1000), 40)
    clean = page.copy()
    page[:, 799:801] = np.minimum(page[:, 799:801], 150)
    filled = without_streaks(page)
    inked = clean[975:1025, 785:815] < 128
    assert (filled[975:1025, 785:815] < 170)[inked].mean() > 0.85


@pytest.mark.parametrize("skew", [0.0, 0.4])
def test_the_lines_of_a_table_stay(skew: float) -> None:
    page = page_with_table(skew)
    assert without_streaks(page) is page


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 255))
def test_any_picture_keeps_its_shape(height: int, width: int, grey: int) -> None:
    page = np.full((height, width), grey, np.uint8)
    assert without_streaks(page).shape == page.shape
