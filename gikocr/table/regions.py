"""Which ruling lines belong to one table.

Lines that meet belong together. A frame may be open at its sides, so level lines that stand over each other with their ends in
line belong together too, where no upright line closes them off.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from gikocr.table.faint import Line
from gikocr.table.lines import RulingLines, Segment

if TYPE_CHECKING:
    from numpy.typing import NDArray

TOUCH = 1 / 170
"""Largest gap between the end of a line and the line it meets, as a share of the page's longer side."""
SAME_LINE = 1 / 260
"""Pieces closer than this across their direction are one line (a double frame is one line too)."""
GAP = 1 / 9
"""Largest gap between two pieces of one level line."""
LONG = 1 / 7
SOLID = 0.5
"""A level line that meets fewer than two others counts from this length, and with pieces on this share of it."""
STACKED = 1 / 18
"""Largest distance between two level lines of a table with open sides."""
STREAK, STREAK_END = 1 / 9, 1 / 40
"""A line that leaves a table by this much in all, and by this much on either side, as shares of the longer side, is a streak."""
STRIP = 1 / 4
"""Least length of the level lines of a row that was cut off, as a share of the longer side."""
ENDS_IN_LINE = 1 / 60
"""Largest difference between the ends of such lines."""


def level_lines(lines: RulingLines) -> list[tuple[float, float, float]]:
    """All level lines of a page as (start, end, middle) in pixels."""
    return [(line.start, line.end, line.middle) for line in join(lines.horizontal, lines.longest_side)]


def find_regions(lines: RulingLines) -> list[tuple[list[Line], list[Segment]]]:
    """The level lines (whole) and upright pieces of each table."""
    side = lines.longest_side
    h = _within_gap(join(lines.horizontal, side), lines.horizontal, side)
    v = list(lines.vertical)
    if len(h) < 2:
        return []
    touch = _touches(h, v, side * TOUCH)
    keep = [j for j in range(len(v)) if not _is_streak(v[j], [h[i] for i in np.flatnonzero(touch[:, j])], side)]
    v, touch = [v[j] for j in keep], touch[:, keep]
    solid = np.array([_is_solid(line, lines.horizontal, side) for line in h])
    keep_h, keep_v = np.ones(len(h), bool), np.ones(len(v), bool)
    while True:
        active = touch & keep_h[:, None] & keep_v[None, :]
        next_h = keep_h & ((active.sum(1) >= 2) | solid)
        next_v = keep_v & (active.sum(0) >= 2)
        if (next_h == keep_h).all() and (next_v == keep_v).all():
            break
        keep_h, keep_v = next_h, next_v
    owner = _components(active)
    _join_open(h, v, keep_h, active, owner, side)
    regions = []
    for label in sorted(set(owner[: len(h)][keep_h].tolist())):
        own_h = [line for i, line in enumerate(h) if keep_h[i] and owner[i] == label]
        own_v = [s for j, s in enumerate(v) if keep_v[j] and owner[len(h) + j] == label]
        enough = len(own_h) + len(own_v) >= 4 or (len(own_v) < 2 and _is_strip(own_h, side))
        if len(own_h) >= 2 and enough:
            regions.append((own_h, own_v))
    return regions


def _is_streak(upright: Segment, met: Sequence[Line], side: int) -> bool:
    """Whether a line runs on far beyond the table on both sides: dirt on a scanner's glass draws such lines down the page."""
    if not met:
        return False
    above = min(line.middle for line in met) - upright.start
    below = upright.end - max(line.middle for line in met)
    return min(above, below) > side * STREAK_END and above + below > side * STREAK


def _is_strip(lines: Sequence[Line], side: int) -> bool:
    """Whether level lines without uprights may bound a row: long, and close over each other."""
    long = all(line.end - line.start > side * STRIP for line in lines)
    return long and len(lines) <= 4 and lines[-1].middle - lines[0].middle < side * STACKED * len(lines)


def join(pieces: Sequence[Segment], side: int) -> list[Line]:
    """Join pieces that lie on one line, compared where they come closest along it; sorted across."""
    nearness = side * SAME_LINE
    ordered = sorted(pieces, key=lambda s: s.middle)
    groups: list[list[Segment]] = []
    for piece in ordered:
        best = None
        for group in reversed(groups[-8:]):
            gap = min(_distance(piece, other) for other in group)
            if gap < nearness and (best is None or gap < best[0]):
                best = (gap, group)
        if best is None:
            groups.append([piece])
        else:
            best[1].append(piece)
    return sorted((_whole(group) for group in groups), key=lambda line: line.middle)


def _whole(group: Sequence[Segment]) -> Line:
    along = np.concatenate([s.along for s in group]).astype(np.float64)
    across = np.concatenate([s.across for s in group]).astype(np.float64)
    order = np.argsort(along, kind="stable")
    return Line(along[order], across[order], min(s.start for s in group), max(s.end for s in group))


def _distance(a: Segment, b: Segment) -> float:
    """Distance across, where the two come closest along."""
    low, high = max(a.start, b.start), min(a.end, b.end)
    at = (low + high) / 2
    return abs(a.at_one(at) - b.at_one(at))


def _members(line: Line, pieces: Sequence[Segment], side: int) -> list[Segment]:
    nearness = side * SAME_LINE
    return [s for s in pieces if abs(line.at_one((s.start + s.end) / 2) - s.middle) < nearness]


def _within_gap(whole: Sequence[Line], pieces: Sequence[Segment], side: int) -> list[Line]:
    """Cut lines where nothing of them is seen for longer than :data:`GAP`: two tables side by side."""
    result = []
    for line in whole:
        members = sorted(_members(line, pieces, side), key=lambda s: s.start)
        group: list[Segment] = []
        end = 0.0
        for piece in members:
            if group and piece.start - end > side * GAP:
                result.append(_whole(group))
                group = []
            group.append(piece)
            end = max(end, piece.end)
        if group:
            result.append(_whole(group))
    return sorted(result, key=lambda line: line.middle)


def _is_solid(line: Line, pieces: Sequence[Segment], side: int) -> bool:
    length = line.end - line.start
    if length < side * LONG:
        return False
    seen = sum(
        min(s.end, line.end) - max(s.start, line.start)
        for s in _members(line, pieces, side)
        if s.end > line.start and s.start < line.end
    )
    return seen >= SOLID * length


def _touches(h: Sequence[Line], v: Sequence[Segment], reach: float) -> NDArray[np.bool_]:
    """(len(h), len(v)) bool: which lines meet or cross."""
    touch = np.zeros((len(h), len(v)), bool)
    h_mid, v_mid = np.array([s.middle for s in h]), np.array([s.middle for s in v])
    slack = reach * 3
    h_start, h_end = np.array([s.start for s in h]), np.array([s.end for s in h])
    v_start, v_end = np.array([s.start for s in v]), np.array([s.end for s in v])
    near = (v_mid[None, :] > h_start[:, None] - slack) & (v_mid[None, :] < h_end[:, None] + slack)
    near &= (h_mid[:, None] > v_start[None, :] - slack) & (h_mid[:, None] < v_end[None, :] + slack)
    for i, j in zip(*np.nonzero(near), strict=True):
        y = h[i].at_one(float(v_mid[j]))
        x = v[j].at_one(y)
        inside_h = h[i].start - reach < x < h[i].end + reach
        inside_v = v[j].start - reach < y < v[j].end + reach
        touch[i, j] = inside_h and inside_v
    return touch


def _components(touch: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Connected parts of a bipartite graph; the label of each line, horizontals first."""
    n_h, n_v = touch.shape
    owner = np.full(n_h + n_v, -1, dtype=np.int64)
    for seed in range(n_h):
        if owner[seed] >= 0:
            continue
        owner[seed] = seed
        stack = [seed]
        while stack:
            node = stack.pop()
            others = np.nonzero(touch[node])[0] + n_h if node < n_h else np.nonzero(touch[:, node - n_h])[0]
            for other in others.tolist():
                if owner[other] < 0:
                    owner[other] = seed
                    stack.append(other)
    return owner


def _join_open(
    h: Sequence[Line],
    v: Sequence[Segment],
    keep: NDArray[np.bool_],
    touch: NDArray[np.bool_],
    owner: NDArray[np.int64],
    side: int,
) -> None:
    """Give neighbouring level lines with their ends in line one owner, unless an upright line closes off an end of either."""
    kept = sorted((i for i in range(len(h)) if keep[i]), key=lambda i: h[i].middle)
    slack = side * ENDS_IN_LINE
    for upper, lower in itertools.pairwise(kept):
        if owner[upper] == owner[lower] or h[lower].middle - h[upper].middle > side * STACKED:
            continue
        in_line = abs(h[upper].start - h[lower].start) < slack and abs(h[upper].end - h[lower].end) < slack
        closed = (_is_closed(h[i], v, touch[i], slack) for i in (upper, lower))
        if in_line and not any(closed):
            owner[owner == owner[lower]] = owner[upper]


def _is_closed(line: Line, v: Sequence[Segment], touching: NDArray[np.bool_], slack: float) -> bool:
    places = [v[j].middle for j in np.flatnonzero(touching)]
    return any(abs(x - line.start) < slack for x in places) or any(abs(x - line.end) < slack for x in places)
