"""Ruling lines of a page: thin dark ridges that go on for longer than any stroke of a character.

A pixel belongs to a ridge when it is darker than the paper on both sides of it; a ridge is a line when enough of a window along
it is ridge. The share, not an unbroken run, decides, so broken and faint lines are kept; the window follows a line only as far as
it is straight, so lines may bend slowly.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import cv2
import numpy as np

from gikocr.geometry import BBox
from gikocr.table.broken import bridges
from gikocr.table.components import components
from gikocr.table.faint import between
from gikocr.table.pale import beside, long_lines

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gikocr.elements import Image

WINDOW_ALONG = {"horizontal": 1 / 28, "vertical": 1 / 36}
"""Length of the window, as a share of the page's longer side: about 10 mm and 8 mm on A4."""
LEAST_SHARE = 0.72
"""Share of the window that must be ridge."""
REACHES = (1 / 520, 1 / 250)
"""Distances, as shares of the longer side, at which the paper beside a line is looked at: for thin and for thick lines."""
LEAST_CONTRAST = 22
"""Least difference, of 255, between a line and the paper beside it."""
FAINT_CONTRAST = 8
"""The same for lines so faint that only their whole length tells them from noise."""
BESIDE = (1 / 420, 1 / 230)
"""Distances, as shares of the longer side, between which ink beside a line is looked for."""
CROWDED = 0.3
"""Strokes of print have ink on both sides on more of their length than this; a line has a free side."""
INK = 90
"""Darkness, of 255, of print beside a line."""
PALE_GAP = 1 / 75
"""Greatest gap in a pale line whose course a long window has told, as a share of the longer side."""
LEAST_PALE = 1 / 6
"""Shortest line that only a long window shows, as a share of the longer side; strokes of print line up on less."""
MOSTLY_SEEN = 0.5
"""A line that the short window saw on this share of its length needs no help."""
SAMPLE = 1 / 100
"""Distance between the points of a line's polyline, as a share of the longer side."""


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """A piece of a ruling line. ``along`` (n,) are sorted pixel positions in its direction, ``across`` (n,) the other coordinate.

    ``middle`` is the median position across its direction.
    """

    along: NDArray[np.float32]
    across: NDArray[np.float32]
    start: float
    end: float
    middle: float = field(init=False)
    _points: tuple[list[float], list[float]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "middle", float(np.median(self.across)))
        object.__setattr__(self, "_points", (self.along.tolist(), self.across.tolist()))

    def at_one(self, position: float) -> float:
        """Where the segment is across, at one position along it; beyond its ends as at its ends."""
        return between(position, *self._points)

    @property
    def length(self) -> float:
        """Length in pixels."""
        return self.end - self.start


@dataclass(frozen=True, slots=True, eq=False)
class RulingLines:
    """All lines of a page.

    The masks (H, W) uint8 (0 or 255) hold the pixels that support them; the ridges all pixels that might belong to a faint line.
    ``prints`` holds the ink that is no line, ``streaks`` the pixels of lines that dirt drew (None: there are none). ``broken`` says
    that gaps in lines were bridged, ``pale`` holds the boxes of pieces that only a long window saw.
    """

    horizontal: tuple[Segment, ...]
    vertical: tuple[Segment, ...]
    horizontal_mask: Image
    vertical_mask: Image
    horizontal_ridge: Image
    vertical_ridge: Image
    prints: Image
    longest_side: int
    broken: bool = False
    pale: tuple[BBox, ...] = ()
    streaks: Image | None = None


def find_ruling_lines(gray: Image, *, pale: bool = True) -> RulingLines:
    """Find the ruling lines of an upright page.

    Args:
        gray: (H, W) uint8 with paper near 255, straight to about half a degree.
        pale: also look for pale, dashed and dotted lines, which figures that stand under each other may pass for.
    """
    side = max(gray.shape)
    dark = np.asarray(cv2.GaussianBlur(cv2.bitwise_not(gray), (3, 3), 0), np.uint8)
    flipped = np.asarray(cv2.transpose(dark), np.uint8)
    h_mask, h_faint, h_broken, level = _support(dark, side, "horizontal", pale=pale)
    v_mask, v_faint, v_broken, upright = _support(flipped, side, "vertical", pale=pale)
    ink = dark > INK
    horizontal = _free(mask_segments(h_mask, side, "horizontal"), ink, side)
    vertical = _free(mask_segments(v_mask, side, "vertical"), ink.T, side)
    v_mask, v_faint = np.ascontiguousarray(v_mask.T), np.ascontiguousarray(v_faint.T)
    prints = np.where(ink & (_rims(h_mask, v_mask) == 0), 255, 0).astype(np.uint8)
    seen_long = (*level, *(BBox(b.top, b.left, b.bottom, b.right) for b in upright))
    broken = h_broken or v_broken
    return RulingLines(horizontal, vertical, h_mask, v_mask, h_faint, v_faint, prints, side, broken, seen_long)


def _rims(horizontal: Image, vertical: Image) -> Image:
    """Lines with their blurred rims."""
    return np.asarray(cv2.dilate(cv2.bitwise_or(horizontal, vertical), np.ones((5, 5), np.uint8)), np.uint8)


def line_rims(lines: RulingLines) -> Image:
    """(H, W) uint8, non-zero on all ruling lines and streaks and their blurred rims."""
    rims = _rims(lines.horizontal_mask, lines.vertical_mask)
    return rims if lines.streaks is None else np.asarray(cv2.bitwise_or(rims, lines.streaks), np.uint8)


def _support(dark: Image, side: int, direction: str, *, pale: bool) -> tuple[Image, Image, bool, list[BBox]]:
    """Pixels that lie on a horizontal line of ``dark`` (the caller transposes for vertical ones), and those that may.

    Returns:
        Both (H, W) uint8, whether gaps of broken lines were bridged, and the boxes of pale pieces.
    """
    steps = [max(2, round(side * reach)) for reach in REACHES]
    near, far = (cv2.subtract(dark, beside(dark, step, 0)) for step in steps)
    height = cv2.max(near, far)
    free = cv2.bitwise_not(_crowded(dark, side))
    ridge, faint = (
        np.asarray(cv2.bitwise_and(cv2.threshold(height, least, 255, cv2.THRESH_BINARY)[1], free), np.uint8)
        for least in (LEAST_CONTRAST, FAINT_CONTRAST)
    )
    window = max(9, round(side * WINDOW_ALONG[direction]))
    support = _dense(ridge, window)
    pieces: list[BBox] = []
    if pale:
        long = np.asarray(cv2.bitwise_and(long_lines(dark, side), faint), np.uint8)
        missed, pieces = _missed(long, support, side)
        support = np.asarray(cv2.bitwise_or(support, missed), np.uint8)
    gaps = bridges(ridge, support, dark > INK, side, direction)
    broken = bool(gaps.any())
    if broken:
        bridged = np.asarray(cv2.bitwise_or(ridge, gaps), np.uint8)
        support = np.asarray(cv2.bitwise_or(support, _dense(bridged, window)), np.uint8)
        faint = np.asarray(cv2.bitwise_or(faint, gaps), np.uint8)
    return support, np.asarray(cv2.dilate(faint, np.ones((3, 1), np.uint8)), np.uint8), broken, pieces


def _dense(ridge: Image, window: int) -> Image:
    """The ridge where enough of a window along it is ridge."""
    # A line that slopes within the window changes rows: one row of tolerance on both sides keeps it.
    thick = cv2.dilate(ridge, np.ones((3, 1), np.uint8))
    share = cv2.boxFilter(thick, cv2.CV_8U, (window, 1), borderType=cv2.BORDER_CONSTANT)
    _, dense = cv2.threshold(share, int(255 * LEAST_SHARE), 255, cv2.THRESH_BINARY)
    return np.asarray(cv2.bitwise_and(cv2.dilate(dense, np.ones((1, window), np.uint8)), ridge), np.uint8)


def _missed(pale: Image, support: Image, side: int) -> tuple[Image, list[BBox]]:
    """The long pale lines of which the short window saw little, and their boxes; the ends of the others are better known from it."""
    gap = np.ones((1, max(3, round(side * PALE_GAP))), np.uint8)
    joined = cv2.morphologyEx(pale, cv2.MORPH_CLOSE, gap)
    known = cv2.dilate(support, np.ones((5, 1), np.uint8))
    found = components(np.asarray(joined, np.uint8))
    missed = np.zeros(len(found.stats), bool)
    boxes = []
    for label in np.flatnonzero(found.stats[:, 2] >= side * LEAST_PALE).tolist():
        left, top, width, height, _ = found.stats[label].tolist()
        if label == 0 or height > width / 8:
            continue
        box = np.s_[top : top + height, left : left + width]
        seen = (found.own(label) & (known[box] > 0)).any(axis=0)
        if float(seen.mean()) < MOSTLY_SEEN:
            missed[label] = True
            boxes.append(BBox(float(left), float(top), float(left + width), float(top + height)))
    return found.drawn(missed, pale.shape), boxes


def _crowded(dark: Image, side: int) -> Image:
    """Pixels with ink both above and below at the distance of a neighbouring stroke: they are print, or where lines cross."""
    near, far = max(3, round(side * BESIDE[0])), max(5, round(side * BESIDE[1]))
    ink = np.asarray(cv2.threshold(dark, INK, 255, cv2.THRESH_BINARY)[1], np.uint8)
    size = far - near + 1
    # One dilation over `size` rows, read at two offsets, serves both sides.
    band = cv2.dilate(ink, np.ones((size, 1), np.uint8), anchor=(0, 0))
    above, below = np.zeros_like(ink), np.zeros_like(ink)
    below[:-near] = band[near:]
    above[far:] = band[:-far]
    return np.asarray(cv2.bitwise_and(above, below), np.uint8)


def _free(segments: tuple[Segment, ...], ink: NDArray[np.bool_], side: int) -> tuple[Segment, ...]:
    """Leave out strokes of print that line up: they have ink close by on both sides. ``ink`` is [across, along]."""
    near, far = max(3, round(side * BESIDE[0])), max(5, round(side * BESIDE[1]))
    offsets = np.arange(near, far + 1)
    kept = []
    for segment in segments:
        along = np.arange(int(segment.start), max(int(segment.end), int(segment.start) + 1), 2)
        along = along[along < ink.shape[1]]
        across = np.rint(np.interp(along, segment.along, segment.across)).astype(np.int64)
        before = np.clip(across[None, :] - offsets[:, None], 0, ink.shape[0] - 1)
        after = np.clip(across[None, :] + offsets[:, None], 0, ink.shape[0] - 1)
        shares = [float(ink[index, along[None, :]].any(axis=0).mean()) for index in (before, after)]
        if min(shares) < CROWDED:
            kept.append(segment)
    return tuple(kept)


def mask_segments(mask: Image, side: int, direction: str) -> tuple[Segment, ...]:
    """Join the pixels of a mask into segments; runs that only touch a gap shorter than half a window are one.

    Args:
        mask: (H, W) uint8, 255 on lines that run level; transposed for upright ones.
        side: longer side of the page in pixels.
        direction: ``horizontal`` or ``vertical``.
    """
    window = max(9, round(side * WINDOW_ALONG[direction]))
    joined = cv2.dilate(mask, np.ones((3, 1), np.uint8))
    joined = cv2.morphologyEx(joined, cv2.MORPH_CLOSE, np.ones((1, window // 2), np.uint8))
    pieces = components(np.asarray(joined, np.uint8))
    step = max(4, round(side * SAMPLE))
    found: list[Segment] = []
    for label, (left, top, width, height, _) in enumerate(pieces.stats.tolist()):
        if label == 0 or width < window or height > max(width / 4, side / 60):
            continue
        part = pieces.own(label) & (mask[top : top + height, left : left + width] > 0)
        segment = _polyline(part, left, top, step)
        if segment is not None and segment.length >= window * 0.8:
            found.append(segment)
    return tuple(found)


def _polyline(part: NDArray[np.bool_], left: int, top: int, step: int) -> Segment | None:
    ys, xs = np.nonzero(part)
    if len(xs) == 0:
        return None
    start, end = int(xs.min()), int(xs.max()) + 1
    bins = max(1, round((end - start) / step))
    which = np.minimum(((xs - start) * bins) // max(1, end - start), bins - 1)
    counts = np.bincount(which, minlength=bins)
    sums = np.bincount(which, weights=ys, minlength=bins)
    x_sums = np.bincount(which, weights=xs, minlength=bins)
    full = counts > 0
    along = (x_sums[full] / counts[full] + left).astype(np.float32)
    across = (sums[full] / counts[full] + top).astype(np.float32)
    return Segment(along, across, float(start + left), float(end + left))
