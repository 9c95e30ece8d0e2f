"""A worker: takes documents from the queue, has them read by its processes, and keeps what came of it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gikocr.errors import Exhausted, WorkspaceError
from gikocr.jobs.children import Children, Recipe, resident_mib
from gikocr.jobs.execution import Execution
from gikocr.jobs.heartbeat import Heartbeat
from gikocr.jobs.queue import QUEUE, TASK, Queue, make_app
from gikocr.jobs.turns import NotNow

if TYPE_CHECKING:
    import procrastinate

    from gikocr.errors import GikocrError
    from gikocr.jobs.batching import Batches
    from gikocr.workspace import Workspace

#: Seconds between two looks at the table: for jobs that were cancelled, and to write down what was done.
LOOK_EVERY = 2.0

#: What was done is written down at every so many looks.
LOOKS_TO_WRITE = 3

#: Seconds between two looks at the queue where nothing is announced.
POLL_EVERY = 2.0

#: Seconds after which the queue's own record of a worker is cleared away. Whether a worker lives is told by its heartbeat process.
QUEUE_FORGETS_AFTER = 3600.0

#: Seconds of pause before the queue is asked again after its server was away.
PAUSE = 1.0


@dataclass(frozen=True, slots=True)
class Station:
    """How a worker works.

    Attributes:
        url: of the PostgreSQL database.
        device: as it is shown: ``cpu`` or ``cuda:0``.
        slots: documents that are read at the same time, each in a process of its own.
        recipe: how these processes are made.
        drain: end when no job waits, instead of waiting for the next.
        growth: MiB by which the worker's own process may grow before it stops for a new one; 0: any.
    """

    url: str
    device: str
    slots: int
    recipe: Recipe
    drain: bool = False
    growth: int = 0


def _later() -> procrastinate.BaseRetryStrategy:
    """Entries whose job cannot be begun now stay in the queue with their priority, for any worker; no slot waits for them."""
    import procrastinate

    class Later(procrastinate.BaseRetryStrategy):
        def get_retry_decision(
            self, *, exception: BaseException, job: procrastinate.jobs.Job
        ) -> procrastinate.RetryDecision | None:
            return procrastinate.RetryDecision(retry_at=exception.at) if isinstance(exception, NotNow) else None

    return Later()


class Worker:
    """Works on one workspace until it is told to stop.

    Attributes:
        broken: why nothing can be read here, so that it stopped; None while all is well.
    """

    def __init__(
        self, workspace: Workspace, station: Station, say: Callable[[str], None], batches: Batches | None = None
    ) -> None:
        """Get ready.

        Args:
            workspace: on PostgreSQL.
            station: how to work.
            say: told of what whoever watches should know.
            batches: the networks that the reading processes share; None: each has its own.

        Raises:
            WorkspaceError: there is no queue.
            DependencyMissing: Procrastinate is not installed.
        """
        self.name = uuid.uuid4().hex
        self._workspace, self._station, self._say, self._batches = workspace, station, say, batches
        self._queue = Queue(workspace.database)
        self._children = Children(station.recipe, station.slots, None if batches is None else batches.answer)
        self._execution = Execution(workspace, self._children, worker=self.name, enqueue=self._queue.enqueue)
        self._stop = threading.Event()
        self._over = threading.Event()
        self._at_once = False
        self.broken: GikocrError | None = None

    def stop(self) -> None:
        """Begin no further document; what was begun is finished. A second time: give it back and end."""
        if self._stop.is_set():
            self._at_once = True
            self._execution.stopping.set()
            self._children.end()
        self._end()

    def _end(self) -> None:
        self._stop.set()
        self._execution.no_more.set()

    def run(self) -> None:
        """Work until :meth:`stop`, or until nothing waits when draining.

        Raises:
            WorkspaceError: the database did not answer when the worker registered.
        """
        self._workspace.workers.register(self.name, device=self._station.device, slots=self._station.slots)
        heartbeat = Heartbeat(self._workspace.folder.out, self._station.url, self.name)
        books = threading.Thread(target=self._keep_books, args=(heartbeat,), name="books", daemon=True)
        books.start()
        # What goes wrong there shows here as a worker that is started again, or as a job that waits again.
        logging.getLogger("procrastinate").setLevel(logging.CRITICAL)
        logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)
        try:
            while not self._stop.is_set():
                try:
                    asyncio.run(self._serve())
                    if self._station.drain and not self._queue.depth().get("todo"):
                        break
                except Exception as error:
                    self._say(f"the queue is away ({type(error).__name__}: {error}); trying again")
                if not self._stop.is_set():
                    time.sleep(PAUSE)
        finally:
            self._over.set()
            self._children.end()
            books.join(30)
            with contextlib.suppress(WorkspaceError):
                self._write_down()
                self._workspace.workers.stop(self.name)
            heartbeat.end()

    async def _serve(self) -> None:
        app = make_app(self._station.url)
        app.task(name=TASK, queue=QUEUE, retry=_later())(self._read)
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(self._station.slots + 2, thread_name_prefix="slot"))
        async with app.open_async():
            work = asyncio.create_task(
                app.run_worker_async(
                    queues=[QUEUE],
                    name=self.name,
                    concurrency=self._station.slots,
                    wait=not self._station.drain,
                    fetch_job_polling_interval=POLL_EVERY,
                    stalled_worker_timeout=QUEUE_FORGETS_AFTER,
                    delete_jobs="successful",
                    install_signal_handlers=False,
                )
            )
            while not work.done() and not self._stop.is_set():
                await asyncio.wait({work}, timeout=0.5)
            if not work.done():
                work.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await work

    def _read(self, job: int) -> None:
        if self._stop.is_set() and self._at_once:
            raise WorkspaceError("The worker stops.")
        lack = self._execution.run(job)
        if lack is not None and not isinstance(lack, Exhausted):
            self.broken = lack
            self._end()
        self._execution.rest(lack)

    def _keep_books(self, heartbeat: Heartbeat) -> None:
        """Look for jobs that were cancelled or lost, write down what was done, and watch the own memory."""
        missing: set[tuple[int, int]] = set()
        first_size = looks = 0
        while not self._over.wait(LOOK_EVERY):
            heartbeat.step()
            if not heartbeat.is_alive():
                self._say("the heartbeat process died; this worker stops")
                self._end()
            with contextlib.suppress(WorkspaceError):
                missing = self._execution.look(missing)
                if looks % LOOKS_TO_WRITE == 0:
                    self._write_down()
            looks += 1
            size = resident_mib(os.getpid())
            first_size = first_size or (size if self._execution.work.documents else 0)
            if 0 < self._station.growth < size - first_size and first_size and not self._stop.is_set():
                self._say(f"this worker grew by {size - first_size} MiB; it stops for a new one")
                self._end()

    def _write_down(self) -> None:
        filled = self._batches.filled() if self._batches is not None else None
        self._execution.write_down(
            {}
            if filled is None
            else {"batches": filled.batches, "batch_items": filled.items, "batch_room": filled.room}
        )
