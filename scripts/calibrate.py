"""Fits the packaged calibration, ``models/calibration.json``, from documents of the calibration split.

The documents are made and read beforehand; this only fits::

    python -m scripts.scanmaker make --split calibration --grade archive --count 80 --seed 1 -o build/calibration/archive
    gikocr extract build/calibration/archive -o build/calibration/archive-out --group folder
    make calibrate ARGS="build/calibration/archive build/calibration/archive-out"

More pairs of folders may follow. Kinds of documents that are not among them start from nothing, not from the calibration before.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from gikocr.errors import GikocrError
from gikocr.evaluation.calibration_run import calibrate, described
from gikocr.pipeline.calibration import packaged_path
from gikocr.reconcile import Calibration
from gikocr.workspace.atomic import write_file


def main(argv: list[str] | None = None) -> int:
    """Fit and write the packaged calibration; returns the exit code."""
    parser = argparse.ArgumentParser(prog="scripts.calibrate", description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "paths", nargs="+", type=Path, metavar="TRUTH OUT", help="truth folder and output folder, in turn"
    )
    parser.add_argument("--to", type=Path, default=None, help="another file than models/calibration.json")
    parser.add_argument("--form", default="annual_report", help="form that the documents were read on")
    parser.add_argument("--note", default="", help="split, grades and seeds, for the provenance")
    given = parser.parse_args(argv)
    try:
        calibration, checks = calibrate(given.paths, form=given.form, before=Calibration(), note=given.note)
        path = given.to or packaged_path()
        write_file(path, calibration.to_json().encode("utf-8"))
    except GikocrError as error:
        print(f"scripts.calibrate: {error.message}\n  {error.advice}", file=sys.stderr)
        return error.exit_code
    print(described(calibration, checks))
    print(f"Written to {path}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
