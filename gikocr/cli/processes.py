"""Reading many documents: in this process, or in a pool of processes of which any may die."""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from multiprocessing import resource_tracker
from traceback import format_exc
from typing import TYPE_CHECKING

from gikocr.cli.reading import (
    STOPS_THE_RUN,
    DocumentReader,
    MakePipeline,
    Outcome,
    begin_worker,
    failed,
    read_in_worker,
)

if TYPE_CHECKING:
    from pebble import ProcessFuture, ProcessPool

    from gikocr.ingest import Input
    from gikocr.settings import Settings

#: Most processes that are started unless more are asked for; each holds its models and a page, about half a gigabyte.
MOST_WORKERS = 8

#: Documents handed out ahead for each process: enough that none waits, few enough that results in order need little
#: memory.
AHEAD = 4


@dataclass(frozen=True, slots=True)
class Work:
    """What a process needs to know to read documents.

    Attributes:
        make_pipeline: builds the pipeline; must be importable by name, as it is sent to other processes.
        settings: of the run.
        overlay: whether pictures are drawn.
        seconds_each: a document that takes longer is given up; 0: no limit. Kept only by worker processes.
    """

    make_pipeline: MakePipeline
    settings: Settings
    overlay: bool = False
    seconds_each: float = 0


def read_documents(items: Iterable[Input], work: Work, *, workers: int = 0) -> Iterator[Outcome]:
    """Read documents and yield their outcomes in the order of the documents.

    Args:
        items: the documents; taken a few at a time.
        work: how to read them.
        workers: processes. 1: this one. 0: one for each core, and this one for a single document.

    Raises:
        UsageError, DependencyMissing, FormError, WorkspaceError: the run as a whole cannot go on.
    """
    stream = iter(items)
    if workers == 0:
        first = list(islice(stream, len(os.sched_getaffinity(0)) + 1))
        workers = min(len(first), len(os.sched_getaffinity(0)), MOST_WORKERS)
        # A lone core still gets a process of its own, so that a document that kills it does not end the run.
        in_this_process = len(first) <= 1
        stream = chain(first, stream)
    else:
        in_this_process = workers == 1
    if in_this_process:
        reader = DocumentReader(work.make_pipeline, work.settings, overlay=work.overlay)
        yield from map(reader.read, stream)
    else:
        yield from _read_in_pool(stream, work, workers)


def _read_in_pool(items: Iterator[Input], work: Work, workers: int) -> Iterator[Outcome]:
    from multiprocessing import get_context

    from pebble import ProcessPool

    pool = ProcessPool(
        max_workers=workers,
        initializer=begin_worker,
        initargs=(work.make_pipeline, work.settings, work.overlay),
        # A forked process would inherit locks held by the threads of the libraries loaded so far.
        context=get_context("spawn"),
    )
    try:
        with _interrupts_blocked():
            if not pool.active:  # asking for it starts the pool
                raise RuntimeError("the process pool did not start")
        waiting = deque((item, _schedule(pool, item, work)) for item in islice(items, AHEAD * workers))
        while waiting:
            item, future = waiting.popleft()
            outcome = _outcome(item, future, work)
            for following in islice(items, 1):
                waiting.append((following, _schedule(pool, following, work)))
            yield outcome
    finally:
        # When all went well the processes are idle; after an error or Ctrl-C this ends them amid their work.
        pool.stop()
        pool.join()


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


def _schedule(pool: ProcessPool, item: Input, work: Work) -> ProcessFuture[Outcome]:
    return pool.schedule(read_in_worker, args=[item], timeout=work.seconds_each or None)


def _outcome(item: Input, future: ProcessFuture[Outcome], work: Work) -> Outcome:
    """Wait for one document; the death of its process, or a time limit, costs this document only."""
    from pebble import ProcessExpired

    try:
        outcome: Outcome = future.result()
    except ProcessExpired as death:
        return failed(item, work.settings, code="worker_died", message=_obituary(death.exitcode), seconds=0)
    except FutureTimeout:
        message = (
            f"It took longer than {work.seconds_each:g} seconds and was given up. "
            "Give a longer --time-limit, or only the pages with the tables (--pages)."
        )
        return failed(item, work.settings, code="time_limit", message=message, seconds=work.seconds_each)
    except STOPS_THE_RUN:
        raise
    except Exception as error:
        # What the reader foresees comes back as an outcome; this is a result that could not cross the process border.
        message = f"{type(error).__name__}: {error}. This is an error in gikocr: run with --debug and report it."
        return failed(item, work.settings, code="internal_error", message=message, seconds=0, trace=format_exc())
    return outcome


def _obituary(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0:
        try:
            name = signal.Signals(-exit_code).name
        except ValueError:
            name = f"signal {-exit_code}"
        how = f"was killed by {name}"
        if name == "SIGKILL":
            how += ", most often because the memory was not enough"
    else:
        how = f"ended with exit code {exit_code}"
    return f"The process that was reading it {how}. Try it alone, with --workers 1, or give its pages with --pages."
