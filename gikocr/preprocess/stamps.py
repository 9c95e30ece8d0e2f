"""Framed stamps, such as registries put on what they receive, taken off a page.

The date and the words of a stamp would be read as values of the cells that it lies on. Where its ink is paler than print, whatever is
darker under it stays; where it is as dark, what is larger than print goes, and whoever reads must know that something lay there.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from gikocr.preprocess.frames import (
    DOTS_MM,
    DRAWN,
    HAT_MM,
    INK,
    LONG_SIDE_MM,
    SIDE_DRAWN,
    Frame,
    find_frames,
    runs_of_places,
    thin_ink,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gikocr.elements import Image

ALONG_MM, OF_TABLE = 0.35, 0.6
"""Sides run along a line that is so near; frames of which this share does are cells of a table."""
STRIP_MM, THICKEST_MM = 10.0, 1.2
"""Lines of a table fill strips so wide beside a stamp, and are no thicker."""
PALER = 0.25
"""How much paler than print a stamp's ink must be to be told from it by that, as a share of the way from print to paper."""
CROSSING = 40
"""Grey levels by which print that crosses a frame's side is darker than it."""
RIM = 0.1
"""Distance from dark ink, in heights of print, in which paler ink is its blurred rim."""
AROUND_MM = 25.0
"""Print so far around a stamp tells how large and how dark print is here."""
GRAIN, GRAINY = 0.06, 0.15
"""Dark spots smaller than the one, in squares of the height of print, are none of print, and none are in a stroke that is dark in a
smaller share than the other."""
DATE = 0.25
"""Share of a stamp's width that its figures fill at least."""
DARKER = 25
"""Grey levels by which ink must be darker than a line of a table to be none of it."""
MOST_LETTERS = 60
"""Letters whose darkness is looked at."""
LETTER = 3.5
"""Height of letters in millimetres where none stand around a stamp."""
TALL, LARGE, LARGER, FIGURES = 1.3, 1.15, 1.05, 3
"""What is higher than this, in heights of print, is a stamp's figure; so many that are a little lower are, if they stand in a line."""
LETTER_MM, HIGHEST = (1.5, 9.0), 4.0
"""Heights of letters and of parts of them in a stamp, and the greatest of its figures in heights of print."""
JOINED_MM, JOINED = 1.1, 0.33
"""Pieces of a figure so far over each other, in millimetres and heights of print, belong together: lines of a table cut them."""
BAND = 0.6
"""What lies further from the middle of their line than this, in heights of a stamp's figures, is none of them."""
ON_LINE = 0.7
"""Share of its height with which smaller ink lies on the line of a stamp's figures when it is a part of it."""
SMALL = 0.6
"""What is lower than this, in heights of print, and no dash, is dirt or a stroke of a stamp's worn letters."""


@dataclass(frozen=True, slots=True)
class _Letters:
    """Print around a stamp: height of letters and least height of what is larger, in pixels; grey level, 255 where there are none."""

    height: float
    large: float
    level: float


def without_stamps(gray: Image, rules: Callable[[], Image]) -> tuple[Image, Image] | None:
    """Take framed stamps off an upright page.

    Args:
        gray: (H, W) uint8, paper near 255.
        rules: gives a mask (H, W) uint8 of the lines of tables, which are no frames; asked where one may be.

    Returns:
        The page without them, and a mask (H, W) uint8 that is non-zero where ink was taken off, with which print may have gone; None
        for a page without a stamp.
    """
    found = [(sideways, frame) for sideways, frames in find_frames(gray) for frame in frames]
    if not found:
        return None
    clean, covered, lines = gray.copy(), np.zeros_like(gray), rules()
    taken = False
    for sideways, frame in found:
        page, left, gone, ruled = (p.T if sideways else p for p in (gray, clean, covered, lines))
        if _share_on(frame, ruled) < OF_TABLE:
            taken |= _take_off(page, frame, left, gone)
    return (clean, covered) if taken else None


def _share_on(frame: Frame, rules: Image) -> float:
    """The share of a frame's sides that runs along lines of tables, in [0, 1]."""
    mm = max(rules.shape) / LONG_SIDE_MM
    (x0, y0), (x1, y1) = frame.corners.min(axis=0) - mm, frame.corners.max(axis=0) + mm
    top, left = max(0, int(y0)), max(0, int(x0))
    part = np.ascontiguousarray(rules[top : int(y1) + 1, left : int(x1) + 1])
    sides = np.zeros(part.shape, np.uint8)
    cv2.polylines(sides, [(frame.corners - (left, top)).round().astype(np.int32)], isClosed=True, color=(1,))
    reach = 2 * round(ALONG_MM * mm) + 1
    near = cv2.dilate(part, np.ones((reach, reach), np.uint8)) > 0
    return float(near[sides > 0].mean()) if sides.any() else 0.0


def _take_off(gray: Image, frame: Frame, clean: Image, covered: Image) -> bool:
    """Paint the ink of a stamp over with paper, and mark where it was; False where a frame is none of a stamp."""
    mm = max(gray.shape) / LONG_SIDE_MM
    (x, y), (across, down) = frame.corners.mean(axis=0), np.ptp(frame.corners, axis=0) / 2 + AROUND_MM * mm
    place = _around(gray, x, y, across, down)
    part = gray[place]
    corners = frame.corners - (place[1].start, place[0].start)
    side = round(HAT_MM * mm) | 1
    paper = np.asarray(cv2.morphologyEx(part, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8)), np.uint8)
    ink = cv2.subtract(paper, part) > INK
    inside = np.zeros(part.shape, np.uint8)
    cv2.fillConvexPoly(inside, corners.round().astype(np.int32), (1,))
    sides = _sides_of(part, corners, frame.tilt, mm)
    drawn = ink & (sides > 0)
    if not drawn.any():
        return False
    level = float(np.percentile(part[drawn], 30))
    beside = ink & (cv2.dilate(inside, np.ones((side, side), np.uint8)) == 0)
    letters = _letters_of(part, beside, mm)
    within = (inside > 0) & ink & ~_rules(part, ink, corners, mm)
    as_dark = level - letters.level < PALER * (float(np.median(paper)) - letters.level)
    if as_dark:
        gone = _large_figures(within & (sides == 0), frame, corners, letters, mm)
    else:
        gone = _pale(within & (sides == 0), ink & (part < (level + letters.level) / 2), letters.height)
        gone = gone if _says_something(gone, mm) else None
    if gone is None:
        return False
    off = gone | (drawn & (part > level - CROSSING))
    covered[place][gone | drawn] = 255
    # A blurred rim is left of what goes, but none of what stays.
    rim = cv2.dilate(off.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    off |= rim & ~(ink & ~off)
    clean[place][off] = paper[off]
    return True


def _around(gray: Image, x: float, y: float, across: float, down: float) -> tuple[slice, slice]:
    """Rows and columns of a page so far around a point."""
    rows, columns = ((v - d, v + d) for v, d in ((y, down), (x, across)))
    return (
        slice(max(0, int(rows[0])), min(gray.shape[0], int(rows[1]) + 1)),
        slice(max(0, int(columns[0])), min(gray.shape[1], int(columns[1]) + 1)),
    )


def _sides_of(part: Image, corners: NDArray[np.float64], tilt: float, mm: float) -> Image:
    """A mask of the sides of a frame and of lines across it, as wide as they are drawn."""
    centre = tuple(float(v) for v in corners.mean(axis=0))
    turn = cv2.getRotationMatrix2D(centre, tilt, 1.0)
    size = (part.shape[1], part.shape[0])
    turned = np.asarray(cv2.warpAffine(part, turn, size, borderMode=cv2.BORDER_REPLICATE), np.uint8)
    box = corners @ turn[:, :2].T + turn[:, 2]
    # A stamp may reach beyond the page.
    (x0, y0), (x1, y1) = np.maximum(box.min(axis=0).round().astype(int), 1), box.max(axis=0).round().astype(int)
    ink, reach, inset = thin_ink(turned, mm), round(mm), round(mm)
    if y1 - y0 <= 2 * inset or x1 - x0 <= 2 * inset:
        return np.zeros(part.shape, np.uint8)
    mask = np.zeros(part.shape, np.uint8)
    rows = ink[max(0, y0 - reach) : y1 + reach + 1, x0 + inset : x1 - inset].mean(axis=1)
    columns = ink[y0 + inset : y1 - inset, max(0, x0 - reach) : x1 + reach + 1].mean(axis=0)
    # Lines may cross it from side to side, between its words and its date.
    level, upright = rows >= SIDE_DRAWN, np.zeros(len(columns), bool)
    for outer in (slice(0, 2 * reach + 1), slice(-2 * reach - 1, None)):
        level[outer], upright[outer] = rows[outer] >= 1 - DRAWN, columns[outer] >= 1 - DRAWN
    mask[max(0, y0 - reach) : y1 + reach + 1, x0 - 1 : x1 + 2][level] = 1
    mask[y0 - 1 : y1 + 2, max(0, x0 - reach) : x1 + reach + 1][:, upright] = 1
    broad = cv2.dilate(mask, np.ones((3, 3), np.uint8))
    return np.asarray(cv2.warpAffine(broad, turn, size, flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP), np.uint8)


def _rules(part: Image, ink: NDArray[np.bool_], corners: NDArray[np.float64], mm: float) -> NDArray[np.bool_]:
    """Where the lines of a table cross a stamp, dotted ones too: as they come in on one side and go on on the other.

    Args:
        part: (h, w) uint8, around a stamp and in it.
        ink: where it is inked.
        corners: of the stamp.
        mm: pixels a millimetre.
    """
    low, high = corners.min(axis=0), corners.max(axis=0)
    seen = ink.astype(np.uint8)
    level = _crossing(part, seen, (float(low[0]), float(high[0])), mm)
    upright = _crossing(np.ascontiguousarray(part.T), np.ascontiguousarray(seen.T), (float(low[1]), float(high[1])), mm)
    return level | upright.T


def _crossing(gray: Image, ink: Image, ends: tuple[float, float], mm: float) -> NDArray[np.bool_]:
    """Where level lines cross the columns between two ends."""
    joined = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((1, round(DOTS_MM * mm)), np.uint8))
    before, beyond = (_runs(gray, np.asarray(joined, np.uint8), x, mm) for x in (ends[0] - STRIP_MM * mm, ends[1]))
    found = np.zeros(gray.shape, bool)
    for own, others, step in ((before, beyond, 1), (beyond, before, -1)):
        for y, thick, level in own:
            # The nearest on the other side goes on with it; where none does, the line ends in the stamp.
            apart = [o - y for o, *_ in others if abs(o - y) <= mm]
            rows = (y, y + min(apart, key=abs, default=0.0))[::step]
            start, end = ((round(x), round(v)) for x, v in zip(ends, rows, strict=True))
            band = np.zeros(gray.shape, np.uint8)
            cv2.line(band, start, end, (1,), thickness=thick + 2)
            # What is darker than the line where a stamp crosses it is the stamp's.
            found |= (band > 0) & (gray >= level - DARKER)
    return found


def _runs(gray: Image, ink: Image, left: float, mm: float) -> list[tuple[float, int, float]]:
    """Middles, thicknesses and grey levels of level lines that fill a strip of a picture."""
    columns = slice(max(0, int(left)), max(0, int(left + STRIP_MM * mm)))
    strip = ink[:, columns]
    if strip.shape[1] < mm:
        return []
    rows = np.flatnonzero(strip.mean(axis=1) >= SIDE_DRAWN)
    return [
        (float(g.mean()), len(g), float(np.percentile(gray[g[0] : g[-1] + 1, columns], 20)))
        for g in runs_of_places(rows)
        if len(g) <= THICKEST_MM * mm
    ]


def _letters_of(part: Image, ink: NDArray[np.bool_], mm: float) -> _Letters:
    """How large and how dark print is around a stamp."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink.astype(np.uint8), connectivity=8)
    heights, widths = stats[:, cv2.CC_STAT_HEIGHT], stats[:, cv2.CC_STAT_WIDTH]
    usable = (
        (heights > 1.2 * mm) & (heights < LETTER_MM[1] * mm) & (widths < LETTER_MM[1] * mm) & (widths * 5 > heights)
    )
    usable[0] = False
    found = np.flatnonzero(usable)
    if len(found) < 3:
        return _Letters(LETTER * mm, LARGE * LETTER * mm, 255.0)
    # Most of letters' parts are lower than letters.
    letter, largest = np.percentile(heights[usable], (80, 90))
    levels = [float(np.percentile(part[labels == k], 25)) for k in found[:: max(1, len(found) // MOST_LETTERS)]]
    # Figures are thinner than heads, and so paler.
    return _Letters(
        float(letter), max(LARGE * float(letter), LARGER * float(largest)), float(np.percentile(levels, 75))
    )


def _pale(ink: NDArray[np.bool_], dark: NDArray[np.bool_], height: float) -> NDArray[np.bool_]:
    """Which ink in a frame is paler than print and not its blurred rim.

    Args:
        ink: all ink in the frame.
        dark: what is as dark as print, around it too; grain makes specks of a pale stroke so.
        height: of print, in pixels.
    """
    _, strokes = cv2.connectedComponents(ink.astype(np.uint8), connectivity=8)
    shares = np.bincount(strokes.ravel(), weights=dark.ravel()) / np.maximum(1, np.bincount(strokes.ravel()))
    dark = dark & (shares >= GRAINY)[strokes]
    _, spots, stats, _ = cv2.connectedComponentsWithStats(dark.astype(np.uint8), connectivity=8)
    solid = stats[:, cv2.CC_STAT_AREA] >= GRAIN * height * height
    solid[0] = False
    reach = 2 * max(1, round(RIM * height)) + 1
    return ink & (cv2.dilate(solid[spots].astype(np.uint8), np.ones((reach, reach), np.uint8)) == 0)


def _says_something(ink: NDArray[np.bool_], mm: float) -> bool:
    """Whether ink holds figures or letters, as a stamp's own ink does and the lines around a table's cell do not."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(ink.astype(np.uint8), connectivity=8)
    high, wide = stats[1:, cv2.CC_STAT_HEIGHT], stats[1:, cv2.CC_STAT_WIDTH]
    letters = (high > LETTER_MM[0] * mm) & (high < LETTER_MM[1] * mm) & (wide < LETTER_MM[1] * mm)
    return int(letters.sum()) >= FIGURES


def _large_figures(
    ink: NDArray[np.bool_], frame: Frame, corners: NDArray[np.float64], letters: _Letters, mm: float
) -> NDArray[np.bool_] | None:
    """Which ink in a frame is a stamp's as its size tells: figures larger than print, what stands in a line with them, and specks.

    None where there are no such figures: the frame is none of a stamp, or what it says cannot be told from print.
    """
    height = letters.height
    # What lines of a table cut belongs together; grain does not.
    _, pieces, found, _ = cv2.connectedComponentsWithStats(ink.astype(np.uint8), connectivity=8)
    specks = found[:, cv2.CC_STAT_AREA] < GRAIN * height * height
    across = round(max(JOINED_MM * mm, JOINED * height)) | 1
    joined = (ink & ~specks[pieces]).astype(np.uint8)
    joined = np.asarray(cv2.morphologyEx(joined, cv2.MORPH_CLOSE, np.ones((across, 1), np.uint8)), np.uint8)
    _, labels, stats, middles = cv2.connectedComponentsWithStats(joined, connectivity=8)
    wide, high = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
    large = (high > letters.large) & (high < HIGHEST * height)
    large[0] = False
    if not large.any():
        return None
    # Distances from the upper side, along the frame's own upright.
    angle = math.radians(frame.tilt)
    upright = np.array([-math.sin(angle), math.cos(angle)])
    down = (middles - corners[0]) @ upright
    middle, size = float(np.median(down[large])), float(np.median(high[large]))
    line = large & (np.abs(down - middle) < (1 - ON_LINE) * size)
    if line.sum() < FIGURES or wide[line].sum() < DATE * float(np.hypot(*(corners[1] - corners[0]))):
        return None
    shared = np.minimum(down + high / 2, middle + size / 2) - np.maximum(down - high / 2, middle - size / 2)
    dash = (wide >= 1.7 * high) & (wide >= SMALL * height)
    gone = (large & (high > TALL * height)) | (shared >= ON_LINE * np.minimum(high, size))
    gone |= (np.maximum(wide, high) < SMALL * height) | ((high < SMALL * height) & ~dash)
    gone[0] = False
    # Print below and above the figures may hang together with them.
    y, x = np.nonzero((gone[labels] | specks[pieces]) & ink)
    off = np.abs((np.column_stack((x, y)) - corners[0]) @ upright - middle) > BAND * size
    kept = off & (shared >= ON_LINE * np.minimum(high, size))[labels[y, x]]
    result = np.zeros(ink.shape, bool)
    result[y[~kept], x[~kept]] = True
    return result
