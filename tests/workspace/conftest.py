from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gikocr.workspace import Workspace
from tests.servers import PostgreSQL, running_server

Open = Callable[[], Workspace]


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
