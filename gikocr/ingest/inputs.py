"""Which documents a command line names: files, folders, and files that belong together.

This module looks at names and first bytes only, so that listing an archive is quick; a decoder is imported only where
TIFF files are grouped by folder, because no name says how many pages they hold.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import Literal

from gikocr.ingest.sniff import HEAD_BYTES, READ_SUFFIXES, TEXT_SUFFIXES, sniff

MANY_PAGES = frozenset({".pdf", *TEXT_SUFFIXES})
"""Suffixes of files that hold a whole document each."""
Grouping = Literal["none", "name", "folder"]

WORKSPACE_MARKS = ("gikocr.db", ".gikocr")
"""A folder that holds one of these is output of gikocr."""

WORKSPACE_PICTURES = "overlays"
"""The folder of such output that holds pictures, which are no documents."""

_DIGITS = re.compile(r"(\d+)")
_PAGE_NUMBER = re.compile(
    r"(?P<stem>.*?)(?:[\s_\-.·]+(?:page|p)|[\s_\-.·]*第)?[\s_\-.·]*[(（]?(?<!\d)(?P<number>\d{1,4})[)）]?\s*页?",
    re.IGNORECASE | re.DOTALL,
)
_YEAR = re.compile(r"(?:19|20)\d\d")


@dataclass(frozen=True, slots=True)
class Input:
    """One document to be read.

    Attributes:
        name: its name in the output: the file's name, or its path relative to the folder that was given, POSIX-style,
            with its suffix; for a group see :func:`find_inputs`. Always valid Unicode, whatever bytes the file system
            holds.
        paths: its files, in page order.
    """

    name: str
    paths: tuple[Path, ...]


def natural_key(name: str) -> tuple[tuple[tuple[int, int, str], ...], str]:
    """A sort key by which ``page 2`` comes before ``page 10``; upper and lower case sort together.

    Equal only for equal names, so that the order never depends on the file system.
    """
    parts = tuple(
        (0, int(piece), "") if index % 2 else (1, 0, piece.casefold())
        for index, piece in enumerate(_DIGITS.split(name))
    )
    return parts, name


def printable_name(name: str) -> str:
    """A name as valid Unicode.

    Bytes that are not UTF-8 are tried as GB 18030, as old Chinese archives use it, else escaped.
    """
    raw = os.fsencode(name)
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("utf-8", errors="backslashreplace")


def find_inputs(
    paths: Sequence[Path], *, group: Grouping = "none", as_one: bool = False, skip: Collection[Path] = ()
) -> Iterator[Input]:
    """Find the documents under the given files and folders, one folder at a time.

    Files that are named are always taken, even if they do not exist (reading them then fails, and the others go on).
    From folders come the files with a suffix that gikocr reads or with such content; hidden files and gikocr's own
    output are left out. Files of a folder come before those of its subfolders, both in natural order. Links to folders
    are not followed inside a folder.

    Args:
        paths: what the command line names.
        group: ``none``: each file is a document. ``name``: files of one folder whose names differ only in a page number
            at the end are one document, named by the common stem (``scan_01.jpg``, ``scan_02.jpg``: ``scan``); four
            digits that can be a year are no page number. ``folder``: the files of a folder are one document, named by
            the folder's relative path, unless one of them holds several pages by itself (PDF, TIFF of several frames):
            then each is a document.
        as_one: all files are one document, named like the first.
        skip: folders that are not entered, such as the output folder.

    Yields:
        The documents. Nothing for folders without documents.
    """
    forbidden = {absolute(folder) for folder in skip}
    batches = _batches([Path(path) for path in paths], forbidden)
    if as_one:
        files = [file for batch in batches for file in batch.files]
        if files:
            yield Input(files[0].name, tuple(file.path for file in files))
        return
    for batch in batches:
        yield from _grouped(batch, group)


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    path: Path


@dataclass(frozen=True, slots=True)
class _Batch:
    """Files of one folder.

    ``prefix`` is the output name of the folder; ``given`` marks files that the command line names.
    """

    prefix: str
    files: tuple[_File, ...]
    given: bool


def _batches(paths: Sequence[Path], forbidden: set[str]) -> Iterator[_Batch]:
    for (is_folder, parent), run in groupby(paths, key=lambda path: (path.is_dir(), path.parent)):
        if is_folder:
            for folder in run:
                root = printable_name(folder.name or folder.resolve().name) or "documents"
                yield from _walk(folder, "", root, forbidden, named=True)
        else:
            files = tuple(_File(printable_name(path.name), path) for path in _page_order(list(run)))
            yield _Batch(printable_name(parent.resolve().name) or "documents", files, given=True)


def _page_order(paths: list[Path]) -> list[Path]:
    # A shell's wildcard gives page10 before page2; an order that is not alphabetical was meant by the person who typed
    # it.
    names = [path.name for path in paths]
    alphabetical = names == sorted(names) or names == sorted(names, key=str.casefold)
    return sorted(paths, key=lambda path: natural_key(path.name)) if alphabetical else paths


def _walk(folder: Path, relative: str, root: str, forbidden: set[str], *, named: bool) -> Iterator[_Batch]:
    try:
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: natural_key(entry.name))
    except OSError:
        # Reading this "document" fails with the reason, so that a folder without permission does not vanish silently.
        yield _Batch(relative or root, (_File(relative or root, folder),), given=True)
        return
    is_output = any(entry.name in WORKSPACE_MARKS for entry in entries)
    if is_output and not named:
        return
    # A folder that the user names is read even if an earlier run wrote its results beside the scans.
    own = {WORKSPACE_PICTURES} if is_output else set()
    visible = [entry for entry in entries if not entry.name.startswith(".") and entry.name not in own]
    prefix = f"{relative}/" if relative else ""
    files = tuple(_File(prefix + printable_name(e.name), Path(e.path)) for e in visible if _is_wanted(e))
    if files:
        yield _Batch(relative or root, files, given=False)
    for entry in visible:
        if _is_folder(entry) and absolute(Path(entry.path)) not in forbidden:
            yield from _walk(Path(entry.path), prefix + printable_name(entry.name), root, forbidden, named=False)


def absolute(path: Path) -> str:
    """The path from the root on, links kept."""
    # Compared as text: resolving links of every folder of an archive would cost a system call for each part of its
    # path.
    return os.path.abspath(path)  # noqa: PTH100


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _is_wanted(entry: os.DirEntry[str]) -> bool:
    try:
        if not entry.is_file():
            return False
        suffix = Path(entry.name).suffix.lower()
        if suffix in READ_SUFFIXES or suffix in TEXT_SUFFIXES:
            return True
        with Path(entry.path).open("rb") as file:
            return sniff(file.read(HEAD_BYTES)).is_read
    except OSError:
        return False


def _grouped(batch: _Batch, group: Grouping) -> Iterator[Input]:
    if group == "none":
        yield from (Input(file.name, (file.path,)) for file in batch.files)
    elif group == "folder":
        # A folder that also holds documents of several pages is a shelf, not one document in pictures of its pages.
        if len(batch.files) > 1 and any(_holds_many_pages(file) for file in batch.files):
            yield from (Input(file.name, (file.path,)) for file in batch.files)
            return
        alone = batch.given and len(batch.files) == 1
        yield Input(batch.files[0].name if alone else batch.prefix, tuple(file.path for file in batch.files))
    else:
        yield from _by_stem(batch)


def _holds_many_pages(file: _File) -> bool:
    suffix = Path(file.name).suffix.lower()
    if suffix in MANY_PAGES:
        return True
    if READ_SUFFIXES.get(suffix) != "image/tiff":
        return False
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(file.path, formats=("TIFF",)) as tiff:
            tiff.seek(1)
    except (OSError, EOFError, SyntaxError, ValueError, UnidentifiedImageError, Image.DecompressionBombError):
        # One frame, or nothing that can be read: reading it says so.
        return False
    return True


def _by_stem(batch: _Batch) -> Iterator[Input]:
    groups: dict[tuple[str, str], list[_File]] = {}
    for file in batch.files:
        groups.setdefault(_stem(file.name), []).append(file)
    for (stem, _), files in groups.items():
        if len(files) == 1:
            yield Input(files[0].name, (files[0].path,))
        else:
            # "1.jpg, 2.jpg" have no stem of their own: their folder says what they are.
            name = batch.prefix if not stem or stem.endswith("/") else stem
            yield Input(name, tuple(file.path for file in files))


def _stem(name: str) -> tuple[str, str]:
    """The name without page number, and its media type by suffix; a name without a page number groups with no other.

    The type is part of the key because ``scan_1.jpg`` beside ``scan_1.pdf`` are two copies and not two pages.
    """
    folder, slash, last = name.rpartition("/")
    pure = PurePosixPath(last)
    match = _PAGE_NUMBER.fullmatch(pure.stem)
    if match is None or _YEAR.fullmatch(match["number"]):
        return name, ""
    suffix = pure.suffix.lower()
    return folder + slash + match["stem"], READ_SUFFIXES.get(suffix, suffix)
