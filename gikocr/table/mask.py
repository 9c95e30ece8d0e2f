"""Which pixels of a page are its tables' lines, for those who look for the print."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np

from gikocr.elements import Cell, Grid
from gikocr.table.broken import PIECE
from gikocr.table.lines import RulingLines, Segment
from gikocr.table.regions import SAME_LINE, STACKED

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gikocr.elements import Image
    from gikocr.geometry import BBox

SHORT_SIDE = 1 / 34
"""Upright sides shorter than this share of the longer side are in no mask, since lines are looked for in longer windows."""
BRIDGED = 1 / 55
"""Gaps in a line up to this length, as a share of the longer side, are the print's beside it."""
SLACK = 2
"""Pixels by which a line may leave the straight between two crossings; more would eat into figures set close to it."""
THROUGH, DRAWN = 0.9, 0.9
"""Shares of a grid's width that a rule through it crosses at least, and of its length that is drawn."""
THICKEST = 1 / 195
"""Share of the longer side to either side of the middle of a line within which its thickness is looked for."""


def line_mask(lines: RulingLines, grids: Sequence[Grid]) -> tuple[Image, Image]:
    """Pixels of the lines that bound cells; strokes of characters that look like lines are left alone.

    Only what the masks support within a band around each boundary counts.

    Returns:
        Two masks (H, W) uint8: one wide enough to leave nothing of a line, and its core, which keeps off figures set close to it.
    """
    wide, core = np.zeros_like(lines.horizontal_mask), np.zeros_like(lines.horizontal_mask)
    broad, sure = np.zeros_like(wide), np.zeros_like(wide)
    reach_out = 2 * round(lines.longest_side * SAME_LINE) + 1
    thick = round(
        max(
            _thickness(lines.horizontal, lines.horizontal_mask),
            _thickness(lines.vertical, np.asarray(lines.vertical_mask.T)),
        )
    )
    for grid in grids:
        pieces = [piece for cell in grid.cells for piece in _sides(grid, cell)]
        pieces += [piece for line in grid.spare_lines for piece in _pieces(line)]
        short = lines.longest_side * SHORT_SIDE
        for start, end in pieces:
            if abs(end[0] - start[0]) < abs(end[1] - start[1]) < short:
                cv2.line(sure, start, end, (255,), thickness=thick + 2)
            cv2.line(wide, start, end, (255,), thickness=thick + 2 * SLACK)
            cv2.line(core, start, end, (255,), thickness=thick)
            cv2.line(broad, start, end, (255,), thickness=thick + reach_out)
    support = np.asarray(cv2.bitwise_or(lines.horizontal_mask, lines.vertical_mask), np.uint8)
    support = np.asarray(cv2.bitwise_or(support, sure), np.uint8)
    # Where lines cross neither is a ridge, so the masks have holes there.
    reach = thick // 2 + SLACK + 1
    for x, y in {(round(x), round(y)) for grid in grids for line in grid.row_lines for x, y in line}:
        cv2.rectangle(support, (x - reach, y - reach), (x + reach, y + reach), (255,), thickness=cv2.FILLED)
    rims = cv2.bitwise_and(wide, cv2.dilate(support, np.ones((3, 3), np.uint8)))
    cores = cv2.bitwise_and(core, support)
    # Double rules count as one boundary, and bent ones leave the straight between two crossings: what is a line for certain and
    # lies close to a boundary is its line too.
    near = cv2.bitwise_and(broad, _bridged(lines))
    rims, cores = cv2.bitwise_or(rims, near), cv2.bitwise_or(cores, near)
    if lines.broken:
        left_over = _pieces_of_ridges(lines, np.asarray(wide, np.uint8))
        rims, cores = cv2.bitwise_or(rims, left_over), cv2.bitwise_or(cores, left_over)
    if rules := list(_rules_elsewhere(lines, grids)):
        through = cv2.polylines(np.zeros_like(wide), rules, False, (255,), thickness=thick + 2 * SLACK)
        through = cv2.bitwise_and(through, cv2.dilate(lines.horizontal_mask, np.ones((3, 3), np.uint8)))
        rims, cores = cv2.bitwise_or(rims, through), cv2.bitwise_or(cores, through)
    if lines.streaks is not None:
        rims, cores = cv2.bitwise_or(rims, lines.streaks), cv2.bitwise_or(cores, lines.streaks)
    return np.asarray(rims, np.uint8), np.asarray(cores, np.uint8)


def runs_through(line: Segment, box: BBox) -> bool:
    """Whether a level line crosses a box, or what is above or below it, from side to side."""
    return min(line.end, box.right) - max(line.start, box.left) >= THROUGH * box.width


def _rules_elsewhere(lines: RulingLines, grids: Sequence[Grid]) -> Iterator[NDArray[np.int32]]:
    """Level rules through a grid or close to it from side to side that are no boundary of any, as points (n, 1, 2).

    Where a boundary was taken to lie elsewhere, or was not seen, the rule is there all the same. No print is as long, but dashes and
    zeros beside each other pass for a line, and so does a row of words that shine through: a rule is drawn all along, and not only a
    long window sees it.
    """
    height, width = lines.horizontal_ridge.shape
    reach, same = STACKED * lines.longest_side, SAME_LINE * lines.longest_side
    known = np.array([float(np.mean([y for _, y in row])) for grid in grids for row in grid.row_lines])
    for line in lines.horizontal:
        pale = any(box.top - SLACK <= line.middle <= box.bottom + SLACK for box in lines.pale)
        if pale or not len(known) or np.abs(known - line.middle).min() <= same:
            continue
        beside = any(
            grid.box.top - reach < line.middle < grid.box.bottom + reach and runs_through(line, grid.box)
            for grid in grids
        )
        if not beside:
            continue
        along, across = line.along.round().astype(np.int64), line.across.round().astype(np.int64)
        drawn = lines.horizontal_ridge[across.clip(0, height - 1), along.clip(0, width - 1)] > 0
        if drawn.mean() >= DRAWN:
            yield np.stack([along, across], axis=1).astype(np.int32)[:, None]


def boundaries(grids: Sequence[Grid], shape: tuple[int, int]) -> Image:
    """The boundaries of cells as they were taken to run, one pixel wide, on a page of a height and width."""
    drawn = np.zeros(shape, np.uint8)
    for start, end in (piece for grid in grids for cell in grid.cells for piece in _sides(grid, cell)):
        cv2.line(drawn, start, end, (255,))
    return drawn


def _pieces_of_ridges(lines: RulingLines, band: Image) -> Image:
    """Short pieces of line on the boundaries: what is left of a broken rule is in no mask, and would be read as a figure or a dash."""
    length = max(4, round(lines.longest_side * PIECE))
    level = cv2.morphologyEx(
        cv2.bitwise_and(lines.horizontal_ridge, band), cv2.MORPH_OPEN, np.ones((1, length), np.uint8)
    )
    upright = cv2.morphologyEx(
        cv2.bitwise_and(lines.vertical_ridge, band), cv2.MORPH_OPEN, np.ones((length, 1), np.uint8)
    )
    both = cv2.dilate(cv2.bitwise_or(level, upright), np.ones((3, 3), np.uint8))
    return np.asarray(cv2.bitwise_and(both, band), np.uint8)


def _bridged(lines: RulingLines) -> Image:
    """The masks of both directions with the gaps closed that print beside a line tears into them."""
    length = max(3, round(lines.longest_side * BRIDGED) | 1)
    level = cv2.dilate(lines.horizontal_mask, np.ones((3, 1), np.uint8))
    upright = cv2.dilate(lines.vertical_mask, np.ones((1, 3), np.uint8))
    level = cv2.morphologyEx(level, cv2.MORPH_CLOSE, np.ones((1, length), np.uint8))
    upright = cv2.morphologyEx(upright, cv2.MORPH_CLOSE, np.ones((length, 1), np.uint8))
    return np.asarray(cv2.bitwise_or(level, upright), np.uint8)


def _thickness(segments: Sequence[Segment], mask: Image) -> float:
    """Median thickness of lines in pixels, at least 1: how far the mask reaches across from their middles.

    Args:
        segments: lines of one direction.
        mask: (H, W) uint8 that they lie in, indexed [across, along].
    """
    if not segments:
        return 1.0
    along = np.concatenate([s.along for s in segments]).round().astype(np.int64)
    across = np.concatenate([s.across for s in segments]).round().astype(np.int64)
    along = along.clip(0, mask.shape[1] - 1)
    thick, reach = np.zeros(len(along)), max(3, round(max(mask.shape) * THICKEST))
    for step in (1, -1):
        inside = np.ones(len(along), bool)
        for offset in range(1 if step < 0 else 0, reach):
            place = across + step * offset
            inside &= (place >= 0) & (place < mask.shape[0])
            inside &= mask[place.clip(0, mask.shape[0] - 1), along] > 0
            thick += inside
    return max(1.0, float(np.median(thick)))


def _sides(grid: Grid, cell: Cell) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """The four sides of a cell, piece by piece between crossings, so that they follow a bend."""
    for line in (grid.row_lines[cell.row], grid.row_lines[cell.row_end]):
        yield from _pieces(line[cell.col : cell.col_end + 1])
    for line in (grid.col_lines[cell.col], grid.col_lines[cell.col_end]):
        yield from _pieces(line[cell.row : cell.row_end + 1])


def _pieces(points: Sequence[tuple[float, float]]) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    rounded = [(round(x), round(y)) for x, y in points]
    yield from itertools.pairwise(rounded)
