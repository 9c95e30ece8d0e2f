"""Title, agency, year and dates: which lines of which pages are worth reading, and what they say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from gikocr.elements import DocumentValue, Region, TextLine
from gikocr.forms import DocumentSpec, similarity
from gikocr.geometry import BBox
from gikocr.kie.document import Found, read_document
from gikocr.layout.seals import large_marks, strips_across
from gikocr.pipeline.pages import PageReader, PageReading
from gikocr.preprocess.spread import shown_number

HEAD_LINES = 12
"""Lines read from the top of the first page, where title and period stand."""
HEAD_STEPS = ((0, 6), (6, 9), (9, HEAD_LINES))
"""They are read in these steps, until all that stands there was read …"""
HEAD_FACTS = frozenset(("title", "agency", "year", "period"))
SURE = 0.8
"""… with at least this confidence."""
LONG_LINE = 22.0
"""Width of a line of text, in heights; titles and names are shorter, or broken over lines."""
RUNS_OVER = {"title": 2, "agency": 3, "year": 2, "period": 2, "date": 1}
"""Lines over which what says a fact runs at most."""
SURE_AGENCY = 0.9
"""An agency that was found with less is told by a sentence that may name its office only: then lines under seals are read."""
SAME_LINE = 0.6
"""Strips that follow each other show the same line when their texts are this similar."""
IN_TABLE = 0.5
"""A mark of which this share lies in a table lies over no signature."""
LATER_HEAD_LINES = 6
"""Lines read from the top of the second page: the first may be a covering letter."""
SAME_ROW, GAP = 0.5, 1.2
"""Pieces of one line have this share of the higher one's height in common, and no wider gap between them, in heights."""
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
    found = read_document(spec, lines)
    if not any(f.id == "agency" and f.confidence >= SURE_AGENCY for f in found):
        sealed = [line for page in pages[-2:] for line in _under_seals(reader, page)]
        found = read_document(spec, [*lines, *sealed]) if sealed else found
    return found


def _first_head(reader: PageReader, page: PageReading, spec: DocumentSpec) -> tuple[list[TextLine], list[Found]]:
    """The top of a page as far as it has something to say: the lines below are of the text, long and costly."""
    wanted = _outside(page)[:HEAD_LINES]
    lines: list[TextLine] = []
    found: list[Found] = []
    for first, last in HEAD_STEPS:
        lines += _glance(reader, page, wanted[first:last])
        found = _read_with_care(reader, page, wanted[:last], lines, spec)
        sure = {f.id for f in found if f.confidence >= SURE}
        if sure.issuperset(HEAD_FACTS):
            break
    return lines, found


def _glance(reader: PageReader, page: PageReading, regions: Sequence[Region]) -> list[TextLine]:
    """Lines of which the long ones, which are of the text, were read quickly."""
    lines = reader.read_lines(page.upright, [r for r in regions if not _is_long(r)])
    lines += reader.glance_at_lines(page.upright, [r for r in regions if _is_long(r)])
    by_box = {line.box: line for line in lines}
    return [by_box[r.box] for r in regions]


def _read_with_care(
    reader: PageReader, page: PageReading, regions: Sequence[Region], lines: list[TextLine], spec: DocumentSpec
) -> list[Found]:
    """What lines say once those that say something were read with care, which are put in their places in ``lines``."""
    careful = {i for i, r in enumerate(regions) if not _is_long(r)}
    while True:
        found = read_document(spec, lines)
        places = {(f.id, i) for f in found for i, line in enumerate(lines) if f.line is line and _is_long(regions[i])}
        near = {j for fact, i in places for j in range(i, min(len(lines), i + RUNS_OVER[fact]))} - careful
        if not near:
            return found
        for j, line in zip(
            sorted(near), reader.read_lines(page.upright, [regions[j] for j in sorted(near)]), strict=True
        ):
            lines[j] = line
        careful |= near


def _is_long(region: Region) -> bool:
    return region.box.width > LONG_LINE * region.box.height


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
        wanted += [(page, r) for r in whole_lines(below)]
    if skip:
        wanted = wanted[min(skip, len(wanted)) :] or wanted
    lines: list[TextLine] = []
    for page, region in wanted[-TAIL_LINES:]:
        lines += reader.read_lines(page.upright, [region])
    return lines


def whole_lines(pieces: Sequence[Region]) -> list[Region]:
    """Lines of which a seal or wide letters made pieces that stand side by side, joined; from top to bottom."""
    lines: list[Region] = []
    for piece in sorted(pieces, key=lambda r: r.box.left):
        for k, line in enumerate(lines):
            a, b = line.box, piece.box
            common = min(a.bottom, b.bottom) - max(a.top, b.top)
            height = max(a.height, b.height)
            if common >= SAME_ROW * height and -height <= b.left - a.right <= GAP * height:
                lines[k] = replace(line, box=BBox.covering([a, b]))
                break
        else:
            lines.append(piece)
    return sorted(lines, key=lambda r: (r.box.top, r.box.left))


def _under_seals(reader: PageReader, page: PageReading) -> list[TextLine]:
    """The lines that run through large marks in the lower part of a page: of strips that overlap, what most of them say."""
    heights = sorted(r.box.height for r in page.regions if r.label != "table")
    if not heights:
        return []
    lines: list[TextLine] = []
    shape = page.upright.gray.shape
    tables = [r.box for r in page.regions if r.label == "table"]
    for mark in large_marks(page.upright.gray):
        if any(mark.share_inside(t) > IN_TABLE for t in tables):
            continue
        strips = strips_across(mark, heights[len(heights) // 2], float(shape[1]))
        glanced = reader.glance_at_lines(
            page.upright, [Region(page.upright.number, "signature", box, 0.5) for box in strips]
        )
        groups: list[list[TextLine]] = []
        for line in glanced:
            if groups and similarity(groups[-1][-1].text, line.text) >= SAME_LINE:
                groups[-1].append(line)
            else:
                groups.append([line])
        for group in groups:
            # Strips on which nothing is printed are alike too.
            if len(group) > 1 and any(line.text for line in group):
                boxes = [Region(line.page, "signature", line.box, 0.5) for line in group]
                lines.append(_most_say(reader.read_lines(page.upright, boxes)))
    return lines


def _most_say(group: Sequence[TextLine]) -> TextLine:
    """The reading that most strips give, the surest of those; the fewer they are, the less sure it is."""
    votes = Counter(line.text for line in group)
    best = max(group, key=lambda line: (votes[line.text], line.score))
    return replace(best, score=best.score * (0.5 + 0.5 * votes[best.text] / len(group)))


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
