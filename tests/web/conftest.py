from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gikocr.web import Options
from tests.web.serving import Process, Server, chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SAMPLES = Path(__file__).parents[2] / "samples"

#: Scans, of which only the one whose total is wrong in print has a doubt, and two exports without pages.
READ = (
    "archive.pdf",
    "wrong_total.pdf",
    "hybrid.pdf",
    "pipes.txt",
    "letters_lost.txt",
)


@pytest.fixture(scope="session")
def extracted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace made by a real extraction of samples, once for all test processes. Copy it; do not change it."""
    folder = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        folder = folder.parent
    done, ours = folder / "station" / "done", folder / "station"
    try:
        ours.mkdir()
    except FileExistsError:
        for _ in range(3000):
            if done.exists():
                return ours / "out"
            time.sleep(0.1)
        raise TimeoutError("the other test process did not finish its extraction") from None
    from gikocr.cli.main import main

    assert main(["extract", *(str(SAMPLES / name) for name in READ), "-o", str(ours / "out"), "--workers", "1"]) == 0
    done.touch()
    return ours / "out"


@pytest.fixture
def workspace(extracted: Path, tmp_path: Path) -> Path:
    """A workspace of the test's own."""
    return Path(shutil.copytree(extracted, tmp_path / "out"))


@pytest.fixture
def serve(workspace: Path) -> Iterator[Callable[..., Process]]:
    """Starts ``gikocr review`` on the workspace as a process of its own."""
    started: list[Process] = []

    def start(*options: str) -> Process:
        started.append(Process(workspace, *options))
        return started[-1]

    yield start
    for process in started:
        process.kill()


@pytest.fixture
def process(serve: Callable[..., Process]) -> Process:
    """A server that can be killed."""
    return serve("--lang", "en", "--name", "Wang")


@pytest.fixture
def server(workspace: Path) -> Iterator[Server]:
    running = Server(workspace, Options(language="en", name="Wang"))
    yield running
    running.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = chromium()
    if program is None:
        pytest.skip("Chromium is not installed (Debian: chromium)")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (extra dev)")
    with playwright.sync_playwright() as running:
        opened = running.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of a browser without history; the test fails where its script fails, or asks another host for anything."""
    context = browser.new_context(viewport={"width": 1360, "height": 860}, locale="en-GB")
    context.set_default_timeout(90_000)  # other tests share the cores
    opened = context.new_page()
    failed: list[str] = []
    opened.on("pageerror", lambda error: failed.append(str(error)))
    opened.on("console", lambda m: failed.append(m.text) if "Content Security Policy" in m.text else None)
    opened.on("request", lambda r: failed.append(r.url) if not r.url.startswith("http://127.0.0.1:") else None)
    yield opened
    context.close()
    assert failed == []
