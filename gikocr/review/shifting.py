"""Rows or columns that were registered wrongly, moved as a whole: their numbers belong to other fields of the same block."""

from __future__ import annotations

from collections.abc import Sequence

from gikocr.errors import UsageError
from gikocr.forms import Form
from gikocr.review.reports import Values
from gikocr.workspace import Entry, StoredField

#: The kind of these decisions.
SHIFT = "shift"


def shifted(
    values: Values,
    form: Form,
    table: str,
    block: int,
    *,
    rows: Sequence[int],
    columns: Sequence[int],
    down: int = 0,
    right: int = 0,
) -> list[Entry]:
    """The decisions that move what stands in some cells of a block, by so many rows and columns.

    A field that gets a number is decided, and waits on if that number is doubtful. One that loses its own and gets none is open again.
    Numbers that are moved out of the block are dropped.

    Args:
        values: the report as it stands.
        form: its form.
        table: key of the table.
        block: which of its blocks, from 0.
        rows: which rows are moved, from 0.
        columns: which of their columns.
        down: by how many rows; negative: up.
        right: by how many columns; negative: to the left.

    Raises:
        UsageError: there is no such table or block in the report, or nothing would move.
    """
    edition = dict(values.editions()).get(table)
    if edition is None or edition not in form.editions or table not in form.editions[edition].tables:
        raise UsageError(f"The report has no table {table!r}.")
    sections = form.table(table, edition).sections
    if not 0 <= block < len(sections) or (down == 0 and right == 0):
        raise UsageError(f"Nothing of block {block} of table {table!r} would move.")
    ids = sections[block].field_ids
    wanted = {(r, c) for r in rows for c in columns if 0 <= r < len(ids) and 0 <= c < len(ids[r])}

    def at(place: tuple[int, int]) -> StoredField | None:
        row, column = place
        inside = 0 <= row < len(ids) and 0 <= column < len(ids[row])
        field_id = ids[row][column] if inside else None
        return None if field_id is None else values.fields.get(field_id)

    entries = {}
    for row, column in sorted(wanted):
        source, target = at((row, column)), at((row + down, column + right))
        if source is not None and target is not None:
            entries[target.field_id] = _moved(source, target)
    for place in sorted(wanted):
        emptied = at(place)
        if emptied is not None and emptied.field_id not in entries:
            entries[emptied.field_id] = Entry(
                emptied.report_id, emptied.field_id, emptied.version, None, None, SHIFT, waits=True
            )
    if not entries:
        raise UsageError(f"Nothing of block {block} of table {table!r} would move.")
    return list(entries.values())


def _moved(source: StoredField, target: StoredField) -> Entry:
    decided = source.decided
    value, state = (source.value, source.state) if decided is None else (decided.value, decided.state)
    unread = state in ("unreadable", "not_printed")
    return Entry(
        target.report_id,
        target.field_id,
        target.version,
        None if unread else value,
        None if unread else state,
        SHIFT,
        cell_of=source.cell_of or source.field_id,
        waits=unread or source.waiting,
    )
