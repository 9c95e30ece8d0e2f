"""Cells of a ruled table that lost the line between them are cut again where its words show two rows or two columns.

Rows are told by the values: they stand level in all columns, whereas lines of heads that are set in several lines do not.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from gikocr.elements import Grid
from gikocr.table.lattice import Lattice
from gikocr.table.white import GAP, SHORT_VALUE, runs_of, split_columns
from gikocr.table.words import Words

if TYPE_CHECKING:
    from numpy.typing import NDArray

THIN, ON_LINE = 0.4, 0.35
"""A word is a piece of line when it is thinner than this and lies closer to a boundary than this, in heights of print."""
FEWEST_COLUMNS = 2
"""Cells side by side that must show the same."""
VALUES_FROM = 0.42
"""Values stand right of this share of a table's width, whatever its labels."""
LEVEL = 0.3
"""Words of one row of values differ in height by less than this many heights of print."""
ROW_GAP = 0.62
"""White between two rows of values, in heights of print, from which they may be two rows; lines of one head stand closer."""
LEVEL_SHARE = 0.6
"""Share of the columns with words on several levels in which each level must have a word."""
MOVED = 1.5
"""A boundary of columns lies within so many heights of print of where it lay on the page before."""
COMMON_COLUMN = 0.5
"""A boundary of columns is the whole table's where it parts cells in this share of its rows."""
HEAD_GAP = 1.5
"""White between the words of two heads, in heights of print, from which a boundary of columns in it may part them."""
IN_LINE = 0.2
"""A line of a label that reaches further over a boundary than this, in heights of print, is crossed by it."""
HEAD_ROWS = 6
"""Rows from the top among which heads are."""
SQUARE = (0.82, 1.22)
MOST_SQUARE = 0.5
"""Letters of this script are as wide as high; where more than this share of the words is, they are a head's, not values."""


def mend(grid: Grid, words: Words) -> Grid | None:
    """Cut cells of a grid in which two rows or columns run together; None where there are none.

    Args:
        grid: as ruling lines make it.
        words: of its page.
    """
    lattice = Lattice.of(grid)
    inside = _off_the_lines(
        words.inside(grid.box.left, grid.box.top, grid.box.right, grid.box.bottom), lattice, words.height
    )
    if len(inside) < 2:
        return None
    before = len(np.unique(lattice.owner))
    _split_over_rows(lattice, inside, words.height)
    split_rows(lattice, inside, words.height)
    split_columns(lattice, inside, words.height)
    _cut_bare_rows(lattice, inside, words.height)
    _part_heads(lattice, inside, words.height)
    _part_labels(lattice, inside, words.height)
    if lattice.n_cols > grid.n_cols:
        # Where columns had no lines, only now it shows that values stand level in several of them.
        split_rows(lattice, inside, words.height)
        split_columns(lattice, inside, words.height)
    if len(np.unique(lattice.owner)) == before:
        return None
    return lattice.to_grid(grid.page, grid.spare_lines)


def _off_the_lines(boxes: NDArray[np.float64], lattice: Lattice, height: float) -> NDArray[np.float64]:
    """The words without thin ones that lie along a boundary: pieces of its broken line."""
    rows, cols = lattice.points[:, :, 1].mean(axis=1), lattice.points[:, :, 0].mean(axis=0)
    x, y = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
    near = ON_LINE * height
    level = (boxes[:, 3] - boxes[:, 1] < THIN * height) & (np.abs(y[:, None] - rows[None, :]).min(axis=1) < near)
    upright = (boxes[:, 2] - boxes[:, 0] < THIN * height) & (np.abs(x[:, None] - cols[None, :]).min(axis=1) < near)
    return boxes[~level & ~upright]


def with_columns_of(grid: Grid, before: Grid, words: Words, *, only: bool = False, moved: float = MOVED) -> Grid | None:
    """Cut a grid at the columns of the table that it may go on; None where that cuts nothing.

    Where a page holds no upright lines and few values, only the page before tells the columns.

    Args:
        grid: as it was found.
        before: the last table of the page before.
        words: of the page; what stands over a boundary is left whole.
        only: the columns that the grid has are no better than guesses, and go.
        moved: heights of print by which a boundary may lie elsewhere than there.
    """
    lattice = Lattice.of(grid)
    known = lattice.owner.copy()
    boxes = words.inside(grid.box.left, grid.box.top, grid.box.right, grid.box.bottom)
    slack = ON_LINE * words.height
    middles = (boxes[:, 1] + boxes[:, 3]) / 2
    bands = [lattice.band(row) for row in range(lattice.n_rows)]
    inside = [boxes[(middles > top) & (middles < bottom)] for top, bottom in bands]
    places = columns_of(before, grid, boxes, words.height, moved)
    for x in places:
        free = [row for row, own in enumerate(inside) if not ((own[:, 0] < x - slack) & (own[:, 2] > x + slack)).any()]
        lattice.split_col(x - slack, x + slack, free)
    if only:
        for row, own in enumerate(inside):
            if _one_in_each(own, places, words.height):
                lattice.join_cols(row, places)
    if known.shape == lattice.owner.shape and (known == lattice.owner).all():
        return None
    return lattice.to_grid(grid.page, grid.spare_lines)


def with_columns_of_heads(grid: Grid, words: Words) -> Grid | None:
    """Cut the rows of a grid at the columns of its heads; None where these show no more columns than the rows do.

    Between level rules only, the columns of values are told by white, which a blank column and the label beside it share; its head
    stands apart.

    Args:
        grid: as it was found.
        words: of its page; what stands over a boundary is left whole.
    """
    lattice = Lattice.of(grid)
    counts = [len(lattice.cell_edges(row)) for row in range(lattice.n_rows)]
    if len(counts) <= HEAD_ROWS:
        return None
    head = int(np.argmax(counts[:HEAD_ROWS]))
    if counts[head] <= float(np.median(counts[HEAD_ROWS:])):
        return None
    heads = Lattice(lattice.points[head : head + 2], lattice.owner[head : head + 1]).to_grid(grid.page)
    return with_columns_of(grid, heads, words, moved=0.0)


def columns_of(before: Grid, grid: Grid, boxes: NDArray[np.float64], height: float, moved: float) -> list[float]:
    """Where the columns of another grid part in this one, in pixels: near their share of the width, where few words are crossed."""
    scale = grid.box.width / max(before.box.width, 1.0)
    slack = ON_LINE * height
    found = []
    for number, line in enumerate(before.col_lines[1:-1], 1):
        ends = {row for c in before.cells if number in (c.col, c.col_end) for row in range(c.row, c.row_end)}
        if len(ends) < COMMON_COLUMN * before.n_rows:
            continue
        expected = grid.box.left + (float(np.mean([x for x, _ in line])) - before.box.left) * scale
        places = expected + np.arange(-moved, moved + 0.01, 0.1) * height
        over = (boxes[:, 0][:, None] < places - slack) & (boxes[:, 2][:, None] > places + slack)
        fewest = places[over.sum(axis=0) == over.sum(axis=0).min()]
        found.append(float(fewest[np.argmin(np.abs(fewest - expected))]))
    return sorted(found)


def _one_in_each(boxes: NDArray[np.float64], places: Sequence[float], height: float) -> bool:
    """Whether no two values of a row stand in one column."""
    short = boxes[(boxes[:, 2] - boxes[:, 0]) < SHORT_VALUE * height]
    ordered = short[np.argsort(short[:, 0], kind="stable")]
    columns = np.searchsorted(np.asarray(places), (ordered[:, 0] + ordered[:, 2]) / 2)
    apart = ordered[1:, 0] - ordered[:-1, 2] > GAP * height
    return not (apart & (columns[1:] == columns[:-1])).any()


def _split_over_rows(lattice: Lattice, boxes: NDArray[np.float64], height: float) -> None:
    """Cut cells of values that run over a boundary at which labels or several values are parted: its line was not seen there.

    Values part when one stands on either side in several cells; a head in several lines does not, its lines are closer.
    """
    left, right = float(lattice.points[:, 0, 0].mean()), float(lattice.points[:, -1, 0].mean())
    xs = lattice.points[:, :, 0].mean(axis=0)
    middles = (xs[1:] + xs[:-1]) / 2
    is_value = middles > left + VALUES_FROM * (right - left)
    flat = boxes[boxes[:, 3] - boxes[:, 1] < 2.6 * height]
    col = np.clip(np.searchsorted(xs, (flat[:, 0] + flat[:, 2]) / 2) - 1, 0, lattice.n_cols - 1)
    y = (flat[:, 1] + flat[:, 3]) / 2
    words = np.zeros(lattice.owner.shape, bool)
    for row in range(lattice.n_rows):
        top, bottom = lattice.band(row)
        central = np.abs(y - (top + bottom) / 2) < 0.35 * (bottom - top)
        words[row, col[(y > top) & (y < bottom) & (central | ~is_value[col])]] = True
    last_label = max(0, int(is_value.argmax()) - 1)
    for row in range(1, lattice.n_rows):
        merged = np.flatnonzero((lattice.owner[row - 1] == lattice.owner[row]) & is_value)
        if len(merged) < FEWEST_COLUMNS:
            continue
        both = (words[row - 1, merged] & words[row, merged]).sum()
        upper, lower = lattice.owner[row - 1], lattice.owner[row]
        parted = upper[last_label] != lower[last_label]
        labelled = words[row - 1][upper == upper[last_label]].any() and words[row][lower == lower[last_label]].any()
        if both >= FEWEST_COLUMNS or (parted and labelled):
            own = [last_label] if not parted and words[row - 1, last_label] and words[row, last_label] else []
            lattice.part_rows(row, [*merged.tolist(), *own])


def _cut_bare_rows(lattice: Lattice, boxes: NDArray[np.float64], height: float) -> None:
    """Cut rows that hold a label and nothing else where the columns of the others part: lines of empty cells may be left out."""
    xs = lattice.points[:, :, 0].mean(axis=0)
    parts = lattice.owner[:, 1:] != lattice.owner[:, :-1]
    usual = np.flatnonzero(parts.mean(axis=0) >= COMMON_COLUMN) + 1
    places = xs[usual][xs[usual] > xs[0] + VALUES_FROM * (xs[-1] - xs[0])]
    if len(places) < FEWEST_COLUMNS:
        return
    middles = (boxes[:, 1] + boxes[:, 3]) / 2
    for row in range(lattice.n_rows):
        top, bottom = lattice.band(row)
        here = boxes[(middles > top) & (middles < bottom)]
        beyond = [x for x in lattice.cell_edges(row)[:-1] if x > places[0] - ON_LINE * height]
        if len(here) and not beyond and float(here[:, 2].max()) < places[0]:
            for x in places:
                lattice.split_col(x - ON_LINE * height, x + ON_LINE * height, [row])


def _part_heads(lattice: Lattice, boxes: NDArray[np.float64], height: float) -> None:
    """Cut cells that run over boundaries of columns where a wide gap between their words lies at one: its line was not seen there."""
    xs = lattice.points[:, :, 0].mean(axis=0)
    parts = (lattice.owner[:, 1:] != lattice.owner[:, :-1]).mean(axis=0)
    middles = (boxes[:, 1] + boxes[:, 3]) / 2
    slack = ON_LINE * height
    cuts: list[tuple[float, list[int]]] = []
    for number in np.unique(lattice.owner).tolist():
        rows, cols = np.nonzero(lattice.owner == number)
        first, last = int(cols.min()), int(cols.max()) + 1
        if last - first < 2:
            continue
        top, bottom = lattice.band(int(rows.min()))[0], lattice.band(int(rows.max()))[1]
        inside = (middles > top) & (middles < bottom) & (boxes[:, 2] > xs[first]) & (boxes[:, 0] < xs[last])
        runs = runs_of(boxes[inside])
        for (_, low), (high, _) in itertools.pairwise(runs):
            between = [c for c in range(first + 1, last) if low - slack <= xs[c] <= high + slack and parts[c - 1] > 0.0]
            if high - low >= HEAD_GAP * height and between:
                cuts.append((float(xs[max(between, key=lambda c: parts[c - 1])]), sorted(set(rows.tolist()))))
    for place, cut_rows in cuts:
        lattice.split_col(place - 1.0, place + 1.0, cut_rows)


def _part_labels(lattice: Lattice, boxes: NDArray[np.float64], height: float) -> None:
    """Cut labels next to the values that run over a boundary between two rows of values, in white between their lines."""
    xs = lattice.points[:, :, 0].mean(axis=0)
    first = int(np.searchsorted((xs[1:] + xs[:-1]) / 2, xs[0] + VALUES_FROM * (xs[-1] - xs[0])))
    if not 0 < first < lattice.n_cols:
        return
    rows = [_row_of_values(lattice, boxes, row, float(xs[first])) for row in range(lattice.n_rows)]
    for row in range(1, lattice.n_rows):
        own = lattice.owner[row, first - 1]
        if not rows[row - 1] or not rows[row] or lattice.owner[row - 1, first - 1] != own:
            continue
        merged = np.flatnonzero(lattice.owner[row - 1, first:] == lattice.owner[row, first:]) + first
        if len(merged) > (1 - LEVEL_SHARE) * (lattice.n_cols - first):
            continue
        cols = np.flatnonzero(lattice.owner[row] == own)
        inside = boxes[(boxes[:, 2] > xs[cols[0]]) & (boxes[:, 0] < xs[cols[-1] + 1])]
        place, slack = lattice.band(row)[0], IN_LINE * height
        if not ((inside[:, 1] < place - slack) & (inside[:, 3] > place + slack)).any():
            lattice.part_rows(row, [first - 1, *merged.tolist()])


def _row_of_values(lattice: Lattice, boxes: NDArray[np.float64], row: int, left: float) -> bool:
    """Whether values, which are narrower than letters of heads, stand in several columns of a row right of its labels."""
    top, bottom = lattice.band(row)
    middles = (boxes[:, 1] + boxes[:, 3]) / 2
    own = boxes[(middles > top) & (middles < bottom) & (boxes[:, 0] > left)]
    return len(own) >= FEWEST_COLUMNS and not _is_square(own)


def _is_square(boxes: NDArray[np.float64]) -> bool:
    """Whether most words are as wide as high, as letters of heads are."""
    ratio = (boxes[:, 2] - boxes[:, 0]) / np.maximum(boxes[:, 3] - boxes[:, 1], 1.0)
    return bool(((ratio > SQUARE[0]) & (ratio < SQUARE[1])).mean() > MOST_SQUARE)


def split_rows(lattice: Lattice, boxes: NDArray[np.float64], height: float) -> None:
    """Cut rows in which the values stand on several levels."""
    left, right = float(lattice.points[:, 0, 0].mean()), float(lattice.points[:, -1, 0].mean())
    edge = left + VALUES_FROM * (right - left)
    middles = (boxes[:, 1] + boxes[:, 3]) / 2
    for row in reversed(range(lattice.n_rows)):
        top, bottom = lattice.band(row)
        if bottom - top < 2.2 * height:
            continue
        here = boxes[(middles > top) & (middles < bottom)]
        values = here[(here[:, 0] + here[:, 2]) / 2 > edge]
        values = values[(values[:, 3] - values[:, 1]) < 1.6 * height]
        levels = _value_levels(values, lattice.cell_edges(row), height)
        if len(levels) < 2:
            continue
        labels = here[((here[:, 0] + here[:, 2]) / 2 <= edge) & ((here[:, 3] - here[:, 1]) < 2.0 * height)]
        places = [between_rows(low, high, labels, height) for (_, low), (high, _) in itertools.pairwise(levels)]
        lattice.split_row(row, places)


def _value_levels(values: NDArray[np.float64], edges: Sequence[float], height: float) -> list[tuple[float, float]]:
    """(top, bottom) of each level on which values stand in several columns alike; fewer than two where the row is one."""
    if len(values) < 2 * FEWEST_COLUMNS:
        return []
    if _is_square(values):
        return []
    middle = (values[:, 1] + values[:, 3]) / 2
    order = np.argsort(middle, kind="stable")
    groups: list[list[int]] = []
    for i in order.tolist():
        if groups and middle[i] - np.mean(middle[groups[-1]]) < LEVEL * 2 * height:
            groups[-1].append(i)
        else:
            groups.append([i])
    if len(groups) < 2:
        return []
    column = np.searchsorted(np.asarray(edges), (values[:, 0] + values[:, 2]) / 2)
    several = [
        c for c in set(column.tolist()) if len({k for k, g in enumerate(groups) for i in g if column[i] == c}) > 1
    ]
    if len(several) < FEWEST_COLUMNS:
        return []
    full = [g for g in groups if len({int(column[i]) for i in g} & set(several)) >= LEVEL_SHARE * len(several)]
    if len(full) < 2 or sum(len(g) for g in full) < 0.8 * len(values):
        return []
    spans = [(float(values[g, 1].min()), float(values[g, 3].max())) for g in full]
    if any(low[0] - high[1] < ROW_GAP * height for high, low in itertools.pairwise(spans)):
        return []
    return spans


def between_rows(low: float, high: float, labels: NDArray[np.float64], height: float) -> float:
    """The height between two rows of values that crosses the fewest lines of the labels, nearest to the middle."""
    middle = (low + high) / 2
    places = np.arange(low - 0.3 * height, high + 0.3 * height, 1.0)
    if not len(places) or not len(labels):
        return middle
    crossed = ((labels[:, 1][None, :] < places[:, None]) & (labels[:, 3][None, :] > places[:, None])).sum(axis=1)
    best = places[crossed == crossed.min()]
    return float(best[np.argmin(np.abs(best - middle))])
