"""Jobs and workers as plain objects, made from the rows of the database."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import RowMapping

JobState = Literal["queued", "running", "paused", "done", "failed", "set_aside", "cancelled"]
"""``done``: there is a report with something in it. ``failed``: there is one that says why nothing was read. ``set_aside``: failed,
since the processes that read it died."""

FINAL: frozenset[JobState] = frozenset({"done", "failed", "set_aside", "cancelled"})
"""States in which nothing more happens by itself."""


@dataclass(frozen=True, slots=True)
class JobFile:
    """A file of a document.

    Attributes:
        name: its own.
        sha256: of its content, under which it stands among the blobs; empty where it could not be read.
        path: where it was found; read there when it is not among the blobs.
        stamp: size and time that it had then.
    """

    name: str
    sha256: str = ""
    path: str = ""
    stamp: str = ""


@dataclass(frozen=True, slots=True)
class NewJob:
    """A document that should be read.

    Attributes:
        name: of the document in the output.
        content: its hash; that of its name where a file cannot be read.
        source_key: of its place, see :func:`gikocr.workspace.sources.source_key`.
        files: in page order.
        overlay: whether pictures are drawn.
        batch: a name under which jobs are found together.
        priority: greater comes first.
    """

    name: str
    content: str
    source_key: str
    files: tuple[JobFile, ...]
    overlay: bool = False
    batch: str = ""
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it stands.

    ``attempt`` is the one that runs or ran last, counted for good; ``tries`` counts those since the job was last put into the queue as
    new, but for those that a worker could not begin. ``document_id`` is set when there is a report.
    """

    id: int
    content: str
    source_key: str
    fingerprint: str
    name: str
    files: tuple[JobFile, ...]
    settings: Mapping[str, Any]
    overlay: bool
    batch: str
    priority: int
    state: JobState
    attempt: int
    tries: int
    deaths: int
    suspect: bool
    worker: str | None
    document_id: int | None
    error_code: str | None
    error: str | None
    submitted_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def stamp(self) -> str:
        """Sizes and times that its files had when it was submitted."""
        marks = [file.stamp for file in self.files]
        return ";".join(marks) if all(marks) else ""

    @property
    def paths(self) -> tuple[Path, ...]:
        """The places where its files were found, which tell it from others."""
        return tuple(Path(f.path or f.name) for f in self.files)


@dataclass(frozen=True, slots=True)
class WorkerLine:
    """A worker. ``alive``: it did not stop and gave a sign lately.

    ``batch_items`` of ``batch_room`` places in ``batches`` were filled; all 0 where every process reads by itself.
    """

    id: str
    host: str
    process: int
    device: str
    slots: int
    started_at: datetime
    beat_at: datetime
    stopped_at: datetime | None
    alive: bool
    running: int
    documents: int
    pages: int
    batches: int
    batch_items: int
    batch_room: int
    cpu_own: float
    cpu_reading: float
    stages: Mapping[str, float]

    @property
    def seconds(self) -> float:
        """How long it has worked."""
        return max(0.0, ((self.stopped_at or self.beat_at) - self.started_at).total_seconds())


def files_text(files: tuple[JobFile, ...]) -> str:
    """Files as the table keeps them; names may hold bytes that no encoding can write, which JSON escapes."""
    return json.dumps([asdict(file) for file in files], ensure_ascii=True)


def job(row: RowMapping) -> Job:
    """A row of ``job``."""
    values = {name: row[name] for name in Job.__slots__}
    values["files"] = tuple(JobFile(**file) for file in json.loads(row["files"]))
    values["settings"] = json.loads(row["settings"])
    for name in ("submitted_at", "started_at", "finished_at"):
        values[name] = moment(row[name])
    return Job(**values | {"overlay": bool(row["overlay"]), "suspect": bool(row["suspect"])})


def worker_line(row: RowMapping) -> WorkerLine:
    """A row of ``job_worker`` with ``alive`` and ``running``."""
    values = {name: row[name] for name in WorkerLine.__slots__}
    for name in ("started_at", "beat_at", "stopped_at"):
        values[name] = moment(row[name])
    return WorkerLine(**values | {"alive": bool(row["alive"]), "stages": json.loads(row["stages"])})


def moment(text: str | None) -> datetime | None:
    """A moment of the tables."""
    return None if text is None else datetime.fromisoformat(text)
