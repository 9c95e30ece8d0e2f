"""Bringing back what dead workers held.

Runs in the process beside every worker that gives its signs of life, and in ``gikocr maintain``: never where documents are read, so
that busy workers cannot starve it. Of all that are awake one works at a time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from gikocr.jobs.queue import SCHEMA, search_path
from gikocr.workspace.jobs import DIED, ONCE_BEGUN
from gikocr.workspace.schema_jobs import job, job_worker
from gikocr.workspace.workers import SILENT

if TYPE_CHECKING:
    from gikocr.jobs.queue import Queue
    from gikocr.workspace.database import Database

#: Seconds between two looks.
REAP_EVERY = 4.0

#: Seconds that the server must have been up before silence counts: while it was down nobody could give a sign. Who lives gives one
#: within about 3 s of its return; more than that is waited in vain by the documents of those who do not.
UP_FOR = 8.0

#: Seconds for which an entry of the queue may be in a worker's hands without its job being begun, or after its job came to an end.
STRAY_AFTER = 15.0

#: Seconds between two searches for jobs that wait without an entry in the queue. There should be none.
SEARCH_EVERY = 60.0

#: Hours for which entries that failed are kept; their jobs say more.
KEEP_HOURS = 72

_LOCK = 0x67696B71


@dataclass(slots=True)
class Reaped:
    """What one look did: jobs taken from dead workers, stray entries of the queue, and jobs that had lost theirs."""

    orphans: list[int] = field(default_factory=list)
    strays: int = 0
    lost: int = 0

    def __bool__(self) -> bool:
        """Whether there was anything to do."""
        return bool(self.orphans or self.strays or self.lost)


def reap(database: Database, queue: Queue, *, search: bool = False) -> Reaped | None:
    """Look once; None when another process is at it.

    Args:
        database: of the workspace, on PostgreSQL.
        queue: its queue.
        search: look for jobs too that wait without an entry in the queue.

    Raises:
        WorkspaceError: the database fails.
    """
    done = Reaped()
    with database.write() as connection:
        if not connection.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(_LOCK))):
            return None
        orphans = _take_from_the_dead(database, connection)
        if orphans:
            _forget_entries(connection, [number for number, _ in orphans])
            queue.enqueue(connection, orphans)
            done.orphans = [number for number, _ in orphans]
        done.strays = _forget_strays(database, connection)
        if search or done.strays:
            lost = _without_entry(database, connection)
            if lost:
                queue.enqueue(connection, lost)
            done.lost = len(lost)
        if search:
            _forget_old(connection)
    return done


def _take_from_the_dead(database: Database, connection: sa.Connection) -> list[tuple[int, int]]:
    """Jobs of workers that are silent, or gone: they wait again, all of them as suspects; for who was one this counts as a death."""
    columns = job_worker.c
    up_long_enough = sa.text(f"pg_postmaster_start_time() < clock_timestamp() - interval '{UP_FOR} seconds'")
    silent = sa.and_(columns.beat_at < database.moment(SILENT), up_long_enough)
    gone = sa.or_(columns.id.is_(None), columns.stopped_at.is_not(None), silent)
    rows = connection.execute(
        sa.select(job.c.id, job.c.priority, columns.stopped_at)
        .select_from(job.outerjoin(job_worker, columns.id == job.c.worker))
        .where(job.c.state == "running", gone)
        .with_for_update(of=job, skip_locked=True)
    ).all()
    for number, _, stopped in rows:
        values: dict[str, Any] = {"state": "queued", "worker": None, "queued_at": database.moment()}
        if stopped is None:
            values |= DIED
        connection.execute(sa.update(job).where(job.c.id == number).values(**values))
    return [(int(number), int(priority) + ONCE_BEGUN) for number, priority, _ in rows]


def _forget_entries(connection: sa.Connection, jobs: list[int]) -> None:
    """Entries of these jobs that are in somebody's hands."""
    statement = sa.text(
        f"SELECT id FROM {SCHEMA}.procrastinate_jobs WHERE status = 'doing' AND (args->>'job')::bigint = ANY(:jobs)"
    )
    _finish(connection, list(connection.scalars(statement, {"jobs": jobs})))


def _forget_strays(database: Database, connection: sa.Connection) -> int:
    """Entries that are in somebody's hands while their job has not been begun for long, or is over for long."""
    entry = f"{SCHEMA}.procrastinate_jobs"
    statement = sa.text(
        f"SELECT q.id FROM {entry} q LEFT JOIN job j ON j.id = (q.args->>'job')::bigint "
        "WHERE q.status = 'doing' AND (j.id IS NULL OR j.state <> 'running') "
        "AND (j.id IS NULL OR greatest(j.queued_at, coalesce(j.finished_at, '')) < :before) "
        f"AND (SELECT max(e.at) FROM {SCHEMA}.procrastinate_events e WHERE e.job_id = q.id AND e.type = 'started') "
        f"< clock_timestamp() - interval '{STRAY_AFTER} seconds' FOR UPDATE OF q SKIP LOCKED"
    )
    before = connection.scalar(sa.select(database.moment(STRAY_AFTER)))
    found = list(connection.scalars(statement, {"before": before}))
    _finish(connection, found)
    return len(found)


def _finish(connection: sa.Connection, entries: list[int]) -> None:
    with search_path(connection):
        for number in entries:
            connection.execute(sa.text("SELECT procrastinate_finish_job_v1(:id, 'failed', true)"), {"id": number})


def _without_entry(database: Database, connection: sa.Connection) -> list[tuple[int, int]]:
    statement = sa.text(
        "SELECT j.id, j.priority FROM job j WHERE j.state = 'queued' AND j.queued_at < :before AND NOT EXISTS ("
        f"SELECT 1 FROM {SCHEMA}.procrastinate_jobs q WHERE q.status IN ('todo', 'doing') "
        "AND (q.args->>'job')::bigint = j.id) FOR UPDATE OF j SKIP LOCKED"
    )
    before = connection.scalar(sa.select(database.moment(STRAY_AFTER)))
    return [(int(number), int(priority)) for number, priority in connection.execute(statement, {"before": before})]


def _forget_old(connection: sa.Connection) -> None:
    """Entries that failed long ago; their jobs say more."""
    statement = sa.text(
        "DELETE FROM procrastinate_jobs WHERE status IN ('failed', 'succeeded', 'cancelled', 'aborted') AND id IN "
        f"(SELECT job_id FROM procrastinate_events GROUP BY job_id HAVING max(at) < now() - interval '{KEEP_HOURS} hours')"
    )
    with search_path(connection):
        connection.execute(statement)
