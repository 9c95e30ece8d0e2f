"""``gikocr export``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from gikocr.cli.state import Debug


class Format(StrEnum):
    """Kinds of files."""

    CSV = "csv"
    XLSX = "xlsx"
    PARQUET = "parquet"
    JSON = "json"
    HTML = "html"


class TableName(StrEnum):
    """Tables."""

    FIELDS = "fields"
    PANEL = "panel"
    ERRORS = "errors"
    YEARS = "years"


def export(
    workspace: Annotated[Path, typer.Argument(help="The folder that was given to gikocr extract with -o.")],
    *,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Folder for the files; by default WORKSPACE/exports.")
    ] = None,
    file_format: Annotated[
        Format, typer.Option("--format", help="html: a filled-in form for each report, doubts coloured.")
    ] = Format.XLSX,
    table: Annotated[
        list[TableName] | None,
        typer.Option(help="Only these: long table of fields, wide panel, broken sums, year to year. By default all."),
    ] = None,
    agency: Annotated[str | None, typer.Option(help="Only this agency.")] = None,
    year: Annotated[int | None, typer.Option(help="Only this year.")] = None,
    form: Annotated[
        str | None, typer.Option(metavar="NAME|PATH", help="The form that was read, if another was given to extract.")
    ] = None,
    database: Annotated[
        str | None, typer.Option(metavar="URL", help="PostgreSQL database of the workspace, if it has one.")
    ] = None,
    debug: Debug = False,
) -> None:
    """Write the results as tables for Excel, pandas or a database.

    fields: one row for each field. panel: one row for each agency and year, a table for each edition of the form. errors: sums that
    do not hold, with the change of one cell that would mend them. years: what one year carries over against what the next takes in.
    What people decided stands in the place of what was read.

    Example: gikocr export out --format xlsx -o tables
    """
    from gikocr.cli.exporting import write_exports
    from gikocr.jobs.exports import Wanted
    from gikocr.settings import load_settings

    settings = load_settings({"form": form, "database": database})
    wanted = Wanted(
        file_format=file_format.value,
        tables=tuple(t.value for t in table or TableName),
        agency=agency,
        year=year,
    )
    for path in write_exports(workspace, out or workspace / "exports", settings, wanted):
        print(path)
