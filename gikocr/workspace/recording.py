"""Reports into the tables: the columns of a report, its fields in long form, its issues, and the decisions made on it before."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import RowMapping

from gikocr.forms import Form
from gikocr.ingest import Input
from gikocr.report import Check, Field, Report, printable
from gikocr.workspace import schema
from gikocr.workspace.database import Database
from gikocr.workspace.rows import amount_text, now
from gikocr.workspace.standing import Standing, standing

#: Rows of one INSERT; SQLite allows 32,766 values in one statement.
_ROWS_AT_ONCE = 500


def identity(report: Report) -> str:
    """The hash by which the content of a report is known; that of its name where the file could not be opened."""
    return report.source.sha256 or hashlib.sha256(report.source.name.encode("utf-8")).hexdigest()


def pack_report(text: str) -> bytes:
    """The text of a report's JSON as it is kept in the database."""
    return gzip.compress(text.encode("utf-8"), compresslevel=6, mtime=0)


def unpack_report(body: bytes) -> Report:
    """The report that :func:`pack_report` packed."""
    return Report.from_json(gzip.decompress(body))


def record_document(database: Database, connection: sa.Connection, report: Report) -> int:
    """Note a content, and return its number."""
    values = {
        "sha256": identity(report),
        "media_type": report.source.media_type,
        "pages": report.source.pages,
    }
    statement = database.insert(schema.document).values(**values)
    statement = statement.on_conflict_do_update(
        index_elements=[schema.document.c.sha256],
        # A second look that failed half-way does not know how many pages there are.
        set_={
            "pages": sa.case((statement.excluded.pages > 0, statement.excluded.pages), else_=schema.document.c.pages)
        },
    )
    return int(connection.execute(statement.returning(schema.document.c.id)).scalar_one())


def record_report(
    database: Database,
    connection: sa.Connection,
    report: Report,
    *,
    document_id: int,
    number: int,
    fingerprint: str,
    path: str,
    form: Form,
    seconds: float,
    text: str,
    known: bool,
) -> int:
    """Write one report with its fields, issues and broken sums, in the place of an older one with the same key.

    It becomes the current report of its document and number. Call :func:`retire_document` before.

    Returns:
        The id of the report.
    """
    columns = schema.report.c
    row: dict[str, Any] = {
        "document_id": document_id,
        "number": number,
        "fingerprint": fingerprint,
        "current": True,
        "name": report.source.name,
        "path": path,
        "form": form.id,
        "status": report.status,
        "agency": report.document.agency,
        "agency_key": report.document.agency_key,
        "year": report.document.year,
        "edition": report.document.edition,
        "fields": len(report.fields),
        "waiting": sum(f.needs_review for f in report.fields),
        "seconds": seconds,
        "read_at": now(),
        "body": pack_report(text),
    }
    statement = database.insert(schema.report).values(**row)
    statement = statement.on_conflict_do_update(
        index_elements=[columns.document_id, columns.number, columns.fingerprint],
        set_={name: row[name] for name in row if name not in ("document_id", "number", "fingerprint")},
    )
    report_id = int(connection.execute(statement.returning(columns.id)).scalar_one())
    tables = table_of_fields(form)
    insert_rows(
        connection, schema.field, [field_row(report_id, k, f, report, tables) for k, f in enumerate(report.fields)]
    )
    insert_rows(connection, schema.broken_check, broken_rows(report_id, report.checks))
    issues = [{"report_id": report_id, "position": k, **i.model_dump()} for k, i in enumerate(report.issues)]
    insert_rows(connection, schema.issue, issues)
    if known:
        _decide_again(connection, report_id, document_id, number)
    return report_id


def retire_document(connection: sa.Connection, document_id: int) -> bool:
    """The reports on a content are no longer current: their long form goes, their bodies stay.

    Returns:
        Whether there were any.
    """
    columns = schema.report.c
    old = connection.scalars(sa.select(columns.id).where(columns.document_id == document_id)).all()
    if not old:
        return False
    for table in (schema.field, schema.issue, schema.broken_check, schema.lease, schema.recomputed):
        connection.execute(sa.delete(table).where(table.c.report_id.in_(old)))
    connection.execute(sa.update(schema.report).where(columns.id.in_(old)).values(current=False))
    return True


@lru_cache(maxsize=8)
def table_of_fields(form: Form) -> dict[str, str]:
    """The key of the table of every field of the form."""
    return {field.id: field.table for edition in form.editions.values() for field in edition.fields.values()}


def field_row(report_id: int, position: int, field: Field, report: Report, tables: Mapping[str, str]) -> dict[str, Any]:
    """The row of one field; ``tables``: see :func:`table_of_fields`."""
    table = tables.get(field.id, "")
    edition = report.tables[table].edition if table in report.tables else None
    evidence = field.evidence
    box = evidence.bbox if evidence is not None and evidence.bbox is not None else (None, None, None, None)
    return {
        "report_id": report_id,
        "position": position,
        "field_id": field.id,
        "table_key": table,
        "edition": edition,
        "value": amount_text(field.value),
        "printed": field.printed,
        "state": field.state,
        "unit": field.unit,
        "confidence": field.confidence,
        "needs_review": field.needs_review,
        "page": None if evidence is None else evidence.page,
        "left": box[0],
        "top": box[1],
        "right": box[2],
        "bottom": box[3],
        "box_unit": None if evidence is None else evidence.unit,
        "rules": " ".join(field.checks),
        "suggestion": None if field.suggestion is None else amount_text(field.suggestion.value),
        "waiting": field.needs_review,
        "rank": field.confidence or 0.0,
        "harm": harm_of(field.checks, broken_checks(report.checks)),
    }


def broken_checks(checks: Iterable[Check]) -> dict[str, float]:
    """The sums that do not hold, each with the probability that it is broken in print."""
    return {c.id: c.probability_broken or 0.0 for c in checks if c.verdict in ("broken_in_source", "doubtful")}


def harm_of(rules: Iterable[str], broken: Mapping[str, float]) -> float:
    """Where a field stands in the queue by harm: 0 outside all sums that do not hold, else in [-2, -1].

    The likelier such a sum is misread, and not broken in print, the lower: that is where a person mends most.
    """
    return min((broken[rule] - 2.0 for rule in rules if rule in broken), default=0.0)


def broken_rows(report_id: int, checks: Iterable[Check]) -> list[dict[str, Any]]:
    """The rows of the sums that do not hold."""
    return [
        {
            "report_id": report_id,
            "check_id": c.id,
            "left": amount_text(c.left),
            "right": amount_text(c.right),
            "difference": amount_text(c.difference),
            "verdict": c.verdict,
            "probability_broken": c.probability_broken,
        }
        for c in checks
        if c.verdict in ("broken_in_source", "doubtful")
    ]


def insert_rows(connection: sa.Connection, table: sa.Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert any number of rows."""
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        connection.execute(sa.insert(table), rows[start : start + _ROWS_AT_ONCE])


def _decide_again(connection: sa.Connection, report_id: int, document_id: int, number: int) -> None:
    """What people decided on this content holds for its new report too: they saw what is printed."""
    columns = schema.decision.c
    statement = sa.select(schema.decision).where(columns.document_id == document_id, columns.number == number)
    logs: dict[str, list[RowMapping]] = {}
    for row in connection.execute(statement.order_by(columns.field_id, columns.version)).mappings():
        logs.setdefault(row["field_id"], []).append(row)
    for field_id, log in logs.items():
        apply_decision(connection, report_id, field_id, standing(log))
    if logs:
        count_waiting(connection, report_id)


def apply_decision(connection: sa.Connection, report_id: int, field_id: str, stands: Standing) -> None:
    """Set the outcome of the decisions on a field on its row."""
    columns = schema.field.c
    decided = stands.state is not None
    connection.execute(
        sa.update(schema.field)
        .where(columns.report_id == report_id, columns.field_id == field_id)
        .values(
            version=stands.version,
            decided_value=stands.value,
            decided_state=stands.state,
            decided_by=stands.by,
            decided_at=stands.at,
            cell_of=stands.cell_of,
            waiting=True if stands.waits else (False if decided else columns.needs_review),
        )
    )


def count_waiting(connection: sa.Connection, report_id: int) -> None:
    """Count anew how many fields of a report wait for review."""
    waiting = sa.select(sa.func.count()).where(schema.field.c.report_id == report_id, schema.field.c.waiting)
    connection.execute(
        sa.update(schema.report).where(schema.report.c.id == report_id).values(waiting=waiting.scalar_subquery())
    )


def renamed(report: Report, item: Input) -> Report:
    """The report as one on another document of the same content."""
    source = report.source
    parts = source.parts
    if len(parts) == len(item.paths):
        parts = tuple(p.model_copy(update={"name": printable(f.name)}) for p, f in zip(parts, item.paths, strict=True))
    return report.model_copy(
        update={"source": source.model_copy(update={"name": printable(item.name), "parts": parts})}
    )
