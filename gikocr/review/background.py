"""What need not be done before a reviewer gets an answer: reports recomputed after many decisions at once, JSON files written anew.

One thread does it, one report after the other. Nothing is lost with it: which reports are behind stands in the database.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable

from gikocr.errors import GikocrError
from gikocr.review.recompute import Recomputer
from gikocr.workspace import Workspace, recomputed

#: A JSON is written when nothing was decided on its report for so many seconds: reviewers settle many fields of one report in a row.
QUIET_SECONDS = 2.0


class Background:
    """The thread of one station."""

    def __init__(self, workspace: Workspace, recomputer: Recomputer) -> None:
        self._workspace = workspace
        self._recomputer = recomputer
        self._tasks: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._dirty: dict[int, float] = {}
        self._lock = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="gikocr-review", daemon=True)
        self._thread.start()
        self._tasks.put(self._catch_up)

    def write(self, report_id: int) -> None:
        """Write the JSON of a report when its reviewer has gone on."""
        with self._lock:
            self._dirty[report_id] = time.monotonic()

    def recompute(self, report_id: int) -> None:
        """Recompute a report, then write its JSON."""
        self._tasks.put(lambda: self._recompute(report_id))

    def do(self, task: Callable[[], None]) -> None:
        """Do something else that is worth nothing when it fails."""
        self._tasks.put(task)

    def close(self) -> None:
        """Do what is left, and end the thread."""
        if not self._closed:
            self._closed = True
            self._tasks.put(None)
            self._thread.join()
            self._write_those_older_than(0.0)

    def _run(self) -> None:
        while True:
            try:
                task = self._tasks.get(timeout=QUIET_SECONDS / 2)
            except queue.Empty:
                self._write_those_older_than(QUIET_SECONDS)
                continue
            if task is None:
                return
            # A failure here takes nothing away: the next start of a station finds what is behind and tries again.
            try:
                task()
            except GikocrError:
                continue

    def _catch_up(self) -> None:
        """What a station that was killed left undone."""
        with self._workspace.database.read() as connection:
            behind, unwritten = recomputed.stale(connection), recomputed.unwritten(connection)
        for report_id in behind:
            self.recompute(report_id)
        for report_id in unwritten:
            self.write(report_id)

    def _recompute(self, report_id: int) -> None:
        self._recomputer.recompute(report_id)
        self.write(report_id)

    def _write_those_older_than(self, seconds: float) -> None:
        now = time.monotonic()
        with self._lock:
            ready = [i for i, since in self._dirty.items() if now - since >= seconds]
            for report_id in ready:
                del self._dirty[report_id]
        for report_id in ready:
            try:
                self._write(report_id)
            except GikocrError:
                continue

    def _write(self, report_id: int) -> None:
        with self._workspace.database.read() as connection:
            known = recomputed.load(connection, [report_id]).get(report_id)
        self._workspace.write_json(report_id)
        if known is not None:
            with self._workspace.database.write() as connection:
                recomputed.mark_written(connection, report_id, known.decisions)
