"""Framed stamps are taken off a page; tables, their values and what is framed level stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gikocr.geometry import BBox
from gikocr.preprocess.frames import find_frames
from gikocr.preprocess.skew import find_skew
from gikocr.preprocess.stamps import without_stamps

if TYPE_CHECKING:
    from gikocr.elements import Image

HEIGHT, WIDTH = 2339, 1654
ROWS, COLUMNS = range(400, 1500, 60), range(160, 1500, 150)


def ruled_page(ink: int = 40, *, values: bool = True) -> Image:
    """A page with a ruled table, of 0 in every cell where it has values."""
    page = np.full((HEIGHT, WIDTH), 250, np.uint8)
    for y in ROWS:
        cv2.line(page, (COLUMNS[0], y), (COLUMNS[-1], y), (ink,), 2)
    for x in COLUMNS:
        cv2.line(page, (x, ROWS[0]), (x, ROWS[-1]), (ink,), 2)
    for y in ROWS[:-1] if values else ():
        for x in COLUMNS[:-1]:
            cv2.putText(page, "0", (x + 60, y + 40), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (ink,), 2, cv2.LINE_AA)
    return page


def rules_of_page() -> Image:
    return np.asarray(np.where(ruled_page(values=False) < 200, 255, 0), np.uint8)


def stamped(page: Image, tilt: float, ink: int, *, sideways: bool = False, at: tuple[int, int] = (700, 900)) -> Image:
    """A page with a stamp of 45 mm by 18 mm over it, its upper left corner near ``at``."""
    stamp = np.zeros((260, 460), np.uint8)
    cv2.rectangle(stamp, (50, 60), (405, 200), (255,), 4)
    cv2.line(stamp, (50, 100), (405, 100), (255,), 4)
    cv2.putText(stamp, "2024 05 17", (75, 170), cv2.FONT_HERSHEY_COMPLEX, 1.5, (255,), 4, cv2.LINE_AA)
    turn = cv2.getRotationMatrix2D((228, 130), tilt, 1.0)
    stamp = np.asarray(cv2.warpAffine(stamp, turn, (460, 260)), np.uint8)
    if sideways:
        stamp = np.asarray(cv2.rotate(stamp, cv2.ROTATE_90_CLOCKWISE), np.uint8)
    out = page.copy()
    part = out[at[1] : at[1] + stamp.shape[0], at[0] : at[0] + stamp.shape[1]]
    part[:] = np.minimum(part, np.where(stamp > 127, ink, 255))
    return out


def test_a_page_without_a_stamp_is_left_alone() -> None:
    assert without_stamps(ruled_page(), rules_of_page) is None


@pytest.mark.parametrize("tilt", [-8.0, -3.0, -1.5, 1.5, 4.0, 9.0])
@pytest.mark.parametrize("sideways", [False, True])
def test_the_frame_is_found_where_it_lies(tilt: float, sideways: bool) -> None:
    page = stamped(ruled_page(), tilt, 120, sideways=sideways, at=(740, 880) if sideways else (700, 900))
    found = [(turned, frame) for turned, frames in find_frames(page) for frame in frames]
    assert len(found) == 1
    turned, frame = found[0]
    assert turned == sideways
    corners = frame.corners[:, ::-1] if turned else frame.corners
    x, y = corners.mean(axis=0)
    assert abs(x - (870 if sideways else 928)) < 8
    assert abs(y - (1110 if sideways else 1030)) < 8
    sides = sorted(float(np.hypot(*(corners[k] - corners[k - 1]))) for k in range(4))
    assert sides == pytest.approx([140, 140, 355, 355], abs=12)


@pytest.mark.parametrize("tilt", [-5.0, 3.0])
def test_a_pale_stamp_goes_and_the_values_under_it_stay(tilt: float) -> None:
    page = ruled_page()
    result = without_stamps(stamped(page, tilt, 150), rules_of_page)
    assert result is not None
    clean, covered = result
    darker = clean.astype(int) < page.astype(int) - 40
    assert darker.sum() < 700  # of about 9,000 pixels of the stamp
    lost = (page < 100) & (clean > 160)
    assert lost.sum() < 0.03 * (page[880:1180, 700:1180] < 100).sum()
    assert covered[1030 - 60 : 1030 + 60, 760:1100].any()


def test_a_stamp_as_dark_as_print_goes_and_says_where_it_was() -> None:
    page = ruled_page()
    result = without_stamps(stamped(page, 3.0, 40), rules_of_page)
    assert result is not None
    clean, covered = result
    # The figures of the date are gone, those of the table beyond it stay.
    assert (clean[1010:1060, 770:1090] < 100).sum() < 0.5 * (stamped(page, 3.0, 40)[1010:1060, 770:1090] < 100).sum()
    changed = np.argwhere(clean != stamped(page, 3.0, 40))
    box = BBox(*(float(v) for v in (*changed.min(axis=0)[::-1], *changed.max(axis=0)[::-1])))
    assert box.left > 690
    assert box.right < 1170
    assert (covered[clean - page.astype(int) > 60] > 0).mean() > 0.6


def values_alone() -> Image:
    """Rows of values whose lines were lost, as thresholding loses pale ones."""
    page = np.full((2339, 1654), 255, np.uint8)
    for y in range(420, 1300, 80):
        for x in range(200, 1400, 170):
            cv2.putText(page, str((x * y) % 97), (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.9, (40,), 2, cv2.LINE_AA)
    return page


@pytest.mark.parametrize("tilt", [-6.0, -4.0, 5.0])
def test_a_stamp_on_a_page_whose_lines_are_lost_lies_askew_to_the_page(tilt: float) -> None:
    page = stamped(values_alone(), tilt, 40)
    (level, (frame,)), (_, none) = find_frames(page)
    assert not level
    assert not none
    assert frame.tilt == pytest.approx(-tilt, abs=0.5)
    assert abs(find_skew(page, 10.0)) < 0.3, "the page lies straight, whatever the stamp's long sides say"
    assert abs(find_skew(stamped(page, -tilt, 40, at=(300, 1500)), 10.0)) < 0.3


def test_a_stamp_that_is_all_there_is_tells_the_skew() -> None:
    page = stamped(np.full((2339, 1654), 255, np.uint8), 5.0, 40)
    assert find_skew(page, 10.0) == pytest.approx(-5.0, abs=0.3)


def test_a_frame_that_lies_as_the_table_does_is_a_part_of_it() -> None:
    assert without_stamps(stamped(ruled_page(), 0.0, 120), rules_of_page) is None


def test_cells_of_a_table_that_lies_askew_are_none() -> None:
    turn = cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), 3.0, 1.0)
    page, rules = (
        np.asarray(cv2.warpAffine(p, turn, (WIDTH, HEIGHT), borderValue=(v,)), np.uint8)
        for p, v in ((ruled_page(), 250), (rules_of_page(), 0))
    )
    assert without_stamps(page, lambda: rules) is None


def test_an_empty_frame_is_no_stamp() -> None:
    page = ruled_page()
    box = cv2.boxPoints(((930.0, 1030.0), (355.0, 140.0), 4.0))
    cv2.polylines(page, [box.round().astype(np.int32)], isClosed=True, color=(40,), thickness=4)
    assert without_stamps(page, rules_of_page) is None


@settings(max_examples=12, deadline=None)
@given(st.floats(-10, 10), st.integers(-200, 1500), st.integers(-120, 2250), st.integers(0, 200), st.booleans())
def test_wherever_a_stamp_lies_nothing_beyond_it_changes(
    tilt: float, left: int, top: int, ink: int, sideways: bool
) -> None:
    page = np.pad(ruled_page(), 500, constant_values=250)
    marked = stamped(page, tilt, ink, sideways=sideways, at=(left + 500, top + 500))[500:-500, 500:-500]
    marked = np.ascontiguousarray(marked)
    result = without_stamps(marked, rules_of_page)
    if result is None:
        return
    clean, covered = result
    changed = np.argwhere(clean != marked)
    assert (changed.min(axis=0) >= (top - 20, left - 20)).all()
    assert (changed.max(axis=0) <= (top + 480, left + 480)).all()
    assert covered.shape == marked.shape
    assert (clean >= marked).all(), "ink is only taken off"


def test_blank_and_tiny_pages() -> None:
    assert without_stamps(np.full((HEIGHT, WIDTH), 255, np.uint8), rules_of_page) is None
    assert without_stamps(np.full((3, 2), 255, np.uint8), lambda: np.zeros((3, 2), np.uint8)) is None
