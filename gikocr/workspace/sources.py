"""What is known of files: whether their content was read already, and what became of it.

The path, size and time of a file are looked at first; only what changed is hashed.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from gikocr.ingest import Input
from gikocr.ingest.inputs import absolute
from gikocr.report import Status, printable
from gikocr.workspace import schema
from gikocr.workspace.database import Database
from gikocr.workspace.rows import now

_HASHED_AT_ONCE = 2**20


@dataclass(frozen=True, slots=True)
class Known:
    """What the workspace holds on a document that need not be read.

    Attributes:
        document_id: the content.
        status: the worst of its reports.
        waiting: how many of its fields wait for review.
        path: where the JSON of its first report stands in the folder, POSIX-style.
        name: of the document that it was read from.
        media_type: of the content.
        current: its reports are the newest of this content; else other settings were used since.
        read_at: when its first report was recorded, as the tables keep moments (UTC, ISO 8601, they sort as text).
        same_place: it was seen under this very name and path; else only the content is known, from another place.
        stamp: of its files when they were looked at, see :func:`stamp`.
    """

    document_id: int
    status: Status
    waiting: int
    path: str
    name: str
    media_type: str
    current: bool
    read_at: str
    same_place: bool
    stamp: str


class Sources:
    """The files that were seen, and the runs that saw them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def known(
        self,
        items: Sequence[Input],
        fingerprint: str,
        *,
        rehash: bool = False,
        hash_of: Callable[[Input], str] | None = None,
    ) -> list[Known | None]:
        """For each document what is known of it under this fingerprint; None: it has to be read.

        A file with another size or time than last time, or not seen before, is hashed; its content may be known from elsewhere.

        Args:
            items: a few hundred at a time, for which the database is asked once.
            fingerprint: of the run.
            rehash: hash all files, whatever their size and time say.
            hash_of: hashes a document, for who reads its files anyway; None: :func:`content_hash`.
        """
        keys = [source_key(item) for item in items]
        stamps = [stamp(item) for item in items]
        with self._database.read() as connection:
            seen = _seen(connection, keys, fingerprint)
            same = [
                seen[key][1] if not rehash and key in seen and mark and seen[key][0] == mark else None
                for key, mark in zip(keys, stamps, strict=True)
            ]
        # No transaction is held while files are read, which may take minutes.
        digests = [
            (hash_of or content_hash)(item) if document is None and mark else ""
            for item, document, mark in zip(items, same, stamps, strict=True)
        ]
        with self._database.read() as connection:
            elsewhere = _documents(connection, {d for d in digests if d})
            documents = [s if s is not None else elsewhere.get(d) for s, d in zip(same, digests, strict=True)]
            results = _results(connection, {d for d in documents if d is not None}, fingerprint)
        found: list[Known | None] = []
        for key, mark, document in zip(keys, stamps, documents, strict=True):
            result = results.get(document) if document is not None else None
            # A file that was only touched holds what it held; its new stamp has to be noted all the same.
            unchanged = key in seen and seen[key] == (mark, document)
            found.append(None if result is None else Known(*result, same_place=unchanged, stamp=mark))
        return found

    def known_content(self, sha256: str, fingerprint: str) -> Known | None:
        """What is known of a content under this fingerprint, wherever it was found."""
        with self._database.read() as connection:
            document = _documents(connection, {sha256}).get(sha256)
            result = None if document is None else _results(connection, {document}, fingerprint).get(document)
        return None if result is None else Known(*result, same_place=False, stamp="")

    def deaths(self, item: Input) -> int:
        """How many processes have died while they read this document, since it was last read to the end."""
        with self._database.read() as connection:
            found = connection.scalar(sa.select(schema.source.c.deaths).where(schema.source.c.key == source_key(item)))
        return int(found or 0)

    def count_death(self, item: Input, fingerprint: str) -> int:
        """Note that a process died while it read this document, and return how many have."""
        with self._database.write() as connection:
            return _note(self._database, connection, item, fingerprint, document_id=None, stamp_text="", death=True)

    def begin_run(self, version: str, fingerprint: str) -> int:
        """Note that a run begins, and return its number."""
        row = {
            "started_at": now(),
            "version": version,
            "fingerprint": fingerprint,
            "host": os.uname().nodename,
            "process": os.getpid(),
        }
        with self._database.write() as connection:
            made = connection.execute(sa.insert(schema.run).values(**row).returning(schema.run.c.id))
            return int(made.scalar_one())

    def end_run(self, number: int, *, read: int, skipped: int, failed: int) -> None:
        """Note that a run came to its end, even if by Ctrl-C, and what it did."""
        values = {"finished_at": now(), "read": read, "skipped": skipped, "failed": failed}
        with self._database.write() as connection:
            connection.execute(sa.update(schema.run).where(schema.run.c.id == number).values(**values))


def source_key(item: Input) -> str:
    """What tells a document's place from others: a hash of its name and its files' absolute paths, 32 hex digits."""
    digest = hashlib.blake2b(printable(item.name).encode("utf-8"), digest_size=16)
    for path in item.paths:
        digest.update(b"\0" + os.fsencode(absolute(path)))
    return digest.hexdigest()


def stamp(item: Input) -> str:
    """Sizes and times of a document's files; empty when one cannot be looked at, or is no file."""
    marks = []
    for path in item.paths:
        try:
            found = path.stat()
        except (OSError, ValueError):
            return ""
        marks.append(f"{found.st_size}:{found.st_mtime_ns}")
    return ";".join(marks)


def content_hash(item: Input) -> str:
    """The hash by which :func:`gikocr.ingest.open_document` knows the document; empty when a file cannot be read."""
    digests = []
    for path in item.paths:
        try:
            if not path.is_file():
                return ""
            digests.append(_file_hash(path))
        except (OSError, ValueError):
            return ""
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode("ascii")).hexdigest()


def note_source(
    database: Database, connection: sa.Connection, item: Input, stamp_text: str, document_id: int, fingerprint: str
) -> int | None:
    """Note within a transaction that a document was seen, and which content it holds.

    Returns:
        The content that stood in this place before and now stands nowhere; None where there is none.
    """
    columns = schema.source.c
    before = connection.scalar(sa.select(columns.document_id).where(columns.key == source_key(item)))
    _note(database, connection, item, fingerprint, document_id=document_id, stamp_text=stamp_text, death=False)
    if before is None or before == document_id:
        return None
    elsewhere = connection.scalar(sa.select(columns.key).where(columns.document_id == before).limit(1))
    return None if elsewhere is not None else int(before)


def _note(
    database: Database,
    connection: sa.Connection,
    item: Input,
    fingerprint: str,
    *,
    document_id: int | None,
    stamp_text: str,
    death: bool,
) -> int:
    columns = schema.source.c
    row: dict[str, Any] = {
        "key": source_key(item),
        "name": printable(item.name),
        "paths": "\n".join(printable(absolute(path)) for path in item.paths),
        "stamp": stamp_text,
        "document_id": document_id,
        "fingerprint": fingerprint,
        "deaths": int(death),
        "seen_at": now(),
    }
    # A death says nothing about the content; what stood here before must be known when a reading replaces it.
    kept = ("key", "deaths", "document_id") if death else ("key", "deaths")
    changes = {name: row[name] for name in row if name not in kept}
    statement = database.insert(schema.source).values(**row)
    statement = statement.on_conflict_do_update(
        index_elements=[columns.key], set_=changes | {"deaths": columns.deaths + 1 if death else 0}
    )
    return int(connection.execute(statement.returning(columns.deaths)).scalar_one())


def _file_hash(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_HASHED_AT_ONCE):
            digest.update(block)
    return digest.hexdigest()


def _seen(connection: sa.Connection, keys: Sequence[str], fingerprint: str) -> dict[str, tuple[str, int]]:
    columns = schema.source.c
    statement = sa.select(columns.key, columns.stamp, columns.document_id).where(
        columns.key.in_(keys), columns.fingerprint == fingerprint, columns.document_id.is_not(None)
    )
    return {key: (mark, int(document or 0)) for key, mark, document in connection.execute(statement)}


def _documents(connection: sa.Connection, digests: set[str]) -> dict[str, int]:
    if not digests:
        return {}
    columns = schema.document.c
    statement = sa.select(columns.sha256, columns.id).where(columns.sha256.in_(sorted(digests)))
    return {sha256: number for sha256, number in connection.execute(statement)}


_Result = tuple[int, Status, int, str, str, str, bool, str]

_RANK: dict[Status, int] = {"complete": 0, "partial": 1, "failed": 2}


def _results(connection: sa.Connection, documents: set[int], fingerprint: str) -> dict[int, _Result]:
    """For each document with reports under the fingerprint the first fields of a :class:`Known`, and when it was recorded."""
    if not documents:
        return {}
    columns = schema.report.c
    statement = (
        sa.select(
            columns.document_id,
            columns.status,
            columns.waiting,
            columns.path,
            columns.name,
            schema.document.c.media_type,
            columns.current,
            columns.read_at,
        )
        .join_from(schema.report, schema.document)
        .where(columns.document_id.in_(sorted(documents)), columns.fingerprint == fingerprint)
        .order_by(columns.document_id, columns.number)
    )
    found: dict[int, _Result] = {}
    for document, status, waiting, path, name, media_type, current, read_at in connection.execute(statement):
        before = found.get(document)
        if before is None:
            found[document] = (document, status, waiting, path, name, media_type, bool(current), read_at)
        elif current:
            found[document] = (
                document,
                max(before[1], status, key=_RANK.__getitem__),
                before[2] + waiting,
                *before[3:],
            )
    return found
