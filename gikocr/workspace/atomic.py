"""Writing files that are either there whole or not there, with errors that say what to do."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from pathlib import Path

from gikocr.errors import WorkspaceError
from gikocr.report.temporary import temporary_prefix

_ADVICE = {
    errno.ENOSPC: "The disk is full: make room, or give another folder with -o.",
    errno.EDQUOT: "The disk quota is used up: make room, or give another folder with -o.",
    errno.EACCES: "Give another folder with -o, or get the right to write there.",
    errno.EPERM: "Give another folder with -o, or get the right to write there.",
    errno.EROFS: "The file system is mounted read-only: give another folder with -o.",
    errno.ENAMETOOLONG: "Give a folder with a shorter path with -o.",
    errno.ENOTDIR: "A file stands where a folder is needed: give another folder with -o, or move the file.",
    errno.EEXIST: "A file stands where a folder is needed: give another folder with -o, or move the file.",
}


def temporaries(out: Path) -> Path:
    """The folder of a workspace for files that are being written."""
    return out / ".gikocr" / "tmp"


def unusable(path: Path, doing: str, error: OSError) -> WorkspaceError:
    """A ``WorkspaceError`` for a system error: what could not be done, why, and what helps."""
    reason = error.strerror or str(error)
    advice = _ADVICE.get(error.errno or 0, "Give another folder with -o.")
    return WorkspaceError(f"Cannot {doing} {str(path)!r}: {reason}.", advice=advice)


def make_folder(path: Path) -> None:
    """Make a folder and its parents.

    Raises:
        WorkspaceError: it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unusable(path, "make the folder", error) from error


def write_file(path: Path, content: bytes, *, by: Path | None = None) -> None:
    """Write a file so that a reader, or the next run after a power cut, sees the old content or the new, never a part.

    Args:
        path: where it goes.
        content: all of it.
        by: a folder for the half-written file, from which the next run sweeps what a killed process left; where it is on another
            file system than ``path``, and for None, the half-written file stands beside ``path``.

    Raises:
        WorkspaceError: it cannot be written.
    """
    make_folder(path.parent)
    temporary: Path | None = None
    try:
        handle, name = tempfile.mkstemp(prefix=temporary_prefix(), dir=_half_written(by, path.parent))
        temporary = Path(name)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise unusable(path, "write", error) from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)


def _half_written(by: Path | None, beside: Path) -> Path:
    if by is None:
        return beside
    by.mkdir(exist_ok=True)
    return by if by.stat().st_dev == beside.stat().st_dev else beside


def _umask() -> int:
    """The process's umask, which can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _sync_folder(folder: Path) -> None:
    """Make the new name itself durable, where the system lets a folder be opened."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
