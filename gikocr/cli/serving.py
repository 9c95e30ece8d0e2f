"""What ``gikocr serve`` does."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gikocr.cli.interrupts import say_on_stderr
from gikocr.cli.state import ExitCode
from gikocr.ingest.isolation import Limits
from gikocr.jobs.children import Recipe
from gikocr.jobs.local import LocalPool
from gikocr.jobs.processes import MOST_WORKERS
from gikocr.jobs.reading import MakePipeline, drawing_pipeline
from gikocr.web.api.app import Options
from gikocr.web.api.server import check_options, serve
from gikocr.web.api.service import Service
from gikocr.web.connections import listen
from gikocr.workspace import Workspace

if TYPE_CHECKING:
    from gikocr.settings import Settings


@dataclass(frozen=True, slots=True)
class Choices:
    """The options of ``serve``; see its help."""

    host: str = "127.0.0.1"
    port: int = 8080
    allowed_hosts: tuple[str, ...] = ()
    tokens: bool = True
    slots: int = 0
    max_queued: int = 100_000
    time_limit: float = 1800
    memory_limit: int = 4000


def run(out: Path, settings: Settings, choices: Choices, *, make_pipeline: MakePipeline | None = None) -> ExitCode:
    """Serve until a signal comes.

    Raises:
        UsageError: the address cannot be used.
        WorkspaceError: the workspace cannot be used, has no queue, or is served by another process that reads its documents.
        DependencyMissing: a package is missing.
    """
    options = Options(choices.host, choices.allowed_hosts, choices.tokens)
    with Workspace.open(out, database=settings.database or None) as workspace:
        pool = None
        if workspace.database.is_sqlite:
            limits = Limits(memory=choices.memory_limit, cpu_seconds=int(choices.time_limit))
            recipe = Recipe(make_pipeline or drawing_pipeline, limits, choices.time_limit, growth=800)
            slots = choices.slots or min(MOST_WORKERS, len(os.sched_getaffinity(0)))
            pool = LocalPool(workspace, recipe, slots)
            enqueue = pool.enqueue
        else:
            from gikocr.jobs.queue import Queue

            enqueue = Queue(workspace.database).enqueue
        service = Service(workspace, settings, enqueue, choices.max_queued)
        if pool is not None:
            service.broken = lambda: pool.broken
        signal.signal(signal.SIGTERM, _interrupt)
        try:
            check_options(service, options)
            # Before jobs are taken: where another server listens they are most likely in its hands.
            with listen(choices.host, choices.port) as bound:
                if pool is not None:
                    pool.start()
                serve(service, options, bound, when_ready=lambda where: say_on_stderr(f"the API is at {where}"))
        except KeyboardInterrupt:
            say_on_stderr("the API stops; what was begun is finished or given back.")
        finally:
            if pool is not None:
                pool.stop()
    return ExitCode.DONE


def _interrupt(number: int, frame: Any) -> None:
    """Uvicorn ends in good order and then sends itself the signal once more, which by default would end the process on the spot."""
    raise KeyboardInterrupt
