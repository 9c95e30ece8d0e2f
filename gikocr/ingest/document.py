"""A document of one or several files, read page by page."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Protocol

from gikocr.elements import Page, Source, SourcePart
from gikocr.errors import DocumentError, FileUnreadable, UnsupportedType
from gikocr.ingest.inputs import Input, printable_name
from gikocr.ingest.limits import check_bytes, check_pages, file_size, open_file, unreadable
from gikocr.ingest.page_ranges import highest_page, parse_page_ranges, select_pages
from gikocr.ingest.pixels import Picture
from gikocr.ingest.sniff import HEAD_BYTES, READ_SUFFIXES, Kind, sniff
from gikocr.markup import PageText
from gikocr.settings import Settings

MIXED_MEDIA_TYPE = "multipart/mixed"
"""Media type of a document whose files are of several types."""

_HASH_CHUNK = 1 << 20


class _PartFile(Protocol):
    """One opened file of a document."""

    @property
    def media_type(self) -> str: ...

    @property
    def page_count(self) -> int: ...

    def read(self, page: int) -> Picture: ...

    def size(self, page: int) -> tuple[float, float]: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class _BrokenPart:
    """A file of a group that cannot be read; it stands for one page, and the others are read."""

    media_type: str
    error: DocumentError
    page_count: int = 1

    def read(self, page: int) -> Picture:
        raise self.error

    def size(self, page: int) -> tuple[float, float]:
        raise self.error

    def close(self) -> None:
        """Nothing is open."""


class Document:
    """An open document. Use it in a ``with`` block; pages are decoded when they are asked for, one at a time.

    Attributes:
        source: where it came from.
        page_count: pages of all its files together.
        selected: the page numbers that ``settings.pages`` selects, ascending.
        part_names: names of its files, in page order.
        notes: what is worth telling a user although the document can be read, as pairs of a code and a message. Codes:
            ``suffix_mismatch``, ``pdf_repaired``, ``frames_skipped``, ``part_unreadable``, and after reading a page
            ``image_truncated``, ``picture_unreadable``.
    """

    def __init__(
        self, source: Source, parts: tuple[_PartFile, ...], selected: tuple[int, ...], notes: list[tuple[str, str]]
    ) -> None:
        self.source = source
        self.page_count = source.pages
        self.selected = selected
        self.part_names = tuple(part.name for part in source.parts)
        self.notes = notes
        self._parts = parts

    def __enter__(self) -> Document:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close its files; closing twice is allowed."""
        for part in self._parts:
            part.close()

    def read_page(self, number: int) -> Page:
        """Decode one page. May be asked for in any order and repeatedly; nothing is kept.

        Args:
            number: 1-based page number within the document, selected or not.

        Raises:
            DocumentError: this page cannot be read (DamagedFile, TooLarge …); others may.
            ValueError: the document has no such page.
        """
        before = 0
        for index, part in enumerate(self._parts):
            if before < number <= before + part.page_count:
                picture = part.read(number - before)
                return Page(
                    number=number,
                    part=index,
                    part_page=number - before,
                    width=picture.width,
                    height=picture.height,
                    unit=picture.unit,
                    image=picture.image,
                    to_view=picture.to_view,
                    dpi=picture.dpi,
                )
            before += part.page_count
        raise ValueError(f"page {number} of a document with {self.page_count} pages")

    def page_size(self, number: int) -> tuple[float, float]:
        """Width and height of a page's frame as a viewer shows it, in its unit, without decoding the page.

        Raises:
            DocumentError: this page cannot be read.
            ValueError: the document has no such page.
        """
        before = 0
        for part in self._parts:
            if before < number <= before + part.page_count:
                return part.size(number - before)
            before += part.page_count
        raise ValueError(f"page {number} of a document with {self.page_count} pages")

    def read_page_text(self, number: int) -> PageText | None:
        """The text layer of one page, None where its file is of a type that has none.

        Raises:
            DocumentError: this page cannot be read.
            ValueError: the document has no such page.
        """
        before = 0
        for part in self._parts:
            if before < number <= before + part.page_count:
                layer = getattr(part, "text", None)
                return None if layer is None else replace(layer(number - before), page=number)
            before += part.page_count
        raise ValueError(f"page {number} of a document with {self.page_count} pages")


def open_document(item: Input, settings: Settings) -> Document:
    """Open a document: check its limits, tell its type by its content, count its pages. No page is decoded.

    In a document of several files one that is damaged, encrypted or too large counts as one page that cannot be read,
    as long as another can; reading that page raises the reason.

    Raises:
        FileUnreadable: a file is missing, empty, or may not be opened.
        UnsupportedType: a file is of no type that gikocr reads.
        DamagedFile, EncryptedFile, TooLarge: the document cannot be read.
        DocumentError: ``settings.pages`` asks for a page that is not there.
        UsageError: ``settings.pages`` is no page selection.
    """
    ranges = parse_page_ranges(settings.pages)
    most = max(settings.max_pages, highest_page(ranges)) + 1
    notes: list[tuple[str, str]] = []

    def note(code: str, message: str) -> None:
        if (code, message) not in notes:
            notes.append((code, message))

    with ExitStack() as opened:
        parts: list[_PartFile] = []
        hashed: list[SourcePart] = []
        pages = 0
        for path in item.paths:
            part = _open_part(path, settings, note, most - pages, grouped=len(item.paths) > 1)
            opened.callback(part.close)
            parts.append(part)
            pages += part.page_count
            if not ranges:
                check_pages(pages, settings, what=item.name)
            hashed.append(SourcePart(printable_name(path.name), _sha256(path)))
        if not parts:
            raise FileUnreadable(f"{item.name} has no files.", advice="Give at least one file.")
        broken = [part.error for part in parts if isinstance(part, _BrokenPart)]
        if len(broken) == len(parts):
            raise broken[0]
        for error in broken:
            note("part_unreadable", str(error))
        selected = select_pages(ranges, pages, what=item.name)
        check_pages(
            len(selected), settings, what=f"the selection {settings.pages} of {item.name}" if ranges else item.name
        )
        types = {part.media_type for part in parts}
        source = _source(item.name, tuple(hashed), pages, types.pop() if len(types) == 1 else MIXED_MEDIA_TYPE)
        opened.pop_all()
        return Document(source, tuple(parts), selected, notes)


def describe_source(item: Input, settings: Settings) -> Source:
    """What can be said of a document that cannot be opened, for the report of its failure. Raises no DocumentError.

    ``pages`` is 0. A file that is missing, or larger than ``settings.max_bytes``, has an empty ``sha256``.
    """
    parts, types = [], set()
    for path in item.paths:
        digest = ""
        media_type = "application/octet-stream"
        try:
            size = path.stat().st_size if path.is_file() else None
            if size is not None and size <= settings.max_bytes:
                media_type = _kind(path).media_type
                digest = _sha256(path)
        except (OSError, ValueError, DocumentError):
            digest = ""
        parts.append(SourcePart(printable_name(path.name), digest))
        types.add(media_type)
    return _source(item.name, tuple(parts), 0, types.pop() if len(types) == 1 else MIXED_MEDIA_TYPE)


def _source(name: str, parts: tuple[SourcePart, ...], pages: int, media_type: str) -> Source:
    if len(parts) == 1:
        digest = parts[0].sha256
    elif all(part.sha256 for part in parts):
        digest = hashlib.sha256("".join(part.sha256 for part in parts).encode("ascii")).hexdigest()
    else:
        digest = ""
    return Source(name=name, sha256=digest, pages=pages, media_type=media_type, parts=parts)


def _open_part(
    path: Path, settings: Settings, note: Callable[[str, str], None], max_frames: int, *, grouped: bool
) -> _PartFile:
    size = file_size(path)
    kind = _kind(path)
    name = printable_name(path.name)
    if not kind.is_read:
        raise UnsupportedType(
            f"{name} seems to be {kind.label}; gikocr reads pages (PDF, TIFF, PNG, JPEG, BMP, WEBP) and, one file at a time, text "
            "and markup (TXT, HTML, MHT, DOCX, XLSX, OFD; DOC, WPS, RTF, XLS, ODT through LibreOffice).",
            advice=kind.hint or "Give the scan or the export of the report.",
        )
    try:
        check_bytes(size, settings, what=name)
        part = _decoder(path, kind, settings, note, max(1, max_frames))
    except FileUnreadable:
        raise
    except DocumentError as error:
        if not grouped:
            raise
        return _BrokenPart(kind.media_type, error)
    promised = READ_SUFFIXES.get(path.suffix.lower())
    if promised is not None and promised != kind.media_type:
        note("suffix_mismatch", f"{name} is {kind.label} in spite of its suffix; it was read as that.")
    return part


def _decoder(
    path: Path, kind: Kind, settings: Settings, note: Callable[[str, str], None], max_frames: int
) -> _PartFile:
    # pdfium and Pillow are loaded when the first file needs them.
    if kind.media_type == "application/pdf":
        from gikocr.ingest.pdf import PdfFile

        return PdfFile(path, settings, note)
    from gikocr.ingest.raster import RasterFile

    return RasterFile(path, kind.media_type, settings, note, max_frames=max_frames)


def _kind(path: Path) -> Kind:
    with open_file(path) as file:
        try:
            return sniff(file.read(HEAD_BYTES))
        except OSError as error:
            raise unreadable(path, error) from error


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with open_file(path) as file:
        try:
            while chunk := file.read(_HASH_CHUNK):
                digest.update(chunk)
        except OSError as error:
            raise unreadable(path, error) from error
    return digest.hexdigest()
