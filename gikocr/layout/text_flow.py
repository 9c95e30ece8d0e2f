"""Running text out of the printed lines of pages: reading order, running heads and page numbers, paragraphs."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from gikocr.elements import TextLine
from gikocr.geometry import BBox

SAME_ROW = 0.5
"""Pieces of print whose heights overlap by this share of the smaller one stand in one row."""
WORD_GAP = 1.0
"""Pieces of one row further apart than this many heights of print are parted by a space."""
GUTTER = 2.0
"""Least width, in heights of print, of the white between two pages on one sheet."""
GUTTER_ZONE = (0.35, 0.65)
"""The gutter of a sheet with two pages lies within these shares of its width."""
MARGIN_ZONE = 0.12
"""Running heads and page numbers stand in this upper or lower share of a page."""
SAME_PLACE = 2.0
"""A running head stands on all its pages within this many heights of print."""
NARROW = 0.75
"""Text narrower than this share of the document's is narrow because its rows are short, not because the page is."""
LONG_ROW = 0.5
"""Rows of at least this share of the widest one's width show where the margins are."""
INDENT = 0.9
"""A line that begins this many heights of print right of the margin opens a paragraph; the form's are indented by two."""
SHORT = 1.6
"""A sentence that ends this many heights of print before the margin ends a paragraph; less may be a full stop's own white."""
FAR_SHORT = 6.0
"""The same for a line that ends anyhow: before a number or word that cannot be broken, lines end some characters early."""
LARGE_PITCH = 1.6
"""Lines further apart than this many usual pitches are of two paragraphs."""
OTHER_SIZE = 1.5
"""Lines whose heights differ by this factor are of two paragraphs: a heading and its text."""

_DIRT = " .．·,，'`、|"
"""Specks before the first letter of a paragraph are read as these, and no paragraph begins with one."""
_SENTENCE_END = "。！？；：!?;:.”』」）)"
_PAGE_NUMBER = re.compile(r"第?(?:\d{1,3}|[一二三四五六七八九十]{1,3}(?=页))页?(?:[/,、]?(?:共|of)?\d{1,3}页?)?")
_RULE = re.compile(r"[-—–―_~·•.|=一]*")


@dataclass(frozen=True, slots=True)
class FlowLine:
    """One row of print in reading order.

    Attributes:
        line: the row, its pieces joined.
        left: margin of the text that it stands in, in pixels of its page.
        right: the margin on the other side.
        pitch: usual distance from row to row there, in pixels; 0 where there is one row only.
        apart: whether a table or the edge of a column stands between it and the row before.
    """

    line: TextLine
    left: float
    right: float
    pitch: float
    apart: bool


def reading_order(lines: Sequence[TextLine], tables: Sequence[BBox], width: float, height: float) -> list[FlowLine]:
    """Rows of one page in the order in which they are read.

    Args:
        lines: printed pieces of one page outside its tables.
        tables: boxes of the tables.
        width: of the page in pixels.
        height: of the page.
    """
    columns = _columns(lines, tables, width, height)
    return [flow for column in columns for flow in _column_flow(column, tables)]


def with_common_margins(pages: Sequence[Sequence[FlowLine]]) -> list[list[FlowLine]]:
    """Give pages that have only short rows, such as a signature, the margins that most rows of the document have."""
    rows = [row for page in pages for row in page]
    if not rows:
        return [list(page) for page in pages]
    left, right = median(row.left for row in rows), median(row.right for row in rows)
    return [
        [
            replace(row, left=left, right=right) if row.right - row.left < NARROW * (right - left) else row
            for row in page
        ]
        for page in pages
    ]


def without_furniture(pages: Sequence[Sequence[FlowLine]], heights: Sequence[float]) -> list[list[FlowLine]]:
    """Leave out page numbers, and heads and feet that run over at least half of several pages.

    Args:
        pages: rows of each page in reading order.
        heights: of the pages in pixels.
    """
    kept: list[list[FlowLine]] = []
    for i, rows in enumerate(pages):
        others = [[r for r in other if _in_margin(r, heights[k])] for k, other in enumerate(pages) if k != i]
        kept.append(
            [
                row
                for k, row in enumerate(rows)
                if not (is_page_number(row.line.text) and (k in (0, len(rows) - 1) or _in_margin(row, heights[i])))
                and not (_in_margin(row, heights[i]) and _runs(row, others))
            ]
        )
    return kept


def is_page_number(text: str) -> bool:
    """Whether a row is nothing but a page number: 3, - 3 -, 第3页, 第3页共5页, 3/5."""
    bare = "".join(unicodedata.normalize("NFKC", text).split())
    start = _RULE.match(bare)
    assert start is not None  # it matches nothing too
    for begin in {start.end(), 0}:
        number = _PAGE_NUMBER.match(bare, begin)
        if number is not None and _RULE.fullmatch(bare, number.end()):
            return True
    return False


def paragraphs(rows: Sequence[FlowLine]) -> list[str]:
    """Join rows in reading order to paragraphs, over the ends of lines and pages."""
    texts: list[str] = []
    previous: FlowLine | None = None
    for row in rows:
        if previous is None or _opens_paragraph(previous, row):
            texts.append(row.line.text.lstrip(_DIRT))
        else:
            texts[-1] = joined(texts[-1], row.line.text)
        previous = row
    return [text for text in texts if text]


def joined(before: str, after: str) -> str:
    """Two ends of a broken line put together; between words of Latin letters goes a space."""
    latin = bool(before and after) and all(c.isascii() and c.isalpha() for c in (before[-1], after[0]))
    return f"{before} {after}" if latin else before + after


def _opens_paragraph(previous: FlowLine, row: FlowLine) -> bool:
    same_page = previous.line.page == row.line.page
    before, box = previous.line.box, row.line.box
    if row.apart and same_page and not _is_next_column(previous, row):
        return True
    size = min(before.height, box.height)
    if max(before.height, box.height) > OTHER_SIZE * size:
        return True
    short = FAR_SHORT if previous.line.text[-1:] not in _SENTENCE_END else SHORT
    if box.left - row.left > INDENT * size or previous.right - before.right > short * size:
        return True
    return same_page and not row.apart and 0 < row.pitch * LARGE_PITCH < box.top - before.top


def _is_next_column(previous: FlowLine, row: FlowLine) -> bool:
    return row.left > previous.right


def _in_margin(row: FlowLine, height: float) -> bool:
    middle = row.line.box.center[1]
    return middle < MARGIN_ZONE * height or middle > (1 - MARGIN_ZONE) * height


def _runs(row: FlowLine, others: Sequence[Sequence[FlowLine]]) -> bool:
    """Whether the same words, whatever their numbers, stand at the same place on at least half of the other pages."""
    words, box = _words(row.line.text), row.line.box
    if not words or not others:
        return False
    found = sum(
        any(
            _words(other.line.text) == words and abs(other.line.box.top - box.top) < SAME_PLACE * box.height
            for other in rows
        )
        for rows in others
    )
    return 2 * found >= len(others)


def _words(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", text) if c.isalpha())


def _columns(lines: Sequence[TextLine], tables: Sequence[BBox], width: float, height: float) -> list[list[TextLine]]:
    """The two pages of a sheet where it is one: landscape, with a white gutter near its middle and print on both sides."""
    if width <= height or not lines:
        return [list(lines)]
    size = median(line.box.height for line in lines)
    spans = sorted((box.left, box.right) for box in (*(line.box for line in lines), *tables))
    reach = spans[0][1]
    for left, right in spans[1:]:
        middle = (reach + left) / 2
        if left - reach >= GUTTER * size and GUTTER_ZONE[0] * width < middle < GUTTER_ZONE[1] * width:
            sides = [[ln for ln in lines if ln.box.right <= middle], [ln for ln in lines if ln.box.left >= middle]]
            return [side for side in sides if side]
        reach = max(reach, right)
    return [list(lines)]


def _column_flow(lines: Sequence[TextLine], tables: Sequence[BBox]) -> list[FlowLine]:
    rows = _rows(lines)
    left, right = _margins(rows)
    steps = [b.box.top - a.box.top for a, b in pairwise(rows) if not _table_between(a.box, b.box, tables)]
    pitch = median(steps) if steps else 0.0
    return [
        FlowLine(row, left, right, pitch, i == 0 or _table_between(rows[i - 1].box, row.box, tables))
        for i, row in enumerate(rows)
    ]


def _margins(rows: Sequence[TextLine]) -> tuple[float, float]:
    """Where most long rows begin and end; a quarter of them may reach further, for dirt that was read along."""
    if not rows:
        return 0.0, 0.0
    widest = max(row.box.width for row in rows)
    long = [row.box for row in rows if row.box.width >= LONG_ROW * widest]
    lefts, rights = sorted(box.left for box in long), sorted(box.right for box in long)
    return lefts[len(long) // 4], rights[-1 - len(long) // 4]


def _table_between(above: BBox, below: BBox, tables: Sequence[BBox]) -> bool:
    return any(
        above.center[1] < table.center[1] < below.center[1] and table.left < above.right and table.right > above.left
        for table in tables
    )


def _rows(lines: Sequence[TextLine]) -> list[TextLine]:
    """Pieces that stand side by side, joined from left to right; rows from top to bottom."""
    rows: list[list[TextLine]] = []
    for line in sorted(lines, key=lambda ln: ln.box.center[1]):
        if rows and all(_beside(piece.box, line.box) for piece in rows[-1]):
            rows[-1].append(line)
        else:
            rows.append([line])
    return [_as_row(sorted(row, key=lambda ln: ln.box.left)) for row in rows]


def _beside(piece: BBox, other: BBox) -> bool:
    """Whether two pieces stand in one row. Boxes of tilted rows overlap in height although one is under the other."""
    shared = min(piece.bottom, other.bottom) - max(piece.top, other.top)
    over_each_other = min(piece.right, other.right) - max(piece.left, other.left)
    return shared > SAME_ROW * min(piece.height, other.height) and over_each_other < min(piece.height, other.height)


def _as_row(pieces: Sequence[TextLine]) -> TextLine:
    row = pieces[0]
    for piece in pieces[1:]:
        size = min(row.box.height, piece.box.height)
        far = piece.box.left - row.box.right > WORD_GAP * size
        text = f"{row.text} {piece.text}" if far else joined(row.text, piece.text)
        row = replace(row, text=text, box=BBox.covering((row.box, piece.box)), score=min(row.score, piece.score))
    return row
