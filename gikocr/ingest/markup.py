"""Documents without pixels: plain text and markup, opened as :class:`Markup`.

Nothing is fetched, no entity is resolved, and archives are measured before anything in them is unpacked.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gikocr.elements import Source, SourcePart
from gikocr.errors import TooLarge
from gikocr.ingest.encoding import decode, undo_mojibake
from gikocr.ingest.inputs import Input, printable_name
from gikocr.ingest.limits import check_bytes, file_size, open_file, unreadable
from gikocr.ingest.sniff import HEAD_BYTES, sniff
from gikocr.markup import Markup, MarkupLine, PageText, TextPlace
from gikocr.settings import Settings

OFD = "application/ofd"
"""Media type of the one kind of markup whose text has places on pages."""

MAX_TEXT_BYTES = 8 * 2**20
"""A longer text is no report; real ones have at most some hundred kilobytes."""

MAX_LINES = 30_000
"""Lines of a text that are read; reports have some hundreds, with one cell a line some thousands."""

MAX_LINE = 200_000
"""Longest line, in characters, that is looked at; the rest of a longer one is noise and left out."""


_PAGE_NUMBER = re.compile(r"[\s\-—–－]*(\d{1,3})[\s\-—–－]*")


@dataclass(frozen=True, slots=True)
class MarkupDocument:
    """A document of text with its source. ``pages``: its pages where its text has places on pages; ``markup`` then has no blocks."""

    source: Source
    markup: Markup
    pages: tuple[PageText, ...] = ()


def open_markup(item: Input, settings: Settings) -> MarkupDocument | None:
    """Open a document of one file that holds text or markup; None when it is of another kind, or of several files.

    Raises:
        FileUnreadable: the file is missing, empty, or may not be opened.
        TooLarge: it is larger than the limits.
        DamagedFile, EncryptedFile, UnsupportedType: it cannot be read.
    """
    if len(item.paths) != 1:
        return None
    path = item.paths[0]
    size = file_size(path)
    with open_file(path) as file:
        try:
            kind = sniff(file.read(HEAD_BYTES))
        except OSError as error:
            raise unreadable(path, error) from error
    read = _READERS.get(kind.media_type)
    if read is None and kind.media_type != OFD:
        return None
    check_bytes(size, settings, what=printable_name(path.name))
    data = _content(path)
    name = printable_name(path.name)
    digest = hashlib.sha256(data).hexdigest()
    parts = (SourcePart(name, digest),)
    if read is None:
        from gikocr.ingest.ofd import read_ofd

        document = read_ofd(data, name)
        source = Source(item.name, digest, len(document.pages), kind.media_type, parts)
        return MarkupDocument(source, Markup((), (), document.pictures), document.pages)
    markup = read(data, name, settings)
    return MarkupDocument(Source(item.name, digest, 0, kind.media_type, parts), markup)


def _content(path: Path) -> bytes:
    with open_file(path) as file:
        try:
            return file.read()
        except OSError as error:
            raise unreadable(path, error) from error


def check_text(size: int, *, what: str) -> None:
    """Refuse a text of more than :data:`MAX_TEXT_BYTES`. Raises TooLarge."""
    if size > MAX_TEXT_BYTES:
        raise TooLarge(
            f"{what} holds {size:,} bytes of text; at most {MAX_TEXT_BYTES:,} are read.",
            advice="A report is far shorter: give the part of the file that holds it.",
        )


def read_text(data: bytes, what: str, settings: Settings) -> Markup:
    """A plain text as lines. Raises TooLarge."""
    check_text(len(data), what=what)
    text, encoding = decode(data)
    notes = []
    if encoding != "utf-8":
        notes.append(("text_encoding", f"The text was decoded as {encoding}."))
    mended = undo_mojibake(text)
    if mended is not None:
        notes.append(("mojibake_undone", "The text was UTF-8 that had been read in another encoding; that was undone."))
        text = mended
    lines = lines_of_text(text)
    if len(lines) > MAX_LINES:
        notes.append(("text_cut", f"The text has {len(lines):,} lines; only the first {MAX_LINES:,} were read."))
    return Markup(lines[:MAX_LINES], tuple(notes))


def lines_of_text(text: str) -> tuple[MarkupLine, ...]:
    """The lines of a text with their places; empty ones are kept, because they may part rows.

    Numbers alone on the last or first line of each page, counting the pages, are blanked out; a form feed ends a page.
    """
    lines = _without_page_numbers(text)
    return tuple(
        MarkupLine(line[:MAX_LINE].rstrip("\ufeff"), TextPlace(line=number, column=1), sheet)
        for number, (sheet, line) in enumerate(lines, 1)
    )


def _without_page_numbers(text: str) -> list[tuple[int, str]]:
    pages = [page.split("\n") for page in text.split("\f")]
    if len(pages) > 1:
        for last in (True, False):
            found: list[tuple[int, int, int]] = []
            for p, lines in enumerate(pages):
                filled = [k for k, line in enumerate(lines) if line.strip()]
                at = (filled[-1] if last else filled[0]) if filled else None
                number = _PAGE_NUMBER.fullmatch(lines[at]) if at is not None else None
                if number is not None and at is not None:
                    found.append((p, at, int(number[1])))
            offsets = Counter(number - p for p, _, number in found)
            usual = offsets.most_common(1)[0] if offsets else (0, 0)
            if usual[1] >= 2 or (usual[1] == 1 and usual[0] == 1):
                for p, at, printed in found:
                    if printed - p == usual[0]:
                        pages[p][at] = ""
    return [(sheet, line) for sheet, page in enumerate(pages) for line in page]


def _read_html(data: bytes, what: str, settings: Settings) -> Markup:
    # lxml is loaded when the first file needs it.
    from gikocr.ingest.html import read_html

    return read_html(data, what)


def _read_docx(data: bytes, what: str, settings: Settings) -> Markup:
    from gikocr.ingest.docx import read_docx

    return read_docx(data, what)


def _read_xlsx(data: bytes, what: str, settings: Settings) -> Markup:
    from gikocr.ingest.xlsx import read_xlsx

    return read_xlsx(data, what)


def _read_mht(data: bytes, what: str, settings: Settings) -> Markup:
    from gikocr.ingest.mht import read_mht

    return read_mht(data, what)


def _by_libreoffice(media_type: str) -> Callable[[bytes, str, Settings], Markup]:
    def read(data: bytes, what: str, settings: Settings) -> Markup:
        from gikocr.ingest.office import read_office

        return read_office(data, what, media_type)

    return read


_OFFICE_TYPES = (
    "application/x-ole-storage",
    "application/rtf",
    "application/vnd.oasis.opendocument",
)

_READERS: dict[str, Callable[[bytes, str, Settings], Markup]] = {
    "text/plain": read_text,
    "text/html": _read_html,
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": _read_docx,
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": _read_xlsx,
    "multipart/related": _read_mht,
    **{media_type: _by_libreoffice(media_type) for media_type in _OFFICE_TYPES},
}
