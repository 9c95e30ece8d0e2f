"""``gikocr extract --dry-run``: what would be read, and how long that would take. Nothing is written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from gikocr.cli.feed import Feed, Resume
from gikocr.cli.progress import duration
from gikocr.cli.state import ExitCode
from gikocr.cli.terminal import console
from gikocr.ingest import Input
from gikocr.jobs.processes import MOST_WORKERS
from gikocr.workspace import Known, Workspace

if TYPE_CHECKING:
    from gikocr.cli.extraction import Choices
    from gikocr.settings import Settings


def rehearse(items: Iterator[Input], out: Path, settings: Settings, choices: Choices, fingerprint: str) -> ExitCode:
    """Count what would be read and what is known, and print it.

    Raises:
        WorkspaceError: there is a workspace, and it cannot be used.
    """
    known: list[int] = [0, 0]

    def skip(item: Input, found: Known) -> None:
        known[found.status == "failed"] += 1

    resume = Resume(
        fingerprint,
        force=choices.force,
        retry_failed=choices.retry_failed,
        rehash=choices.rehash,
        shard=choices.shard,
        limit=choices.limit,
    )
    with ExitStack() as stack:
        workspace = None
        if settings.database or Workspace.is_there(out):
            opened = Workspace.open(out, database=settings.database or None, must_exist=True)
            workspace = stack.enter_context(opened)
        count = size = 0
        for job in Feed(items, None if workspace is None else workspace.sources, resume, skip):
            count += 1
            size += sum(int(mark.split(":")[0]) for mark in job.stamp.split(";") if mark)
        each = None if workspace is None else workspace.mean_seconds()
    workers = choices.workers or min(len(os.sched_getaffinity(0)), MOST_WORKERS)
    lines = [f"Would be read: {count} documents, {size / 1e6:,.1f} MB, with {workers} processes."]
    lines.append(f"Known already: {sum(known)}, of these {known[1]} failed.")
    if each is not None and count:
        lines.append(f"At {each:.1f} seconds a document, as before: about {duration(count * each / workers)}.")
    for line in lines:
        console().print(line)
    return ExitCode.DONE
