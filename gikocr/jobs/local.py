"""Jobs without a queue server: one process takes them straight from the table of its workspace.

For a service on one machine with SQLite. What was being read when the process ended waits again when the next one starts.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import threading
import time
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa

from gikocr.errors import WorkspaceError
from gikocr.jobs.children import Children, Recipe
from gikocr.jobs.execution import Execution
from gikocr.workspace.atomic import unusable

if TYPE_CHECKING:
    from gikocr.errors import GikocrError
    from gikocr.workspace import Workspace

_log = logging.getLogger(__name__)

#: Seconds between two looks at the table where nothing is announced: for jobs that another process wrote, such as ``gikocr jobs``.
LOOK_EVERY = 1.0


class LocalPool:
    """Reading processes fed by threads of this process. Only one may be there for a workspace at a time.

    Attributes:
        broken: what is lacking for reading, so that documents wait for it; None while all is well.
    """

    def __init__(self, workspace: Workspace, recipe: Recipe, slots: int) -> None:
        self.name = uuid.uuid4().hex
        self._workspace, self._slots = workspace, slots
        self._children = Children(recipe, slots)
        self._execution = Execution(workspace, self._children, worker=self.name, enqueue=self.enqueue)
        self._new = threading.Condition()
        self._over = False
        self.broken: GikocrError | None = None
        self._threads = [threading.Thread(target=self._work, name=f"slot-{n}", daemon=True) for n in range(slots)]
        self._threads.append(threading.Thread(target=self._keep_books, name="books", daemon=True))
        self._locked = contextlib.ExitStack()
        self._started = False

    def start(self) -> None:
        """Take back what an earlier process had begun, and begin to read.

        Raises:
            WorkspaceError: another process reads here, or the database or folder cannot be used.
        """
        self._lock()
        self._started = True
        self._workspace.jobs.take_back_all()
        self._workspace.workers.register(self.name, device="cpu", slots=self._slots)
        for thread in self._threads:
            thread.start()

    def _lock(self) -> None:
        """What is being read would be taken from another pool otherwise. The system lets go of it when this process ends."""
        path = self._workspace.folder.out / ".gikocr" / "pool.lock"
        try:
            file = self._locked.enter_context(path.open("a"))
        except OSError as error:
            raise unusable(path, "write", error) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._locked.close()
            raise WorkspaceError(
                "Another gikocr serve reads the documents of this workspace already.", advice="Use that one, or end it."
            ) from error

    def enqueue(self, connection: sa.Connection, jobs: Sequence[tuple[int, int]]) -> None:
        """Wake a thread for jobs that are being recorded; who looks too early looks again."""
        with self._new:
            self._new.notify(len(jobs))

    def stop(self, seconds: float = 10.0) -> None:
        """Begin nothing more; what is not done after some seconds is given back."""
        if not self._started:
            return
        with self._new:
            self._over = True
            self._execution.no_more.set()
            self._new.notify_all()
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        self._execution.stopping.set()
        self._children.end()
        for thread in self._threads:
            thread.join(10.0)
        with contextlib.suppress(WorkspaceError):
            self._workspace.workers.stop(self.name)
        self._locked.close()

    def _work(self) -> None:
        while not self._over:
            try:
                found, lack = self._execution.run_next()
                if found:
                    # Nobody else reads here, so what is lacking is waited for, whatever it is.
                    self.broken = lack
                    self._execution.rest(lack)
                    continue
            except WorkspaceError:
                # The database is locked or the disk is full: the job is found in no one's hands and given back.
                time.sleep(LOOK_EVERY)
            except Exception:
                # The slot must go on; the job is given back as above, a limited number of times.
                _log.exception("An error in gikocr, or a job of another version.")
                time.sleep(LOOK_EVERY)
            with self._new:
                if not self._over:
                    self._new.wait(LOOK_EVERY)

    def _keep_books(self) -> None:
        missing: set[tuple[int, int]] = set()
        while not self._over:
            time.sleep(LOOK_EVERY)
            with contextlib.suppress(WorkspaceError):
                missing = self._execution.look(missing)
                self._execution.write_down()
                self._workspace.workers.beat(self.name)
