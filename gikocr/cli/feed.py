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

#: Documents for which the database is asked at once. The first time only a few, so that reading begins soon.
ASKED_FIRST = 16
ASKED_AT_ONCE = 256

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
        has_overlays: tells whether pictures of a known document are there; None: none are wanted.
    """

    fingerprint: str
    force: bool = False
    retry_failed: bool = False
    rehash: bool = False
    shard: tuple[int, int] | None = None
    limit: int = 0
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


def to_read(
    items: Iterable[Input], sources: Sources | None, resume: Resume, skip: Callable[[Input, Known], None]
) -> Iterator[Job]:
    """The documents that have to be read, as a stream.

    Args:
        items: all documents.
        sources: what is known; None: nothing.
        resume: what counts as done.
        skip: told of each document that need not be read.
    """
    chosen = (item for item in items if in_shard(item, resume.shard))
    given = 0
    size = ASKED_FIRST
    while batch := list(islice(chosen, size)):
        size = ASKED_AT_ONCE
        marks = [stamp(item) for item in batch]
        known: list[Known | None] = [None] * len(batch)
        if sources is not None and not resume.force:
            known = sources.known(batch, resume.fingerprint, rehash=resume.rehash)
        for item, mark, found in zip(batch, marks, known, strict=True):
            if found is not None and _is_done(found, resume):
                skip(item, found)
            elif not resume.limit or given < resume.limit:
                given += 1
                yield Job(item, mark)
            else:
                return


def _is_done(found: Known, resume: Resume) -> bool:
    if found.status == "failed":
        return not resume.retry_failed
    if resume.has_overlays is None or not found.media_type.startswith(_WITH_PAGES):
        return True
    return resume.has_overlays(found)
