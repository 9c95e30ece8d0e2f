"""Ruling lines → regions → rows and columns → cells with spans.

Inside a region (see :mod:`gikocr.table.regions`) each side of each elementary box is looked at in the mask: where no line is seen,
the boxes on both sides are one cell.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np

from gikocr.elements import Cell, Grid
from gikocr.geometry import BBox
from gikocr.table.faint import (
    LEAST_EXTENT_ROW,
    Line,
    along_line,
    faint_share,
    intervals,
    lesser_end,
    recover,
    share_of,
)
from gikocr.table.lines import RulingLines, Segment
from gikocr.table.regions import find_regions, join

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gikocr.elements import Image

BAND = 1 / 400
"""Half width of the band around a boundary in which its line is looked for."""
PRESENT = 0.45
"""Share of a boundary on which the line must be seen."""
PRESENT_FAINT = 0.62
"""The same on a ridge one pixel to either side of one parallel of the line: faint lines are thin and straight, print is neither."""
LEAST_ENDS, TRUSTED_ENDS = 0.35, 0.65
"""Share of the emptier end of its boundaries on which a line must be seen: on the mean, and to be believed on each of them."""
LEAST_END = 0.12
"""A line that is neither is believed on boundaries that it reaches with this share of both ends."""
TRUSTED_SHARE, TRUSTED_INTERVALS = 0.7, 3
"""A line seen on this share of so many boundaries is certain to be one …"""
PRESENT_TRUSTED = (0.25, 0.4)
"""… and is believed elsewhere on these shares, in the mask or faintly: broken rules break more in some rows than in others."""
TRUSTED_LEAST_END = 0.12
"""… if it reaches both ends at all, which a figure that happens to stand there does not."""
CUT_SHARE, OPEN_SHARE = 0.5, 0.2
"""Share of the lines that must stick out: where a page cuts a table all do, at an open side only those that do not end in it."""
OPEN_END = 1 / 110
"""Lines that stick out further than this over the last line across them show an open side (a frame cut by the page)."""
LEAST_LENGTH, LEAST_HEIGHT = 1 / 4, 1 / 120
"""A region shorter than the one or lower than the other is not a table; large print may look like one, one row cut off by a page is."""
NARROWEST_ROW, NARROWEST_COLUMN = 1 / 120, 1 / 90
"""Two lines closer than this with nothing printed between them are a double rule: no row or column is so narrow."""
PRINTED, FEW_FILLED = 1 / 260, 0.12
"""A cell is filled when it holds the ink of a figure this high, as a share of the longer side. Where no more than this share of such
a strip is filled, it is by letters that a wrong line cuts."""
LESS_THAN_PRINT = 1 / 175
"""Between lines closer than this nothing can be printed; the ink there is of a letter that passes for a line."""
CUT_PAST = 1 / 420
"""Distance beside an upright line at which ink on both sides at one height shows that it cuts a letter."""
LETTER_CUT = 1 / 900
"""Length, as a share of the longer side, on which ink on both sides may meet by chance."""
PLAINLY_SEEN = 0.85
"""A line seen on this share of a boundary is one, though print may come close to it on both sides."""
OUTERMOST = 0.5
"""A first or last line is seen on more than this share of its boundaries, or this share of the lines across runs up to it."""
LEVEL = 1 / 100
"""Lines that bend are level with a box when they come as close to its rows as this share of the longer side."""
STRIP_UPRIGHTS = 3
"""Upright lines that a strip must show, though they are too short to be found by themselves: around a label and a value."""


def build_grids(lines: RulingLines, page: int, *, faint: bool = True, near: Sequence[BBox] | None = None) -> list[Grid]:
    """Rebuild all ruled tables of a page, from top to bottom.

    Args:
        lines: the page's ruling lines.
        page: its number, 1-based.
        faint: also look between the lines of a table for those that are too faint to be found on their own.
        near: only tables level with one of these boxes; None for all.
    """
    grids = []
    for horizontal, vertical in find_regions(lines):
        if near is not None and not _level_with(horizontal, vertical, near, lines.longest_side * LEVEL):
            continue
        grid = _build(horizontal, vertical, lines, page, faint=faint)
        if grid is not None:
            grids.append(grid)
    return sorted(_drop_nested(grids), key=lambda g: (g.box.top, g.box.left))


def _level_with(horizontal: Sequence[Line], vertical: Sequence[Segment], near: Sequence[BBox], slack: float) -> bool:
    """Whether lines reach rows of the page that one of the boxes reaches too, give or take so many pixels."""
    top = min([h.middle for h in horizontal] + [v.start for v in vertical])
    bottom = max([h.middle for h in horizontal] + [v.end for v in vertical])
    return any(top < box.bottom + slack and bottom > box.top - slack for box in near)


def _build(
    horizontal: Sequence[Line], vertical: Sequence[Segment], lines: RulingLines, page: int, *, faint: bool
) -> Grid | None:
    side = lines.longest_side
    cols = join(vertical, side)
    strip = len(cols) < 2
    if strip:
        cols = _ends_of(horizontal)
    rows = _close_ends(list(horizontal), cols, side, CUT_SHARE)
    cols = _close_ends(cols, rows, side, OPEN_SHARE)
    if len(rows) < 2 or len(cols) < 2:
        return None
    if faint:
        rows = recover(rows, cols, lines.horizontal_ridge, side, LEAST_EXTENT_ROW)
        cols = recover(cols, rows, lines.vertical_ridge.T, side)
    band = max(2.0, side * BAND)
    spare: list[tuple[tuple[float, float], ...]] = []
    while True:
        h_present = _present(rows, cols, lines.horizontal_mask, lines.horizontal_ridge, band)
        v_present = _present(cols, rows, lines.vertical_mask.T, lines.vertical_ridge.T, band, lines.prints.T)
        rows_kept, cols_kept = _bounding(h_present, v_present), _bounding(v_present, h_present)
        if len(rows_kept) == len(rows) and len(cols_kept) == len(cols):
            row, col = (
                _second_of_double(rows, cols, h_present, lines.prints, side * NARROWEST_ROW),
                _second_of_double(cols, rows, v_present, lines.prints.T, side * NARROWEST_COLUMN),
            )
            if row is None and col is None:
                break
            if row is not None:
                spare += _where_seen(_polylines([rows[row]], cols, flip=False)[0], h_present[row])
                rows_kept.remove(row)
            if col is not None:
                spare += _where_seen(_polylines([cols[col]], rows, flip=True)[0], v_present[col])
                cols_kept.remove(col)
        rows, cols = [rows[r] for r in rows_kept], [cols[c] for c in cols_kept]
        if len(rows) < 2 or len(cols) < 2:
            return None
    if strip and len(cols) < STRIP_UPRIGHTS:
        return None
    box = _around(rows, cols)
    too_small = max(box.width, box.height) < side * LEAST_LENGTH or min(box.width, box.height) < side * LEAST_HEIGHT
    if too_small:
        return None
    row_polylines, col_polylines = _polylines(rows, cols, flip=False), _polylines(cols, rows, flip=True)
    cells = tuple(_cells(h_present, v_present, rows, cols))
    return Grid(page, box, row_polylines, col_polylines, cells, tuple(spare))


def _bounding(present: NDArray[np.bool_], across: NDArray[np.bool_]) -> list[int]:
    """The lines that are seen; the outermost ones where they mostly are, or where most others or both sides of the frame run up.

    Strokes of large print below a table line up now and then, and no frame leads there.

    Args:
        present: (n lines, m - 1) on which boundaries each line is seen.
        across: (m lines, n - 1) the same of the lines across.
    """

    def bounds(line: NDArray[np.bool_], strip: NDArray[np.bool_]) -> bool:
        return bool(line.mean() > OUTERMOST or strip.mean() > OUTERMOST or (strip[0] and strip[-1]))

    inner = [i for i in range(1, len(present) - 1) if present[i].any()]
    first = [0] if bounds(present[0], across[:, 0]) else []
    return [*first, *inner, *([len(present) - 1] if bounds(present[-1], across[:, -1]) else [])]


def _ends_of(horizontal: Sequence[Line]) -> list[Line]:
    """Two upright lines where level ones begin and end: a strip of one row, whose uprights are too short to be lines of their own."""
    top, bottom = horizontal[0].middle, horizontal[-1].middle
    places = [float(np.median([h.start for h in horizontal])), float(np.median([h.end for h in horizontal]))]
    return [Line(np.array([top, bottom]), np.array([x, x]), top, bottom) for x in places]


def _close_ends(lines: list[Line], across: list[Line], side: int, share: float) -> list[Line]:
    """Add a first or last line where the lines across stick out over it: a frame that the page cut open."""
    if not lines or not across:
        return lines
    reach = side * OPEN_END
    closed = list(lines)
    low = min(line.start for line in lines)
    high = max(line.end for line in lines)
    before = _common_end([lines[0].middle - line.start for line in across], reach, share)
    after = _common_end([line.end - lines[-1].middle for line in across], reach, share)
    if before is not None:
        place = lines[0].middle - before
        closed.insert(0, Line(np.array([low, high]), np.array([place, place]), low, high))
    if after is not None:
        place = lines[-1].middle + after
        closed.append(Line(np.array([low, high]), np.array([place, place]), low, high))
    return closed


def _common_end(overhangs: list[float], reach: float, share: float) -> float | None:
    """How far lines stick out, when at least two do so alike and no fewer than a share of all; else None."""
    out = sorted(o for o in overhangs if o > reach)
    if len(out) < max(2, share * len(overhangs)):
        return None
    middle = out[len(out) // 2]
    alike = [o for o in out if abs(o - middle) < reach]
    return middle if len(alike) >= max(2, 0.6 * len(out)) else None


def _second_of_double(
    lines: list[Line], across: list[Line], present: NDArray[np.bool_], prints: Image, narrowest: float
) -> int | None:
    """Index of a line so close to its neighbour, with nothing printed between, that both are one double rule; the lesser of the two.

    ``prints`` is indexed [across the line, along the line].
    """
    side = max(prints.shape)
    for i, (line, after) in enumerate(itertools.pairwise(lines)):
        width = after.middle - line.middle
        if width >= narrowest or len(lines) <= 2:
            continue
        low, high = round(line.middle) + 2, round(after.middle) - 1
        figure = 0.5 * (side * PRINTED) ** 2
        pieces = intervals(line, across, 0.0, prints.shape[1])
        filled = 0
        for start, end in pieces:
            # Around crossings ink is the lines' own, also that of double lines.
            cut = round(0.2 * (end - start))
            if high > low and end - start > 4:
                ink = cv2.countNonZero(np.ascontiguousarray(prints[low:high, start + cut : end - cut]))
                filled += ink > figure
        if width < side * LESS_THAN_PRINT or filled <= FEW_FILLED * len(pieces):
            weaker = present[i].sum() < present[i + 1].sum()
            return i if weaker else i + 1
    return None


def _cuts(lines: list[Line], across: list[Line], prints: Image) -> NDArray[np.bool_]:
    """On which boundaries a line runs through letters, (len(lines), len(across) - 1): ink close by on both sides at one place."""
    side = max(prints.shape)
    past = max(2, round(side * CUT_PAST))
    cuts = np.zeros((len(lines), len(across) - 1), bool)
    for i, line in enumerate(lines):
        pieces = intervals(line, across, 1.0, prints.shape[1])
        hit, first = along_line(prints, line, pieces, np.array([-past - 1, -past, past, past + 1]))
        both = (hit[0] | hit[1]) & (hit[2] | hit[3])
        for j, (low, high) in enumerate(pieces):
            cuts[i, j] = np.count_nonzero(both[low - first : high - first]) > max(1.0, side * LETTER_CUT)
    return cuts


def _present(
    lines: list[Line], across: list[Line], mask: Image, ridge: Image, band: float, prints: Image | None = None
) -> NDArray[np.bool_]:
    """On which boundaries each line is seen, (len(lines), len(across) - 1): in the mask, or faintly but all along.

    Where ``prints`` is given, a line that is not plainly seen and runs through letters is their strokes.
    """
    seen, ends = _seen(lines, across, mask, band)
    faint, faint_ends = faint_share(lines, across, ridge, band)
    strong = seen >= PRESENT
    weak = (faint >= PRESENT_FAINT) & (faint_ends >= LEAST_ENDS)
    for i in range(len(lines)):
        if not strong[i].any():
            continue
        reach = float(ends[i][strong[i]].mean())
        if reach < LEAST_ENDS:
            strong[i] = False
        elif reach < TRUSTED_ENDS:
            strong[i] &= ends[i] >= LEAST_END
    present = strong | weak
    trusted = (strong & (seen >= TRUSTED_SHARE)).sum(axis=1) >= TRUSTED_INTERVALS
    again = ((seen >= PRESENT_TRUSTED[0]) & (ends >= TRUSTED_LEAST_END)) | (
        (faint >= PRESENT_TRUSTED[1]) & (faint_ends >= TRUSTED_LEAST_END)
    )
    present[trusted] |= again[trusted]
    if prints is not None:
        present &= (seen >= PLAINLY_SEEN) | ~_cuts(lines, across, prints)
    return present


def _seen(
    lines: list[Line], across: list[Line], mask: Image, band: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Shares of each boundary, and of its emptier end, on which its line is seen: both (len(lines), len(across) - 1).

    ``mask`` is indexed [across the line, along the line].
    """
    shares = np.zeros((len(lines), len(across) - 1))
    ends = np.zeros_like(shares)
    offsets = np.arange(-int(band), int(band) + 1)
    for i, line in enumerate(lines):
        pieces = intervals(line, across, band / 2, mask.shape[1])
        parallels, first = along_line(mask, line, pieces, offsets)
        seen: NDArray[np.bool_] = np.asarray(parallels.any(axis=0), np.bool_)
        for j, (low, high) in enumerate(pieces):
            hit = seen[low - first : high - first]
            shares[i, j] = share_of(hit)
            ends[i, j] = lesser_end(hit)
    return shares, ends


def _cells(
    h_present: NDArray[np.bool_], v_present: NDArray[np.bool_], rows: list[Line], cols: list[Line]
) -> list[Cell]:
    n_rows, n_cols = len(rows) - 1, len(cols) - 1
    owner = np.arange(n_rows * n_cols).reshape(n_rows, n_cols)

    def unite(a: int, b: int) -> None:
        if a != b:
            owner[owner == max(a, b)] = min(a, b)

    for r in range(n_rows):
        for c in range(n_cols):
            if c + 1 < n_cols and not v_present[c + 1, r]:
                unite(int(owner[r, c]), int(owner[r, c + 1]))
            if r + 1 < n_rows and not h_present[r + 1, c]:
                unite(int(owner[r, c]), int(owner[r + 1, c]))
    cells = []
    for label in np.unique(owner):
        for r0, r1, c0, c1 in _rectangles(owner == label):
            cells.append(Cell(r0, r1, c0, c1, box_between(rows[r0], rows[r1], cols[c0], cols[c1])))
    return sorted(cells, key=lambda cell: (cell.row, cell.col))


def _rectangles(member: NDArray[np.bool_]) -> list[tuple[int, int, int, int]]:
    """Cut a connected set of elementary boxes into rectangles (row, row_end, col, col_end): runs of a row, joined downwards.

    A set that is no rectangle comes from a side whose line was lost; cutting keeps that damage to one row, while growing the set
    to its rectangle would swallow its neighbours.
    """
    rows, cols = np.nonzero(member)
    top, bottom, left, right = (int(v) for v in (rows.min(), rows.max() + 1, cols.min(), cols.max() + 1))
    if len(rows) == (bottom - top) * (right - left):
        return [(top, bottom, left, right)]
    open_runs: dict[tuple[int, int], int] = {}
    found = []
    for r in range(member.shape[0] + 1):
        runs = set(_runs(member[r])) if r < member.shape[0] else set()
        for run in [k for k in open_runs if k not in runs]:
            found.append((open_runs.pop(run), r, *run))
        for run in runs:
            open_runs.setdefault(run, r)
    return found


def _runs(row: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], row, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def box_between(top: Line, bottom: Line, left: Line, right: Line) -> BBox:
    """The box between four lines, each taken where the cell is."""
    x = (left.middle + right.middle) / 2
    y = (top.at_one(x) + bottom.at_one(x)) / 2
    x0, x1 = left.at_one(y), right.at_one(y)
    x = (x0 + x1) / 2
    y0, y1 = top.at_one(x), bottom.at_one(x)
    return BBox(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))


def _around(rows: list[Line], cols: list[Line]) -> BBox:
    return BBox(cols[0].middle, rows[0].middle, cols[-1].middle, rows[-1].middle)


def _polylines(lines: list[Line], across: list[Line], *, flip: bool) -> tuple[tuple[tuple[float, float], ...], ...]:
    """Each line sampled where it crosses the lines of the other direction."""
    result = []
    for line in lines:
        points = []
        for other in across:
            along = other.at_one(line.middle)
            beside = line.at_one(along)
            points.append((beside, along) if flip else (along, beside))
        result.append(tuple(points))
    return tuple(result)


def _where_seen(
    line: tuple[tuple[float, float], ...], present: NDArray[np.bool_]
) -> list[tuple[tuple[float, float], ...]]:
    """The pieces of a line on boundaries on which it is seen: elsewhere what stands close to a rule is the edge of figures."""
    return [line[first : last + 1] for first, last in _runs(present)]


def _drop_nested(grids: list[Grid]) -> list[Grid]:
    """A region that lies inside another (a box drawn in a cell, a stamp) is not a table of its own."""
    return [
        g
        for g in grids
        if not any(o is not g and g.box.share_inside(o.box) > 0.8 and o.box.area > g.box.area for o in grids)
    ]
