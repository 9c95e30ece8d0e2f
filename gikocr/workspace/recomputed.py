"""What inference says of a report once people have settled some of its fields; what was read is never changed by it."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from gikocr.report import Alternative, Check, Report, Suggestion
from gikocr.report.json_text import read as read_json
from gikocr.report.json_text import write as write_json
from gikocr.workspace import decisions, recording, schema
from gikocr.workspace.database import Database
from gikocr.workspace.rows import StoredField, amount_text

#: Two confidences are the same where they differ by less than this share of the doubt.
SAME_DOUBT = 1e-4


@dataclass(frozen=True, slots=True)
class Outlook:
    """The reading of one field as inference sees it now.

    Attributes:
        confidence: of the value that was read, in [0, 0.99999]; None where no reader spoke.
        alternatives: other readings, the likeliest first.
        suggestion: as in ``report.Field``.
    """

    confidence: float | None
    needs_review: bool
    alternatives: tuple[Alternative, ...]
    suggestion: Suggestion | None


@dataclass(frozen=True, slots=True)
class Recomputed:
    """A report anew.

    Attributes:
        decisions: sum of the versions of its fields that this was reckoned from.
        fields: of those that inference sees otherwise than when the document was read.
        checks: all sums, with the values that stand; empty: as they were when it was read.
    """

    decisions: int
    fields: Mapping[str, Outlook] = field(default_factory=dict)
    checks: tuple[Check, ...] = ()

    def applied(self, report: Report) -> Report:
        """A report with what is known now; values and states stay as they were read."""
        if not self.fields and not self.checks:
            return report
        fields = tuple(
            f.model_copy(
                update={
                    "confidence": now.confidence,
                    "needs_review": now.needs_review,
                    "alternatives": now.alternatives,
                    "suggestion": now.suggestion,
                }
            )
            if (now := self.fields.get(f.id)) is not None
            else f
            for f in report.fields
        )
        return report.model_copy(update={"fields": fields, "checks": self.checks or report.checks})


def load(connection: sa.Connection, report_ids: Sequence[int]) -> dict[int, Recomputed]:
    """What was recomputed of reports, as far as anything was."""
    columns = schema.recomputed.c
    statement = sa.select(columns.report_id, columns.decisions, columns.body).where(columns.report_id.in_(report_ids))
    return {number: _unpack(decisions, body) for number, decisions, body in connection.execute(statement)}


def keep(
    database: Database,
    connection: sa.Connection,
    report_id: int,
    found: Recomputed,
    rows: Iterable[tuple[StoredField, Mapping[str, Any]]],
) -> bool:
    """Write what was recomputed, if nobody decided on the report meanwhile.

    Args:
        database: of the connection.
        connection: in a transaction.
        report_id: the report.
        found: what was recomputed.
        rows: fields as they were seen, with the columns that change.

    Returns:
        False when somebody did, and nothing was written.
    """
    decisions.lock_reports(database, connection, [report_id])
    columns = schema.field.c
    total = sa.select(sa.func.coalesce(sa.func.sum(columns.version), 0)).where(
        columns.report_id == report_id, columns.version > 0
    )
    if int(connection.scalar(total) or 0) != found.decisions:
        return False
    for seen, values in rows:
        connection.execute(
            sa.update(schema.field)
            # On PostgreSQL somebody may decide between the look above and this.
            .where(columns.report_id == report_id, columns.field_id == seen.field_id, columns.version == seen.version)
            .values(**values)
        )
    if found.checks:
        connection.execute(sa.delete(schema.broken_check).where(schema.broken_check.c.report_id == report_id))
        recording.insert_rows(connection, schema.broken_check, recording.broken_rows(report_id, found.checks))
    row = {"report_id": report_id, "decisions": found.decisions, "body": _pack(found)}
    statement = database.insert(schema.recomputed).values(**row)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[schema.recomputed.c.report_id], set_={"decisions": row["decisions"], "body": row["body"]}
        )
    )
    recording.count_waiting(connection, report_id)
    return True


def stale(connection: sa.Connection) -> list[int]:
    """Reports on whose fields somebody decided since they were last recomputed."""
    field_columns, columns = schema.field.c, schema.recomputed.c
    versions = (
        sa.select(field_columns.report_id, sa.func.sum(field_columns.version).label("decisions"))
        .where(field_columns.version > 0)
        .group_by(field_columns.report_id)
        .subquery()
    )
    statement = (
        sa.select(versions.c.report_id)
        .outerjoin(schema.recomputed, columns.report_id == versions.c.report_id)
        .where(sa.or_(columns.decisions.is_(None), columns.decisions != versions.c.decisions))
        .order_by(versions.c.report_id)
    )
    return [int(number) for number in connection.scalars(statement)]


def unwritten(connection: sa.Connection) -> list[int]:
    """Reports whose JSON in the folder is older than what was recomputed."""
    columns = schema.recomputed.c
    return [int(n) for n in connection.scalars(sa.select(columns.report_id).where(columns.written < columns.decisions))]


def mark_written(connection: sa.Connection, report_id: int, decisions: int) -> None:
    """Note that the JSON in the folder holds so many decisions."""
    columns = schema.recomputed.c
    connection.execute(sa.update(schema.recomputed).where(columns.report_id == report_id).values(written=decisions))


def is_same(before: float | None, now: float | None) -> bool:
    """Whether two confidences are equal as far as the contract compares them: within a relative 1e-4 of 1 - p."""
    if before is None or now is None:
        return before is now
    return abs(before - now) <= SAME_DOUBT * max(1.0 - before, 1.0 - now)


def row_of(seen: StoredField, now: Outlook, *, waiting: bool, harm: float) -> dict[str, Any]:
    """The columns of a field's row that differ from what is kept; empty when none does."""
    values: dict[str, Any] = {
        "confidence": now.confidence,
        "rank": now.confidence or 0.0,
        "needs_review": now.needs_review,
        "suggestion": None if now.suggestion is None else amount_text(now.suggestion.value),
        "waiting": waiting,
        "harm": harm,
    }
    kept: dict[str, Any] = {
        "needs_review": seen.needs_review,
        "suggestion": amount_text(seen.suggestion),
        "waiting": seen.waiting,
        "harm": seen.harm,
    }
    others = ("needs_review", "suggestion", "waiting", "harm")
    if is_same(seen.confidence, now.confidence) and all(values[n] == kept[n] for n in others):
        return {}
    return values


def _pack(found: Recomputed) -> bytes:
    whole = {
        "fields": {
            field_id: {
                "confidence": now.confidence,
                "needs_review": now.needs_review,
                "alternatives": [a.model_dump() for a in now.alternatives],
                "suggestion": None if now.suggestion is None else now.suggestion.model_dump(),
            }
            for field_id, now in found.fields.items()
        },
        "checks": [c.model_dump() for c in found.checks],
    }
    return gzip.compress(write_json(whole, canonical=True).encode("utf-8"), compresslevel=6, mtime=0)


def _unpack(decisions: int, body: bytes) -> Recomputed:
    whole = read_json(gzip.decompress(body))
    fields = {
        field_id: Outlook(
            None if now["confidence"] is None else float(now["confidence"]),
            now["needs_review"],
            tuple(Alternative.model_validate(a) for a in now["alternatives"]),
            None if now["suggestion"] is None else Suggestion.model_validate(now["suggestion"]),
        )
        for field_id, now in whole["fields"].items()
    }
    return Recomputed(decisions, fields, tuple(Check.model_validate(c) for c in whole["checks"]))


def as_decimal(field_: StoredField) -> Decimal | None:
    """The number that a person settled; None where none is printed. Only for fields that are decided."""
    assert field_.decided is not None  # see above
    value = field_.decided.value
    return None if value is None else Decimal(value)
