"""The text around the tables: pages read whole by a page engine, cut into the parts of the report."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gikocr.elements import PageTextReader, TextLine, UprightPage
from gikocr.forms import DocumentSpec
from gikocr.geometry import BBox
from gikocr.kie.document import Found, read_document
from gikocr.kie.sections import Heading, find_headings
from gikocr.layout.text_flow import FlowLine, paragraphs, reading_order, with_common_margins, without_furniture
from gikocr.pipeline.pages import PageReading
from gikocr.preprocess.spread import shown_number
from gikocr.report import Evidence, Issue, SectionText

if TYPE_CHECKING:
    from gikocr.elements import Image

FEWEST_LETTERS = 3
"""A row without columns belongs to its table when at least so many letters can be read in it."""
TABLE_RIM = 1 / 400
"""How far a table's own lines may reach over its box, as a share of the page's longer side."""
PAPER = 255
SPECKS = " .．·,，'`|"
"""Dirt before a heading is read as these."""
WHOLE = 0.5
"""A table region is that of a grid when it holds this share of it; the grid's own box is then the better one."""
SIGNATURE_INDENT = 0.3
"""A signature and its date stand right of this share of the text's width."""
HEAD_ROWS, TAIL_ROWS = 24, 10
"""Rows at the beginning and end in which title, period, signature and date are looked for."""
WANTED = ("title", "agency", "year")

_NUMBERED = re.compile(r"\s*[一二三四五六七八九十]{1,2}\s*[、．.，,]")
_HAN = re.compile(r"[\u3400-\u9fff]")
_DATED = re.compile(r"[年/.-]\s*[\d一二三四五六七八九十]{1,3}\s*[月/.-]\s*[\d一二三四五六七八九十]{1,3}\s*日?\s*$")


@dataclass(frozen=True, slots=True)
class FullText:
    """What the pages say outside their tables: rows in reading order without running heads, and the headings among them."""

    rows: tuple[FlowLine, ...]
    headings: tuple[Heading, ...]
    reader: str


def read_full_text(reader: PageTextReader, pages: Sequence[PageReading], spec: DocumentSpec) -> FullText:
    """Read all pages outside their tables.

    Args:
        reader: the page engine.
        pages: in reading order.
        spec: the form's words.
    """
    flows = []
    for page in pages:
        tables = _table_boxes(page)
        gray = page.upright.gray
        height, width = gray.shape
        lines = reader.read_page(_without_tables(page.upright, tables), page.upright.number)
        flows.append(reading_order(lines, tables, width, height))
    kept = without_furniture(with_common_margins(flows), [page.upright.gray.shape[0] for page in pages])
    rows = tuple(row for flow in kept for row in flow)
    return FullText(rows, tuple(find_headings(spec, [row.line for row in rows])), reader.name)


def section_texts(text: FullText, pages: Sequence[PageReading]) -> tuple[SectionText, ...]:
    """The parts that were found, in reading order; signature and date after the last one are left out."""
    by_number = {page.upright.number: page.upright for page in pages}
    ends = [heading.first for heading in text.headings[1:]] + [len(text.rows)] if text.headings else []
    sections = []
    for heading, end in zip(text.headings, ends, strict=True):
        rows = list(text.rows[heading.end : end])
        if end == len(text.rows):
            rows = _without_signature(rows)
        if heading.rest:
            last = text.rows[heading.end - 1]
            rows.insert(0, replace(last, line=replace(last.line, text=heading.rest)))
        sections.append(
            SectionText(
                id=heading.section.id,
                heading=heading.printed.lstrip(SPECKS),
                text="\n".join(paragraphs(rows)),
                evidence=_evidence(text.rows[heading.first : heading.end], by_number, text.reader),
            )
        )
    return tuple(sections)


def with_missing_facts(found: Sequence[Found], text: FullText, spec: DocumentSpec) -> list[Found]:
    """Title, agency and year from the full text, where the quick way left them open; what was found stays."""
    known = {fact.id for fact in found}
    if known.issuperset(WANTED):
        return list(found)
    lines = [row.line for row in text.rows]
    first = text.headings[0].first if text.headings else HEAD_ROWS
    head = min(HEAD_ROWS, max(first, 1))
    tail = max(head, len(lines) - TAIL_ROWS)
    return [*found, *(f for f in read_document(spec, lines[:head] + lines[tail:]) if f.id not in known)]


def unruled_tables(text: FullText, pages: Sequence[PageReading]) -> Issue | None:
    """The issue to raise where no table was registered, though headings of tables stand on pages without a grid."""
    without_grid = {page.upright.number: shown_number(page.upright) for page in pages if not page.grids}
    found = [h for h in text.headings if h.section.table and text.rows[h.first].line.page in without_grid]
    if not found:
        return None
    keys = "、".join(str(h.section.table) for h in found)
    shown = [without_grid[text.rows[h.first].line.page] for h in found]
    numbers = ", ".join(str(n) for n in sorted(set(shown)))
    return Issue(
        code="tables_without_lines",
        severity="warning",
        page=shown[0],
        stage="table",
        message=(
            f"The headings of tables {keys} were read (page {numbers}), but no ruled table stands there. Tables without "
            "ruling lines are not read in this version; if the lines are there but faint, scan darker or at 300 dpi."
        ),
    )


def _table_boxes(page: PageReading) -> list[BBox]:
    """The tables of a page without rows at their edges that are print outside them.

    Strokes of a heading close to a table may pass for ruling lines, and what is between them for a row without columns. Blocks of
    a table have such rows too, but theirs hold words, and a heading in them does not begin with a numeral.
    """
    boxes = [
        r.box
        for r in page.regions
        if r.label == "table" and not any(g.grid.box.share_inside(r.box) >= WHOLE for g in page.grids)
    ]
    for labelled in page.labelled:
        grid = labelled.grid
        wide = {
            cell.row: (cell, text.text or "")
            for cell, text in zip(grid.cells, labelled.texts, strict=True)
            if cell.col == 0 and cell.col_end == grid.n_cols
        }
        first = wide[0][0].row_end if 0 in wide and _NUMBERED.match(wide[0][1]) else 0
        ends = [row for row, (cell, text) in wide.items() if _is_stroke_row(text) and grid.n_rows - cell.row_end <= 1]
        last = min(ends, default=grid.n_rows)
        if first < last:
            boxes.append(grid.box_of(first, last, 0, grid.n_cols))
    return boxes


def _is_stroke_row(text: str) -> bool:
    return len(_HAN.findall(text)) < FEWEST_LETTERS


def _without_tables(upright: UprightPage, tables: Sequence[BBox]) -> Image:
    gray = upright.gray.copy()
    rim = TABLE_RIM * max(gray.shape)
    for table in tables:
        box = table.grown(rim)
        top, bottom = max(0, round(box.top)), max(0, round(box.bottom))
        left, right = max(0, round(box.left)), max(0, round(box.right))
        gray[top:bottom, left:right] = PAPER
    return gray


def _without_signature(rows: Sequence[FlowLine]) -> list[FlowLine]:
    """Leave out the rows on the right at the end, when one of them is a date."""
    end = len(rows)
    while end and _on_the_right(rows[end - 1]):
        end -= 1
    dated = any(_DATED.search(row.line.text) for row in rows[end:])
    return list(rows[:end] if dated else rows)


def _on_the_right(row: FlowLine) -> bool:
    return row.line.box.left > row.left + SIGNATURE_INDENT * (row.right - row.left)


def _evidence(rows: Sequence[FlowLine], pages: dict[int, UprightPage], reader: str) -> Evidence:
    lines: list[TextLine] = [row.line for row in rows]
    upright = pages[lines[0].page]
    quad = upright.to_view.apply_bbox(BBox.covering(line.box for line in lines))
    return Evidence.at(shown_number(upright), quad, upright.unit, reader)
