"""``gikocr review``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from gikocr.cli.state import Debug


class Language(StrEnum):
    """Languages of the pages."""

    AUTO = "auto"
    ZH = "zh"
    EN = "en"


class Role(StrEnum):
    """What a person may do."""

    REVIEWER = "reviewer"
    SENIOR = "senior"
    ADMIN = "admin"


def review(
    workspace: Annotated[Path, typer.Argument(help="The folder that was given to gikocr extract with -o.")],
    *,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the pages; 0 takes a free one.")] = 8470,
    host: Annotated[
        str, typer.Option(help="Address of the pages. One that other machines can reach needs --token.")
    ] = "127.0.0.1",
    token: Annotated[bool, typer.Option("--token", help="Let nobody in without a token (see --add-person).")] = False,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A further name under which browsers may ask for the pages."),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Who reviews, where no token is needed; by default the login name.")
    ] = None,
    lang: Annotated[
        Language, typer.Option(help="Language of the pages; auto: what the browser asks for.")
    ] = Language.AUTO,
    open_browser: Annotated[bool, typer.Option("--open", help="Open the pages in the browser.")] = False,
    add_person: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Add a reviewer, print a token for that person, and end. A second token replaces the first.",
        ),
    ] = None,
    role: Annotated[
        Role, typer.Option(help="With --add-person: senior also settles what others could not.")
    ] = Role.REVIEWER,
    remove_person: Annotated[
        str | None, typer.Option(metavar="NAME", help="Take a reviewer's token away, and end.")
    ] = None,
    form: Annotated[
        str | None, typer.Option(metavar="NAME|PATH", help="The form that was read, if another was given to extract.")
    ] = None,
    database: Annotated[
        str | None, typer.Option(metavar="URL", help="PostgreSQL database of the workspace, if it has one.")
    ] = None,
    debug: Debug = False,
) -> None:
    """Settle doubtful fields in the browser: the cell enlarged, its page, its sums; keys for everything.

    The pages are served on this machine until Ctrl-C. Every decision is kept at once. Several people may work at the same time.

    Example: gikocr review out
    """
    from gikocr.cli.reviewing import People, Serving, change_people, serve_pages
    from gikocr.settings import load_settings

    settings = load_settings({"form": form, "database": database})
    if add_person is not None or remove_person is not None:
        change_people(workspace, settings, People(add_person, role.value, remove_person))
        return
    serve_pages(
        workspace,
        settings,
        Serving(host, port, token, tuple(allow_host or ()), name, lang.value, open_browser),
    )
