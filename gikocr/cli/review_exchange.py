"""What ``gikocr reviewed`` does: files out of a workspace and into it, and what its reviewers agree on."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from gikocr.errors import UsageError
from gikocr.report.json_text import write as write_json
from gikocr.review import Agreement, Interval, Pace, Plan, Station
from gikocr.settings import Settings
from gikocr.workspace import Selection, Workspace
from gikocr.workspace.atomic import write_file


@dataclass(frozen=True, slots=True)
class PlanChanges:
    """What is agreed on anew; None: it stays."""

    sample: int | None = None
    seed: int | None = None
    twice_share: float | None = None
    twice_fields: tuple[str, ...] | None = None

    def applied(self, plan: Plan) -> Plan:
        """The plan with what changes."""
        return Plan(
            plan.sample if self.sample is None else self.sample,
            plan.seed if self.seed is None else self.seed,
            plan.twice_share if self.twice_share is None else self.twice_share,
            plan.twice_fields if self.twice_fields is None else self.twice_fields,
        )


@dataclass(frozen=True, slots=True)
class Exchange:
    """The options of ``reviewed``; see its help."""

    decisions: Path | None = None
    crops: Path | None = None
    truth: Path | None = None
    partly: bool = False
    label_studio: Path | None = None
    images: str = "images/"
    all_pages: bool = False
    label_studio_import: Path | None = None
    by: str = "label_studio"
    agency: str | None = None
    year: int | None = None
    plan: PlanChanges = PlanChanges()


def exchange(folder: Path, settings: Settings, wanted: Exchange) -> Iterator[str]:
    """Do what is wanted, and say what was done, line by line.

    Raises:
        WorkspaceError: there is no workspace, or a file cannot be written.
        UsageError: a file cannot be read, or the plan is none.
    """
    selection = Selection(agency=wanted.agency, year=wanted.year)
    changed = wanted.plan != PlanChanges()
    with Workspace.open(folder, database=settings.database or None, must_exist=True) as workspace, ExitStack() as stack:
        if changed:
            # Before there is a station: it draws the sample, and what was drawn stays.
            wanted.plan.applied(Plan.of(workspace)).keep(workspace)
        station = stack.enter_context(Station(workspace, settings))
        if changed:
            yield _plan_line(station)
        if wanted.label_studio_import is not None:
            yield from _taken_in(station, wanted.label_studio_import, wanted.by)
        if wanted.decisions is not None:
            yield f"{_write_log(station, wanted.decisions)} decisions: {wanted.decisions}"
        if wanted.crops is not None:
            crops = station.labels.write_crops(wanted.crops, selection)
            yield f"{crops.count} cells with what is printed: {wanted.crops}"
            yield from (f"  not there, or changed since: {name}" for name in crops.unopened)
        if wanted.truth is not None:
            done = station.labels.write_truth(wanted.truth, selection, whole=not wanted.partly)
            yield f"{done.count} reviewed documents: {wanted.truth}"
        if wanted.label_studio is not None:
            count = station.label_studio.write(
                wanted.label_studio, selection, prefix=wanted.images, all_pages=wanted.all_pages
            )
            yield f"{count} tasks for Label Studio: {wanted.label_studio}"
        files = (wanted.decisions, wanted.crops, wanted.truth, wanted.label_studio, wanted.label_studio_import)
        if not changed and not any(files):
            yield from _statistics(station)


def _plan_line(station: Station) -> str:
    plan = station.plan()
    twice = [f"{plan.twice_share:.0%} of the fields"] if plan.twice_share else []
    twice += plan.twice_fields
    return f"Sample: {plan.sample} fields, seed {plan.seed}. Decided twice: {', '.join(twice) or 'none'}."


def _taken_in(station: Station, file: Path, by: str) -> Iterator[str]:
    found = station.label_studio.read(file, by=by)
    yield f"{found.decisions} decisions from {file}"
    yield from (f"  decided by somebody else meanwhile: {conflict}" for conflict in found.conflicts)
    yield from (f"  {problem}" for problem in found.problems)
    station.recompute_all()


def _write_log(station: Station, file: Path) -> int:
    rows = list(station.audit())
    if file.suffix == ".jsonl":
        text = "".join(f"{write_json(row, canonical=True)}\n" for row in rows)
    elif file.suffix == ".csv":
        buffer = io.StringIO()
        writer = csv.DictWriter(buffer, fieldnames=list(rows[0]) if rows else ["id"])
        writer.writeheader()
        writer.writerows({k: _cell(v) for k, v in row.items()} for row in rows)
        text = "\ufeff" + buffer.getvalue()
    else:
        raise UsageError(
            f"{file}: decisions are written as .csv or .jsonl.", advice="Give a name with one of these endings."
        )
    write_file(file, text.encode("utf-8"))
    return len(rows)


def _cell(value: object) -> object:
    """A text that a spreadsheet program would take for a formula is marked as text."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def _statistics(station: Station) -> Iterator[str]:
    counts, found = station.counts(), station.residual()
    yield f"Waiting: {counts.waiting} fields; decided: {counts.settled}; for a senior: {counts.handed_up}."
    yield _plan_line(station)
    if found.rate is None or found.interval is None:
        yield f"Random sample of fields that were not doubtful: {found.asked}, none of them looked at yet."
    else:
        yield (
            f"Random sample of fields that were not doubtful: {found.done} of {found.asked} looked at, {found.wrong} wrong: "
            f"{found.rate:.3%}, {_percent(found.interval)}."
        )
    yield from (_pace_line(pace) for pace in station.pace())
    yield from (_agreement_line(agreement) for agreement in station.agreement())


def _percent(interval: Interval) -> str:
    return f"95 % interval {interval.low:.3%} to {interval.high:.3%}"


def _pace_line(pace: Pace) -> str:
    seconds = "not timed" if pace.seconds is None else f"median {pace.seconds:.1f} s"
    return (
        f"{pace.person}: {pace.decisions} decisions, {pace.corrected:.1%} corrections, {seconds}, {pace.undone} undone."
    )


def _agreement_line(found: Agreement) -> str:
    who = (
        "All" if found.person is None else found.person if found.other is None else f"{found.person} and {found.other}"
    )
    return (
        f"{who}: the same answer to {found.agreed} of {found.pairs} fields, {found.share:.1%}, {_percent(found.interval)}, "
        f"AC1 {found.ac1:.3f}."
    )
