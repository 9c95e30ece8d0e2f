"""What is to be read, and what became of it: the record that counts, whoever runs the queue.

A job is claimed before work on it begins, which counts its attempt. Whoever ends it names the attempt that he holds; where another one
has been counted since, nothing is written (fencing). So it does no harm that a queue hands out a job twice.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from gikocr.errors import Overtaken, WorkspaceError
from gikocr.workspace import job_rows
from gikocr.workspace.database import Database
from gikocr.workspace.job_rows import FINAL, Job, JobState, NewJob
from gikocr.workspace.schema_jobs import job as table

#: A document is set aside when so many processes died that read nothing else.
MOST_DEATHS = 3

#: A job that was begun so often without coming to an end is set aside, whatever ended it.
MOST_ATTEMPTS = 30

#: Added to the priority of a job that was begun before, so that it does not wait once more behind all others.
ONCE_BEGUN = 1_000_000

#: Milliseconds for which a transaction that ends a job may write files; the server ends it then.
LONGEST_WRITE_MS = 15_000

DIED: Mapping[str, Any] = {
    "suspect": True,
    "deaths": table.c.deaths + sa.case((table.c.suspect, 1), else_=0),
}
"""What the death of a worker does to a job in its hands. Whoever was a suspect already was being read in a process of its own, the only
suspect there: it may have taken the worker with it, and three such deaths are enough as three of that process are."""

Enqueue = Callable[[sa.Connection, Sequence[tuple[int, int]]], None]
"""Tells the queue of jobs, each with its priority, within the transaction that records them."""


def no_queue(connection: sa.Connection, jobs: Sequence[tuple[int, int]]) -> None:
    """For workspaces whose jobs are taken straight from the table."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """What became of a submission: the job, whether it was put into the queue now, and its state."""

    id: int
    queued: bool
    state: JobState


@dataclass(frozen=True, slots=True)
class JobSelection:
    """Which jobs; what is None or empty selects all. ``name`` may hold ``*``."""

    ids: tuple[int, ...] = ()
    name: str | None = None
    batch: str | None = None
    states: tuple[JobState, ...] = ()


class JobLog:
    """The jobs of a workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def submit(
        self,
        new: Sequence[NewJob],
        *,
        fingerprint: str,
        settings: Mapping[str, Any],
        enqueue: Enqueue,
        again: Collection[str] = ("cancelled",),
    ) -> list[Submitted]:
        """Record jobs and tell the queue of them, in one transaction.

        The same place with the same content and fingerprint is one job, however often it is submitted.

        Args:
            new: the documents.
            fingerprint: of what results depend on; part of what tells jobs apart.
            settings: the options that differ from their defaults, for the workers.
            enqueue: tells the queue.
            again: states in which a job that is known already is put into the queue once more.
        """
        with self._database.write() as connection:
            found = [self._submit(connection, each, fingerprint, settings, again) for each in new]
            queued = [(s.id, each.priority) for s, each in zip(found, new, strict=True) if s.queued]
            if queued:
                enqueue(connection, queued)
        return found

    def _submit(
        self,
        connection: sa.Connection,
        new: NewJob,
        fingerprint: str,
        settings: Mapping[str, Any],
        again: Collection[str],
    ) -> Submitted:
        moment = self._database.moment()
        row = {
            "content": new.content,
            "source_key": new.source_key,
            "fingerprint": fingerprint,
            "name": new.name,
            "files": job_rows.files_text(new.files),
            "settings": json.dumps(dict(settings), sort_keys=True),
            "overlay": new.overlay,
            "batch": new.batch,
            "priority": new.priority,
            "state": "queued",
            "suspect": False,
            "submitted_at": moment,
            "queued_at": moment,
        }
        made = self._database.insert(table).values(**row).on_conflict_do_nothing().returning(table.c.id)
        number = connection.scalar(made)
        if number is not None:
            return Submitted(int(number), True, "queued")
        same = sa.and_(
            table.c.source_key == new.source_key, table.c.content == new.content, table.c.fingerprint == fingerprint
        )
        if again:
            changes = _fresh(moment) | {k: row[k] for k in ("files", "overlay", "batch", "priority")}
            statement = sa.update(table).where(same, table.c.state.in_(again)).values(**changes).returning(table.c.id)
            number = connection.scalar(statement)
            if number is not None:
                return Submitted(int(number), True, "queued")
        known = connection.execute(sa.select(table.c.id, table.c.state).where(same)).one()
        return Submitted(int(known.id), False, known.state)

    def claim(self, job_id: int, worker: str, *, suspects: bool = True) -> Job | None:
        """Begin an attempt; None when the job does not wait any more, or is a suspect and ``suspects`` are not taken now."""
        statement = (
            sa.update(table)
            .where(table.c.id == job_id, table.c.state == "queued", *_unless(suspects))
            .values(
                state="running",
                attempt=table.c.attempt + 1,
                tries=table.c.tries + 1,
                worker=worker,
                started_at=self._database.moment(),
            )
            .returning(table)
        )
        with self._database.write() as connection:
            row = connection.execute(statement).mappings().one_or_none()
        return None if row is None else job_rows.job(row)

    def later(self, job_id: int, seconds: float) -> datetime | None:
        """The server's time in so many seconds, where a job waits and is a suspect; else None. Clocks of workers may differ."""
        at = sa.func.clock_timestamp() + sa.func.make_interval(0, 0, 0, 0, 0, 0, seconds)
        statement = sa.select(at).where(table.c.id == job_id, table.c.state == "queued", table.c.suspect)
        with self._database.read() as connection:
            found: datetime | None = connection.scalar(statement)
        return found

    def claim_next(self, worker: str, *, suspects: bool = True) -> Job | None:
        """Begin an attempt of the job whose turn it is by priority and age; for one process that is its own queue.

        ``suspects``: whether they are taken now.
        """
        columns = table.c
        turn = sa.select(columns.id).where(columns.state == "queued", *_unless(suspects))
        with self._database.read() as connection:
            number = connection.scalar(
                turn.order_by(columns.suspect.desc(), columns.priority.desc(), columns.id).limit(1)
            )
        return None if number is None else self.claim(int(number), worker)

    def end(
        self,
        connection: sa.Connection,
        job: Job,
        state: JobState,
        *,
        document_id: int | None = None,
        error: tuple[str, str] | None = None,
    ) -> None:
        """End an attempt, within the transaction that records its result; locks the job's row until then.

        Args:
            connection: of that transaction.
            job: as it was claimed.
            state: a final one.
            document_id: the content that its reports are on.
            error: code and message, where it failed.

        Raises:
            Overtaken: the attempt is no longer the one that counts.
        """
        if not self._database.is_sqlite:
            # A worker that is stopped here must not hold the row for longer than it takes to bring its job to another one.
            connection.exec_driver_sql(f"SET LOCAL idle_in_transaction_session_timeout = {LONGEST_WRITE_MS}")
        values: dict[str, Any] = {"state": state, "worker": None, "finished_at": self._database.moment()}
        values["error_code"], values["error"] = error or (None, None)
        if document_id is not None:
            values["document_id"] = document_id
        self._change(connection, job, values)

    def give_back(
        self, job: Job, enqueue: Enqueue, *, suspect: bool = False, death: bool = False, counts: bool = True
    ) -> int:
        """Put a job that was begun back into the queue, and return how many deaths are counted for it.

        Args:
            job: as it was claimed.
            enqueue: tells the queue.
            suspect: a process died that may have died of it.
            death: one died that did nothing else.
            counts: whether the attempt is one of :data:`MOST_ATTEMPTS`; not where the worker could not even begin.

        Raises:
            Overtaken: the attempt is no longer the one that counts.
        """
        values: dict[str, Any] = {"state": "queued", "worker": None, "queued_at": self._database.moment()}
        if suspect:
            values["suspect"] = True
        if death:
            values["deaths"] = table.c.deaths + 1
        if not counts:
            values["tries"] = table.c.tries - 1
        with self._database.write() as connection:
            deaths = self._change(connection, job, values)
            enqueue(connection, [(job.id, job.priority + ONCE_BEGUN)])
        return deaths

    def count_death(self, job: Job) -> int:
        """Count a process that died reading this document alone, and return how many have; the attempt goes on.

        Raises:
            Overtaken: the attempt is no longer the one that counts.
        """
        with self._database.write() as connection:
            return self._change(connection, job, {"deaths": table.c.deaths + 1, "suspect": True})

    def _change(self, connection: sa.Connection, job: Job, values: Mapping[str, Any]) -> int:
        mine = (table.c.id == job.id, table.c.attempt == job.attempt, table.c.state == "running")
        deaths = connection.scalar(sa.update(table).where(*mine).values(**values).returning(table.c.deaths))
        if deaths is None:
            raise Overtaken(f"Attempt {job.attempt} of job {job.id} no longer counts.")
        return int(deaths)

    def running(self, worker: str) -> dict[int, int]:
        """The jobs that are in a worker's hands by the table, each with its attempt."""
        statement = sa.select(table.c.id, table.c.attempt).where(table.c.worker == worker, table.c.state == "running")
        with self._database.read() as connection:
            return {int(number): int(attempt) for number, attempt in connection.execute(statement)}

    def cancel(self, selection: JobSelection) -> int:
        """Cancel what has not come to an end; what is being read is given up by its worker. Returns how many."""
        moment = self._database.moment()
        statement = sa.update(table).where(*_conditions(selection), table.c.state.not_in(FINAL))
        return self._count(statement.values(state="cancelled", worker=None, finished_at=moment))

    def pause(self, selection: JobSelection) -> int:
        """Hold back what waits; what is being read goes on. Returns how many."""
        return self._count(
            sa.update(table).where(*_conditions(selection), table.c.state == "queued").values(state="paused")
        )

    def queue_again(self, selection: JobSelection, states: Collection[str], enqueue: Enqueue) -> int:
        """Put jobs in the given states into the queue once more, as if they were new. Returns how many."""
        statement = sa.update(table).where(*_conditions(selection), table.c.state.in_(states))
        statement = statement.values(**_fresh(self._database.moment()))
        with self._database.write() as connection:
            rows = connection.execute(statement.returning(table.c.id, table.c.priority)).all()
            if rows:
                enqueue(connection, [(int(number), int(priority)) for number, priority in rows])
        return len(rows)

    def take_back_all(self) -> int:
        """Put back what was being read: for the one process of a workspace, when it starts. Returns how many."""
        statement = sa.update(table).where(table.c.state == "running")
        return self._count(statement.values(state="queued", worker=None, queued_at=self._database.moment(), **DIED))

    def _count(self, statement: sa.Update) -> int:
        with self._database.write() as connection:
            return int(connection.execute(statement).rowcount)

    def job(self, job_id: int) -> Job:
        """One job.

        Raises:
            WorkspaceError: there is none of that number.
        """
        with self._database.read() as connection:
            row = connection.execute(sa.select(table).where(table.c.id == job_id)).mappings().one_or_none()
        if row is None:
            raise WorkspaceError(f"There is no job {job_id}.")
        return job_rows.job(row)

    def jobs(self, selection: JobSelection, *, after: int = 0, limit: int = 100) -> Iterator[Job]:
        """Jobs in the order of their numbers, from the one after ``after``."""
        statement = (
            sa.select(table).where(*_conditions(selection), table.c.id > after).order_by(table.c.id).limit(limit)
        )
        with self._database.read() as connection:
            rows = connection.execute(statement).mappings().all()
        yield from map(job_rows.job, rows)


def _fresh(moment: sa.ColumnElement[str]) -> dict[str, Any]:
    """What a job is when it is put into the queue as if it were new; the attempt goes on counting, since it fences."""
    return {
        "state": "queued",
        "tries": 0,
        "deaths": 0,
        "suspect": False,
        "worker": None,
        "error_code": None,
        "error": None,
        "started_at": None,
        "finished_at": None,
        "queued_at": moment,
    }


def _unless(suspects: bool) -> list[sa.ColumnElement[bool]]:
    return [] if suspects else [table.c.suspect.is_(False)]


def _conditions(selection: JobSelection) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if selection.ids:
        found.append(table.c.id.in_(selection.ids))
    if selection.name is not None:
        pattern = selection.name.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_").replace("*", "%")
        found.append(table.c.name.like(pattern, escape="\\"))
    if selection.batch is not None:
        found.append(table.c.batch == selection.batch)
    if selection.states:
        found.append(table.c.state.in_(selection.states))
    return found
