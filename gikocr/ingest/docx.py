"""Word documents (DOCX) as lines and tables, straight from their XML: merged cells by gridSpan and vMerge, broken ones too."""

from __future__ import annotations

from typing import Final

from lxml import etree

from gikocr.ingest.archives import MOST_PICTURE, Archive
from gikocr.ingest.html import MOST_BLOCKS, MOST_PICTURES, SMALLEST_PICTURE
from gikocr.ingest.spans import RawCell, span, table_of
from gikocr.markup import Markup, MarkupLine, MarkupTable, TextPlace

_W: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_STRICT: Final = "{http://purl.oclc.org/ooxml/wordprocessingml/main}"
_PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")
_SKIPPED = frozenset(("del", "moveFrom", "instrText", "delText", "Fallback", "pPr", "rPr", "tblPr", "trPr", "sectPr"))


def read_docx(data: bytes, what: str) -> Markup:
    """A Word document as lines and tables.

    Raises:
        DamagedFile, EncryptedFile, TooLarge: it cannot be read.
    """
    archive = Archive(data, what)
    root = archive.xml("word/document.xml")
    reader = _Reader()
    body = next((child for child in root if _name(child) == "body"), root)
    reader.walk(body)
    pictures: list[tuple[str, bytes]] = []
    for name in sorted(n for n in archive.names if n.casefold().startswith("word/media/")):
        if name.casefold().endswith(_PICTURE_SUFFIXES) and len(pictures) < MOST_PICTURES:
            content = archive.read(name, MOST_PICTURE)
            if len(content) >= SMALLEST_PICTURE:
                pictures.append((name.rpartition("/")[2], content))
    return Markup(tuple(reader.blocks[:MOST_BLOCKS]), (), tuple(pictures))


def _name(node: etree._Element) -> str:
    return node.tag.rpartition("}")[2] if isinstance(node.tag, str) else ""


def _attribute(node: etree._Element, name: str) -> str | None:
    return node.get(_W + name) or node.get(_STRICT + name) or node.get(name)


class _Reader:
    """Walks a body in document order; lines are numbered by paragraph."""

    def __init__(self) -> None:
        self.blocks: list[MarkupLine | MarkupTable] = []
        self._tables = 0
        self._paragraphs = 0

    def walk(self, container: etree._Element) -> None:
        """Take in paragraphs and tables, also those in content controls, text boxes and tables that only arrange others."""
        stack = list(reversed(container))
        while stack:
            node = stack.pop()
            name = _name(node)
            if name == "p":
                self._paragraph(node)
                boxes = [b for b in node.iter() if _name(b) == "txbxContent" and not _in_fallback(b)]
                stack.extend(child for box in reversed(boxes) for child in reversed(box))
            elif name == "tbl" and not _is_layout(node):
                self._table(node)
            elif name not in _SKIPPED:
                stack.extend(reversed(node))

    def _paragraph(self, node: etree._Element) -> None:
        self._paragraphs += 1
        for line in _text(node).split("\n"):
            self.blocks.append(MarkupLine(line, TextPlace(line=self._paragraphs, column=1)))

    def _table(self, table: etree._Element) -> None:
        rows: list[list[RawCell]] = []
        open_cells: dict[int, tuple[int, int]] = {}
        for row in (r for r in table.iter() if _name(r) == "tr"):
            cells: list[RawCell] = []
            column = _grid_before(row)
            cells += [RawCell("")] * column
            for cell in _cells(row):
                properties = next((c for c in cell if _name(c) == "tcPr"), None)
                wide, merge = _spans(properties)
                text = _cell_text(cell)
                above = open_cells.get(column)
                if merge == "continue" and not text.strip() and above is not None:
                    r, k = above
                    old = rows[r][k]
                    rows[r][k] = RawCell(old.text, old.colspan, old.rowspan + 1)
                else:
                    cells.append(RawCell(text, wide, 1))
                    if merge:
                        open_cells[column] = (len(rows), len(cells) - 1)
                    else:
                        open_cells.pop(column, None)
                column += wide
            rows.append(cells)
        made = table_of(self._tables, rows)
        if made.cells:
            self._tables += 1
            self.blocks.append(made)


def _in_fallback(node: etree._Element) -> bool:
    return any(_name(a) == "Fallback" for a in node.iterancestors())


def _is_layout(table: etree._Element) -> bool:
    return any(_name(node) == "tbl" for node in table.iterdescendants())


def _cells(row: etree._Element) -> list[etree._Element]:
    found: list[etree._Element] = []
    stack = list(reversed(row))
    while stack:
        node = stack.pop()
        if _name(node) == "tc":
            found.append(node)
        elif _name(node) not in _SKIPPED:
            stack.extend(reversed(node))
    return found


def _grid_before(row: etree._Element) -> int:
    before = next((n for n in row.iter() if _name(n) == "gridBefore"), None)
    return min(20, span(_attribute(before, "val"))) if before is not None else 0


def _spans(properties: etree._Element | None) -> tuple[int, str]:
    """Columns that a cell covers, and ``restart``, ``continue`` or "" for its part in a vertical merge."""
    wide, merge = 1, ""
    for node in properties if properties is not None else ():
        if _name(node) == "gridSpan":
            wide = span(_attribute(node, "val"))
        elif _name(node) == "vMerge":
            merge = _attribute(node, "val") or "continue"
    return wide, merge


def _cell_text(cell: etree._Element) -> str:
    lines = [_text(p) for p in cell.iter() if _name(p) == "p" and not _in_fallback(p)]
    return "\n".join(line.strip() for line in lines).strip("\n")


def _text(paragraph: etree._Element) -> str:
    """The text of a paragraph: what was deleted, field codes, and text boxes left out."""
    out: list[str] = []
    stack = list(reversed(paragraph))
    while stack:
        node = stack.pop()
        name = _name(node)
        if name in _SKIPPED or name == "txbxContent":
            continue
        if name == "t":
            out.append(node.text or "")
        elif name == "tab":
            out.append("\t")
        elif name in ("br", "cr"):
            out.append("\n")
        elif name == "noBreakHyphen":
            out.append("-")
        else:
            stack.extend(reversed(node))
    return "".join(out)
