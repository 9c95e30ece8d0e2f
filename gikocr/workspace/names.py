"""From the name of a source to the name of its report: safe on any file system, and readable.

Names come from other people's archives. They may be absolute, climb with ``..``, hold line breaks, bytes that are not
UTF-8, or be longer than a file system allows.
"""

from __future__ import annotations

import hashlib
import unicodedata
from pathlib import PurePosixPath

#: Longest name that is kept whole. File systems allow 255 bytes; the rest is for the digest, the suffix and a temporary
#: name.
MAX_NAME_BYTES = 200

#: Hexadecimal digits of the content hash that tell apart two sources with one name.
DIGEST_DIGITS = 8

#: Folders of the workspace itself; a source of that name is moved aside by an underscore.
RESERVED_FOLDERS = frozenset({".gikocr", "overlays"})

_SUFFIX = ".json"


def report_name(name: str, sha256: str, *, second: int = 1, digits: int = 0) -> PurePosixPath:
    """The relative path of a report.

    Args:
        name: the source's name, or its path relative to a folder, with ``/`` between parts.
        sha256: hexadecimal digest that stands for the source.
        second: 1 for the first report found in a file, 2 for the second: ``scan.pdf.2.json``.
        digits: how many digits of the digest to add; at least :data:`DIGEST_DIGITS` are added to a name that is too
        long.
    """
    parts = [_safe(p) for p in name.split("/") if p not in ("", ".")] or ["unnamed"]
    folders = [_short_folder(p) for p in parts[:-1]]
    if folders and folders[0] in RESERVED_FOLDERS:
        folders[0] = f"_{folders[0]}"
    last, cut = _cut(parts[-1])
    if cut:
        digits = max(digits, DIGEST_DIGITS)
    number = f".{second}" if second > 1 else ""
    digest = f"~{sha256[:digits]}" if digits else ""
    return PurePosixPath(*folders, f"{last}{number}{digest}{_SUFFIX}")


def _safe(part: str) -> str:
    """One part of a path, with what UTF-8 cannot hold or would break a listing written as ``%XX``."""
    if set(part) == {"."}:
        return "%2E" * len(part)
    return "".join(c if _harmless(c) else _percent(c) for c in part)


def _harmless(char: str) -> bool:
    return unicodedata.category(char) not in ("Cc", "Cs", "Zl", "Zp")


def _percent(char: str) -> str:
    try:
        raw = char.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raw = char.encode("utf-8", "surrogatepass")
    return "".join(f"%{byte:02X}" for byte in raw)


def _cut(part: str) -> tuple[str, bool]:
    """The part, at most :data:`MAX_NAME_BYTES` long in UTF-8 without breaking a character, and whether it was cut."""
    raw = part.encode("utf-8")
    if len(raw) <= MAX_NAME_BYTES:
        return part, False
    return raw[:MAX_NAME_BYTES].decode("utf-8", "ignore"), True


def _short_folder(part: str) -> str:
    """A folder's name; never one that a report could have, so that no folder stands where a report must go."""
    short, cut = _cut(part)
    if cut:
        short += "~" + hashlib.sha256(part.encode("utf-8")).hexdigest()[:DIGEST_DIGITS]
    return f"{short}_" if short.endswith(_SUFFIX) else short
