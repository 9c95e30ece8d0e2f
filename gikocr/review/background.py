"""What need not be done before a reviewer gets an answer: reports recomputed, pictures drawn ahead, JSON files written anew.

Two threads do it, one for reports and one for pictures, at a lower priority than those that answer: the browser that waits for the next
cell often runs on the same machine. Nothing is lost with them: which reports are behind stands in the database.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from gikocr.review.recompute import Recomputer
from gikocr.workspace import Workspace, recomputed

#: A JSON is written when nothing was decided on its report for so many seconds: reviewers settle many fields of one report in a row.
QUIET_SECONDS = 2.0

#: Added to the thread's nice value (Linux): it gets what the others leave, and still a share where they leave nothing.
NICER = 10

#: Fields that were let go lately and are still told of; who asks later finds them gone in the queue.
TOLD = 2000

_log = logging.getLogger(__name__)

_Found = TypeVar("_Found")


@dataclass(frozen=True, slots=True)
class LetGo:
    """Fields, by report and id, that wait no longer because of what was decided on others. ``number``: to ask for later ones."""

    number: int
    fields: tuple[tuple[int, str], ...]


class Background:
    """The threads of one station."""

    def __init__(self, workspace: Workspace, recomputer: Recomputer) -> None:
        self._workspace = workspace
        self._recomputer = recomputer
        # Reports to recompute, in the order in which they were named; what is named twice meanwhile is done once.
        self._behind: dict[int, None] = {}
        self._ahead = ThreadPoolExecutor(1, "gikocr-ahead", _step_back)
        self._dirty: dict[int, float] = {}
        self._let_go: deque[tuple[int, str]] = deque(maxlen=TOLD)
        self._number = 0
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="gikocr-review", daemon=True)
        self._thread.start()

    def write(self, report_id: int) -> None:
        """Write the JSON of a report when its reviewer has gone on."""
        with self._changed:
            self._dirty[report_id] = time.monotonic()

    def recompute(self, report_ids: Iterable[int]) -> None:
        """Recompute reports, then write their JSON."""
        with self._changed:
            self._behind |= dict.fromkeys(report_ids)
            self._changed.notify()

    def do(self, task: Callable[[], _Found]) -> Future[_Found]:
        """Do something else that is worth little: it is given up when the station is closed before it comes to it."""
        return self._ahead.submit(task)

    def let_go(self, since: int | None) -> LetGo:
        """The fields that were let go since an earlier answer; None: none of them, only the number to ask with."""
        with self._changed:
            new = 0 if since is None else max(0, min(self._number - since, len(self._let_go)))
            return LetGo(self._number, tuple(self._let_go)[len(self._let_go) - new :])

    def close(self) -> None:
        """Do what is left, and end the thread."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
            self._changed.notify()
        self._ahead.shutdown(wait=True, cancel_futures=True)
        self._thread.join()
        self._write_those_older_than(0.0)

    def _run(self) -> None:
        _step_back()
        self._try(self._catch_up)
        while True:
            with self._changed:
                if not (self._behind or self._closed):
                    self._changed.wait(QUIET_SECONDS / 2)
                report_id = next(iter(self._behind), None)
                if report_id is not None:
                    del self._behind[report_id]
                elif self._closed:
                    return
            if report_id is not None:
                self._try(partial(self._recompute, report_id))
            else:
                self._write_those_older_than(QUIET_SECONDS)

    def _try(self, task: Callable[[], object]) -> None:
        # A failure here takes nothing away: the next start of a station finds what is behind and tries again. Whatever went wrong, what
        # comes after it must be done: without this thread no JSON would be written any more.
        try:
            task()
        except Exception as error:
            _log.warning("Left undone in the background: %s", error, exc_info=not self._closed)

    def _catch_up(self) -> None:
        """What a station that was killed left undone."""
        with self._workspace.database.read() as connection:
            behind, unwritten = recomputed.stale(connection), recomputed.unwritten(connection)
        self.recompute(behind)
        for report_id in unwritten:
            self.write(report_id)

    def _recompute(self, report_id: int) -> None:
        _, changed = self._recomputer.recompute(report_id)
        # Not those that never waited: they may be asked about as part of the random sample.
        gone = [(report_id, change.field_id) for change in changed if change.waited and not change.waiting]
        with self._changed:
            self._let_go.extend(gone)
            self._number += len(gone)
        self.write(report_id)

    def _write_those_older_than(self, seconds: float) -> None:
        now = time.monotonic()
        with self._changed:
            ready = [i for i, since in self._dirty.items() if now - since >= seconds]
            for report_id in ready:
                del self._dirty[report_id]
        for report_id in ready:
            self._try(partial(self._write, report_id))

    def _write(self, report_id: int) -> None:
        with self._workspace.database.read() as connection:
            known = recomputed.load(connection, [report_id]).get(report_id)
        self._workspace.write_json(report_id)
        if known is not None:
            with self._workspace.database.write() as connection:
                recomputed.mark_written(connection, report_id, known.decisions)


def _step_back() -> None:
    """Lower the priority of this thread. Elsewhere than on Linux that would be the whole process's, or nobody's."""
    if sys.platform == "linux":
        thread = threading.get_native_id()
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, thread, min(19, os.getpriority(os.PRIO_PROCESS, thread) + NICER))
