"""Words in rows of one level, and runs of such rows that may be a table without ruling lines."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LONG_VALUE = 8.0
"""Length of the longest number, in heights of print: an amount of money with six decimals."""
FULL_ROW, SENTENCE = 0.75, 10.0
"""Rows whose words cover more than this share of their extent, over so many heights of print, are running text."""
WIDE_ROW = 2.2
"""Rows of an unruled table with words further apart than this many heights of print in one row …"""
MOST_APART = 9.0
"""… that follow each other within this many heights of print are one table."""
LEAST_VALUES = 2
"""… and that have so many short words behind a gap, or one in a table of no more rows than that."""
ROW_PITCH = 6.0
"""Level lines closer than this many heights of print bound rows of one table, with labels of three lines …"""
SPANNED, INTO_PRINT = 0.6, 0.3
"""… if they span this share of its width; they may lie so many heights of print inside the box of a word, which is not exact."""
LABELS_APART = 3.0
"""Rows of labels without values stand closer than this many heights of print."""
LARGER, FEWEST_LETTERS = 1.28, 4
"""A heading's words are this many times higher than those of the tables, of which so many must be there to compare."""


@dataclass(frozen=True, slots=True, eq=False)
class TextRow:
    """Words on one level: boxes (k, 4) from left to right."""

    boxes: NDArray[np.float64]

    @property
    def top(self) -> float:
        """Its upper edge in pixels."""
        return float(self.boxes[:, 1].min())

    @property
    def bottom(self) -> float:
        """Its lower edge in pixels."""
        return float(self.boxes[:, 3].max())


def table_rows(
    boxes: NDArray[np.float64],
    height: float,
    levels: Sequence[tuple[float, float, float]] = (),
    *,
    bare_labels: bool = False,
) -> list[list[TextRow]]:
    """Runs of rows with wide gaps, the rows between them included, from top to bottom.

    Args:
        boxes: words (n, 4).
        height: of print in pixels.
        levels: level lines as (left, right, height of its middle) in pixels. Rows between such lines belong to the table whose
            lines they are, whether they have values or only a label.
        bare_labels: rows with nothing but a label belong to the table too, as far as they follow each other.
    """
    rows = text_rows(boxes, height)
    large = _large_rows(rows, height)
    wide = [
        i
        for i, row in enumerate(rows)
        if i not in large and _widest_gap(row.boxes) > WIDE_ROW * height and cover_of(row.boxes) < FULL_ROW
    ]
    runs: list[list[int]] = []
    for i in wide:
        parted = bool(runs) and any(k in large for k in range(runs[-1][-1] + 1, i))
        near = bool(runs) and (
            rows[i].top - rows[runs[-1][-1]].bottom < MOST_APART * height
            or _lined(rows[runs[-1][-1] : i + 1], levels, height)
            or (bare_labels and _are_labels(rows[runs[-1][-1] : i + 1], height))
        )
        if near and not parted:
            runs[-1].append(i)
        else:
            runs.append([i])
    found: list[list[TextRow]] = []
    for run in runs:
        first = run[0]
        # A heading over the first row belongs to the table if it is as close as its rows are.
        while (
            first > 0
            and first - 1 not in large
            and run[0] - first < 2
            and rows[first].top - rows[first - 1].bottom < 2.2 * height
            and not _over_frame(rows[first - 1 : run[-1] + 1], found[-1][-1].bottom if found else 0.0, levels, height)
        ):
            first -= 1
        wide_end = run[-1]
        while (
            run[-1] + 1 < len(rows)
            and run[-1] + 1 not in large
            and (
                _lined(rows[run[-1] : run[-1] + 2], levels, height, closed=True)
                or (bare_labels and _are_labels(rows[wide_end : run[-1] + 2], height))
            )
        ):
            run.append(run[-1] + 1)
        values = sum(_values_in(rows[i].boxes, height) for i in run)
        if values >= LEAST_VALUES or (values and len(run) <= LEAST_VALUES):
            found.append(rows[first : run[-1] + 1])
    return found


def _lined(
    rows: Sequence[TextRow], levels: Sequence[tuple[float, float, float]], height: float, *, closed: bool = False
) -> bool:
    """Whether level lines stand between rows as between the rows of one table, and below the last one if it is to be closed."""
    left, right = min(float(r.boxes[:, 0].min()) for r in rows), max(float(r.boxes[:, 2].max()) for r in rows)
    top, bottom = rows[0].bottom, rows[-1].bottom + ROW_PITCH * height if closed else rows[-1].top
    slack = INTO_PRINT * height
    between = sorted(y for y in _spanning(levels, left, right) if top - slack < y < bottom + slack)
    if closed and (not between or between[-1] < rows[-1].bottom - slack):
        return False
    edges = [top, *between] if closed else [top, *between, bottom]
    return bool(between) and all(b - a < ROW_PITCH * height for a, b in itertools.pairwise(edges))


def _are_labels(rows: Sequence[TextRow], height: float) -> bool:
    """Whether the rows behind the first that have no values end before its values, and all stand as close as rows of a table."""
    reach = min(_values_left(r.boxes, height) for r in (rows[0], rows[-1]))
    close = all(b.top - a.bottom < LABELS_APART * height for a, b in itertools.pairwise(rows))
    labels = [r for r in rows[1:] if np.isinf(_values_left(r.boxes, height))]
    return close and np.isfinite(reach) and all(float(r.boxes[:, 2].max()) < reach for r in labels)


def _values_left(boxes: NDArray[np.float64], height: float) -> float:
    """Where a row's first short word behind a wide gap begins; infinite where it has none."""
    runs = itertools.pairwise(runs_of(boxes))
    behind = (b[0] for a, b in runs if b[1] - b[0] < LONG_VALUE * height and b[0] - a[1] > WIDE_ROW * height)
    return next(behind, float("inf"))


def _over_frame(
    rows: Sequence[TextRow], before: float, levels: Sequence[tuple[float, float, float]], height: float
) -> bool:
    """Whether the first row stands over the table's upper line: a line below it, and above it none but the last table's.

    ``before`` is where the last row of the table before ends.
    """
    row, *others = rows
    left, right = min(float(r.boxes[:, 0].min()) for r in others), max(float(r.boxes[:, 2].max()) for r in others)
    own, slack = _spanning(levels, left, right), INTO_PRINT * height
    if not any(row.bottom - slack < y < others[0].top + slack for y in own):
        return False
    reach = row.top - ROW_PITCH * height
    above = [y for y in own if max(reach, before - slack) < y < row.top + slack]
    return len(above) < (2 if before > reach else 1)


def _spanning(levels: Sequence[tuple[float, float, float]], left: float, right: float) -> list[float]:
    """The heights of the level lines that run over most of a table."""
    return [y for start, end, y in levels if min(end, right) - max(start, left) > SPANNED * (right - left)]


def _large_rows(rows: Sequence[TextRow], height: float) -> set[int]:
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
        if _values_in(row.boxes, height) >= LEAST_VALUES:
            # Two lines of its label touch.
            continue
        heights = (row.boxes[:, 3] - row.boxes[:, 1])[(row.boxes[:, 2] - row.boxes[:, 0]) > 2 * height]
        if len(heights) and float(np.median(heights)) > LARGER * usual:
            large.add(i)
    return large


def _values_in(boxes: NDArray[np.float64], height: float) -> int:
    """Short words behind a wide gap in one row."""
    return sum(
        b[1] - b[0] < LONG_VALUE * height and b[0] - a[1] > WIDE_ROW * height
        for a, b in itertools.pairwise(runs_of(boxes))
    )


def text_rows(boxes: NDArray[np.float64], height: float) -> list[TextRow]:
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
    return [TextRow(flat[sorted(g, key=lambda k: float(flat[k, 0]))]) for g in groups]


def _widest_gap(boxes: NDArray[np.float64]) -> float:
    if len(boxes) < 2:
        return 0.0
    reach = np.maximum.accumulate(boxes[:, 2])
    return float((boxes[1:, 0] - reach[:-1]).max())


def cover_of(boxes: NDArray[np.float64]) -> float:
    """Share of the extent of a row that its words cover, in [0, 1]."""
    runs = runs_of(boxes)
    return sum(b - a for a, b in runs) / max(1.0, runs[-1][1] - runs[0][0])


def runs_of(boxes: NDArray[np.float64]) -> list[tuple[float, float]]:
    """Level extents of words that overlap or touch, from left to right."""
    runs: list[list[float]] = []
    for left, _, right, _ in boxes[np.argsort(boxes[:, 0], kind="stable")].tolist():
        if runs and left <= runs[-1][1] + 1:
            runs[-1][1] = max(runs[-1][1], right)
        else:
            runs.append([left, right])
    return [(a, b) for a, b in runs]
