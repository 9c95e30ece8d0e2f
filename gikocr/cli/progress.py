"""What a run says while it goes on: a bar on a terminal, or one JSON object a line."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from gikocr.cli.terminal import console, visible

if TYPE_CHECKING:
    from gikocr.report import Report

LogFormat = Literal["text", "json"]

#: Columns of a terminal that has room for a bar beside the numbers.
WIDTH_FOR_BAR = 110


@dataclass(slots=True)
class Tally:
    """How far a run is.

    Attributes:
        found: documents that the command names; None as long as they are being counted.
        limit: most documents that are read; 0: all.
    """

    found: int | None = None
    limit: int = 0
    read: int = 0
    skipped: int = 0
    failed: int = 0
    doubtful: int = 0
    begun: float = field(default_factory=time.monotonic)

    @property
    def total(self) -> int | None:
        """Documents that will have been read or skipped at the end, as far as is known; a limit counts only what is read."""
        if self.found is None or not self.limit:
            return self.found
        return min(self.found, self.skipped + self.limit)

    def rate(self) -> float:
        """Documents read in a second so far."""
        return self.read / max(time.monotonic() - self.begun, 1e-6)

    def seconds_left(self) -> float | None:
        """How long the rest will take at the rate so far; None where that is not known."""
        if self.total is None or self.read == 0:
            return None
        return max(0, self.total - self.read - self.skipped) / self.rate()


class Voice(Protocol):
    """Hears what happens, and tells the user."""

    def read(self, report: Report, seconds: float, tally: Tally) -> None:
        """One document was read."""

    def skipped(self, name: str, tally: Tally) -> None:
        """One document was known already."""

    def say(self, event: str, **facts: Any) -> None:
        """Something else happened."""


@contextmanager
def voice(log_format: LogFormat, tally: Tally) -> Iterator[Voice]:
    """JSON lines when asked for, else a bar on a terminal, else silence: a log is no place for a bar."""
    if log_format == "json":
        yield _Lines()
    elif sys.stderr.isatty():
        with _bar(tally) as bar:
            yield bar
    else:
        yield _Silence()


class _Silence:
    def read(self, report: Report, seconds: float, tally: Tally) -> None:
        pass

    def skipped(self, name: str, tally: Tally) -> None:
        pass

    def say(self, event: str, **facts: Any) -> None:
        pass


class _Lines:
    """JSON objects on standard error, one a line."""

    def read(self, report: Report, seconds: float, tally: Tally) -> None:
        error = next((i for i in report.issues if i.severity == "error"), None)
        self.say(
            "document",
            name=report.source.name,
            sha256=report.source.sha256,
            status=report.status,
            code=None if error is None or report.status != "failed" else error.code,
            doubtful=sum(f.needs_review for f in report.fields),
            seconds=round(seconds, 3),
            **_facts(tally),
        )

    def skipped(self, name: str, tally: Tally) -> None:
        # A line for each document of an archive that is read already would drown the others.
        if tally.skipped % 1000 == 0:
            self.say("skipping", **_facts(tally))

    def say(self, event: str, **facts: Any) -> None:
        line = {"event": event, "time": time.strftime("%Y-%m-%dT%H:%M:%S%z"), **facts}
        print(json.dumps(line, ensure_ascii=False), file=sys.stderr, flush=True)


def _facts(tally: Tally) -> dict[str, Any]:
    left = tally.seconds_left()
    return {
        "documents_read": tally.read,
        "documents_skipped": tally.skipped,
        "documents_failed": tally.failed,
        "documents_total": tally.total,
        "per_second": round(tally.rate(), 3),
        "seconds_left": None if left is None else round(left),
    }


@contextmanager
def _bar(tally: Tally) -> Iterator[Voice]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
    from rich.table import Column

    # On a narrow terminal the name is cut and the bar is left out; how far the run is stays whole.
    shown = console(stderr=True)
    whole, cut = Column(no_wrap=True), Column(no_wrap=True, overflow="ellipsis", ratio=1)
    bar = (BarColumn(bar_width=20),) if shown.width >= WIDTH_FOR_BAR else ()
    columns = (
        *bar,
        MofNCompleteColumn(table_column=whole),
        TimeElapsedColumn(table_column=whole.copy()),
        TextColumn("{task.fields[counts]}", markup=False, table_column=whole.copy()),
        TextColumn("{task.fields[name]}", markup=False, table_column=cut),
    )
    with Progress(*columns, console=shown, transient=True, expand=True) as progress:
        task = progress.add_task("reading", total=tally.total, name="", counts="")

        class Bar(_Silence):
            def read(self, report: Report, seconds: float, tally: Tally) -> None:
                self._show(report.source.name, tally)

            def skipped(self, name: str, tally: Tally) -> None:
                if tally.skipped % 100 == 0:
                    self._show(name, tally)

            def _show(self, name: str, tally: Tally) -> None:
                done = tally.read + tally.skipped
                progress.update(task, completed=done, total=tally.total, name=visible(name), counts=counts(tally))

        yield Bar()


def counts(tally: Tally) -> str:
    """Rate, time left, and what went wrong, in a few words."""
    left = tally.seconds_left()
    parts = [f"{tally.rate():.2f}/s" if tally.rate() < 10 else f"{tally.rate():.0f}/s"]
    if left is not None:
        parts.append(f"{duration(left)} left")
    parts += [f"{tally.failed} failed", f"{tally.doubtful} doubtful"]
    return ", ".join(parts)


def duration(seconds: float) -> str:
    """A time in the largest unit in which it is at least two: ``45 s``, ``12 min``, ``30 h``, ``4 d``."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
