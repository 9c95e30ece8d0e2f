"""Streaks: straight lines that dirt on a scanner's glass draws over a whole page, tables or not.

They look like ruling lines and cut rows of print and cells alike. What tells them is that they go on where no table is: up to the
edges of the page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from gikocr.table.faint import Line
from gikocr.table.lines import RulingLines, Segment
from gikocr.table.regions import join

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gikocr.elements import Image

SHORTEST = 1 / 12
"""Least length of a line that may be a streak, as a share of the longer side."""
BEYOND = 1 / 28
"""Least length of the page beyond the last line across that must be there to look at."""
EDGE_ZONE = 1 / 20
"""The outermost part of the page, in which nothing but page numbers is printed."""
AWAY = 1 / 110
"""The look beyond begins this far from the last line across: lines of a frame may stick out a little."""
SEEN_BEYOND, SEEN_AT_EDGE = 0.4, 0.45
"""Share of the page beyond, and of its outermost part, on which a streak shows at least faintly."""
MOST_STREAKS = 0.5
"""Where more than this share of the lines goes on beyond, it is the table that does: the page was cut there."""
WIDTH = 2
"""Half width in pixels of a streak and of the band in which it is looked for."""


def without_streaks(lines: RulingLines) -> RulingLines:
    """Take streaks in either direction away; their pixels are kept in ``streaks``."""
    upright = _streaks(lines.vertical, lines.horizontal, lines.vertical_ridge.T, lines.longest_side)
    level = _streaks(lines.horizontal, lines.vertical, lines.horizontal_ridge, lines.longest_side)
    if not upright and not level:
        return lines
    v_band, h_band = np.zeros_like(lines.vertical_mask), np.zeros_like(lines.horizontal_mask)
    for line in upright:
        _draw(v_band, line, turned=True)
    for line in level:
        _draw(h_band, line, turned=False)
    streaks = cv2.bitwise_or(
        cv2.bitwise_and(v_band, cv2.bitwise_or(lines.vertical_mask, lines.vertical_ridge)),
        cv2.bitwise_and(h_band, cv2.bitwise_or(lines.horizontal_mask, lines.horizontal_ridge)),
    )
    return replace(
        lines,
        horizontal=_others(lines.horizontal, level),
        vertical=_others(lines.vertical, upright),
        horizontal_mask=_cleared(lines.horizontal_mask, h_band),
        vertical_mask=_cleared(lines.vertical_mask, v_band),
        horizontal_ridge=_cleared(lines.horizontal_ridge, h_band),
        vertical_ridge=_cleared(lines.vertical_ridge, v_band),
        streaks=np.asarray(streaks, np.uint8),
    )


def _streaks(pieces: Sequence[Segment], across: Sequence[Segment], ridge: Image, side: int) -> list[Line]:
    """The lines of one direction that go on where nothing crosses them any more. ``ridge`` is [across, along]."""
    whole = [line for line in join(pieces, side) if line.end - line.start >= side * SHORTEST]
    found = [line for line in whole if _goes_on(line, across, ridge, side)]
    return [] if len(found) > max(1.0, MOST_STREAKS * len(whole)) else [_extended(line, ridge) for line in found]


def _goes_on(line: Line, across: Sequence[Segment], ridge: Image, side: int) -> bool:
    meets = [c.middle for c in across if _meet(line, c, side)]
    if not meets:
        return False
    length, first, last = ridge.shape[1], min(meets), max(meets)
    away, least, edge = side * AWAY, side * BEYOND, side * EDGE_ZONE
    margin = side / 200
    seen = _seen(_extended(line, ridge), ridge)
    before = seen[int(margin) : max(int(margin), int(first - away))]
    after = seen[min(length, int(last + away)) : int(length - margin)]
    for zone, outer in ((before, before[: int(edge)]), (after, after[-int(edge) :])):
        if len(zone) >= least and zone.mean() >= SEEN_BEYOND and outer.mean() >= SEEN_AT_EDGE:
            return True
    return False


def _meet(line: Line, other: Segment, side: int) -> bool:
    """Whether a line across comes up to this one."""
    place = float(line.at(other.middle))
    reach = side / 170
    return line.start - reach < other.middle < line.end + reach and other.start - reach < place < other.end + reach


def _extended(line: Line, ridge: Image) -> Line:
    """The line drawn on straight to both edges of the page."""
    length = ridge.shape[1]
    slope, offset = np.polyfit(line.along, line.across, 1) if len(line.along) > 2 else (0.0, line.middle)
    ends = np.array([0.0, length - 1.0])
    along = np.concatenate([[ends[0]], line.along, [ends[1]]])
    across = np.concatenate([[slope * ends[0] + offset], line.across, [slope * ends[1] + offset]])
    order = np.argsort(along, kind="stable")
    return Line(along[order], across[order], 0.0, float(length - 1))


def _seen(line: Line, ridge: Image) -> NDArray[np.bool_]:
    """(length,) bool: where along the page the line shows at least faintly."""
    positions = np.arange(ridge.shape[1])
    centre = np.rint(line.at(positions.astype(np.float64))).astype(np.int64)
    offsets = np.arange(-1, 2)
    index = np.clip(centre[None, :] + offsets[:, None], 0, ridge.shape[0] - 1)
    return np.asarray((ridge[index, positions[None, :]] > 0).any(axis=0), np.bool_)


def _draw(band: Image, line: Line, *, turned: bool) -> None:
    points = np.column_stack([line.across, line.along] if turned else [line.along, line.across])
    cv2.polylines(band, [np.rint(points).astype(np.int32)], isClosed=False, color=(255,), thickness=2 * WIDTH + 1)


def _cleared(mask: Image, band: Image) -> Image:
    return np.asarray(cv2.bitwise_and(mask, cv2.bitwise_not(band)), np.uint8)


def _others(pieces: tuple[Segment, ...], streaks: Sequence[Line]) -> tuple[Segment, ...]:
    def on_streak(piece: Segment) -> bool:
        middle = (piece.start + piece.end) / 2
        return any(abs(float(line.at(middle)) - piece.middle) <= 2 * WIDTH for line in streaks)

    return tuple(piece for piece in pieces if not on_streak(piece))
