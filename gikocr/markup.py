"""What documents say that need no reading of pictures: lines, tables and characters with their places. Made by ``ingest``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gikocr.geometry import BBox


@dataclass(frozen=True, slots=True)
class TextPlace:
    """Where something stands in a source without pages: 1-based line and column, or 0-based table, row and cell of the row."""

    line: int | None = None
    column: int | None = None
    table: int | None = None
    row: int | None = None
    cell: int | None = None


@dataclass(frozen=True, slots=True)
class MarkupLine:
    """One line or paragraph of running text, tabs and bars included; ``sheet``: its page, from 0, in a text with form feeds."""

    text: str
    place: TextPlace
    sheet: int = 0


@dataclass(frozen=True, slots=True)
class MarkupCell:
    """One cell of a markup table with what it says; rows and columns are 0-based and half-open, as in ``Cell``."""

    row: int
    row_end: int
    col: int
    col_end: int
    text: str
    place: TextPlace


@dataclass(frozen=True, slots=True)
class MarkupTable:
    """A table as the markup draws it; its cells do not overlap and lie in reading order."""

    index: int
    n_rows: int
    n_cols: int
    cells: tuple[MarkupCell, ...]


@dataclass(frozen=True, slots=True)
class Markup:
    """What a document without pixels says, in reading order.

    ``notes`` are pairs of a code and a sentence on what was done to read it. ``pictures`` are names and encoded bytes of pictures
    that may show pages.
    """

    blocks: tuple[MarkupLine | MarkupTable, ...]
    notes: tuple[tuple[str, str], ...] = ()
    pictures: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class Glyph:
    """One character of a page's text layer with its box in the viewer's frame."""

    text: str
    box: BBox


@dataclass(frozen=True, slots=True)
class PageText:
    """The text layer of a page, in the order in which the file draws it.

    ``hidden`` is the share of it that is drawn invisibly, as programs do that put what they read under a scan. ``rules`` are straight
    lines (x1, y1, x2, y2) in the viewer's frame, where the file gives them as such.
    """

    page: int
    width: float
    height: float
    unit: Literal["pt", "px"]
    glyphs: tuple[Glyph, ...]
    hidden: float
    rules: tuple[tuple[float, float, float, float], ...] = ()
