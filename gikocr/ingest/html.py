"""HTML as lines and tables. Nothing is fetched, scripts are not run, entities of a document's own are not resolved."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

from lxml import etree

from gikocr.errors import DamagedFile, TooLarge
from gikocr.ingest.encoding import decode, undo_mojibake
from gikocr.ingest.spans import RawCell, span, table_of
from gikocr.markup import Markup, MarkupLine, MarkupTable, TextPlace

MOST_BLOCKS: Final = 30_000
"""Paragraphs and tables of a page that are read; pages of reports have some hundreds."""
MOST_PAGE: Final = 64 * 2**20
"""Bytes of the largest page that is parsed, pictures in it included."""
MOST_PICTURES: Final = 60
"""Pictures of a page that are kept; more are decoration."""
SMALLEST_PICTURE: Final = 20_000
"""Bytes below which a picture cannot show a page of a report."""

_BLOCKS = frozenset(
    (
        "p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "li", "ul", "ol", "dl", "dt", "dd", "section", "article", "header", "footer",
        "main", "aside", "nav", "center", "pre", "blockquote", "form", "fieldset", "address", "hr", "caption", "figure", "figcaption",
        "body", "tr", "td", "th", "tbody", "thead", "tfoot", "table",
    )
)  # fmt: skip
_SKIPPED = frozenset(
    (
        "script",
        "style",
        "noscript",
        "head",
        "template",
        "iframe",
        "object",
        "svg",
        "math",
        "select",
        "option",
        "textarea",
        "button",
    )
)
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all", re.IGNORECASE)
_DATA_URI = re.compile(r"data:image/(?:png|jpe?g|bmp|gif|webp|tiff?);base64,(.*)", re.IGNORECASE | re.DOTALL)
_BLANKS = re.compile(r"[ \t\r\n\f]+")


def read_html(data: bytes, what: str) -> Markup:
    """An HTML page as lines and tables.

    Raises:
        DamagedFile: nothing of it can be parsed.
        TooLarge: it has more than :data:`MOST_PAGE` bytes.
    """
    if len(data) > MOST_PAGE:
        raise TooLarge(
            f"{what} is larger than any page with a report.", advice="Save the report alone, or print it to PDF."
        )
    text, encoding = decode(data)
    notes = [] if encoding == "utf-8" else [("text_encoding", f"The page was decoded as {encoding}.")]
    mended = undo_mojibake(text)
    if mended is not None:
        notes.append(("mojibake_undone", "The page was UTF-8 that had been read in another encoding; that was undone."))
        text = mended
    return html_markup(text, what, tuple(notes))


def html_markup(text: str, what: str, notes: tuple[tuple[str, str], ...] = ()) -> Markup:
    """Decoded HTML as lines and tables. Raises DamagedFile."""
    parser = etree.HTMLParser(
        encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=False, recover=True
    )
    try:
        root = etree.fromstring(text.encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, ValueError, AssertionError) as error:
        raise DamagedFile(f"{what} holds no HTML that can be parsed.", advice="Save the page again.") from error
    if root is None:
        raise DamagedFile(f"{what} holds no HTML that can be parsed.", advice="Save the page again.")
    reader = _Reader()
    reader.walk(root)
    reader.flush()
    if len(reader.blocks) > MOST_BLOCKS:
        notes = (*notes, ("text_cut", f"The page has more than {MOST_BLOCKS:,} paragraphs; only those were read."))
    return Markup(tuple(reader.blocks[:MOST_BLOCKS]), notes, tuple(reader.pictures))


class _Reader:
    """Walks a page in document order, gathering text up to the next block."""

    def __init__(self) -> None:
        self.blocks: list[MarkupLine | MarkupTable] = []
        self.pictures: list[tuple[str, bytes]] = []
        self._text: list[str] = []
        self._line: int | None = None
        self._tables = 0

    def flush(self) -> None:
        """End the line that is being gathered."""
        for line in "".join(self._text).split("\n"):
            shown = line.strip(" ")
            if shown.strip():
                self.blocks.append(MarkupLine(shown, TextPlace(line=self._line or 1, column=1)))
        self._text, self._line = [], None

    def walk(self, element: etree._Element) -> None:
        """Take in an element with all that is in it, without recursion into depths that a hostile page may have."""
        stack: list[tuple[etree._Element, bool]] = [(element, True)]
        while stack:
            node, entering = stack.pop()
            tag = node.tag if isinstance(node.tag, str) else ""
            tag = tag.lower().rpartition("}")[2]
            if not entering:
                if tag in _BLOCKS:
                    self.flush()
                self._add(node.tail, node)
                continue
            if not tag or tag in _SKIPPED or _HIDDEN.search(node.get("style") or ""):
                if tag == "head":
                    self._title(node)
                self._add(node.tail, node)
                continue
            if tag == "table" and not _is_layout(node):
                self.flush()
                self._table(node)
                self._add(node.tail, node)
                continue
            if tag in _BLOCKS:
                self.flush()
            elif tag == "br":
                self._text.append("\n")
            elif tag == "img":
                self._picture(node)
            stack.append((node, False))
            self._add(node.text, node, preserved=tag == "pre")
            if tag == "pre":
                self._preserved(node)
                continue
            stack.extend((child, True) for child in reversed(node))

    def _add(self, text: str | None, node: etree._Element, *, preserved: bool = False) -> None:
        if text and not preserved:
            if self._line is None and text.strip():
                self._line = node.sourceline
            self._text.append(_BLANKS.sub(" ", text))

    def _preserved(self, node: etree._Element) -> None:
        self._line = node.sourceline
        self._text.append("".join(node.itertext()).replace("\r\n", "\n"))

    def _title(self, head: etree._Element) -> None:
        """The page's title as its first line; most are the report's, with the site's name behind a line or dash."""
        found = head.find(".//title")
        text = _BLANKS.sub(" ", "".join(found.itertext())).strip() if found is not None else ""
        first = re.split(r"\s*[|_–—\-]\s*", text)[0]
        if first:
            self.blocks.append(MarkupLine(first, TextPlace(line=found.sourceline or 1, column=1)))

    def _table(self, table: etree._Element) -> None:
        rows: list[list[RawCell]] = []
        for row in table.iter("tr"):
            cells = []
            for cell in row.iterchildren("td", "th"):
                if _HIDDEN.search(cell.get("style") or ""):
                    continue
                cells.append(RawCell(self._cell_text(cell), span(cell.get("colspan")), span(cell.get("rowspan"))))
            rows.append(cells)
        made = table_of(self._tables, rows)
        if made.cells:
            self._tables += 1
            self.blocks.append(made)

    def _cell_text(self, cell: etree._Element) -> str:
        for picture in cell.iter("img"):
            self._picture(picture)
        lines = _in_order(cell).split("\n")
        return "\n".join(line.strip(" \u00a0\u3000") for line in lines).strip("\n")

    def _picture(self, node: etree._Element) -> None:
        found = _DATA_URI.match(node.get("src") or "")
        if found is None or len(self.pictures) >= MOST_PICTURES:
            return
        try:
            data = base64.b64decode(found[1], validate=False)
        except (binascii.Error, ValueError):
            return
        if len(data) >= SMALLEST_PICTURE:
            self.pictures.append((f"picture-{len(self.pictures) + 1}", data))


def _in_order(cell: etree._Element) -> str:
    """The text of a cell in document order, with line feeds where blocks or breaks are."""
    out: list[str] = []
    stack: list[tuple[etree._Element, bool]] = [(cell, True)]
    while stack:
        node, entering = stack.pop()
        tag = node.tag if isinstance(node.tag, str) else ""
        if not entering:
            if tag in _BLOCKS and node is not cell:
                out.append("\n")
            if node is not cell and node.tail:
                out.append(_BLANKS.sub(" ", node.tail))
            continue
        stack.append((node, False))
        if not tag or tag in _SKIPPED:
            continue
        if tag == "br" or (tag in _BLOCKS and node is not cell):
            out.append("\n")
        if node.text:
            out.append(_BLANKS.sub(" ", node.text))
        stack.extend((child, True) for child in reversed(node))
    return re.sub(r"\n{2,}", "\n", "".join(out))


def _is_layout(table: etree._Element) -> bool:
    """Whether a table only arranges others: what is in its cells is walked like the rest of the page."""
    return next(table.iterdescendants("table"), None) is not None
