"""All reviewing of one workspace: the queue, decisions, and what follows from them. It knows nothing of HTTP."""

from __future__ import annotations

import math
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

from gikocr.errors import EditConflict, WorkspaceError
from gikocr.review.agreement import Agreement, agreements
from gikocr.review.attaching import Reader, attach
from gikocr.review.desk import Desk
from gikocr.review.formview import FormView, form_view
from gikocr.review.items import Sheet, SheetSettled
from gikocr.review.label_studio import LabelStudio
from gikocr.review.labels import Labels
from gikocr.review.plan import Plan
from gikocr.review.reports import NOTHING_HIDDEN, Values
from gikocr.review.sampling import ensure_sample
from gikocr.review.shifting import shifted
from gikocr.review.statistics import Pace, audit, paces
from gikocr.settings import Settings
from gikocr.workspace import Cursor, Entry, Selection, StoredField, StoredReport, Workspace
from gikocr.workspace.recomputed import stale
from gikocr.workspace.review_queue import sheet, sheet_sizes
from gikocr.workspace.rows import EVERYTHING

#: Seconds for which what is counted over a whole workspace is not counted again.
COUNTED_EVERY = 10.0

_Counted = TypeVar("_Counted")

#: Kinds of decisions that are made on many cells at once: all of a sheet, an odd one on it, all of a form.
SHEET, ODD, FORM = "sheet", "odd", "form"


def _pipeline(settings: Settings) -> Reader:
    from gikocr.pipeline import Pipeline

    return Pipeline(settings)


class Station(Desk):
    """The review station of a workspace: all of its reviewing. May be used by several threads. Use it in a ``with`` block, or close it.

    Args:
        workspace: an open one. It stays the caller's to close.
        settings: form, limits, resolution of pictures, calibration.
        make_reader: makes what reads documents to which a page was added; None: the pipeline, in this process.

    Raises:
        FormError: the form cannot be used.
    """

    def __init__(
        self, workspace: Workspace, settings: Settings, *, make_reader: Callable[[Settings], Reader] | None = None
    ) -> None:
        super().__init__(workspace, settings)
        self._make_reader = make_reader
        self._reader: Reader | None = None
        self._reading = threading.Lock()
        self._counted: dict[str, tuple[float, object]] = {}

    def sheets(self, *, limit: int = 50) -> list[tuple[str, int]]:
        """The texts of which sheets can be made, with the number of their cells, the most frequent first."""
        with self.workspace.database.read() as connection:
            return sheet_sizes(connection, limit)

    def sheet(
        self,
        printed: str,
        *,
        person: str,
        after: str | None = None,
        limit: int = 300,
        selection: Selection = EVERYTHING,
        lease: bool = True,
    ) -> Sheet:
        """Cells that were read as one text, the most doubtful first, and on the sheet those first that look least like the others.

        Cells surer than 0.9999, and those that somebody decided, are on no sheet.

        Args:
            printed: the text, such as ``7``.
            person: who asks.
            after: ``Sheet.after`` of the sheet before.
            limit: cells of a sheet.
            selection: which reports and fields.
            lease: hold them for this person for five minutes.

        Raises:
            ValueError: ``after`` is no place.
        """
        place = None if after is None else Cursor.parse(after, "doubt")
        with self.workspace.database.read() as connection:
            fields = sheet(connection, printed, selection, after=place, limit=limit, free_for=person)
        following = str(Cursor.of(fields[-1])) if len(fields) == limit else None
        if lease and fields:
            held = self.workspace.reviews.lease_all([(f.report_id, f.field_id) for f in fields], person)
            fields = [f for f in fields if (f.report_id, f.field_id) in held]
        made = self._shown.sheet(printed, fields, following)
        self._background.do(lambda: self._draw_rest(fields))
        return made

    def _draw_rest(self, fields: Sequence[StoredField]) -> None:
        """Make the pictures that a sheet did not wait for."""
        self._shown.draw(fields, seconds=math.inf)

    def settle_sheet(
        self,
        person: str,
        confirmed: Sequence[tuple[int, str, int]],
        odd: Sequence[tuple[int, str, int]] = (),
        *,
        request: str | None = None,
        seconds: float | None = None,
    ) -> SheetSettled:
        """Confirm that cells show what was read, and send the odd ones to the queue; both are given as report, field and version.

        Cells of reports that are no longer current, because they were read anew meanwhile, are left out.

        Args:
            person: who.
            confirmed: cells that show what was read.
            odd: cells that do not.
            request: see :meth:`settle`; the whole sheet is undone together.
            seconds: that the person took for all.

        Raises:
            WorkspaceError: the database fails; then nothing is kept.
        """
        each = None if seconds is None else seconds / max(1, len(confirmed) + len(odd))
        there = {(f.report_id, f.field_id) for f in self.workspace.reviews.fields([(r, f) for r, f, _ in odd])}
        entries = self._as_read(confirmed, SHEET, each, person)
        entries += [
            Entry(report, field, version, None, None, ODD, SHEET, each, waits=True)
            for report, field, version in odd
            if (report, field) in there
        ]
        return self._settle_many(person, entries, request)

    def form_view(self, report_id: int, *, person: str | None = None) -> FormView:
        """A report laid out as the national form.

        Args:
            report_id: the report.
            person: who looks at it, as in :meth:`item`.

        Raises:
            WorkspaceError: there is no such current report.
        """
        questions = self.workspace.second_looks.open_questions([report_id])
        hidden, locked = NOTHING_HIDDEN, NOTHING_HIDDEN
        if person is not None:
            hidden = questions.hidden_from(person)
            locked = NOTHING_HIDDEN if self.people.is_senior(person) else frozenset(questions.handed_up)
        return form_view(self._values(report_id), self.form, self._reports, self._builder, hidden=hidden, locked=locked)

    def confirm_form(
        self,
        person: str,
        report_id: int,
        fields: Sequence[tuple[str, int]],
        *,
        request: str | None = None,
        seconds: float | None = None,
    ) -> SheetSettled:
        """Confirm that fields of a report, given by id and version, show what was read: a person has looked at the whole form.

        Raises:
            WorkspaceError: the database fails; then nothing is kept.
        """
        each = None if seconds is None else seconds / max(1, len(fields))
        places = [(report_id, field, version) for field, version in fields]
        return self._settle_many(person, self._as_read(places, FORM, each, person), request)

    def shift(
        self,
        person: str,
        report_id: int,
        table: str,
        block: int,
        *,
        rows: Sequence[int],
        columns: Sequence[int],
        down: int = 0,
        right: int = 0,
        request: str | None = None,
    ) -> SheetSettled:
        """Move what stands in rows or columns that were registered wrongly; see :func:`gikocr.review.shifting.shifted`.

        Raises:
            UsageError: nothing would move.
            WorkspaceError: there is no such current report, or the database fails.
        """
        values = self._values(report_id)
        entries = shifted(values, self.form, table, block, rows=rows, columns=columns, down=down, right=right)
        return self._settle_many(person, entries, request)

    def attach_page(self, person: str, report_id: int, file: Path) -> StoredReport:
        """Read a report's document anew with a page that was missing; it takes as long as reading it did.

        Returns:
            The new report. The old one is no longer current; what people decided on it is carried over.

        Raises:
            UsageError: the page cannot be read with the document; nothing changes.
            WorkspaceError: there is no such current report, or something cannot be written.
            DependencyMissing: a model is missing.
        """
        report = self._values(report_id).report
        with self._reading:
            if self._reader is None:
                self._reader = (self._make_reader or _pipeline)(self.settings)
            new = attach(
                self.workspace,
                self._reports,
                report,
                file,
                person=person,
                form=self.form,
                settings=self.settings,
                reader=self._reader,
            )
        self._background.recompute([new.id])
        return new

    @property
    def labels(self) -> Labels:
        """What was decided, as pictures with labels and as truth files."""
        return Labels(self.workspace, self._reports, self._shown.pictures, self._builder.places)

    @property
    def label_studio(self) -> LabelStudio:
        """Exchange with Label Studio."""
        return LabelStudio(self.workspace, self._reports, self._shown.pictures, self._builder.places)

    def agreement(self) -> list[Agreement]:
        """How far reviewers agree on what two decided without seeing each other's answer. Counted anew every ten seconds."""
        return self._lately("agreement", lambda: agreements(self.workspace.second_looks.keyings()))

    def pace(self) -> list[Pace]:
        """How everybody works who decided anything. Counted anew every ten seconds."""
        return self._lately("pace", lambda: paces(self.workspace))

    def recompute_all(self) -> None:
        """Recompute every report on which somebody decided since it was last: after decisions came in from elsewhere."""
        with self.workspace.database.read() as connection:
            behind = stale(connection)
        self._background.recompute(behind)

    def audit(self, *, person: str | None = None) -> Iterator[dict[str, Any]]:
        """Every decision that was ever made, the oldest first; what a person must not see yet is withheld, where one is given."""
        return audit(self.workspace, person)

    def plan(self) -> Plan:
        """What the reviewers have agreed on."""
        return Plan.of(self.workspace)

    def set_plan(self, plan: Plan) -> None:
        """Agree on something else. A larger sample is drawn at once; a smaller one keeps what was drawn.

        Raises:
            UsageError: it makes no plan.
        """
        plan.keep(self.workspace)
        ensure_sample(self.workspace, plan.sample, plan.seed)

    def _as_read(
        self, places: Sequence[tuple[int, str, int]], kind: str, seconds: float | None, person: str
    ) -> list[Entry]:
        """Decisions that what was read is printed; cells in which nothing was read, or the person saw nothing, are left out."""
        questions = self.workspace.second_looks.open_questions({report_id for report_id, *_ in places})
        hidden = questions.hidden_from(person)
        seen = [(r, f) for r, f, _ in places if (r, f) not in hidden]
        fields = {(f.report_id, f.field_id): f for f in self.workspace.reviews.fields(seen)}
        twice = self._asked_twice(list(fields))
        return [
            Entry(
                report,
                field_id,
                version,
                fields[report, field_id].value,
                fields[report, field_id].state,
                kind,
                kind,
                seconds,
                twice=(report, field_id) in twice,
            )
            for report, field_id, version in places
            if (report, field_id) in fields and fields[report, field_id].state != "unreadable"
        ]

    def _settle_many(self, person: str, entries: Sequence[Entry], request: str | None) -> SheetSettled:
        # One key press is undone as a whole, also where the caller has no name for it.
        done = self.workspace.reviews.settle_all(
            entries, by=person, request=request or secrets.token_hex(16), senior=self.people.is_senior(person)
        )
        self._background.recompute(sorted({entry.report_id for entry in entries}))
        conflicts = tuple(d for d in done if isinstance(d, EditConflict))
        return SheetSettled(tuple(d for d in done if not isinstance(d, EditConflict)), conflicts)

    def _lately(self, name: str, count: Callable[[], _Counted]) -> _Counted:
        """Something that is counted over the whole workspace, and asked for often."""
        moment, found = self._counted.get(name, (-math.inf, None))
        if found is None or time.monotonic() - moment > COUNTED_EVERY:
            found = count()
            self._counted[name] = (time.monotonic(), found)
        return cast(_Counted, found)

    def _values(self, report_id: int) -> Values:
        found = self._reports.values([report_id]).get(report_id)
        if found is None:
            raise WorkspaceError(f"There is no current report {report_id}.")
        return found
