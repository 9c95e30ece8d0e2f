"""The OpenAPI description: that the committed one is the application's, and that the application keeps to it whatever is sent."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import hypothesis
import pytest
import schemathesis
import uvicorn
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.generation import GenerationMode

from gikocr.ingest.isolation import Limits
from gikocr.jobs.children import Recipe
from gikocr.jobs.local import LocalPool
from gikocr.settings import Settings
from gikocr.web.api.app import Options, bare_app, create_app
from gikocr.web.api.service import Service
from gikocr.workspace import Workspace
from gikocr.workspace.access import Tokens
from scripts.openapi import description
from tests.cli.commands import until

sys.path.insert(0, str(Path(__file__).parents[2] / "cli"))

ROOT = Path(__file__).parents[3]

load_all_checks()

#: Left out: the tests' client has a token, and a request that is refused for its values need not be one that lacks a header.
LEFT_OUT = {"ignored_auth", "positive_data_acceptance", "unsupported_method"}
WANTED = [check for check in CHECKS.get_all() if check.__name__ not in LEFT_OUT]


def test_the_committed_description_is_that_of_the_application() -> None:
    written = (ROOT / "docs" / "openapi.json").read_text(encoding="utf-8")
    assert written == description(), "run: python -m scripts.openapi > docs/openapi.json"


def test_every_error_is_described_as_a_problem() -> None:
    for path, item in bare_app().openapi()["paths"].items():
        for method, operation in item.items():
            for status, answer in operation["responses"].items():
                if status.startswith(("4", "5")) and path != "/readyz":
                    assert list(answer["content"]) == ["application/problem+json"], (path, method, status)


OPERATIONS = [(method, path) for path, item in json.loads(description())["paths"].items() for method in item]


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, str]]]:
    """A real server with a document in it; its address, and the header that opens it."""
    import fake_pipeline

    with Workspace.open(tmp_path_factory.mktemp("live") / "out") as workspace:
        pool = LocalPool(workspace, Recipe(fake_pipeline.FakePipeline, Limits(memory=4000), wall_seconds=5), 1)
        pool.start()
        _, secret = Tokens(workspace.database).create("tests", ["admin"])
        app = create_app(Service(workspace, Settings(max_bytes=100_000), pool.enqueue), Options())
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical", lifespan="off", ws="none"))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        assert until(lambda: server.started)
        address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        headers = {"Authorization": f"Bearer {secret}"}
        httpx.post(f"{address}/v1/documents", files=[("files", ("brief-doubt.pdf", b"%PDF-1.7 x"))], headers=headers)
        assert until(lambda: workspace.workers.numbers().states.get("done") == 1)
        yield address, headers
        server.should_exit = True
        thread.join(20)
        pool.stop(0.5)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["good", "bad"])
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_the_application_keeps_to_its_description(
    live: tuple[str, dict[str, str]], method: str, path: str, mode: GenerationMode
) -> None:
    """Schemathesis without its pytest plugin, which does not know this pytest."""
    address, headers = live
    operation = schemathesis.openapi.from_dict(json.loads(description()))[path][method.upper()]

    @hypothesis.settings(
        max_examples=int(os.environ.get("GIKOCR_TEST_EXAMPLES", "12")),
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
        phases=[hypothesis.Phase.generate],
    )
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def send(case: schemathesis.Case) -> None:
        answer = case.call(base_url=address, headers=headers, timeout=30)
        case.validate_response(answer, checks=WANTED)

    try:
        send()
    except hypothesis.errors.Unsatisfiable:
        pytest.skip(f"nothing {mode.value} can be sent to {method.upper()} {path}")
