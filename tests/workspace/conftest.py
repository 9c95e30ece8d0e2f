from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gikocr.workspace import Workspace

Open = Callable[[], Workspace]


def _programs() -> Path | None:
    """The folder of a PostgreSQL server's programs."""
    found = shutil.which("initdb")
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    return Path(found).parent if found else versions[-1].parent if versions else None


def _other_user() -> str | None:
    """A user that the server may run as: it refuses root."""
    if os.getuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    pytest.skip("no user but root is there, and PostgreSQL refuses to run as root")


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """A real PostgreSQL server of our own; gives its URL without a database."""
    programs = _programs()
    if programs is None:
        pytest.skip("no PostgreSQL server is installed (Debian: postgresql)")
    user = _other_user()
    folder = Path(tempfile.mkdtemp(prefix="gikocr-pg-"))
    try:
        if user:
            shutil.chown(folder, user)
        options = {"user": user, "extra_groups": []} if user else {}

        def run(program: str, *arguments: str) -> None:
            command = [str(programs / program), *arguments]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, **options)  # type: ignore[call-overload]
            assert done.returncode == 0, done.stdout + done.stderr

        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        data = folder / "data"
        run(
            "initdb",
            "-D",
            str(data),
            "-U",
            "gikocr",
            "--auth=trust",
            "--encoding=UTF8",
            "--no-sync",
            "--locale=C.UTF-8",
        )
        settings = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
        run("pg_ctl", "-D", str(data), "-o", settings, "-w", "-l", str(folder / "log"), "start")
        try:
            yield f"postgresql://gikocr@127.0.0.1:{port}"
        finally:
            run("pg_ctl", "-D", str(data), "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgresql(postgresql_server: str) -> Iterator[str]:
    """The URL of an empty database on the server."""
    import psycopg

    name = f"test_{os.urandom(6).hex()}"
    with psycopg.connect(f"{postgresql_server}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield f"{postgresql_server}/{name}"
    with psycopg.connect(f"{postgresql_server}/postgres", autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str | None:
    """What to give to ``Workspace.open`` as the database: SQLite in the folder, or a real PostgreSQL."""
    return None if request.param == "sqlite" else str(request.getfixturevalue("postgresql"))


@pytest.fixture
def open_workspace(tmp_path: Path, database: str | None) -> Iterator[Open]:
    """Opens the workspace of the test, again and again the same."""
    opened: list[Workspace] = []

    def open_it() -> Workspace:
        opened.append(Workspace.open(tmp_path / "out", database=database))
        return opened[-1]

    yield open_it
    for workspace in opened:
        workspace.close()
