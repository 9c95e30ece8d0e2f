"""Headings as they are printed: the words that were read beside and above a field's cell.

They were read as far as registration needs them: of a long heading often the first line alone, and with a reader's errors.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from gikocr.elements import FormReading, PrintedLabel, ReadCell
from gikocr.errors import WorkspaceError
from gikocr.workspace import StoredField, StoredReport, Workspace

#: By so many heights of the cell a heading may reach into it, or stand off from the next one: rules are thick, pages a little skew.
SLACK = 0.5

#: Form readings that are kept in memory.
KEPT = 32


@dataclass(frozen=True, slots=True)
class PrintedHeading:
    """What was read as the headings of a row and a column, the outermost first; empty where nothing is known."""

    row: tuple[str, ...]
    column: tuple[str, ...]


NOTHING = PrintedHeading((), ())


class PrintedHeadings:
    """Headings as printed of the reports of a workspace. May be used by several threads."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._kept: OrderedDict[tuple[int, object], FormReading | None] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, report: StoredReport, field: StoredField) -> PrintedHeading:
        """The headings of a field's cell: its own, or the one that a person shifted its number from."""
        reading = self._reading(report)
        if reading is None or field.edition is None:
            return NOTHING
        cell = _cell_of(reading, field.table, field.edition, field.cell_of or field.field_id)
        return NOTHING if cell is None or cell.place is not None else headings_of(cell, reading.labels, reading.cells)

    def _reading(self, report: StoredReport) -> FormReading | None:
        key = (report.id, report.read_at)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        try:
            found = self._workspace.form_reading(report)
        except WorkspaceError:
            found = None
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return found


def _cell_of(reading: FormReading, table: str, edition: str, field_id: str) -> ReadCell | None:
    for found in reading.tables:
        if found.table == table:
            for placement in found.placements:
                if placement.edition == edition:
                    index = next((f.cell for f in placement.fields if f.field_id == field_id), None)
                    return None if index is None else reading.cells[index]
    return None


def headings_of(cell: ReadCell, labels: Sequence[PrintedLabel], cells: Sequence[ReadCell]) -> PrintedHeading:
    """The words to the left of a cell in its row, from left to right, and those above it in its column, from top to bottom.

    Above a cell stand other cells with numbers, and above its heads perhaps those of another part of the table: the lowest heading
    counts, with those that stand right on top of it. Words in a row in which fields stand head no column, nor do those that reach
    over the labels of the rows too: they are a group's of rows.

    Args:
        cell: of the field.
        labels: the words of all tables.
        cells: of all fields.
    """
    box = cell.box
    slack = SLACK * (box.bottom - box.top)
    x, y = (box.left + box.right) / 2, (box.top + box.bottom) / 2
    own = [label for label in labels if label.page == cell.page]
    beside = [a for a in own if a.box.top <= y <= a.box.bottom and a.box.right <= box.left + slack]
    around = [other.box for other in cells if other.page == cell.page]
    rows = [(other.top + other.bottom) / 2 for other in around]
    first = min(
        (o.left for o, middle in zip(around, rows, strict=True) if box.top <= middle <= box.bottom), default=box.left
    )
    heads = [
        a
        for a in own
        if a.box.left >= first - slack and not any(a.box.top <= middle <= a.box.bottom for middle in rows)
    ]
    above = [a for a in heads if a.box.left <= x <= a.box.right and a.box.bottom <= box.top + slack]
    stack: list[PrintedLabel] = []
    for label in sorted(above, key=lambda a: -a.box.bottom):
        if stack and abs(label.box.bottom - stack[-1].box.top) > slack:
            break
        stack.append(label)
    row = tuple(a.text for a in sorted(beside, key=lambda a: a.box.left))
    return PrintedHeading(row, tuple(a.text for a in reversed(stack)))
