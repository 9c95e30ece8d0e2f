from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gikocr.review import Station
from gikocr.settings import Settings
from gikocr.workspace import Workspace
from tests.review.documents import make_workspace
from tests.workspace.conftest import database, open_workspace, postgresql, postgresql_server

__all__ = ["database", "open_workspace", "postgresql", "postgresql_server"]

OpenStation = Callable[..., Station]


@pytest.fixture
def made(tmp_path: Path, open_workspace: Callable[[], Workspace]) -> Callable[[], Workspace]:
    """A workspace with three documents, on SQLite and on PostgreSQL; calling it opens it once more."""
    make_workspace(open_workspace(), tmp_path / "scans", 3)
    return open_workspace


@pytest.fixture
def station(made: Callable[[], Workspace]) -> Iterator[Station]:
    with Station(made(), Settings()) as station:
        yield station


@pytest.fixture
def on_sqlite(tmp_path: Path) -> Iterator[Station]:
    """The same on SQLite only, for what has nothing to do with the database."""
    with Workspace.open(tmp_path / "out") as workspace:
        make_workspace(workspace, tmp_path / "scans", 3)
        with Station(workspace, Settings()) as station:
            yield station
