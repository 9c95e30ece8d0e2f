"""What ``gikocr worker`` and ``gikocr maintain`` do."""

from __future__ import annotations

import os
import signal
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gikocr.cli.interrupts import SIGNALS, say_on_stderr
from gikocr.cli.state import ExitCode
from gikocr.errors import UsageError, WorkspaceError
from gikocr.ingest.isolation import Limits
from gikocr.jobs.children import Recipe
from gikocr.jobs.queue import Queue
from gikocr.jobs.reading import MakePipeline, drawing_pipeline
from gikocr.jobs.reaper import REAP_EVERY, SEARCH_EVERY, reap
from gikocr.jobs.worker import Station, Worker
from gikocr.workspace import Workspace

if TYPE_CHECKING:
    from gikocr.jobs.batching import Batches
    from gikocr.settings import Settings


@dataclass(frozen=True, slots=True)
class Options:
    """The options of ``worker``; see its help. ``batch_wait`` in seconds."""

    device: str = "cpu"
    slots: int = 0
    time_limit: float = 1800
    cpu_limit: int = 1800
    memory_limit: int = 4000
    growth_limit: int = 800
    share_networks: bool | None = None
    batch_wait: float = 0.05
    drain: bool = False


def run(out: Path, settings: Settings, options: Options, *, make_pipeline: MakePipeline | None = None) -> ExitCode:
    """Work until a signal comes.

    Raises:
        UsageError: there is no such device, or no database was given.
        WorkspaceError: the workspace cannot be used, or has no queue.
        DependencyMissing: a package or a model is missing.
    """
    url = _url(settings)
    with Workspace.open(out, database=url, must_exist=True) as workspace:
        device, batches = _networks(settings, options)
        slots = options.slots or len(os.sched_getaffinity(0))
        recipe = Recipe(
            make_pipeline or drawing_pipeline,
            Limits(memory=options.memory_limit, cpu_seconds=options.cpu_limit),
            options.time_limit,
            options.growth_limit,
        )
        station = Station(url, device, slots, recipe, drain=options.drain, growth=4 * options.growth_limit)
        worker = Worker(workspace, station, say_on_stderr, batches)

        def handle(number: int, frame: Any) -> None:
            say_on_stderr("this worker stops; what was begun is finished. Once more gives it back.")
            # Ending processes takes locks that the interrupted thread may hold.
            threading.Thread(target=worker.stop, daemon=True).start()

        for number in SIGNALS:
            signal.signal(number, handle)
        say_on_stderr(f"worker {worker.name} on {device} with {slots} slots")
        worker.run()
        if worker.broken is not None:
            raise worker.broken
    return ExitCode.DONE


def _networks(settings: Settings, options: Options) -> tuple[str, Batches | None]:
    from gikocr.engines.devices import choose_device, why_no_gpu

    device = choose_device(options.device)
    if options.device == "auto" and device == "cpu":
        say_on_stderr(f"no GPU can be used, documents are read on the CPU: {why_no_gpu()}")
    shared = options.share_networks if options.share_networks is not None else device != "cpu"
    if not shared and device != "cpu":
        raise UsageError("Networks on a GPU are shared.", advice="Leave out --own-networks, or give --device cpu.")
    if not shared:
        return device, None
    from gikocr.jobs.batching import make_batches

    return device, make_batches(settings, device, wait=options.batch_wait)


def maintain(out: Path, settings: Settings, *, once: bool = False) -> ExitCode:
    """Bring back what dead workers held until a signal comes, or look once.

    Raises:
        UsageError: no database was given.
        WorkspaceError: the workspace cannot be used, or has no queue.
    """
    stop = threading.Event()
    for number in SIGNALS:
        signal.signal(number, lambda *_: stop.set())
    with Workspace.open(out, database=_url(settings), must_exist=True) as workspace:
        queue, looks = Queue(workspace.database), 0
        while True:
            try:
                done = reap(workspace.database, queue, search=looks * REAP_EVERY % SEARCH_EVERY == 0)
                if done:
                    say_on_stderr(f"brought back {len(done.orphans)}; stray {done.strays}; lost {done.lost}")
            except WorkspaceError as error:
                if once:
                    raise
                say_on_stderr(error.message)
            looks += 1
            if once or stop.wait(REAP_EVERY):
                return ExitCode.DONE


def _url(settings: Settings) -> str:
    if not settings.database:
        raise UsageError(
            "Workers need PostgreSQL.", advice="Give its URL with --database, or in the variable GIKOCR_DATABASE."
        )
    return settings.database
