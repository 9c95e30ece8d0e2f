"""Processes that read one document after the other for a worker, each confined and replaceable.

A document that kills its process, uses up its time or its memory costs that process and nothing else.
"""

from __future__ import annotations

import contextlib
import os
import queue
import resource
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing import connection, get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gikocr.errors import DependencyMissing, Exhausted, FormError, UsageError, WorkspaceError
from gikocr.ingest.isolation import Limits, allow_cpu, confine
from gikocr.jobs import wire
from gikocr.jobs.reading import STOPS_THE_RUN, DocumentReader, MakePipeline, Outcome

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from gikocr.settings import Settings

#: Seconds between looks at whether a document that is being read should be given up.
ASK_EVERY = 0.5

#: Seconds in which a new process must say that it is ready.
SECONDS_TO_START = 60.0

_READY = b"ready"
_STOPS: dict[str, type[Exception]] = {kind.__name__: kind for kind in STOPS_THE_RUN}


@dataclass(frozen=True, slots=True)
class Recipe:
    """How reading processes are made.

    Attributes:
        make_pipeline: builds the pipeline; importable by name.
        limits: of each process.
        wall_seconds: a document that takes longer is given up; 0: no limit.
        growth: MiB by which a process may grow after its first document before it is replaced; 0: any.
    """

    make_pipeline: MakePipeline
    limits: Limits
    wall_seconds: float = 0
    growth: int = 0


@dataclass(frozen=True, slots=True)
class Read:
    """A document that was read, or of which a report says why not."""

    outcome: Outcome
    cpu_seconds: float


@dataclass(frozen=True, slots=True)
class Died:
    """The process ended amid a document. ``exit_code`` as in :mod:`multiprocessing`; negative: by a signal."""

    exit_code: int | None


@dataclass(frozen=True, slots=True)
class GivenUp:
    """The document took longer than it may (``too_long``), or nobody wants it any more; its process was ended."""

    too_long: bool


Reply = Read | Died | GivenUp


class Nursery:
    """The one thread that starts processes.

    Linux tells a child of the death of the thread that started it, not of its process; this thread lives as long as the worker does.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="nursery")

    def start(self, make: Callable[[], Any]) -> Any:
        """Run something there and return what it returns."""
        return self._thread.submit(make).result()


class ReadingChild:
    """One reading process. Used by one thread at a time."""

    def __init__(self, recipe: Recipe, nursery: Nursery, answer: Callable[[Connection], None] | None = None) -> None:
        """Start it.

        Args:
            recipe: how.
            nursery: where.
            answer: answers the questions of its readers on a connection until that is closed; called in a thread of its own.
                None: it has its own readers.

        Raises:
            Exhausted: the system has no process, thread, memory or file handle for it.
            WorkspaceError: it does not start.
        """
        self._recipe = recipe
        self._nursery = nursery  # its thread must live as long as the process
        self._first_size = 0
        with contextlib.ExitStack() as undo:
            try:
                self._start(answer, undo)
            except (OSError, RuntimeError) as error:
                # Python says of a thread that cannot be started with a RuntimeError.
                raise Exhausted(
                    f"No reading process can be started: {getattr(error, 'strerror', None) or error}.",
                    advice="Read fewer documents at a time (--slots), or allow more processes, memory and open files (ulimit).",
                ) from error
            undo.pop_all()
        if self._wait(time.monotonic() + SECONDS_TO_START, lambda: False) != "said" or self._receive() != _READY:
            self.end()
            raise WorkspaceError(
                f"A reading process did not start (exit code {self._process.exitcode}).",
                advice="Give it more memory with --memory-limit.",
            )

    def _start(self, answer: Callable[[Connection], None] | None, undo: contextlib.ExitStack) -> None:
        context, limits = get_context("spawn"), self._recipe.limits

        def pipe() -> tuple[Connection, Connection]:
            near, far = context.Pipe()
            undo.callback(near.close)
            return near, ends.enter_context(far)

        # The far ends are the process's own.
        with contextlib.ExitStack() as ends:
            self._pipe, far = pipe()
            asking, far_asking = pipe() if answer is not None else (None, None)
            given = (far, far_asking, self._recipe.make_pipeline, limits)
            self._process = self._nursery.start(lambda: _started(context.Process(target=_live, args=given)))
        undo.callback(self._process.kill)
        if answer is not None:
            threading.Thread(target=answer, args=(asking,), name="readers", daemon=True).start()

    @property
    def process_id(self) -> int:
        """Of the process."""
        return int(self._process.pid)

    def read(self, task: wire.Task, unwanted: Callable[[], bool] = lambda: False) -> Reply:
        """Read one document.

        Args:
            task: the document.
            unwanted: asked again and again; once it says True the document is given up.

        Raises:
            UsageError, DependencyMissing, FormError, WorkspaceError: nothing can be read with these settings.
        """
        deadline = time.monotonic() + self._recipe.wall_seconds if self._recipe.wall_seconds else float("inf")
        try:
            self._pipe.send_bytes(wire.task_bytes(replace(task, cpu_seconds=self._recipe.limits.cpu_seconds)))
        except OSError:
            return self._dead()
        ended = self._wait(deadline, unwanted)
        if ended in ("late", "unwanted"):
            self.end()
            return GivenUp(too_long=ended == "late")
        message = self._receive() if ended == "said" else None
        if message is None:
            return self._dead()
        try:
            if message.startswith(b"!"):
                name, text, advice = message[1:].decode("utf-8", "replace").split("\0")
                raise _STOPS.get(name, WorkspaceError)(text, advice=advice)  # type: ignore[call-arg]
            outcome, cpu = wire.read_outcome(message)
        except (ValueError, RecursionError):
            # What cannot be understood is as good as no answer.
            return self._dead()
        return Read(outcome, cpu)

    def is_worn(self) -> bool:
        """Whether the process is gone, or has grown too much since its first document."""
        if not self._process.is_alive():
            return True
        size = resident_mib(self.process_id)
        if not self._first_size:
            self._first_size = size
        return 0 < self._recipe.growth < size - self._first_size

    def end(self) -> None:
        """End the process, whatever it does."""
        with contextlib.suppress(OSError):
            self._pipe.close()
        with contextlib.suppress(OSError, AttributeError):
            self._process.kill()
        self._process.join(10)

    def kill(self) -> None:
        """Kill the process from another thread than the one that uses it, which sees its end."""
        with contextlib.suppress(OSError, AttributeError):
            self._process.kill()

    def _dead(self) -> Died:
        self._process.join(1)
        code = self._process.exitcode
        self.end()
        return Died(code)

    def _wait(self, deadline: float, unwanted: Callable[[], bool]) -> str:
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                return "late"
            ready = connection.wait([self._pipe, self._process.sentinel], timeout=min(ASK_EVERY, left))
            if self._pipe in ready:
                return "said"
            if ready:
                return "died"
            if unwanted():
                return "unwanted"

    def _receive(self) -> bytes | None:
        try:
            return bytes(self._pipe.recv_bytes(wire.MOST_BYTES))
        except (EOFError, OSError):
            return None


class Children:
    """The reading processes of a worker.

    A suspect gets one of its own with its own readers; that it is the only one is seen to by :mod:`gikocr.jobs.turns`.
    """

    def __init__(self, recipe: Recipe, count: int, answer: Callable[[Connection], None] | None = None) -> None:
        self._recipe = recipe
        self._answer = answer
        self._nursery = Nursery()
        self._idle: queue.LifoQueue[ReadingChild | None] = queue.LifoQueue()
        self._all: set[ReadingChild] = set()
        self._ended = False
        for _ in range(count):
            self._idle.put(None)

    def read(self, task: wire.Task, unwanted: Callable[[], bool], *, alone: bool = False) -> Reply:
        """Read a document in the next free process, or alone in a new one."""
        with self._isolated() if alone else self._lent() as child:
            # It may have been starting when all were ended.
            return child.read(task, lambda: self._ended or unwanted())

    @contextmanager
    def _lent(self) -> Iterator[ReadingChild]:
        child = self._idle.get()
        try:
            if child is None:
                child = ReadingChild(self._recipe, self._nursery, self._answer)
                self._all.add(child)
            yield child
        finally:
            if child is not None and child.is_worn():
                child.end()
                self._all.discard(child)
                child = None
            self._idle.put(child)

    @contextmanager
    def _isolated(self) -> Iterator[ReadingChild]:
        child = ReadingChild(self._recipe, self._nursery)
        self._all.add(child)
        try:
            yield child
        finally:
            child.end()
            self._all.discard(child)

    def end(self) -> None:
        """Kill all processes, for good; whoever waits for one sees its end."""
        self._ended = True
        for child in list(self._all):
            child.kill()


def resident_mib(process: int) -> int:
    """Memory that a process holds, in MiB; 0 when it is gone."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
        return pages * resource.getpagesize() // 2**20
    return 0


def _started(process: Any) -> Any:
    process.start()
    return process


def _live(pipe: Connection, asking: Connection | None, make_pipeline: MakePipeline, limits: Limits) -> None:
    """What a reading process does."""
    # A terminal and a service manager send these to whole groups; only the parent decides when a process ends.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    confine(limits)
    make = make_pipeline if asking is None else _asking_pipeline(asking)
    readers: dict[Settings, DocumentReader] = {}
    with contextlib.suppress(EOFError, OSError):
        pipe.send_bytes(_READY)
        while True:
            task = wire.read_task(pipe.recv_bytes(wire.MOST_BYTES))
            allow_cpu(task.cpu_seconds)
            before = time.process_time()
            if task.settings not in readers:
                # Other settings are rare, and two sets of networks are one too many.
                readers.clear()
                readers[task.settings] = DocumentReader(make, task.settings, overlay=task.overlay)
            try:
                outcome = readers[task.settings].read(task.item, overlay=task.overlay, fingerprint=task.fingerprint)
            except (UsageError, DependencyMissing, FormError, WorkspaceError) as error:
                text = "\0".join((type(error).__name__, error.message, error.advice))
                pipe.send_bytes(b"!" + text.encode("utf-8", "replace"))
                continue
            pipe.send_bytes(wire.outcome_bytes(outcome, time.process_time() - before))
    os._exit(0)


def _asking_pipeline(asking: Connection) -> MakePipeline:
    from gikocr.export.overlay import paint_page
    from gikocr.jobs.remote_engines import RemoteEngines
    from gikocr.pipeline import Pipeline

    return lambda settings: Pipeline(settings, painter=paint_page, engines=RemoteEngines(settings, asking))
