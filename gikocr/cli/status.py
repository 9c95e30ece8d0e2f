"""``gikocr status``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gikocr.cli.state import Debug

if TYPE_CHECKING:
    from rich.console import Console

    from gikocr.workspace.overview import Overview


def status(
    workspace: Annotated[Path, typer.Argument(help="The folder that was given to gikocr extract with -o.")],
    *,
    database: Annotated[
        str | None, typer.Option(metavar="URL", help="PostgreSQL database of the workspace, if it has one.")
    ] = None,
    debug: Debug = False,
) -> None:
    """Show how far a workspace is: documents by status, why some failed, fields waiting by table, the last runs.

    Example: gikocr status out
    """
    from gikocr.cli.terminal import console
    from gikocr.settings import load_settings
    from gikocr.workspace import Workspace
    from gikocr.workspace.overview import overview

    settings = load_settings({"database": database})
    with Workspace.open(workspace, database=settings.database or None, read_only=True) as opened:
        print_overview(console(), overview(opened))


def print_overview(console: Console, found: Overview) -> None:
    """Print the numbers of a workspace."""
    from rich import box
    from rich.table import Table

    counts = ", ".join(f"{found.statuses.get(s, 0)} {s}" for s in ("complete", "partial", "failed"))
    console.print(f"Reports: {found.reports}, of these {counts}. Files seen: {found.files}.")
    for code, number in found.failures:
        console.print(f"  failed, {code}: {number}")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("table", "fields", "waiting for review", "decided by people"):
        table.add_column(name, justify="left" if name == "table" else "right")
    for line in found.tables:
        table.add_row(line.table or "?", str(line.fields), str(line.waiting), str(line.decided))
    console.print(table)
    for run in found.runs:
        end = "not finished" if run.finished_at is None else f"{run.finished_at - run.started_at}".split(".")[0]
        console.print(
            f"run {run.id}: {run.started_at:%Y-%m-%d %H:%M} UTC on {run.host}, {end}: "
            f"{run.read} read, {run.skipped} known already, {run.failed} failed"
        )
