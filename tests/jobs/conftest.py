from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gikocr.jobs.queue import install
from gikocr.workspace import Workspace
from tests.servers import PostgreSQL, running_server


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgreSQL]:
    """A real PostgreSQL server of our own."""
    with running_server() as server:
        yield server


@pytest.fixture
def postgresql(postgresql_server: PostgreSQL) -> Iterator[str]:
    """The URL of an empty database on the server."""
    with postgresql_server.database() as url:
        yield url


@pytest.fixture
def workspace(tmp_path: Path, postgresql: str) -> Iterator[Workspace]:
    """A workspace with a queue, in ``tmp_path / "out"``."""
    with Workspace.open(tmp_path / "out", database=postgresql) as opened:
        install(opened.database)
        yield opened
