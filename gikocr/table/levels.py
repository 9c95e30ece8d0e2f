"""Tables of level rules whose values are all left blank: their rows are known by the rules and their labels, their columns by nothing.

Each gets one column for the labels and one for whatever would stand beside them.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from gikocr.elements import Cell, Grid
from gikocr.geometry import BBox
from gikocr.table.regions import find_regions

if TYPE_CHECKING:
    from gikocr.table.lines import RulingLines
    from gikocr.table.words import Words

FEWEST_LABELS = 3
"""So many rows at least hold words on the left only."""
LABELS_UP_TO = 0.7
"""Words that end further right, as a share of the table's width, are heads or text."""
BESIDE = 0.4
"""Room between labels and what stands beside them, in heights of print."""


def level_grids(lines: RulingLines, words: Words, taken: Sequence[BBox], page: int) -> list[Grid]:
    """The tables between level rules without uprights in which words stand on the left only.

    Args:
        lines: the page's ruling lines.
        words: its words.
        taken: where grids were found already.
        page: its number, 1-based.
    """
    grids = []
    for level, upright in find_regions(lines):
        left, right = min(line.start for line in level), max(line.end for line in level)
        box = BBox(left, level[0].middle, right, level[-1].middle)
        if len(upright) > 1 or len(level) <= FEWEST_LABELS or any(box.iou(t) > 0.0 for t in taken):
            continue
        ends = _ends_of_words([line.middle for line in level], words, box)
        labels = [end for end in ends if end is not None and end < left + LABELS_UP_TO * box.width]
        if len(labels) < FEWEST_LABELS:
            continue
        part = max(labels) + BESIDE * words.height
        xs = (left, part, right)
        rows = tuple(tuple((x, line.at_one(x)) for x in xs) for line in level)
        cols = tuple(tuple((x, line.at_one(x)) for line in level) for x in xs)
        cells = []
        for row, end in enumerate(ends):
            top, bottom = level[row].middle, level[row + 1].middle
            edges = (0, 2) if end is not None and end > part else (0, 1, 2)
            cells += [Cell(row, row + 1, a, b, BBox(xs[a], top, xs[b], bottom)) for a, b in itertools.pairwise(edges)]
        grids.append(Grid(page, box, rows, cols, tuple(cells)))
    return grids


def _ends_of_words(ys: Sequence[float], words: Words, box: BBox) -> list[float | None]:
    """Where the words of each band between level lines end on the right, in pixels; None for a band without words."""
    boxes = words.inside(box.left, box.top, box.right, box.bottom)
    middles = (boxes[:, 1] + boxes[:, 3]) / 2
    ends: list[float | None] = []
    for top, bottom in itertools.pairwise(ys):
        own = boxes[(middles > top) & (middles < bottom)]
        ends.append(float(np.max(own[:, 2])) if len(own) else None)
    return ends
