"""Printed rows: what of each grid row is label and what is value, and how well a row fits a row of the form."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace

from gikocr.elements import Cell, CellText, LabelledGrid
from gikocr.forms import Label, normalise, similarity

_LETTERS = re.compile(r"[\u3400-\u9fff]")
_NO_LABEL = frozenset("无無一")
"""Characters of this script that stand alone in cells of numbers (or that a dash is read as)."""

LABEL_FULL = 9.0
"""Log weight of a label that agrees in every character."""
LABEL_NEUTRAL = 0.52
"""Similarity at which a label speaks neither for nor against a row."""
ILLEGIBLE, LEGIBLE = 0.5, 0.85
"""Score of a reading up to which it counts as hardly legible, and from which as legible."""
NEUTRAL_ILLEGIBLE = 0.24
"""Neutral similarity of a reading that is hardly legible: labels that are another row's have under 0.2 with it."""
READ_TO, BEGINNING = 5, 0.97
"""Texts of this many letters are compared with the beginning of a label too; such a match counts a little less."""
SAME_GROUP = 0.7
"""A text this similar to the label of a group, and to no row of it more, is that label."""
LABEL_AGAINST = -16.0
"""Log weight per unit of similarity below neutral."""
SPEAKS = 4
"""A text of so many letters speaks in full against another label."""
NO_LABEL = -1.5
"""Log weight of a row whose label could not be read at all."""
UNLABELLED, ALIKE = 12, 1.8
"""A row of at least so many cells, none of them this many times wider than the usual one, has no column of labels."""
VALUES_BEFORE, LABELS_TO = 2, 0.45
"""Words behind so many values are no label, if they stand beyond this share of the width. One value may be the number of a row in a
table of something else, and pieces of a faint label may look like values."""
COUNT_FITS = 1.5
COUNT_OFF = -1.2
"""Log weight of the right number of values, and per value too many or too few (at most four are counted)."""


@dataclass(frozen=True, slots=True)
class PrintedRow:
    """One row of a grid.

    Attributes:
        grid: index of its grid.
        row: first elementary row; row_end: one past the last.
        labels: the texts that may be its label, the most specific first.
        values: the cells to the right of the label, from left to right.
        filled: how many of them hold ink.
        is_head: whether everything in it is words.
        first, last: whether it is at the top or at the foot of its grid.
        legible: mean score of the labels of its grid, in [0, 1]; 1 where it has none.
    """

    grid: int
    row: int
    row_end: int
    labels: tuple[str, ...]
    values: tuple[Cell, ...]
    filled: int
    is_head: bool
    first: bool
    last: bool
    legible: float = 1.0


def is_words(text: CellText) -> bool:
    """Whether a cell holds words rather than a number, a mark or nothing."""
    if text.text is None or not text.has_ink:
        return False
    letters = [c for c in _LETTERS.findall(text.text) if c not in _NO_LABEL]
    if not letters:
        return False
    digits = sum(c.isdigit() for c in text.text)
    # 251000元 or 2笔 is a value with its unit; 1.属于国家秘密 is not.
    return not (digits >= len(letters) and len(letters) <= 2)


def printed_rows(grid: LabelledGrid, index: int) -> list[PrintedRow]:
    """The rows of a grid from top to bottom.

    Elementary rows that no line divides in the right half, where the values stand, are one row.
    """
    bounds = _row_bounds(grid)
    rows: list[PrintedRow] = []
    scores: list[float] = []
    for k, (row, row_end) in enumerate(bounds):
        members = [
            (cell, text)
            for cell, text in zip(grid.grid.cells, grid.texts, strict=True)
            if cell.row < row_end and cell.row_end > row
        ]
        members.sort(key=lambda m: (m[0].col, m[0].row))
        rows.append(_printed_row(members, index, row, row_end, first=k == 0, last=k == len(bounds) - 1))
        scores += [t.score for c, t in members if c.row >= row and is_words(t) and c not in rows[-1].values]
    legible = sum(scores) / len(scores) if scores else 1.0
    edge = _usual_edge(rows)
    inked = {(c.row, c.col) for c, t in zip(grid.grid.cells, grid.texts, strict=True) if t.has_ink}
    return [replace(_behind(row, edge, inked), legible=legible) for row in rows]


def _usual_edge(rows: Sequence[PrintedRow]) -> int:
    """The column at which values begin in most of the rows that have a label and values; 0 where there is none."""
    edges = Counter(row.values[0].col for row in rows if row.labels and row.values)
    edge, count = edges.most_common(1)[0] if edges else (0, 0)
    return edge if 2 * count > sum(bool(row.values) for row in rows) else 0


def _behind(row: PrintedRow, edge: int, inked: Set[tuple[int, int]]) -> PrintedRow:
    """A row whose label could not be read, without the cells in which the labels of the other rows stand."""
    if row.labels or row.is_head or not row.values or row.values[0].col >= edge:
        return row
    values = tuple(cell for cell in row.values if cell.col >= edge)
    return replace(row, values=values, filled=sum((c.row, c.col) in inked for c in values))


def _row_bounds(grid: LabelledGrid) -> list[tuple[int, int]]:
    n_rows, n_cols = grid.grid.n_rows, grid.grid.n_cols
    right = range(n_cols // 2, n_cols)
    divided = [0] * (n_rows + 1)
    for cell in grid.grid.cells:
        width = len([c for c in right if cell.col <= c < cell.col_end])
        divided[cell.row] += width
    starts = [0] + [r for r in range(1, n_rows) if divided[r] * 2 >= len(right)]
    return list(zip(starts, [*starts[1:], n_rows], strict=True))


def _printed_row(
    members: Sequence[tuple[Cell, CellText]], grid: int, row: int, row_end: int, *, first: bool, last: bool
) -> PrintedRow:
    words = [
        (cell, text) for cell, text in members if is_words(text) and not _among_values(cell, members, row, row_end)
    ]
    own = [(cell, text) for cell, text in words if cell.row >= row and cell.row_end <= row_end]
    # Group labels span several rows; they count as the row's own only where it has no other.
    spanning = [(cell, text) for cell, text in words if (cell, text) not in own]
    edge = max((cell.col_end for cell, _ in own), default=max((cell.col_end for cell, _ in spanning), default=0))
    behind = [(cell, text) for cell, text in members if cell.col >= edge and (cell, text) not in words]
    values = tuple(cell for cell, _ in behind)
    filled = sum(1 for _, text in behind if text.has_ink)
    texts = [text.text or "" for _, text in own]
    labels: list[str] = []
    if texts:
        labels = [texts[-1], "".join(texts)]
        if len(texts) > 2:
            labels.append("".join(texts[-2:]))
    if spanning and edge and not texts:
        # Before a row's own words the group's would make the rows of a group look alike.
        labels.append(max(spanning, key=lambda m: m[0].col)[1].text or "")
    is_head = bool(own) and filled == 0 and len(values) == 0
    return PrintedRow(grid, row, row_end, tuple(dict.fromkeys(labels)), values, filled, is_head, first, last)


def _among_values(cell: Cell, members: Sequence[tuple[Cell, CellText]], row: int, row_end: int) -> bool:
    """Whether values stand before a cell in its row: then it is one of them, whatever a seal over it looks like."""
    if _is_all_values([m for m in members if m[0].row >= row and m[0].row_end <= row_end]):
        return True
    left, right = min(m.box.left for m, _ in members), max(m.box.right for m, _ in members)
    if cell.box.left < left + LABELS_TO * (right - left):
        return False
    before = sum(
        other.col < cell.col and other.row >= row and other.row_end <= row_end and text.has_ink and not is_words(text)
        for other, text in members
    )
    return before >= VALUES_BEFORE


def _is_all_values(members: Sequence[tuple[Cell, CellText]]) -> bool:
    """Whether a row has no label: many cells, all about as wide, and mostly no words in them."""
    widths = sorted(cell.box.width for cell, _ in members)
    if len(widths) < UNLABELLED or widths[-1] > ALIKE * widths[len(widths) // 2]:
        return False
    return 2 * sum(text.has_ink and not is_words(text) for _, text in members) > len(members)


def label_similarity(texts: Sequence[str], label: Label, groups: Sequence[Label]) -> float:
    """How well any of the texts agrees with a label, alone or with its innermost group before it; in [0, 1]."""
    wanted = list(label.all)
    if groups:
        wanted.append(groups[-1].text + label.text)
    return max((likeness(text, w) for text in texts for w in wanted), default=0.0)


def likeness(text: str, wanted: str) -> float:
    """Similarity in [0, 1], also with as much of the label's beginning as was read: long labels are not read to their end."""
    whole = similarity(text, wanted)
    length = len(normalise(text))
    if length < READ_TO or length >= len(normalise(wanted)):
        return whole
    return max(whole, BEGINNING * similarity(normalise(text), normalise(wanted)[:length]))


def label_weight(texts: Sequence[str], label: Label | None, groups: Sequence[Label], legible: float = 1.0) -> float:
    """Natural log weight of a printed row's texts for a row of the form; ``legible`` as in :class:`PrintedRow`.

    A text that is no more than the label of the row's group says nothing of which of its rows it stands in.
    """
    readable = [t for t in texts if normalise(t) and not (label and groups and _is_group_alone(t, label, groups[-1]))]
    if label is None:
        return LABEL_AGAINST / 2 if readable else 2.0
    if not readable:
        return NO_LABEL
    weight = similarity_weight(label_similarity(readable, label, groups), legible)
    if weight < 0.0:
        # One or two letters may be all that was left of any label.
        weight *= min(1.0, max(len(normalise(t)) for t in readable) / SPEAKS)
    return weight


def _is_group_alone(text: str, label: Label, group: Label) -> bool:
    if len(normalise(text)) > len(normalise(group.text)):
        return False
    return similarity(text, group.text) >= max(SAME_GROUP, *(likeness(text, wanted) for wanted in label.all))


def similarity_weight(likeness: float, legible: float = 1.0) -> float:
    """Natural log weight of a similarity in [0, 1]: for the label above neutral, steeply against it below.

    Of a label that could hardly be read a few characters agree where it is the right one, and hardly any where it is not: for such
    readings neutral lies lower and disagreement says less.

    Args:
        likeness: of the text and the label.
        legible: score of the reading in [0, 1].
    """
    faith = min(1.0, max(0.0, (legible - ILLEGIBLE) / (LEGIBLE - ILLEGIBLE)))
    neutral = NEUTRAL_ILLEGIBLE + faith * (LABEL_NEUTRAL - NEUTRAL_ILLEGIBLE)
    if likeness >= neutral:
        return LABEL_FULL * (likeness - neutral) / (1 - neutral)
    return LABEL_AGAINST * (0.5 + 0.5 * faith) * (neutral - likeness)


def count_weight(found: int, wanted: int) -> float:
    """Natural log weight of the number of value cells."""
    if found == wanted:
        return COUNT_FITS
    return COUNT_OFF * min(4, abs(found - wanted))
