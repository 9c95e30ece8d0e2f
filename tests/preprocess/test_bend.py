from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gikocr.preprocess.bend import find_bend, trace, unbend
from tests.drawing import blank_page

ROWS, COLS = range(400, 2000, 80), range(250, 1450, 150)


def ruled_page() -> np.ndarray:
    page = blank_page()
    for y in ROWS:
        cv2.line(page, (COLS[0], y), (COLS[-1], y), (40,), 2)
    for x in COLS:
        cv2.line(page, (x, ROWS[0]), (x, ROWS[-1]), (40,), 2)
    return page


def bent(page: np.ndarray, curl: float, keystone: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A page whose level lines rise and fall and whose foot is narrower by a share, and where its pixels come from."""
    height, width = page.shape
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    source_x = width / 2 + (x - width / 2) / (1 - keystone * (y / height))
    source_y = y + curl * np.sin(2 * np.pi * x / width).astype(np.float32)
    return cv2.remap(page, source_x, source_y, cv2.INTER_LINEAR, borderValue=(255.0,)), source_x, source_y


def unevenness(page: np.ndarray) -> float:
    """By how many pixels the worst traced line of a page leaves the straight."""
    return max(float(np.ptp(c[:, 1])) for c in trace(page))


@settings(max_examples=5, deadline=None)
@given(st.floats(8, 30), st.floats(-0.08, 0.08))
def test_what_was_bent_becomes_straight_and_places_lead_back(curl: float, keystone: float) -> None:
    page, source_x, source_y = bent(ruled_page(), curl, keystone)
    warp = find_bend(page)
    assert warp is not None
    flat = unbend(page, warp)
    assert unevenness(flat) < 4 < unevenness(page)
    # Uprights that lean by less than half a degree together are left as they are: 11 pixels on this page.
    assert max(float(np.ptp(c[:, 1])) for c in trace(np.ascontiguousarray(flat.T))) < 12
    for curve in trace(flat):
        for x, y in curve[:: max(1, len(curve) // 4)].tolist():
            at_x, at_y = warp.apply(x, y)
            row = float(source_y[round(at_y), round(at_x)])
            assert min(abs(row - r) for r in ROWS) < 4, "a point on a line leads to that line on the bent page"
            assert COLS[0] - 6 < float(source_x[round(at_y), round(at_x)]) < COLS[-1] + 6


def test_a_straight_page_is_left_alone() -> None:
    assert find_bend(ruled_page()) is None


def test_a_page_without_lines_is_left_alone() -> None:
    assert find_bend(blank_page()) is None
    speckled = np.where(np.random.default_rng(1).random((2339, 1654)) < 0.01, 0, 255).astype(np.uint8)
    assert find_bend(speckled) is None


def test_the_sides_of_a_sheet_straighten_what_has_level_rules_only() -> None:
    page = blank_page()
    for y in ROWS:
        cv2.line(page, (COLS[0] + (y - 400) // 10, y), (COLS[-1] + (y - 400) // 10, y), (40,), 2)
    assert find_bend(page) is None, "nothing tells that the page leans"
    y = np.linspace(0, 2338, 60)
    sides = [(False, np.column_stack([at + (y - 400) / 10, y])) for at in (60.0, 1560.0)]
    warp = find_bend(page, sides)
    assert warp is not None
    starts = [float(c[0, 0]) for c in trace(unbend(page, warp))]
    assert np.ptp(starts) < 12
    assert np.ptp([float(c[0, 0]) for c in trace(page)]) > 100


def test_traced_lines_lie_on_the_drawn_ones() -> None:
    curves = trace(ruled_page())
    assert len(curves) == len(ROWS)
    for curve, y in zip(sorted(curves, key=lambda c: float(c[0, 1])), ROWS, strict=True):
        assert curve[:, 1] == pytest.approx(y, abs=1.5)
        assert np.all(np.diff(curve[:, 0]) > 0)
