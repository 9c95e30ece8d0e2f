"""Title, agency, year and dates: which lines of which pages are worth reading, and what they say."""

from __future__ import annotations

from collections.abc import Sequence

from gikocr.elements import DocumentValue, Region, TextLine
from gikocr.forms import DocumentSpec
from gikocr.kie.document import Found, read_document
from gikocr.pipeline.pages import PageReader, PageReading
from gikocr.preprocess.spread import shown_number

HEAD_LINES = 12
"""Lines read from the top of the first page, where title and period stand."""
HEAD_STEPS = ((0, 6), (6, 9), (9, HEAD_LINES))
"""They are read in these steps, until all that stands there was read …"""
HEAD_FACTS = frozenset(("title", "agency", "year", "period"))
SURE = 0.8
"""… with at least this confidence."""
LATER_HEAD_LINES = 6
"""Lines read from the top of the second page: the first may be a covering letter."""
TAIL_LINES = 8
"""Short lines on the right at the end, where the signature stands."""


def read_head_and_tail(reader: PageReader, pages: Sequence[PageReading], spec: DocumentSpec) -> list[Found]:
    """Read the lines in which a report says who reports on which year.

    Later pages and the end are read only where the first page leaves something open.
    """
    if not pages:
        return []
    lines, found = _first_head(reader, pages[0], spec)
    if len(pages) > 1 and not {"title", "year"} <= {f.id for f in found}:
        lines += _head(reader, pages[1], LATER_HEAD_LINES)
        found = read_document(spec, lines)
    lines += _tail(reader, pages, skip=min(HEAD_LINES, len(_outside(pages[0]))) if len(pages) == 1 else 0)
    return read_document(spec, lines)


def _first_head(reader: PageReader, page: PageReading, spec: DocumentSpec) -> tuple[list[TextLine], list[Found]]:
    """The top of a page as far as it has something to say: the lines below are of the text, long and costly."""
    wanted = _outside(page)[:HEAD_LINES]
    lines: list[TextLine] = []
    found: list[Found] = []
    for first, last in HEAD_STEPS:
        lines += reader.read_lines(page.upright, wanted[first:last])
        found = read_document(spec, lines)
        sure = {f.id for f in found if f.confidence >= SURE}
        if sure.issuperset(HEAD_FACTS):
            break
    return lines, found


def has_title(reader: PageReader, page: PageReading, spec: DocumentSpec) -> bool:
    """Whether the head of a page shows the title of a report."""
    return any(f.id == "title" for f in read_document(spec, _head(reader, page, HEAD_LINES)))


def _head(reader: PageReader, page: PageReading, count: int) -> list[TextLine]:
    return reader.read_lines(page.upright, _outside(page)[:count])


def _outside(page: PageReading) -> list[Region]:
    """The lines outside the tables: a small table of index number and issuer may stand over the title, so tables end no head."""
    return [r for r in page.regions if r.label != "table"]


def _tail(reader: PageReader, pages: Sequence[PageReading], skip: int) -> list[TextLine]:
    wanted: list[tuple[PageReading, Region]] = []
    for page in pages[-2:]:
        below = [r for r in page.regions if r.label == "signature"]
        wanted += [(page, r) for r in below]
    if skip:
        wanted = wanted[min(skip, len(wanted)) :] or wanted
    lines: list[TextLine] = []
    for page, region in wanted[-TAIL_LINES:]:
        lines += reader.read_lines(page.upright, [region])
    return lines


def document_values(found: Sequence[Found], pages: Sequence[PageReading]) -> tuple[DocumentValue, ...]:
    """The facts with their places in the viewer's frame."""
    by_number = {p.upright.number: p.upright for p in pages}
    values = []
    for fact in found:
        upright = by_number[fact.line.page]
        quad = upright.to_view.apply_bbox(fact.line.box)
        values.append(
            DocumentValue(fact.id, fact.value, fact.printed, fact.confidence, shown_number(upright), quad, upright.unit)
        )
    return tuple(values)
