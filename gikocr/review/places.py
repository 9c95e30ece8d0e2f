"""Where a field's number stands on its page: in its own cell, in another one that a person named, or where its row and column meet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from statistics import median

from gikocr.forms import Form
from gikocr.review.reports import Values
from gikocr.workspace import StoredField

_At = tuple[int, int, int]


class Places:
    """Places of fields on a form."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self._known: dict[tuple[str, str], dict[str, _At]] = {}

    def cell(self, values: Values, field: StoredField) -> StoredField:
        """A field with the page and box of the cell that its number stands in.

        It is its own, unless a person shifted its row or column. A field whose cell was not found has the box in which the cells of its
        row and of its column would meet, if some of both are on one page; else the page of its row's or table's other cells alone.
        """
        own = values.fields.get(field.cell_of or field.field_id, field)
        return own if own.page is not None else self._guessed(values, own)

    def _guessed(self, values: Values, field: StoredField) -> StoredField:
        at = self._grid(field).get(field.field_id)
        placed = [f for f in values.fields.values() if f.table == field.table and f.bbox is not None]
        if at is None or not placed:
            return field
        grid = self._grid(field)
        row = [f for f in placed if grid.get(f.field_id, (-1, -1, -1))[:2] == at[:2]]
        column = [f for f in placed if (grid.get(f.field_id, (-1, -1, -1))[0], grid[f.field_id][2]) == (at[0], at[2])]
        page = _usual(row) or _usual(column) or _usual(placed)
        row, column = ([f for f in found if f.page == page] for found in (row, column))
        if not row or not column:
            return replace(field, page=page)
        left, right = (median(f.bbox[k] for f in column if f.bbox is not None) for k in (0, 2))
        top, bottom = (median(f.bbox[k] for f in row if f.bbox is not None) for k in (1, 3))
        return replace(field, page=page, bbox=(left, top, right, bottom), box_unit=row[0].box_unit)

    def _grid(self, field: StoredField) -> dict[str, _At]:
        edition = field.edition
        if (
            edition is None
            or edition not in self._form.editions
            or field.table not in self._form.editions[edition].tables
        ):
            return {}
        key = (field.table, edition)
        if key not in self._known:
            cells = self._form.table(field.table, edition).cells()
            self._known[key] = {field_id: (section, row, column) for section, row, column, field_id in cells}
        return self._known[key]


def _usual(fields: Iterable[StoredField]) -> int | None:
    pages = Counter(f.page for f in fields)
    return pages.most_common(1)[0][0] if pages else None
