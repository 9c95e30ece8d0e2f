"""What ``gikocr extract`` does: find the documents, read them, write what was read, sum it up."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from gikocr.cli.processes import Work, read_documents
from gikocr.cli.reading import MakePipeline, Outcome, PipelineLike
from gikocr.cli.state import ExitCode
from gikocr.cli.summary import Summary
from gikocr.cli.terminal import console, visible
from gikocr.errors import UsageError
from gikocr.forms import load_form
from gikocr.ingest import Input, find_inputs
from gikocr.workspace import ReportFolder

if TYPE_CHECKING:
    from gikocr.settings import Settings

#: Documents that are listed beforehand so that the progress bar knows its end; a larger archive is counted as it goes.
COUNTED_AHEAD = 10_000


@dataclass(frozen=True, slots=True)
class Choices:
    """The options of ``extract`` that are not settings of reading; see its help."""

    overlay: bool = False
    workers: int = 0
    group: Literal["none", "name", "folder"] = "none"
    as_one: bool = False
    time_limit: float = 0
    fail_on_review: bool = False
    debug: bool = False


def run(
    paths: Sequence[Path],
    out: Path,
    settings: Settings,
    choices: Choices,
    *,
    make_pipeline: MakePipeline | None = None,
) -> ExitCode:
    """Read documents, write their reports, print the summary, and say how it went.

    Args:
        paths: files and folders.
        out: the folder of the results.
        settings: how to read.
        choices: the other options.
        make_pipeline: builds the pipeline, by default :func:`drawing_pipeline`.

    Raises:
        UsageError: there is no document, or an option is wrong.
        WorkspaceError: the folder cannot be used.
        DependencyMissing: a model or a package is missing.
    """
    form = load_form(settings.form)
    folder = ReportFolder(out)
    inputs = find_inputs(paths, group=choices.group, as_one=choices.as_one, skip=(out,))
    ahead = list(islice(inputs, COUNTED_AHEAD))
    if not ahead:
        names = ", ".join(visible(str(p)) for p in paths)
        raise UsageError(
            f"Nothing to read in {names}.",
            advice="gikocr reads PDF, TIFF, PNG, JPEG, BMP, WEBP, TXT, HTML, MHT, DOCX, XLSX, OFD, DOC, WPS, RTF and XLS files, "
            "and folders of them.",
        )
    total = len(ahead) if len(ahead) < COUNTED_AHEAD else None
    work = Work(make_pipeline or drawing_pipeline, settings, choices.overlay, choices.time_limit)
    summary = Summary(form)
    try:
        with _progress(total) as bar, closing(_outcomes(chain(ahead, inputs), work, choices)) as outcomes:
            for outcome in outcomes:
                _keep(folder, outcome)
                for found in (outcome, *outcome.more):
                    summary.add(found.report, found.seconds)
                if choices.debug and outcome.traceback:
                    print(outcome.traceback, file=sys.stderr)
                bar.advance(outcome.report.source.name)
    except KeyboardInterrupt:
        message = f"gikocr: interrupted; documents done: {summary.documents}, in {visible(str(out))}."
        print(f"{message} The same command starts again.", file=sys.stderr)
        return ExitCode.INTERRUPTED
    summary.print_to(console(), out)
    summary.print_failures(console(stderr=True))
    if summary.failed:
        return ExitCode.SOME_FAILED
    return ExitCode.REVIEW_WAITS if choices.fail_on_review and summary.waiting else ExitCode.DONE


def drawing_pipeline(settings: Settings) -> PipelineLike:
    """The pipeline with the painter of overlays; a function of its own, so that worker processes can build it too."""
    from gikocr.export.overlay import paint_page
    from gikocr.pipeline import Pipeline

    return Pipeline(settings, painter=paint_page)


def _outcomes(items: Iterator[Input], work: Work, choices: Choices) -> Generator[Outcome]:
    yield from read_documents(items, work, workers=choices.workers)


def _keep(folder: ReportFolder, outcome: Outcome) -> None:
    for number, found in enumerate((outcome, *outcome.more), 1):
        path = folder.write_report(found.report, second=number)
        if found.form_reading is not None:
            folder.write_form_reading(path, found.form_reading)
        for page, png in found.overlays:
            folder.write_overlay(path, page, png)


class _Bar(Protocol):
    def advance(self, name: str) -> None: ...


class _NoBar:
    def advance(self, name: str) -> None:
        """Nothing: the output is not a terminal, and a log is no place for a bar."""


@contextmanager
def _progress(total: int | None) -> Iterator[_Bar]:
    """A progress bar on standard error, when that is a terminal."""
    if not sys.stderr.isatty():
        yield _NoBar()
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("reading"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[name]}", markup=False),
    )
    with Progress(*columns, console=console(stderr=True), transient=True) as progress:
        task = progress.add_task("reading", total=total, name="")

        class Bar:
            def advance(self, name: str) -> None:
                progress.update(task, advance=1, name=visible(name))

        yield Bar()
