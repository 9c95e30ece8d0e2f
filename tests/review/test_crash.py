"""A program that decides is killed in the middle of a burst, and its client sends again what was not answered."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gikocr.review import Station
from gikocr.settings import Settings
from gikocr.workspace import Selection, Workspace
from tests.review.documents import VALUES

BURST = [f for f in VALUES if f.startswith("requests.")][:50]

#: Decides the fields of a report one after the other, and says each time that it was answered.
CLIENT = """
import sys
from pathlib import Path
from gikocr.review import Station
from gikocr.settings import Settings
from gikocr.workspace import Workspace
out, url, ids = Path(sys.argv[1]), sys.argv[2] or None, sys.argv[3].split(",")
with Workspace.open(out, database=url) as workspace:
    station = Station(workspace, Settings())
    print("ready", flush=True)
    for k, field_id in enumerate(ids):
        station.settle("李", 1, field_id, version=0, value=7 + k, state="read", request=f"r{k}", seconds=1.0)
        print(field_id, flush=True)
    station.close()
"""


def start(out: Path, url: str | None) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", CLIENT, str(out), url or "", ",".join(BURST)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])


@pytest.mark.parametrize("answered", [1, 17])
def test_a_burst_that_is_killed_and_sent_again_is_decided_once(
    made: Callable[[], Workspace], tmp_path: Path, database: str | None, answered: int
) -> None:
    made()
    process = start(tmp_path / "out", database)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    seen = [process.stdout.readline().strip() for _ in range(answered)]
    # Somewhere within the next decision.
    time.sleep(0.01 * answered % 0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait(timeout=60)
    seen += [line.strip() for line in process.stdout]
    workspace = made()
    kept = {d.field_id for d in workspace.reviews.decisions()}
    assert set(seen) <= kept <= set(BURST)
    assert len(kept) < len(BURST)
    again = start(tmp_path / "out", database)
    out, _ = again.communicate(timeout=300)
    assert out.split() == ["ready", *BURST]
    log = list(workspace.reviews.decisions())
    assert sorted(d.field_id for d in log) == sorted(BURST)
    assert {d.version for d in log} == {1}
    fields = {f.field_id: f for f in workspace.fields(Selection(report_ids=(1,)))}
    for k, field_id in enumerate(BURST):
        decided = fields[field_id].decided
        assert decided is not None and decided.value == 7 + k
    # What the killed one left half done was made good: the same as if it had never been killed.
    with Station(workspace, Settings()) as station:
        station._recomputer.recompute(1)
    assert {f.field_id: f for f in workspace.fields(Selection(report_ids=(1,)))} == fields
