"""Which documents of a command have to be read: those of this shard that are not known already, up to a limit."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from gikocr.errors import UsageError
from gikocr.ingest import Input
from gikocr.jobs.processes import Job
from gikocr.workspace import Known, Sources, stamp
from gikocr.workspace.sources import content_hash

#: Documents for which the database is asked at once. The first time only a few, so that reading begins soon.
ASKED_FIRST = 16
ASKED_AT_ONCE = 256

#: Copies of documents that are being read right now that wait for them, at most; further ones are read like others.
MOST_COPIES = 10_000

#: Documents of these types have pages of which pictures can be drawn.
_WITH_PAGES = ("application/pdf", "image/", "multipart/")


@dataclass(frozen=True, slots=True)
class Resume:
    """What counts as done.

    Attributes:
        fingerprint: of the run.
        force: nothing does.
        retry_failed: documents that failed do not.
        rehash: files are hashed whatever their size and time say.
        shard: number (from 1) and count of the parts into which the documents are divided; None: all.
        limit: most documents that are read; 0: all.
        begun: when the run began, as the tables keep moments: what was read since is done even with ``force``, and copies wait for
            what is being read. Empty: nothing will be read.
        has_overlays: tells whether pictures of a known document are there; None: none are wanted.
    """

    fingerprint: str
    force: bool = False
    retry_failed: bool = False
    rehash: bool = False
    shard: tuple[int, int] | None = None
    limit: int = 0
    begun: str = ""
    has_overlays: Callable[[Known], bool] | None = None


def parse_shard(text: str | None) -> tuple[int, int] | None:
    """``2/5`` as numbers.

    Raises:
        UsageError: it is not of that form, or the first number is not between 1 and the second.
    """
    if text is None:
        return None
    match = re.fullmatch(r"(\d+)/(\d+)", text.strip())
    number, count = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 1 <= number <= count:
        raise UsageError(
            f"--shard {text!r} is no part of a whole.", advice="Give for instance 2/5: the second of five."
        )
    return number, count


def in_shard(item: Input, shard: tuple[int, int] | None) -> bool:
    """Whether a document belongs to a part; that depends on its name alone, so that machines agree without talking."""
    if shard is None:
        return True
    digest = hashlib.blake2b(item.name.encode("utf-8", "surrogateescape"), digest_size=8).digest()
    return int.from_bytes(digest, "big") % shard[1] == shard[0] - 1


class Feed:
    """The documents of a run that have to be read, as a stream. A content that stands in several places is read once.

    A copy of what is being read waits for it: :meth:`done` hands it back, and what was read is recorded for it too.

    Args:
        items: all documents.
        sources: what is known; None: nothing.
        resume: what counts as done.
        skip: told of each document that need not be read.
    """

    def __init__(
        self, items: Iterable[Input], sources: Sources | None, resume: Resume, skip: Callable[[Input, Known], None]
    ) -> None:
        self._items = items
        self._sources = sources
        self._resume = resume
        self._skip = skip
        self._given = 0
        # Contents that are being read with the copies that wait for each, and the contents of the documents that are.
        self._reading: dict[str, list[Input]] = {}
        self._content: dict[int, str] = {}
        self._waiting = 0
        # Contents that were read since the database was asked last.
        self._fresh: set[str] = set()
        self._left: list[Job] = []

    def __iter__(self) -> Iterator[Job]:
        chosen = (item for item in self._items if in_shard(item, self._resume.shard))
        size = ASKED_FIRST
        while batch := list(islice(chosen, size)):
            size = ASKED_AT_ONCE
            marks = [stamp(item) for item in batch]
            digests: dict[Input, str] = {}
            self._fresh.clear()
            known = self._known(batch, digests)
            for item, mark, found in zip(batch, marks, known, strict=True):
                content = _content(found, digests.get(item, ""))
                if content in self._fresh:
                    (found,) = self._known([item], {})
                if found is not None and _is_done(found, self._resume):
                    self._skip(item, found)
                elif self._is_copy(content):
                    self._reading[content].append(item)
                    self._waiting += 1
                elif not self._resume.limit or self._given < self._resume.limit:
                    self._given += 1
                    yield self._begin(Job(item, mark), content)
                else:
                    return

    def done(self, job: Job) -> None:
        """Tell that a document was read and recorded. Its copies are known now, and are skipped as such.

        One that holds another content after all, because its file or the document's changed meanwhile, is among :meth:`left`.
        """
        content = self._content.pop(id(job), "")
        for item in self._reading.pop(content, ()):
            self._waiting -= 1
            mark = stamp(item)
            (found,) = self._known([item], {})
            if found is None:
                self._left.append(Job(item, mark))
            else:
                self._skip(item, found)
        if content:
            self._fresh.add(content)

    def left(self) -> list[Job]:
        """Documents that have to be read although they seemed to be copies."""
        left, self._left = self._left, []
        return left

    def _known(self, batch: list[Input], digests: dict[Input, str]) -> list[Known | None]:
        """What is known of some documents; those that had to be hashed have their hashes in ``digests``."""
        forced = self._resume.force and not self._resume.begun
        if self._sources is None or forced:
            return [None] * len(batch)

        def hashed(item: Input) -> str:
            digests[item] = content_hash(item)
            return digests[item]

        return self._sources.known(batch, self._resume.fingerprint, rehash=self._resume.rehash, hash_of=hashed)

    def _is_copy(self, content: str) -> bool:
        return bool(content) and content in self._reading and self._waiting < MOST_COPIES

    def _begin(self, job: Job, content: str) -> Job:
        if self._resume.begun and content and content not in self._reading:
            self._reading[content] = []
            self._content[id(job)] = content
        return job


def _content(known: Known | None, digest: str) -> str:
    """What tells the content of a document in a run; empty where it cannot be read."""
    return f"known {known.document_id}" if known is not None else digest


def _is_done(found: Known, resume: Resume) -> bool:
    is_of_this_run = bool(resume.begun) and found.read_at >= resume.begun
    if not is_of_this_run and (resume.force or (resume.retry_failed and found.status == "failed")):
        return False
    if found.status == "failed":
        return True
    if resume.has_overlays is None or not found.media_type.startswith(_WITH_PAGES):
        return True
    return resume.has_overlays(found)
