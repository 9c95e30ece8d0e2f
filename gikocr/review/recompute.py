"""Inference anew from the saved form reading, with what people settled taken as given.

What was read is never changed. The confidence of the other fields becomes what the sums now say of the value *that was read*; a field
that waits is let go only when that is sure, it is still the likeliest reading, a number other than 0, and every sum of it holds.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

from gikocr.elements import FormReading, Source
from gikocr.errors import WorkspaceError
from gikocr.forms import Form
from gikocr.report import Alternative, Check, Field, Report
from gikocr.report.numbers import difference
from gikocr.review.items import Changed, Sum
from gikocr.review.reports import Reports, Values
from gikocr.settings import Settings
from gikocr.workspace import StoredField, StoredReport, Workspace, recomputed
from gikocr.workspace.recomputed import Outlook, Recomputed
from gikocr.workspace.recording import broken_checks, harm_of
from gikocr.workspace.rows import amount

if TYPE_CHECKING:
    from gikocr.pipeline.calibration import Calibrated

#: States that a person gives to a field whose number is not known: they settle nothing for the sums.
UNKNOWN_STATES = frozenset({"unreadable", "occluded"})
#: Form readings that are kept in memory with what inference says of them.
KEPT = 64
#: Times that a report is begun anew because somebody decided meanwhile; the next decision recomputes it anyway.
TRIES = 5

_SURE_BROKEN = 0.9


@dataclass(frozen=True, slots=True)
class _Base:
    """A saved reading and what inference says of it before anybody decided."""

    reading: FormReading
    merged: FormReading
    report: Report
    review_below: float


class Recomputer:
    """Recomputes the reports of a workspace. May be used by several threads."""

    def __init__(self, workspace: Workspace, reports: Reports, form: Form, settings: Settings) -> None:
        self._workspace = workspace
        self._reports = reports
        self._form = form
        self._settings = settings
        self._kept: OrderedDict[tuple[int, object], _Base | None] = OrderedDict()
        self._lock = threading.Lock()

    def recompute(self, report_id: int) -> tuple[Values | None, tuple[Changed, ...]]:
        """Take what people settled in a report in. Nothing is done where the reading was not saved, or is of another version.

        Returns:
            The report as it stands then, None when it is not current; and the other fields of which inference thinks otherwise now.

        Raises:
            WorkspaceError: the database fails.
        """
        for _ in range(TRIES):
            values = self._reports.values([report_id]).get(report_id)
            if values is None:
                return None, ()
            base = self._base(values.report)
            if base is None:
                return values, ()
            found, rows, changed = self._anew(values, base)
            with self._workspace.database.write() as connection:
                if recomputed.keep(self._workspace.database, connection, report_id, found, rows):
                    return _with(values, found, rows), changed
        return values, ()

    @cached_property
    def _calibrated(self) -> Calibrated:
        # Reading a calibration and the pipeline's parts takes a moment that only decisions are worth.
        from gikocr.pipeline.calibration import load_calibration

        return load_calibration(self._settings)

    def _base(self, report: StoredReport) -> _Base | None:
        key = (report.id, report.read_at)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        base = self._load(report)
        with self._lock:
            self._kept[key] = base
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return base

    def _load(self, report: StoredReport) -> _Base | None:
        from gikocr.reconcile import merge_rivals

        try:
            reading = self._workspace.form_reading(report)
        except WorkspaceError:
            return None
        if reading is None or reading.form != self._form.id:
            return None
        merged = merge_rivals(reading)
        below = self._calibrated.review_below(merged, self._settings)
        return _Base(reading, merged, self._inferred(reading, merged, below, {}), below)

    def _inferred(
        self, reading: FormReading, merged: FormReading, below: float, settled: Mapping[str, Decimal | None]
    ) -> Report:
        """The report that the pipeline would make of a reading and what is settled; only fields and sums of it mean anything."""
        from gikocr.pipeline.reporting import build_report
        from gikocr.reconcile import reconcile_again

        posterior = reconcile_again(reading, self._form, settled, self._calibrated.calibration)
        return build_report(
            self._form,
            merged,
            posterior,
            source=Source("", "", 0, "", ()),
            fingerprint="",
            models=(),
            issues=(),
            seconds={},
            review_below=below,
            confidence_kind=self._calibrated.kind_for(merged),
        )

    def _anew(
        self, values: Values, base: _Base
    ) -> tuple[Recomputed, list[tuple[StoredField, Mapping[str, Any]]], tuple[Changed, ...]]:
        # What was only moved from another cell and is doubtful there settles nothing.
        settled = {
            i: recomputed.as_decimal(f)
            for i, f in values.fields.items()
            if f.decided is not None and not f.waiting and f.decided.state not in UNKNOWN_STATES
        }
        after = base.report
        moved = {i: f.cell_of for i, f in values.fields.items() if f.cell_of is not None}
        if settled or moved:
            reading, merged = (with_moved(r, moved) for r in (base.reading, base.merged))
            after = self._inferred(reading, merged, base.review_below, settled)
        original = {f.id: f for f in self._original(values.report).fields}
        before, now = ({f.id: f for f in r.fields} for r in (base.report, after))
        changed_fields = {
            i: outlook(original[i], now[i])
            for i, f in values.fields.items()
            if f.decided is None and i in now and i in before and i in original and not _alike(now[i], before[i])
        }
        sums = self._reports.sums(values) if any(f.version for f in values.fields.values()) else ()
        checks = self._checks(sums, values.report, after)
        broken = broken_checks(checks or self._original(values.report).checks)
        failing = {s.rule_id for s in sums if s.holds is False or s.unread}
        sent_back = self._sent_back(values)
        rows: list[tuple[StoredField, Mapping[str, Any]]] = []
        changes = []
        for field_id, field in values.fields.items():
            stood = original.get(field_id)
            if field.decided is not None or stood is None:
                continue
            seen = changed_fields.get(field_id) or as_read(stood)
            kept = stood.needs_review and not may_be_let_go(stood, failing)
            if kept and not seen.needs_review:
                seen = Outlook(seen.confidence, True, seen.alternatives, seen.suggestion)
                if field_id in changed_fields:
                    changed_fields[field_id] = seen
            waiting = seen.needs_review or field_id in sent_back
            row = recomputed.row_of(field, seen, waiting=waiting, harm=harm_of(field.rules, broken))
            if row:
                rows.append((field, row))
            if row and (field.waiting != waiting or not recomputed.is_same(field.confidence, seen.confidence)):
                changes.append(Changed(field_id, field.confidence, seen.confidence, field.waiting, waiting))
        total = sum(f.version for f in values.fields.values())
        return Recomputed(total, changed_fields, checks), rows, tuple(changes)

    def _sent_back(self, values: Values) -> set[str]:
        """The fields that somebody sent to the queue, which stay there until they are decided."""
        if not any(f.version and f.decided is None for f in values.fields.values()):
            return set()
        standing = self._workspace.reviews.standing(values.report.id)
        return {field_id for field_id, made in standing.items() if made.waits}

    def _original(self, report: StoredReport) -> Report:
        return self._reports.original(report)

    def _checks(self, sums: Sequence[Sum], report: StoredReport, after: Report) -> tuple[Check, ...]:
        """The sums with the values that stand, and what inference says of them."""
        inferred = {c.id: c for c in after.checks}
        listed = {c.id for c in self._original(report).checks}
        return tuple(_check(s, inferred.get(s.rule_id)) for s in sums if s.rule_id in listed)


def may_be_let_go(read: Field, failing: set[str]) -> bool:
    """Whether what others settled can take the doubt of a field away: it is a number other than 0 and none of its sums fails.

    A sum fails that does not hold or of which a part was not read.

    Sums do not tell 0 from a blank, a slash or a dash. Of 24 doubtful fields of 40 development documents that became sure by what was
    settled around them, 7 were wrong, all of them dashes read for slashes.
    """
    return read.state == "read" and bool(read.value) and not failing & set(read.checks)


def with_moved(reading: FormReading, moved: Mapping[str, str]) -> FormReading:
    """A reading in which fields stand in the cells of others, as a person said who shifted rows or columns.

    Args:
        reading: as it was read.
        moved: for each such field the one whose cell is its own.
    """
    if not moved:
        return reading
    tables = []
    for table in reading.tables:
        placements = []
        for placement in table.placements:
            cells = {f.field_id: f.cell for f in placement.fields}
            fields = tuple(
                replace(f, cell=cells[moved[f.field_id]], certainty=1.0) if moved.get(f.field_id) in cells else f
                for f in placement.fields
            )
            placements.append(replace(placement, fields=fields))
        tables.append(replace(table, placements=tuple(placements)))
    return replace(reading, tables=tuple(tables))


def _alike(one: Field, other: Field) -> bool:
    """Whether inference says the same of a field, as far as the contract compares probabilities."""
    return (
        (one.value, one.state, one.printed, one.needs_review, one.suggestion)
        == (other.value, other.state, other.printed, other.needs_review, other.suggestion)
        and recomputed.is_same(one.confidence, other.confidence)
        and [a.printed for a in one.alternatives] == [a.printed for a in other.alternatives]
    )


def _with(values: Values, found: Recomputed, rows: Sequence[tuple[StoredField, Mapping[str, Any]]]) -> Values:
    """A report with its rows as they were just written."""
    fields = dict(values.fields)
    for seen, row in rows:
        fields[seen.field_id] = replace(
            seen,
            confidence=row["confidence"],
            needs_review=row["needs_review"],
            suggestion=amount(row["suggestion"]),
            waiting=row["waiting"],
            harm=row["harm"],
        )
    waiting = sum(f.waiting for f in fields.values())
    return Values(replace(values.report, waiting=waiting), fields, found)


def outlook(read: Field, now: Field) -> Outlook:
    """What inference says now of the value that was read, whichever reading it finds likeliest.

    Args:
        read: the field when its document was read.
        now: the field as the pipeline would give it now.
    """
    if (now.value, now.state, now.printed) == (read.value, read.state, read.printed):
        return Outlook(now.confidence, now.needs_review, now.alternatives, now.suggestion)
    best = Alternative(value=now.value, printed=now.printed or "", state=now.state, probability=now.confidence or 0.0)
    own = [a for a in now.alternatives if (a.value, a.state, a.printed) == (read.value, read.state, read.printed)]
    others = tuple(a for a in (best, *now.alternatives) if a not in own)
    confidence = None if read.confidence is None else sum(a.probability for a in own)
    return Outlook(confidence, True, others if confidence is not None else (), now.suggestion)


def as_read(field: Field) -> Outlook:
    """A field as when its document was read."""
    return Outlook(field.confidence, field.needs_review, field.alternatives, field.suggestion)


def _check(found: Sum, inferred: Check | None) -> Check:
    if found.holds is None:
        return Check(
            id=found.rule_id, left=None, right=None, difference=None, verdict="not_checkable", probability_broken=None
        )
    assert found.left is not None and found.right is not None  # where it can be checked there are totals
    probability = (inferred.probability_broken if inferred is not None else None) or 0.0
    verdict = "holds" if found.holds else "broken_in_source" if probability >= _SURE_BROKEN else "doubtful"
    return Check.model_validate(
        {
            "id": found.rule_id,
            "left": found.left,
            "right": found.right,
            "difference": difference(found.left, found.right),
            "verdict": verdict,
            "probability_broken": probability,
        }
    )
