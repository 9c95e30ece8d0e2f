"""The process beside a worker: it gives the worker's signs of life, and brings back what dead workers held.

A process of its own, since a long native call in the worker holds Python's lock, and a thread there would fall silent with it. It
looks at its parent before each sign: a worker that was stopped (SIGSTOP, a debugger) or is gone gives none.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gikocr.errors import WorkspaceError
from gikocr.ingest.isolation import die_with_parent
from gikocr.jobs.queue import Queue
from gikocr.jobs.reaper import REAP_EVERY, SEARCH_EVERY, reap
from gikocr.workspace.database import Database
from gikocr.workspace.workers import Workers

if TYPE_CHECKING:
    from multiprocessing.sharedctypes import Synchronized

#: Seconds between two signs; :data:`gikocr.workspace.workers.SILENT` is several times that.
BEAT_EVERY = 2.0

#: Seconds without a step of the worker's own loop after which it is ended, so that whoever supervises it starts a new one.
HANGS_AFTER = 600.0


class Heartbeat:
    """Starts the process, and ends it."""

    def __init__(self, out: Path, url: str, worker: str) -> None:
        context = get_context("spawn")
        self._step: Synchronized[float] = context.Value("d", time.monotonic())
        self._process = context.Process(
            target=_beat, args=(out, url, worker, os.getpid(), self._step), name="heartbeat", daemon=True
        )
        self._process.start()

    def step(self) -> None:
        """Note that the worker's own loop goes round."""
        self._step.value = time.monotonic()

    def is_alive(self) -> bool:
        """Whether the process is there."""
        return self._process.is_alive()

    def end(self) -> None:
        """End it."""
        self._process.kill()
        self._process.join(10)


def _beat(out: Path, url: str, worker: str, parent: int, step: Any) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    die_with_parent()
    database: Database | None = None
    queue: Queue | None = None
    reaped = searched = 0.0
    while os.getppid() == parent:
        started = time.monotonic()
        if not is_stopped(parent):
            if started - step.value > HANGS_AFTER:
                os.kill(parent, signal.SIGKILL)
            try:
                if database is None or queue is None:
                    database = Database(out, url, must_exist=True)
                    queue = Queue(database)
                Workers(database).beat(worker)
                if started - reaped >= REAP_EVERY:
                    search = started - searched >= SEARCH_EVERY
                    reap(database, queue, search=search)
                    reaped, searched = started, started if search else searched
            except WorkspaceError:
                # The server is away. Silence does not count while it is.
                time.sleep(1.0)
        time.sleep(max(0.1, BEAT_EVERY - (time.monotonic() - started)))


def is_stopped(process: int) -> bool:
    """Whether a process exists but was stopped, by a signal or a debugger."""
    with contextlib.suppress(OSError, IndexError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] in ("T", "t")
    return False
