"""What a file is, told by its first bytes and never by its suffix."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gikocr.ingest.encoding import plausibility

HEAD_BYTES = 2048
"""How much of a file is looked at. PDF readers accept a header anywhere in the first 1024 bytes."""

PLAUSIBLE_UTF16 = 0.6
"""Plausibility above which bytes with controls in them are taken for UTF-16; other data comes out below 0.5."""

READ_SUFFIXES: dict[str, str] = {
    ".pdf": "application/pdf",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".bmp": "image/bmp",
    ".webp": "image/webp",
}
"""Suffixes of files that are taken from folders without looking inside, with the media type that they promise."""

READ_TYPES = frozenset(READ_SUFFIXES.values())
"""Media types that gikocr reads as pages."""

TEXT_SUFFIXES: dict[str, str] = {
    ".txt": "text/plain",
    ".html": "text/html",
    ".htm": "text/html",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".ofd": "application/ofd",
    ".mht": "multipart/related",
    ".mhtml": "multipart/related",
    ".doc": "application/x-ole-storage",
    ".wps": "application/x-ole-storage",
    ".xls": "application/x-ole-storage",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".rtf": "application/rtf",
}
"""Suffixes of text and markup that are taken from folders, each a document of its own. Other texts, such as a README or a JSON beside
the documents, are read only when they are named."""

TEXT_TYPES = frozenset(TEXT_SUFFIXES.values())
"""Media types that gikocr reads as text."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What the first bytes say.

    Attributes:
        media_type: IANA media type; ``application/octet-stream`` when nothing is known.
        label: what to call it in a message, with its article.
        hint: what a user can do with a file of this kind that gikocr does not read; may be empty.
    """

    media_type: str
    label: str
    hint: str = ""

    @property
    def is_read(self) -> bool:
        """Whether gikocr reads files of this kind."""
        return self.media_type in READ_TYPES


_PRINT = "Save it as PDF (print to PDF) and give that."
_CONVERT = "Convert it to PNG or TIFF."
_UNPACK = "Unpack it and give the files in it."

_PDF = Kind("application/pdf", "a PDF")
_ZIP = Kind("application/zip", "a ZIP archive", _UNPACK)
_AGAIN = "If it once was a scan, it was damaged when it was copied or stored: copy or scan it again."
_NOTHING_KNOWN = Kind("application/octet-stream", "data of an unknown type", _AGAIN)
_ZEROS = Kind("application/octet-stream", "nothing but zero bytes", _AGAIN)
_OPEN_XML = "application/vnd.openxmlformats-officedocument"
_OLE = Kind("application/x-ole-storage", "an old Office document (DOC, XLS, WPS)", _PRINT)

_MAGIC: tuple[tuple[bytes, Kind], ...] = (
    (b"%PDF-", _PDF),
    (b"II*\x00", Kind("image/tiff", "a TIFF image")),
    (b"MM\x00*", Kind("image/tiff", "a TIFF image")),
    (b"II+\x00", Kind("image/tiff", "a BigTIFF image")),
    (b"MM\x00+", Kind("image/tiff", "a BigTIFF image")),
    (b"\x89PNG\r\n\x1a\n", Kind("image/png", "a PNG image")),
    (b"\xff\xd8\xff", Kind("image/jpeg", "a JPEG image")),
    (b"GIF8", Kind("image/gif", "a GIF image", _CONVERT)),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", Kind("image/jp2", "a JPEG 2000 image", _CONVERT)),
    (b"\xff\x4f\xff\x51", Kind("image/jp2", "a JPEG 2000 codestream", _CONVERT)),
    (b"\x97JB2\r\n\x1a\n", Kind("image/x-jbig2", "a JBIG2 image", _CONVERT)),
    (b"AT&TFORM", Kind("image/vnd.djvu", "a DjVu document", _PRINT)),
    (b"8BPS", Kind("image/vnd.adobe.photoshop", "a Photoshop image", _CONVERT)),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _OLE),
    (b"{\\rtf", Kind("application/rtf", "an RTF document", _PRINT)),
    (b"%!PS", Kind("application/postscript", "a PostScript file", "Convert it to PDF.")),
    (b"CAJ", Kind("application/x-caj", "a CAJ document", _PRINT)),
    (b"Rar!\x1a\x07", Kind("application/vnd.rar", "a RAR archive", _UNPACK)),
    (b"7z\xbc\xaf\x27\x1c", Kind("application/x-7z-compressed", "a 7z archive", _UNPACK)),
    (b"\x1f\x8b", Kind("application/gzip", "a gzip archive", _UNPACK)),
    (b"SQLite format 3\x00", Kind("application/vnd.sqlite3", "an SQLite database")),
)

_ZIP_MEMBERS: tuple[tuple[bytes, Kind], ...] = (
    (b"OFD.xml", Kind("application/ofd", "an OFD document", _PRINT)),
    (b"word/", Kind(_OPEN_XML + ".wordprocessingml.document", "a Word document (DOCX)", _PRINT)),
    (b"xl/", Kind(_OPEN_XML + ".spreadsheetml.sheet", "an Excel workbook (XLSX)", _PRINT)),
    (b"ppt/", Kind(_OPEN_XML + ".presentationml.presentation", "a PowerPoint file (PPTX)", _PRINT)),
    (b"opendocument", Kind("application/vnd.oasis.opendocument", "an OpenDocument file", _PRINT)),
    (b"[Content_Types].xml", Kind(_OPEN_XML, "an Office document", _PRINT)),
)

_HTML = re.compile(rb"<\s*(?:!doctype\s+html|html|head|body|table|div|meta)\b", re.IGNORECASE)
_MHT = re.compile(rb"(?:[A-Za-z-]+:[^\n]*\r?\n(?:[ \t][^\n]*\r?\n)*){0,12}?MIME-Version:\s*1\.0", re.IGNORECASE)
_BMP_HEADER_SIZES = frozenset({12, 16, 40, 52, 56, 64, 108, 124})
_HEIF_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"})
_TEXT_CONTROLS = frozenset(b"\t\n\r\f\x1b")


def sniff(head: bytes) -> Kind:
    """Tell what a file is.

    Args:
        head: the first :data:`HEAD_BYTES` bytes of it, or all of it when it is shorter.

    Returns:
        The kind; media type ``application/octet-stream`` when nothing is known.
    """
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    special = _box_or_riff(head) or _zip(head)
    if special is not None:
        return special
    if _is_bmp(head):
        return Kind("image/bmp", "a BMP image")
    if b"%PDF-" in head[:1024] and not _HTML.search(head[:1024].split(b"%PDF-")[0]):
        return _PDF
    if head and not head.strip(b"\x00"):
        return _ZEROS
    return _text(head) or _NOTHING_KNOWN


def _box_or_riff(head: bytes) -> Kind | None:
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return Kind("image/webp", "a WEBP image")
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        if brand in _HEIF_BRANDS:
            return Kind("image/heic", "a HEIC photograph", _CONVERT)
        if brand in (b"avif", b"avis"):
            return Kind("image/avif", "an AVIF image", _CONVERT)
        return Kind("video/mp4", "a video", "")
    return None


def _zip(head: bytes) -> Kind | None:
    if head[:4] not in (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"):
        return None
    # Only the first entries are in sight; Office and OFD writers put a telling one among them.
    return next((kind for member, kind in _ZIP_MEMBERS if member in head), _ZIP)


def _is_bmp(head: bytes) -> bool:
    # "BM" alone also opens many texts, so the size of the header that follows has to be one that exists.
    return head[:2] == b"BM" and len(head) >= 26 and int.from_bytes(head[14:18], "little") in _BMP_HEADER_SIZES


def _is_utf16(head: bytes) -> bool:
    """Whether bytes without a mark are Chinese text in UTF-16; judged by how common its characters are."""
    whole = head[: len(head) // 2 * 2]
    return any(
        plausibility(whole.decode(name, errors="replace")) > PLAUSIBLE_UTF16 for name in ("utf-16-le", "utf-16-be")
    )


def _text(head: bytes) -> Kind | None:
    if not head:
        return None
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return Kind("text/plain", "a text file (UTF-16)", _PRINT)
    if any(byte < 0x20 and byte not in _TEXT_CONTROLS for byte in head):
        return Kind("text/plain", "a text file (UTF-16)", _PRINT) if _is_utf16(head) else None
    if _MHT.match(head):
        return Kind("multipart/related", "a web archive (MHT)", _PRINT)
    if _HTML.search(head):
        return Kind("text/html", "an HTML page", _PRINT)
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<?xml"):
        return Kind("application/xml", "an XML file", _PRINT)
    for encoding in ("utf-8", "gb18030"):
        # The cut at the end of the head may fall inside a character, which takes up to four bytes.
        for cut in range(4):
            try:
                head[: len(head) - cut].decode(encoding)
            except UnicodeDecodeError:
                continue
            return Kind("text/plain", "a text file", _PRINT)
    return None
