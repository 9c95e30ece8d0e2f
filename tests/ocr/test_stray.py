"""Which marks beside a number are left out: what is higher or paler than its figures, but no second number and no faint dash alone."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from gikocr.geometry import BBox
from gikocr.ocr.ink import CellInk, PageInk, cell_ink, find_ink
from gikocr.ocr.stray import without_stray_marks
from tests.drawing import blank_page, write

CELL = BBox(100, 100, 700, 200)
HEIGHT = 20.0
PRINT = 40
NUMBER = (640, 150)


def page_of(text: str, ink: int = PRINT) -> np.ndarray:
    page = blank_page((800, 300))
    write(page, "行政处罚决定", (200, 260), 28)
    if text:
        write(page, text, NUMBER, 28, ink)
    return page


def with_arc(page: np.ndarray, grey: int, height: int) -> np.ndarray:
    """A stroke as of a seal in the middle of the cell, paler than black print."""
    cv2.ellipse(page, (330, 150), (60, height // 2), 0, 120, 240, (grey,), 7, cv2.LINE_AA)
    return page


def seen(page: np.ndarray) -> tuple[PageInk, CellInk]:
    nothing = np.zeros_like(page)
    ink = find_ink(page, nothing, nothing)
    return ink, cell_ink(ink, CELL, HEIGHT)


@pytest.mark.parametrize("number", ["0", "24"])
@pytest.mark.parametrize(("grey", "height"), [(150, 26), (140, 24), (60, 56), (130, 60)])
def test_what_is_paler_or_higher_than_the_figures_beside_it_is_left_out(number: str, grey: int, height: int) -> None:
    ink, content = seen(with_arc(page_of(number), grey, height))
    kept = without_stray_marks(ink, content, HEIGHT)
    assert content.box is not None and kept.box is not None
    assert content.box.left < 300 < 600 < kept.box.left
    assert kept.dirt > content.dirt


def test_without_a_figure_beside_it_a_high_pale_mark_stays() -> None:
    """Nothing tells what it is but the reader."""
    ink, content = seen(with_arc(page_of(""), 150, 60))
    assert without_stray_marks(ink, content, HEIGHT) == content


def test_of_two_numbers_the_paler_one_stays_while_it_is_print_too() -> None:
    page = page_of("34")
    write(page, "12", (250, 150), 28, PRINT + 60)
    ink, content = seen(page)
    assert without_stray_marks(ink, content, HEIGHT) == content


def test_a_stroke_beside_a_high_mark_is_no_tick() -> None:
    """The mark is no figure that it could stand beside, so the stroke may be a 1: it must not go with it."""
    page = with_arc(page_of(""), 60, 60)
    cv2.line(page, (600, 138), (600, 162), (PRINT,), 3)
    ink, content = seen(page)
    kept = without_stray_marks(ink, content, HEIGHT)
    assert kept.box is not None and kept.box.left > 590
