"""What ``gikocr export`` does."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from gikocr.cli.terminal import visible
from gikocr.forms import load_form
from gikocr.jobs.exports import Wanted
from gikocr.jobs.exports import write_exports as write
from gikocr.workspace import Selection, Workspace

if TYPE_CHECKING:
    from gikocr.settings import Settings


def _nothing(wanted: Wanted) -> str:
    whose = "" if wanted.agency is None else f" of an agency named exactly {visible(wanted.agency)!r}"
    when = "" if wanted.year is None else f" on {wanted.year}"
    return f"the workspace holds no report{whose}{when}"


def write_exports(folder: Path, out: Path, settings: Settings, wanted: Wanted) -> list[Path]:
    """Write the files, and return their paths.

    Raises:
        WorkspaceError: there is no workspace, or a file cannot be written.
        FormError: the form cannot be used.
    """
    form = load_form(settings.form)
    with Workspace.open(folder, database=settings.database or None, read_only=True) as workspace:
        if next(workspace.reports(Selection(agency=wanted.agency, year=wanted.year), limit=1), None) is None:
            print(f"gikocr: {_nothing(wanted)}; the tables have headings only.", file=sys.stderr)
        return write(workspace, out, form, wanted)
