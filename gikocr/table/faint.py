"""Lines of a table that are too faint, dashed or broken to be found on their own, found between the lines that are known.

Where a table's verticals are known, a row boundary is a thin ridge that runs from one to the next; over that whole length even a
ridge of a few grey levels stands out from noise, while print covers less and is not thin. The same holds for columns.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gikocr.elements import Image

COVERED = 0.6
"""Share of an interval that the ridge must cover."""
THIN = 1 / 390
"""Half thickness beyond which a ridge is print rather than a line, as a share of the longer side."""
THIN_RATIO = 0.62
"""Beside a line the cover falls to less than this share of what it is on the line."""
END_ZONE = 0.16
"""The ends of a boundary, as shares of its length: print in a cell keeps away from the lines around it, a line does not."""
COVERED_ENDS = 0.6
"""Share of both ends that the ridge must cover."""
LEAST_INTERVALS = 2
LEAST_EXTENT = 0.15
"""A line must be seen between two pairs of lines across it, or on its whole extent, and on this share of the table …"""
LEAST_EXTENT_ROW = 0.5
"""The same share for the boundary of rows: it runs through to the last column, while the foot of two labels side by side does not."""
COVERED_ALONE, LONG_ALONE = 0.93, 1 / 75
"""… or on this share of one such piece and of both its ends, if the piece is this long (a share of the longer side): print in a
cell keeps clear of the lines around it."""
BENDS, LEAST_COMMON = 5, 0.7
"""Places at which lines across are asked where they run, and the least share of a piece that is common to all."""
NEAREST = 1 / 150
"""A new line keeps this distance, as a share of the longer side, from those that are known: less than any row of print."""


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One whole line: positions (n,) along it, sorted, and across it, and the extent in which pieces of it were seen.

    ``middle`` is the median position across.
    """

    along: NDArray[np.float64]
    across: NDArray[np.float64]
    start: float
    end: float
    middle: float = field(init=False)
    _points: tuple[list[float], list[float]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "middle", float(np.median(self.across)))
        object.__setattr__(self, "_points", (self.along.tolist(), self.across.tolist()))

    def at_one(self, position: float) -> float:
        """What :meth:`at` says of one position; asked for so often that NumPy's call would cost more than its answer."""
        return between(position, *self._points)

    def at(self, position: float | NDArray[np.float64]) -> NDArray[np.float64]:
        """Where the line is across, at positions along it; beyond its ends as at its ends."""
        return np.asarray(np.interp(position, self.along, self.across), np.float64)


def between(position: float, along: Sequence[float], across: Sequence[float]) -> float:
    """What ``numpy.interp`` says of one position; ``along`` (n,) sorted, n at least 1."""
    after = bisect_right(along, position)
    if after == 0:
        return across[0]
    if after == len(along):
        return across[-1]
    low, high = along[after - 1], along[after]
    if position == low:
        return across[after - 1]
    return (across[after] - across[after - 1]) / (high - low) * (position - low) + across[after - 1]


def intervals(line: Line, across: list[Line], inset: float, limit: int) -> list[tuple[int, int]]:
    """The pieces of a line between the lines across it, as half-open pixel ranges, a little shorter at both ends."""
    crossings = [other.at_one(line.middle) for other in across]
    result = []
    for a, b in itertools.pairwise(crossings):
        cut = min(inset, (b - a) / 4)
        low = int(min(max(a + cut, 0), limit - 1))
        result.append((low, int(min(max(b - cut, low + 1), limit))))
    return result


def _common_intervals(first: Line, last: Line, across: list[Line], inset: float, limit: int) -> list[tuple[int, int]]:
    """What the pieces of all lines between two have in common: lines across that bend begin and end them differently.

    Pieces of which too little is common are those of the first line.
    """
    own = intervals(first, across, inset, limit)
    places = np.linspace(first.middle, last.middle, BENDS)
    courses = np.stack([other.at(places) for other in across])
    result = []
    for (low, high), a, b in zip(own, courses[:-1], courses[1:], strict=True):
        cut = min(inset, float(b[0] - a[0]) / 4)
        inner = int(max(0.0, a.max() + cut)), int(min(limit, b.min() - cut))
        result.append(inner if inner[1] - inner[0] >= LEAST_COMMON * (high - low) else (low, high))
    return result


def faint_share(
    lines: list[Line], across: list[Line], ridge: Image, band: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Largest share of each boundary that a ridge covers on one parallel of the line, and the lesser share at its two ends there.

    Both are (len(lines), len(across) - 1). ``ridge`` is indexed [across the line, along the line] and already one pixel wider on
    both sides.
    """
    width = ridge.shape[1]
    shares = np.zeros((len(lines), len(across) - 1))
    ends = np.zeros_like(shares)
    offsets = np.arange(-int(band), int(band) + 1)
    for i, line in enumerate(lines):
        pieces = intervals(line, across, band / 2, width)
        along, first = along_line(ridge, line, pieces, offsets)
        for j, (low, high) in enumerate(pieces):
            hit = along[:, low - first : high - first]
            best = hit[int(np.count_nonzero(hit, axis=1).argmax())]
            shares[i, j] = share_of(best)
            ends[i, j] = lesser_end(best)
    return shares, ends


def along_line(
    mask: Image, line: Line, pieces: Sequence[tuple[int, int]], offsets: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], int]:
    """Where parallels of a line lie on a mask, (len(offsets), n) bool, and the first of the n positions; all pieces lie in them.

    ``mask`` is indexed [across the line, along the line]; ``offsets`` are the distances of the parallels in pixels.
    """
    first = min((low for low, _ in pieces), default=0)
    positions = np.arange(first, max((high for _, high in pieces), default=0))
    centre = np.rint(line.at(positions.astype(np.float64))).astype(np.int64)
    index = (centre[None, :] + offsets[:, None]).clip(0, len(mask) - 1)
    return mask[index, positions[None, :]] > 0, first


def share_of(hit: NDArray[np.bool_]) -> float:
    """The share of places (n,) that are hit, in [0, 1]."""
    return int(np.count_nonzero(hit)) / len(hit)


def lesser_end(hit: NDArray[np.bool_]) -> float:
    """The share of the emptier of the two ends of a boundary that is covered, in [0, 1]."""
    zone = max(2, round(len(hit) * END_ZONE))
    return min(share_of(hit[:zone]), share_of(hit[-zone:]))


def recover(
    lines: list[Line], across: list[Line], ridge: Image, side: int, least_extent: float = LEAST_EXTENT
) -> list[Line]:
    """Add the lines between the first and last that only show as a faint ridge.

    Args:
        lines: known lines of one direction, sorted.
        across: known lines of the other direction, sorted.
        ridge: (H, W) uint8 indexed [across, along].
        side: longer side of the page, in pixels.
        least_extent: share of the table on which a line must be seen.
    """
    if len(lines) < 2 or len(across) < 2:
        return lines
    first, last = lines[0], lines[-1]
    top, bottom = int(max(0, first.middle)), int(min(ridge.shape[0], last.middle + 1))
    pieces = _common_intervals(first, last, across, side / 800, ridge.shape[1])
    if bottom - top < 8:
        return lines
    cover, ends = _cover(ridge, top, bottom, pieces, [first, last])
    step = max(2, round(side * THIN))
    padded = np.pad(cover, ((0, 0), (step, step)))
    beside = np.maximum(padded[:, : -2 * step], padded[:, 2 * step :])
    lengths = np.array([b - a for a, b in pieces], dtype=np.float64)
    is_line = (cover >= COVERED) & (ends >= COVERED_ENDS) & (beside < THIN_RATIO * cover)
    # Intervals may have it a pixel higher or lower than others.
    near = is_line.copy()
    near[:, 1:] |= is_line[:, :-1]
    near[:, :-1] |= is_line[:, 1:]
    extent = (near * lengths[:, None]).sum(0) / lengths.sum()
    strength = (near * cover * lengths[:, None]).sum(0)
    long_enough = lengths[:, None] >= side * LONG_ALONE
    alone_in = is_line & (cover >= COVERED_ALONE) & (ends >= COVERED_ALONE) & long_enough
    alone: NDArray[np.bool_] = np.asarray(alone_in.any(axis=0), np.bool_)
    found = list(lines)
    for y in np.argsort(-strength).tolist():
        seen_in = is_line[:, max(0, y - 1) : y + 2].any(axis=1).sum()
        if not alone[y] and (extent[y] < least_extent or seen_in < min(LEAST_INTERVALS, len(pieces))):
            continue
        place = float(top + y)
        if all(abs(place - line.middle) > side * NEAREST for line in found):
            seen = np.nonzero(near[:, y])[0]
            start, end = float(pieces[seen[0]][0]), float(pieces[seen[-1]][1])
            found.append(_parallel(place, start, end, lines))
    return sorted(found, key=lambda line: line.middle)


def _cover(
    ridge: Image, top: int, bottom: int, pieces: list[tuple[int, int]], shape: list[Line]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both (len(pieces), bottom - top): share of each piece, and of its emptier end, that the ridge covers on each parallel."""
    rows = np.arange(top, bottom)
    share = (rows - top) / max(1, bottom - top)
    cover = np.zeros((len(pieces), len(rows)))
    ends = np.zeros_like(cover)
    for j, (low, high) in enumerate(pieces):
        middle = (low + high) / 2
        shift_first = float(shape[0].at(middle)) - shape[0].middle
        shift_last = float(shape[1].at(middle)) - shape[1].middle
        index = np.rint(rows + shift_first * (1 - share) + shift_last * share).astype(np.int64)
        index = np.clip(index, 0, ridge.shape[0] - 1)
        hit = ridge[index, low:high] > 0
        zone = max(2, round((high - low) * END_ZONE))
        cover[j] = hit.mean(axis=1)
        ends[j] = np.minimum(hit[:, :zone].mean(axis=1), hit[:, -zone:].mean(axis=1))
    return cover, ends


def _parallel(place: float, start: float, end: float, lines: list[Line]) -> Line:
    """A line at a place across, bent like the nearest known one."""
    nearest = min(lines, key=lambda line: abs(line.middle - place))
    return Line(nearest.along, nearest.across - nearest.middle + place, start, end)
