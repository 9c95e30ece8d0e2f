"""Runs over archives: what is skipped, what is read again, and how a run ends early."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gikocr.cli.main import main
from gikocr.workspace import Workspace
from tests.cli.commands import living, start, until

pytestmark = pytest.mark.usefixtures("fake")

Scans = Callable[..., Path]


class Runner:
    """Runs ``gikocr extract`` and tells what it did."""

    def __init__(self, capsys: pytest.CaptureFixture[str], out: Path) -> None:
        self.capsys = capsys
        self.out = out

    def __call__(self, folder: Path, *options: str) -> tuple[int, list[str], int]:
        """Exit code, names of the documents that were read, number of those skipped."""
        arguments = ["extract", str(folder), "-o", str(self.out), "--workers", "1", "--log-format", "json", *options]
        code = main(arguments)
        events = [json.loads(line) for line in self.capsys.readouterr().err.splitlines() if line.startswith("{")]
        names = [e["name"] for e in events if e["event"] == "document"]
        with Workspace.open(self.out) as workspace, workspace.database.read() as connection:
            skipped = connection.exec_driver_sql("SELECT skipped FROM run ORDER BY id DESC LIMIT 1").scalar_one()
        return code, names, skipped

    def reports(self) -> dict[str, Any]:
        return {p.name: json.loads(p.read_text()) for p in self.out.glob("*.json")}


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Runner:
    return Runner(capsys, tmp_path / "out")


def test_the_second_run_reads_only_what_is_new(scans: Scans, run: Runner) -> None:
    assert run(scans("a.pdf", "b.pdf")) == (0, ["a.pdf", "b.pdf"], 0)
    assert run(scans("c.pdf")) == (0, ["c.pdf"], 2)
    assert run(scans()) == (0, [], 3)
    assert run(scans(), "--force") == (0, ["a.pdf", "b.pdf", "c.pdf"], 0)


def test_what_was_read_before_counts_in_summary_and_exit_code(
    scans: Scans, run: Runner, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = scans("a.pdf", "bad.pdf", "doubt.pdf")
    for _ in range(2):
        assert main(["extract", str(folder), "-o", str(tmp_path / "out"), "--workers", "1"]) == 1
        shown = capsys.readouterr()
        assert "Documents: 3, of these 2 complete, 0 partial, 1 failed. Fields waiting for review: 1." in shown.out
        assert "failed: bad.pdf" in shown.err
    assert "Read already, and not again: 3." in shown.out


def test_other_settings_are_another_result(scans: Scans, run: Runner) -> None:
    folder = scans("a.pdf")
    run(folder)
    assert run(folder, "--pages", "1") == (0, ["a.pdf"], 0)
    assert run(folder, "--pages", "1")[1] == []
    assert run(folder)[1] == []


def test_retry_failed_reads_what_failed(scans: Scans, run: Runner) -> None:
    folder = scans("a.pdf", "bad.pdf")
    assert run(folder) == (1, ["a.pdf", "bad.pdf"], 0)
    assert run(folder) == (1, [], 2)
    assert run(folder, "--retry-failed") == (1, ["bad.pdf"], 1)


def test_a_copy_is_not_read_and_has_its_json(scans: Scans, run: Runner) -> None:
    folder = scans("a.pdf")
    run(folder)
    shutil.copy(folder / "a.pdf", folder / "copy.pdf")
    assert run(folder) == (0, [], 2)
    reports = run.reports()
    assert reports["copy.pdf.json"]["source"]["name"] == "copy.pdf"
    assert reports["copy.pdf.json"]["fields"] == reports["a.pdf.json"]["fields"]


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("options", [(), ("--force",)])
def test_copies_within_one_run_are_read_once(scans: Scans, run: Runner, workers: str, options: tuple[str, ...]) -> None:
    folder = scans("a.pdf", "brief.pdf", "z.pdf", *(f"m{i:03}.pdf" for i in range(20)))
    for number in range(18):
        # Some come in the first batch, some while the first is being read, some after it.
        shutil.copy(folder / "brief.pdf", folder / f"{'bkn'[number % 3]}-copy{number:02}.pdf")
    read = 23
    if options:
        run(folder)
    code, names, skipped = run(folder, "--workers", workers, *options)
    assert (code, len(names), skipped) == (0, read, 18)
    reports = run.reports()
    assert len(reports) == read + 18
    assert all(r["source"]["name"] == name.removesuffix(".json") for name, r in reports.items())
    with Workspace.open(run.out) as workspace, workspace.database.read() as connection:
        assert len(list(workspace.reports())) == read
        assert connection.exec_driver_sql("SELECT count(*) FROM source").scalar_one() == read + 18
    assert run(folder) == (0, [], read + 18)


def test_the_last_event_says_what_was_done(scans: Scans, run: Runner, capsys: pytest.CaptureFixture[str]) -> None:
    folder = scans("a.pdf", "bad.pdf")
    arguments = ["extract", str(folder), "-o", str(run.out), "--workers", "1", "--log-format", "json"]
    done = []
    for _ in range(2):
        main(arguments)
        last = json.loads(capsys.readouterr().err.splitlines()[-1])
        assert last["event"] == "run_finished"
        done.append([last[f"documents_{what}"] for what in ("read", "skipped", "failed", "total")])
    assert done == [[2, 0, 1, 2], [0, 2, 0, 2]]


def test_copies_of_what_failed(scans: Scans, run: Runner) -> None:
    folder = scans("bad.pdf")
    shutil.copy(folder / "bad.pdf", folder / "bad-copy.pdf")
    assert run(folder) == (1, ["bad-copy.pdf"], 1)
    assert run(folder, "--retry-failed") == (1, ["bad-copy.pdf"], 1)
    assert {r["status"] for r in run.reports().values()} == {"failed"}


def test_a_copy_of_what_kills_its_process_kills_none(scans: Scans, run: Runner) -> None:
    folder = scans("a.pdf", "kill.pdf", "z.pdf")
    shutil.copy(folder / "kill.pdf", folder / "y-kill.pdf")
    code, names, skipped = run(folder, "--workers", "2")
    assert (code, sorted(names), skipped) == (1, ["a.pdf", "kill.pdf", "z.pdf"], 1)
    assert run.reports()["y-kill.pdf.json"]["issues"][0]["code"] == "worker_died"


def test_a_copy_that_changed_meanwhile_is_read(scans: Scans, run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = scans("a.pdf")
    shutil.copy(folder / "a.pdf", folder / "copy.pdf")
    record = Workspace.record

    def change_then_record(self: Workspace, *args: Any, **kwargs: Any) -> Any:
        if run.reports() == {}:
            (folder / "copy.pdf").write_bytes(b"%PDF-1.7 other")
        return record(self, *args, **kwargs)

    monkeypatch.setattr(Workspace, "record", change_then_record)
    assert run(folder) == (0, ["a.pdf", "copy.pdf"], 0)


def test_a_json_that_was_deleted_is_written_again(scans: Scans, run: Runner) -> None:
    folder = scans("a.pdf")
    run(folder)
    before = run.reports()
    (run.out / "a.pdf.json").unlink()
    assert run(folder) == (0, [], 1)
    assert run.reports() == before


def test_a_document_that_changed_is_read_again(scans: Scans, run: Runner) -> None:
    folder = scans("a.pdf")
    run(folder)
    (folder / "a.pdf").write_bytes(b"%PDF-1.7 other")
    assert run(folder)[1] == ["a.pdf"]
    with Workspace.open(run.out) as workspace:
        (report,) = workspace.reports()
        assert {f.report_id for f in workspace.fields()} <= {report.id}, "what the file held before is current no more"


def test_pictures_that_are_wanted_later(scans: Scans, run: Runner) -> None:
    folder = scans("a.pdf")
    run(folder)
    assert run(folder, "--overlay") == (0, ["a.pdf"], 0)
    assert run(folder, "--overlay") == (0, [], 1)


def test_shards_are_the_whole_and_share_nothing(
    scans: Scans, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = scans(*(f"{i}.pdf" for i in range(30)))
    seen: list[str] = []
    for number in (1, 2, 3):
        code, names, _ = Runner(capsys, tmp_path / str(number))(folder, "--shard", f"{number}/3")
        assert code == 0
        assert 0 < len(names) < 30
        seen += names
    assert sorted(seen) == sorted(f"{i}.pdf" for i in range(30))


@pytest.mark.parametrize("shard", ["0/3", "4/3", "1", "a/b", "1/0", "-1/3"])
def test_no_shard(scans: Scans, tmp_path: Path, shard: str) -> None:
    assert main(["extract", str(scans("a.pdf")), "-o", str(tmp_path / "out"), f"--shard={shard}"]) == 2
    assert not (tmp_path / "out").exists()


def test_a_limit_goes_on_where_it_stopped(scans: Scans, run: Runner) -> None:
    folder = scans(*(f"{i}.pdf" for i in range(5)))
    read = [run(folder, "--limit", "2")[1] for _ in range(4)]
    assert read == [["0.pdf", "1.pdf"], ["2.pdf", "3.pdf"], ["4.pdf"], []]


def test_max_errors_stops_the_run(scans: Scans, run: Runner) -> None:
    folder = scans("a.pdf", "bad1.pdf", "bad2.pdf", "bad3.pdf", "z.pdf")
    assert run(folder, "--max-errors", "2") == (1, ["a.pdf", "bad1.pdf", "bad2.pdf"], 0)


def test_a_dry_run_writes_nothing(scans: Scans, run: Runner, capsys: pytest.CaptureFixture[str]) -> None:
    folder = scans("a.pdf", "bad.pdf")
    arguments = ["extract", str(folder), "-o", str(run.out), "--dry-run"]
    assert main(arguments) == 0
    assert "Would be read: 2 documents" in capsys.readouterr().out
    assert not run.out.exists()
    run(folder)
    scans("c.pdf")
    before = {p: p.stat().st_mtime_ns for p in run.out.rglob("*") if p.is_file() and "gikocr.db-" not in p.name}
    assert main(arguments) == 0
    shown = capsys.readouterr().out
    assert "Would be read: 1 documents" in shown
    assert "Known already: 2, of these 1 failed." in shown
    assert {p: p.stat().st_mtime_ns for p in before} == before


@pytest.mark.parametrize("options", [(), ("--workers", "2")])
def test_namesakes_get_their_names_in_their_order(
    scans: Scans, run: Runner, tmp_path: Path, options: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    folders = []
    for number in range(4):
        folder = tmp_path / f"in{number}"
        folder.mkdir()
        (folder / "brief.pdf").write_bytes(b"%PDF-1.7 " + b"x" * number)
        folders.append(str(folder))
    assert main(["extract", *folders, "-o", str(run.out), "--workers", "1", *options]) == 0
    assert len(run.reports()) == 4
    with Workspace.open(run.out) as workspace:
        (first,) = [r for r in workspace.reports() if r.path == "brief.pdf.json"]
        import hashlib

        assert first.sha256 == hashlib.sha256(b"%PDF-1.7 ").hexdigest()


def test_the_first_death_is_forgiven_and_the_second_is_not(scans: Scans, run: Runner) -> None:
    folder = scans("a.pdf", "dies_once.pdf", "kill.pdf", "z.pdf")
    code, _, _ = run(folder, "--workers", "2")
    assert code == 1
    statuses = {name: r["status"] for name, r in run.reports().items()}
    assert statuses == {
        "a.pdf.json": "complete",
        "dies_once.pdf.json": "complete",
        "kill.pdf.json": "failed",
        "z.pdf.json": "complete",
    }
    assert run.reports()["kill.pdf.json"]["fingerprint"]
    assert run(folder, "--workers", "2") == (1, [], 4)


def test_a_process_that_stands_still_costs_its_document(scans: Scans, run: Runner) -> None:
    code, _, _ = run(scans("a.pdf", "stop.pdf", "y.pdf", "z.pdf"), "--workers", "2", "--time-limit", "3")
    assert code == 1
    failed = [r["issues"][0]["code"] for r in run.reports().values() if r["status"] == "failed"]
    assert failed == ["time_limit"]
    assert len(run.reports()) == 4


def test_a_document_that_wants_too_much_memory(scans: Scans, run: Runner) -> None:
    code, _, _ = run(scans("a.pdf", "hungry.pdf", "z.pdf"), "--workers", "2", "--memory-limit", "2500")
    assert code == 1
    failed = [r["issues"][0]["code"] for r in run.reports().values() if r["status"] == "failed"]
    assert failed == ["out_of_memory"]


def test_the_first_ctrl_c_finishes_what_was_begun(scans: Scans, tmp_path: Path) -> None:
    names = [f"pause{i}.pdf" for i in range(8)]
    folder = scans(*names)
    process = start(tmp_path, "extract", str(folder), "-o", str(tmp_path / "out"), "--workers", "2")
    assert until(lambda: len(list(folder.glob("*.begun"))) == 2)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "what was begun is finished" in errors
    begun = {p.with_suffix(".pdf.json").name for p in folder.glob("*.begun")}
    written = {p.name for p in (tmp_path / "out").glob("*.json")}
    assert begun == written
    assert 2 <= len(written) < 8
    assert main(["extract", str(folder), "-o", str(tmp_path / "out"), "--workers", "2"]) == 0
    assert len(list((tmp_path / "out").glob("*.json"))) == 8


def test_the_second_ctrl_c_stops_at_once(scans: Scans, tmp_path: Path) -> None:
    folder = scans("a.pdf", "slow1.pdf", "slow2.pdf")
    process = start(tmp_path, "extract", str(folder), "-o", str(tmp_path / "out"), "--workers", "2")
    assert until(lambda: len(list(folder.glob("*.begun"))) == 2)
    assert until((tmp_path / "out" / "a.pdf.json").exists)
    for _ in range(2):
        os.killpg(process.pid, signal.SIGINT)
        until(lambda: process.poll() is not None, 1)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130, errors
    assert re.search("interrupted; documents done: 1", errors)
    assert "Traceback" not in errors
    assert until(lambda: not living(process.pid))


def _alone(work: Path, folder: Path, *options: str) -> tuple[int, str]:
    """Exit code and standard error of a command in a process of its own, which gets 25 seconds."""
    process = start(work, "extract", str(folder), "-o", str(work / "out"), *options)
    try:
        _, errors = process.communicate(timeout=25)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    return process.returncode, errors


def test_the_last_document_left_may_kill_its_process(scans: Scans, tmp_path: Path) -> None:
    folder = scans("a.pdf", "kill.pdf")
    assert _alone(tmp_path, folder, "--workers", "2")[0] == 1
    for options in (("--retry-failed",), ()):
        code, errors = _alone(tmp_path, folder, *options)
        assert code == 1
        assert "failed: kill.pdf" in errors
    assert json.loads((tmp_path / "out" / "kill.pdf.json").read_text())["issues"][0]["code"] == "worker_died"


def test_a_lone_document_that_hangs_is_given_up(scans: Scans, tmp_path: Path) -> None:
    assert _alone(tmp_path, scans("slow.pdf"), "--time-limit", "2")[0] == 1
    assert json.loads((tmp_path / "out" / "slow.pdf.json").read_text())["issues"][0]["code"] == "time_limit"
