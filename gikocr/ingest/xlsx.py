"""Sheets (XLSX) as tables: what their cells show, with merged cells, straight from the XML."""

from __future__ import annotations

import posixpath
import re
from decimal import Decimal, InvalidOperation
from typing import Final

from lxml import etree

from gikocr.errors import DamagedFile
from gikocr.ingest.archives import Archive
from gikocr.ingest.spans import MOST_COLUMNS, MOST_ROWS
from gikocr.markup import Markup, MarkupCell, MarkupTable, TextPlace

MOST_SHEETS: Final = 20
_REFERENCE = re.compile(r"\$?([A-Z]{1,3})\$?(\d{1,7})")


def read_xlsx(data: bytes, what: str) -> Markup:
    """All sheets of a workbook, each as one table.

    Raises:
        DamagedFile, EncryptedFile, TooLarge: it cannot be read.
    """
    archive = Archive(data, what)
    names = sorted((n for n in archive.names if re.search(r"xl/worksheets/[^/]+\.xml$", n)), key=_number_in)
    if not names:
        raise DamagedFile(f"{what} has no sheets.", advice="Save it again, or print it to PDF.")
    shared = _shared(archive)
    made = [_sheet(k, archive.xml(name), shared) for k, name in enumerate(names[:MOST_SHEETS])]
    return Markup(tuple(table for table in made if table.cells))


def _name(node: etree._Element) -> str:
    return node.tag.rpartition("}")[2] if isinstance(node.tag, str) else ""


def _number_in(name: str) -> tuple[int, str]:
    digits = re.sub(r"\D", "", posixpath.basename(name))
    return int(digits or 0), name


def _shared(archive: Archive) -> list[str]:
    if not archive.has("xl/sharedStrings.xml"):
        return []
    return [_words(item) for item in archive.xml("xl/sharedStrings.xml") if _name(item) == "si"]


def _words(item: etree._Element) -> str:
    """The text of a string with its runs; hints on how to read it (ruby) left out."""
    return "".join(
        node.text or ""
        for node in item.iter()
        if _name(node) == "t" and not any(_name(a) == "rPh" for a in node.iterancestors())
    )


def _sheet(index: int, root: etree._Element, shared: list[str]) -> MarkupTable:
    texts: dict[tuple[int, int], str] = {}
    for node in root.iter():
        place = _place(node.get("r")) if _name(node) == "c" else None
        if place is not None:
            text = _shown(node, shared)
            if text:
                texts[place] = text
    merged = [m for m in map(_merge, (n for n in root.iter() if _name(n) == "mergeCell")) if m is not None]
    n_rows = max((r for r, _ in texts), default=-1) + 1
    n_cols = max((c for _, c in texts), default=-1) + 1
    covered: dict[tuple[int, int], tuple[int, int]] = {}
    spans: dict[tuple[int, int], tuple[int, int]] = {}
    for top, left, bottom, right in merged:
        bottom, right = min(bottom, n_rows - 1), min(right, n_cols - 1)
        if (
            top > bottom
            or left > right
            or any((r, c) in covered for r in range(top, bottom + 1) for c in range(left, right + 1))
        ):
            continue
        spans[top, left] = (bottom + 1, right + 1)
        covered |= {(r, c): (top, left) for r in range(top, bottom + 1) for c in range(left, right + 1)}
    cells = []
    for row in range(n_rows):
        own = 0
        for col in range(n_cols):
            if covered.get((row, col), (row, col)) != (row, col):
                continue
            row_end, col_end = spans.get((row, col), (row + 1, col + 1))
            place_of = TextPlace(table=index, row=row, cell=own)
            cells.append(MarkupCell(row, row_end, col, col_end, texts.get((row, col), ""), place_of))
            own += 1
    return MarkupTable(index, n_rows, n_cols, tuple(cells))


def _place(reference: str | None) -> tuple[int, int] | None:
    """Row and column, from 0, of a reference such as B12; None beyond the limits."""
    found = _REFERENCE.fullmatch(reference or "")
    if found is None:
        return None
    column = 0
    for letter in found[1]:
        column = 26 * column + ord(letter) - 64
    row = int(found[2])
    return (row - 1, column - 1) if 1 <= row <= MOST_ROWS and column <= MOST_COLUMNS else None


def _merge(node: etree._Element) -> tuple[int, int, int, int] | None:
    first, _, last = (node.get("ref") or "").partition(":")
    a, b = _place(first), _place(last)
    return None if a is None or b is None else (*a, *b)


def _shown(cell: etree._Element, shared: list[str]) -> str:
    """What a cell shows; numbers as short as they are stored, their formats are not applied."""
    kind = cell.get("t", "n")
    if kind == "inlineStr":
        return _words(cell)
    value = next((n.text or "" for n in cell if _name(n) == "v"), "")
    if kind == "s":
        return shared[int(value)] if value.isdecimal() and int(value) < len(shared) else ""
    return _plain(value) if kind == "n" else value


def _plain(value: str) -> str:
    """A stored number without exponent and without the dust of binary fractions."""
    try:
        number = Decimal(value)
    except InvalidOperation:
        return value
    if not number.is_finite() or abs(number.adjusted()) > 20:
        return value
    if len(number.as_tuple().digits) > 15:
        number = Decimal(repr(float(f"{float(number):.15g}")))
    text = format(number.normalize(), "f")
    return "0" if text == "-0" else text
