"""Every step of preprocessing with its map back to the page that a viewer shows."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gikocr.elements import Page
from gikocr.geometry import Affine, BBox
from gikocr.preprocess.skew import find_skew
from gikocr.preprocess.upright import LEAST_SKEW, make_upright, resize_to_working, straighten, turn
from gikocr.settings import Settings
from tests.drawing import PAGE, Ruled, blank_page, shaded, turned_by, write


def drawn_page() -> np.ndarray:
    page = blank_page()
    for k, y in enumerate(range(200, 900, 50)):
        write(page, "本报告由区人民政府办公室按照条例编制，全文包括总体情况等六个部分"[k % 5 :], (827, y), 30)
    Ruled(rows=[56] * 12, cols=[300, *[150] * 6], top=1000).draw(page)
    return page


DRAWN = drawn_page()
MARK = (400, 1850, 440, 1880)
"""Left, top, right, bottom of a black block on an otherwise quiet place of the page."""


def page_of(image: np.ndarray, **changes: object) -> Page:
    height, width = image.shape[:2]
    known = {"number": 1, "part": 0, "part_page": 1, "width": width, "height": height, "unit": "px", "image": image}
    return Page(**{**known, "to_view": Affine(), "dpi": None, **changes})  # type: ignore[arg-type]


@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from([0, 90, 180, 270]), st.integers(0, 10**6), st.booleans())
def test_turn_maps_every_pixel_back_to_its_source(
    width: int, height: int, degrees: int, seed: int, colour: bool
) -> None:
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 256, (height, width, 3) if colour else (height, width), dtype=np.uint8)
    turned, back = turn(image, degrees)
    assert turned.shape[:2] == ((width, height) if degrees in (90, 270) else (height, width))
    for y in range(turned.shape[0]):
        for x in range(turned.shape[1]):
            source_x, source_y = back.apply(x, y)
            assert (source_x, source_y) == (round(source_x), round(source_y))
            assert (turned[y, x] == image[round(source_y), round(source_x)]).all()


def test_turn_is_clockwise() -> None:
    image = np.zeros((2, 3), np.uint8)
    image[0, 0] = 255
    assert turn(image, 90)[0][0, -1] == 255
    assert turn(image, 180)[0][-1, -1] == 255
    assert turn(image, 270)[0][-1, 0] == 255


@pytest.mark.parametrize("degrees", [1, -90, 360, 45])
def test_other_turns_are_refused(degrees: int) -> None:
    with pytest.raises(ValueError, match="0, 90, 180 or 270"):
        turn(np.zeros((2, 2), np.uint8), degrees)


@pytest.mark.parametrize("size", [(1654, 2339), (827, 1170), (3308, 4678), (5000, 2000), (300, 200), (1, 1), (1, 4000)])
def test_resize_brings_the_longer_side_near_the_working_size_and_maps_back(size: tuple[int, int]) -> None:
    image = np.full((size[1], size[0]), 255, np.uint8)
    x, y = size[0] // 3, size[1] // 4
    half = max(0, min(size) // 40)
    image[y - half : y + half + 1, x - half : x + half + 1] = 0
    resized, back = resize_to_working(image, 200)
    longest = max(resized.shape)
    assert longest <= 2339 * 1.13
    assert longest >= min(0.79 * 2339, 2 * max(size) - 1)
    ys, xs = np.nonzero(resized < 128)
    if len(xs):
        weights = 255.0 - resized[ys, xs]
        found = back.apply(float(np.average(xs, weights=weights)), float(np.average(ys, weights=weights)))
        assert found == pytest.approx((x, y), abs=0.6)


@settings(max_examples=12, deadline=None, derandomize=True)
@given(st.floats(-9.8, 9.8))
def test_skew_is_found_within_a_tenth_of_a_degree(angle: float) -> None:
    assert find_skew(turned_by(DRAWN, angle), Settings().max_skew) == pytest.approx(angle, abs=0.1)


@pytest.mark.parametrize("angle", [-10.0, -9.0, -8.0, 8.0, 9.0, 10.0])
def test_a_page_that_lies_far_askew_is_straightened(angle: float) -> None:
    upright = make_upright(page_of(turned_by(DRAWN, angle)), Settings())
    assert upright.skew == pytest.approx(angle, abs=0.1)
    assert abs(find_skew(upright.gray, 10.0)) < 0.1


@pytest.mark.parametrize("angle", [-6.5, -0.21, 0.0, 3.3, 6.9])
def test_a_wider_search_finds_the_same_smaller_skew(angle: float) -> None:
    page = turned_by(DRAWN, angle)
    assert find_skew(page, 10.0) == pytest.approx(find_skew(page, 7.0), abs=1e-9)


@pytest.mark.parametrize("page", [blank_page(), blank_page(paper=0), blank_page((1, 1)), blank_page((5, 2000))])
def test_pages_without_print_have_no_skew(page: np.ndarray) -> None:
    assert find_skew(page, 7.0) == 0.0


@pytest.mark.parametrize("angle", [-7.0, -2.0, 0.3, 5.0])
def test_straighten_takes_the_skew_out_and_fills_with_paper(angle: float) -> None:
    skewed = turned_by(DRAWN, angle)
    straight, back = straighten(skewed, angle)
    assert straight.shape == skewed.shape
    assert abs(find_skew(straight, 7.0)) < 0.1
    assert int(straight[0, 0]) > 200 and int(straight[-1, -1]) > 200
    x, y = back.apply(0.0, 0.0)
    assert Affine.rotation(-angle, ((PAGE[0] - 1) / 2, (PAGE[1] - 1) / 2)).apply(x, y) == pytest.approx(
        (0, 0), abs=1e-6
    )


def test_a_skew_below_what_shows_is_left_alone() -> None:
    straight, back = straighten(DRAWN, LEAST_SKEW / 2)
    assert straight is DRAWN and back == Affine()


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
@pytest.mark.parametrize("scale", [0.6, 1.0, 1.9])
@pytest.mark.parametrize("angle", [0.0, -3.3, 2.0])
def test_the_whole_way_back_to_the_view(turned: int, scale: float, angle: float) -> None:
    """A block drawn on the page is found on the upright page; its box maps back onto the block within 1.5 px of 200 dpi."""
    left, top, right, bottom = MARK
    page = blank_page()
    Ruled(rows=[56] * 12, cols=[300, *[150] * 6], top=1000).draw(page)
    skewed = turned_by(page, angle)
    middle = Affine.rotation(angle, ((PAGE[0] - 1) / 2, (PAGE[1] - 1) / 2)).apply(
        (left + right) / 2, (top + bottom) / 2
    )
    cx, cy = round(middle[0]), round(middle[1])
    skewed[cy - 15 : cy + 16, cx - 20 : cx + 21] = 0
    # The scanner delivers it at another resolution and lying on its side.
    source, _ = turn(skewed, (360 - turned) % 360)
    height, width = source.shape
    source = cv2.resize(source, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
    view = Affine.scaling(72 / (200 * scale))
    # Frames of views begin at a pixel's corner, pictures at its middle; half a pixel is within what is asked.
    upright = make_upright(
        page_of(source, to_view=view, unit="pt", width=source.shape[1] * view.a, height=source.shape[0] * view.e),
        Settings(),
        turned,
    )
    ys, xs = np.nonzero(block_of(upright.gray))
    box = BBox(float(xs.min()), float(ys.min()), float(xs.max()), float(ys.max()))
    found = upright.to_view.apply_bbox(box).bbox.center
    wanted_ys, wanted_xs = np.nonzero(block_of(source))
    wanted = view.apply((wanted_xs.min() + wanted_xs.max()) / 2, (wanted_ys.min() + wanted_ys.max()) / 2)
    pixel = 72 / 200
    assert found == pytest.approx(wanted, abs=1.5 * pixel)
    assert upright.turned == turned
    assert upright.skew == pytest.approx(angle, abs=0.1)
    assert upright.view_size == (source.shape[1] * view.a, source.shape[0] * view.e)


def block_of(image: np.ndarray) -> np.ndarray:
    """Where the solid block stands: what an erosion wider than a line leaves, grown back."""
    side = max(3, round(max(image.shape) / 2339 * 15)) | 1
    dark = (image < 110).astype(np.uint8)
    return cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((side, side), np.uint8)) > 0


def test_a_straight_page_is_not_resampled() -> None:
    assert find_skew(DRAWN, 7.0) == pytest.approx(0.0, abs=LEAST_SKEW)
    assert make_upright(page_of(DRAWN), Settings()).skew == pytest.approx(0.0, abs=LEAST_SKEW)


def test_a_shaded_page_is_made_even_and_keeps_its_print() -> None:
    upright = make_upright(page_of(shaded(DRAWN, 0.5)), Settings())
    assert np.percentile(upright.gray[DRAWN > 250], 2) > 225
    assert np.percentile(upright.gray[DRAWN < 60], 98) < 140


def test_a_negative_becomes_dark_on_light() -> None:
    upright = make_upright(page_of(255 - DRAWN), Settings())
    assert np.median(upright.gray) > 230
    assert np.percentile(upright.gray[DRAWN < 60], 98) < 140


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (2, 2), (17, 9)])
@pytest.mark.parametrize("colour", [False, True])
def test_tiny_pages_pass(size: tuple[int, int], colour: bool) -> None:
    image = blank_page(size)
    upright = make_upright(page_of(np.dstack([image] * 3) if colour else image), Settings(), 90)
    assert upright.gray.dtype == np.uint8 and upright.gray.ndim == 2


@pytest.mark.parametrize("angle", [-1.8, 2.0])
def test_a_dark_stamp_askew_does_not_turn_a_page_of_pale_print(angle: float) -> None:
    page = blank_page((1654, 2339))
    for k in range(40):
        write(page, "规范性文件数量及本年新制作数量对外公开总数量", (800, 320 + 46 * k), 26, 205)
    turned = turned_by(page, angle)
    stamp = np.full((170, 420), 255, np.uint8)
    cv2.rectangle(stamp, (30, 30), (390, 140), (30,), 6)
    cv2.line(stamp, (30, 66), (390, 66), (30,), 6)
    askew = turned_by(stamp, -5.0)
    turned[100:270, 1000:1420] = np.minimum(turned[100:270, 1000:1420], askew)
    straight = find_skew(turned_by(page, angle), 7.0)
    assert abs(find_skew(turned, 7.0) - straight) < 0.3


@pytest.mark.parametrize("angle", [-2.6, 3.1])
def test_the_shadow_of_a_lid_does_not_keep_a_page_of_pale_print_askew(angle: float) -> None:
    page = blank_page((1654, 2339))
    for k in range(12):
        write(page, "规范性文件数量及本年新制作数量对外公开总数量", (800, 420 + 130 * k), 26, 215)
    turned = turned_by(page, angle)
    shade = np.clip(np.linspace(190, 0, 18), 0, 255).astype(np.uint8)[:, None]
    turned[:18] = cv2.subtract(turned[:18], np.broadcast_to(shade, (18, turned.shape[1])).copy())
    turned[-18:] = cv2.subtract(turned[-18:], np.broadcast_to(shade[::-1], (18, turned.shape[1])).copy())
    assert abs(find_skew(turned, 10.0) - find_skew(turned_by(page, angle), 10.0)) < 0.2
