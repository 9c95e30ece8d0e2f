"""A missing page: the document is read anew with it, and what people decided is carried over."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from gikocr.errors import DocumentError, EditConflict, UsageError
from gikocr.forms import Form
from gikocr.ingest import Input
from gikocr.ingest.confined import decoder
from gikocr.review.reports import Reports
from gikocr.settings import Settings
from gikocr.workspace import Entry, NewReport, Selection, StoredField, StoredReport, Workspace
from gikocr.workspace.pictures import source_paths
from gikocr.workspace.standing import CARRIED
from gikocr.workspace.successors import keep_file, point_sources, supersede

if TYPE_CHECKING:
    from gikocr.elements import FormReading
    from gikocr.report import Report


class Found(Protocol):
    """What was read: a report, failed ones included, what was read before any inference, pictures, and further reports."""

    @property
    def report(self) -> Report: ...  # noqa: D102

    @property
    def form_reading(self) -> FormReading | None: ...  # noqa: D102

    @property
    def overlays(self) -> tuple[tuple[int, bytes], ...]: ...  # noqa: D102

    @property
    def more(self) -> tuple[Found, ...]: ...  # noqa: D102


class Reader(Protocol):
    """What reads a document anew: the pipeline, or one in a process of its own."""

    @property
    def fingerprint(self) -> str:
        """Of its results."""
        ...

    def extract(self, item: Input) -> Found:
        """Read a document; a bad one gives a failed report."""
        ...


def attach(
    workspace: Workspace,
    reports: Reports,
    report: StoredReport,
    file: Path,
    *,
    person: str,
    form: Form,
    settings: Settings,
    reader: Reader,
) -> StoredReport:
    """Read a document with one more file, and return its report.

    Args:
        workspace: an open one.
        reports: of the workspace.
        report: on the document as it is. Its reports are no longer current afterwards.
        file: with one or several pages, of any kind that gikocr reads as pages. It is copied into the workspace.
        person: who attaches it.
        form: that is looked for.
        settings: limits.
        reader: reads it.

    Raises:
        UsageError: the document has no pages, its files are gone, or the new file cannot be read together with them. Nothing changes.
        WorkspaceError: something cannot be written.
    """
    paths = source_paths(workspace, report)
    if not paths:
        raise UsageError(
            f"{report.name!r} is no longer where it was read.", advice="Run extract on it in its new place first."
        )
    if decoder().is_text(Input(report.name, paths), settings):
        raise UsageError(
            f"{report.name!r} is a text: no page can be added to it.", advice="Give extract all pages as scans."
        )
    _check(file, settings)
    item = Input(report.name, (*paths, keep_file(workspace, file)))
    found = reader.extract(item)
    sha256 = found.report.source.sha256
    failures = [i for i in found.report.issues if i.code == "part_unreadable"]
    if found.report.status == "failed" or sha256 is None or failures:
        reason = (
            failures[0].message if failures else next(i.message for i in found.report.issues if i.severity == "error")
        )
        raise UsageError(f"The page cannot be read with {report.name!r}: {reason}")
    before = reports.values([r.id for r in workspace.reports(Selection(document_id=report.document_id))])
    decided = {
        (values.report.number, f.field_id): f for values in before.values() for f in values.fields.values() if f.decided
    }
    supersede(workspace, report, item, sha256)
    workspace.record(item, [_new(e) for e in (found, *found.more)], fingerprint=reader.fingerprint, form=form)
    (new, *_) = [r for r in workspace.reports(Selection(name=report.name)) if r.sha256 == sha256]
    point_sources(workspace, report.document_id, new.document_id)
    _carry(workspace, new, decided, person)
    return new


def _check(file: Path, settings: Settings) -> None:
    """Raise a UsageError for a file that has no pages which can be read."""
    try:
        decoder().page(Input(file.name, (file,)), 1, settings)
    except DocumentError as error:
        raise UsageError(f"The page cannot be read: {error.message}", advice=error.advice) from error


def _new(extraction: Found) -> NewReport:
    return NewReport(
        extraction.report,
        extraction.form_reading,
        extraction.overlays,
        sum(extraction.report.provenance.seconds.values()),
    )


def _carry(workspace: Workspace, new: StoredReport, decided: dict[tuple[int, str], StoredField], person: str) -> None:
    """Make the decisions on the old content on the new one too, in the names of those who made them."""
    fields = {f.field_id: f for f in workspace.fields(Selection(report_ids=(new.id,)))}
    for (number, field_id), old in decided.items():
        field = fields.get(field_id)
        if number != new.number or field is None or old.decided is None or field.version:
            continue
        entry = Entry(
            new.id,
            field_id,
            0,
            old.decided.value,
            old.decided.state,
            CARRIED,
            f"page attached by {person}",
            cell_of=old.cell_of,
            waits=old.waiting,
        )
        done = workspace.reviews.settle_all([entry], by=old.decided.by)
        if any(isinstance(d, EditConflict) for d in done):
            continue  # somebody decided on the new reading already, and saw it
