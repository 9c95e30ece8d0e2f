"""A real PostgreSQL server of the tests' own, which can be stopped and started amid a test."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest


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


class PostgreSQL:
    """The server; ``url`` is without a database."""

    def __init__(self, programs: Path, folder: Path, *, durable: bool) -> None:
        self._programs, self._folder, self._user = programs, folder, _other_user()
        if self._user:
            shutil.chown(folder, self._user)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"postgresql://gikocr@127.0.0.1:{self.port}"
        self._data = str(folder / "data")
        self._settings = (
            f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} "
            f"-c fsync={'on' if durable else 'off'}"
        )
        options = ("-U", "gikocr", "--auth=trust", "--encoding=UTF8", "--no-sync", "--locale=C.UTF-8")
        self._run("initdb", "-D", self._data, *options)

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), *arguments]
        options = {"user": self._user, "extra_groups": []} if self._user else {}
        done = subprocess.run(
            command, cwd=self._folder, capture_output=True, text=True, timeout=120, check=False, **options
        )  # type: ignore[call-overload]
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._run("pg_ctl", "-D", self._data, "-o", self._settings, "-w", "-l", str(self._folder / "log"), "start")

    def stop(self, mode: str = "immediate") -> None:
        """Stop it; ``immediate`` is what a power cut does."""
        self._run("pg_ctl", "-D", self._data, "-m", mode, "-w", "stop")

    @contextlib.contextmanager
    def database(self) -> Iterator[str]:
        """The URL of an empty database, which goes afterwards."""
        name = f"test_{os.urandom(6).hex()}"
        with psycopg.connect(f"{self.url}/postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        yield f"{self.url}/{name}"
        with psycopg.connect(f"{self.url}/postgres", autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextlib.contextmanager
def running_server(*, durable: bool = False) -> Iterator[PostgreSQL]:
    """A running server; skips the test where none is installed. ``durable``: it survives being stopped at once."""
    programs = _programs()
    if programs is None:
        pytest.skip("no PostgreSQL server is installed (Debian: postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="gikocr-pg-"))
    try:
        server = PostgreSQL(programs, folder, durable=durable)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
