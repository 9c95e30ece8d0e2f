"""Decisions into the tables: one or many in a transaction, with what follows from them for second keyings and hand-ups."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy import RowMapping

from gikocr.elements import State
from gikocr.errors import EditConflict, SeniorNeeded, WorkspaceError
from gikocr.workspace import queries, recording, schema
from gikocr.workspace.database import Database
from gikocr.workspace.rows import Selection, StoredField, Value, amount, amount_text, now, stored_field
from gikocr.workspace.standing import SECOND, UNDO, remaining, standing

#: A second answer that differs from the first is handed up with this reason.
DIFFERS = "two answers differ"


@dataclass(frozen=True, slots=True)
class Entry:
    """One decision that is to be made.

    Attributes:
        report_id, field_id: the field.
        version: of the field that the person saw.
        value: the number that is printed; None unless ``state`` is ``read``.
        state: what is printed; None: nothing is decided, and a doubtful field waits again.
        kind: what was done, in a word.
        reason: in the person's words.
        seconds: that the person took.
        cell_of: see ``StoredField``.
        waits: a person has to look at the field all the same.
        twice: ask another person too, who does not see the answer, when this is the field's first one.
        blind: this is that other person's answer.
    """

    report_id: int
    field_id: str
    version: int
    value: Value
    state: State | None
    kind: str
    reason: str = ""
    seconds: float | None = None
    cell_of: str | None = None
    waits: bool = False
    twice: bool = False
    blind: bool = False


@dataclass(frozen=True, slots=True)
class _Place:
    """A field of a content: what decisions belong to."""

    document_id: int
    number: int
    field_id: str
    fingerprint: str

    def of(self, table: sa.Table) -> sa.ColumnElement[bool]:
        """The rows of this field in a table."""
        columns = table.c
        return sa.and_(
            columns.document_id == self.document_id, columns.number == self.number, columns.field_id == self.field_id
        )

    def key(self) -> dict[str, Any]:
        return {"document_id": self.document_id, "number": self.number, "field_id": self.field_id}


def decide(
    database: Database, connection: sa.Connection, entry: Entry, *, by: str, request: str | None, senior: bool
) -> StoredField:
    """Make one decision within a transaction, and return the field as it is now.

    The same request on the same field is made once: asked again, the field is returned as it is.

    Args:
        database: of the connection.
        connection: in a transaction.
        entry: the decision.
        by: who.
        request: see :class:`Entry`.
        senior: whether that person may decide what was handed up.

    Raises:
        EditConflict: somebody else decided meanwhile, and nothing was written.
        SeniorNeeded: the field waits for a senior, and nothing was written.
        ValueError: a value without the state ``read``, or that state without a value.
        WorkspaceError: there is no such field.
    """
    check_value(entry.value, entry.state)
    before = read_field(connection, entry.report_id, entry.field_id, lock=not database.is_sqlite)
    place = _place(connection, entry.report_id, entry.field_id)
    log = _log(connection, place)
    if request is not None and any(row["request"] == request for row in log):
        return before
    if before.version != entry.version:
        raise conflict(before, (entry.value, entry.state))
    if not senior and _is_handed_up(connection, place):
        raise SeniorNeeded(
            f"The field {entry.field_id!r} of report {entry.report_id} waits for a senior.",
            advice="Who asked may take the question back.",
            stands=before,
            wanted=(entry.value, entry.state),
        )
    entry = _keyed(database, connection, place, log, entry, by)
    _add(connection, place, before, entry, by=by, request=request)
    recording.apply_decision(connection, entry.report_id, entry.field_id, standing(_log(connection, place)))
    if not entry.waits and entry.kind != UNDO and entry.state is not None:
        close_hand_up(connection, place, by)
    _leave(connection, entry.report_id, entry.field_id, by)
    return read_field(connection, entry.report_id, entry.field_id)


def undo(
    database: Database,
    connection: sa.Connection,
    report_id: int,
    field_id: str,
    *,
    version: int | None,
    by: str,
    only_own: bool = False,
    request: str | None = None,
) -> StoredField:
    """Take the last decision on a field back that was not undone yet.

    Args:
        database: of the connection.
        connection: in a transaction.
        report_id: the report.
        field_id: the field.
        version: of the field that the person saw; None: whatever it is.
        by: who.
        only_own: refuse when the decision is somebody else's.
        request: see :class:`Entry`.

    Raises:
        EditConflict: somebody else decided meanwhile.
        WorkspaceError: there is no such field, or there is nothing to take back.
    """
    before = read_field(connection, report_id, field_id, lock=not database.is_sqlite)
    place = _place(connection, report_id, field_id)
    log = _log(connection, place)
    kept = remaining(log)
    if request is not None and any(row["request"] == request for row in log):
        return before
    if not kept:
        raise WorkspaceError(f"Nothing was decided on the field {field_id!r} of report {report_id}.")
    if (version is not None and before.version != version) or (only_own and kept[-1]["by"] != by):
        raise conflict(before)
    again = kept[-2] if len(kept) > 1 else None
    entry = Entry(
        report_id,
        field_id,
        before.version,
        None if again is None else amount(again["new_value"]),
        None if again is None else again["new_state"],
        UNDO,
    )
    _add(connection, place, before, entry, by=by, request=request)
    _unkey(connection, place, kept[-1])
    if kept[-1]["kind"] != SECOND:
        _reopen_hand_up(connection, place, kept[-1])
    recording.apply_decision(connection, report_id, field_id, standing(_log(connection, place)))
    return read_field(connection, report_id, field_id)


def conflict(stands: StoredField, wanted: tuple[Value, State | None] | None = None) -> EditConflict:
    """Somebody else decided on a field since it was seen."""
    return EditConflict(
        f"The field {stands.field_id!r} of report {stands.report_id} was decided on by somebody else meanwhile.",
        advice="Look at it again.",
        stands=stands,
        wanted=wanted,
    )


def lock_reports(database: Database, connection: sa.Connection, report_ids: Iterable[int]) -> None:
    """Let nobody else decide on these reports, or recompute them, until the transaction ends.

    Everybody who changes fields takes the reports first, and in order, so that two never wait for each other. In SQLite a transaction
    has the whole database anyway.
    """
    if not database.is_sqlite:
        columns = schema.report.c
        wanted = sa.select(columns.id).where(columns.id.in_(sorted(set(report_ids)))).order_by(columns.id)
        connection.execute(wanted.with_for_update()).all()


def check_value(value: Value, state: State | None) -> None:
    """Raise ValueError for a value without the state ``read``, or that state without a value."""
    if (state == "read") != (value is not None):
        raise ValueError(f"only the state 'read' has a value, and it must: state {state!r}, value {value}")


def read_field(connection: sa.Connection, report_id: int, field_id: str, *, lock: bool = False) -> StoredField:
    """One field of a current report.

    Raises:
        WorkspaceError: there is no such field.
    """
    statement = queries.select_fields(Selection(report_ids=(report_id,), field_id=field_id))
    if lock:
        statement = statement.with_for_update(of=schema.field)
    row = connection.execute(statement).mappings().first()
    if row is None:
        raise WorkspaceError(f"There is no field {field_id!r} in a current report {report_id}.")
    return stored_field(row)


def is_undone(connection: sa.Connection, report_id: int, field_id: str, number: int) -> bool:
    """Whether the decision of that id was taken back."""
    log = _log(connection, _place(connection, report_id, field_id))
    return all(row["id"] != number for row in remaining(log))


def hand_up(
    database: Database, connection: sa.Connection, report_id: int, field_id: str, *, by: str, reason: str
) -> None:
    """Ask a senior to decide a field."""
    _hand_up(database, connection, _place(connection, report_id, field_id), by, reason)
    _leave(connection, report_id, field_id, by)


def withdraw(connection: sa.Connection, report_id: int, field_id: str, *, by: str) -> bool:
    """Take one's own question to a senior back; False where it is none, or where two answers that differ raised it."""
    columns, place = schema.hand_up.c, _place(connection, report_id, field_id)
    done = connection.execute(
        sa.update(schema.hand_up)
        .where(place.of(schema.hand_up), columns.closed_at.is_(None), columns.by == by, columns.reason != DIFFERS)
        .values(closed_by=by, closed_at=now())
    )
    return bool(done.rowcount)


def _is_handed_up(connection: sa.Connection, place: _Place) -> bool:
    open_one = place.of(schema.hand_up), schema.hand_up.c.closed_at.is_(None)
    return bool(connection.scalar(sa.select(sa.func.count()).where(*open_one)))


def close_hand_up(connection: sa.Connection, place: _Place, by: str) -> None:
    """The field no longer waits for a senior."""
    columns = schema.hand_up.c
    connection.execute(
        sa.update(schema.hand_up)
        .where(place.of(schema.hand_up), columns.closed_at.is_(None))
        .values(closed_by=by, closed_at=now())
    )


def _reopen_hand_up(connection: sa.Connection, place: _Place, undone: RowMapping) -> None:
    """The decision that closed a hand-up was taken back: the field waits for a senior again."""
    columns = schema.hand_up.c
    connection.execute(
        sa.update(schema.hand_up)
        .where(place.of(schema.hand_up), columns.closed_by == undone["by"], columns.closed_at >= undone["at"])
        .values(closed_by=None, closed_at=None)
    )


def _place(connection: sa.Connection, report_id: int, field_id: str) -> _Place:
    columns = schema.report.c
    row = connection.execute(
        sa.select(columns.document_id, columns.number, columns.fingerprint).where(columns.id == report_id)
    ).one()
    return _Place(row.document_id, row.number, field_id, row.fingerprint)


def _log(connection: sa.Connection, place: _Place) -> Sequence[RowMapping]:
    statement = sa.select(schema.decision).where(place.of(schema.decision)).order_by(schema.decision.c.version)
    return connection.execute(statement).mappings().all()


def _add(
    connection: sa.Connection, place: _Place, before: StoredField, entry: Entry, *, by: str, request: str | None
) -> None:
    stood = before.decided
    row = {
        **place.key(),
        "fingerprint": place.fingerprint,
        "version": before.version + 1,
        "kind": entry.kind,
        "by": by,
        "at": now(),
        "old_value": amount_text(before.value if stood is None else stood.value),
        "old_state": before.state if stood is None else stood.state,
        "new_value": amount_text(entry.value),
        "new_state": entry.state,
        "reason": entry.reason,
        "seconds": entry.seconds,
        "request": request,
        "cell_of": entry.cell_of,
        "waits": entry.waits,
    }
    connection.execute(sa.insert(schema.decision).values(**row))


def _leave(connection: sa.Connection, report_id: int, field_id: str, holder: str) -> None:
    columns = schema.lease.c
    connection.execute(
        sa.delete(schema.lease).where(
            columns.report_id == report_id, columns.field_id == field_id, columns.holder == holder
        )
    )


def _keyed(
    database: Database,
    connection: sa.Connection,
    place: _Place,
    log: Sequence[RowMapping],
    entry: Entry,
    by: str,
) -> Entry:
    """What a decision means where two people are to decide without seeing each other's answer."""
    if entry.state is None:
        return entry
    columns = schema.keying.c
    asked = connection.execute(sa.select(schema.keying).where(place.of(schema.keying))).mappings().first()
    value, state = amount_text(entry.value), entry.state
    open_one = asked is not None and asked["outcome"] == "asked"
    if open_one and entry.blind and asked is not None and asked["first_by"] != by:
        agrees = same_answer(asked["first_value"], asked["first_state"], value, state)
        connection.execute(
            sa.update(schema.keying)
            .where(place.of(schema.keying))
            .values(
                outcome="agreed" if agrees else "differed",
                second_by=by,
                second_value=value,
                second_state=state,
                answered_at=now(),
            )
        )
        if not agrees:
            _hand_up(database, connection, place, by, DIFFERS)
        return replace(entry, kind=SECOND, waits=not agrees)
    first = {"outcome": "asked", "first_by": by, "first_value": value, "first_state": state}
    if open_one and asked is not None:
        # The first person thought again, or somebody decided who saw the answer: then a blind second one means nothing.
        changes = first if asked["first_by"] == by else {"outcome": "withdrawn"}
        connection.execute(sa.update(schema.keying).where(place.of(schema.keying)).values(**changes))
    elif entry.twice and not remaining(log):
        row = place.key() | first | {"asked_at": now()}
        statement = database.insert(schema.keying).values(**row)
        # Asked before and withdrawn by an undo: asked anew.
        statement = statement.on_conflict_do_update(
            index_elements=[columns.document_id, columns.number, columns.field_id], set_=row
        )
        connection.execute(statement)
    return entry


def _unkey(connection: sa.Connection, place: _Place, undone: RowMapping) -> None:
    """Take back what the decision that is undone meant for its second keying."""
    columns = schema.keying.c
    second = undone["kind"] == SECOND
    if second:
        changes = {"outcome": "asked", "second_by": None, "second_value": None, "second_state": None}
        connection.execute(
            sa.update(schema.keying)
            .where(place.of(schema.keying), columns.second_by == undone["by"])
            .values(**changes, answered_at=None)
        )
        close_hand_up(connection, place, undone["by"])
    else:
        connection.execute(
            sa.update(schema.keying)
            .where(place.of(schema.keying), columns.outcome == "asked", columns.first_by == undone["by"])
            .values(outcome="withdrawn")
        )


def same_answer(value: str | None, state: str, other_value: str | None, other_state: str) -> bool:
    """Whether two answers say the same; 75.9260 is 75.926."""
    return state == other_state and amount(value) == amount(other_value)


def _hand_up(database: Database, connection: sa.Connection, place: _Place, by: str, reason: str) -> None:
    columns = schema.hand_up.c
    row = place.key() | {"by": by, "reason": reason, "at": now(), "closed_by": None, "closed_at": None}
    statement = database.insert(schema.hand_up).values(**row)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[columns.document_id, columns.number, columns.field_id], set_=row
        )
    )
