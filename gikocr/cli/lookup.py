"""Finds a report that a user names: a JSON file, or a document of a workspace."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from gikocr.cli.terminal import visible
from gikocr.errors import UsageError, WorkspaceError
from gikocr.report import Report
from gikocr.workspace import Selection, Workspace
from gikocr.workspace.lookup import Named, find_named

#: Names that are listed when several documents fit.
MOST_NAMES = 10


def find_report(name: str, workspace: Path | None, database: str | None) -> Report:
    """The report, with what people decided on it where it comes from a workspace.

    Args:
        name: the path of a JSON file of gikocr; with a workspace the name of a document, ``*`` for any characters, or the path of
            its JSON in the workspace.
        workspace: the folder of a workspace.
        database: its PostgreSQL URL, if it has one.

    Raises:
        UsageError: no document fits, or several do.
        WorkspaceError: the file or the workspace cannot be read.
    """
    if workspace is None:
        return _from_file(Path(name))
    with Workspace.open(workspace, database=database or None, must_exist=True) as opened:
        found = find_named(opened, name, most=MOST_NAMES + 1)
        if not found:
            raise UsageError(
                f"No document is named {name!r}.", advice="Names are those of the output; * fits anything."
            )
        return _the_one(found, name).load(opened)


def find_year(agency: str, year: str, workspace: Path | None, database: str | None) -> Report:
    """The report of an agency on a year.

    Raises:
        UsageError: there is no workspace to look in, the year is no number, or none or several reports fit.
        WorkspaceError: the workspace cannot be read.
    """
    if workspace is None or not year.isdecimal():
        raise UsageError(
            "--agency goes with a workspace and two years.",
            advice="For instance: gikocr compare -w out --agency 某某市财政局 2022 2023",
        )
    with Workspace.open(workspace, database=database or None, must_exist=True) as opened:
        stored = islice(opened.reports(Selection(agency=agency, year=int(year))), MOST_NAMES + 1)
        found = [Named(report.path, report.name, report) for report in stored]
        if not found:
            raise UsageError(
                f"There is no report of {agency!r} on {year}.",
                advice="Give the name as the reports have it; gikocr export --table panel lists them.",
            )
        return _the_one(found, f"{agency} {year}").load(opened)


def _the_one(found: list[Named], wanted: str) -> Named:
    """The report that all of them are."""
    if len({named.report.id for named in found}) == 1:
        return found[0]
    paths = ", ".join(visible(named.path) for named in found[:MOST_NAMES])
    more = " and more" if len(found) > MOST_NAMES else ""
    raise UsageError(f"Several documents fit {wanted!r}: {paths}{more}.", advice="Give one of these.")


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
