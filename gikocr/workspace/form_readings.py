"""The form reading as a versioned blob: gzip-compressed JSON, checked on the way in."""

from __future__ import annotations

import gzip
import json
from functools import cache

from pydantic import TypeAdapter

from gikocr.elements import FORM_READING_VERSION, FormReading
from gikocr.errors import WorkspaceError


@cache
def _adapter() -> TypeAdapter[FormReading]:
    return TypeAdapter(FormReading)


def pack(form_reading: FormReading) -> bytes:
    """The blob of a form reading; the same reading always gives the same bytes."""
    whole = _adapter().dump_python(form_reading)
    text = json.dumps(whole, ensure_ascii=False, separators=(",", ":"))
    return gzip.compress(text.encode("utf-8"), mtime=0)


def unpack(blob: bytes) -> FormReading:
    """The form reading of a blob.

    Raises:
        WorkspaceError: the blob is damaged, or of another version.
    """
    try:
        whole = json.loads(gzip.decompress(blob))
        version = whole["version"]
    except (OSError, EOFError, ValueError, TypeError, KeyError) as error:
        raise _damaged() from error
    if version != FORM_READING_VERSION:
        raise WorkspaceError(
            f"The saved form reading has version {version!r}, this gikocr reads version {FORM_READING_VERSION}.",
            advice="Run extract on the document again.",
        )
    try:
        return _adapter().validate_python(whole)
    except ValueError as error:
        raise _damaged() from error


def _damaged() -> WorkspaceError:
    return WorkspaceError("The saved form reading is damaged.", advice="Run extract on the document again.")
