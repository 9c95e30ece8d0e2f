"""What is checked before anything is decoded: that the file can be opened, and that it is within the limits."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import BinaryIO

from gikocr.errors import FileUnreadable, TooLarge
from gikocr.ingest.inputs import printable_name
from gikocr.settings import Settings


def file_size(path: Path) -> int:
    """Size in bytes of a regular file.

    Raises:
        FileUnreadable: there is none, it is empty, or it is a folder, a pipe or a device.
    """
    try:
        status = path.stat()
    except OSError as error:
        raise unreadable(path, error) from error
    except ValueError as error:  # a zero byte in the name
        raise FileUnreadable(
            f"{printable_name(path.name)!r} cannot be a file's name.", advice="Check the path."
        ) from error
    if stat.S_ISDIR(status.st_mode):
        try:
            next(path.iterdir(), None)
        except OSError as error:
            raise unreadable(path, error) from error
        raise FileUnreadable(f"{printable_name(path.name)} is a folder.", advice="Give a file.")
    if not stat.S_ISREG(status.st_mode):
        raise FileUnreadable(
            f"{printable_name(path.name)} is a pipe or a device.", advice="Save its content as a file and give that."
        )
    if status.st_size == 0:
        raise FileUnreadable(
            f"{printable_name(path.name)} is empty.", advice="Copy it again from its origin, or scan the page again."
        )
    return status.st_size


def open_file(path: Path) -> BinaryIO:
    """Open a file for reading. Raises FileUnreadable."""
    try:
        return path.open("rb")
    except OSError as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: OSError) -> FileUnreadable:
    """The error for a file that the operating system refuses."""
    if isinstance(error, FileNotFoundError):
        return FileUnreadable(f"{printable_name(path.name)} does not exist.", advice="Check the path.")
    if isinstance(error, PermissionError):
        return FileUnreadable(
            f"{printable_name(path.name)} may not be read.", advice="Change its permissions, or run as another user."
        )
    return FileUnreadable(
        f"{printable_name(path.name)} cannot be read ({error.strerror or error}).",
        advice="Check the disk and the path.",
    )


def check_bytes(size: int, settings: Settings, *, what: str) -> None:
    """Refuse a file of more than ``settings.max_bytes`` bytes. Raises TooLarge."""
    if size > settings.max_bytes:
        raise TooLarge(
            f"{what} has {size:,} bytes; at most {settings.max_bytes:,} are read.",
            advice="Split it, scan it with a lower resolution, or raise max_bytes.",
        )


def check_pages(count: int, settings: Settings, *, what: str) -> None:
    """Refuse a document of which more than ``settings.max_pages`` pages would be read. Raises TooLarge."""
    if count > settings.max_pages:
        raise TooLarge(
            f"{what} has more than {settings.max_pages} pages.",
            advice="Name the pages that hold the report (--pages 1-20), split the file, or raise max_pages.",
        )


def check_image_size(width: int, height: int, settings: Settings, *, what: str) -> None:
    """Refuse an image by the size that its header states (pixels). Raises TooLarge."""
    if max(width, height) > settings.max_side:
        raise TooLarge(
            f"{what} is {width:,} × {height:,} pixels; the longer side may have {settings.max_side:,}.",
            advice="Scan it with a lower resolution (300 dpi is plenty), or raise max_side.",
        )
    if width * height > settings.max_pixels:
        raise TooLarge(
            f"{what} has {width:,} × {height:,} pixels; at most {settings.max_pixels:,} are decoded.",
            advice="Scan it with a lower resolution (300 dpi is plenty), or raise max_pixels.",
        )
