"""Reading many documents: in this process, or in a pool of processes of which any may die."""

from __future__ import annotations

import os
import signal
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, wait
from concurrent.futures import TimeoutError as FutureTimeout
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from multiprocessing import resource_tracker
from traceback import format_exc
from typing import TYPE_CHECKING

from pebble import ProcessFuture

from gikocr.errors import UsageError
from gikocr.jobs.reading import (
    OUT_OF_MEMORY,
    STOPS_THE_RUN,
    DocumentReader,
    MakePipeline,
    Outcome,
    begin_worker,
    failed,
    lacks_memory,
    obituary,
    read_in_worker,
)

if TYPE_CHECKING:
    from pebble import ProcessPool

    from gikocr.ingest import Input
    from gikocr.settings import Settings

#: Most processes that are started unless more are asked for; each holds its models and a page, about half a gigabyte.
MOST_WORKERS = 8

#: Documents handed out ahead for each process: enough that none waits.
AHEAD = 2

#: A document that was being read when so many processes died is set aside as failed.
MOST_DEATHS = 2

#: Documents that wait for a namesake, at most.
MOST_HELD = 1000

#: Seconds without a document being read although some wait, after which the pool is replaced. Starting a process takes a few.
STANDSTILL = 60.0

#: Pools in a row that may break before one document was read.
MOST_RENEWALS = 20

#: Seconds between looks at whether the run should stop.
ASK_EVERY = 0.5


@dataclass(frozen=True, slots=True)
class Work:
    """What a process needs to know to read documents.

    Attributes:
        make_pipeline: builds the pipeline; must be importable by name, as it is sent to other processes.
        settings: of the run.
        overlay: whether pictures are drawn.
        fingerprint: of the run, for reports that no pipeline made.
        seconds_each: a document that takes longer is given up; 0: no limit. Kept only by worker processes.
        memory_each: address space of a worker process in MiB; 0: no limit.
    """

    make_pipeline: MakePipeline
    settings: Settings
    overlay: bool = False
    fingerprint: str = ""
    seconds_each: float = 0
    memory_each: int = 0


@dataclass(frozen=True, slots=True)
class Job:
    """A document to be read, with the stamp that its files had when it was decided that it has to be."""

    item: Input
    stamp: str = ""


def _never() -> bool:
    return False


def _once(item: Input) -> int:
    return MOST_DEATHS


def read_documents(
    jobs: Iterable[Job],
    work: Work,
    *,
    workers: int = 0,
    stopping: Callable[[], bool] = _never,
    count_death: Callable[[Input], int] = _once,
) -> Generator[tuple[Job, Outcome], None, None]:
    """Read documents and yield each with its outcome as soon as it is there.

    Documents of one name come in their order, so that which of them gets the plain file name does not depend on chance.

    Args:
        jobs: the documents; taken a few at a time.
        work: how to read them.
        workers: processes. 1: this one, without limits. 0: one for each core, and one for a single document.
        stopping: asked again and again; once it says True no document is handed out, and those that were are finished.
        count_death: told of a document whose process died, says how many have; below :data:`MOST_DEATHS` it is tried once more,
            else it is set aside as failed.

    Raises:
        UsageError, DependencyMissing, FormError, WorkspaceError: the run as a whole cannot go on.
    """
    stream = iter(jobs)
    if workers == 0:
        first = list(islice(stream, len(os.sched_getaffinity(0)) + 1))
        workers = min(len(first), len(os.sched_getaffinity(0)), MOST_WORKERS)
        # A lone document or core still gets a process of its own, so that a document that kills it does not end the run.
        stream = chain(first, stream)
        in_this_process = not first
    else:
        in_this_process = workers == 1
    if in_this_process:
        reader = DocumentReader(work.make_pipeline, work.settings, overlay=work.overlay, fingerprint=work.fingerprint)
        while not stopping() and (job := next(stream, None)) is not None:
            yield job, reader.read(job.item)
    else:
        flight = _Flight(work, workers, count_death)
        try:
            yield from flight.read(stream, stopping)
        finally:
            flight.end()


def _start_pool(work: Work, workers: int) -> ProcessPool:
    from multiprocessing import get_context

    from pebble import ProcessPool

    pool = ProcessPool(
        max_workers=workers,
        initializer=begin_worker,
        initargs=(
            work.make_pipeline,
            work.settings,
            work.overlay,
            work.fingerprint,
            work.memory_each,
            work.seconds_each,
        ),
        # A forked process would inherit locks held by the threads of the libraries loaded so far.
        context=get_context("spawn"),
    )
    with _interrupts_blocked():
        if not pool.active:  # asking for it starts the pool
            raise RuntimeError("the process pool did not start")
    return pool


class _Flight:
    """The documents that are with the pool, and the pool itself, which is replaced when it breaks.

    pebble gives up its pool when a process dies that had not begun a document, and forgets a document whose process died between taking
    it and saying so. Both cost nothing here: the documents go to a new pool.
    """

    def __init__(self, work: Work, workers: int, count_death: Callable[[Input], int]) -> None:
        self._work = work
        self._workers = workers
        self._count_death = count_death
        self._pool = _start_pool(work, workers)
        self._running: dict[ProcessFuture[Outcome], tuple[int, Job]] = {}
        self._names: set[str] = set()
        self._held: deque[Job] = deque()
        self._begun = 0
        self._renewals = 0
        self._last_sign = time.monotonic()

    def end(self) -> None:
        """End the processes: idle ones when all went well, amid their work after an error or Ctrl-C."""
        self._pool.stop()
        self._pool.join()

    def read(self, jobs: Iterator[Job], stopping: Callable[[], bool]) -> Iterator[tuple[Job, Outcome]]:
        while True:
            while len(self._running) < AHEAD * self._workers and not stopping():
                job = self._next(jobs)
                if job is None:
                    break
                self._names.add(job.item.name)
                self._begin(job, self._begun)
                self._begun += 1
            if not self._running:
                return
            done, _ = wait(self._running, timeout=ASK_EVERY, return_when=FIRST_COMPLETED)
            ended = [future for future in self._running if future in done]
            for future in sorted(ended, key=lambda f: self._running[f][0]):
                if _broke(future):
                    continue
                _, job = self._running.pop(future)
                self._names.discard(job.item.name)
                outcome = _outcome(job.item, future, self._work, self._count_death)
                self._renewals = 0
                if outcome is None:
                    self._held.append(job)
                else:
                    yield job, outcome
            self._look_after_pool()

    def _look_after_pool(self) -> None:
        """Replace a pool that broke, or in which documents lie that no process is reading."""
        if not self._running or any(future.running() for future in self._running):
            self._last_sign = time.monotonic()
        broken = not self._pool.active or any(_broke(future) for future in self._running)
        if not broken and time.monotonic() - self._last_sign < STANDSTILL:
            return
        self._renewals += 1
        if self._renewals > MOST_RENEWALS:
            raise UsageError(
                f"The reading processes ended {self._renewals} times before they had read a document.",
                advice="Give a larger --memory-limit, or read with --workers 1 to see what is wrong.",
            )
        self.end()
        self._pool = _start_pool(self._work, self._workers)
        self._last_sign = time.monotonic()
        again = sorted(self._running.values(), key=lambda numbered: numbered[0])
        self._running.clear()
        for number, job in again:
            self._begin(job, number)

    def _next(self, jobs: Iterator[Job]) -> Job | None:
        """The next document none of whose namesakes is being read."""
        for held in self._held:
            if held.item.name not in self._names:
                self._held.remove(held)
                return held
        while len(self._held) < MOST_HELD and (job := next(jobs, None)) is not None:
            if job.item.name not in self._names:
                return job
            self._held.append(job)
        return None

    def _begin(self, job: Job, number: int) -> None:
        timeout = self._work.seconds_each or None
        try:
            future = self._pool.schedule(read_in_worker, args=[job.item], timeout=timeout)
        except RuntimeError as error:
            # The pool broke since it was looked at last; the next look replaces it.
            future = ProcessFuture()
            future.set_exception(BrokenProcessPool(str(error)))
        self._running[future] = (number, job)


def _broke(future: ProcessFuture[Outcome]) -> bool:
    """Whether a document came back because its pool broke."""
    return future.done() and isinstance(future.exception(), BrokenProcessPool)


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Threads started here, and the processes that these start, never see Ctrl-C.

    A terminal sends it to all processes of a command, and one that is just starting would die of it with a traceback.
    It is for the parent, which ends the others.
    """
    # Where the tracker is not running yet, the start of the first process would unblock the signal again.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _outcome(
    item: Input, future: ProcessFuture[Outcome], work: Work, count_death: Callable[[Input], int]
) -> Outcome | None:
    """What came of one document; None when its process died for the first time, and it should be tried once more."""
    from pebble import ProcessExpired

    def fail(code: str, message: str, seconds: float = 0, trace: str = "") -> Outcome:
        return failed(
            item, work.settings, fingerprint=work.fingerprint, code=code, message=message, seconds=seconds, trace=trace
        )

    try:
        outcome: Outcome = future.result()
    except ProcessExpired as death:
        if death.exitcode == -signal.SIGXCPU:
            return fail("time_limit", _too_long(work), work.seconds_each)
        deaths = count_death(item)
        return None if deaths < MOST_DEATHS else fail("worker_died", f"{obituary(death.exitcode)} {_TRY_ALONE}")
    except FutureTimeout:
        return fail("time_limit", _too_long(work), work.seconds_each)
    except STOPS_THE_RUN:
        raise
    except Exception as error:
        if lacks_memory(error):
            # Not even the libraries could be loaded. A library says of that in its own words that it is broken.
            return fail("out_of_memory", f"{OUT_OF_MEMORY} (--memory-limit {work.memory_each})")
        # What the reader foresees comes back as an outcome; this is a result that could not cross the process border.
        message = f"{type(error).__name__}: {error}. This is an error in gikocr: run with --debug and report it."
        return fail("internal_error", message, trace=format_exc())
    return outcome


def _too_long(work: Work) -> str:
    return (
        f"It took longer than {work.seconds_each:g} seconds and was given up. "
        "Give a longer --time-limit, or only the pages with the tables (--pages)."
    )


_TRY_ALONE = "Try it alone, with --workers 1, or give its pages with --pages."
