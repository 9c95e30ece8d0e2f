"""How reviewers work: their pace, and the whole log of what was decided."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

import sqlalchemy as sa

from gikocr.review.shifting import SHIFT
from gikocr.workspace import Workspace, schema
from gikocr.workspace.queries import ROWS_AT_ONCE
from gikocr.workspace.rows import amount
from gikocr.workspace.standing import CARRIED, UNDO

#: Kinds of decisions that are no answer to a question.
_NO_ANSWERS = (UNDO, CARRIED, SHIFT)


@dataclass(frozen=True, slots=True)
class Pace:
    """One reviewer.

    Attributes:
        decisions: answers given.
        corrected: share of them that are not what was read.
        undone: how many were taken back by the person.
        seconds: median seconds of an answer that was timed; None without any.
        first, last: moments of the first and the last answer.
    """

    person: str
    decisions: int
    corrected: float
    undone: int
    seconds: float | None
    first: datetime
    last: datetime


def paces(workspace: Workspace) -> list[Pace]:
    """Everybody who decided anything, by name."""
    columns = schema.decision.c
    changed = sa.or_(columns.new_state != columns.old_state, columns.new_state.is_(None), _differs(columns))
    statement = (
        sa.select(
            columns.by,
            sa.func.count(),
            sa.func.sum(sa.case((changed, 1), else_=0)),
            sa.func.min(columns.at),
            sa.func.max(columns.at),
        )
        .where(columns.kind.not_in(_NO_ANSWERS))
        .group_by(columns.by)
        .order_by(columns.by)
    )
    with workspace.database.read() as connection:
        found = []
        for person, count, corrected, first, last in connection.execute(statement).all():
            timed = sa.select(columns.seconds).where(columns.by == person, columns.seconds.is_not(None))
            seconds = list(connection.scalars(timed))
            undone = connection.scalar(sa.select(sa.func.count()).where(columns.by == person, columns.kind == UNDO))
            found.append(
                Pace(
                    person,
                    int(count),
                    int(corrected) / int(count),
                    int(undone or 0),
                    median(seconds) if seconds else None,
                    datetime.fromisoformat(first),
                    datetime.fromisoformat(last),
                )
            )
    return found


#: In the place of a state: whoever reads it is to give a second answer without seeing the first.
WITHHELD = "withheld"


def audit(workspace: Workspace, person: str | None = None) -> Iterator[dict[str, Any]]:
    """Every decision that was ever made, the oldest first, as one flat row each: for CSV or JSON lines.

    Args:
        workspace: an open one.
        person: who reads it: where a second answer is awaited from that person, values are left out and states are ``withheld``. None:
            everything is told.
    """
    keyed = schema.keying.c
    columns, document, report = schema.decision.c, schema.document.c, schema.report.c
    # A content has been read several times perhaps, always from a document of some name.
    name = (
        sa.select(sa.func.min(report.name))
        .where(report.document_id == columns.document_id, report.number == columns.number)
        .scalar_subquery()
    )
    awaited = sa.exists().where(
        keyed.document_id == columns.document_id,
        keyed.number == columns.number,
        keyed.field_id == columns.field_id,
        keyed.outcome == "asked",
        keyed.first_by != (person or ""),
    )
    withheld = sa.literal(False) if person is None else awaited
    statement = (
        sa.select(
            *(c for c in columns if c.name != "document_id"),
            document.sha256,
            name.label("document"),
            withheld.label("withheld"),
        )
        .join_from(schema.decision, schema.document)
        .order_by(columns.id)
    )
    with workspace.database.read() as connection:
        for row in connection.execution_options(yield_per=ROWS_AT_ONCE).execute(statement).mappings():
            found = {
                "id": row["id"],
                "at": row["at"],
                "by": row["by"],
                "kind": row["kind"],
                "document": row["document"],
                "sha256": row["sha256"],
                "number": row["number"],
                "field": row["field_id"],
                "version": row["version"],
                "old_value": amount(row["old_value"]),
                "old_state": row["old_state"],
                "new_value": amount(row["new_value"]),
                "new_state": row["new_state"],
                "waits": bool(row["waits"]),
                "cell_of": row["cell_of"],
                "reason": row["reason"],
                "seconds": row["seconds"],
                "request": row["request"],
                "fingerprint": row["fingerprint"],
            }
            if row["withheld"]:
                found |= {"old_value": None, "old_state": WITHHELD, "new_value": None, "new_state": WITHHELD}
            yield found


def _differs(columns: Any) -> sa.ColumnElement[bool]:
    return sa.func.coalesce(columns.new_value, "") != sa.func.coalesce(columns.old_value, "")
