from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from gikocr.ingest.isolation import Limits
from gikocr.jobs.children import Recipe
from gikocr.jobs.local import LocalPool
from gikocr.settings import Settings
from gikocr.web.api.app import Options, create_app
from gikocr.web.api.service import Service
from gikocr.workspace import Workspace
from gikocr.workspace.access import Tokens

#: What the tests call the server.
HOST = "http://localhost"


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """A workspace with SQLite."""
    with Workspace.open(tmp_path / "out") as opened:
        yield opened


@pytest.fixture
def pool(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalPool]:
    """A local pool that reads with the fake pipeline."""
    folder = str(Path(__file__).parents[2] / "cli")
    monkeypatch.syspath_prepend(folder)
    import fake_pipeline

    assert folder in sys.path
    made = LocalPool(workspace, Recipe(fake_pipeline.FakePipeline, Limits(memory=4000), wall_seconds=20), 2)
    made.start()
    yield made
    made.stop(0.5)


@pytest.fixture
def service(workspace: Workspace, pool: LocalPool) -> Service:
    """The service behind the API."""
    return Service(workspace, Settings(max_bytes=1_000_000), pool.enqueue)


@pytest.fixture
def client(service: Service) -> Iterator[TestClient]:
    """A client with a token that allows everything."""
    _, secret = Tokens(service.workspace.database).create("tests", ["admin"])
    app = create_app(service, Options())
    with TestClient(
        app, base_url=HOST, headers={"Authorization": f"Bearer {secret}"}, raise_server_exceptions=False
    ) as made:
        yield made


def bring(client: TestClient, name: str = "brief.pdf", content: bytes = b"%PDF-1.7 x", **fields: str) -> dict:
    """Submit one document and return what was answered."""
    answer = client.post("/v1/documents", files=[("files", (name, content))], data=fields)
    assert answer.status_code == 202, answer.text
    return answer.json()
