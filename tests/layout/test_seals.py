"""Seals as grey as print, and the strips in which lines run through them."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gikocr.elements import TextLine
from gikocr.geometry import BBox
from gikocr.layout.seals import STRIP, large_marks, strips_across
from gikocr.layout.textlines import find_text_lines
from gikocr.pipeline.metadata import _most_say
from tests.drawing import Ruled, blank_page, write

SIGNATURE = (1100, 900)
"""Middle of the line that the seal crosses."""


def sealed(radius: int = 160, grey: int = 120) -> np.ndarray:
    page = blank_page()
    for k in range(6):
        write(page, "本年度未收取政府信息公开信息处理费无其他需要报告的事项", (800, 300 + 60 * k), 30)
    write(page, "望川市青石县人民政府", SIGNATURE, 30)
    ring = np.full_like(page, 255)
    cv2.circle(ring, (1180, 920), radius, (grey,), 7, cv2.LINE_AA)
    return np.minimum(page, ring)


def test_the_ring_of_a_seal_swallows_no_line() -> None:
    [line] = [b for b in find_text_lines(sealed(), []) if b.top < SIGNATURE[1] < b.bottom]
    assert line.height < 60
    assert (line.left, line.right) == pytest.approx((950, 1250), abs=25)


def test_strips_run_through_a_seal_over_the_line_that_it_crosses() -> None:
    page = sealed()
    [mark] = large_marks(page)
    assert mark.left < 1030 and mark.right > 1330
    strips = strips_across(mark, 32.0, float(page.shape[1]))
    whole = [s for s in strips if s.top <= SIGNATURE[1] - 15 and s.bottom >= SIGNATURE[1] + 15]
    assert whole
    assert all(s.left < 940 and s.right > 1260 for s in whole)


@pytest.mark.parametrize("radius", [30, 420])
def test_what_is_no_seal_s_size_is_none(radius: int) -> None:
    assert large_marks(sealed(radius)) == []


def test_tables_and_text_are_no_seals() -> None:
    page = blank_page()
    Ruled(rows=[60] * 12, cols=[400, 200, 200]).draw(page)
    for k in range(8):
        write(page, "本年度未收取政府信息公开信息处理费", (800, 1300 + 60 * k), 30)
    assert large_marks(page) == []


@given(st.floats(0, 1200), st.floats(100, 2000), st.floats(120, 450), st.floats(120, 400), st.floats(20, 60))
def test_strips_overlap_and_stay_on_the_page(left: float, top: float, w: float, h: float, height: float) -> None:
    strips = strips_across(BBox(left, top, left + w, top + h), height, 1654.0)
    assert all(0 <= s.left <= left and s.right <= 1654.0 and s.height == pytest.approx(STRIP * height) for s in strips)
    assert all(b.top < a.bottom for a, b in itertools.pairwise(strips))
    assert strips[0].top < top and strips[-1].bottom >= top + h


def test_most_strips_decide_and_few_of_them_are_less_sure() -> None:
    box = BBox(0.0, 0.0, 10.0, 10.0)
    group = [TextLine(1, t, box, s) for t, s in (("摩集镇", 0.96), ("糜集镇", 0.9), ("糜集镇", 0.98), ("集镇", 0.99))]
    best = _most_say(group)
    assert best.text == "糜集镇"
    assert best.score == pytest.approx(0.98 * 0.75)
    assert _most_say(group[1:3]).score == pytest.approx(0.98)
