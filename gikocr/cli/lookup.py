"""Finds a report that a user names: a JSON file, or a document of a workspace."""

from __future__ import annotations

from pathlib import Path

from gikocr.errors import UsageError, WorkspaceError
from gikocr.report import Report
from gikocr.workspace import Selection, Workspace

#: Names that are listed when several documents fit.
MOST_NAMES = 10


def find_report(name: str, workspace: Path | None, database: str | None) -> Report:
    """The report, with what people decided on it where it comes from a workspace.

    Args:
        name: the path of a JSON file of gikocr; with a workspace the name of a document, ``*`` for any characters.
        workspace: the folder of a workspace.
        database: its PostgreSQL URL, if it has one.

    Raises:
        UsageError: no document fits, or several do.
        WorkspaceError: the file or the workspace cannot be read.
    """
    if workspace is None:
        return _from_file(Path(name))
    with Workspace.open(workspace, database=database or None, must_exist=True) as opened:
        found = []
        for stored in opened.reports(Selection(name=name)):
            found.append(stored)
            if len(found) > MOST_NAMES:
                break
        if not found:
            raise UsageError(
                f"No document is named {name!r}.", advice="Names are those of the output; * fits anything."
            )
        if len({stored.name for stored in found}) > 1:
            names = ", ".join(stored.name for stored in found[:MOST_NAMES])
            raise UsageError(f"Several documents fit {name!r}: {names}.", advice="Give the whole name of one.")
        return opened.report(found[-1].id)


def _from_file(path: Path) -> Report:
    try:
        return Report.from_json(path.read_bytes())
    except OSError as error:
        raise UsageError(
            f"Cannot read {str(path)!r}: {error.strerror or error}.",
            advice="Give a JSON that gikocr extract wrote, or with --workspace OUT the name of a document in it.",
        ) from error
    except ValueError as error:
        raise WorkspaceError(
            f"{str(path)!r} is not a report of gikocr.", advice="Give a JSON that gikocr extract wrote."
        ) from error
