"""``gikocr calibrate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gikocr.cli.state import Debug


def calibrate(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="TRUTH OUT...", help="Truth folder and `extract -o` folder; more pairs may follow."),
    ],
    *,
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="Write the calibration to this file.")],
    form: Annotated[
        str, typer.Option(metavar="NAME|PATH", help="The form that the documents were read on.")
    ] = "annual_report",
    note: Annotated[str, typer.Option(help="Words for the provenance: which documents these are.")] = "",
    debug: Debug = False,
) -> None:
    """Fit confidences to documents of your own whose fields were reviewed.

    Works on the saved form readings: nothing is read anew. Kinds of documents (scans, texts) of which there are fewer than 8
    keep the packaged parameters. Use the result with `gikocr extract --calibration FILE`.

    Example: gikocr calibrate reviewed/truth out/ --to ours.json
    """
    from gikocr.evaluation.calibration_run import calibrate as fit
    from gikocr.evaluation.calibration_run import described
    from gikocr.pipeline.calibration import load_calibration
    from gikocr.settings import Settings
    from gikocr.workspace.atomic import write_file

    calibration, checks = fit(paths, form=form, before=load_calibration(Settings()).calibration, note=note)
    write_file(to, calibration.to_json().encode("utf-8"))
    print(described(calibration, checks))
    print(f"Written to {to}.")
