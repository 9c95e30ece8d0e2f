"""What only reads needs no right to write: not in the folder, and not in the database."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gikocr.cli.main import main
from gikocr.errors import WorkspaceError
from gikocr.workspace import NewReport, Workspace
from tests.workspace.reports import FORM, PERSON, make_field, make_input, make_report


def fill(out: Path, scans: Path) -> None:
    with Workspace.open(out) as workspace:
        item = make_input(scans, "a.pdf", "a")
        workspace.record(
            item, [NewReport(make_report(item, [make_field(PERSON, 21, 0.5)]))], fingerprint="f", form=FORM
        )


@pytest.fixture
def sealed(tmp_path: Path) -> Iterator[Path]:
    """A workspace on a file system that is mounted read-only."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(disk)], capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        fill(disk / "out", tmp_path / "scans")
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        yield disk / "out"
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=False)


def test_commands_that_read(sealed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scans = str(tmp_path / "scans")
    for arguments in (
        ["status", str(sealed)],
        ["show", "-w", str(sealed), "a.pdf"],
        ["compare", "-w", str(sealed), "a.pdf", "a.pdf"],
        ["export", str(sealed), "--format", "csv", "-o", str(tmp_path / "tables")],
        ["report", str(sealed), "-o", str(tmp_path / "report.html")],
        ["extract", scans, "-o", str(sealed), "--dry-run"],
    ):
        assert main(arguments) == 0, capsys.readouterr().err
    assert len((tmp_path / "tables" / "fields.csv").read_text().splitlines()) == 2
    assert (tmp_path / "report.html").exists()
    assert "Reports: 1" in capsys.readouterr().out
    assert main(["export", str(sealed), "--format", "csv"]) == 4
    assert main(["extract", scans, "-o", str(sealed)]) == 4
    assert "Traceback" not in capsys.readouterr().err


def test_nothing_is_written(tmp_path: Path) -> None:
    out = tmp_path / "out"
    fill(out, tmp_path / "scans")
    before = {p: p.stat().st_mtime_ns for p in out.rglob("*") if not p.name.endswith(("-wal", "-shm"))}
    with Workspace.open(out, read_only=True) as workspace:
        (report,) = workspace.reports()
        with pytest.raises(WorkspaceError, match="cannot be written"):
            workspace.reviews.settle(report.id, PERSON, version=0, value=1, state="read", kind="correct", by="李")
        # Who writes is not disturbed, and is seen.
        with Workspace.open(out) as other:
            item = make_input(tmp_path / "scans", "b.pdf", "b")
            other.record(item, [NewReport(make_report(item, []))], fingerprint="f", form=FORM)
            assert len(list(workspace.reports())) == 2
    assert {p: p.stat().st_mtime_ns for p in before if p.is_file() and p.name != "gikocr.db"} == {
        p: t for p, t in before.items() if p.is_file() and p.name != "gikocr.db"
    }


@pytest.mark.parametrize(("revision", "words"), [("0001", "older gikocr"), ("9999", "newer gikocr")])
def test_another_version_says_so_and_is_left_alone(tmp_path: Path, revision: str, words: str) -> None:
    out = tmp_path / "out"
    fill(out, tmp_path / "scans")
    with Workspace.open(out) as workspace, workspace.database.write() as connection:
        connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{revision}'")
    with pytest.raises(WorkspaceError, match=words):
        Workspace.open(out, read_only=True)
    assert not list(out.glob("*.backup-*"))


def test_there_must_be_a_workspace(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="no workspace"):
        Workspace.open(tmp_path, read_only=True)
    (tmp_path / "gikocr.db").touch()
    with pytest.raises(WorkspaceError, match="holds no workspace"):
        Workspace.open(tmp_path, read_only=True)
    assert [p.name for p in tmp_path.iterdir() if not p.name.endswith(("-wal", "-shm"))] == ["gikocr.db"]
