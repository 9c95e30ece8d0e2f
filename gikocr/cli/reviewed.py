"""``gikocr reviewed``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gikocr.cli.state import Debug


def reviewed(
    workspace: Annotated[Path, typer.Argument(help="The folder that was given to gikocr extract with -o.")],
    *,
    decisions: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write every decision ever made to FILE: .csv, or .jsonl, one object a line."
        ),
    ] = None,
    crops: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Write pictures of the decided cells and labels.jsonl with what is printed."
        ),
    ] = None,
    truth: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Write truth files of wholly reviewed documents, for gikocr calibrate."),
    ] = None,
    partly: Annotated[
        bool, typer.Option("--partly", help="With --truth: of documents too that were reviewed in part.")
    ] = False,
    label_studio: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Write tasks for Label Studio: pages with what was read and decided."),
    ] = None,
    images: Annotated[
        str, typer.Option(metavar="PREFIX", help="With --label-studio: where it finds the pictures.")
    ] = "images/",
    all_pages: Annotated[
        bool, typer.Option("--all-pages", help="With --label-studio: pages too on which nothing waits.")
    ] = False,
    label_studio_import: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Take the annotations of an export of Label Studio in.")
    ] = None,
    by: Annotated[
        str, typer.Option(metavar="NAME", help="With --label-studio-import: who, where an annotation does not say.")
    ] = "label_studio",
    sample: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Let N fields that were not doubtful be looked at, too.")
    ] = None,
    seed: Annotated[int | None, typer.Option(metavar="N", help="Of that sample, and of what is decided twice.")] = None,
    twice_share: Annotated[
        float | None,
        typer.Option(
            min=0.0, max=1.0, metavar="SHARE", help="Let two people decide this share of the fields, each unseen."
        ),
    ] = None,
    twice_field: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ID", help="Let two people always decide this field; * for any characters. May be repeated."
        ),
    ] = None,
    agency: Annotated[str | None, typer.Option(help="Write only of this agency.")] = None,
    year: Annotated[int | None, typer.Option(help="Write only of this year.")] = None,
    form: Annotated[
        str | None, typer.Option(metavar="NAME|PATH", help="The form that was read, if another was given to extract.")
    ] = None,
    database: Annotated[
        str | None, typer.Option(metavar="URL", help="PostgreSQL database of the workspace, if it has one.")
    ] = None,
    debug: Debug = False,
) -> None:
    """What people decided, without a browser: numbers on it, files of it, and what the reviewers agree on.

    Without options it prints what waits, how many errors a random sample of the fields that were not doubtful showed, how far reviewers
    agree, and how fast they are.

    Example: gikocr reviewed out --truth reviewed/truth && gikocr calibrate reviewed/truth out --to ours.json
    """
    from gikocr.cli.review_exchange import Exchange, PlanChanges, exchange
    from gikocr.settings import load_settings

    settings = load_settings({"form": form, "database": database})
    wanted = Exchange(
        decisions=decisions,
        crops=crops,
        truth=truth,
        partly=partly,
        label_studio=label_studio,
        images=images,
        all_pages=all_pages,
        label_studio_import=label_studio_import,
        by=by,
        agency=agency,
        year=year,
        plan=PlanChanges(sample, seed, twice_share, None if twice_field is None else tuple(twice_field)),
    )
    for line in exchange(workspace, settings, wanted):
        print(line)
