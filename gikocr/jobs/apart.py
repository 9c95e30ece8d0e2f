"""Reading a document now and then in a process of its own, for a program that must outlive whatever is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gikocr.ingest.isolation import Limits
from gikocr.jobs.children import Died, GivenUp, Nursery, ReadingChild, Recipe
from gikocr.jobs.reading import MakePipeline, Outcome, drawing_pipeline, failed, obituary
from gikocr.jobs.submitting import run_fingerprint
from gikocr.jobs.wire import Task

if TYPE_CHECKING:
    from gikocr.ingest import Input
    from gikocr.settings import Settings

#: Of each process, as for the documents of a worker.
LIMITS = Limits(memory=4096, cpu_seconds=1800)

#: Seconds after which a document is given up.
WALL_SECONDS = 1800.0


class ApartReader:
    """Reads like the pipeline, each document in a new process with limits on memory and time."""

    def __init__(self, settings: Settings, make_pipeline: MakePipeline = drawing_pipeline) -> None:
        self.fingerprint = run_fingerprint(settings)
        self._settings = settings
        self._recipe = Recipe(make_pipeline, LIMITS, WALL_SECONDS)

    def extract(self, item: Input) -> Outcome:
        """Read one document; one that cannot be read, or ends its process, gives a failed report.

        Raises:
            UsageError, DependencyMissing, FormError, WorkspaceError: nothing can be read with these settings, or here.
        """
        child = ReadingChild(self._recipe, Nursery())
        try:
            reply = child.read(Task(item, self._settings, self.fingerprint))
        finally:
            child.end()
        match reply:
            case Died(exit_code):
                return self._failed(item, "worker_died", obituary(exit_code))
            case GivenUp():
                return self._failed(
                    item, "time_limit", f"It took longer than {WALL_SECONDS:g} seconds and was given up."
                )
            case _:
                return reply.outcome

    def _failed(self, item: Input, code: str, message: str) -> Outcome:
        return failed(item, self._settings, fingerprint=self.fingerprint, code=code, message=message, seconds=0.0)
