"""Pale and dashed lines are told by a long window; print is not."""

from __future__ import annotations

import numpy as np
import pytest

from gikocr.table.lines import find_ruling_lines
from gikocr.table.pale import long_lines

SIDE = 2000


def paper(noise: float = 3.0) -> np.ndarray:
    return np.clip(np.random.default_rng(7).normal(8, noise, (200, SIDE)), 0, 255).astype(np.uint8)


def test_a_line_of_a_few_grey_levels_is_seen_on_its_length_and_not_far_beyond() -> None:
    dark = paper()
    dark[100:102, 300:1500] += 14
    seen = np.flatnonzero(long_lines(dark, SIDE)[98:104].any(axis=0))
    assert seen.min() == pytest.approx(300, abs=SIDE / 75)
    assert seen.max() == pytest.approx(1500, abs=SIDE / 75)
    assert len(seen) > 0.95 * (seen.max() - seen.min())


@pytest.mark.parametrize(("dash", "gap"), [(6, 5), (9, 6), (3, 3)])
def test_a_dashed_line_is_one_line(dash: int, gap: int) -> None:
    dark = paper()
    for x in range(200, 1700, dash + gap):
        dark[60:62, x : x + dash] = 90
    assert (long_lines(dark, SIDE)[58:64].any(axis=0)[250:1650]).mean() > 0.95


def test_noise_and_strokes_under_each_other_are_no_line() -> None:
    assert not long_lines(paper(6.0), SIDE).any()
    dark = paper()
    for x in range(200, 1700, 44):
        dark[80:83, x : x + 20] = 220
    assert not long_lines(dark, SIDE).any()


def test_a_page_narrower_than_the_window_holds_none() -> None:
    assert not long_lines(np.full((50, 60), 200, np.uint8), SIDE).any()


@pytest.mark.parametrize("turned", [False, True])
def test_lines_say_where_only_a_long_window_saw_them(turned: bool) -> None:
    page = np.full((1600, 1600), 250, np.uint8)
    page[400:402, 200:1400] = 40
    page[800:802, 200:1400] = 232
    lines = find_ruling_lines(np.ascontiguousarray(page.T) if turned else page)
    [box] = lines.pale
    along, across = (
        ((box.top, box.bottom), (box.left, box.right)) if turned else ((box.left, box.right), (box.top, box.bottom))
    )
    assert across == pytest.approx((800, 802), abs=3)
    assert along == pytest.approx((200, 1400), abs=1600 / 40)
    assert find_ruling_lines(page, pale=False).pale == ()
