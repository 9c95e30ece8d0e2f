"""``gikocr extract``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from gikocr.cli.state import Debug, RunState


class Group(StrEnum):
    """Which files are one document."""

    NONE = "none"
    NAME = "name"
    FOLDER = "folder"


_ENGINES = "Engines"


def extract(
    ctx: typer.Context,
    paths: Annotated[list[Path], typer.Argument(help="Files, and folders that are searched for files.")],
    *,
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for the results; made if it is not there.")],
    overlay: Annotated[
        bool, typer.Option("--overlay", help="Draw what was read on every page: OUT/overlays/NAME/page-1.png.")
    ] = False,
    workers: Annotated[
        int,
        typer.Option(
            min=0,
            help="Processes. 0: one for each core, at most 8. 1: only this one, which a broken file may then end.",
        ),
    ] = 0,
    pages: Annotated[str | None, typer.Option(metavar="1-3,7", help="Read only these pages of each document.")] = None,
    group: Annotated[
        Group,
        typer.Option(help="One document is: every file (none), files alike but for a page number (name), a folder."),
    ] = Group.NONE,
    as_one: Annotated[bool, typer.Option("--as-one", help="All files are pages of one document.")] = False,
    full_text: Annotated[
        bool | None, typer.Option("--full-text", help="Read whole pages too, for the sections in prose. Slower.")
    ] = None,
    form: Annotated[
        str | None, typer.Option(metavar="NAME|PATH", help="Built-in form, or the TOML file of another one.")
    ] = None,
    time_limit: Annotated[
        float,
        typer.Option(
            metavar="SECONDS", min=0, help="Give up a document after this time; 0: never. Not with one worker."
        ),
    ] = 1800,
    fail_on_review: Annotated[
        bool, typer.Option("--fail-on-review", help="Exit with 5 when fields wait for review.")
    ] = False,
    target_error: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            help="Mark for review what leaves so many wrong values per field, such as 1e-4 (docs/confidence.md).",
        ),
    ] = None,
    calibration: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="A calibration that `gikocr calibrate` made; else the packaged one."),
    ] = None,
    layout_engine: Annotated[
        str | None, typer.Option(help="Finds table regions: ruling_lines, cdla.", rich_help_panel=_ENGINES)
    ] = None,
    line_engine: Annotated[
        str | None, typer.Option(help="Reads labels and headings.", rich_help_panel=_ENGINES)
    ] = None,
    cell_engine: Annotated[
        str | None,
        typer.Option(help="Reads table cells: numerals, ppocr_v6_small_numerals, ...", rich_help_panel=_ENGINES),
    ] = None,
    second_engine: Annotated[
        str | None,
        typer.Option(help="Reads cells too where the first is doubtful; '' asks none.", rich_help_panel=_ENGINES),
    ] = None,
    page_engine: Annotated[
        str | None, typer.Option(help="Reads whole pages: rapidocr, paddleocr.", rich_help_panel=_ENGINES)
    ] = None,
    debug: Debug = False,
) -> None:
    """Read scans and exports, and write one JSON for each document.

    Scans and pictures (PDF, TIFF, PNG, JPEG, BMP, WEBP) are read by their look; exports (text in any Chinese encoding, HTML, MHT, DOCX,
    XLSX, OFD, PDF with a text layer; DOC, WPS, RTF, XLS, ODT where LibreOffice is installed) by their text, without OCR.

    A document that cannot be read gets its JSON too, with the reason, and the others go on. At the end stands a table
    of all documents and the fields that a person should look at.

    Example: gikocr extract scans/ -o out/ --overlay
    """
    from gikocr.cli.extraction import Choices, run
    from gikocr.settings import load_settings

    settings = load_settings(
        {
            "form": form,
            "pages": pages,
            "full_text": full_text,
            "target_error": target_error,
            "calibration": calibration,
            "layout_engine": layout_engine,
            "line_engine": line_engine,
            "cell_engine": cell_engine,
            "second_engine": second_engine,
            "page_engine": page_engine,
        }
    )
    choices = Choices(
        overlay=overlay,
        workers=workers,
        group=group.value,
        as_one=as_one,
        time_limit=time_limit,
        fail_on_review=fail_on_review,
        debug=isinstance(ctx.obj, RunState) and ctx.obj.debug,
    )
    raise typer.Exit(run(paths, out, settings, choices))
