from __future__ import annotations

import cv2
import numpy as np
import pytest

from gikocr.preprocess.sheet import find_sheet
from tests.drawing import blank_page, write


def photographed(desk: int, corners: list[tuple[int, int]]) -> np.ndarray:
    """A white sheet with some print on a desk with a grain."""
    rng = np.random.default_rng(3)
    grain = cv2.resize(rng.normal(0, 12, (400, 1)), (1700, 2400), interpolation=cv2.INTER_LINEAR)
    picture = np.clip(desk + grain, 0, 255).astype(np.uint8)
    sheet = blank_page((1700, 2400), 235)
    for y in range(500, 1900, 90):
        cv2.line(sheet, (400, y), (1300, y), (40,), 3)
    inside = np.zeros((2400, 1700), np.uint8)
    cv2.fillPoly(inside, [np.array(corners, np.int32)], (255,))
    return np.where(inside > 0, sheet, picture).astype(np.uint8)


CORNERS = [(120, 140), (1560, 90), (1610, 2290), (90, 2310)]


@pytest.mark.parametrize("desk", [40, 110, 140])
def test_the_sides_of_a_sheet_on_a_desk(desk: int) -> None:
    sheet = find_sheet(photographed(desk, CORNERS))
    assert sheet is not None
    assert set(sheet.sides) == {"left", "right", "top", "bottom"}
    edges = {"left": (0, 3), "right": (1, 2), "top": (0, 1), "bottom": (3, 2)}
    for name, (a, b) in edges.items():
        along = 1 if name in ("left", "right") else 0
        (p, q) = sorted((CORNERS[a], CORNERS[b]), key=lambda c: c[along])
        points = sheet.sides[name]
        kept = points[(points[:, along] > p[along] + 60) & (points[:, along] < q[along] - 60)]
        expected = np.interp(kept[:, along], (p[along], q[along]), (p[1 - along], q[1 - along]))
        assert np.abs(kept[:, 1 - along] - expected).max() < 16
    assert sheet.beyond[20, 800]
    assert sheet.beyond[1200, 20]
    assert not sheet.beyond[500:1900, 400:1300].any(), "no print is taken away"


def test_a_sheet_that_the_picture_cuts_off_shows_the_other_sides() -> None:
    sheet = find_sheet(photographed(90, [(120, -10), (1560, -10), (1600, 2290), (90, 2310)]))
    assert sheet is not None
    assert set(sheet.sides) == {"left", "right", "bottom"}


def test_a_scan_has_no_sides() -> None:
    page = blank_page()
    for k in range(12):
        write(page, "一、本年新收政府信息公开申请数量", (800, 300 + 120 * k), 34)
    assert find_sheet(page) is None


def test_a_shaded_column_of_labels_is_no_desk() -> None:
    page = blank_page()
    cv2.rectangle(page, (150, 100), (420, 2200), (190,), cv2.FILLED)
    assert find_sheet(page) is None


def test_a_shadow_over_one_side_of_a_scan_is_no_side() -> None:
    shade = np.clip(np.linspace(120, 420, 1654), 0, 250).astype(np.uint8)
    assert find_sheet(np.repeat(shade[None, :], 2339, axis=0)) is None
