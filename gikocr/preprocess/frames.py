"""Frames that lie askew on a page, as those of stamps do: a stamp is put by hand, and the print of a page is not.

Such a frame ends at its corners too, where the lines of a table run on.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gikocr.elements import Image

LONG_SIDE_MM = 297.0
"""Pages are taken to be A4; sizes in millimetres below mean that."""
SEARCH_SIDE = 900
"""Pixels of the longer side of the picture on which frames are looked for."""
MOST_TILT = 11.0
"""Degrees by which a stamp may be turned against the page."""
PIECE_MM, GAP_MM, OFF_MM = 3.0, 6.0, 0.8
"""Length of a piece of line that counts, gap over which pieces are one line, and how far they may lie off it."""
LONG_PIECE_MM, SIDE_PIECE_MM, LEAST_DRAWN_MM = 25.0, 5.0, 70.0
"""Lengths of a piece that tells how tables lie, of one that may be of a side, and of all of these that a frame has in one direction."""
SAME_SLOPE, PARALLEL = 0.035, 0.03
"""Differences in slope of pieces of one line, and of two sides of a frame."""
WIDTH_MM, HEIGHT_MM = (20.0, 95.0), (6.0, 50.0)
"""Widths and heights of frames, and so of what may be a part of one."""
ENDS_MM = 12.0
"""How far the ends of upper and lower side may lie apart: print that they cross takes pieces of them."""
DRAWN = 0.6
"""Share of its length in which a level line must be seen to be looked at."""
SIDE_DRAWN, ALL_DRAWN = 0.7, 0.9
"""Share of its length in which a line must be drawn to be looked at as a side of a frame, and in which each side must be."""
FLATTEST = 1.5
"""Least width of a frame in heights of it: stamps are wide, and groups of a table's cells may be anything."""
BEFORE_MM, SIDE_GAP_MM = 0.4, 0.76
"""How far inside a line that was seen its side is looked for, and gap over which the sides beside it go on."""
FURTHER = 0.02
"""What a millimetre further from the end of a level side costs an upright one, in shares of its length that are drawn."""
ASKEW, CLEARLY_ASKEW = 0.7, 1.6
"""Degrees against the lines of tables from which a frame is none of their cells, and against the page where there are none."""
LONG_MM, NEARBY_MM = 50.0, 70.0
"""Length of a line that shows how tables lie, and how far below or above it they may lie otherwise."""
STUBS_MM, STUB_DRAWN, TURN, MOST_STUBS = (1.2, 5.0), 0.75, 0.12, 2
"""Where lines that run on beyond a corner show, how much of that is drawn then, how far they may turn, in rows a column, and how many
of eight may run on: print stands there too."""
UNKNOWN = 2
"""Marks lines of tables: nobody sees what of a stamp runs along them."""
MOST_COLUMNS, COLUMN_DRAWN = 1, 0.8
"""Lines from the upper to the lower side that a frame may have between its sides, for groups of cells have more; and how much of one is
drawn."""
HAT_MM, INK = 2.0, 22
"""Strokes thinner than this are ink when they are so many grey levels darker than what is around them."""
LEVEL_MM, UPRIGHT_MM = 60.0, 30.0
"""Lines of a table are longer than this, sides of a stamp shorter."""
DOTS_MM = 0.8
"""Dots so close to each other are a line."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """The frame of a stamp.

    Attributes:
        corners: (4, 2) float: upper left, upper right, lower right, lower left, in pixels of the page.
        tilt: degrees by which its upper side rises to the left.
    """

    corners: NDArray[np.float64]
    tilt: float

    def holds(self, x: float, y: float) -> bool:
        """Whether a point lies in it."""
        return bool(cv2.pointPolygonTest(self.corners.astype(np.float32), (x, y), measureDist=False) >= 0)


@dataclass(frozen=True, slots=True)
class _Stroke:
    """A line that runs nearly level, from (x0, y0) to the right."""

    x0: float
    y0: float
    x1: float
    y1: float
    drawn: float

    @property
    def length(self) -> float:
        return self.x1 - self.x0

    @property
    def slope(self) -> float:
        return (self.y1 - self.y0) / max(self.length, 1e-6)

    @property
    def middle(self) -> float:
        return (self.y0 + self.y1) / 2


def find_frames(gray: Image) -> list[tuple[bool, list[Frame]]]:
    """Find frames that lie askew on an upright page, the highest first.

    Args:
        gray: (H, W) uint8, paper near 255.

    Returns:
        False with those that lie level, and True with those of the transposed page, which were put on sideways.
    """
    mm = max(gray.shape) / LONG_SIDE_MM
    scale = SEARCH_SIDE / max(gray.shape)
    size = (max(1, round(gray.shape[1] * scale)), max(1, round(gray.shape[0] * scale)))
    # Grompone von Gioi, Jakubowicz, Morel and Randall, LSD: a line segment detector, 2012.
    small = cv2.resize(gray, size, interpolation=cv2.INTER_AREA)
    seen = cv2.createLineSegmentDetector(cv2.LSD_REFINE_NONE).detect(small)[0]
    if seen is None:
        return []
    pieces = np.asarray(seen, np.float64).reshape(-1, 4) / scale
    directions = [_nearly_level(p, mm) for p in (pieces, pieces[:, (1, 0, 3, 2)])]
    if not any(_runs_askew(p, mm) for p in directions):
        return []
    lines = [_strokes(p, mm) for p in directions]
    level, upright = (_askew_pairs(own, others, mm) for own, others in (lines, lines[::-1]))
    if not level and not upright:
        return []
    ink = thin_ink(gray, mm)
    ink[_table_lines(ink, mm)] = UNKNOWN
    return [(False, _frames_of(level, ink, mm)), (True, _frames_of(upright, np.ascontiguousarray(ink.T), mm))]


def _frames_of(pairs: list[tuple[_Stroke, _Stroke]], ink: Image, mm: float) -> list[Frame]:
    """The frames that pairs of lines are sides of, or lie in."""
    frames: list[Frame] = []
    for upper, lower in sorted(pairs, key=lambda p: p[0].middle - p[1].middle):
        x, y = (upper.x0 + upper.x1 + lower.x0 + lower.x1) / 4, (upper.middle + lower.middle) / 2
        if any(f.holds(x, y) for f in frames):
            continue
        frame = _frame_between(ink, upper, lower, mm)
        if frame is not None and frame[1] <= MOST_STUBS:
            frames.append(frame[0])
    return frames


def _nearly_level(pieces: NDArray[np.float64], mm: float) -> NDArray[np.float64]:
    """Those of pieces of lines, (n, 4) float as x and y of both ends, that run nearly level, from left to right, longest first."""
    pieces = np.where((pieces[:, 0] <= pieces[:, 2])[:, None], pieces, pieces[:, [2, 3, 0, 1]])
    across, rise = pieces[:, 2] - pieces[:, 0], pieces[:, 3] - pieces[:, 1]
    pieces = pieces[(np.abs(rise) < math.tan(math.radians(MOST_TILT)) * across) & (across > PIECE_MM * mm)]
    return pieces[np.argsort(pieces[:, 0] - pieces[:, 2], kind="stable")]


def _runs_askew(pieces: NDArray[np.float64], mm: float) -> bool:
    """Whether enough pieces of lines lie askew to the longest of them in one direction, as the sides of a frame do.

    Where the lines of tables are dotted or lost the longest are a frame's own, which lie askew to the page.
    """
    lengths = pieces[:, 2] - pieces[:, 0]
    angles = np.degrees(np.arctan2(pieces[:, 3] - pieces[:, 1], lengths))
    long = lengths > LONG_PIECE_MM * mm
    table = float(np.median(np.repeat(angles[long], lengths[long].astype(int)))) if long.any() else 0.0
    bins = np.arange(-2 * MOST_TILT, 2 * MOST_TILT + 1.0)
    for level, least in ((table, ASKEW), (0.0, CLEARLY_ASKEW)):
        askew = (np.abs(angles - level) > least) & (lengths > SIDE_PIECE_MM * mm)
        drawn, _ = np.histogram(angles[askew] - level, bins, weights=lengths[askew])
        if (drawn[1:] + drawn[:-1]).max() > LEAST_DRAWN_MM * mm:
            return True
    return False


def _strokes(pieces: NDArray[np.float64], mm: float) -> list[_Stroke]:
    """Nearly level lines of a page, put together from pieces of them, longest first."""
    free = np.ones(len(pieces), bool)
    return [_grown(pieces, free, i, mm) for i in range(len(pieces)) if free[i]]


def _grown(pieces: NDArray[np.float64], free: NDArray[np.bool_], first: int, mm: float) -> _Stroke:
    """The line that goes on from a piece on both sides; its pieces are taken from those that are free."""
    own = [first]
    free[first] = False
    middles = (pieces[:, :2] + pieces[:, 2:]) / 2
    lengths = pieces[:, 2] - pieces[:, 0]
    slopes = (pieces[:, 3] - pieces[:, 1]) / np.maximum(lengths, 1e-6)
    left, right, slope, centre = pieces[first, 0], pieces[first, 2], slopes[first], middles[first]
    while True:
        off = np.abs(middles[:, 1] - centre[1] - slope * (middles[:, 0] - centre[0]))
        gap = np.maximum(pieces[:, 0] - right, left - pieces[:, 2])
        near = free & (off < OFF_MM * mm) & (gap < GAP_MM * mm) & (np.abs(slopes - slope) < SAME_SLOPE)
        more = np.flatnonzero(near)
        if len(more) == 0:
            break
        free[more] = False
        own += more.tolist()
        left, right = pieces[own, 0].min(), pieces[own, 2].max()
        ends = np.vstack([pieces[own, :2], pieces[own, 2:]])
        slope = np.polyfit(ends[:, 0], ends[:, 1], 1, w=np.tile(lengths[own], 2))[0]
        centre = np.average(middles[own], axis=0, weights=lengths[own])
    drawn = np.zeros(int(right - left) + 2, bool)
    for piece in pieces[own]:
        drawn[int(piece[0] - left) : int(piece[2] - left) + 1] = True
    y0, y1 = (float(centre[1] + slope * (x - centre[0])) for x in (left, right))
    return _Stroke(float(left), y0, float(right), y1, float(drawn.mean()))


def _askew_pairs(strokes: list[_Stroke], others: list[_Stroke], mm: float) -> list[tuple[_Stroke, _Stroke]]:
    """Lines that may be the upper and the lower side of a frame, or lines between these, and lie askew to the page.

    Args:
        strokes: lines of their direction.
        others: those of the other direction, on the transposed page.
        mm: pixels a millimetre.
    """
    sides = [s for s in strokes if WIDTH_MM[0] * mm < s.length < WIDTH_MM[1] * mm and s.drawn > DRAWN]
    found = []
    for upper in sides:
        for lower in sides:
            apart = lower.middle - upper.middle
            if not HEIGHT_MM[0] * mm < apart < HEIGHT_MM[1] * mm or abs(upper.slope - lower.slope) > PARALLEL:
                continue
            slope, middle = (upper.slope + lower.slope) / 2, (upper.middle + lower.middle) / 2
            ends = (lower.x0 - upper.x0 + apart * slope, lower.x1 - upper.x1 + apart * slope)
            if max(map(abs, ends)) < ENDS_MM * mm:
                near = [s.slope for s in strokes if s.length > LONG_MM * mm and abs(s.middle - middle) < NEARBY_MM * mm]
                across = [-s.slope for s in others if s.length > LONG_MM * mm]
                if _is_askew(slope, [near, across]):
                    found.append((upper, lower))
    return found


def _is_askew(slope: float, tables: Sequence[Sequence[float]]) -> bool:
    """Whether a slope differs from those of long lines of either direction, which are those of tables, or clearly from the page's."""
    levels = [float(np.median(slopes)) for slopes in tables if slopes]
    least = ASKEW if levels else CLEARLY_ASKEW
    return all(abs(math.degrees(math.atan(slope) - math.atan(level))) > least for level in levels or [0.0])


def _frame_between(ink: Image, upper: _Stroke, lower: _Stroke, mm: float) -> tuple[Frame, int] | None:
    """The frame that two lines are sides of, or lie in, and how many of its sides run on beyond a corner; None where there is none.

    Args:
        ink: (H, W) uint8, 1 where the page has ink, ``UNKNOWN`` on the lines of tables.
        upper: the line above, in its pixels.
        lower: the line below.
        mm: pixels a millimetre.
    """
    tilt = math.degrees(math.atan((upper.slope + lower.slope) / 2))
    centre = ((upper.x0 + upper.x1 + lower.x0 + lower.x1) / 4, (upper.middle + lower.middle) / 2)
    apart, margin = lower.middle - upper.middle, ENDS_MM * mm
    width = max(upper.x1, lower.x1) - min(upper.x0, lower.x0) + 2 * margin
    height = apart + 2 * margin
    turn = np.asarray(cv2.getRotationMatrix2D(centre, tilt, 1.0), np.float64)
    turn[:, 2] += (width / 2 - centre[0], height / 2 - centre[1])
    turned = np.asarray(cv2.warpAffine(ink, turn, (int(width), int(height)), flags=cv2.INTER_NEAREST), np.uint8)
    ink, known = (turned == 1).astype(np.uint8), turned != UNKNOWN
    slack = max(1, round(mm / 4))
    wide = np.asarray(cv2.dilate(ink, np.ones((1, 2 * slack + 1), np.uint8)), np.uint8)
    high = np.asarray(cv2.dilate(ink, np.ones((2 * slack + 1, 1), np.uint8)), np.uint8)
    inset, top, bottom = round(mm), int(height / 2 - apart / 2), int(height / 2 + apart / 2)
    between = slice(top + inset, bottom - inset)
    columns = _drawn(wide[between], known[between], 0)
    reach = int(2 * margin)
    if 2 * reach >= len(columns):
        reach = len(columns) // 2
    left, right = _edge_near(columns[:reach], margin, mm), _edge_near(columns[::-1][:reach], margin, mm)
    if left is None or right is None:
        return None
    x0, x1 = left, len(columns) - 1 - right
    rows = _drawn(high[:, x0 + inset : x1 - inset], known[:, x0 + inset : x1 - inset], 1)
    sides = np.minimum(*(turned[:, max(0, x - 3 * slack) : x + 3 * slack + 1].max(axis=1) for x in (x0, x1)))
    y0, y1 = _outermost(rows, sides, top, -1, mm), _outermost(rows, sides, bottom, 1, mm)
    if y0 is None or y1 is None or not HEIGHT_MM[0] * mm < y1 - y0 < min(HEIGHT_MM[1] * mm, (x1 - x0) / FLATTEST):
        return None
    drawn = [
        profile[max(0, k - 2 * slack) : k + 2 * slack + 1].max()
        for profile, ends in ((columns, (x0, x1)), (rows, (y0, y1)))
        for k in ends
    ]
    if min(drawn) < ALL_DRAWN:
        return None
    back = cv2.invertAffineTransform(turn)
    corners = np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], np.float64) @ back[:, :2].T + back[:, 2]
    box = (x0, y0, x1, y1)
    if _columns_between(ink, box, inset, mm, slack) > MOST_COLUMNS:
        return None
    return Frame(corners, tilt), _stubs(ink, box, mm, slack)


def _drawn(ink: Image, known: NDArray[np.bool_], axis: int) -> NDArray[np.float64]:
    """The share along an axis that is drawn of what is known, in [0, 1]; 0 where less than half is."""
    seen = known.sum(axis=axis)
    return np.where(2 * seen > ink.shape[axis], (ink * known).sum(axis=axis) / np.maximum(1, seen), 0.0)


def _columns_between(ink: Image, box: tuple[int, int, int, int], inset: int, mm: float, slack: int) -> int:
    """How many upright lines run through the inside of a frame and end at its upper and lower side."""
    x0, y0, x1, y1 = box
    first = x0 + 2 * inset
    inside = ink[y0 + inset : y1 - inset, first : x1 - 2 * inset]
    if not inside.size:
        return 0
    drawn = cv2.dilate(inside, np.ones((1, 3), np.uint8)).mean(axis=0) >= COLUMN_DRAWN
    places = np.flatnonzero(drawn)
    middles = [first + round(float(g.mean())) for g in runs_of_places(places)]
    # What goes on beyond the frame is a line of the table under it.
    return sum(not _runs_on(ink.T, y0, x, -1, mm, slack) and not _runs_on(ink.T, y1, x, 1, mm, slack) for x in middles)


def _table_lines(ink: Image, mm: float) -> NDArray[np.bool_]:
    """Level and upright lines, dotted ones too, that are longer than the sides of a frame."""
    dots, both = round(DOTS_MM * mm), np.zeros_like(ink)
    for across, length in ((True, LEVEL_MM), (False, UPRIGHT_MM)):
        sizes = [(1, n) if across else (n, 1) for n in (dots, round(length * mm))]
        joined = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones(sizes[0], np.uint8))
        both |= np.asarray(cv2.morphologyEx(joined, cv2.MORPH_OPEN, np.ones(sizes[1], np.uint8)), np.uint8)
    return np.asarray(cv2.dilate(both, np.ones((3, 3), np.uint8)) > 0)


def runs_of_places(places: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Places, in ascending order, parted where some are left out."""
    return np.split(places, np.flatnonzero(np.diff(places) > 1) + 1) if len(places) else []


def thin_ink(part: Image, mm: float) -> Image:
    """Thin strokes that are darker than what is around them, (h, w) uint8 of 0 and 1."""
    side = round(HAT_MM * mm) | 1
    return (cv2.morphologyEx(part, cv2.MORPH_BLACKHAT, np.ones((side, side), np.uint8)) > INK).astype(np.uint8)


def _edge_near(profile: NDArray[np.float64], expected: float, mm: float) -> int | None:
    """The middle of the place at which a side is drawn, the more of it and the nearer to where it is expected the better."""
    drawn = np.flatnonzero(profile >= SIDE_DRAWN)
    if len(drawn) == 0:
        return None
    places = runs_of_places(drawn)
    best = max(places, key=lambda g: float(profile[g].max()) - FURTHER * abs(float(g.mean()) - expected) / mm)
    return round(float(best[profile[best] >= profile[best].max() - 0.02].mean()))


def _outermost(rows: NDArray[np.float64], sides: NDArray[np.uint8], start: int, step: int, mm: float) -> int | None:
    """The row of the side of a frame that lies furthest in a direction, as far as its left and right sides go on."""
    best: int | None = None
    ends = range(start - round(BEFORE_MM * mm) * step, len(rows) if step > 0 else -1, step)
    misses = 0
    for y in ends:
        if not 0 <= y < len(rows):
            continue
        if rows[y] >= SIDE_DRAWN:
            best = y
        misses = 0 if sides[y] else misses + 1
        if misses > SIDE_GAP_MM * mm:
            break
    return best


def _stubs(ink: Image, box: tuple[int, int, int, int], mm: float, slack: int) -> int:
    """How many of eight sides' ends run on beyond the corners of a box; those of a bent table may turn a little there."""
    x0, y0, x1, y1 = box
    return sum(
        _runs_on(picture, along, across, step, mm, slack)
        for picture, ends, sides in ((ink, (x0, x1), (y0, y1)), (ink.T, (y0, y1), (x0, x1)))
        for across in sides
        for along, step in zip(ends, (-1, 1), strict=True)
    )


def _runs_on(ink: Image, along: int, across: int, step: int, mm: float, slack: int) -> bool:
    """Whether a line goes on beyond a column of a picture, from a row and turning away from it by little."""
    seen = []
    for far in range(round(STUBS_MM[0] * mm), round(STUBS_MM[1] * mm)):
        column, reach = along + step * far, slack + round(TURN * far)
        if not 0 <= column < ink.shape[1]:
            break
        seen.append(ink[max(0, across - reach) : across + reach + 1, column].any())
    return bool(seen) and float(np.mean(seen)) > STUB_DRAWN
