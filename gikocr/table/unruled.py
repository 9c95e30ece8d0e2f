"""Grids of tables that have no ruling lines, or level ones only: rows by the values and the level lines, columns by common white."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from gikocr.elements import Grid
from gikocr.geometry import BBox
from gikocr.table.lattice import Lattice
from gikocr.table.mend import VALUES_FROM, between_rows, split_rows
from gikocr.table.text_rows import TextRow, runs_of, table_rows, text_rows
from gikocr.table.white import common_white, split_columns
from gikocr.table.words import Words

if TYPE_CHECKING:
    from numpy.typing import NDArray

LABELS_TO = 0.2
"""Labels take at least this share of a table's width."""
MORE_ROWS, FEW_ROWS = 1.1, 0.5
"""The first column of values has at most this many times the levels that are usual in the right columns; those are nearly empty
when they have less than this share of the most."""
OVERLAP = 0.2
"""Words of the right part that share more than this many heights of print are in one row: the lines of heads side by side."""
MOST_LABELS = 1000
"""No page has more words in its labels; each is compared with all others."""
ONE_LABEL = 0.5
"""Lines of one label have less white between them than this many heights of print; rows have more."""
LINED = 0.7
"""Where level lines stand in this share of the spaces between rows of words, they are the rows' boundaries; heads then stay whole."""
LEVEL_LINE = 0.5
"""A level line is a boundary of an unruled table when it spans this share of its width."""


def unruled_grids(
    words: Words,
    taken: Sequence[BBox],
    levels: Sequence[tuple[float, float, float]],
    page: int,
    *,
    bare_labels: bool = False,
) -> list[Grid]:
    """Grids of tables that no ruling lines bound.

    Args:
        words: of the page.
        taken: boxes of the grids that are known.
        levels: level lines of the page as (left, right, height of its middle) in pixels; they bound rows where they are.
        page: its number, 1-based.
        bare_labels: every label between rows with values is a row, as in forms that leave zeros blank.
    """
    free = words.boxes
    for box in taken:
        x, y = (free[:, 0] + free[:, 2]) / 2, (free[:, 1] + free[:, 3]) / 2
        free = free[~((x >= box.left) & (x < box.right) & (y >= box.top) & (y < box.bottom))]
    grids = []
    for rows in table_rows(free, words.height, levels, bare_labels=bare_labels):
        grid = _from_words(rows, words.height, levels, page, bare_labels=bare_labels)
        if grid is not None:
            grids.append(grid)
    return grids


def _from_words(
    rows: Sequence[TextRow],
    height: float,
    levels: Sequence[tuple[float, float, float]],
    page: int,
    *,
    bare_labels: bool,
) -> Grid | None:
    """The grid of an unruled table: rows by level lines or by the values, then columns by common white."""
    boxes = np.concatenate([row.boxes for row in rows])
    left, right = float(boxes[:, 0].min()) - 0.6 * height, float(boxes[:, 2].max()) + 0.6 * height
    top, bottom = float(boxes[:, 1].min()) - 0.5 * height, float(boxes[:, 3].max()) + 0.5 * height
    inner = sorted(
        y
        for start, end, y in levels
        if top - 1.5 * height < y < bottom + 1.5 * height
        and min(end, right) - max(start, left) > LEVEL_LINE * (right - left)
    )
    lined = [y for i, y in enumerate(inner) if i == 0 or y - inner[i - 1] > 0.8 * height]
    places, by_lines = _row_boundaries(boxes, lined, height, (left, right), bare_labels=bare_labels)
    places = [y for y in places if top + 0.5 * height < y < bottom - 0.5 * height]
    ys = [top, *places, bottom]
    points = np.array([[[left, y], [right, y]] for y in ys])
    lattice = Lattice(points, np.arange(len(ys) - 1, dtype=np.int64).reshape(-1, 1))
    if by_lines:
        split_rows(lattice, boxes, height)
    split_columns(lattice, boxes, height)
    if lattice.n_cols < 2:
        return None
    return lattice.to_grid(page)


def _row_boundaries(
    boxes: NDArray[np.float64],
    lined: Sequence[float],
    height: float,
    extent: tuple[float, float],
    *,
    bare_labels: bool,
) -> tuple[list[float], bool]:
    """Heights between the rows of an unruled table, and whether level lines give nearly all of them.

    Where no line is seen the values tell rows apart; labels of several lines are kept whole as far as can be.
    """
    flat = boxes[(boxes[:, 3] - boxes[:, 1]) < 2.6 * height]
    edge = _values_begin(flat, height, *extent)
    labels = flat[(flat[:, 0] + flat[:, 2]) / 2 <= edge]
    anchors = _anchors(flat, edge, height)
    if bare_labels:
        labels = _nearest_values(labels, height)
        anchors = sorted([*anchors, *_bare(labels, anchors, height)])
    lines = [y for y in lined if not any(top + 0.15 * height < y < bottom - 0.15 * height for top, bottom in anchors)]
    spaces = [(low, high) for (_, low), (high, _) in itertools.pairwise(anchors)]
    bare = [(low, high) for low, high in spaces if not any(low - 2 <= y <= high + 2 for y in lines)]
    by_lines = len(bare) <= (1 - LINED) * len(spaces)
    if by_lines:
        return lines, True
    return sorted([*lines, *(between_rows(low, high, labels, height) for low, high in bare)]), False


def _anchors(boxes: NDArray[np.float64], edge: float, height: float) -> list[tuple[float, float]]:
    """(top, bottom) of what stands level right of an edge, from top to bottom."""
    behind = boxes[(boxes[:, 0] + boxes[:, 2]) / 2 > edge]
    anchors: list[tuple[float, float]] = []
    for top, bottom in sorted((float(b[1]), float(b[3])) for b in behind):
        # A dash is lower than that, and stands at half the height of the figures beside it.
        if anchors and anchors[-1][1] - top > min(OVERLAP * height, 0.6 * (bottom - top)):
            anchors[-1] = (anchors[-1][0], max(anchors[-1][1], bottom))
        else:
            anchors.append((top, bottom))
    return anchors


def _nearest_values(labels: NDArray[np.float64], height: float) -> NDArray[np.float64]:
    """The labels without those that have others at their right: the names of groups of rows. So many are left as they are."""
    if len(labels) > MOST_LABELS:
        return labels
    shared = np.minimum(labels[:, None, 3], labels[None, :, 3]) - np.maximum(labels[:, None, 1], labels[None, :, 1])
    beside = (shared > OVERLAP * height) & (labels[None, :, 0] > labels[:, None, 2])
    kept: NDArray[np.float64] = labels[~beside.any(axis=1)]
    return kept


def _bare(
    labels: NDArray[np.float64], anchors: Sequence[tuple[float, float]], height: float
) -> list[tuple[float, float]]:
    """(top, bottom) of the labels beside which no value stands; lines close to each other are one label."""
    bare: list[list[float]] = []
    for top, bottom in sorted((float(b[1]), float(b[3])) for b in labels):
        if bare and top - bare[-1][1] < ONE_LABEL * height:
            bare[-1][1] = max(bare[-1][1], bottom)
        else:
            bare.append([top, bottom])
    near = ONE_LABEL * height
    return [(t, b) for t, b in bare if not any(low - near < b and t < high + near for low, high in anchors)]


def _values_begin(boxes: NDArray[np.float64], height: float, left: float, right: float) -> float:
    """Where values begin behind the labels, in pixels.

    Behind the first column of values there are as many levels of words as in the right columns, before it there are more, since
    labels have several lines. Where the right columns are nearly empty, it is the column behind which most rows have something;
    where no column shows, a fixed share of the width.
    """
    words = [row.boxes for row in text_rows(boxes, height)]
    rows = [i for i, row in enumerate(words) if len(runs_of(row)) > 1]
    cuts = common_white(rows, words, {i: [left, right] for i in rows}, height) if rows else []
    middles = sorted((low + high) / 2 for low, high, _ in cuts)
    edges = [x for x in middles if x >= left + LABELS_TO * (right - left)]
    if not edges:
        return left + VALUES_FROM * (right - left)
    counts = [len(_anchors(boxes, edge, height)) for edge in edges]
    usual = float(np.median(counts[len(counts) // 2 :]))
    if usual < FEW_ROWS * max(counts):
        return edges[int(np.argmax(counts))]
    # Lines of labels make more levels than there are values; among labels the count is higher than it is over the values.
    return next(edge for edge, count in zip(edges, counts, strict=True) if count <= MORE_ROWS * usual)
