"""Finding a report by what a user calls its document: the name of any copy, or the path of a JSON in the folder."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from gikocr.ingest import Input
from gikocr.report import Report
from gikocr.workspace import schema
from gikocr.workspace.names import DIGEST_DIGITS, report_name
from gikocr.workspace.queries import name_condition, select_reports
from gikocr.workspace.recording import renamed
from gikocr.workspace.rows import EVERYTHING, StoredReport, stored_report
from gikocr.workspace.store import Workspace

_SUFFIX = ".json"


@dataclass(frozen=True, slots=True)
class Named:
    """A report under one of the names of its document.

    Attributes:
        path: of the JSON under this name, in the folder, POSIX-style.
        name: of the document; a copy has another than ``report``, which names what was read.
        report: without its fields.
    """

    path: str
    name: str
    report: StoredReport

    def load(self, workspace: Workspace) -> Report:
        """The report with what people decided, under this name.

        Raises:
            WorkspaceError: it is gone.
        """
        report = workspace.report(self.report.id)
        return report if self.name == report.source.name else renamed(report, Input(self.name, ()))


def find_named(workspace: Workspace, name: str, *, most: int) -> list[Named]:
    """The current reports of which a user may speak.

    Args:
        workspace: an open one.
        name: the path of a JSON in the folder, with or without ``.json``, which fits alone; else the name of a document, ``*`` for
            any characters.
        most: how many are returned; one more than are shown tells that there are more.

    Raises:
        WorkspaceError: the database fails.
    """
    files = schema.file_name.c
    with workspace.database.read() as connection:
        found = _matching(connection, files.path == name, most)
        if not found:
            found = _matching(connection, name_condition(files.name, name), most)
        return found or _matching(connection, files.path == f"{name}{_SUFFIX}", most)


def _matching(connection: sa.Connection, condition: sa.ColumnElement[bool], most: int) -> list[Named]:
    files = schema.file_name.c
    # A file name knows its content but not which of its reports it holds: the rules for names tell that.
    statement = (
        select_reports(EVERYTHING, files.path.label("json"), files.name.label("of"))
        .join(schema.file_name, files.sha256 == schema.document.c.sha256)
        .where(condition)
        .order_by(None)
        .order_by(files.path)
    )
    found: list[Named] = []
    for row in connection.execute(statement).mappings():
        report = stored_report(row)
        if row["json"] in _paths(row["of"], report):
            found.append(Named(row["json"], row["of"], report))
            if len(found) == most:
                break
    return found


def _paths(name: str, report: StoredReport) -> set[str]:
    digits = (0, DIGEST_DIGITS, len(report.sha256))
    return {report_name(name, report.sha256, second=report.number, digits=d).as_posix() for d in digits}
