"""Which marks beside a number are left out: what is higher or paler than its figures, but no second number and no faint dash alone."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from gikocr.geometry import BBox
from gikocr.ocr.ink import CellInk, PageInk, cell_ink, find_ink
from gikocr.ocr.stray import without_pieces_of_rules, without_stray_marks
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


def lines_of(page: np.ndarray, pieces: list[tuple[int, int, int, int]]) -> np.ndarray:
    """The mask of a broken rule's pieces that were found, drawn on the page too."""
    mask = np.zeros_like(page)
    for x0, y0, x1, y1 in pieces:
        mask[y0:y1, x0:x1] = 255
        page[y0:y1, x0:x1] = PRINT
    return mask


def with_rule(stroke: tuple[int, int, int, int], pieces: list[tuple[int, int, int, int]]) -> CellInk:
    page = page_of("")
    mask = lines_of(page, pieces)
    x0, y0, x1, y1 = stroke
    page[y0:y1, x0:x1] = PRINT
    ink = find_ink(page, mask, mask)
    content = cell_ink(ink, CELL, HEIGHT)
    assert content.box is not None
    return without_pieces_of_rules(ink, content, HEIGHT)


@pytest.mark.parametrize(
    ("stroke", "pieces"),
    [
        ((300, 140, 304, 158), [(300, 20, 304, 95), (299, 205, 303, 290)]),
        ((300, 148, 325, 152), [(120, 149, 200, 152), (360, 148, 450, 151)]),
    ],
)
def test_a_stroke_in_line_with_a_broken_rule_is_a_piece_of_it(
    stroke: tuple[int, int, int, int], pieces: list[tuple[int, int, int, int]]
) -> None:
    kept = with_rule(stroke, pieces)
    assert kept.box is None
    assert kept.dirt > 0.0, "and leaves its doubt"


@pytest.mark.parametrize("stroke", [(315, 140, 319, 158), (300, 162, 325, 166)])
def test_a_stroke_beside_the_line_of_a_rule_is_print(stroke: tuple[int, int, int, int]) -> None:
    assert with_rule(stroke, [(300, 20, 304, 95), (299, 205, 303, 290), (120, 149, 200, 152)]).box is not None


def test_a_dash_between_lines_of_its_cell_is_print() -> None:
    """The rules of its cell's sides cross its line, but they do not run along it."""
    sides = [(100 + 90 * k, 20, 104 + 90 * k, 290) for k in range(7)]
    assert with_rule((300, 148, 325, 152), sides).box is not None


def test_figures_on_a_rule_stay_whole() -> None:
    page = page_of("")
    write(page, "14", (302, 150), 28)
    mask = np.zeros_like(page)
    mask[20:95, 295:299] = mask[205:290, 295:299] = 255
    ink = find_ink(page, mask, mask)
    content = cell_ink(ink, CELL, HEIGHT)
    assert without_pieces_of_rules(ink, content, HEIGHT) == content


@pytest.mark.parametrize("way", [-1, 1])
def test_a_stroke_that_reaches_beyond_the_figures_beside_it_is_no_one(way: int) -> None:
    page = page_of("4")
    bare, whole = seen(page)[1], page.copy()
    x, (top, bottom) = round(bare.box.right) + 5, (round(bare.box.top), round(bare.box.bottom))  # type: ignore[union-attr]
    cv2.line(whole, (x, top), (x, bottom), (PRINT,), 3)
    ink, content = seen(whole)
    assert len(content.parts) == 2
    assert without_stray_marks(ink, content, HEIGHT) == content, "it stands level with the figure: a 1 without flag"
    tall = bottom - top
    cv2.line(page, (x, top + way * tall // 2), (x, bottom + way * tall // 2), (PRINT,), 3)
    ink, content = seen(page)
    assert len(content.parts) == 2
    kept = without_stray_marks(ink, content, HEIGHT)
    assert kept.box == bare.box
    assert kept.dirt > 0


def test_what_the_mask_of_lines_hides_of_a_stroke_counts_too() -> None:
    page = page_of("4")
    bare = seen(page)[1].box
    assert bare is not None
    x, top, bottom = round(bare.right) + 5, round(bare.top), round(bare.bottom)
    cv2.line(page, (x, top), (x, bottom + (bottom - top) // 2), (PRINT,), 3)
    mask = np.zeros_like(page)
    mask[bottom:] = 255  # a boundary was taken to run along the figure's foot
    ink = find_ink(page, mask, mask)
    content = cell_ink(ink, CELL, HEIGHT)
    assert len(content.parts) == 2
    kept = without_stray_marks(ink, content, HEIGHT)
    assert len(kept.parts) == 1
    assert kept.box is not None
    assert kept.box.right < x - 2
