"""Two pages on one picture are parted where they meet; single pages that lie on their side stay whole."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gikocr.elements import Page, UprightPage
from gikocr.geometry import Affine
from gikocr.preprocess.spread import find_gutter, left_edge, pages_of, shown_number, side_by_side
from tests.drawing import blank_page, noisy, write

HEIGHT, WIDTH = 1640, 1160


def table_page(lines: int = 20, margin: int = 130) -> np.ndarray:
    page = blank_page((WIDTH, HEIGHT))
    for k in range(lines):
        y = 200 + 60 * k
        page[y : y + 2, margin : WIDTH - margin] = 50
        write(page, "予以公开", (margin + 90, y + 30))
        write(page, "12", (WIDTH - margin - 60, y + 30))
    page[200 : 202 + 60 * lines, margin : margin + 2] = 50
    page[200 : 202 + 60 * lines, WIDTH - margin - 2 : WIDTH - margin] = 50
    return page


def spread(left: np.ndarray, right: np.ndarray, shade: float = 0.0) -> np.ndarray:
    both = np.hstack([left, right])
    away = np.abs(np.arange(both.shape[1]) - left.shape[1]) / (0.05 * left.shape[1])
    return (both * (1 - shade * np.exp(-away))[None, :]).astype(np.uint8)


def page_of(image: np.ndarray) -> Page:
    height, width = image.shape[:2]
    return Page(3, 0, 3, width / 2, height / 2, "pt", image, Affine(0.5, 0, 0, 0, 0.5, 0), 144.0)


@settings(max_examples=25, deadline=None)
@given(st.integers(3, 22), st.integers(3, 22), st.floats(0, 0.5), st.floats(-1.5, 1.5))
def test_the_gutter_lies_between_the_prints(left: int, right: int, shade: float, angle: float) -> None:
    picture = noisy(spread(table_page(left), table_page(right), shade), 4.0)
    turn = cv2.getRotationMatrix2D((WIDTH, HEIGHT / 2), angle, 1.0)
    turned = np.asarray(cv2.warpAffine(picture, turn, picture.shape[::-1], borderValue=(255,)), np.uint8)
    gutter = find_gutter(turned)
    assert gutter is not None
    assert abs(gutter - WIDTH) < 100


def test_edges_of_the_scanner_bed_hide_no_gutter() -> None:
    picture = spread(table_page(), table_page(12), 0.3)
    picture[:20] = 30
    picture[-25:] = 60
    assert find_gutter(picture) is not None


@pytest.mark.parametrize(
    "picture",
    [
        np.full((1160, 1640), 245, np.uint8),
        np.ascontiguousarray(table_page().T),
        table_page(),
        blank_page((2000, 900)),
    ],
    ids=["blank", "page on its side", "upright page", "strip"],
)
def test_other_pictures_have_none(picture: np.ndarray) -> None:
    assert find_gutter(picture) is None


def test_a_wide_table_on_a_wide_page_is_left_whole() -> None:
    page = blank_page((1640, 1160))
    for k in range(4):
        page[300 + 80 * k : 302 + 80 * k, 100:1540] = 60
    write(page, "政府信息公开行政复议、行政诉讼情况", (820, 200))
    assert find_gutter(page) is None
    assert [p.half_of for p in pages_of(page_of(page), 9)] == [None]


def test_places_of_both_pages_lead_back_to_the_picture() -> None:
    picture = spread(table_page(), table_page())
    left, right = pages_of(page_of(picture), 9)
    assert (left.number, right.number) == (3, 12)
    assert left.half_of == right.half_of == 3
    assert np.array_equal(np.hstack([left.image, right.image]), picture)
    cut = left.image.shape[1]
    assert right.to_view.apply(10.0, 20.0) == pytest.approx(((cut + 10) / 2, 10))
    assert left.to_view.apply(10.0, 20.0) == pytest.approx((5, 10))


def test_the_second_page_lies_right_of_the_first() -> None:
    def upright(number: int, half_of: int | None) -> UprightPage:
        gray = np.full((40, 30), 255, np.uint8)
        return UprightPage(number, gray, Affine(), "px", (30, 40), 0, 0.0, half_of)

    assert [(shown_number(p), left_edge(p)) for p in (upright(2, None), upright(2, 2), upright(7, 2))] == [
        (2, 0),
        (2, 0),
        (2, 40),
    ]


def test_pictures_of_both_pages_become_one() -> None:
    one = bytes(cv2.imencode(".png", np.full((10, 20, 3), 90, np.uint8))[1])
    other = bytes(cv2.imencode(".png", np.full((14, 30, 3), 40, np.uint8))[1])
    assert side_by_side([one]) == one
    both = cv2.imdecode(np.frombuffer(side_by_side([one, other]), np.uint8), cv2.IMREAD_COLOR)
    assert both.shape == (14, 50, 3)
