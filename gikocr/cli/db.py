"""``gikocr db``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gikocr.cli.state import Debug

app = typer.Typer(no_args_is_help=True, help="Look after the database of a workspace.")

Folder = Annotated[Path, typer.Option("-w", "--workspace", metavar="FOLDER", help="The folder of the workspace.")]
Url = Annotated[
    str | None,
    typer.Option(
        metavar="URL", help="PostgreSQL of the workspace, such as postgresql://user@host/gikocr; else GIKOCR_DATABASE."
    ),
]


@app.command("upgrade")
def upgrade(*, workspace: Folder, database: Url = None, debug: Debug = False) -> None:
    """Make or bring up to date the tables of a workspace and, on PostgreSQL, of its queue.

    A SQLite file is copied first. Of a PostgreSQL database make a backup (pg_dump) yourself before. Workers of an older gikocr must
    have ended.

    Example: gikocr db upgrade -w /srv/gikocr --database postgresql://gikocr@db/gikocr
    """
    from gikocr.settings import load_settings
    from gikocr.workspace import Workspace
    from gikocr.workspace.schema import REVISION

    settings = load_settings({"database": database})
    with Workspace.open(workspace, database=settings.database or None, migrate_server=True) as opened:
        print(f"The workspace has revision {REVISION}.")
        if opened.database.is_sqlite:
            return
        from gikocr.jobs.queue import install

        made = install(opened.database)
        print("The queue was made." if made else "The queue is there.")
