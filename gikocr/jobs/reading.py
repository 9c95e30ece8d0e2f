"""Reading one document: what comes back, and how a failure becomes a report.

:class:`DocumentReader` builds the pipeline once per process. The functions at the end are what a worker process of the
pool runs.
"""

from __future__ import annotations

import math
import signal
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from gikocr import __version__
from gikocr.errors import DependencyMissing, DocumentError, FormError, UsageError, WorkspaceError
from gikocr.ingest.isolation import Limits, allow_cpu, confine

if TYPE_CHECKING:
    from gikocr.elements import FormReading
    from gikocr.ingest import Input
    from gikocr.report import Report
    from gikocr.settings import Settings

#: Errors that concern the run and not one document.
STOPS_THE_RUN = (UsageError, DependencyMissing, FormError, WorkspaceError)


class ExtractionLike(Protocol):
    """What the pipeline gives for one document; ``overlays`` are page numbers (from 1) with PNG bytes."""

    @property
    def report(self) -> Report:
        """The report, failed ones included."""
        ...

    @property
    def form_reading(self) -> FormReading | None:
        """What was read before any inference."""
        ...

    @property
    def overlays(self) -> tuple[tuple[int, bytes], ...]:
        """Page numbers (from 1) with PNG bytes."""
        ...

    @property
    def more(self) -> tuple[ExtractionLike, ...]:
        """Further reports found in the same document."""
        ...


class PipelineLike(Protocol):
    """The part of the pipeline that running jobs needs."""

    def extract(self, item: Input, *, overlay: bool = False) -> ExtractionLike:
        """Read one document; a bad one gives a failed report."""
        ...


MakePipeline = Callable[["Settings"], PipelineLike]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One document, read or failed.

    Attributes:
        report: its report, failed ones included.
        form_reading: what was read before any inference, when there is something.
        overlays: page numbers (from 1) with PNG bytes.
        seconds: wall time that reading it took.
        traceback: of an error that nobody expected, else empty.
        more: further reports found in the same document, in order.
    """

    report: Report
    form_reading: FormReading | None
    overlays: tuple[tuple[int, bytes], ...]
    seconds: float
    traceback: str = ""
    more: tuple[Outcome, ...] = ()


def failed(
    item: Input, settings: Settings, *, fingerprint: str, code: str, message: str, seconds: float, trace: str = ""
) -> Outcome:
    """The outcome of a document that no pipeline could report on: its process died, or an error was not foreseen."""
    from gikocr.ingest import describe_source
    from gikocr.report import Issue, Report, SourceInfo

    report = Report(
        gikocr=__version__,
        fingerprint=fingerprint,
        source=SourceInfo.of(describe_source(item, settings)),
        status="failed",
        issues=(Issue(code=code, severity="error", stage="pipeline", message=message),),
    )
    return Outcome(report, None, (), seconds, trace)


def obituary(exit_code: int | None) -> str:
    """How the process ended that was reading a document; ``exit_code`` as in :mod:`multiprocessing`."""
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
    return f"The process that was reading it {how}."


def drawing_pipeline(settings: Settings) -> PipelineLike:
    """The pipeline with the painter of overlays; a function of its own, so that worker processes can build it too."""
    from gikocr.export.overlay import paint_page
    from gikocr.pipeline import Pipeline

    return Pipeline(settings, painter=paint_page)


class DocumentReader:
    """Reads documents one after the other with one pipeline, which is built for the first of them."""

    def __init__(
        self, make_pipeline: MakePipeline, settings: Settings, *, overlay: bool, fingerprint: str = ""
    ) -> None:
        self._fingerprint = fingerprint
        self._make_pipeline = make_pipeline
        self._settings = settings
        self._overlay = overlay
        self._pipeline: PipelineLike | None = None

    def read(self, item: Input, *, overlay: bool | None = None, fingerprint: str | None = None) -> Outcome:
        """Read one document; whatever goes wrong with it becomes a failed report.

        Args:
            item: the document.
            overlay: for this document; None: as for all.
            fingerprint: for a report that no pipeline makes; None: as for all.

        Raises:
            UsageError, DependencyMissing, FormError, WorkspaceError: the run as a whole cannot go on.
        """
        if self._pipeline is None:
            self._pipeline = self._make_pipeline(self._settings)
        started = time.perf_counter()
        try:
            result = self._pipeline.extract(item, overlay=self._overlay if overlay is None else overlay)
        except STOPS_THE_RUN:
            raise
        except DocumentError as error:
            code, message, trace = error.code, str(error), ""
        except MemoryError:
            code, message, trace = "out_of_memory", OUT_OF_MEMORY, ""
        except Exception as error:
            # The pipeline turns what it foresees into issues. What it does not foresee must not cost the other
            # documents.
            code, trace = "internal_error", traceback.format_exc()
            message = f"{type(error).__name__}: {error}. This is an error in gikocr: run with --debug and report it."
        else:
            seconds = time.perf_counter() - started
            more = tuple(Outcome(m.report, m.form_reading, m.overlays, 0.0) for m in result.more)
            return Outcome(result.report, result.form_reading, result.overlays, seconds, more=more)
        seconds = time.perf_counter() - started
        return failed(
            item,
            self._settings,
            fingerprint=self._fingerprint if fingerprint is None else fingerprint,
            code=code,
            message=message,
            seconds=seconds,
            trace=trace,
        )


OUT_OF_MEMORY = (
    "The memory was not enough. Read fewer documents at a time (--workers 1), allow a process more (--memory-limit), "
    "or give its pages with --pages."
)

_NO_MEMORY = ("cannot allocate memory", "failed to map segment", "out of memory", "bad_alloc", "can't start new thread")


def lacks_memory(error: BaseException) -> bool:
    """Whether an error comes of memory that was not enough, whatever its kind; what it comes from counts too."""
    seen: BaseException | None = error
    while seen is not None:
        text = str(seen).lower()
        if isinstance(seen, MemoryError) or any(words in text for words in _NO_MEMORY):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


_cpu_seconds = 0
_reader: DocumentReader | None = None
"""The reader of a worker process. A pool's task can reach its process's state only through its module."""


def begin_worker(
    make_pipeline: MakePipeline,
    settings: Settings,
    overlay: bool,
    fingerprint: str = "",
    memory: int = 0,
    seconds: float = 0,
) -> None:
    """Prepare a worker process; ``memory``: its address space in MiB, ``seconds``: CPU time for each document; 0 without a limit."""
    global _reader, _cpu_seconds
    confine(Limits(memory=memory))
    _cpu_seconds = math.ceil(seconds)
    _reader = DocumentReader(make_pipeline, settings, overlay=overlay, fingerprint=fingerprint)


def read_in_worker(item: Input) -> Outcome:
    """Read one document in a worker process."""
    allow_cpu(_cpu_seconds)
    if _reader is None:
        raise RuntimeError("begin_worker was not called in this process")
    return _reader.read(item)
