"""Whose turn it is: Procrastinate on the PostgreSQL of the workspace, in a schema of its own.

The queue hands out numbers of jobs and nothing else. What became of a job stands in the table ``job``; a number that is handed out
twice, or for a job that is done, does no harm.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import sqlalchemy as sa

from gikocr.errors import DependencyMissing, WorkspaceError

if TYPE_CHECKING:
    import procrastinate

    from gikocr.workspace.database import Database

SCHEMA = "procrastinate"
QUEUE = "documents"
TASK = "read"

#: Connections of the queue's own pool in a worker: one fetches, one listens, few acknowledge at the same time.
MOST_CONNECTIONS = 4

_INSTALL = "Install it with: pip install 'gikocr[cluster]'"
_SCHEMA_LOCK = 0x67696B70


def make_app(url: str) -> procrastinate.App:
    """Procrastinate's application on the database of a workspace, without tasks.

    Raises:
        DependencyMissing: Procrastinate is not installed.
    """
    try:
        import procrastinate
    except ImportError as error:
        raise DependencyMissing("The queue (procrastinate) is not installed.", advice=_INSTALL) from error
    plain = sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    connector = procrastinate.PsycopgConnector(
        conninfo=plain, min_size=1, max_size=MOST_CONNECTIONS, kwargs={"options": f"-c search_path={SCHEMA}"}
    )
    return procrastinate.App(connector=connector)


class Queue:
    """Putting jobs into the queue, within transactions on the workspace's own connections.

    Raises:
        DependencyMissing: Procrastinate is not installed.
        WorkspaceError: the database has no queue yet.
    """

    def __init__(self, database: Database) -> None:
        if database.is_sqlite:
            raise WorkspaceError(
                "A queue for workers needs PostgreSQL.",
                advice="Give its URL with --database, or GIKOCR_DATABASE; gikocr extract reads without one.",
            )
        app = make_app(database.engine.url.render_as_string(hide_password=False))
        self._task = app.configure_task(TASK, queue=QUEUE)
        self._manager = app.job_manager
        self._database = database
        if not is_installed(database):
            raise WorkspaceError(
                f"The database {database.name} has no queue yet.",
                advice="Run gikocr db upgrade --database URL once.",
            )

    def enqueue(self, connection: sa.Connection, jobs: Sequence[tuple[int, int]]) -> None:
        """Enqueue jobs, given as number and priority; committed or rolled back with the transaction.

        Raises:
            WorkspaceError: the queue fails; nothing of the transaction is kept then.
        """
        from procrastinate.jobs import Job

        rows = [
            Job(
                id=None,
                queue=QUEUE,
                task_name=TASK,
                lock=None,
                queueing_lock=None,
                priority=priority,
                task_kwargs={"job": number},
            )
            for number, priority in jobs
        ]
        with _named_errors(self._database), search_path(connection):
            self._manager.batch_defer_jobs(rows, connection=connection.connection.driver_connection)

    def depth(self) -> dict[str, int]:
        """Entries of the queue by their state: ``todo`` and ``doing``."""
        statement = sa.text(
            f"SELECT status::text, count(*) FROM {SCHEMA}.procrastinate_jobs WHERE status IN ('todo', 'doing') GROUP BY 1"
        )
        with self._database.read() as connection:
            return {state: int(count) for state, count in connection.execute(statement)}


@contextmanager
def _named_errors(database: Database) -> Iterator[None]:
    """The queue's statements go to the driver itself; what it says of them comes out with a name too."""
    import psycopg
    from procrastinate.exceptions import ProcrastinateException

    try:
        yield
    except (psycopg.Error, ProcrastinateException) as error:
        reason = str(error.__cause__ or error).strip().partition("\n")[0]
        raise WorkspaceError(
            f"The queue in the database {database.name} failed: {reason.rstrip('.')}.",
            advice="Nothing is left half recorded. Run the same command again; gikocr db upgrade says whether its tables are whole.",
        ) from error


@contextmanager
def search_path(connection: sa.Connection) -> Iterator[None]:
    """Within this block names are those of the queue's schema: its statements and functions do not qualify them."""

    def look_in(path: str) -> None:
        connection.execute(sa.text("SELECT set_config('search_path', :path, true)"), {"path": path})

    before = str(connection.scalar(sa.text("SHOW search_path")))
    look_in(SCHEMA)
    yield
    # After an error the transaction is over, and its setting with it.
    look_in(before)


def is_installed(database: Database) -> bool:
    """Whether the database has the tables of the queue."""
    with database.read() as connection:
        return connection.scalar(sa.text(f"SELECT to_regclass('{SCHEMA}.procrastinate_jobs')")) is not None


def install(database: Database) -> bool:
    """Make the tables of the queue where they are not there; returns whether they were made.

    Raises:
        DependencyMissing: Procrastinate is not installed.
        WorkspaceError: the database refuses, or has the tables of another version of Procrastinate.
    """
    make_app(database.engine.url.render_as_string(hide_password=False))
    from procrastinate.schema import SchemaManager

    with database.write() as connection:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_SCHEMA_LOCK)))
        if connection.scalar(sa.text(f"SELECT to_regclass('{SCHEMA}.procrastinate_jobs')")) is not None:
            _require_functions(connection)
            return False
        connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        with _named_errors(database), search_path(connection):
            cursor = connection.connection.cursor()
            cursor.execute(SchemaManager.get_schema())
            cursor.close()
    return True


#: Functions of the queue's schema that the pinned Procrastinate calls. Its next schema will be a step of :func:`install`.
_FUNCTIONS = ("procrastinate_defer_jobs_v1", "procrastinate_fetch_job_v2", "procrastinate_retry_job_v2")


def _require_functions(connection: sa.Connection) -> None:
    for name in _FUNCTIONS:
        if connection.scalar(sa.text(f"SELECT to_regproc('{SCHEMA}.{name}')")) is None:
            raise WorkspaceError(
                f"The schema {SCHEMA!r} is of another version of Procrastinate: it lacks {name}.",
                advice="When no job is waiting, drop the schema and run gikocr db upgrade again; jobs that wait are enqueued anew.",
            )
