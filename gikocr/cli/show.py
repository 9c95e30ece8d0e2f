"""``gikocr show`` and ``gikocr compare``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gikocr.cli.state import Debug

_Workspace = Annotated[
    Path | None,
    typer.Option("-w", "--workspace", metavar="OUT", help="Look for names of documents in this workspace."),
]
_Database = Annotated[
    str | None, typer.Option(metavar="URL", help="PostgreSQL database of the workspace, if it has one.")
]
_Form = Annotated[str | None, typer.Option(metavar="NAME|PATH", help="The form that was read, if it is another one.")]


def show(
    document: Annotated[str, typer.Argument(help="A JSON of gikocr, or with -w the name of a document.")],
    *,
    workspace: _Workspace = None,
    database: _Database = None,
    form: _Form = None,
    debug: Debug = False,
) -> None:
    """Show one report in the terminal: its tables filled in, doubts marked, broken sums and issues.

    Example: gikocr show out/scan.pdf.json
    """
    from gikocr.cli.lookup import find_report
    from gikocr.cli.showing import show_report
    from gikocr.cli.terminal import console
    from gikocr.forms import load_form
    from gikocr.settings import load_settings

    settings = load_settings({"form": form, "database": database})
    show_report(console(), find_report(document, workspace, settings.database), load_form(settings.form))


def compare(
    first: Annotated[str, typer.Argument(help="A JSON of gikocr, or with -w the name of a document.")],
    second: Annotated[str, typer.Argument(help="Another one: of another year, or of the same document.")],
    *,
    workspace: _Workspace = None,
    database: _Database = None,
    form: _Form = None,
    agency: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Compare two years of this agency; give years in the place of names."),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Show equal fields too.")] = False,
    debug: Debug = False,
) -> None:
    """Show two reports, or two years of an agency, side by side.

    A document is named as in the output, * for any characters, or by the path of its JSON in the workspace, with or without .json.

    Example: gikocr compare -w out 2022.pdf 2023.pdf
    """
    from gikocr.cli.lookup import find_report, find_year
    from gikocr.cli.showing import show_comparison
    from gikocr.cli.terminal import console
    from gikocr.forms import load_form
    from gikocr.settings import load_settings

    settings = load_settings({"form": form, "database": database})
    if agency is None:
        one, other = (find_report(name, workspace, settings.database) for name in (first, second))
    else:
        one, other = (find_year(agency, year, workspace, settings.database) for year in (first, second))
    show_comparison(console(), one, other, load_form(settings.form), everything=everything)
