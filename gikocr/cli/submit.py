"""``gikocr submit``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gikocr.cli.db import Folder, Url
from gikocr.cli.extract import Group
from gikocr.cli.state import Debug


def submit(
    paths: Annotated[list[Path], typer.Argument(help="Files, and folders that are searched for files.")],
    *,
    workspace: Folder,
    database: Url = None,
    priority: Annotated[int, typer.Option(help="Greater comes first.")] = 0,
    batch: Annotated[str, typer.Option(metavar="NAME", help="A name under which gikocr jobs finds these.")] = "",
    group: Annotated[
        Group,
        typer.Option(help="One document is: every file (none), files alike but for a page number (name), a folder."),
    ] = Group.NONE,
    as_one: Annotated[bool, typer.Option("--as-one", help="All files are pages of one document.")] = False,
    in_place: Annotated[
        bool, typer.Option("--in-place", help="Do not copy the files; workers must see them at the same paths.")
    ] = False,
    overlay: Annotated[bool, typer.Option("--overlay", help="Draw what was read on every page.")] = False,
    pages: Annotated[str | None, typer.Option(metavar="1-3,7", help="Read only these pages of each document.")] = None,
    full_text: Annotated[bool | None, typer.Option("--full-text", help="Read whole pages too. Slower.")] = None,
    form: Annotated[str | None, typer.Option(metavar="NAME|PATH", help="Built-in form, or a TOML file.")] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Submit again what failed or was set aside.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Submit again what was read already.")] = False,
    debug: Debug = False,
) -> None:
    """Put documents into the queue of a workspace on PostgreSQL, for gikocr worker to read.

    Their files are copied into the workspace's folder, which all machines share. What was read already with these settings, or waits
    already, is not submitted again. Settings of reading can also be given as GIKOCR_... variables.

    Example: gikocr submit scans/ -w /srv/gikocr --database postgresql://gikocr@db/gikocr --batch 2023
    """
    from gikocr.cli.submission import run
    from gikocr.jobs.submitting import Order
    from gikocr.settings import load_settings

    settings = load_settings(
        {"database": database, "pages": pages, "full_text": full_text, "form": form and _absolute(form)}
    )
    again = ("cancelled", "failed", "set_aside") if retry_failed else ("cancelled",)
    order = Order(priority=priority, batch=batch, overlay=overlay, in_place=in_place, again=again, force=force)
    raise typer.Exit(run(paths, workspace, settings, order, group=group.value, as_one=as_one))


def _absolute(form: str) -> str:
    """A form given by its file is found by its whole path, wherever a worker was started."""
    path = Path(form)
    return str(path.resolve()) if path.suffix == ".toml" and path.exists() else form
