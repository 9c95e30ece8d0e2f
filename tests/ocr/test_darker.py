"""Figures under paler ink are shown in their own ink alone; ink of one kind, and pale print beside dark dirt, are left as they are."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from gikocr.engines.numerals import build_onnx
from gikocr.geometry import BBox
from gikocr.ocr.darker import dark_print, darker_window, in_darker_ink
from gikocr.ocr.numerals import value_of
from tests.drawing import write
from tests.ocr.test_cover import CELL, MIDDLE, look_of, page_of


def with_seal(page: np.ndarray, grey: int) -> np.ndarray:
    """Strokes of a seal's letters across the value, drawn under it as ink on paper multiplies."""
    under = np.full_like(page, 255)
    x, y = MIDDLE
    for dx in (-26, -8, 12, 30):
        cv2.line(under, (x + dx, y - 26), (x + dx + 8, y + 26), (grey,), 7, cv2.LINE_AA)
    cv2.line(under, (x - 40, y - 4), (x + 44, y + 4), (grey,), 6, cv2.LINE_AA)
    return np.minimum(page, cv2.GaussianBlur(under, (0, 0), 0.8))


@pytest.mark.parametrize("text", ["12", "84", "376"])
def test_a_figure_under_a_grey_seal_is_read_in_its_darker_ink(text: str) -> None:
    page = with_seal(page_of(text), 105)
    window = darker_window(look_of(page))
    assert window is not None
    [read] = build_onnx().read([window])
    assert str(value_of(read.best.printed)) == text


@pytest.mark.parametrize("text", ["0", "12", ""])
def test_ink_of_one_kind_has_no_darker_one(text: str) -> None:
    assert darker_window(look_of(page_of(text))) is None


def test_a_seal_as_dark_as_print_is_not_taken_away() -> None:
    assert darker_window(look_of(with_seal(page_of("12"), 10))) is None


@pytest.mark.parametrize("text", ["12", "84", "376"])
def test_a_figure_that_hangs_together_with_paler_strokes_is_seen_without_them(text: str) -> None:
    page = with_seal(page_of(text), 125)
    found = look_of(page).found
    window = dark_print(found, in_darker_ink(found), CELL)
    assert window is not None
    [read] = build_onnx().read([window])
    assert str(value_of(read.best.printed)) == text


def test_where_only_pale_strokes_stand_beside_dark_print_nothing_is_seen() -> None:
    page = with_seal(page_of(""), 125)
    found = look_of(page, cell=BBox(0, 0, 800, 300)).found
    assert dark_print(found, in_darker_ink(found), CELL) is None


def test_a_pens_stroke_that_is_darker_than_a_figure_is_not_shown_for_it() -> None:
    page = page_of("")
    x, y = MIDDLE
    write(page, "19", MIDDLE, 28, 110)
    cv2.line(page, (x - 30, y + 18), (x + 30, y + 18), (10,), 5)
    found = look_of(page, cell=BBox(0, 0, 800, 300)).found
    assert dark_print(found, in_darker_ink(found), CELL) is None
