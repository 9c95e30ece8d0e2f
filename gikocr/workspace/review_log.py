"""What people decide on doubtful fields: leases, and the log that only grows.

A decision names the version of the field that the person saw. When somebody else decided meanwhile the versions differ, and
:class:`EditConflict` says so: nothing is overwritten unseen. To undo is to add a row that takes the last one back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import sqlalchemy as sa

from gikocr.elements import State
from gikocr.errors import EditConflict
from gikocr.workspace import decisions, queries, recording, schema
from gikocr.workspace.database import Database
from gikocr.workspace.decisions import Entry
from gikocr.workspace.review_queue import Cursor, ReviewQueue
from gikocr.workspace.rows import (
    EVERYTHING,
    Decision,
    Selection,
    StoredField,
    Value,
    as_text,
    decision,
    now,
    stored_field,
)
from gikocr.workspace.standing import CARRIED, UNDO

#: How long a field stays with the person who opened it, in seconds, unless it is renewed.
LEASE_SECONDS = 300.0

#: Fields that a server is asked for in one query.
PLACES_AT_ONCE = 1000

#: The last decisions that a pace is told from.
LATELY = 200


class ReviewLog:
    """The review side of a workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.queue = ReviewQueue(database)

    def waiting(
        self,
        selection: Selection = EVERYTHING,
        *,
        after: Cursor | None = None,
        limit: int = 20,
        free_for: str | None = None,
    ) -> list[StoredField]:
        """A page of the fields that wait for review, the least sure first; see :meth:`ReviewQueue.page`."""
        return self.queue.page("doubt", selection, after=after, limit=limit, free_for=free_for)

    def count_waiting(self, selection: Selection = EVERYTHING) -> int:
        """How many fields wait for review."""
        return self.queue.count(selection)

    def field(self, report_id: int, field_id: str) -> StoredField:
        """One field of a current report.

        Raises:
            WorkspaceError: there is no such field.
        """
        with self._database.read() as connection:
            return decisions.read_field(connection, report_id, field_id)

    def fields(self, places: Sequence[tuple[int, str]]) -> list[StoredField]:
        """Several fields of current reports, in the order given; those that are not there are left out."""
        found: dict[tuple[int, str], StoredField] = {}
        with self._database.read() as connection:
            for statement in self._of_places(places):
                for row in connection.execute(statement).mappings():
                    found[row["report_id"], row["field_id"]] = stored_field(row)
        return [found[place] for place in places if place in found]

    def _of_places(self, places: Sequence[tuple[int, str]]) -> Iterator[sa.Select[Any]]:
        columns = schema.field.c
        if not self._database.is_sqlite:
            pairs = sa.tuple_(columns.report_id, columns.field_id)
            for start in range(0, len(places), PLACES_AT_ONCE):
                some = places[start : start + PLACES_AT_ONCE]
                yield queries.select_fields(EVERYTHING).where(pairs.in_(some))
            return
        # For a list of pairs SQLite looks through the whole table: one query a report.
        by_report: dict[int, list[str]] = {}
        for report_id, field_id in places:
            by_report.setdefault(report_id, []).append(field_id)
        for report_id, ids in by_report.items():
            yield queries.select_fields(Selection(report_ids=(report_id,))).where(columns.field_id.in_(ids))

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
        senior: bool = True,
    ) -> StoredField:
        """Decide what is printed in a field, and return the field as it is now.

        What the reader saw stays; the decision stands beside it, and the field waits no longer. The JSON in the folder does not
        change until :meth:`Workspace.write_json`. The arguments are those of :class:`Entry`; ``by``: who; ``senior``: whether that
        person may decide what was handed up.

        Raises:
            EditConflict: somebody else decided meanwhile.
            SeniorNeeded: the field waits for a senior.
            ValueError: a value without the state ``read``, or that state without a value.
            WorkspaceError: there is no such field, or the database fails.
        """
        entry = Entry(report_id, field_id, version, value, state, kind, reason, seconds)
        (done,) = self.settle_all([entry], by=by, senior=senior)
        if isinstance(done, EditConflict):
            raise done
        return done

    def settle_all(
        self, entries: Iterable[Entry], *, by: str, request: str | None = None, senior: bool = True
    ) -> list[StoredField | EditConflict]:
        """Make several decisions in one transaction: all of them are kept, or with an error none.

        Args:
            entries: what to decide.
            by: who.
            request: names what was decided with one key press. Sent twice, it counts once; it is undone as a whole.
            senior: whether that person may decide what was handed up; else such fields are passed over (``SeniorNeeded``).

        Returns:
            For each entry its field as it is now, or the conflict for which it was passed over.

        Raises:
            ValueError: a value without the state ``read``, or that state without a value.
            WorkspaceError: there is no such field, or the database fails.
        """
        done: list[StoredField | EditConflict] = []
        touched: set[int] = set()
        entries = list(entries)
        with self._database.write() as connection:
            decisions.lock_reports(self._database, connection, (entry.report_id for entry in entries))
            for entry in entries:
                try:
                    made = decisions.decide(self._database, connection, entry, by=by, request=request, senior=senior)
                    done.append(made)
                    touched.add(entry.report_id)
                except EditConflict as conflict:
                    done.append(conflict)
            for report_id in sorted(touched):
                recording.count_waiting(connection, report_id)
        return done

    def undo(self, report_id: int, field_id: str, *, version: int, by: str) -> StoredField:
        """Take the last decision on a field back; once more, the one before it.

        Raises:
            EditConflict: somebody else decided meanwhile.
            WorkspaceError: there is no such field, or nothing was ever decided on it.
        """
        with self._database.write() as connection:
            decisions.lock_reports(self._database, connection, [report_id])
            done = decisions.undo(self._database, connection, report_id, field_id, version=version, by=by)
            recording.count_waiting(connection, report_id)
            return decisions.read_field(connection, report_id, done.field_id)

    def undo_last(
        self, by: str, *, place: tuple[int, str] | None = None, request: str | None = None
    ) -> list[StoredField]:
        """Take back what a person decided last and has not taken back yet; called again, what was decided before that.

        Args:
            by: who.
            place: report and field: what the person decided last on it, with all that was decided with the same key press. The same
                person may work in another window too.
            request: names this undo, so that sent twice it counts once.

        Returns:
            The fields as they are now; none when there is nothing to take back.

        Raises:
            EditConflict: somebody else decided on it since.
        """
        with self._database.write() as connection:
            if request is not None and (before := self._of_request(connection, request, by)):
                return [decisions.read_field(connection, *place) for place in before]
            places = self._last(connection, by, place)
            decisions.lock_reports(self._database, connection, (report_id for report_id, _ in places))
            done = [
                decisions.undo(self._database, connection, *place, version=None, by=by, only_own=True, request=request)
                for place in places
            ]
            for report_id in {report_id for report_id, _ in places}:
                recording.count_waiting(connection, report_id)
        return done

    def _of_request(self, connection: sa.Connection, request: str, by: str) -> list[tuple[int, str]]:
        columns, report = schema.decision.c, schema.report.c
        statement = (
            sa.select(report.id, columns.field_id)
            .join_from(
                schema.decision,
                schema.report,
                sa.and_(report.document_id == columns.document_id, report.number == columns.number, report.current),
            )
            .where(columns.request == request, columns.by == by)
            .order_by(columns.id)
        )
        return [(report_id, field_id) for report_id, field_id in connection.execute(statement)]

    def _last(self, connection: sa.Connection, by: str, place: tuple[int, str] | None) -> list[tuple[int, str]]:
        """The fields of a person's last decisions that were not undone, all those of one request together."""
        columns, report = schema.decision.c, schema.report.c
        statement = (
            sa.select(columns.id, columns.field_id, columns.request, report.id)
            .join_from(
                schema.decision,
                schema.report,
                sa.and_(report.document_id == columns.document_id, report.number == columns.number, report.current),
            )
            .where(columns.by == by, columns.kind.not_in((UNDO, CARRIED)))
            .order_by(columns.id.desc())
        )
        found: list[tuple[int, str]] = []
        wanted: str | None = None
        if place is not None:
            own = statement.where(report.id == place[0], columns.field_id == place[1])
            rows = connection.execute(own).all()
            last = next((row for row in rows if not decisions.is_undone(connection, row[3], row[1], row[0])), None)
            if last is None:
                return []
            one = columns.id == last.id if last.request is None else columns.request == last.request
            statement = statement.where(one)
        for number, field_id, request, report_id in connection.execute(statement):
            if found and (wanted is None or request != wanted):
                break
            if decisions.is_undone(connection, report_id, field_id, number):
                continue
            found.append((report_id, field_id))
            wanted = request
        return found

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

    def count_decided(self) -> int:
        """On how many fields of current reports something is decided."""
        columns = schema.field.c
        statement = sa.select(sa.func.count()).where(columns.version > 0, columns.decided_state.is_not(None))
        with self._database.read() as connection:
            return int(connection.scalar(statement) or 0)

    def median_seconds(self, person: str | None) -> float | None:
        """The median of the seconds that a person took for each of the last decisions, None: all people; None without any."""
        columns = schema.decision.c
        statement = sa.select(columns.seconds).where(columns.seconds.is_not(None)).order_by(columns.id.desc())
        if person is not None:
            statement = statement.where(columns.by == person)
        with self._database.read() as connection:
            found = list(connection.scalars(statement.limit(LATELY)))
        return median(found) if found else None

    def decided_reports(self) -> list[int]:
        """The ids of current reports on whose fields anything was ever decided."""
        columns = schema.field.c
        with self._database.read() as connection:
            statement = sa.select(columns.report_id).where(columns.version > 0).distinct().order_by(columns.report_id)
            return [int(number) for number in connection.scalars(statement)]

    def standing(self, report_id: int) -> dict[str, Decision]:
        """For each field of a report the decision that stands: the last one that was not undone."""
        found: dict[str, list[Decision]] = {}
        for made in self.decisions(report_id):
            kept = found.setdefault(made.field_id, [])
            if made.kind != UNDO:
                kept.append(made)
            elif kept:
                kept.pop()
        return {field_id: kept[-1] for field_id, kept in found.items() if kept}

    def lease(self, report_id: int, field_id: str, holder: str, *, seconds: float = LEASE_SECONDS) -> bool:
        """Take a field, or keep it longer; False when somebody else holds it.

        A lease is a courtesy that saves double work. What keeps decisions from being overwritten is the version.
        """
        return bool(self.lease_all([(report_id, field_id)], holder, seconds=seconds))

    def lease_all(
        self, places: Sequence[tuple[int, str]], holder: str, *, seconds: float = LEASE_SECONDS
    ) -> set[tuple[int, str]]:
        """Take several fields, or keep them longer; those are returned that nobody else holds."""
        columns = schema.lease.c
        end = as_text(datetime.now(UTC) + timedelta(seconds=seconds))
        taken: set[tuple[int, str]] = set()
        with self._database.write() as connection:
            # In one order, so that two who ask for the same fields wait for each other instead of both failing.
            for report_id, field_id in sorted(places):
                row = {"report_id": report_id, "field_id": field_id, "holder": holder, "expires_at": end}
                statement = self._database.insert(schema.lease).values(**row)
                statement = statement.on_conflict_do_update(
                    index_elements=[columns.report_id, columns.field_id],
                    set_={"holder": holder, "expires_at": end},
                    where=sa.or_(columns.holder == holder, columns.expires_at <= now()),
                )
                if connection.execute(statement.returning(columns.holder)).first() is not None:
                    taken.add((report_id, field_id))
        return taken

    def release(self, report_id: int, field_id: str, holder: str) -> None:
        """Give a field back; nothing happens when somebody else holds it."""
        columns = schema.lease.c
        with self._database.write() as connection:
            connection.execute(
                sa.delete(schema.lease).where(
                    columns.report_id == report_id, columns.field_id == field_id, columns.holder == holder
                )
            )

    def hand_up(self, report_id: int, field_id: str, *, by: str, reason: str, version: int | None = None) -> None:
        """Ask a senior to decide a field; it leaves the queue of the others.

        Args:
            report_id: the report.
            field_id: the field.
            by: who asks.
            reason: in the person's words.
            version: of the field that the person saw; None: whatever it is.

        Raises:
            EditConflict: somebody decided meanwhile: then nobody need be asked. So it is, too, when a request comes once more after
                the senior has answered.
            WorkspaceError: there is no such field.
        """
        with self._database.write() as connection:
            decisions.lock_reports(self._database, connection, [report_id])
            before = decisions.read_field(connection, report_id, field_id)
            if version is not None and version != before.version:
                raise decisions.conflict(before)
            decisions.hand_up(self._database, connection, report_id, field_id, by=by, reason=reason)

    def withdraw(self, report_id: int, field_id: str, *, by: str) -> bool:
        """Take one's own question to a senior back, so that everybody may decide the field again.

        Returns:
            False where there is none, or where it is not a question but two answers that differ.

        Raises:
            WorkspaceError: there is no such field.
        """
        with self._database.write() as connection:
            decisions.read_field(connection, report_id, field_id)
            return decisions.withdraw(connection, report_id, field_id, by=by)
