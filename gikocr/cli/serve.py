"""``gikocr serve`` and ``gikocr token``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from gikocr.cli.db import Folder, Url
from gikocr.cli.state import Debug

token = typer.Typer(no_args_is_help=True, help="Make, list and revoke tokens of the REST API.")


class Scope(StrEnum):
    """What a token may allow."""

    READ = "read"
    SUBMIT = "submit"
    REVIEW = "review"
    ADMIN = "admin"


def serve(
    *,
    workspace: Annotated[
        Path,
        typer.Option("-w", "--workspace", metavar="FOLDER", help="Folder of the workspace; made if it is not there."),
    ],
    database: Url = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8080,
    allowed_host: Annotated[
        list[str] | None, typer.Option(help="Another name under which the server may be asked for, as behind a proxy.")
    ] = None,
    tokens: Annotated[
        bool, typer.Option("--tokens/--no-tokens", help="Whether a token is asked for; it must be beyond this machine.")
    ] = True,
    slots: Annotated[
        int,
        typer.Option(
            min=0, help="Without PostgreSQL: documents read at the same time. 0: one for each core, at most 8."
        ),
    ] = 0,
    max_queued: Annotated[int, typer.Option(min=1, help="Refuse documents while so many wait.")] = 100_000,
    time_limit: Annotated[
        float, typer.Option(metavar="SECONDS", min=0, help="Give up a document after this time.")
    ] = 1800,
    memory_limit: Annotated[int, typer.Option(metavar="MIB", min=0, help="Address space of a reading process.")] = 4000,
    debug: Debug = False,
) -> None:
    """Serve the REST API of a workspace. docs/openapi.json describes it.

    With PostgreSQL, workers (gikocr worker) read what comes in; without, processes of this server do.

    Example: gikocr token create me --scope admin -w out; gikocr serve -w out
    """
    from gikocr.cli.serving import Choices, run
    from gikocr.settings import load_settings

    choices = Choices(
        host=host,
        port=port,
        allowed_hosts=tuple(allowed_host or ()),
        tokens=tokens,
        slots=slots,
        max_queued=max_queued,
        time_limit=time_limit,
        memory_limit=memory_limit,
    )
    raise typer.Exit(run(workspace, load_settings({"database": database}), choices))


@token.command("create")
def create(
    name: Annotated[str, typer.Argument(help="Whose it is, or what for.")],
    *,
    scope: Annotated[list[Scope], typer.Option(help="What it allows; may be given several times.")],
    workspace: Folder,
    database: Url = None,
    debug: Debug = False,
) -> None:
    """Make a token and print it, this once."""
    from gikocr.settings import load_settings
    from gikocr.workspace import Workspace
    from gikocr.workspace.access import Tokens

    settings = load_settings({"database": database})
    with Workspace.open(workspace, database=settings.database or None) as opened:
        _, secret = Tokens(opened.database).create(name, [s.value for s in scope])
    print(secret)


@token.command("list")
def list_tokens(*, workspace: Folder, database: Url = None, debug: Debug = False) -> None:
    """List the tokens."""
    from gikocr.settings import load_settings
    from gikocr.workspace import Workspace
    from gikocr.workspace.access import Tokens

    settings = load_settings({"database": database})
    with Workspace.open(workspace, database=settings.database or None, must_exist=True) as opened:
        for each in Tokens(opened.database).all():
            state = "revoked" if each.revoked else "works"
            print(f"{each.id}\t{each.name}\t{' '.join(sorted(each.scopes))}\t{each.created_at:%Y-%m-%d}\t{state}")


@token.command("revoke")
def revoke(
    number: Annotated[int, typer.Argument(help="Its number, as gikocr token list shows it.")],
    *,
    workspace: Folder,
    database: Url = None,
    debug: Debug = False,
) -> None:
    """Make a token worthless from now on."""
    from gikocr.errors import UsageError
    from gikocr.settings import load_settings
    from gikocr.workspace import Workspace
    from gikocr.workspace.access import Tokens

    settings = load_settings({"database": database})
    with Workspace.open(workspace, database=settings.database or None, must_exist=True) as opened:
        if not Tokens(opened.database).revoke(number):
            raise UsageError(f"There is no token {number} that works.")
