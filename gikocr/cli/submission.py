"""What ``gikocr submit`` does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gikocr.cli.extraction import Choices, list_documents
from gikocr.cli.state import ExitCode
from gikocr.jobs.queue import Queue
from gikocr.jobs.submitting import Counts, Order, submit
from gikocr.workspace import Workspace

if TYPE_CHECKING:
    from gikocr.ingest.inputs import Grouping
    from gikocr.settings import Settings


def run(
    paths: Sequence[Path], out: Path, settings: Settings, order: Order, *, group: Grouping, as_one: bool
) -> ExitCode:
    """Submit documents and say how many.

    Raises:
        UsageError: there is no document.
        WorkspaceError: the workspace cannot be used, or has no queue.
    """
    with Workspace.open(out, database=settings.database or None, must_exist=True) as workspace:
        queue = Queue(workspace.database)
        items, _ = list_documents(paths, out, Choices(group=group, as_one=as_one))
        counts = Counts()
        for so_far, _ in submit(workspace, items, settings, order, queue.enqueue):
            counts = so_far
    print(
        f"Submitted: {counts.queued}. Known to the queue already: {counts.waiting}. Read already: {counts.read}.\n"
        f"gikocr jobs -w {out} shows how far they are."
    )
    return ExitCode.DONE
