"""Submitting documents: their files among the blobs, their jobs in the table, their numbers in the queue."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gikocr import __version__
from gikocr.forms import load_form
from gikocr.ingest.inputs import absolute
from gikocr.settings import Settings
from gikocr.workspace import JobFile, NewJob
from gikocr.workspace.sources import source_key

if TYPE_CHECKING:
    from gikocr.ingest import Input
    from gikocr.workspace import Known, Submitted, Workspace
    from gikocr.workspace.jobs import Enqueue

#: Documents that are recorded in one transaction.
AT_ONCE = 64

#: Settings that concern this process or this workspace and not the reading.
_OF_THE_SUBMITTER = frozenset({"database", "migrate_database"})


@dataclass(frozen=True, slots=True)
class Order:
    """How documents are submitted.

    Attributes:
        priority: greater comes first.
        batch: a name under which the jobs are found together.
        overlay: whether pictures of the pages are drawn.
        in_place: files are not copied among the blobs; workers must see them at the same paths.
        again: states in which a known job is put into the queue once more.
        force: also what was read already is read again.
    """

    priority: int = 0
    batch: str = ""
    overlay: bool = False
    in_place: bool = False
    again: Collection[str] = ("cancelled",)
    force: bool = False


@dataclass(slots=True)
class Counts:
    """What became of a submission: put into the queue, known to the queue already, and read already."""

    queued: int = 0
    waiting: int = 0
    read: int = 0


def run_fingerprint(settings: Settings) -> str:
    """The fingerprint that the pipeline gives its reports, told without building one."""
    from gikocr.engines.registry import Engines, fingerprint

    return fingerprint(__version__, settings, Engines(settings))


def settings_for_workers(settings: Settings) -> dict[str, Any]:
    """The options that differ from their defaults, but for those of this process."""
    return {
        f.name: getattr(settings, f.name)
        for f in dataclasses.fields(settings)
        if f.name not in _OF_THE_SUBMITTER and getattr(settings, f.name) != f.default
    }


def submit(
    workspace: Workspace, items: Iterable[Input], settings: Settings, order: Order, enqueue: Enqueue
) -> Iterator[tuple[Counts, list[Submitted]]]:
    """Submit documents; yields the counts so far, and the jobs, after every few documents.

    Raises:
        WorkspaceError: blobs or rows cannot be written. What was yielded before is submitted.
    """
    fingerprint, form = run_fingerprint(settings), load_form(settings.form)
    counts, stream = Counts(), iter(items)
    while batch := list(islice(stream, AT_ONCE)):
        known: list[Known | None] = [None] * len(batch)
        if not order.force:
            known = workspace.sources.known(batch, fingerprint)
        new = []
        for item, found in zip(batch, known, strict=True):
            if found is None or (found.status == "failed" and "failed" in order.again):
                new.append(_new_job(workspace, item, order))
                continue
            counts.read += 1
            if not found.same_place or not found.current:
                workspace.record_again(
                    item, found.document_id, fingerprint=fingerprint, form=form, current=found.current, seen=found.stamp
                )
        again = {*order.again, *(("done", "failed", "set_aside") if order.force else ())}
        done = workspace.jobs.submit(
            new, fingerprint=fingerprint, settings=settings_for_workers(settings), enqueue=enqueue, again=again
        )
        counts.queued += sum(s.queued for s in done)
        counts.waiting += sum(not s.queued for s in done)
        yield counts, done


def _new_job(workspace: Workspace, item: Input, order: Order) -> NewJob:
    files = tuple(_file(workspace, path, order.in_place) for path in item.paths)
    return NewJob(
        name=item.name,
        content=content_of(item.name, files),
        source_key=source_key(item),
        files=files,
        overlay=order.overlay,
        batch=order.batch,
        priority=order.priority,
    )


def _file(workspace: Workspace, path: Path, in_place: bool) -> JobFile:
    where = str(absolute(path))
    try:
        found = path.stat()
        mark = f"{found.st_size}:{found.st_mtime_ns}"
        return JobFile(path.name, _hash(path) if in_place else workspace.blobs.add_file(path), where, mark)
    except OSError:
        # A worker will say what is wrong with it, in a report as for any other document.
        return JobFile(path.name, "", where)


def content_of(name: str, files: tuple[JobFile, ...]) -> str:
    """The hash by which a document of these files is known; that of its name where a file could not be read."""
    digests = [file.sha256 for file in files]
    if not all(digests):
        return hashlib.sha256(os.fsencode(name)).hexdigest()
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode("ascii")).hexdigest()


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
