"""Running the command with the fake pipeline in a process of its own, to be killed."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

_PROGRAM = """
import sys
sys.path.insert(0, {folder!r})
import fake_pipeline, gikocr.cli.extraction, gikocr.cli.serving, gikocr.cli.working
for module in (gikocr.cli.extraction, gikocr.cli.serving, gikocr.cli.working):
    module.drawing_pipeline = fake_pipeline.FakePipeline
from gikocr.cli.main import main
if __name__ == '__main__':
    sys.exit(main())
"""


def start(work: Path, *arguments: str, log: Path | None = None) -> subprocess.Popen[str]:
    """Start ``gikocr`` with the arguments in a process group of its own; ``log`` takes what it writes, else pipes do."""
    # A name of its own: a second command must not rewrite the file that the first is just about to read.
    script = work / f"command-{uuid.uuid4().hex}.py"
    script.write_text(_PROGRAM.format(folder=str(Path(__file__).parent)))
    command = [sys.executable, str(script), *arguments]
    if log is None:
        return subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, text=True
        )
    with log.open("a") as file:
        return subprocess.Popen(command, stdout=file, stderr=file, start_new_session=True, text=True)


def living(group: int) -> list[int]:
    """The processes of a group that have not ended; zombies have."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, process_group = path.read_text().rpartition(")")[2].split()[:3]
            if int(process_group) == group and state != "Z":
                found.append(int(path.parent.name))
    return found


def until(condition: Callable[[], bool], seconds: float = 30) -> bool:
    """Wait until something is so; False when it is not in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return condition()
