"""A workspace in numbers, counted by the database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from gikocr.report import Report, Status
from gikocr.workspace import schema
from gikocr.workspace.queries import select_reports
from gikocr.workspace.rows import Selection, StoredReport, stored_report
from gikocr.workspace.store import Workspace

#: Runs that are listed, the newest first.
MOST_RUNS = 5


@dataclass(frozen=True, slots=True)
class RunLine:
    """One run of ``extract``; ``finished_at`` is None for one that goes on or was killed."""

    id: int
    started_at: datetime
    finished_at: datetime | None
    version: str
    host: str
    read: int
    skipped: int
    failed: int


@dataclass(frozen=True, slots=True)
class TableLine:
    """The fields of one table of the form: all, those that wait for review, and those that a person decided."""

    table: str
    fields: int
    waiting: int
    decided: int


@dataclass(frozen=True, slots=True)
class AgencyLine:
    """Sums of one agency that do not hold: in print, and perhaps."""

    agency: str | None
    broken_in_source: int
    doubtful: int


@dataclass(frozen=True, slots=True)
class Overview:
    """A workspace in numbers.

    Attributes:
        statuses: current reports by status.
        files: places at which documents were seen; copies of one content count each.
        failures: documents that failed by the code of their first error, the most frequent first.
        tables: by table, in the order of the form.
        agencies: with the most broken sums, the most first.
        runs: the newest.
    """

    statuses: Mapping[Status, int]
    files: int
    failures: tuple[tuple[str, int], ...]
    tables: tuple[TableLine, ...]
    agencies: tuple[AgencyLine, ...]
    runs: tuple[RunLine, ...]

    @property
    def reports(self) -> int:
        """How many current reports there are."""
        return sum(self.statuses.values())

    @property
    def waiting(self) -> int:
        """How many fields wait for review."""
        return sum(line.waiting for line in self.tables)


def overview(workspace: Workspace, *, agencies: int = 20) -> Overview:
    """Count what a workspace holds.

    Args:
        workspace: an open one.
        agencies: how many are listed.

    Raises:
        WorkspaceError: the database fails.
    """
    with workspace.database.read() as connection:
        return Overview(
            statuses=_statuses(connection),
            files=int(connection.scalar(sa.select(sa.func.count()).select_from(schema.source)) or 0),
            failures=_failures(connection),
            tables=_tables(connection),
            agencies=_agencies(connection, agencies),
            runs=_runs(connection),
        )


def mean_seconds(workspace: Workspace) -> float | None:
    """How long reading a document took on average; None where none was read."""
    with workspace.database.read() as connection:
        found = connection.scalar(sa.select(sa.func.avg(schema.report.c.seconds)))
    return None if found is None else float(found)


def drawn_reports(workspace: Workspace, most: int) -> Iterator[Report]:
    """So many of the current reports that did not fail, drawn by the hash of their content: the same ones each time, from all over."""
    report, document = schema.report.c, schema.document.c
    statement = sa.select(report.id).join_from(schema.document, schema.report)
    statement = statement.where(report.current, report.status != "failed").order_by(document.sha256, report.number)
    with workspace.database.read() as connection:
        ids = tuple(connection.scalars(statement.limit(most)))
    if ids:
        yield from (found for _, found in workspace.full_reports(Selection(report_ids=ids)))


def most_doubtful(workspace: Workspace, limit: int) -> list[tuple[StoredReport, list[str]]]:
    """The reports with the most fields that wait, each with the paths of a place where its document was seen."""
    source = schema.source.c
    statement = select_reports(Selection()).where(schema.report.c.waiting > 0).order_by(None)
    statement = statement.order_by(schema.report.c.waiting.desc(), schema.report.c.id).limit(limit)
    found = []
    with workspace.database.read() as connection:
        for row in connection.execute(statement).mappings():
            report = stored_report(row)
            seen = sa.select(source.paths).where(source.document_id == report.document_id).limit(1)
            paths = connection.scalar(seen)
            found.append((report, str(paths).splitlines() if paths else []))
    return found


def _statuses(connection: sa.Connection) -> dict[Status, int]:
    columns = schema.report.c
    statement = sa.select(columns.status, sa.func.count()).where(columns.current).group_by(columns.status)
    return {status: count for status, count in connection.execute(statement)}


def _failures(connection: sa.Connection) -> tuple[tuple[str, int], ...]:
    report, issue = schema.report.c, schema.issue.c
    first = (
        sa.select(issue.report_id, sa.func.min(issue.position).label("position"))
        .join_from(schema.issue, schema.report)
        .where(issue.severity == "error", report.current, report.status == "failed")
        .group_by(issue.report_id)
        .subquery()
    )
    count = sa.func.count()
    statement = (
        sa.select(issue.code, count)
        .join(first, sa.and_(first.c.report_id == issue.report_id, first.c.position == issue.position))
        .group_by(issue.code)
        .order_by(count.desc(), issue.code)
    )
    return tuple((code, number) for code, number in connection.execute(statement))


def _tables(connection: sa.Connection) -> tuple[TableLine, ...]:
    columns = schema.field.c

    def number(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        return sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0)

    statement = (
        sa.select(
            columns.table_key, sa.func.count(), number(columns.waiting), number(columns.decided_state.is_not(None))
        )
        .group_by(columns.table_key)
        .order_by(sa.func.avg(columns.position))
    )
    return tuple(TableLine(key, int(a), int(w), int(d)) for key, a, w, d in connection.execute(statement))


def _agencies(connection: sa.Connection, limit: int) -> tuple[AgencyLine, ...]:
    check, report = schema.broken_check.c, schema.report.c
    broken = sa.func.sum(sa.case((check.verdict == "broken_in_source", 1), else_=0))
    doubtful = sa.func.sum(sa.case((check.verdict == "doubtful", 1), else_=0))
    statement = (
        sa.select(report.agency, broken, doubtful)
        .join_from(schema.broken_check, schema.report)
        .group_by(report.agency)
        .order_by(broken.desc(), doubtful.desc(), report.agency)
        .limit(limit)
    )
    return tuple(AgencyLine(agency, int(b), int(d)) for agency, b, d in connection.execute(statement))


def _runs(connection: sa.Connection) -> tuple[RunLine, ...]:
    statement = sa.select(schema.run).order_by(schema.run.c.id.desc()).limit(MOST_RUNS)
    return tuple(
        RunLine(
            id=row["id"],
            started_at=datetime.fromisoformat(row["started_at"]),
            finished_at=None if row["finished_at"] is None else datetime.fromisoformat(row["finished_at"]),
            version=row["version"],
            host=row["host"],
            read=row["read"],
            skipped=row["skipped"],
            failed=row["failed"],
        )
        for row in connection.execute(statement).mappings()
    )
