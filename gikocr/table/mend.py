"""Boundaries without a line: rows and columns told from where the words of a table stand.

Two uses of one method. A grid of ruling lines is cut further where a lost line left two rows or two columns in one; and where a table
has no lines at all, or level ones only, its grid is made from the words alone.

Columns are white on every row, except where a head spans several. So the gaps between the words of each row of a block (the rows
between two headings) are laid over each other, and a boundary goes where enough of them have white in common and no word is crossed
(stabbing of intervals, greedily by their ends). Rows are told by the values: they stand level in all columns, whereas lines of heads
that are set in several lines do not.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gikocr.elements import Grid
from gikocr.geometry import BBox
from gikocr.table.lattice import Lattice
from gikocr.table.words import Words

if TYPE_CHECKING:
    from numpy.typing import NDArray

GAP = 1.15
"""White between two words of one row that may be a boundary, in heights of print; figures of one number stand closer."""
COMMON = 0.25
"""White that the gaps of a boundary must have in common, in heights of print."""
CROSSED = 0.5
"""Most rows of a block in which words may lie across a boundary, as a share of those that are white there."""
FILLED = 0.2
"""A row that fills more than this share of the gaps of the row before, and two of them at least, begins a block of its own."""
HEADING_LEFT = 0.28
"""A row that begins right of this share of the table's width may be a heading; labels begin left of it."""
HEADING_RUNS, HEADING_GAP = 4, 1.8
"""A heading is at most so many words, with less white between them than this many heights of print: brackets get lost."""
SAME_EDGE = 0.6
"""An edge that is there already within this many heights of print of a gap makes it one that is known."""
LABELS_TO = 0.2
"""Labels take at least this share of a table's width."""
MORE_ROWS, FEW_ROWS = 1.1, 0.5
"""The first column of values has at most this many times the levels that are usual in the right columns; those are nearly empty
when they have less than this share of the most."""
LONG_VALUE = 8.0
"""Length of the longest number, in heights of print: an amount of money with six decimals."""
ROW_OF_VALUES, SHORT_VALUE = 6, 3.5
"""A row with so many words shorter than this many heights of print is one of values: every gap in it parts columns."""
VALUE_ROWS = 0.25
"""… when this share of the block's rows of values has it: one alone may have a speck in it."""
FULL_ROW, SENTENCE = 0.75, 10.0
"""Rows whose words cover more than this share of their extent, over so many heights of print, are running text."""
LEFT_WHITE = 0.4
"""A gap of which a row leaves less than this share white is filled."""
VALUES_FROM = 0.42
"""Values stand right of this share of a table's width, whatever its labels."""
LEVEL = 0.3
"""Words of one row of values differ in height by less than this many heights of print."""
ROW_GAP = 0.62
"""White between two rows of values, in heights of print, from which they may be two rows; lines of one head stand closer."""
LEVEL_SHARE = 0.6
"""Share of the columns with words on several levels in which each level must have a word."""
SQUARE = (0.82, 1.22)
MOST_SQUARE = 0.5
"""Letters of this script are as wide as high; where more than this share of the words is, they are a head's, not values."""
FEWEST_COLUMNS = 2
WIDE_ROW = 2.2
"""Rows of an unruled table with words further apart than this many heights of print in one row …"""
MOST_APART = 9.0
"""… that follow each other within this many heights of print are one table."""
LEAST_VALUES = 2
"""… and that have so many short words behind a gap, or one in a table of one row."""
LARGER, FEWEST_LETTERS = 1.28, 4
"""A heading's words are this many times higher than those of the tables, of which so many must be there to compare."""
OVERLAP = 0.2
"""Words of the right part that share more than this many heights of print are in one row: the lines of heads side by side."""
LINED = 0.7
"""Where level lines stand in this share of the spaces between rows of words, they are the rows' boundaries; heads then stay whole."""
LEVEL_LINE = 0.5
"""A level line is a boundary of an unruled table when it spans this share of its width."""


def mend(grid: Grid, words: Words) -> Grid | None:
    """Cut cells of a grid in which two rows or columns run together; None where there are none.

    Args:
        grid: as ruling lines make it.
        words: of its page.
    """
    lattice = Lattice.of(grid)
    inside = words.inside(grid.box.left, grid.box.top, grid.box.right, grid.box.bottom)
    if len(inside) < 2:
        return None
    before = len(np.unique(lattice.owner))
    _split_over_rows(lattice, inside, words.height)
    _split_rows(lattice, inside, words.height)
    _split_columns(lattice, inside, words.height)
    if len(np.unique(lattice.owner)) == before:
        return None
    return lattice.to_grid(grid.page, grid.spare_lines)


def unruled_grids(
    words: Words, taken: Sequence[BBox], levels: Sequence[tuple[float, float, float]], page: int
) -> list[Grid]:
    """Grids of tables that no ruling lines bound.

    Args:
        words: of the page.
        taken: boxes of the grids that are known.
        levels: level lines of the page as (left, right, height of its middle) in pixels; they bound rows where they are.
        page: its number, 1-based.
    """
    free = words.boxes
    for box in taken:
        x, y = (free[:, 0] + free[:, 2]) / 2, (free[:, 1] + free[:, 3]) / 2
        free = free[~((x >= box.left) & (x < box.right) & (y >= box.top) & (y < box.bottom))]
    grids = []
    for rows in _regions(free, words.height):
        grid = _from_words(rows, words.height, levels, page)
        if grid is not None:
            grids.append(grid)
    return grids


@dataclass(frozen=True, slots=True, eq=False)
class _TextRow:
    """Words on one level: boxes (k, 4) from left to right."""

    boxes: NDArray[np.float64]

    @property
    def top(self) -> float:
        return float(self.boxes[:, 1].min())

    @property
    def bottom(self) -> float:
        return float(self.boxes[:, 3].max())


def _regions(boxes: NDArray[np.float64], height: float) -> list[list[_TextRow]]:
    """Runs of rows with wide gaps, the rows between them included, from top to bottom."""
    rows = _levels(boxes, height)
    large = _large_rows(rows, height)
    wide = [
        i
        for i, row in enumerate(rows)
        if i not in large and _widest_gap(row.boxes) > WIDE_ROW * height and _cover(row.boxes) < FULL_ROW
    ]
    runs: list[list[int]] = []
    for i in wide:
        parted = bool(runs) and any(k in large for k in range(runs[-1][-1] + 1, i))
        if runs and not parted and rows[i].top - rows[runs[-1][-1]].bottom < MOST_APART * height:
            runs[-1].append(i)
        else:
            runs.append([i])
    found = []
    for run in runs:
        first = run[0]
        # A heading over the first row belongs to the table if it is as close as its rows are.
        while (
            first > 0
            and first - 1 not in large
            and run[0] - first < 2
            and rows[first].top - rows[first - 1].bottom < 2.2 * height
        ):
            first -= 1
        values = sum(_values_in(rows[i].boxes, height) for i in run)
        if values >= LEAST_VALUES or (values and len(run) < LEAST_VALUES):
            found.append(rows[first : run[-1] + 1])
    return found


def _large_rows(rows: Sequence[_TextRow], height: float) -> set[int]:
    """Rows set in a larger size than the words of the tables: headings of the parts of a report, which stand between tables."""
    spread = [row.boxes for row in rows if _widest_gap(row.boxes) > WIDE_ROW * height]
    if not spread:
        return set()
    boxes = np.concatenate(spread)
    letters = boxes[(boxes[:, 2] - boxes[:, 0]) > 2 * height]
    if len(letters) < FEWEST_LETTERS:
        return set()
    usual = float(np.median(letters[:, 3] - letters[:, 1]))
    large = set()
    for i, row in enumerate(rows):
        heights = (row.boxes[:, 3] - row.boxes[:, 1])[(row.boxes[:, 2] - row.boxes[:, 0]) > 2 * height]
        if len(heights) and float(np.median(heights)) > LARGER * usual:
            large.add(i)
    return large


def _values_in(boxes: NDArray[np.float64], height: float) -> int:
    """Short words behind a wide gap in one row."""
    return sum(
        b[1] - b[0] < LONG_VALUE * height and b[0] - a[1] > WIDE_ROW * height
        for a, b in itertools.pairwise(_runs(boxes))
    )


def _levels(boxes: NDArray[np.float64], height: float) -> list[_TextRow]:
    """Words in rows by their middles, from top to bottom; a word several rows high is in none."""
    flat = boxes[(boxes[:, 3] - boxes[:, 1]) < 2.6 * height]
    if not len(flat):
        return []
    middle = (flat[:, 1] + flat[:, 3]) / 2
    order = np.argsort(middle, kind="stable")
    groups: list[list[int]] = []
    for i in order.tolist():
        if groups and middle[i] - np.mean(middle[groups[-1]]) < 0.62 * height:
            groups[-1].append(i)
        else:
            groups.append([i])
    return [_TextRow(flat[sorted(g, key=lambda k: float(flat[k, 0]))]) for g in groups]


def _widest_gap(boxes: NDArray[np.float64]) -> float:
    if len(boxes) < 2:
        return 0.0
    reach = np.maximum.accumulate(boxes[:, 2])
    return float((boxes[1:, 0] - reach[:-1]).max())


def _cover(boxes: NDArray[np.float64]) -> float:
    """Share of the extent of a row that its words cover, in [0, 1]."""
    runs = _runs(boxes)
    return sum(b - a for a, b in runs) / max(1.0, runs[-1][1] - runs[0][0])


def _from_words(
    rows: Sequence[_TextRow], height: float, levels: Sequence[tuple[float, float, float]], page: int
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
    places, by_lines = _row_boundaries(boxes, lined, height, left, right)
    places = [y for y in places if top + 0.5 * height < y < bottom - 0.5 * height]
    ys = [top, *places, bottom]
    points = np.array([[[left, y], [right, y]] for y in ys])
    lattice = Lattice(points, np.arange(len(ys) - 1, dtype=np.int64).reshape(-1, 1))
    if by_lines:
        _split_rows(lattice, boxes, height)
    _split_columns(lattice, boxes, height)
    if lattice.n_cols < 2:
        return None
    return lattice.to_grid(page)


def _row_boundaries(
    boxes: NDArray[np.float64], lined: Sequence[float], height: float, left: float, right: float
) -> tuple[list[float], bool]:
    """Heights between the rows of an unruled table, and whether level lines give nearly all of them.

    Where no line is seen the values tell rows apart; labels of several lines are kept whole as far as can be.
    """
    flat = boxes[(boxes[:, 3] - boxes[:, 1]) < 2.6 * height]
    edge = _values_begin(flat, height, left, right)
    labels = flat[(flat[:, 0] + flat[:, 2]) / 2 <= edge]
    anchors = _anchors(flat, edge, height)
    lines = [y for y in lined if not any(top + 0.15 * height < y < bottom - 0.15 * height for top, bottom in anchors)]
    spaces = [(low, high) for (_, low), (high, _) in itertools.pairwise(anchors)]
    bare = [(low, high) for low, high in spaces if not any(low - 2 <= y <= high + 2 for y in lines)]
    by_lines = len(bare) <= (1 - LINED) * len(spaces)
    if by_lines:
        return lines, True
    return sorted([*lines, *(_between(low, high, labels, height) for low, high in bare)]), False


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


def _values_begin(boxes: NDArray[np.float64], height: float, left: float, right: float) -> float:
    """Where values begin behind the labels, in pixels.

    Behind the first column of values there are as many levels of words as in the right columns, before it there are more, since
    labels have several lines. Where the right columns are nearly empty, it is the column behind which most rows have something;
    where no column shows, a fixed share of the width.
    """
    words = [row.boxes for row in _levels(boxes, height)]
    rows = [i for i, row in enumerate(words) if len(_runs(row)) > 1]
    cuts = _boundaries(rows, words, {i: [left, right] for i in rows}, height) if rows else []
    edges = sorted((low + high) / 2 for low, high, _ in cuts if low >= left + LABELS_TO * (right - left))
    if not edges:
        return left + VALUES_FROM * (right - left)
    counts = [len(_anchors(boxes, edge, height)) for edge in edges]
    usual = float(np.median(counts[len(counts) // 2 :]))
    if usual < FEW_ROWS * max(counts):
        return edges[int(np.argmax(counts))]
    # Lines of labels make more levels than there are values; among labels the count is higher than it is over the values.
    return next(edge for edge, count in zip(edges, counts, strict=True) if count <= MORE_ROWS * usual)


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
            lattice.part_rows(row, merged.tolist())


def _split_rows(lattice: Lattice, boxes: NDArray[np.float64], height: float) -> None:
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
        places = [_between(low, high, labels, height) for (_, low), (high, _) in itertools.pairwise(levels)]
        lattice.split_row(row, places)


def _value_levels(values: NDArray[np.float64], edges: Sequence[float], height: float) -> list[tuple[float, float]]:
    """(top, bottom) of each level on which values stand in several columns alike; fewer than two where the row is one."""
    if len(values) < 2 * FEWEST_COLUMNS:
        return []
    widths, heights = values[:, 2] - values[:, 0], values[:, 3] - values[:, 1]
    ratio = widths / np.maximum(heights, 1.0)
    square = (ratio > SQUARE[0]) & (ratio < SQUARE[1])
    if square.mean() > MOST_SQUARE:
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


def _between(low: float, high: float, labels: NDArray[np.float64], height: float) -> float:
    """The height between two rows of values that crosses the fewest lines of the labels, nearest to the middle."""
    middle = (low + high) / 2
    places = np.arange(low - 0.3 * height, high + 0.3 * height, 1.0)
    if not len(places) or not len(labels):
        return middle
    crossed = ((labels[:, 1][None, :] < places[:, None]) & (labels[:, 3][None, :] > places[:, None])).sum(axis=1)
    best = places[crossed == crossed.min()]
    return float(best[np.argmin(np.abs(best - middle))])


@dataclass(frozen=True, slots=True)
class _Gap:
    """White between two words of one row, in pixels."""

    row: int
    left: float
    right: float


def _split_columns(lattice: Lattice, boxes: NDArray[np.float64], height: float) -> None:
    """Cut cells in which words of several columns stand, block by block."""
    middles = (boxes[:, 1] + boxes[:, 3]) / 2
    words = []
    for row in range(lattice.n_rows):
        top, bottom = lattice.band(row)
        words.append(boxes[(middles > top) & (middles < bottom)])
    left, right = float(lattice.points[:, 0, 0].mean()), float(lattice.points[:, -1, 0].mean())
    for block in _blocks(words, left, right, height):
        known = {row: lattice.cell_edges(row) for row in block}
        for low, high, rows in _boundaries(block, words, known, height):
            lattice.split_col(low, high, rows)


def _blocks(words: Sequence[NDArray[np.float64]], left: float, right: float, height: float) -> list[list[int]]:
    """Rows that may share their columns.

    A heading parts blocks: one run of words in the middle or right part of the table. So does a row whose words fill two or more of
    the gaps that the rows before have in common, and a sentence that fills one.
    """
    blocks: list[list[int]] = [[]]
    before: list[tuple[float, float]] = []
    for row, boxes in enumerate(words):
        if not len(boxes):
            continue
        runs = _runs(boxes)
        if _is_heading(runs, left + HEADING_LEFT * (right - left), height):
            blocks.append([])
            before = []
            continue
        white = [_white(gap, runs) for gap in before]
        filled = sum(
            w[1] - w[0] < max(COMMON * height, LEFT_WHITE * (gap[1] - gap[0]))
            for w, gap in zip(white, before, strict=True)
        )
        is_sentence = _cover(boxes) > FULL_ROW and runs[-1][1] - runs[0][0] > SENTENCE * height
        gaps = [(a[1], b[0]) for a, b in itertools.pairwise(runs) if b[0] - a[1] > GAP * height]
        if (filled >= 2 and filled > FILLED * len(before)) or (filled and is_sentence):
            blocks.append([])
            before = []
        blocks[-1].append(row)
        if len(gaps) >= len(before):
            before = gaps
        elif len(gaps) > 1:
            before = [w for w in white if w[1] - w[0] > COMMON * height]
    return [b for b in blocks if b]


def _is_heading(runs: Sequence[tuple[float, float]], least_left: float, height: float) -> bool:
    close = all(b[0] - a[1] < HEADING_GAP * height for a, b in itertools.pairwise(runs))
    return len(runs) <= HEADING_RUNS and runs[0][0] > least_left and close


def _white(gap: tuple[float, float], runs: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The widest part of a gap that the words of a row leave white; of no width where there is none."""
    low, high = gap
    widest = (low, low)
    for start, end in runs:
        if end <= low or start >= high:
            continue
        widest = max(widest, (low, start), key=lambda part: part[1] - part[0])
        low = max(low, end)
    return max(widest, (low, max(low, high)), key=lambda part: part[1] - part[0])


def _runs(boxes: NDArray[np.float64]) -> list[tuple[float, float]]:
    """Level extents of words that overlap or touch, from left to right."""
    runs: list[list[float]] = []
    for left, _, right, _ in boxes[np.argsort(boxes[:, 0], kind="stable")].tolist():
        if runs and left <= runs[-1][1] + 1:
            runs[-1][1] = max(runs[-1][1], right)
        else:
            runs.append([left, right])
    return [(a, b) for a, b in runs]


def _boundaries(
    block: Sequence[int],
    words: Sequence[NDArray[np.float64]],
    known: dict[int, list[float]],
    height: float,
) -> list[tuple[float, float, list[int]]]:
    """The white of boundaries that a block's gaps have in common, from left to right, each with the rows that it cuts."""
    runs = {row: _runs(words[row]) for row in block}
    gaps = [
        _Gap(row, a[1], b[0]) for row in block for a, b in itertools.pairwise(runs[row]) if b[0] - a[1] > GAP * height
    ]
    fresh = [
        g for g in gaps if not any(g.left - SAME_EDGE * height < x < g.right + SAME_EDGE * height for x in known[g.row])
    ]
    needed = 2 if len(block) > 2 else 1
    values = {row for row in block if sum(b - a < SHORT_VALUE * height for a, b in runs[row]) >= ROW_OF_VALUES}
    found = []
    left_over = sorted(fresh, key=lambda g: g.right)
    while left_over:
        stab = left_over[0].right - COMMON * height
        through = [g for g in left_over if g.left < stab]
        left_over = [g for g in left_over if g.left >= stab]
        low, high = max(g.left for g in through), min(g.right for g in through)
        place = (low + high) / 2
        crossed = [row for row in block if any(a + 1 < place < b - 1 for a, b in runs[row])]
        white = {g.row for g in through}
        by_values = len(white & values) >= max(1.0, VALUE_ROWS * len(values)) and bool(values)
        if not by_values and (len(white) < needed or len(crossed) > CROSSED * len(white)):
            continue
        near = 1.2 * height
        rows = [row for row in block if row not in crossed and not any(abs(x - place) < near for x in known[row])]
        found.append((low, high, rows))
    return found
