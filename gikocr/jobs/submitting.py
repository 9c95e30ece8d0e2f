"""Submitting documents: their files among the blobs, their jobs in the table, their numbers in the queue."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import stat
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

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

#: Bytes of the files of so many documents that are held from hashing to copying; what is more is read twice.
MOST_HELD = 128 * 2**20

_READ_AT_ONCE = 2**20

#: Stands between the fingerprint of reading and that of the calibration.
CALIBRATION_MARK = "+"

_CALIBRATION_DIGITS = 16

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


def reading_fingerprint(settings: Settings) -> str:
    """The fingerprint that the pipeline gives its reports, told without building one."""
    from gikocr.engines.registry import Engines, fingerprint

    return fingerprint(__version__, settings, Engines(settings))


def run_fingerprint(settings: Settings) -> str:
    """Under which results are kept: the fingerprint of reading, and behind a ``+`` the calibration if it is not the packaged one.

    Raises:
        UsageError: the calibration cannot be read.
    """
    from gikocr.pipeline.calibration import load_calibration

    reading = reading_fingerprint(settings)
    if not settings.calibration:
        return reading
    mark = "".join(sha256 for _, sha256 in load_calibration(settings).named)[:_CALIBRATION_DIGITS]
    return f"{reading}{CALIBRATION_MARK}{mark or settings.calibration}"


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
        files = _Files(workspace, order)
        if not order.force:
            known = workspace.sources.known(batch, fingerprint, hash_of=files.content)
        new = []
        for item, found in zip(batch, known, strict=True):
            if found is None or (found.status == "failed" and "failed" in order.again):
                new.append(files.job(item, order))
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


class _Files:
    """The files of a few documents. What is small is read once: to tell whether it is known, and to be copied if it is not."""

    def __init__(self, workspace: Workspace, order: Order) -> None:
        self._blobs, self._in_place = workspace.blobs, order.in_place
        self._read: dict[Path, tuple[JobFile, bytes | None]] = {}
        self._room = MOST_HELD

    def content(self, item: Input) -> str:
        """As :func:`gikocr.workspace.sources.content_hash`, empty when a file cannot be read."""
        files = tuple(self._look(path) for path in item.paths)
        return content_of(item.name, files) if all(file.sha256 for file in files) else ""

    def job(self, item: Input, order: Order) -> NewJob:
        """A document as a new job, with its files among the blobs unless they are read in place."""
        files = tuple(self._kept(path) for path in item.paths)
        return NewJob(
            name=item.name,
            content=content_of(item.name, files),
            source_key=source_key(item),
            files=files,
            overlay=order.overlay,
            batch=order.batch,
            priority=order.priority,
        )

    def _look(self, path: Path) -> JobFile:
        """Hash a file, and hold what it holds as long as there is room."""
        digest, held, room = hashlib.sha256(), [], 0 if self._in_place else self._room

        def read(file: BinaryIO) -> str:
            nonlocal room
            while block := file.read(_READ_AT_ONCE):
                digest.update(block)
                room -= len(block)
                if room >= 0:
                    held.append(block)
                else:
                    held.clear()
            return digest.hexdigest()

        found = _file(path, read)
        content = b"".join(held) if room >= 0 and found.sha256 else None
        if content is not None:
            self._room = room
        self._read[path] = (found, content)
        return found

    def _kept(self, path: Path) -> JobFile:
        found, content = self._read.pop(path, (None, None))
        if found is not None and content is not None:
            self._room += len(content)
            return replace(found, sha256=self._blobs.add([content]))
        if self._in_place:
            return found or self._look(path)
        return _file(path, self._blobs.add_open)


def _file(path: Path, keep: Callable[[BinaryIO], str]) -> JobFile:
    """A file as it stands, by the hash that ``keep`` gives it."""
    where = str(absolute(path))
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            return JobFile(path.name, "", where)  # a pipe may never end
        with path.open("rb") as file:
            return JobFile(path.name, keep(file), where, f"{found.st_size}:{found.st_mtime_ns}")
    except OSError:
        # A worker will say what is wrong with it, in a report as for any other document.
        return JobFile(path.name, "", where)


def content_of(name: str, files: tuple[JobFile, ...]) -> str:
    """The hash by which a document of these files is known; that of its name where a file could not be read."""
    digests = [file.sha256 for file in files]
    if not all(digests):
        return hashlib.sha256(os.fsencode(name)).hexdigest()
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode("ascii")).hexdigest()
