"""The rows of a table that hold fields, in the order in which a text gives them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gikocr.forms import Row, Rule, Table
from gikocr.kie.cutting import Sums


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


def row_fields(row: FormRow) -> tuple[str, ...]:
    """The ids of a row's fields from left to right."""
    return tuple(i for i in row.table.sections[row.section].field_ids[row.index] if i is not None)


def sums_within(fields: Sequence[str], rules: Sequence[Rule]) -> list[Sums]:
    """The rules whose fields are all among these, by their places."""
    place = {f: k for k, f in enumerate(fields)}
    return [
        (tuple(place[f] for f in r.left), tuple(place[f] for f in r.right))
        for r in rules
        if all(f in place for f in (*r.left, *r.right))
    ]
