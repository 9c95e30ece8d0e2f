"""The rows of a table that hold fields, in the order in which a text gives them."""

from __future__ import annotations

from dataclasses import dataclass

from gikocr.forms import Row, Table


@dataclass(frozen=True, slots=True)
class FormRow:
    """One row of one table of one edition; ``n_values``: how many fields it has."""

    table: Table
    section: int
    index: int
    row: Row
    n_values: int


def form_rows(table: Table) -> list[FormRow]:
    """The rows of a table that hold fields, from top to bottom."""
    return [
        FormRow(table, number, index, row, sum(i is not None for i in ids))
        for number, section in enumerate(table.sections)
        for index, (row, ids) in enumerate(zip(section.rows, section.field_ids, strict=True))
    ]
