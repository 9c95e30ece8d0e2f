"""The sheet in a photograph: where its sides meet what it lies on.

What lies beyond a side is darker than the paper all along it; a sheet whose white margin reaches the picture's border has no such
side. Each side is looked for by itself, since photographs cut sheets off.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gikocr.elements import Image

Side = Literal["left", "right", "top", "bottom"]

REDUCED_SIDE = 400
"""Longer side of the picture on which the sheet is looked for."""
PRINT = 1 / 30
"""Width of the closing that takes print away, as a share of the longer side."""
REACH = 0.3
"""A side lies within this share of the picture from its border."""
STEP = 0.1
"""Least step of brightness at a side, as a share of the paper's brightness there; shadows rise over a longer way."""
GOES_ON = 0.6
"""Nothing from a side to the middle of the sheet is darker than this share of the paper there."""
DARKER, DARKER_ROWS = 0.95, 0.8
"""All that lies beyond a side is darker than this share of the paper, on at least this share of the rows."""
LEAST_BEYOND = 0.3
"""Share of the rows on which something must lie beyond a side for it to count as one."""
DEGREE = 4
"""Degree of the polynomial that a side follows."""
TOLERANCE = 0.008
"""Distance from it, as a share of the picture, that steps of a side have."""
FARTHEST = 12
"""Steps that are so many times this away from their median say nothing about where a side is: what lies there is something else."""
LEAST_SEEN = 0.6
"""Share of the picture's rows or columns on which a side must be seen."""
MARGIN = 0.004
"""What is taken away inside of a side, as a share of the longer side: the paper's edge throws a line of shade."""


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """The visible sides of a sheet as polylines (n, 2) of x and y in pixels, and what lies beyond them, (H, W) bool."""

    sides: dict[Side, NDArray[np.float64]]
    beyond: NDArray[np.bool_]


def find_sheet(gray: Image) -> Sheet | None:
    """Find the sides of a sheet that was photographed on something darker.

    Args:
        gray: (H, W) uint8 as it was taken, before its light is evened.

    Returns:
        None when no side is seen, as on most scans; a lid that is darker than the paper shows sides too.
    """
    height, width = gray.shape
    factor = max(1.0, max(height, width) / REDUCED_SIDE)
    size = (max(8, round(width / factor)), max(8, round(height / factor)))
    small = cv2.resize(gray, size, interpolation=cv2.INTER_AREA)
    side = max(3, int(max(size) * PRINT) | 1)
    paper = cv2.morphologyEx(small, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8)).astype(np.float32)
    flat = small.astype(np.float32)
    turned: dict[Side, tuple[NDArray[np.float32], NDArray[np.float32]]] = {
        "left": (paper, flat),
        "right": (paper[:, ::-1], flat[:, ::-1]),
        "top": (paper.T, flat.T),
        "bottom": (paper[::-1].T, flat[::-1].T),
    }
    sides: dict[Side, NDArray[np.float64]] = {}
    beyond = np.zeros((size[1], size[0]), bool)
    for name, (closed, seen) in turned.items():
        found = _side(closed, seen)
        if found is None:
            continue
        places, lines = found, np.arange(len(found), dtype=np.float64)
        cut = np.arange(closed.shape[1])[None, :] < (places + MARGIN * max(size))[:, None]
        if name == "left":
            beyond |= cut
            points = np.column_stack([places, lines])
        elif name == "right":
            beyond |= cut[:, ::-1]
            points = np.column_stack([size[0] - 1 - places, lines])
        elif name == "top":
            beyond |= cut.T
            points = np.column_stack([lines, places])
        else:
            beyond |= cut.T[::-1]
            points = np.column_stack([lines, size[1] - 1 - places])
        sides[name] = (points + 0.5) * (width / size[0], height / size[1]) - 0.5
    if not sides:
        return None
    full = cv2.resize(beyond.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
    return Sheet(sides, full > 0)


def _side(paper: NDArray[np.float32], seen: NDArray[np.float32]) -> NDArray[np.float64] | None:
    """Columns at which a left side lies, one for each row; None when there is none.

    Args:
        paper: (H, W) brightness without print.
        seen: (H, W) brightness.
    """
    height, width = paper.shape
    reach = int(width * REACH)
    if reach < 12:
        return None
    # The step over one pixel on either side of the middle one, which shows a mixture.
    step = np.zeros((height, reach), np.float32)
    step[:, 3:-3] = (seen[:, 4 : reach - 2] + seen[:, 5 : reach - 1]) - (
        seen[:, 1 : reach - 5] + seen[:, 2 : reach - 4]
    )
    inside = np.median(paper[:, reach : reach + max(4, reach // 2)], axis=1)
    rises = step / 2 > STEP * inside[:, None]
    # The sharpest rise behind which the paper goes on.
    level = np.minimum.accumulate(paper[:, reach - 1 :: -1], axis=1)[:, ::-1]
    candidate = rises & (np.roll(level, -2, axis=1) > GOES_ON * inside[:, None])
    has = candidate.any(axis=1)
    if has.mean() < LEAST_SEEN:
        return None
    rows = np.flatnonzero(has)
    weighed = np.where(candidate, step, 0.0)
    columns = weighed[rows].argmax(axis=1).astype(np.float64)
    where = np.linspace(-1.0, 1.0, height)
    curve = _smooth(where[rows], columns, max(1.0, TOLERANCE * width))
    if curve is None:
        return None
    places = np.asarray(np.polynomial.legendre.legval(where, curve), np.float64)
    fits = np.abs(places[rows] - columns) <= 2 * max(1.0, TOLERANCE * width)
    if fits.sum() < LEAST_SEEN * height or not _darker_beyond(seen, paper, places):
        return None
    return np.asarray(np.clip(places, 0, width - 1), np.float64)


def _smooth(where: NDArray[np.float64], places: NDArray[np.float64], tolerance: float) -> NDArray[np.float64] | None:
    """Legendre coefficients of a curve through most of the places, the others left out."""
    keep = np.abs(places - np.median(places)) <= FARTHEST * tolerance
    for degree in (1, 2, DEGREE, DEGREE):
        if keep.sum() < 3 * (DEGREE + 1):
            return None
        curve = np.polynomial.legendre.legfit(where[keep], places[keep], degree)
        off = np.abs(np.polynomial.legendre.legval(where, curve) - places)
        keep = off <= max(2 * tolerance, 2.5 * float(np.median(off[keep])))
    return np.asarray(curve, np.float64)


def _darker_beyond(seen: NDArray[np.float32], paper: NDArray[np.float32], places: NDArray[np.float64]) -> bool:
    """Whether what lies beyond a left side is darker than the paper beside it on nearly all rows."""
    height, width = seen.shape
    darker = rows = 0
    for row in range(0, height, 4):
        place = int(places[row])
        if place < 4:
            continue
        rows += 1
        beside = float(np.median(paper[row, place + 3 : place + 3 + width // 12]))
        darker += float(np.percentile(seen[row, : place - 1], 90)) < DARKER * beside
    return rows > LEAST_BEYOND * height / 4 and darker >= DARKER_ROWS * rows
