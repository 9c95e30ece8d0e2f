"""What ``gikocr export`` does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gikocr.forms import load_form
from gikocr.jobs.exports import Wanted
from gikocr.jobs.exports import write_exports as write
from gikocr.workspace import Workspace

if TYPE_CHECKING:
    from gikocr.settings import Settings


def write_exports(folder: Path, out: Path, settings: Settings, wanted: Wanted) -> list[Path]:
    """Write the files, and return their paths.

    Raises:
        WorkspaceError: there is no workspace, or a file cannot be written.
        FormError: the form cannot be used.
    """
    form = load_form(settings.form)
    with Workspace.open(folder, database=settings.database or None, read_only=True) as workspace:
        return write(workspace, out, form, wanted)
