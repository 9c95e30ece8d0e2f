"""Selections as SQL."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from gikocr.workspace import schema
from gikocr.workspace.rows import Selection

#: Rows fetched at once while a result is streamed, so that a table of any length needs little memory.
ROWS_AT_ONCE = 2000

_REPORT_COLUMNS = (
    "id", "document_id", "number", "fingerprint", "name", "path", "form", "status", "agency", "agency_key", "year", "edition",
    "fields", "waiting", "seconds", "read_at",
)  # fmt: skip


def select_reports(selection: Selection, *columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
    """Current reports with their content, in the order of their ids; ``columns`` come in addition."""
    report, document = schema.report, schema.document
    chosen = [report.c[name] for name in _REPORT_COLUMNS]
    statement = sa.select(*chosen, document.c.sha256, document.c.pages, *columns).join_from(report, document)
    return statement.where(report.c.current, *report_conditions(selection)).order_by(report.c.id)


def select_fields(selection: Selection) -> sa.Select[Any]:
    """Fields of current reports with the name, agency and year of their report; not ordered."""
    report = schema.report.c
    statement = sa.select(schema.field, report.name.label("document"), report.agency, report.year)
    statement = statement.join_from(schema.field, schema.report).where(*report_conditions(selection))
    return statement.where(*field_conditions(selection))


def report_conditions(selection: Selection) -> list[sa.ColumnElement[bool]]:
    """What a selection asks of reports."""
    columns = schema.report.c
    found: list[sa.ColumnElement[bool]] = []
    if selection.name is not None:
        found.append(name_condition(columns.name, selection.name))
    for column, wanted in (
        (columns.agency, selection.agency),
        (columns.year, selection.year),
        (columns.status, selection.status),
        (columns.document_id, selection.document_id),
    ):
        if wanted is not None:
            found.append(column == wanted)
    if selection.report_ids:
        found.append(columns.id.in_(selection.report_ids))
    return found


def name_condition(column: sa.ColumnElement[str], name: str) -> sa.ColumnElement[bool]:
    """That a column holds a name, in which ``*`` stands for any characters."""
    return column.like(_pattern(name), escape="\\") if "*" in name else column == name


def field_conditions(selection: Selection) -> list[sa.ColumnElement[bool]]:
    """What a selection asks of fields."""
    columns = schema.field.c
    found: list[sa.ColumnElement[bool]] = []
    if selection.table is not None:
        found.append(columns.table_key == selection.table)
    if selection.field_id is not None:
        found.append(columns.field_id == selection.field_id)
    return found


def _pattern(name: str) -> str:
    return name.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_").replace("*", "%")
