"""Column boundaries where no line is: white that the rows of a block have in common.

Columns are white on every row, except where a head spans several. So the gaps between the words of each row of a block (the rows
between two headings) are laid over each other, and a boundary goes where enough of them have white in common and few words are
crossed (stabbing of intervals, greedily by their ends).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gikocr.table.lattice import Lattice
from gikocr.table.text_rows import FULL_ROW, SENTENCE, cover_of, runs_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

GAP = 1.15
"""White between two words of one row that may be a boundary, in heights of print; figures of one number stand closer."""
COMMON = 0.25
"""White that the gaps of a boundary must have in common, in heights of print."""
CROSSED = 0.5
"""Most rows of a block in which words may lie across a boundary, as a share of those that are white there."""
FILLED = 0.2
"""A row that fills more than this share of the gaps that the rows before have in common, and two at least, begins a new block."""
AHEAD = 2
"""A row that ends before so many of these gaps, and before half of them, is a label without values, however long."""
HEADING_LEFT = 0.28
"""A row that begins right of this share of the table's width may be a heading; labels begin left of it."""
HEADING_RUNS, HEADING_GAP = 4, 1.8
"""A heading is at most so many words, with less white between them than this many heights of print: brackets get lost."""
SAME_EDGE = 0.6
"""An edge that is there already within this many heights of print of a gap makes it one that is known."""
ROW_OF_VALUES, SHORT_VALUE = 6, 3.5
"""A row with so many words shorter than this many heights of print is one of values: every gap in it parts columns."""
VALUE_ROWS = 0.25
"""… when this share of the block's rows of values has it: one alone may have a speck in it."""
LEFT_WHITE = 0.4
"""A gap of which a row leaves less than this share white is filled."""


@dataclass(frozen=True, slots=True)
class _Gap:
    """White between two words of one row, in pixels."""

    row: int
    left: float
    right: float


def split_columns(lattice: Lattice, boxes: NDArray[np.float64], height: float) -> None:
    """Cut cells in which words of several columns stand, block by block."""
    middles = (boxes[:, 1] + boxes[:, 3]) / 2
    words = []
    for row in range(lattice.n_rows):
        top, bottom = lattice.band(row)
        words.append(boxes[(middles > top) & (middles < bottom)])
    left, right = float(lattice.points[:, 0, 0].mean()), float(lattice.points[:, -1, 0].mean())
    for block in _blocks(words, left, right, height):
        known = {row: lattice.cell_edges(row) for row in block}
        for low, high, rows in common_white(block, words, known, height):
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
        runs = runs_of(boxes)
        if _is_heading(runs, left + HEADING_LEFT * (right - left), height):
            blocks.append([])
            before = []
            continue
        white = [_white(gap, runs) for gap in before]
        filled = sum(
            w[1] - w[0] < max(COMMON * height, LEFT_WHITE * (gap[1] - gap[0]))
            for w, gap in zip(white, before, strict=True)
        )
        is_sentence = cover_of(boxes) > FULL_ROW and runs[-1][1] - runs[0][0] > SENTENCE * height
        gaps = [(a[1], b[0]) for a, b in itertools.pairwise(runs) if b[0] - a[1] > GAP * height]
        ahead = sum(gap[0] >= runs[-1][1] for gap in before)
        is_label = ahead >= max(AHEAD, len(before) / 2)
        if not is_label and ((filled >= 2 and filled > FILLED * len(before)) or (filled and is_sentence)):
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


def common_white(
    block: Sequence[int],
    words: Sequence[NDArray[np.float64]],
    known: dict[int, list[float]],
    height: float,
) -> list[tuple[float, float, list[int]]]:
    """The white of boundaries that a block's gaps have in common, from left to right, each with the rows that it cuts."""
    runs = {row: runs_of(words[row]) for row in block}
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
