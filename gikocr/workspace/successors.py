"""A document that gets another page: its new content takes the place of the old one, with what people decided."""

from __future__ import annotations

import hashlib
from pathlib import Path

import sqlalchemy as sa

from gikocr.errors import UsageError
from gikocr.ingest import Input
from gikocr.ingest.inputs import printable_name
from gikocr.workspace import recording, schema
from gikocr.workspace.rows import StoredReport
from gikocr.workspace.store import Workspace

_FOLDER = Path(".gikocr") / "attached"

#: A page that is attached may have so many bytes.
MOST_BYTES = 100 * 2**20


def keep_file(workspace: Workspace, file: Path) -> Path:
    """Copy a file into the workspace, named by its content, and return where it is.

    Raises:
        UsageError: it cannot be read, or is too large.
        WorkspaceError: the copy cannot be written.
    """
    try:
        if file.stat().st_size > MOST_BYTES:
            raise UsageError(
                f"{printable_name(file.name)} is too large for a page.", advice="Give a smaller scan of it."
            )
        content = file.read_bytes()
    except OSError as error:
        raise UsageError(f"{printable_name(file.name)} cannot be read: {error.strerror}.") from error
    path = workspace.folder.out / _FOLDER / (hashlib.sha256(content).hexdigest() + file.suffix.lower())
    if not path.exists():
        workspace.folder.write(path, content)
    return path


def supersede(workspace: Workspace, old: StoredReport, item: Input, sha256: str) -> None:
    """Let a content take the name and the place of an older one, whose reports are then no longer current.

    Call it before the new content is recorded under the same name, and :func:`point_sources` after.

    Args:
        workspace: an open one.
        old: a report on the older content.
        item: the document with all its files.
        sha256: of the new content.

    Raises:
        WorkspaceError: the database fails.
    """
    columns = schema.file_name.c
    with workspace.database.write() as connection:
        connection.execute(
            sa.update(schema.file_name)
            .where(columns.name == item.name, columns.sha256 == old.sha256)
            .values(sha256=sha256)
        )
        recording.retire_document(connection, old.document_id)


def point_sources(workspace: Workspace, old_document: int, new_document: int) -> None:
    """The files that held the old content are known to be part of the new one: the next run of extract leaves them alone."""
    columns = schema.source.c
    with workspace.database.write() as connection:
        connection.execute(
            sa.update(schema.source).where(columns.document_id == old_document).values(document_id=new_document)
        )
