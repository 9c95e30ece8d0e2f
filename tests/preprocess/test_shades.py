"""Flat shades become paper with their rims, print under them stays; dense print, dark bars and shadows at the edge are none."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from gikocr.preprocess.shades import without_shades
from tests.drawing import PAGE, Ruled, blank_page, write

TABLE = Ruled(rows=[60] * 6, cols=[300, *[150] * 6])
PAPER = 250


def page_of(seed: int = 3, grain: float = 4.0) -> np.ndarray:
    page = blank_page(paper=PAPER)
    TABLE.draw(page)
    for r in range(6):
        for c in range(7):
            x0, y0, x1, y1 = TABLE.box(r, r + 1, c, c + 1)
            write(page, "其他对外管理" if c == 0 else str(10 * r + c), ((x0 + x1) / 2, (y0 + y1) / 2))
    for k in range(20):
        write(page, "行政机关主动公开政府信息情况" * 3, (827, 1000 + 45 * k), 26)
    noise = np.random.default_rng(seed).normal(0, grain, page.shape)
    return np.clip(page + noise, 0, 255).astype(np.uint8)


def marked(
    page: np.ndarray, by: int, start: tuple[int, int] = (400, 330), end: tuple[int, int] = (900, 338)
) -> np.ndarray:
    shade = np.zeros_like(page)
    cv2.line(shade, start, end, (by,), 44, cv2.LINE_AA)
    return cv2.subtract(page, shade)


@pytest.mark.parametrize("by", [12, 30, 60])
def test_a_markers_stroke_becomes_paper_and_print_under_it_stays(by: int) -> None:
    page = page_of()
    mended = without_shades(marked(page, by))
    inside = (slice(315, 350), slice(420, 880))
    paper = page[inside] > 220
    assert abs(float(np.median(mended[inside][paper])) - PAPER) <= 4
    ink = page[inside] < 60
    assert float(np.percentile(mended[inside][ink], 90)) < 90


@pytest.mark.parametrize("by", [20, 45])
def test_the_rims_of_a_stroke_go_with_it(by: int) -> None:
    mended = without_shades(marked(page_of(), by))
    rows = np.median(mended[303:352, 420:880], axis=1)
    assert float(rows.min()) > PAPER - by / 2
    assert float(rows.max()) <= 255


def test_a_page_without_shades_is_left_as_it_is() -> None:
    page = page_of()
    assert without_shades(page) is page


def test_a_black_bar_still_hides_what_is_under_it() -> None:
    page = page_of()
    cv2.rectangle(page, (420, 315), (860, 350), (20,), cv2.FILLED)
    assert float(np.median(without_shades(page)[320:345, 430:850])) < 60


def test_the_shadow_of_a_scanners_edge_is_left_to_those_who_know_it() -> None:
    page = page_of()
    page[:30] = np.minimum(page[:30], 180)
    assert float(np.median(without_shades(page)[5:25])) < 200
    assert page.shape == (PAGE[1], PAGE[0])
