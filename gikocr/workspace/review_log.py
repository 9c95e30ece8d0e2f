"""What people decide on doubtful fields: the queue, leases, and the log that only grows.

A decision names the version of the field that the person saw. When somebody else decided meanwhile the versions differ, and
:class:`EditConflict` says so: nothing is overwritten unseen. To undo is to decide once more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from gikocr.elements import State
from gikocr.errors import EditConflict, WorkspaceError
from gikocr.workspace import queries, recording, schema
from gikocr.workspace.database import Database
from gikocr.workspace.rows import (
    EVERYTHING,
    Decision,
    Selection,
    StoredField,
    Value,
    amount_text,
    as_text,
    decision,
    now,
    stored_field,
)

#: How long a field stays with the person who opened it, in seconds, unless it is renewed.
LEASE_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in the queue: that of the last field of a page."""

    rank: float
    report_id: int
    position: int

    @classmethod
    def of(cls, field: StoredField) -> Cursor:
        """The place of a field."""
        return cls(field.confidence or 0.0, field.report_id, field.position)


class ReviewLog:
    """The review side of a workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def waiting(
        self,
        selection: Selection = EVERYTHING,
        *,
        after: Cursor | None = None,
        limit: int = 20,
        free_for: str | None = None,
    ) -> list[StoredField]:
        """A page of the fields that wait for review, the least sure first.

        The rows come along an index, so that a page costs the same whether ten fields wait or a million.

        Args:
            selection: which.
            after: where the page before ended, ``Cursor.of`` its last field.
            limit: fields of a page.
            free_for: a person; fields that others hold by a lease are left out.
        """
        columns = schema.field.c
        order = (columns.rank, columns.report_id, columns.position)
        statement = queries.select_fields(selection).where(columns.waiting).order_by(*order).limit(limit)
        if after is not None:
            place = sa.tuple_(*(sa.literal(v) for v in (after.rank, after.report_id, after.position)))
            statement = statement.where(sa.tuple_(*order) > place)
        if free_for is not None:
            held = schema.lease.c
            others = sa.select(sa.literal(1)).where(
                held.report_id == columns.report_id,
                held.field_id == columns.field_id,
                held.holder != free_for,
                held.expires_at > now(),
            )
            statement = statement.where(~others.exists())
        with self._database.read() as connection:
            return [stored_field(row) for row in connection.execute(statement).mappings()]

    def count_waiting(self, selection: Selection = EVERYTHING) -> int:
        """How many fields wait for review."""
        chosen = queries.select_fields(selection).where(schema.field.c.waiting).subquery()
        with self._database.read() as connection:
            return int(connection.scalar(sa.select(sa.func.count()).select_from(chosen)) or 0)

    def field(self, report_id: int, field_id: str) -> StoredField:
        """One field of a current report.

        Raises:
            WorkspaceError: there is no such field.
        """
        with self._database.read() as connection:
            return _field(connection, report_id, field_id)

    def settle(
        self,
        report_id: int,
        field_id: str,
        *,
        version: int,
        value: Value,
        state: State | None,
        kind: str,
        by: str,
        reason: str = "",
        seconds: float | None = None,
    ) -> StoredField:
        """Decide what is printed in a field, and return the field as it is now.

        What the reader saw stays; the decision stands beside it, and the field waits no longer. The JSON in the folder does not
        change until :meth:`Workspace.write_json`.

        Args:
            report_id: the report.
            field_id: the field.
            version: of the field that the person saw.
            value: the number that is printed; None unless ``state`` is ``read``.
            state: what is printed; None: nothing is decided (any more), and a doubtful field waits again.
            kind: what was done, in a word.
            by: who.
            reason: in the person's words.
            seconds: that the person took.

        Raises:
            EditConflict: somebody else decided meanwhile.
            ValueError: a value without the state ``read``, or that state without a value.
            WorkspaceError: there is no such field, or the database fails.
        """
        if (state == "read") != (value is not None):
            raise ValueError(f"only the state 'read' has a value, and it must: state {state!r}, value {value}")
        new_value, at = amount_text(value), now()
        with self._database.write() as connection:
            before = _field(connection, report_id, field_id, lock=not self._database.is_sqlite)
            if before.version != version:
                raise EditConflict(
                    f"The field {field_id!r} of report {report_id} was decided on by somebody else meanwhile.",
                    advice="Look at it again.",
                )
            stood = before.decided
            columns = schema.report.c
            key = (columns.document_id, columns.number, columns.fingerprint)
            document_id, number, fingerprint = connection.execute(sa.select(*key).where(columns.id == report_id)).one()
            row: dict[str, Any] = {
                "document_id": document_id,
                "number": number,
                "field_id": field_id,
                "fingerprint": fingerprint,
                "version": version + 1,
                "kind": kind,
                "by": by,
                "at": at,
                "old_value": amount_text(before.value if stood is None else stood.value),
                "old_state": before.state if stood is None else stood.state,
                "new_value": new_value,
                "new_state": state,
                "reason": reason,
                "seconds": seconds,
            }
            connection.execute(sa.insert(schema.decision).values(**row))
            recording.apply_decision(
                connection, report_id, field_id, version=version + 1, value=new_value, state=state, by=by, at=at
            )
            recording.count_waiting(connection, report_id)
            return _field(connection, report_id, field_id)

    def undo(self, report_id: int, field_id: str, *, version: int, by: str) -> StoredField:
        """Decide again what was decided before the last decision, or nothing.

        Raises:
            EditConflict: somebody else decided meanwhile.
            WorkspaceError: there is no such field, or nothing was ever decided on it.
        """
        log = list(self.decisions(report_id, field_id))
        if not log:
            raise WorkspaceError(f"Nothing was decided on the field {field_id!r} of report {report_id}.")
        before = log[-2] if len(log) > 1 else None
        return self.settle(
            report_id,
            field_id,
            version=version,
            value=None if before is None else before.new_value,
            state=None if before is None else before.new_state,
            kind="undo",
            by=by,
        )

    def decisions(self, report_id: int | None = None, field_id: str | None = None) -> Iterator[Decision]:
        """The log, oldest first: of all, of one report, or of one field of it; earlier reports on the same content included."""
        columns = schema.decision.c
        statement = sa.select(schema.decision).order_by(columns.id)
        if report_id is not None:
            of = schema.report.c
            statement = statement.join(
                schema.report, sa.and_(of.document_id == columns.document_id, of.number == columns.number)
            ).where(of.id == report_id)
        if field_id is not None:
            statement = statement.where(columns.field_id == field_id)
        with self._database.read() as connection:
            result = connection.execution_options(yield_per=queries.ROWS_AT_ONCE).execute(statement)
            for row in result.mappings():
                yield decision(row)

    def lease(self, report_id: int, field_id: str, holder: str, *, seconds: float = LEASE_SECONDS) -> bool:
        """Take a field, or keep it longer; False when somebody else holds it.

        A lease is a courtesy that saves double work. What keeps decisions from being overwritten is the version.
        """
        columns = schema.lease.c
        end = as_text(datetime.now(UTC) + timedelta(seconds=seconds))
        row = {"report_id": report_id, "field_id": field_id, "holder": holder, "expires_at": end}
        statement = self._database.insert(schema.lease).values(**row)
        statement = statement.on_conflict_do_update(
            index_elements=[columns.report_id, columns.field_id],
            set_={"holder": holder, "expires_at": end},
            where=sa.or_(columns.holder == holder, columns.expires_at <= now()),
        )
        with self._database.write() as connection:
            return connection.execute(statement.returning(columns.holder)).first() is not None

    def release(self, report_id: int, field_id: str, holder: str) -> None:
        """Give a field back; nothing happens when somebody else holds it."""
        columns = schema.lease.c
        with self._database.write() as connection:
            connection.execute(
                sa.delete(schema.lease).where(
                    columns.report_id == report_id, columns.field_id == field_id, columns.holder == holder
                )
            )


def _field(connection: sa.Connection, report_id: int, field_id: str, *, lock: bool = False) -> StoredField:
    statement = queries.select_fields(Selection(report_ids=(report_id,), field_id=field_id))
    if lock:
        statement = statement.with_for_update(of=schema.field)
    row = connection.execute(statement).mappings().first()
    if row is None:
        raise WorkspaceError(f"There is no field {field_id!r} in a current report {report_id}.")
    return stored_field(row)
