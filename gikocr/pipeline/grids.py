"""Grids of a page as they were read, how well they fit the form, and how they lie to each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gikocr.elements import Grid, LabelledGrid
from gikocr.forms import Form
from gikocr.geometry import BBox
from gikocr.kie.registration import register
from gikocr.kie.rows import is_words
from gikocr.ocr.cells import GridInk
from gikocr.table.lines import RulingLines
from gikocr.table.mend import VALUES_FROM
from gikocr.table.text_rows import text_rows
from gikocr.table.white import SHORT_VALUE
from gikocr.table.words import Words

FIT_OF_ROW = 3.0
"""A grid is doubtful when it holds less than this log evidence for each row of words; whole tables hold over four."""
UNMATCHED = 3.0
"""Log evidence that a row or column without a partner takes away. The first line of a label alone may agree with it better than all
of its lines do, so a row that was cut in two holds a little more than the whole one."""
NEAR = 1 / 30
"""Pale lines as far from a grid as this share of the page's longer side have no part in it."""
SAME_PLACE = 1 / 1500
"""Lines of two grids that lie apart by no more than this share of their longer side are the same."""
CROWDED, APART = 2, 0.6
"""A grid is doubtful too when so many cells hold several values, which stand so many heights of print apart."""
CROSSED, NEAR_SIDE, FROM_BOUNDARY = 2, 0.1, 0.5
"""… or when a level line crosses so many cells, up to this share of their widths, so many heights of print from their boundaries."""
SAME_LINE, RULED = 1 / 400, 0.8
"""A boundary lies on a line that is no further away, as a share of the longer side; one that reaches so far along it is a rule."""


@dataclass(frozen=True, slots=True)
class Fit:
    """How well grids fit the form.

    Attributes:
        evidence: log evidence for rows and columns of the form.
        unmatched: how many rows and columns have no partner.
        labels: what of the evidence is of labels.
        odd: how many rows are divided otherwise than the others of their section. A stamp over a table does that too, so they say no
            more than that another grid may be better.
    """

    evidence: float
    unmatched: int
    labels: float = 0.0
    odd: int = 0

    @property
    def held(self) -> float:
        """The evidence less what rows and columns without a partner speak against it."""
        return max(0.0, self.evidence) - UNMATCHED * self.unmatched


def fit_of(form: Form, labelled: Sequence[LabelledGrid], *, known: bool = False) -> Fit:
    """How well the grids of one page fit a form; ``known`` as for :func:`gikocr.kie.registration.register`."""
    best = [places[0] for places in register(form, labelled, known=known).values() if places]
    # A table that is hardly there takes nothing from one that is: a stray row often looks like one of another table.
    evidence = sum(max(0.0, p.evidence.labels + p.evidence.geometry) for p in best)
    labels = sum(max(0.0, p.evidence.labels) for p in best)
    return Fit(evidence, sum(p.unmatched for p in best), labels, sum(p.odd for p in best))


@dataclass(frozen=True, slots=True, eq=False)
class ReadGrid:
    """A grid as it was found, and with its ink and labels, which may be of the grid cut further."""

    found: Grid
    ink: GridInk
    labelled: LabelledGrid


def is_weak(read: ReadGrid, fit: Fit, words: Words, lines: RulingLines) -> bool:
    """Whether a grid holds far less of the form than it has rows of words, or rows, columns or cells that are not the form's."""
    rows = text_rows(words.inside(*sides_of(read.found.box)), words.height)
    return (
        fit.unmatched + fit.odd > 0
        or fit.evidence < FIT_OF_ROW * len(rows)
        or _crowded_cells(read.labelled, words) >= CROWDED
        or _crossed_cells(read.labelled.grid, lines, words.height) >= CROSSED
    )


def _crossed_cells(grid: Grid, lines: RulingLines, height: float) -> int:
    """How many cells of values a level line crosses from side to side: it is a boundary, of this table or of what lies over it."""
    first = grid.box.left + VALUES_FROM * grid.box.width
    crossed = 0
    for box in (c.box for c in grid.cells if c.box.left >= first):
        slack = NEAR_SIDE * box.width
        crossed += any(
            box.top + FROM_BOUNDARY * height < line.middle < box.bottom - FROM_BOUNDARY * height
            and line.start < box.left + slack
            and line.end > box.right - slack
            for line in lines.horizontal
        )
    return crossed


def _crowded_cells(labelled: LabelledGrid, words: Words) -> int:
    """How many cells hold several values: the lines between them were not seen."""
    grid, height = labelled.grid, words.height
    first = grid.box.left + VALUES_FROM * grid.box.width
    crowded = 0
    for cell, text in zip(grid.cells, labelled.texts, strict=True):
        if not text.has_ink or is_words(text) or cell.box.left < first:
            continue
        own = words.inside(*sides_of(cell.box))
        own = own[(own[:, 2] - own[:, 0] < SHORT_VALUE * height) & (own[:, 3] - own[:, 1] > APART * height)]
        # Two digits of one number stand close; two numbers in one cell stand apart or over each other.
        across, down = (np.sort(own[:, [k, k + 2]], axis=0) for k in (0, 1))
        gaps = [side[1:, 0] - side[:-1, 1] for side in (across, down)]
        crowded += any(bool((gap > APART * height).any()) for gap in gaps)
    return crowded


def rivals_of(grids: Sequence[Grid], weak: Sequence[ReadGrid]) -> list[Grid]:
    """Those of the grids that stand in the place of weak ones and are not what is there already."""
    return [
        g
        for g in grids
        if any(g.box.iou(w.found.box) > 0.0 for w in weak) and not any(is_same(g, w.found) for w in weak)
    ]


def has_pale(lines: RulingLines, near: Sequence[BBox]) -> bool:
    """Whether lines that only a long window saw lie in or near one of the boxes."""
    slack = lines.longest_side * NEAR
    return any(
        p.left < b.right + slack and p.right > b.left - slack and p.top < b.bottom + slack and p.bottom > b.top - slack
        for p in lines.pale
        for b in near
    )


def is_same(one: Grid, other: Grid) -> bool:
    """Whether two grids have the same lines and cells."""
    if (one.n_rows, one.n_cols, len(one.cells)) != (other.n_rows, other.n_cols, len(other.cells)):
        return False
    apart = SAME_PLACE * max(one.box.width, one.box.height)
    return all(
        (a.row, a.row_end, a.col, a.col_end) == (b.row, b.row_end, b.col, b.col_end)
        and max(abs(p - q) for p, q in zip(sides_of(a.box), sides_of(b.box), strict=True)) <= apart
        for a, b in zip(one.cells, other.cells, strict=True)
    )


def sides_of(box: BBox) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a box."""
    return box.left, box.top, box.right, box.bottom


def touch(one: ReadGrid, others: Sequence[ReadGrid]) -> bool:
    """Whether a grid has a place in common with any of the others."""
    return any(one.found.box.iou(other.found.box) > 0.0 for other in others)


def is_ruled(grid: Grid, row: int, lines: RulingLines) -> bool:
    """Whether the boundary below a row is one line from side to side, which no row of marks makes."""
    place = np.median([y for _, y in grid.row_lines[row + 1]])
    return any(
        abs(line.middle - place) <= SAME_LINE * lines.longest_side and line.length >= RULED * grid.box.width
        for line in lines.horizontal
    )


def share_in_common(one: ReadGrid, other: ReadGrid) -> float:
    """The share of either grid, the greater one, that lies in the other."""
    a, b = one.ink.grid.box, other.ink.grid.box
    return max(a.share_inside(b), b.share_inside(a))


def place_of(read: ReadGrid) -> tuple[float, float]:
    """Where a grid begins, from the top and from the left, in pixels."""
    return read.ink.grid.box.top, read.ink.grid.box.left
