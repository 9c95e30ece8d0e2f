"""``gikocr evaluate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gikocr.cli.state import Debug


def evaluate(
    truth: Annotated[Path, typer.Argument(help="Folder with one truth JSON for each document, or a single one.")],
    out: Annotated[Path, typer.Argument(help="Folder that `gikocr extract -o` wrote.")],
    *,
    calibration: Annotated[
        tuple[Path, Path] | None,
        typer.Option(metavar="TRUTH OUT", help="Other documents, from which the threshold for review is taken."),
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the measures to this file as JSON too.")
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a page with curves, confusions and the worst documents to this file."),
    ] = None,
    sources: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="The documents themselves, for --html; else those beside the truth."),
    ] = None,
    wrong: Annotated[bool, typer.Option("--wrong", help="List every wrong field, for whoever mends errors.")] = False,
    debug: Debug = False,
) -> None:
    """Judge results against what is printed in the documents.

    Prints the share of right fields, of documents without an error, and whether the confidences hold, for all documents
    and by tag.

    Example: gikocr evaluate samples/truth out/samples --wrong
    """
    import json

    from gikocr.evaluation.as_json import to_json
    from gikocr.evaluation.evaluate import evaluate as judge
    from gikocr.evaluation.render import render_text, render_wrong
    from gikocr.evaluation.wrong import wrong_fields
    from gikocr.workspace.atomic import write_file

    evaluation = judge(truth, out, calibration=calibration)
    mistakes = wrong_fields(evaluation.documents) if wrong else None
    print(render_text(evaluation))
    if mistakes is not None:
        print(render_wrong(mistakes))
    if html is not None:
        from gikocr.evaluation.html_report import html_report

        write_file(html, html_report(evaluation, truth, out, sources=sources).encode("utf-8"))
    if json_file is not None:
        text = json.dumps(to_json(evaluation, mistakes), ensure_ascii=False, indent=2)
        write_file(json_file, text.encode("utf-8") + b"\n")
