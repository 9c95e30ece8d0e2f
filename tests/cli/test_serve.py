"""``gikocr serve`` as a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from gikocr.cli.main import main
from gikocr.workspace import Workspace
from tests.cli.commands import living, start, until

Served = tuple[subprocess.Popen[str], httpx.Client]


@pytest.fixture
def serve(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], Served]]:
    """Starts the server on the workspace ``out``, and gives a client with a token."""
    out, running = str(tmp_path / "out"), []
    assert main(["token", "create", "me", "--scope", "admin", "-w", out]) == 0
    secret = capsys.readouterr().out.strip()

    def make() -> Served:
        log = tmp_path / f"serve-{len(running)}.log"
        process = start(tmp_path, "serve", "-w", out, "--port", "0", "--slots", "1", log=log)
        running.append(process)
        assert until(lambda: "the API is at " in log.read_text())
        address = log.read_text().split("the API is at ")[1].split()[0]
        return process, httpx.Client(base_url=address, headers={"Authorization": f"Bearer {secret}"}, timeout=20)

    yield make
    for process in running:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def bring(client: httpx.Client, name: str) -> int:
    answer = client.post("/v1/documents", files=[("files", (name, b"%PDF-1.7 " + name.encode()))])
    assert answer.status_code == 202, answer.text
    return int(answer.json()["id"])


def state(client: httpx.Client, number: int) -> str:
    return str(client.get(f"/v1/documents/{number}").json()["state"])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_it_finish_what_was_begun(
    serve: Callable[[], Served], tmp_path: Path, number: signal.Signals
) -> None:
    process, client = serve()
    begun, waiting = bring(client, "pause1.pdf"), bring(client, "pause2.pdf")
    assert until(lambda: state(client, begun) == "running")
    client.close()
    process.send_signal(number)
    assert process.wait(40) == 0
    assert until(lambda: not living(process.pid))
    with Workspace.open(tmp_path / "out") as workspace:
        assert [workspace.jobs.job(n).state for n in (begun, waiting)] == ["done", "queued"]


def test_what_a_killed_server_was_reading_is_read_by_the_next(serve: Callable[[], Served]) -> None:
    process, client = serve()
    begun = bring(client, "pause.pdf")
    assert until(lambda: state(client, begun) == "running")
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    _, client = serve()
    assert until(lambda: state(client, begun) == "done")
    assert client.get(f"/v1/documents/{begun}").json()["attempt"] == 2


def test_a_server_that_others_could_reach_asks_for_tokens(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "out")
    assert main(["serve", "-w", out, "--host", "0.0.0.0", "--no-tokens"]) == 2
    assert "can be reached from other machines" in capsys.readouterr().err
    assert main(["serve", "-w", out]) == 2
    assert "There is no token yet" in capsys.readouterr().err


def test_tokens_are_made_listed_and_revoked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "out")
    assert main(["token", "create", "a", "--scope", "read", "--scope", "submit", "-w", out]) == 0
    assert capsys.readouterr().out.startswith("gikocr_")
    assert main(["token", "create", "a", "--scope", "read", "-w", out]) == 2
    assert main(["token", "revoke", "1", "-w", out]) == 0
    assert main(["token", "revoke", "1", "-w", out]) == 2
    capsys.readouterr()
    assert main(["token", "list", "-w", out]) == 0
    assert capsys.readouterr().out.split("\t")[1:3] == ["a", "read submit"]


@pytest.mark.parametrize("same_port", [True, False])
def test_a_second_server_leaves_the_first_one_its_jobs(
    serve: Callable[[], Served], tmp_path: Path, same_port: bool
) -> None:
    _, client = serve()
    begun = bring(client, "slow.pdf")
    assert until(lambda: state(client, begun) == "running")
    port = str(client.base_url.port) if same_port else "0"
    second = start(tmp_path, "serve", "-w", str(tmp_path / "out"), "--port", port)
    try:
        _, errors = second.communicate(timeout=30)
    finally:
        second.kill()
    assert second.returncode == (2 if same_port else 4)
    assert ("Address already in use" if same_port else "reads the documents of this workspace already") in errors
    assert "Traceback" not in errors
    with Workspace.open(tmp_path / "out") as workspace:
        job = workspace.jobs.job(begun)
        assert (job.state, job.attempt, job.suspect) == ("running", 1, False)
    assert state(client, begun) == "running"
