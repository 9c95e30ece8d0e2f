"""What counts as the print of a cell, and strokes told by their shape."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from gikocr.geometry import BBox
from gikocr.ocr.ink import PageInk, cell_ink, fainter_ink, find_ink, shows_print
from gikocr.ocr.marks import stroke_of
from gikocr.ocr.stray import without_stray_marks
from tests.drawing import blank_page, write

CELL = BBox(100, 100, 700, 200)
HEIGHT = 20.0


def ink_of(page: np.ndarray) -> PageInk:
    nothing = np.zeros_like(page)
    return find_ink(page, nothing, nothing)


def page_of(text: str = "", ink: int = 40, at: tuple[float, float] = (400, 150), size: int = 28) -> np.ndarray:
    page = blank_page((800, 300))
    write(page, "行政处罚决定", (200, 260), 28)
    if text:
        write(page, text, at, size, ink)
    return page


def test_a_speck_far_from_a_number_is_left_out() -> None:
    page = page_of("1842")
    cv2.circle(page, (640, 155), 4, (40,), cv2.FILLED)
    ink = ink_of(page)
    content = cell_ink(ink, CELL, HEIGHT)
    kept = without_stray_marks(ink, content, HEIGHT)
    assert content.box is not None and kept.box is not None
    assert content.box.right > 630
    assert kept.box.right < 500
    assert kept.dirt > content.dirt


@pytest.mark.parametrize("number", ["0", "24", "1842"])
@pytest.mark.parametrize("lean", [0, 3])
def test_a_tick_far_from_a_number_is_left_out(number: str, lean: int) -> None:
    page = page_of(number)
    cv2.line(page, (240, 148), (240 + lean, 120), (60,), 2)
    ink = ink_of(page)
    content = cell_ink(ink, CELL, HEIGHT)
    kept = without_stray_marks(ink, content, HEIGHT)
    assert content.box is not None and kept.box is not None
    assert content.box.left < 250 < kept.box.left
    assert kept.dirt > content.dirt


@pytest.mark.parametrize("number", ["1", "11", "1 1", "/"])
def test_strokes_without_any_other_figure_stay(number: str) -> None:
    ink = ink_of(page_of(number))
    content = cell_ink(ink, CELL, HEIGHT)
    assert without_stray_marks(ink, content, HEIGHT) == content


@pytest.mark.parametrize("other", ["5", "25", "/"])
def test_a_figure_of_one_stroke_is_no_tick(other: str) -> None:
    """Two values run together in a cell that lost a line: none of them may go silently."""
    page = page_of("1", at=(250, 150))
    write(page, other, (550, 150), 28)
    ink = ink_of(page)
    content = cell_ink(ink, CELL, HEIGHT)
    assert without_stray_marks(ink, content, HEIGHT) == content


def test_two_numbers_of_one_height_both_stay() -> None:
    page = page_of("12", at=(250, 150))
    write(page, "34", (550, 150), 28)
    ink = ink_of(page)
    content = cell_ink(ink, CELL, HEIGHT)
    assert without_stray_marks(ink, content, HEIGHT) == content


@pytest.mark.parametrize(
    ("text", "stroke"), [("/", "/"), ("—", "-"), ("-", "-"), ("444", None), ("1", "|"), ("7", None), ("0", None)]
)
def test_strokes_are_told_by_their_shape(text: str, stroke: str | None) -> None:
    ink = ink_of(page_of(text))
    content = cell_ink(ink, CELL, HEIGHT)
    assert stroke_of(ink, content, HEIGHT) in ({stroke, None} if text == "1" else {stroke})


def test_bold_figures_that_touch_are_no_dash() -> None:
    page = page_of("24040")
    page[:] = cv2.erode(page, np.ones((5, 5), np.uint8))
    ink = ink_of(page)
    content = cell_ink(ink, CELL, HEIGHT)
    assert stroke_of(ink, content, HEIGHT) is None


def test_a_slash_that_broke_up_is_one() -> None:
    page = page_of()
    cv2.line(page, (396, 172), (412, 128), (60,), 2)
    page[140:143, 380:430] = 255
    page[157:160, 380:430] = 255
    ink = ink_of(page)
    content = cell_ink(ink, CELL, HEIGHT)
    assert stroke_of(ink, content, HEIGHT) == "/"


def test_a_dash_and_what_is_left_of_a_dashed_line_are_no_slash() -> None:
    page = page_of("—", at=(380, 150))
    page[118:121, 424:432] = page[118:121, 440:448] = 60
    ink = ink_of(page)
    content = cell_ink(ink, CELL, HEIGHT)
    assert stroke_of(ink, content, HEIGHT) != "/"


@pytest.mark.parametrize("text", ["—", "0", "17"])
def test_pale_print_is_seen_at_a_second_look(text: str) -> None:
    page = page_of(text, ink=188)
    ink = ink_of(page)
    paler = fainter_ink(ink)
    content = cell_ink(paler, CELL, HEIGHT)
    assert shows_print(paler, content, HEIGHT)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_noise_shows_no_print_at_a_second_look(seed: int) -> None:
    rng = np.random.default_rng(seed)
    page = np.clip(page_of() + rng.normal(-6, 9, (300, 800)), 0, 255).astype(np.uint8)
    paler = fainter_ink(ink_of(page))
    assert not shows_print(paler, cell_ink(paler, CELL, HEIGHT), HEIGHT)
