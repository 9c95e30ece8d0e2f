"""The workspace as a whole: the folder with its files, and the database beside them."""

from __future__ import annotations

import contextlib
import gzip
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

import sqlalchemy as sa

from gikocr.elements import FormReading
from gikocr.errors import WorkspaceError
from gikocr.forms import Form
from gikocr.ingest import Input
from gikocr.report import Report, Review
from gikocr.workspace import queries, recomputed, recording, schema
from gikocr.workspace.blobs import Blobs
from gikocr.workspace.database import FILE_NAME, Database
from gikocr.workspace.folder import ReportFolder
from gikocr.workspace.jobs import JobLog
from gikocr.workspace.reserving import reserve
from gikocr.workspace.review_log import ReviewLog
from gikocr.workspace.rows import (
    EVERYTHING,
    BrokenCheck,
    Selection,
    StoredField,
    StoredReport,
    broken_check,
    stored_field,
    stored_report,
)
from gikocr.workspace.second_looks import SecondLooks
from gikocr.workspace.sources import Sources, note_source, stamp
from gikocr.workspace.workers import Workers


@dataclass(frozen=True, slots=True)
class NewReport:
    """One report as the pipeline made it.

    Attributes:
        form_reading: what was read before any inference.
        overlays: page numbers (from 1) with PNG bytes.
        seconds: wall time of reading it.
    """

    report: Report
    form_reading: FormReading | None = None
    overlays: tuple[tuple[int, bytes], ...] = ()
    seconds: float = 0.0


End = Callable[[sa.Connection, int], None]
"""Ends a job within the transaction that records its result, given the number of the content; raises where the job is another's."""


class Workspace:
    """Everything that was read, with what people decided on it. Use it in a ``with`` block, or close it.

    The folder holds one JSON for each document, form readings and pictures; the database knows them all. Several processes, and
    with PostgreSQL several machines that share the folder, may work on one workspace at the same time.

    Attributes:
        folder: the files.
        sources: which files were seen, and what is known of them.
        reviews: the queue of doubtful fields, leases, and the log of decisions.
        jobs: what is to be read by workers, and what became of it.
        workers: who reads it.
        blobs: files of documents that were submitted.
        second_looks: the random sample, second keyings, and what was handed up to a senior.
    """

    def __init__(self, folder: ReportFolder, database: Database) -> None:
        self.folder = folder
        self.database = database
        self.sources = Sources(database)
        self.reviews = ReviewLog(database)
        self.jobs = JobLog(database)
        self.workers = Workers(database)
        self.blobs = Blobs(folder.out)
        self.second_looks = SecondLooks(database)

    @classmethod
    def open(
        cls,
        out: Path,
        *,
        database: str | None = None,
        must_exist: bool = False,
        migrate_server: bool = False,
        read_only: bool = False,
    ) -> Self:
        """Open a workspace, and make what is not there yet.

        A workspace of an older gikocr is migrated; a SQLite file is copied first (``gikocr.db.backup-...``).

        Args:
            out: the folder.
            database: a PostgreSQL URL; None: SQLite in the folder.
            must_exist: raise when there is no workspace, instead of making one.
            migrate_server: see :class:`Database`.
            read_only: nothing is written or migrated, as in a folder without the right to write. There must be a workspace.

        Raises:
            WorkspaceError: the folder or the database cannot be used; the message names it and says what to do.
            DependencyMissing: the driver of PostgreSQL is not installed.
        """
        must_exist = must_exist or read_only
        if must_exist and not out.is_dir():
            advice = "Give the folder of gikocr extract -o; the URL of its database goes to --database."
            raise WorkspaceError(f"{str(out)!r} is no folder.", advice=advice)
        if must_exist and database is None:
            # Asked before the folder gets anything of ours: a mistyped folder stays as it is.
            Database.require(out)
        folder = ReportFolder(out, read_only=read_only)
        options = {"must_exist": must_exist, "migrate_server": migrate_server, "read_only": read_only}
        return cls(folder, Database(out, database, **options))

    @staticmethod
    def is_there(out: Path) -> bool:
        """Whether a folder holds a workspace with SQLite."""
        return (out / FILE_NAME).exists()

    def close(self) -> None:
        """Close the connections."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def record(
        self,
        item: Input,
        found: Sequence[NewReport],
        *,
        fingerprint: str,
        form: Form,
        seen: str | None = None,
        end: End | None = None,
    ) -> list[Path]:
        """Keep the reports on one document: first their files, then their rows, in one transaction.

        A process that is killed in between leaves files that the next run writes again, and never a row without its files.

        Args:
            item: the document.
            found: the reports in it, in order; at least one.
            fingerprint: of the run. With the content it is the key of the result: an older result with the same key is replaced.
            form: that was looked for.
            seen: :func:`gikocr.workspace.stamp` of the files before they were read, so that a change while they are read shows the
                next time; None: taken now.
            end: called with the number of the content in the transaction, before anything is written; see :meth:`JobLog.end`.

        Returns:
            The paths of the JSON files.

        Raises:
            WorkspaceError: something cannot be written, or ``end`` refused. What was recorded before is kept.
        """
        mark = stamp(item) if seen is None else seen
        first = found[0].report
        if first.source.sha256 is None:
            mark = ""  # a file that could not be opened is tried again
        paths = [reserve(self.database, self.folder, new.report, number) for number, new in enumerate(found, 1)]
        texts = [new.report.to_json() for new in found]
        if end is None:
            self._write_files(found, paths, texts)
        with self.database.write() as connection:
            document_id = recording.record_document(self.database, connection, first)
            if end is not None:
                # Whoever was overtaken learns it here, and leaves the files alone too.
                end(connection, document_id)
                self._write_files(found, paths, texts)
            known = recording.retire_document(connection, document_id)
            ids = [
                recording.record_report(
                    self.database,
                    connection,
                    new.report,
                    document_id=document_id,
                    number=number,
                    fingerprint=fingerprint,
                    path=path.relative_to(self.folder.out).as_posix(),
                    form=form,
                    seconds=new.seconds,
                    text=text,
                    known=known,
                )
                for number, (new, path, text) in enumerate(zip(found, paths, texts, strict=True), 1)
            ]
            self._note(connection, item, mark, document_id, fingerprint)
        if known:
            # The files hold what the pipeline made; what people decided on this content before belongs into them too.
            for report_id in ids:
                if any(field.review is not None for field in self.report(report_id).fields):
                    self.write_json(report_id)
        return paths

    def _write_files(self, found: Sequence[NewReport], paths: Sequence[Path], texts: Sequence[str]) -> None:
        for new, path, text in zip(found, paths, texts, strict=True):
            self.folder.write(path, text.encode("utf-8"))
            if new.form_reading is not None:
                self.folder.write_form_reading(path, new.form_reading)
            for page, png in new.overlays:
                self.folder.write_overlay(path, page, png)

    def _note(self, connection: sa.Connection, item: Input, mark: str, document_id: int, fingerprint: str) -> None:
        """Note where a content stands; one that a file held before and none holds now is no longer current."""
        lost = note_source(self.database, connection, item, mark, document_id, fingerprint)
        if lost is not None:
            recording.retire_document(connection, lost)

    def record_again(
        self,
        item: Input,
        document_id: int,
        *,
        fingerprint: str,
        form: Form,
        current: bool,
        seen: str | None = None,
        end: End | None = None,
    ) -> list[Path]:
        """Give a document the reports that its content has already: it is a copy, or was read with these settings before.

        Its JSON is written under its own name. Nothing is read anew.

        Args:
            item: the document.
            document_id: the content that it was found to hold.
            fingerprint: of the reports.
            form: that was looked for.
            current: whether these reports are the current ones of the content; else they become it.
            seen: as for :meth:`record`.
            end: as for :meth:`record`.

        Raises:
            WorkspaceError: something cannot be written, or ``end`` refused.
        """
        found = self.results(document_id, fingerprint, current=current)
        found = [replace(new, report=recording.renamed(new.report, item)) for new in found]
        if not current:
            return self.record(item, found, fingerprint=fingerprint, form=form, seen=seen, end=end)
        paths = [reserve(self.database, self.folder, new.report, number) for number, new in enumerate(found, 1)]
        with self.database.write() as connection:
            if end is not None:
                end(connection, document_id)
            self._write_files(found, paths, [new.report.to_json() for new in found])
            self._note(connection, item, stamp(item) if seen is None else seen, document_id, fingerprint)
        return paths

    def results(self, document_id: int, fingerprint: str, *, current: bool) -> list[NewReport]:
        """The reports on a content under a fingerprint, without pictures; ``current``: with decisions, which no others have."""
        columns = schema.report.c
        statement = sa.select(columns.id, columns.body, columns.path, columns.seconds).order_by(columns.number)
        statement = statement.where(columns.document_id == document_id, columns.fingerprint == fingerprint)
        with self.database.read() as connection:
            rows = connection.execute(statement).all()
        found = []
        for report_id, body, path, seconds in rows:
            reading = None
            with contextlib.suppress(WorkspaceError):
                reading = self.folder.read_form_reading(self.folder.out / path)
            report = self.report(report_id) if current else recording.unpack_report(body)
            found.append(NewReport(report, reading, (), seconds))
        return found

    def reports(
        self, selection: Selection = EVERYTHING, *, after: int = 0, limit: int | None = None
    ) -> Iterator[StoredReport]:
        """The current reports, streamed in the order of their ids, from the one after ``after``."""
        statement = queries.select_reports(selection).where(schema.report.c.id > after).limit(limit)
        with self.database.read() as connection:
            result = connection.execution_options(yield_per=queries.ROWS_AT_ONCE).execute(statement)
            for row in result.mappings():
                yield stored_report(row)

    def full_reports(self, selection: Selection = EVERYTHING) -> Iterator[tuple[StoredReport, Report]]:
        """The current reports as the pipeline made them, streamed; without decisions, see :meth:`report`."""
        statement = queries.select_reports(selection, schema.report.c.body)
        with self.database.read() as connection:
            for row in connection.execution_options(yield_per=100).execute(statement).mappings():
                yield stored_report(row), recording.unpack_report(row["body"])

    def report(self, report_id: int) -> Report:
        """One report, with ``review`` set on the fields that a person decided, and the others as inference sees them since.

        Raises:
            WorkspaceError: there is no such report.
        """
        columns = schema.report.c
        with self.database.read() as connection:
            body = connection.scalar(sa.select(columns.body).where(columns.id == report_id))
            if body is None:
                raise WorkspaceError(f"There is no report {report_id}.")
            decided = queries.select_fields(Selection(report_ids=(report_id,))).where(
                schema.field.c.decided_state.is_not(None)
            )
            fields = [stored_field(row) for row in connection.execute(decided).mappings()]
            anew = recomputed.load(connection, [report_id]).get(report_id)
        reviews = {
            f.field_id: Review(value=f.decided.value, state=f.decided.state, by=f.decided.by, at=f.decided.at)
            for f in fields
            if f.decided is not None
        }
        report = recording.unpack_report(body)
        if anew is not None:
            report = anew.applied(report)
        if not reviews:
            return report
        changed = (f.model_copy(update={"review": reviews.get(f.id)}) for f in report.fields)
        return report.model_copy(update={"fields": tuple(changed)})

    def find_report(self, sha256: str, number: int) -> int | None:
        """The id of the current report on a content; None when there is none."""
        columns = schema.report.c
        statement = sa.select(columns.id).join_from(schema.report, schema.document)
        statement = statement.where(schema.document.c.sha256 == sha256, columns.number == number, columns.current)
        with self.database.read() as connection:
            found = connection.scalar(statement)
        return None if found is None else int(found)

    def report_text(self, report_id: int) -> bytes:
        """The JSON of one report as the pipeline made it; without decisions, see :meth:`report`.

        Raises:
            WorkspaceError: there is no such report.
        """
        with self.database.read() as connection:
            body = connection.scalar(sa.select(schema.report.c.body).where(schema.report.c.id == report_id))
        if body is None:
            raise WorkspaceError(f"There is no report {report_id}.")
        return gzip.decompress(body)

    def write_json(self, report_id: int) -> Path:
        """Write a report's JSON in the folder anew, with what people decided, and return its path.

        Raises:
            WorkspaceError: there is no such report, or it cannot be written.
        """
        with self.database.read() as connection:
            path = connection.scalar(sa.select(schema.report.c.path).where(schema.report.c.id == report_id))
        report = self.report(report_id)
        where = self.folder.out / str(path)
        self.folder.write(where, report.to_json().encode("utf-8"))
        return where

    def form_reading(self, report: StoredReport) -> FormReading | None:
        """What was read for a report before any inference; None when nothing was saved.

        Raises:
            WorkspaceError: it is damaged or of another version.
        """
        return self.folder.read_form_reading(self.folder.out / report.path)

    def fields(self, selection: Selection = EVERYTHING) -> Iterator[StoredField]:
        """Fields of the current reports, streamed, report after report in the order of the form."""
        statement = queries.select_fields(selection).order_by(schema.field.c.report_id, schema.field.c.position)
        with self.database.read() as connection:
            result = connection.execution_options(yield_per=queries.ROWS_AT_ONCE).execute(statement)
            for row in result.mappings():
                yield stored_field(row)

    def broken_checks(self, selection: Selection = EVERYTHING) -> Iterator[tuple[StoredReport, BrokenCheck]]:
        """Sums that do not hold in print, or may not, with their reports, streamed."""
        statement = queries.select_reports(selection, *schema.broken_check.c).join(
            schema.broken_check, schema.broken_check.c.report_id == schema.report.c.id
        )
        with self.database.read() as connection:
            result = connection.execution_options(yield_per=queries.ROWS_AT_ONCE).execute(statement)
            for row in result.mappings():
                yield stored_report(row), broken_check(row)
