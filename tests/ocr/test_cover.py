"""How much of a value's place foreign ink covers: golden crops with marks over figures, and cells on which nothing foreign lies."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from gikocr.elements import Grid
from gikocr.geometry import BBox
from gikocr.ocr.cells import GridInk
from gikocr.ocr.cover import LEAST_SIDE, bare_window, covered_share
from gikocr.ocr.ink import find_ink
from gikocr.ocr.windows import Look, in_paler_ink, is_cut_off, look_at
from gikocr.preprocess.ink import even_light
from tests.drawing import blank_page, write

CELL = BBox(300, 100, 500, 160)
MIDDLE = (400, 130)
HEIGHT = 20.0


def page_of(text: str, size: int = 28) -> np.ndarray:
    page = blank_page((800, 300))
    write(page, "行政处罚决定", (150, 250), 28)
    if text:
        write(page, text, MIDDLE, size)
    return page


def look_of(page: np.ndarray, lines: np.ndarray | None = None, cell: BBox = CELL) -> Look:
    mask = np.zeros_like(page) if lines is None else lines
    found = GridInk(Grid(1, cell, (), (), ()), find_ink(page, mask, mask), (), HEIGHT)
    return look_at(found, in_paler_ink(found), cell)


def seal(page: np.ndarray) -> None:
    """An arc of a round seal, grey as a black-and-white copy shows it, through the cell and the one below."""
    cv2.circle(page, (MIDDLE[0] + 110, MIDDLE[1] + 20), 112, (90,), 12, cv2.LINE_AA)


def scribble(page: np.ndarray) -> None:
    points = [(MIDDLE[0] - 26 + 5 * k, MIDDLE[1] + (18 if k % 2 else -18)) for k in range(11)]
    cv2.polylines(page, [np.array(points, np.int32)], False, (40,), 5, cv2.LINE_AA)


def blot(page: np.ndarray) -> None:
    cv2.ellipse(page, MIDDLE, (24, 17), 0, 0, 360, (30,), cv2.FILLED)


def bar(page: np.ndarray) -> None:
    cv2.rectangle(page, (MIDDLE[0] - 160, MIDDLE[1] - 16), (MIDDLE[0] + 40, MIDDLE[1] + 16), (60,), cv2.FILLED)


@pytest.mark.parametrize("mark", [seal, scribble, blot, bar])
@pytest.mark.parametrize("text", ["12", "8", ""])
def test_what_lies_over_a_value_covers_it(mark: object, text: str) -> None:
    page = page_of(text)
    assert callable(mark)
    mark(page)
    assert covered_share(look_of(page)) > 0.25


def test_more_ink_covers_more() -> None:
    shares = []
    for reach in (4, 10, 20, 40):
        page = page_of("88")
        cv2.rectangle(page, (250, MIDDLE[1] - 18), (MIDDLE[0] - 20 + reach, MIDDLE[1] + 18), (30,), cv2.FILLED)
        shares.append(covered_share(look_of(page)))
    assert shares == sorted(shares)
    assert shares[-1] > 0.9


@pytest.mark.parametrize("text", ["", "0", "12", "1842", "3.50", "/", "-", "无", "见附件"])
def test_nothing_covers_a_clean_cell(text: str) -> None:
    assert covered_share(look_of(page_of(text))) == 0.0


@pytest.mark.parametrize("text", ["0", "638"])
def test_bold_figures_are_no_cover(text: str) -> None:
    page = page_of(text)
    assert covered_share(look_of(cv2.erode(page, np.ones((3, 3), np.uint8)))) < 0.05


def test_remnants_of_ruling_lines_cover_nothing() -> None:
    page = page_of("56")
    lines = np.zeros_like(page)
    for y in (100, 160):
        page[y - 1 : y + 2, 250:600] = 40
        lines[y : y + 1, 250:560] = 255
    for x in (300, 500):
        page[100:160, x - 1 : x + 2] = 40
        lines[110:150, x : x + 1] = 255
    assert covered_share(look_of(page, lines)) == 0.0


@pytest.mark.parametrize("shade", [150, 200, 235])
def test_a_shaded_cell_is_not_covered(shade: int) -> None:
    page = blank_page((800, 600))
    page[80:400, 200:700] = shade
    write(page, "27", MIDDLE, 28)
    assert covered_share(look_of(even_light(page))) == 0.0


def test_a_tick_beside_a_value_does_not_cover_it() -> None:
    page = page_of("46")
    cv2.line(page, (460, 80), (470, 180), (40,), 3)
    assert covered_share(look_of(page)) == 0.0


def test_a_cell_without_room_has_no_window_and_no_cover() -> None:
    page = page_of("5")
    look = look_of(page, cell=BBox(398, 128, 402, 132))
    assert covered_share(look) == 0.0
    assert bare_window(look) is None


def test_a_bare_window_shows_figures_and_stroke_as_they_are() -> None:
    page = page_of("12")
    seal(page)
    window = bare_window(look_of(page))
    assert window is not None and min(window.shape) >= LEAST_SIDE
    top, left = next(
        (y, x)
        for y in range(100, 160)
        for x in range(300, 500)
        if np.array_equal(page[y : y + window.shape[0], x : x + window.shape[1]], window)
    )
    assert left < MIDDLE[0] - 14 and left + window.shape[1] > MIDDLE[0] + 14
    assert top < MIDDLE[1] - 10 and top + window.shape[0] > MIDDLE[1] + 10


@pytest.mark.parametrize(
    ("y", "cut"), [(MIDDLE[1], False), (CELL.top + 12, False), (CELL.bottom - 6, True), (CELL.top + 5, True)]
)
def test_what_is_low_and_lies_at_a_boundary_may_be_cut_off(y: float, cut: bool) -> None:
    page = page_of("")
    cv2.line(page, (MIDDLE[0] - 7, int(y)), (MIDDLE[0] + 7, int(y)), (40,), 3)
    assert is_cut_off(look_of(page)) == cut


def test_figures_and_blank_cells_are_not_cut_off() -> None:
    assert not is_cut_off(look_of(page_of("7")))
    assert not is_cut_off(look_of(page_of("")))
