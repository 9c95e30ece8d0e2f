"""``gikocr report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gikocr.cli.state import Debug


def report(
    workspace: Annotated[Path, typer.Argument(help="The folder that was given to gikocr extract with -o.")],
    *,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FILE", help="By default WORKSPACE/exports/report.html.")
    ] = None,
    database: Annotated[
        str | None, typer.Option(metavar="URL", help="PostgreSQL database of the workspace, if it has one.")
    ] = None,
    debug: Debug = False,
) -> None:
    """Write one HTML page about a workspace, which needs nothing else.

    Documents by status, doubtful fields by table, the documents with the most doubts with a small picture each, sums that do not
    hold by agency, and time by stage.

    Example: gikocr report out
    """
    from gikocr.cli.picture_of_all import gather
    from gikocr.export.summary_page import summary_page
    from gikocr.settings import load_settings
    from gikocr.workspace import Workspace
    from gikocr.workspace.atomic import write_file

    settings = load_settings({"database": database})
    with Workspace.open(workspace, database=settings.database or None, read_only=True) as opened:
        page = summary_page(gather(opened, settings))
    path = out or workspace / "exports" / "report.html"
    write_file(path, page.encode("utf-8"))
    print(path)
