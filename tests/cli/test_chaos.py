"""Runs that are killed. ``make chaos`` runs the long form; the short one is part of every test run.

The reader is a stub behind the real interface of the pipeline; processes, database and files are real.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gikocr.report import Report, equal
from gikocr.workspace import Workspace
from tests.cli.commands import living, start, until
from tests.servers import running_server

SEED = 20261125
LONG = pytest.mark.slow


def folder_of_scans(folder: Path, count: int) -> Path:
    folder.mkdir()
    for number in range(count):
        kind = ("brief", "brief-doubt", "brief-bad")[number % 3]
        (folder / f"{kind}{number:03}.pdf").write_bytes(b"%PDF-1.7 " + str(number).encode())
    return folder


def command(work: Path, scans: Path, out: Path, *options: str) -> subprocess.Popen[str]:
    return start(work, "extract", str(scans), "-o", str(out), "--workers", "2", *options)


def finish(work: Path, scans: Path, out: Path, *options: str) -> tuple[int, str]:
    process = command(work, scans, out, *options)
    _, errors = process.communicate(timeout=300)
    assert until(lambda: not living(process.pid))
    return process.returncode, errors


def reports(out: Path) -> dict[str, Report]:
    return {p.name: Report.from_json(p.read_bytes()) for p in sorted(out.glob("*.json"))}


def assert_same(one: Path, other: Path, database: str | None = None) -> None:
    """Both runs gave the same reports, and each workspace holds each document once."""
    first, second = reports(one), reports(other)
    assert first.keys() == second.keys()
    assert [name for name in first if not equal(first[name], second[name])] == []
    for out, url in ((one, None), (other, database)):
        with Workspace.open(out, database=url) as workspace:
            stored = [(r.path, report) for r, report in workspace.full_reports()]
        assert len(stored) == len(first)
        assert all(equal(first[path], report) for path, report in stored)
    assert not list(other.rglob(".writing-*")), "half-written files were left behind"


@pytest.mark.parametrize(("documents", "kills"), [(24, 3), pytest.param(60, 20, marks=LONG)], ids=["short", "long"])
def test_the_whole_run_is_killed_again_and_again(tmp_path: Path, documents: int, kills: int) -> None:
    scans = folder_of_scans(tmp_path / "scans", documents)
    assert finish(tmp_path, scans, tmp_path / "calm")[0] == 1
    random_moments = random.Random(SEED)
    out = tmp_path / "killed"
    hits = 0
    for _ in range(kills):
        before = len(list(out.glob("*.json")))
        process = command(tmp_path, scans, out)
        # Starting takes seconds in which nothing can be lost: the moments are counted from the first new report on.
        assert until(lambda p=process, n=before: len(list(out.glob("*.json"))) > n or p.poll() is not None)  # type: ignore[misc]
        time.sleep(random_moments.uniform(0.0, 0.02 * documents / kills))
        hits += process.poll() is None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL) if random_moments.random() < 0.5 else process.kill()
        process.communicate(timeout=30)
        assert until(lambda group=process.pid: not living(group)), "workers outlived the run"  # type: ignore[misc]
    assert hits > kills / 2, "most runs ended before they were killed"
    assert finish(tmp_path, scans, out)[0] == 1
    assert_same(tmp_path / "calm", out)


@pytest.mark.parametrize(("documents", "blows"), [(12, 2), pytest.param(60, 10, marks=LONG)], ids=["short", "long"])
@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGSTOP])
def test_children_are_killed_or_stopped(tmp_path: Path, documents: int, blows: int, blow: signal.Signals) -> None:
    scans = folder_of_scans(tmp_path / "scans", documents)
    assert finish(tmp_path, scans, tmp_path / "calm")[0] == 1
    random_victims = random.Random(SEED)
    out = tmp_path / "beaten"
    process = command(tmp_path, scans, out, "--time-limit", "4")
    assert until(lambda: len(list(out.glob("*.json"))) >= 2)
    for _ in range(blows):
        children = workers_of(process.pid)
        if children and process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(random_victims.choice(children), blow)
        time.sleep(0.8)
    process.communicate(timeout=300)
    assert process.returncode == 1
    assert len(reports(out)) == documents
    # Whoever lost two processes, or its time, is set aside; when it is asked for again all is well.
    set_aside = [n for n, r in reports(out).items() if r.issues and r.issues[0].code in ("worker_died", "time_limit")]
    assert len(set_aside) <= blows
    assert finish(tmp_path, scans, out, "--retry-failed")[0] == 1
    assert_same(tmp_path / "calm", out)


def workers_of(parent: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            if int(fields[1]) == parent and b"spawn_main" in (path.parent / "cmdline").read_bytes():
                found.append(int(path.parent.name))
    return found


def test_a_document_that_kills_its_process(tmp_path: Path) -> None:
    scans = folder_of_scans(tmp_path / "scans", 6)
    (scans / "kill.pdf").write_bytes(b"%PDF-1.7 poison")
    code, errors = finish(tmp_path, scans, tmp_path / "out")
    assert code == 1
    assert "failed: kill.pdf" in errors
    found = reports(tmp_path / "out")
    assert [n for n, r in found.items() if r.issues and r.issues[0].code == "worker_died"] == ["kill.pdf.json"]
    assert len(found) == 7


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A small file system."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no small disk can be made here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=False)


def test_a_full_disk_loses_nothing(tmp_path: Path, small_disk: Path) -> None:
    scans = folder_of_scans(tmp_path / "scans", 30)
    assert finish(tmp_path, scans, tmp_path / "calm")[0] == 1
    out = small_disk / "out"
    ballast = small_disk / "ballast"
    process = command(tmp_path, scans, out)
    assert until(lambda: len(list(out.glob("*.json"))) >= 3)
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(b"\0" * 4096)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 4, errors
    assert "full" in errors
    assert "Traceback" not in errors
    before = {name: report.status for name, report in reports(out).items()}
    assert len(before) >= 3
    ballast.unlink()
    code, errors = finish(tmp_path, scans, out)
    assert code == 1, errors
    assert_same(tmp_path / "calm", out)
    assert before.items() <= {name: report.status for name, report in reports(out).items()}.items()


def test_a_folder_that_may_only_be_read(tmp_path: Path) -> None:
    scans = folder_of_scans(tmp_path / "scans", 2)
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(disk)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no read-only disk can be made here: {mounted.stderr.strip()}")
    try:
        code, errors = finish(tmp_path, scans, disk / "out")
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=False)
    assert code == 4
    assert "read-only" in errors.lower()
    assert "Traceback" not in errors


@pytest.mark.parametrize("damage", ["head", "middle", "no database"])
def test_a_corrupt_database_is_recognised_and_named(tmp_path: Path, damage: str) -> None:
    scans = folder_of_scans(tmp_path / "scans", 6)
    out = tmp_path / "out"
    assert finish(tmp_path, scans, out)[0] == 1
    shutil.copytree(out, tmp_path / "calm")
    file = out / "gikocr.db"
    content = bytearray(file.read_bytes())
    if damage == "head":
        content[:16] = b"\0" * 16
    elif damage == "middle":
        content[4096 * 3 : 4096 * 8] = os.urandom(4096 * 5)
    else:
        content = bytearray(b"not a database at all" * 1000)
    file.write_bytes(content)
    code, errors = finish(tmp_path, scans, out)
    assert code == 4, errors
    assert str(file) in errors
    assert "is damaged" in errors
    assert "Traceback" not in errors
    assert len(reports(out)) == 6
    # What the message advises works.
    for part in out.glob("gikocr.db*"):
        part.unlink()
    assert finish(tmp_path, scans, out)[0] == 1
    assert_same(tmp_path / "calm", out)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """A database for a workspace: SQLite in its folder, or a real server's."""
    if request.param == "sqlite":
        yield None
        return
    with running_server() as server, server.database() as url:
        yield url


@pytest.mark.parametrize("second", ["same", "other half"])
def test_two_runs_on_one_workspace(tmp_path: Path, second: str, database: str | None) -> None:
    scans = folder_of_scans(tmp_path / "scans", 20)
    assert finish(tmp_path, scans, tmp_path / "calm")[0] == 1
    out = tmp_path / "out"
    options = ([], []) if second == "same" else (["--shard", "1/2"], ["--shard", "2/2"])
    server = [] if database is None else ["--database", database]
    if database is not None:
        Workspace.open(out, database=database, migrate_server=True).close()
    runs = [command(tmp_path, scans, out, *o, *server) for o in options]
    for run in runs:
        shown, errors = run.communicate(timeout=300)
        assert run.returncode == 1, shown + errors
        assert "Traceback" not in errors
    assert_same(tmp_path / "calm", out, database)
