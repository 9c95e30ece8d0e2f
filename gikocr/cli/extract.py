"""``gikocr extract``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from gikocr.cli.state import MEMORY_LIMIT, Debug, RunState


class LogFormat(StrEnum):
    """How a run tells how far it is."""

    TEXT = "text"
    JSON = "json"


class Group(StrEnum):
    """Which files are one document."""

    NONE = "none"
    NAME = "name"
    FOLDER = "folder"


_ENGINES = "Engines"
_ARCHIVES = "Archives"


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
            help="Processes. 0: one for each core, at most 8. 1: only this one, without limits; a broken file may then end it.",
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
            metavar="SECONDS",
            min=0,
            help="Give up a document after this time, or after as much CPU time; 0: never. Not with --workers 1.",
        ),
    ] = 1800,
    memory_limit: Annotated[
        int,
        typer.Option(
            metavar="MIB", min=0, help="Address space of a reading process; 0: no limit. Not with --workers 1."
        ),
    ] = MEMORY_LIMIT,
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
        typer.Option(
            metavar="FILE",
            help="Made by `gikocr calibrate`; else the packaged one. Known documents get it from what was read.",
        ),
    ] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Read again what failed.", rich_help_panel=_ARCHIVES)
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Read everything again.", rich_help_panel=_ARCHIVES)] = False,
    rehash: Annotated[
        bool,
        typer.Option("--rehash", help="Do not trust sizes and times: hash every file.", rich_help_panel=_ARCHIVES),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be read.", rich_help_panel=_ARCHIVES)
    ] = False,
    limit: Annotated[
        int,
        typer.Option(
            min=0, help="Read at most so many documents; those known do not count.", rich_help_panel=_ARCHIVES
        ),
    ] = 0,
    shard: Annotated[
        str | None,
        typer.Option(metavar="I/N", help="Only the I-th of N parts, told by names.", rich_help_panel=_ARCHIVES),
    ] = None,
    max_errors: Annotated[
        int, typer.Option(min=0, help="Stop when so many documents failed.", rich_help_panel=_ARCHIVES)
    ] = 0,
    log_format: Annotated[
        LogFormat,
        typer.Option(help="json: one object a line on standard error.", rich_help_panel=_ARCHIVES),
    ] = LogFormat.TEXT,
    database: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="PostgreSQL in the place of SQLite in OUT; files stay in OUT.",
            rich_help_panel=_ARCHIVES,
        ),
    ] = None,
    layout_engine: Annotated[
        str | None, typer.Option(help="Finds table regions: ruling_lines, cdla.", rich_help_panel=_ENGINES)
    ] = None,
    boundary_engine: Annotated[
        str | None,
        typer.Option(help="Sees cell boundaries where lines do not show them; '' asks none.", rich_help_panel=_ENGINES),
    ] = None,
    line_engine: Annotated[
        str | None, typer.Option(help="Reads headings, and labels that are in doubt.", rich_help_panel=_ENGINES)
    ] = None,
    label_engine: Annotated[
        str | None,
        typer.Option(help="Reads labels first, quickly; '' asks none.", rich_help_panel=_ENGINES),
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

    The same command again reads only what is new or has changed, or what other settings would read otherwise. The first
    Ctrl-C finishes what was begun, the second stops at once; nothing that was read is lost.

    Example: gikocr extract scans/ -o out/ --overlay
    """
    from gikocr.cli.extraction import Choices, run
    from gikocr.cli.feed import parse_shard
    from gikocr.settings import load_settings

    settings = load_settings(
        {
            "form": form,
            "pages": pages,
            "full_text": full_text,
            "target_error": target_error,
            "calibration": calibration,
            "layout_engine": layout_engine,
            "boundary_engine": boundary_engine,
            "line_engine": line_engine,
            "label_engine": label_engine,
            "cell_engine": cell_engine,
            "second_engine": second_engine,
            "page_engine": page_engine,
            "database": database,
        }
    )
    choices = Choices(
        overlay=overlay,
        workers=workers,
        group=group.value,
        as_one=as_one,
        time_limit=time_limit,
        memory_limit=memory_limit,
        fail_on_review=fail_on_review,
        retry_failed=retry_failed,
        force=force,
        rehash=rehash,
        dry_run=dry_run,
        limit=limit,
        shard=parse_shard(shard),
        max_errors=max_errors,
        log_format=log_format.value,
        debug=isinstance(ctx.obj, RunState) and ctx.obj.debug,
    )
    raise typer.Exit(run(paths, out, settings, choices))
