"""Workers as processes of their own, on a real PostgreSQL, with the fake pipeline."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gikocr import forms
from gikocr.cli.main import main
from gikocr.report import Report
from gikocr.workspace import Job, JobSelection, Workspace
from tests.cli.commands import living, start, until
from tests.workspace.reports import make_input

StartWorker = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def begin(tmp_path: Path, workspace: Workspace, postgresql: str) -> Iterator[StartWorker]:
    """Starts workers of the workspace; none is left behind."""
    running: list[subprocess.Popen[str]] = []

    def make(*options: str, folder: Path = workspace.folder.out) -> subprocess.Popen[str]:
        where = ("-w", str(folder), "--database", postgresql)
        running.append(start(tmp_path, "worker", *where, "--device", "cpu", *options, log=tmp_path / "worker.log"))
        return running[-1]

    yield make
    for process in running:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def submit(workspace: Workspace, url: str, folder: Path, *names: str) -> None:
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"%PDF-1.7 " + name.encode())
    assert main(["submit", str(folder), "-w", str(workspace.folder.out), "--database", url]) == 0


def job(workspace: Workspace, name: str) -> Job:
    (found,) = workspace.jobs.jobs(JobSelection(name=name))
    return found


def states(workspace: Workspace) -> dict[str, str]:
    return {j.name: j.state for j in workspace.jobs.jobs(JobSelection())}


def test_one_signal_finishes_what_was_begun(
    workspace: Workspace, postgresql: str, tmp_path: Path, begin: StartWorker
) -> None:
    submit(workspace, postgresql, tmp_path / "scans", "pause1.pdf", "pause2.pdf")
    worker = begin("--slots", "1")
    assert until(lambda: "running" in states(workspace).values())
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(30) == 0
    assert sorted(states(workspace).values()) == ["done", "queued"]
    assert until(lambda: not living(worker.pid))
    (line,) = workspace.workers.lines()
    assert line.stopped_at is not None
    assert not line.alive
    assert (line.documents, line.running) == (1, 0)


def test_two_signals_give_it_back_without_suspicion(
    workspace: Workspace, postgresql: str, tmp_path: Path, begin: StartWorker
) -> None:
    submit(workspace, postgresql, tmp_path / "scans", "slow.pdf")
    worker = begin("--slots", "1")
    assert until(lambda: job(workspace, "slow.pdf").state == "running")
    started = time.monotonic()
    for _ in range(2):
        worker.send_signal(signal.SIGTERM)
        time.sleep(1.0)
    assert worker.wait(30) == 0
    assert time.monotonic() - started < 20
    found = job(workspace, "slow.pdf")
    assert (found.state, found.suspect, found.deaths) == ("queued", False, 0)


def test_cancelling_frees_the_worker(workspace: Workspace, postgresql: str, tmp_path: Path, begin: StartWorker) -> None:
    submit(workspace, postgresql, tmp_path / "scans", "slow.pdf", "zebra.pdf")
    begin("--slots", "1")
    assert until(lambda: job(workspace, "slow.pdf").state == "running")
    arguments = ["-w", str(workspace.folder.out), "--database", postgresql]
    assert main(["jobs", "--do", "cancel", "--name", "slow.pdf", *arguments]) == 0
    assert until(lambda: states(workspace) == {"slow.pdf": "cancelled", "zebra.pdf": "done"}, 20)
    assert not (workspace.folder.out / "slow.pdf.json").exists()


def test_a_document_that_takes_too_long_fails_with_the_reason(
    workspace: Workspace, postgresql: str, tmp_path: Path, begin: StartWorker
) -> None:
    submit(workspace, postgresql, tmp_path / "scans", "slow.pdf", "stop.pdf")
    assert begin("--slots", "2", "--time-limit", "1", "--drain").wait(60) == 0
    assert states(workspace) == {"slow.pdf": "failed", "stop.pdf": "failed"}
    assert job(workspace, "stop.pdf").error_code == "time_limit"
    report = Report.from_json((workspace.folder.out / "slow.pdf.json").read_bytes())
    assert [i.code for i in report.issues] == ["time_limit"]


def test_a_copy_under_another_name_is_not_read_again(
    workspace: Workspace, postgresql: str, tmp_path: Path, begin: StartWorker
) -> None:
    scans = tmp_path / "scans"
    scans.mkdir()
    for name in ("a.pdf", "b.pdf"):
        (scans / name).write_bytes(b"%PDF-1.7 the same")
    submit(workspace, postgresql, scans)
    assert begin("--slots", "1", "--drain").wait(60) == 0
    assert states(workspace) == {"a.pdf": "done", "b.pdf": "done"}
    reports = [Report.from_json((workspace.folder.out / f"{n}.pdf.json").read_bytes()) for n in ("a", "b")]
    assert [r.source.name for r in reports] == ["a.pdf", "b.pdf"]
    assert [line.documents for line in workspace.workers.lines()] == [1]


def test_a_file_that_is_not_there_gets_its_report_too(
    workspace: Workspace, postgresql: str, tmp_path: Path, begin: StartWorker
) -> None:
    arguments = ["-w", str(workspace.folder.out), "--database", postgresql]
    assert main(["submit", str(tmp_path / "nothing.pdf"), *arguments]) == 0
    assert begin("--slots", "1", "--drain").wait(60) == 0
    assert states(workspace)["nothing.pdf"] in ("failed", "done")
    assert (workspace.folder.out / "nothing.pdf.json").exists()


def test_a_job_of_another_version_fails_once_and_not_for_ever(
    workspace: Workspace, postgresql: str, tmp_path: Path, begin: StartWorker
) -> None:
    submit(workspace, postgresql, tmp_path / "scans", "a.pdf")
    with workspace.database.write() as connection:
        connection.exec_driver_sql("""UPDATE job SET settings = '{"an_option_of_tomorrow": 1}'""")
    assert begin("--slots", "1", "--drain").wait(60) == 0
    found = job(workspace, "a.pdf")
    assert (found.state, found.error_code, found.attempt) == ("failed", "internal_error", 1)
    assert "an_option_of_tomorrow" in str(found.error)


def test_a_form_that_a_worker_does_not_have_fails_once_and_not_for_ever(
    workspace: Workspace, postgresql: str, tmp_path: Path, begin: StartWorker
) -> None:
    form = tmp_path / "own.toml"
    shutil.copy(Path(forms.__file__).with_name("annual_report.toml"), form)
    arguments = ["-w", str(workspace.folder.out), "--database", postgresql]
    scan = make_input(tmp_path, "a.pdf", "%PDF-1.7 a").paths[0]
    assert main(["submit", str(scan), "--form", str(form), *arguments]) == 0
    moved = form.rename(tmp_path / "elsewhere.toml")
    assert begin("--slots", "1", "--drain").wait(60) == 0
    found = job(workspace, "a.pdf")
    assert (found.state, found.error_code, found.attempt) == ("failed", "form_invalid", 1)
    moved.rename(form)
    assert main(["jobs", "--do", "resubmit", "--all", *arguments]) == 0
    assert begin("--slots", "1", "--drain").wait(60) == 0
    assert job(workspace, "a.pdf").state == "done"


def test_three_machines_share_a_database_and_a_folder(
    workspace: Workspace, postgresql: str, tmp_path: Path, begin: StartWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As docs/deploy.md sets them up, each a process with a home and a temporary folder of its own.

    The first submits files that the others cannot see; the others have the folder elsewhere, and one of them dies amid its work. In the
    end one reads a real document with the real pipeline.
    """
    names = [f"steady{n}.pdf" for n in range(8)]
    submit(workspace, postgresql, tmp_path / "scans", *names)
    shutil.rmtree(tmp_path / "scans")
    workers = []
    for machine in ("second", "third"):
        mounted = tmp_path / machine / "mounted"
        mounted.parent.mkdir()
        mounted.symlink_to(workspace.folder.out, target_is_directory=True)
        for variable in ("HOME", "TMPDIR"):
            folder = tmp_path / machine / variable.lower()
            folder.mkdir(parents=True)
            monkeypatch.setenv(variable, str(folder))
        workers.append(begin("--slots", "1", folder=mounted))
    assert until(lambda: len({line.process for line in workspace.workers.lines() if line.running}) == 2)
    workers[0].kill()
    killed = time.monotonic()
    assert until(lambda: set(states(workspace).values()) == {"done"}, 60)
    assert time.monotonic() - killed < 45
    assert len(list(workspace.folder.out.glob("steady*.json"))) == 8
    assert sum(j.attempt for j in workspace.jobs.jobs(JobSelection())) == 9
    workers[1].send_signal(signal.SIGTERM)
    assert workers[1].wait(30) == 0
    sample = Path(__file__).parents[2] / "samples" / "bars.txt"
    assert main(["submit", str(sample), "-w", str(workspace.folder.out), "--database", postgresql]) == 0
    real = [
        sys.executable,
        "-m",
        "gikocr",
        "worker",
        "-w",
        str(tmp_path / "third" / "mounted"),
        "--database",
        postgresql,
    ]
    subprocess.run([*real, "--device", "cpu", "--slots", "1", "--drain"], check=True, timeout=120)
    report = Report.from_json((workspace.folder.out / "bars.txt.json").read_bytes())
    assert (report.status, len(report.fields)) == ("complete", 200)
    assert main(["export", str(workspace.folder.out), "--format", "csv", "--database", postgresql]) == 0


def test_suspects_leave_the_other_slots_to_ordinary_documents(
    workspace: Workspace, postgresql: str, tmp_path: Path, begin: StartWorker
) -> None:
    """As many suspects as slots; each is read alone, after the other, and none of them sits in a slot and waits."""
    suspects = [f"pause{n}.pdf" for n in range(3)]
    submit(workspace, postgresql, tmp_path / "scans", *suspects, *(f"brief{n}.pdf" for n in range(3)))
    with workspace.database.write() as connection:
        connection.exec_driver_sql("UPDATE job SET suspect = true WHERE name LIKE 'pause%%'")
        connection.exec_driver_sql(
            "UPDATE procrastinate.procrastinate_jobs SET priority = 9 "
            "WHERE (args->>'job')::bigint IN (SELECT id FROM job WHERE suspect)"
        )
    assert begin("--slots", "3", "--drain").wait(90) == 0
    jobs = {j.name: j for j in workspace.jobs.jobs(JobSelection())}
    assert {j.state for j in jobs.values()} == {"done"}
    assert {j.attempt for j in jobs.values()} == {1}
    ends = sorted((jobs[name].started_at, jobs[name].finished_at) for name in suspects)
    assert all(finished <= begun for (_, finished), (begun, _) in itertools.pairwise(ends))
    ordinary = min(jobs[f"brief{n}.pdf"].started_at for n in range(3))
    assert ordinary < ends[0][1], "ordinary documents waited for suspects"


def test_maintain_brings_back_what_the_last_worker_held(
    workspace: Workspace, postgresql: str, tmp_path: Path, begin: StartWorker, capsys: pytest.CaptureFixture[str]
) -> None:
    submit(workspace, postgresql, tmp_path / "scans", "slow.pdf")
    worker = begin("--slots", "1")
    assert until(lambda: job(workspace, "slow.pdf").state == "running")
    os.killpg(worker.pid, signal.SIGKILL)
    arguments = ["maintain", "-w", str(workspace.folder.out), "--database", postgresql]
    keeper = start(tmp_path, *arguments)
    try:
        assert until(lambda: job(workspace, "slow.pdf").state == "queued", 30)
        assert job(workspace, "slow.pdf").suspect
    finally:
        keeper.send_signal(signal.SIGTERM)
        _, errors = keeper.communicate(timeout=30)
    assert "brought back 1" in errors
    assert keeper.returncode == 0


def test_without_a_server_the_command_says_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7")
    assert main(["db", "upgrade", "-w", str(tmp_path / "out")]) == 0
    for command in (["submit", str(tmp_path / "a.pdf")], ["worker"], ["maintain", "--once"]):
        assert main([*command, "-w", str(tmp_path / "out")]) in (2, 4)
        assert "PostgreSQL" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["submit", "a.pdf"], ["worker"], ["jobs"], ["maintain", "--once"]])
def test_a_url_in_the_place_of_the_folder_is_told_where_it_belongs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.pdf").write_bytes(b"%PDF-1.7")
    url = "postgresql://gikocr@db.example/gikocr"
    monkeypatch.setenv("GIKOCR_DATABASE", url)
    assert main([*command, "-w", url]) in (2, 4)
    assert "--database" in capsys.readouterr().err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.pdf"]
