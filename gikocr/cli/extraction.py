"""What ``gikocr extract`` does: find the documents, read those that are not known yet, keep what was read, sum it up."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from gikocr import __version__
from gikocr.cli.counting import counting
from gikocr.cli.feed import Feed, Resume, in_shard
from gikocr.cli.interrupts import Stop, interrupts, say_on_stderr
from gikocr.cli.progress import LogFormat, Tally, Voice, voice
from gikocr.cli.refitting import Refitting
from gikocr.cli.state import MEMORY_LIMIT, ExitCode
from gikocr.cli.summary import MOST_ROWS, Summary
from gikocr.cli.terminal import console, visible
from gikocr.errors import UsageError
from gikocr.forms import Form, load_form
from gikocr.ingest import Input, find_inputs
from gikocr.jobs.processes import Job, Work, read_documents
from gikocr.jobs.reading import MakePipeline, Outcome, drawing_pipeline
from gikocr.jobs.submitting import reading_fingerprint, run_fingerprint
from gikocr.workspace import Known, NewReport, Selection, Workspace
from gikocr.workspace.rows import now as moment

if TYPE_CHECKING:
    from gikocr.settings import Settings

#: Documents that are listed beforehand so that the progress bar knows its end; a larger archive is counted beside the reading.
COUNTED_AHEAD = 10_000


@dataclass(frozen=True, slots=True)
class Choices:
    """The options of ``extract`` that are not settings of reading; see its help."""

    overlay: bool = False
    workers: int = 0
    group: Literal["none", "name", "folder"] = "none"
    as_one: bool = False
    time_limit: float = 0
    memory_limit: int = MEMORY_LIMIT
    fail_on_review: bool = False
    debug: bool = False
    retry_failed: bool = False
    force: bool = False
    rehash: bool = False
    dry_run: bool = False
    limit: int = 0
    shard: tuple[int, int] | None = None
    max_errors: int = 0
    log_format: LogFormat = "text"


def run(
    paths: Sequence[Path],
    out: Path,
    settings: Settings,
    choices: Choices,
    *,
    make_pipeline: MakePipeline | None = None,
) -> ExitCode:
    """Read documents, keep their reports, print the summary, and say how it went.

    Args:
        paths: files and folders.
        out: the folder of the results.
        settings: how to read.
        choices: the other options.
        make_pipeline: builds the pipeline, by default :func:`drawing_pipeline`.

    Raises:
        UsageError: there is no document, or an option is wrong.
        WorkspaceError: the folder or the database cannot be used.
        DependencyMissing: a model or a package is missing.
    """
    form = load_form(settings.form)
    fingerprint, of_reading = run_fingerprint(settings), reading_fingerprint(settings)
    if choices.dry_run:
        from gikocr.cli.dry_run import rehearse

        items, _ = list_documents(paths, out, choices)
        return rehearse(items, out, settings, choices, fingerprint)
    database, migrate = settings.database or None, settings.migrate_database
    with Workspace.open(out, database=database, migrate_server=migrate) as workspace:
        items, total = list_documents(paths, out, choices)
        work = Work(
            make_pipeline or drawing_pipeline,
            settings,
            choices.overlay,
            of_reading,
            choices.time_limit,
            choices.memory_limit,
        )
        tally = Tally(total, choices.limit)
        with ExitStack() as stack:
            if total is None:
                stack.enter_context(counting(lambda: _walk(paths, out, choices), choices.shard, tally))
            return _Run(workspace, form, work, fingerprint, choices, tally).do(items)


def _walk(paths: Sequence[Path], out: Path, choices: Choices) -> Iterator[Input]:
    return find_inputs(paths, group=choices.group, as_one=choices.as_one, skip=(out,))


def list_documents(paths: Sequence[Path], out: Path, choices: Choices) -> tuple[Iterator[Input], int | None]:
    """The documents that a command names, and how many they are; None where they are too many to be counted ahead.

    Raises:
        UsageError: there is none.
    """
    inputs = _walk(paths, out, choices)
    ahead = list(islice(inputs, COUNTED_AHEAD))
    if not ahead:
        names = ", ".join(visible(str(p)) for p in paths)
        raise UsageError(
            f"Nothing to read in {names}.",
            advice="gikocr reads PDF, TIFF, PNG, JPEG, BMP, WEBP, TXT, HTML, MHT, DOCX, XLSX, OFD, DOC, WPS, RTF and XLS files, "
            "and folders of them.",
        )
    total = sum(in_shard(item, choices.shard) for item in ahead) if len(ahead) < COUNTED_AHEAD else None
    return chain(ahead, inputs), total


@dataclass(slots=True)
class _Run:
    """One run over one workspace."""

    workspace: Workspace
    form: Form
    work: Work
    fingerprint: str
    choices: Choices
    tally: Tally
    begun: str = field(default_factory=moment)
    stop: Stop = field(default_factory=Stop)
    summary: Summary = field(init=False)
    voice: Voice = field(init=False)
    refitting: Refitting = field(init=False)

    def __post_init__(self) -> None:
        self.refitting = Refitting(self.workspace, self.form, self.work.settings, self.fingerprint)
        self.summary = Summary(self.form)

    def do(self, items: Iterator[Input]) -> ExitCode:
        sources = self.workspace.sources
        number = sources.begin_run(__version__, self.fingerprint)
        at_once = False
        with voice(self.choices.log_format, self.tally) as self.voice:
            self.voice.say("run_started", run=number, fingerprint=self.fingerprint, documents=self.tally.total)
            try:
                with interrupts(self.stop, self._say):
                    self._read(items)
            except KeyboardInterrupt:
                at_once = True
            finally:
                sources.end_run(number, read=self.tally.read, skipped=self.tally.skipped, failed=self.tally.failed)
            code = ExitCode.INTERRUPTED if at_once or self.stop.interrupted else self._code()
            tally = self.tally
            self.voice.say(
                "run_finished",
                run=number,
                exit_code=int(code),
                waiting=self.summary.waiting,
                documents_read=tally.read,
                documents_skipped=tally.skipped,
                documents_refitted=tally.refitted,
                documents_failed=tally.failed,
                documents_total=tally.total,
            )
        return self._conclude(code)

    def _read(self, items: Iterator[Input]) -> None:
        feed = Feed(items, self.workspace.sources, self._resume(), self._skip)
        self._read_jobs(iter(feed), feed)
        if not self.stop() and (left := feed.left()):
            self._read_jobs(iter(left), feed)

    def _read_jobs(self, jobs: Iterator[Job], feed: Feed) -> None:
        outcomes = read_documents(
            jobs, self.work, workers=self.choices.workers, stopping=self.stop, count_death=self._count_death
        )
        with closing(outcomes):
            for job, outcome in outcomes:
                self._keep(job, outcome)
                feed.done(job)
                if 0 < self.choices.max_errors <= self.tally.failed:
                    self.stop.too_many_errors = True

    def _count_death(self, item: Input) -> int:
        return self.workspace.sources.count_death(item, self.fingerprint)

    def _resume(self) -> Resume:
        choices = self.choices
        return Resume(
            self.fingerprint,
            force=choices.force,
            retry_failed=choices.retry_failed,
            rehash=choices.rehash,
            shard=choices.shard,
            limit=choices.limit,
            begun=self.begun,
            has_overlays=self._has_overlays if choices.overlay else None,
            # Pictures show what is doubtful, so that those of another calibration are no good.
            refit=None if choices.overlay or choices.force else self._refit,
        )

    def _refit(self, job: Job, content: str) -> bool:
        found = self.refitting.find(content, with_failed=not self.choices.retry_failed)
        if found is None:
            return False
        for new in self.refitting.record(job, found):
            self.summary.add(new.report, new.seconds)
        self.tally.skipped += 1
        self.tally.refitted += 1
        self.voice.skipped(job.item.name, self.tally)
        return True

    def _has_overlays(self, known: Known) -> bool:
        return self.workspace.folder.has_overlays(self.workspace.folder.out / known.path)

    def _keep(self, job: Job, outcome: Outcome) -> None:
        found = (outcome, *outcome.more)
        new = [NewReport(o.report, o.form_reading, o.overlays, o.seconds) for o in found]
        self.workspace.record(job.item, new, fingerprint=self.fingerprint, form=self.form, seen=job.stamp)
        self.tally.read += 1
        for each in found:
            self.summary.add(each.report, each.seconds)
            self.tally.failed += each.report.status == "failed"
            self.tally.doubtful += sum(f.needs_review for f in each.report.fields)
            self.voice.read(each.report, each.seconds, self.tally)
        if self.choices.debug and outcome.traceback:
            print(outcome.traceback, file=sys.stderr)

    def _skip(self, item: Input, known: Known) -> None:
        if not known.same_place or not known.current or not (self.workspace.folder.out / known.path).exists():
            self.workspace.record_again(
                item,
                known.document_id,
                fingerprint=self.fingerprint,
                form=self.form,
                current=known.current,
                seen=known.stamp,
            )
        self.tally.skipped += 1
        if self.tally.skipped <= MOST_ROWS:
            for stored in self.workspace.reports(Selection(document_id=known.document_id)):
                self.summary.add(self.workspace.report(stored.id), stored.seconds)
        else:
            self.summary.add_known(known.status, known.waiting)
        self.voice.skipped(item.name, self.tally)

    def _say(self, message: str) -> None:
        if self.choices.log_format == "json":
            self.voice.say("interrupted", message=message)
        else:
            say_on_stderr(message)

    def _code(self) -> ExitCode:
        if self.summary.failed:
            return ExitCode.SOME_FAILED
        return ExitCode.REVIEW_WAITS if self.choices.fail_on_review and self.summary.waiting else ExitCode.DONE

    def _conclude(self, code: ExitCode) -> ExitCode:
        out = self.workspace.folder.out
        if code == ExitCode.INTERRUPTED:
            message = f"gikocr: interrupted; documents done: {self.summary.documents}, in {visible(str(out))}."
            print(f"{message} The same command goes on where this one stopped.", file=sys.stderr)
            return code
        self.summary.print_to(console(), out)
        if self.tally.skipped:
            console().print(
                f"Read already, and not again: {self.tally.skipped}. "
                "--force reads everything again, --retry-failed what failed."
            )
        if self.tally.refitted:
            console().print(f"With another calibration, from what was read before: {self.tally.refitted}.")
        if self.choices.log_format == "text":
            self.summary.print_failures(console(stderr=True))
        if self.stop.too_many_errors:
            print(f"gikocr: stopped after {self.tally.failed} failed documents (--max-errors).", file=sys.stderr)
        return code
