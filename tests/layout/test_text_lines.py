"""Printed lines outside the tables: stamps over them neither join nor shorten them, and signatures on pages of their own are told."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from gikocr.geometry import BBox
from gikocr.layout.regions import text_regions
from gikocr.layout.textlines import find_text_lines
from tests.drawing import blank_page, write


def stamped(page: np.ndarray, left: int, top: int) -> np.ndarray:
    """A received stamp, its frame a little askew."""
    corners = np.array([[left, top], [left + 300, top - 16], [left + 306, top + 110], [left + 6, top + 126]], np.int32)
    cv2.polylines(page, [corners], True, (70,), 5, cv2.LINE_AA)
    return page


def line_at(page: np.ndarray, y: float) -> BBox:
    [line] = [b for b in find_text_lines(page, []) if b.top < y < b.bottom and b.width > 100]
    return line


@pytest.mark.parametrize("left", [380, 700, 1000])
def test_a_stamp_over_a_title_leaves_it_whole(left: int) -> None:
    page = blank_page()
    write(page, "濮川市綦江源区体育局政府信息公开", (827, 400), 50)
    write(page, "二〇二四年工作年度报告", (827, 500), 50)
    whole = line_at(page, 400)
    over = line_at(stamped(page, left, 360), 400)
    assert over.height < 1.5 * whole.height
    assert over.left <= whole.left + 12
    assert over.right >= whole.right - 12


def test_a_signature_at_the_head_of_a_page_of_its_own_is_one() -> None:
    page = blank_page()
    write(page, "濮川市綦江源区体育局", (1200, 300), 50)
    for k in range(5):
        write(page, "2025年2月12日", (1200, 400 + 60 * k), 30)
    assert [r.label for r in text_regions(page, 5, [])] == ["signature"] * 6
    assert text_regions(page, 1, [])[0].label == "title"
