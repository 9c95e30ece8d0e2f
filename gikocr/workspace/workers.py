"""The workers of a workspace: who works, how much was done, and the jobs in numbers."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from gikocr.workspace import job_rows
from gikocr.workspace.database import Database
from gikocr.workspace.job_rows import JobState, WorkerLine
from gikocr.workspace.schema_jobs import job, job_worker

if TYPE_CHECKING:
    from datetime import datetime

#: Seconds without a sign after which a worker counts as dead. It gives one every two seconds.
SILENT = 12.0


@dataclass(frozen=True, slots=True)
class Numbers:
    """The jobs of a workspace in numbers.

    Attributes:
        states: how many are in each state.
        oldest: since when the oldest that waits has been waiting.
        redeliveries: attempts beyond the first of each job.
        suspects: of those that wait or run, how many are read alone.
        errors: codes of failed and set-aside jobs, the most frequent first.
    """

    states: Mapping[JobState, int]
    oldest: datetime | None
    redeliveries: int
    suspects: int
    errors: tuple[tuple[str, int], ...]


class Workers:
    """The workers of a workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def register(self, worker: str, *, device: str, slots: int) -> None:
        """Note that this process begins to work under this name."""
        moment = self._database.moment()
        row = {"id": worker, "host": os.uname().nodename, "process": os.getpid(), "device": device, "slots": slots}
        with self._database.write() as connection:
            connection.execute(sa.insert(job_worker).values(**row, started_at=moment, beat_at=moment))

    def beat(self, worker: str) -> None:
        """Give a sign of life."""
        self._update(worker, {"beat_at": self._database.moment()})

    def count(self, worker: str, numbers: Mapping[str, Any], stages: Mapping[str, float]) -> None:
        """Write down what a worker did since it started; ``numbers`` by the names of the columns."""
        self._update(worker, {**numbers, "stages": json.dumps(dict(stages), sort_keys=True)})

    def stop(self, worker: str) -> None:
        """Note that a worker came to its end and has no job in its hands."""
        moment = self._database.moment()
        self._update(worker, {"stopped_at": moment, "beat_at": moment})

    def _update(self, worker: str, values: Mapping[str, Any]) -> None:
        with self._database.write() as connection:
            connection.execute(sa.update(job_worker).where(job_worker.c.id == worker).values(**values))

    def lines(self, *, hours: float = 24.0) -> list[WorkerLine]:
        """The workers that live, and those that gave a sign in the last hours; the newest first."""
        columns = job_worker.c
        running = (
            sa.select(sa.func.count())
            .where(job.c.worker == columns.id, job.c.state == "running")
            .correlate(job_worker)
            .scalar_subquery()
        )
        alive = sa.and_(columns.stopped_at.is_(None), columns.beat_at > self._database.moment(SILENT))
        statement = (
            sa.select(job_worker, alive.label("alive"), running.label("running"))
            .where(columns.beat_at > self._database.moment(hours * 3600))
            .order_by(columns.started_at.desc())
        )
        with self._database.read() as connection:
            return [job_rows.worker_line(row) for row in connection.execute(statement).mappings()]

    def ended(self, seconds: float) -> int:
        """How many jobs came to an end with a report in the last seconds."""
        states = ("done", "failed", "set_aside")
        recent = sa.and_(job.c.state.in_(states), job.c.finished_at > self._database.moment(seconds))
        with self._database.read() as connection:
            return int(connection.scalar(sa.select(sa.func.count()).select_from(job).where(recent)) or 0)

    def waiting(self) -> int:
        """How many jobs wait."""
        with self._database.read() as connection:
            count = sa.select(sa.func.count()).select_from(job).where(job.c.state == "queued")
            return int(connection.scalar(count) or 0)

    def numbers(self) -> Numbers:
        """Count the jobs."""
        columns = job.c
        with self._database.read() as connection:
            states = connection.execute(sa.select(columns.state, sa.func.count()).group_by(columns.state)).all()
            oldest = connection.scalar(sa.select(sa.func.min(columns.queued_at)).where(columns.state == "queued"))
            more = sa.func.sum(columns.attempt - 1)
            redeliveries = connection.scalar(sa.select(more).where(columns.attempt > 1))
            open_suspects = sa.and_(columns.suspect, columns.state.in_(("queued", "running")))
            suspects = connection.scalar(sa.select(sa.func.count()).select_from(job).where(open_suspects))
            count = sa.func.count()
            errors = connection.execute(
                sa.select(columns.error_code, count)
                .where(columns.state.in_(("failed", "set_aside")))
                .group_by(columns.error_code)
                .order_by(count.desc())
            ).all()
        return Numbers(
            states={state: int(number) for state, number in states},
            oldest=job_rows.moment(oldest),
            redeliveries=int(redeliveries or 0),
            suspects=int(suspects or 0),
            errors=tuple((str(code), int(number)) for code, number in errors),
        )
