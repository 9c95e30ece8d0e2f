"""The database of a workspace: SQLite in the folder, or PostgreSQL by URL, behind one engine.

SQLite runs in WAL mode: readers never wait for the writer. Every transaction that may write begins with ``BEGIN IMMEDIATE``, so that
two processes queue up instead of failing half-way. What goes wrong comes out as a :class:`WorkspaceError` that names the file.
"""

from __future__ import annotations

import contextlib
import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from gikocr.errors import DependencyMissing, WorkspaceError
from gikocr.workspace.atomic import make_folder, unusable
from gikocr.workspace.rows import as_text
from gikocr.workspace.schema import REVISION

FILE_NAME = "gikocr.db"

#: Where Alembic finds its steps.
SCRIPTS = "gikocr.workspace:migrations"

#: How long a process waits for another one's transaction. Transactions last milliseconds; a migration may last minutes.
BUSY_SECONDS = 60.0

#: A database up to this size is checked whole when it is opened for writing; it takes about a second.
CHECKED_BYTES = 64 * 2**20

#: File systems of which several machines see one file, where SQLite's shared memory does not work.
NETWORK_FILE_SYSTEMS = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "fuse.sshfs"}
)

# Any number will do that no other program on the server uses for its advisory locks.
_MIGRATION_LOCK = 0x67696B6F

_READ_ONLY = "gikocr_read_only"


class Database:
    """An open database whose tables are of the revision that this gikocr knows.

    Args:
        folder: the folder of the workspace. It must exist.
        url: a PostgreSQL URL; None: SQLite in the folder.
        must_exist: raise when there is no database yet, instead of making one.
        migrate_server: migrate an older PostgreSQL database. A backup of a server is for its administrator to make, so this is
            never done unasked. A SQLite file is copied first, and migrated without being asked.
        read_only: nothing is written, made or migrated.

    Raises:
        WorkspaceError: it cannot be opened, is damaged, is of a newer gikocr, or (PostgreSQL) is of an older one.
        DependencyMissing: the driver of PostgreSQL is not installed.
    """

    def __init__(
        self,
        folder: Path,
        url: str | None = None,
        *,
        must_exist: bool = False,
        migrate_server: bool = False,
        read_only: bool = False,
    ) -> None:
        self.path = None if url else folder / FILE_NAME
        self.name = repr(str(self.path)) if self.path else repr(_without_password(url or ""))
        if self.path is not None:
            _refuse_network_folder(folder)
            if must_exist:
                self.require(folder)
        self.engine = _postgresql(url) if url else _sqlite(folder / FILE_NAME, read_only=read_only)
        try:
            if read_only:
                self._check()
                self._require_revision()
                return
            with self._lock(folder):
                self._prepare(must_exist=must_exist, migrate_server=migrate_server)
        except BaseException:
            self.engine.dispose()
            raise

    @staticmethod
    def require(folder: Path) -> None:
        """Raise a ``WorkspaceError`` when the folder has no SQLite database."""
        if not (folder / FILE_NAME).exists():
            raise WorkspaceError(
                f"{str(folder)!r} is no workspace: there is no {FILE_NAME} in it.",
                advice="Give the folder that was given to gikocr extract with -o.",
            )

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is a file in the folder."""
        return self.path is not None

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A transaction that may write: committed at the end, rolled back by an exception.

        Raises:
            WorkspaceError: the database fails, is damaged, full, or locked for too long.
        """
        with self._named_errors(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A transaction that only reads, and sees one state of the database from begin to end.

        Raises:
            WorkspaceError: the database fails or is damaged.
        """
        with self._named_errors(), self.engine.connect() as plain:
            connection = plain.execution_options(**{_READ_ONLY: True})
            if not self.is_sqlite:
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    def insert(self, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
        """An INSERT that knows ``ON CONFLICT``, in this database's dialect."""
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)

    def moment(self, seconds_ago: float = 0.0) -> sa.ColumnElement[str]:
        """Now, or some seconds ago, as the tables keep moments. By the server's clock where there is one: those of machines differ."""
        if self.is_sqlite:
            return sa.literal(as_text(datetime.now(UTC) - timedelta(seconds=seconds_ago)))
        return sa.literal_column(
            f"to_char((clock_timestamp() - interval '{float(seconds_ago)} seconds') AT TIME ZONE 'UTC', "
            "'YYYY-MM-DD\"T\"HH24:MI:SS.US') || '+00:00'",
            sa.Text(),
        )

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise self._named(error) from error
        except SQLAlchemyError as error:
            raise WorkspaceError(f"The database {self.name} failed: {error}.") from error

    def _named(self, error: DBAPIError) -> WorkspaceError:
        reason = str(error.orig).strip()
        low = reason.lower()
        if "disk is full" in low or "no space left" in low or "disk i/o error" in low:
            return WorkspaceError(
                f"The database {self.name} cannot be written: {reason}.",
                advice="Most likely the disk is full. Make room and run the same command again: what was read is kept.",
            )
        if "readonly" in low or "read-only" in low or "unable to open" in low:
            return WorkspaceError(
                f"The database {self.name} cannot be written: {reason}.",
                advice="Get the right to write there, or give another folder with -o.",
            )
        if "malformed" in low or "not a database" in low or "corrupt" in low:
            return self._damaged(reason)
        if "locked" in low:
            return WorkspaceError(
                f"The database {self.name} was in use for more than {BUSY_SECONDS:g} seconds.",
                advice="Wait for the other gikocr, or end it, and run the same command again.",
            )
        return WorkspaceError(
            f"The database {self.name} failed: {reason}.", advice="Run the same command again: what was read is kept."
        )

    def _damaged(self, reason: str) -> WorkspaceError:
        return WorkspaceError(
            f"The database {self.name} is damaged: {reason}.",
            advice="The JSON reports beside it are whole. Move the database file away (with its -wal and -shm files) or put "
            "a backup in its place, and run extract again.",
        )

    @contextmanager
    def _lock(self, folder: Path) -> Iterator[None]:
        """Only one process makes or migrates the tables. PostgreSQL locks in :meth:`_prepare`."""
        if not self.is_sqlite:
            yield
            return
        own = folder / ".gikocr"
        make_folder(own)
        try:
            file = (own / "lock").open("a")
        except OSError as error:
            raise unusable(own / "lock", "write", error) from error
        with file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _check(self) -> None:
        """Look for damage, where that takes no longer than a second."""
        if self.path is not None and self.path.exists() and self.path.stat().st_size <= CHECKED_BYTES:
            with self.read() as connection:
                verdict = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
            if verdict != "ok":
                raise self._damaged(str(verdict))

    def _require_revision(self) -> None:
        with self.read() as connection:
            revision = _revision_in(connection)
            if revision is None:
                raise WorkspaceError(f"The database {self.name} holds no workspace.")
            if revision != REVISION and not _Steps(connection).know(revision):
                raise self._newer(revision)
        if revision != REVISION:
            raise WorkspaceError(
                f"The database {self.name} was made by an older gikocr (revision {revision}; this one needs {REVISION}).",
                advice="Run gikocr db upgrade where it may be written; of PostgreSQL make a backup with pg_dump before.",
            )

    def _newer(self, revision: str) -> WorkspaceError:
        return WorkspaceError(
            f"The database {self.name} was made by a newer gikocr (revision {revision}; this one knows {REVISION}).",
            advice="Use that version of gikocr, or a newer one.",
        )

    def _prepare(self, *, must_exist: bool, migrate_server: bool) -> None:
        self._check()
        if self._revision() == REVISION:
            return
        with self.write() as connection:
            if not self.is_sqlite:
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
            revision = _revision_in(connection)
            if revision == REVISION:
                return
            if revision is None and must_exist:
                raise WorkspaceError(f"The database {self.name} holds no workspace.")
            steps = _Steps(connection)
            if revision is not None and not steps.know(revision):
                raise self._newer(revision)
            if revision is not None and self.path is None and not migrate_server:
                raise WorkspaceError(
                    f"The database {self.name} was made by an older gikocr (revision {revision}; this one needs {REVISION}).",
                    advice="Make a backup with pg_dump, then run gikocr db upgrade.",
                )
            if revision is not None and self.path is not None:
                self._back_up(self.path, revision)
            steps.upgrade()

    def _revision(self) -> str | None:
        with self.read() as connection:
            return _revision_in(connection)

    def _back_up(self, path: Path, revision: str) -> None:
        """A copy of the file as it was, made by SQLite's own backup, which includes what stands in the WAL only."""
        copy = path.with_name(f"{path.name}.backup-{revision}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
        try:
            with (
                contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as old,
                contextlib.closing(sqlite3.connect(copy)) as new,
            ):
                old.backup(new)
        except sqlite3.Error as error:
            copy.unlink(missing_ok=True)
            raise WorkspaceError(
                f"The workspace {self.name} is of an older gikocr, and the backup before its migration failed: {error}.",
                advice="Make room for a copy of the file. Nothing was changed.",
            ) from error


class _Steps:
    """Alembic on an open connection. Imported only when there is something to do: it costs a fifth of a second."""

    def __init__(self, connection: sa.Connection) -> None:
        from alembic.config import Config
        from alembic.script import ScriptDirectory

        self._config = Config()
        self._config.set_main_option("script_location", SCRIPTS)
        self._config.attributes["connection"] = connection
        self._scripts = ScriptDirectory.from_config(self._config)

    def know(self, revision: str) -> bool:
        return revision in {script.revision for script in self._scripts.walk_revisions()}

    def upgrade(self) -> None:
        from alembic import command

        command.upgrade(self._config, REVISION)


def _revision_in(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return None if found is None else str(found)


def _sqlite(path: Path, *, read_only: bool) -> sa.Engine:
    name = _read_only_uri(path) if read_only else str(path)

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(name, timeout=BUSY_SECONDS, check_same_thread=False, uri=read_only)

    engine = sa.create_engine(sa.URL.create("sqlite", database=str(path)), creator=connect)

    @sa.event.listens_for(engine, "connect")
    def _connected(raw: Any, _record: Any) -> None:
        # The driver would begin transactions by itself, and late; here the engine's begin event does.
        raw.isolation_level = None
        if read_only:
            return
        for pragma in ("busy_timeout=60000", "journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
            raw.execute(f"PRAGMA {pragma}").close()

    @sa.event.listens_for(engine, "begin")
    def _begun(connection: sa.Connection) -> None:
        reading = connection.get_execution_options().get(_READ_ONLY, False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


def _read_only_uri(path: Path) -> str:
    """How a file is opened that nobody may write.

    In WAL mode SQLite wants to make two files beside it, unless it is told that nobody changes this one. That is true where they are
    not there and cannot be made: then no other process has the file open for writing.
    """
    uri = f"{path.resolve().as_uri()}?mode=ro"
    wal = path.with_name(f"{path.name}-wal")
    with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(uri, uri=True)) as probe:
        probe.execute("SELECT count(*) FROM sqlite_master").close()
        return uri
    try:
        is_whole = not wal.exists() or wal.stat().st_size == 0
    except OSError:
        is_whole = False
    return f"{uri}&immutable=1" if is_whole else uri


def _postgresql(url: str) -> sa.Engine:
    try:
        parsed = sa.make_url(url)
    except ArgumentError as error:
        raise WorkspaceError("The database is not given as a URL.", advice=_URL_ADVICE) from error
    if parsed.get_backend_name() != "postgresql":
        raise WorkspaceError(f"gikocr has no use for a {parsed.get_backend_name()} database.", advice=_URL_ADVICE)
    try:
        return sa.create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
    except ImportError as error:
        raise DependencyMissing(
            "The driver of PostgreSQL is not installed.", advice="Install it with: pip install 'gikocr[cluster]'"
        ) from error


_URL_ADVICE = "Give one such as postgresql://user@host/gikocr, or none for SQLite in the folder."


def _without_password(url: str) -> str:
    try:
        return sa.make_url(url).render_as_string(hide_password=True)
    except ArgumentError:
        return "given"


def _refuse_network_folder(folder: Path) -> None:
    """SQLite's WAL needs memory that processes share; over a network it corrupts the file."""
    kind = _file_system(folder)
    if kind in NETWORK_FILE_SYSTEMS:
        raise WorkspaceError(
            f"{str(folder)!r} is on a network file system ({kind}), where SQLite does not work.",
            advice="Give a local folder with -o, or a PostgreSQL server with --database.",
        )


def _file_system(folder: Path) -> str:
    """The type of the file system that holds a folder; empty where the system does not say."""
    whole = str(folder.resolve())
    best = ("", "")
    with contextlib.suppress(OSError):
        for line in Path("/proc/mounts").read_text(errors="surrogateescape").splitlines():
            _, mounted, kind, *_ = line.split()
            mounted = mounted.replace("\\040", " ")
            inside = whole == mounted or whole.startswith(mounted.rstrip("/") + "/")
            if inside and len(mounted) >= len(best[0]):
                best = (mounted, kind)
    return best[1]
