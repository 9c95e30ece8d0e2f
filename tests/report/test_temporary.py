"""Half-written files: those of dead processes go, those of living ones stay."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gikocr.errors import WorkspaceError
from gikocr.export.files import write_csv
from gikocr.export.tables import Column, Sheet
from gikocr.report.temporary import GIVEN_UP, sweep, temporary_prefix
from gikocr.workspace import Workspace
from gikocr.workspace.atomic import temporaries, write_file

#: Writes with the named function, and is killed when the half-written file is there.
_KILLED = """
import os, signal, sys
from pathlib import Path
from gikocr.export.files import write_csv
from gikocr.export.tables import Column, Sheet
from gikocr.workspace import Workspace
import gikocr.workspace.atomic as atomic

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def rows():
    yield ("1",)
    die()

out = Path(sys.argv[2])
with Workspace.open(out) as workspace:
    if sys.argv[1] == "report":
        os.fsync = die
        workspace.folder.write(out / "a" / "b.json", b"{}")
    elif sys.argv[1] == "blob":
        workspace.blobs.add(block for (text,) in rows() for block in [text.encode()])
    else:
        write_csv(Sheet("n", "n", (Column("n", "n"),), rows()), out / "exports")
"""


def half_written(folder: Path) -> list[Path]:
    return list(folder.rglob(".writing-*"))


@pytest.mark.parametrize("kind", ["report", "blob", "export"])
def test_what_a_killed_process_left_is_swept(tmp_path: Path, kind: str) -> None:
    out = tmp_path / "out"
    out.mkdir()
    killed = subprocess.run([sys.executable, "-c", _KILLED, kind, str(out)], check=False, timeout=60)
    assert killed.returncode == -signal.SIGKILL
    assert len(half_written(out)) == 1
    with Workspace.open(out):
        pass
    if kind == "export":
        write_csv(Sheet("n", "n", (Column("n", "n"),), [("1",)]), out / "exports")
    assert not half_written(out)


def test_what_a_living_process_writes_stays(tmp_path: Path) -> None:
    mine = tmp_path / f"{temporary_prefix()}x"
    foreign = tmp_path / ".writing-00000000-1-x"
    user = tmp_path / ".writing-my-novel"
    for path in (mine, foreign, user):
        path.touch()
    assert sweep(tmp_path) == 0
    old = time.time() - GIVEN_UP - 1
    for path in (mine, foreign, user):
        os.utime(path, (old, old))
    assert sweep(tmp_path) == 2
    assert user.exists()
    assert sweep(tmp_path / "not there") == 0


def test_half_written_files_of_a_workspace_stand_in_one_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Path] = []
    monkeypatch.setattr("os.fsync", lambda handle: seen.append(Path(f"/proc/self/fd/{handle}").readlink()))
    with Workspace.open(tmp_path / "out") as workspace:
        workspace.folder.write(tmp_path / "out" / "a" / "b.json", b"{}")
        workspace.blobs.add([b"1"])
    files = [path for path in seen if ".writing-" in path.name]
    assert {path.parent for path in files} == {temporaries(tmp_path / "out")}
    assert len(files) == 2
    assert (tmp_path / "out" / "a" / "b.json").read_bytes() == b"{}"


def test_another_file_system_is_no_obstacle(tmp_path: Path) -> None:
    shared_memory = Path("/dev/shm")
    if not os.access(shared_memory, os.W_OK) or shared_memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is one file system only")
    other = shared_memory / f"gikocr-test-{os.getpid()}"
    try:
        write_file(other / "a.json", b"{}", by=tmp_path)
        assert (other / "a.json").read_bytes() == b"{}"
        assert not half_written(other)
    finally:
        for path in other.glob("*"):
            path.unlink()
        other.rmdir()


def test_a_folder_of_temporaries_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WorkspaceError, match="Cannot write"):
        write_file(tmp_path / "a.json", b"{}", by=tmp_path / "file" / "tmp")
