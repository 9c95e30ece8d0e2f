"""Seal ink, negatives and uneven light."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gikocr.preprocess.ink import dark_on_light, even_light, to_gray
from tests.drawing import blank_page, shaded, write

RED = (214, 40, 50)


def page_with_seal(ring: tuple[int, int, int] = RED) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """An RGB page with print under a seal, and where print and seal are."""
    gray = blank_page((900, 900))
    for y in range(250, 700, 60):
        write(gray, "某某区人民政府办公室", (450, y), 40)
    printed = gray < 90
    seal = np.zeros(gray.shape, np.uint8)
    cv2.circle(seal, (450, 450), 200, 255, 14)
    cv2.circle(seal, (450, 450), 60, 255, cv2.FILLED)
    page = np.dstack([gray] * 3)
    # Inks multiply: black under red stays black.
    share = (seal > 0)[..., None] * (np.array(ring) / 255.0 - 1.0) + 1.0
    return (page * share).astype(np.uint8), printed, seal > 0


@pytest.mark.parametrize("ring", [RED, (200, 60, 60), (230, 90, 80)], ids=["red", "dull", "pale"])
def test_a_red_seal_goes_and_black_under_it_stays(ring: tuple[int, int, int]) -> None:
    page, printed, seal = page_with_seal(ring)
    gray = to_gray(page)
    far = cv2.dilate((seal | printed).astype(np.uint8), np.ones((9, 9))) == 0
    np.testing.assert_array_equal(gray[far], cv2.cvtColor(page, cv2.COLOR_RGB2GRAY)[far], "nothing else changes")
    inner = cv2.erode((seal & ~printed).astype(np.uint8), np.ones((3, 3))) > 0
    assert np.percentile(gray[inner], 5) > 190, "seal ink becomes paper"
    assert np.percentile(gray[printed], 98) < 120, "print under it stays dark"


def test_a_page_without_red_has_no_seal() -> None:
    page, _, _ = page_with_seal((255, 255, 255))
    gray = to_gray(page)
    np.testing.assert_array_equal(gray, cv2.cvtColor(page, cv2.COLOR_RGB2GRAY))


@pytest.mark.parametrize("ink", [(40, 60, 200), (30, 120, 60)], ids=["blue", "green"])
def test_other_inks_are_print(ink: tuple[int, int, int]) -> None:
    page, _, seal = page_with_seal(ink)
    assert np.median(to_gray(page)[seal]) < 130


def test_grey_pages_pass_as_they_are() -> None:
    gray = blank_page((30, 20))
    assert to_gray(gray) is gray


def test_negatives_are_inverted_and_ordinary_pages_are_not() -> None:
    page = blank_page((600, 800))
    write(page, "总计", (300, 400), 60)
    np.testing.assert_array_equal(dark_on_light(255 - page), page)
    np.testing.assert_array_equal(dark_on_light(page), page)
    dim = (page * 0.5).astype(np.uint8)
    np.testing.assert_array_equal(dark_on_light(dim), dim)


@pytest.mark.parametrize("darkest", [0.9, 0.6, 0.4])
def test_shade_becomes_white_paper(darkest: float) -> None:
    page = blank_page((1000, 1400))
    for y in range(100, 1300, 60):
        write(page, "政府信息公开工作年度报告", (500, y), 34)
    even = even_light(shaded(page, darkest))
    assert np.percentile(even[page == 255], 1) > 215
    assert np.percentile(even[page < 60], 95) < 150


def test_a_shaded_head_of_a_table_becomes_white_and_keeps_its_words() -> None:
    page = blank_page((1000, 1400))
    page[300:380, 100:900] = 190
    write(page, "申请人情况", (500, 340), 30)
    even = even_light(page)
    assert np.percentile(even[302:378, 102:898], 50) > 215
    assert even[310:370, 400:600].min() < 110


@given(st.integers(1, 300), st.integers(1, 300), st.integers(0, 255))
def test_even_light_takes_any_size_and_brightness(width: int, height: int, paper: int) -> None:
    even = even_light(np.full((height, width), paper, np.uint8))
    assert even.shape == (height, width) and even.dtype == np.uint8
    assert (even == even[0, 0]).all()
