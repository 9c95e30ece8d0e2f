"""Labelled grids as a perfect reader would hand them over, built from the form's own tables, with the truth beside them.

A sheet is a list of printed rows. Tests take rows out, put others in, cut the list at a page break, and render what is left.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from gikocr.elements import Cell, CellText, Grid, LabelledGrid
from gikocr.forms import Section, Table
from gikocr.geometry import BBox

ROW, LABELS_WIDTH, VALUES_WIDTH, TOP, LEFT = 40.0, 480.0, 840.0, 100.0, 50.0
NUMBER = CellText(None, 1.0, True)
BLANK = CellText("", 1.0, False)


@dataclass(frozen=True)
class Line:
    """One printed row.

    Attributes:
        section: whose columns it has; None for a heading over the whole width, whose words are ``label``.
        head: whether it stands for the rows of heads of its section.
        groups: headings on the left that span it and its neighbours, outermost first.
        label: its own words, None where nothing is printed.
        ids: the fields of its values.
        filled: whether its values are printed.
        key: of the row in the form.
    """

    section: Section | None
    head: bool = False
    groups: tuple[str, ...] = ()
    label: str | None = None
    ids: tuple[str | None, ...] = ()
    filled: bool = True
    key: str = ""


def lines_of(table: Table) -> list[Line]:
    """A table as the form prints it."""
    lines: list[Line] = []
    for section in table.sections:
        if section.heading is not None:
            lines.append(Line(None, label=section.heading.text, key="heading"))
        lines.append(Line(section, head=True, label=section.corner.text if section.corner else None, key="head"))
        for row, ids in zip(section.rows, section.field_ids, strict=True):
            label = row.label.text if row.label else None
            lines.append(Line(section, False, tuple(g.text for g in row.groups), label, ids, True, row.key))
    return lines


def without(lines: Sequence[Line], *keys: str) -> list[Line]:
    return [line for line in lines if line.key not in keys]


def reworded(lines: Sequence[Line], change: Callable[[str], str]) -> list[Line]:
    """The same rows with every label changed."""
    return [
        replace(line, label=None if line.label is None else change(line.label), groups=tuple(map(change, line.groups)))
        for line in lines
    ]


@dataclass
class Sheet:
    """What was rendered: a grid, and the box of every field in it."""

    grid: LabelledGrid
    truth: dict[str, BBox] = field(default_factory=dict)


class _Canvas:
    def __init__(self, page: int, n_rows: int, label_cols: int, value_cols: int) -> None:
        widths = [LABELS_WIDTH / max(1, label_cols)] * label_cols + [VALUES_WIDTH / value_cols] * value_cols
        self.xs = [LEFT + sum(widths[:i]) for i in range(len(widths) + 1)]
        self.ys = [TOP + ROW * i for i in range(n_rows + 1)]
        self.page = page
        self.cells: list[Cell] = []
        self.texts: list[CellText] = []

    def box(self, row: int, row_end: int, col: int, col_end: int) -> BBox:
        return BBox(self.xs[col], self.ys[row], self.xs[col_end], self.ys[row_end])

    def put(self, row: int, row_end: int, col: int, col_end: int, text: CellText) -> None:
        self.cells.append(Cell(row, row_end, col, col_end, self.box(row, row_end, col, col_end)))
        self.texts.append(text)

    def grid(self) -> LabelledGrid:
        rows = tuple(tuple((x, y) for x in self.xs) for y in self.ys)
        cols = tuple(tuple((x, y) for y in self.ys) for x in self.xs)
        box = BBox(self.xs[0], self.ys[0], self.xs[-1], self.ys[-1])
        order = sorted(range(len(self.cells)), key=lambda i: (self.cells[i].row, self.cells[i].col))
        cells = tuple(self.cells[i] for i in order)
        return LabelledGrid(Grid(self.page, box, rows, cols, cells), tuple(self.texts[i] for i in order))


def render(lines: Sequence[Line], page: int = 1) -> Sheet:
    """One grid that holds these rows; groups of neighbouring rows run together."""
    sections = [line.section for line in lines if line.section is not None]
    label_cols = max(
        (len(line.groups) + 1 for line in lines if line.section and not line.head and line.label is not None), default=0
    )
    value_cols = math.lcm(*(len(s.columns) for s in sections)) if sections else 1
    heights = [_head_levels(line.section) if line.head and line.section else 1 for line in lines]
    canvas = _Canvas(page, sum(heights), label_cols, value_cols)
    sheet_truth: dict[str, BBox] = {}
    top = 0
    for k, (line, height) in enumerate(zip(lines, heights, strict=True)):
        if line.section is None:
            canvas.put(top, top + 1, 0, label_cols + value_cols, _words(line.label))
        elif line.head:
            _put_head(canvas, line, line.section, top, label_cols, value_cols)
        else:
            _put_labels(canvas, lines, k, top, label_cols)
            step = value_cols // len(line.section.columns)
            for c, field_id in enumerate(line.ids):
                span = (top, top + 1, label_cols + c * step, label_cols + (c + 1) * step)
                canvas.put(*span, NUMBER if line.filled and field_id is not None else BLANK)
                if field_id is not None and line.filled:
                    sheet_truth[field_id] = canvas.box(*span)
        top += height
    return Sheet(canvas.grid(), sheet_truth)


def _words(text: str | None) -> CellText:
    return CellText(text, 0.95, True) if text else BLANK


def _put_labels(canvas: _Canvas, lines: Sequence[Line], k: int, top: int, label_cols: int) -> None:
    line = lines[k]
    if label_cols == 0:
        return
    for depth, group in enumerate(line.groups):
        if k > 0 and lines[k - 1].groups[: depth + 1] == line.groups[: depth + 1]:
            continue
        end = k
        while end < len(lines) and lines[end].groups[: depth + 1] == line.groups[: depth + 1]:
            end += 1
        canvas.put(top, top + end - k, depth, depth + 1, _words(group))
    canvas.put(top, top + 1, len(line.groups), label_cols, _words(line.label))


def _head_levels(section: Section) -> int:
    return max(len(c.groups) for c in section.columns) + 1


def _put_head(canvas: _Canvas, line: Line, section: Section, top: int, label_cols: int, value_cols: int) -> None:
    levels = _head_levels(section)
    step = value_cols // len(section.columns)
    if label_cols:
        canvas.put(top, top + levels, 0, label_cols, _words(line.label))
    for c, column in enumerate(section.columns):
        left = label_cols + c * step
        for depth, group in enumerate(column.groups):
            path = column.groups[: depth + 1]
            if c > 0 and section.columns[c - 1].groups[: depth + 1] == path:
                continue
            end = c
            while end < len(section.columns) and section.columns[end].groups[: depth + 1] == path:
                end += 1
            canvas.put(top + depth, top + depth + 1, left, label_cols + end * step, _words(group.text))
        canvas.put(top + len(column.groups), top + levels, left, left + step, _words(column.label.text))
