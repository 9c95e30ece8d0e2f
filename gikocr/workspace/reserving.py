"""Which file of the folder belongs to which document, so that several processes give no name twice."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from gikocr.report import Report, printable
from gikocr.workspace import recording, schema
from gikocr.workspace.database import Database
from gikocr.workspace.folder import ReportFolder
from gikocr.workspace.names import DIGEST_DIGITS, report_name


def reserve(database: Database, folder: ReportFolder, report: Report, number: int) -> Path:
    """The path of a report's JSON by the naming rules of the contract, which from now on belongs to its source.

    Raises:
        WorkspaceError: the database fails.
    """
    name, sha256 = printable(report.source.name), recording.identity(report)
    path = Path()
    for digits in (0, DIGEST_DIGITS, len(sha256)):
        relative = report_name(name, sha256, second=number, digits=digits)
        path = folder.out / relative
        # What stands there may be older than the database, or no file of ours.
        holder = (folder.holder(path) if path.exists() else None) or (name, sha256)
        if _is_reserved(database, relative.as_posix(), holder, (name, sha256)):
            break
    return path


def _is_reserved(database: Database, relative: str, holder: tuple[str, str], wanted: tuple[str, str]) -> bool:
    columns = schema.file_name.c
    row = database.insert(schema.file_name).values(path=relative, name=holder[0], sha256=holder[1])
    with database.write() as connection:
        made = connection.execute(row.on_conflict_do_nothing().returning(columns.path)).first()
        if made is not None:
            return holder == wanted
        owner = connection.execute(sa.select(columns.name, columns.sha256).where(columns.path == relative)).one()
    return tuple(owner) == wanted
