"""Documents of text and markup: from what they say to a ``FormReading``, without a picture."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from gikocr.elements import (
    FORM_READING_VERSION,
    Candidate,
    CellReading,
    DocumentValue,
    FormReading,
    PlacedField,
    Placement,
    ReadCell,
    TableReading,
    TextLine,
)
from gikocr.forms import DocumentSpec, Form
from gikocr.geometry import BBox, Quad
from gikocr.kie.document import read_document
from gikocr.kie.entries import read_entries
from gikocr.kie.sections import find_headings
from gikocr.kie.text_parts import ReportPart, report_parts
from gikocr.kie.text_reading import TextPlacement, read_tables
from gikocr.kie.text_tokens import Chunk, chunks_of, folded, tokenise
from gikocr.kie.text_torn import rejoin_torn
from gikocr.markup import Markup, MarkupLine, TextPlace
from gikocr.ocr.numerals import state_of
from gikocr.pipeline.assembly import table_status
from gikocr.report import Evidence, Issue, SectionText

READER = "text"
"""The name under which readings of text stand in reports."""
SURE = 0.99995
"""Probability that characters of a text are those that were meant."""
HEAD_LINES, TAIL_LINES = 24, 12
"""Lines at the beginning and the end in which title, agency, period, signature and date are looked for."""
LONGEST_VALUE = 24
"""Characters of the longest text that can be a number of a report; longer ones are kept as text."""
LONGEST_SHOWN = 200
"""So many characters of a cell are kept."""
LONGEST_TITLE = 60
"""Longer lines quote a title."""
LINE_HEIGHT, LINE_PITCH = 10.0, 16.0
"""Size of a line in the frame that lines of text are given, so that facts are found as on pages; in units of that frame."""
NOWHERE = BBox(0.0, 0.0, 0.0, 0.0)
NO_QUAD = Quad(NOWHERE.corners())


@dataclass(frozen=True, slots=True)
class TextResult:
    """What a text says: the reading, its parts in prose, and what is worth telling."""

    reading: FormReading
    sections: tuple[SectionText, ...]
    issues: tuple[Issue, ...]
    values_lost: bool


Locate = Callable[[TextPlace, int], tuple[int, BBox] | None]
"""Page and box in the viewer's frame, in points, of so many characters from a place on; None where there is no page."""


def read_markup(form: Form, markup: Markup, locate: Locate | None = None) -> TextResult:
    """Read the form's tables and facts from a text that holds one report; of several the first.

    Args:
        form: the form.
        markup: what the document says.
        locate: tells where on a page something stands, for text that comes from pages.
    """
    return read_reports(form, markup, locate)[0]


def read_reports(form: Form, markup: Markup, locate: Locate | None = None) -> list[TextResult]:
    """Read all reports that a text holds, at least one; arguments as of :func:`read_markup`."""
    lines = [block for block in markup.blocks if isinstance(block, MarkupLine)]
    chunks = rejoin_torn(form, chunks_of(tokenise(markup.blocks)))
    parts = report_parts(form, chunks)
    starts = [_first_line(part, lines, form.document) if k else 0 for k, part in enumerate(parts)]
    results = []
    for k, part in enumerate(parts):
        end = starts[k + 1] if k + 1 < len(parts) and not part.twin else len(lines)
        own = lines if part.twin else lines[starts[k] : end]
        results.append(_read_part(form, markup, part.chunks, own, locate, twin=part.twin))
    first = results[0].reading
    # A page that shows its table twice, as for telephones, holds one report.
    return [results[0], *(r for r in results[1:] if _says_more(r.reading, first))]


def _says_more(reading: FormReading, first: FormReading) -> bool:
    """Whether a later report is another one: it has tables, and other numbers or another agency or year."""
    if not any(t.placements for t in reading.tables):
        return False
    printed = [[(c.reading.best.printed, c.reading.best.state) for c in r.cells] for r in (reading, first)]
    facts = [{(f.id, f.value) for f in r.document if f.id in ("agency", "year")} for r in (reading, first)]
    return printed[0] != printed[1] or not facts[0] <= facts[1]


def _first_line(part: ReportPart, lines: Sequence[MarkupLine], spec: DocumentSpec) -> int:
    """The line with which a later report begins: the last one with a title before its first row, else that row's."""
    before = part.before.run[-1].place.line if part.before is not None and part.before.run else None
    own = part.chunks[0].run[0].place.line if part.chunks[0].run else None
    if before is None or own is None:
        return 0
    numbers = [line.place.line or 0 for line in lines]
    begin, end = bisect_right(numbers, before), bisect_left(numbers, own)
    for i in range(end, begin - 1, -1):
        text = "".join(lines[min(i, len(lines) - 1)].text.split())
        if len(text) <= LONGEST_TITLE and any(word in text for word in spec.title_words):
            return i
    return end


def _read_part(
    form: Form,
    markup: Markup,
    chunks: Sequence[Chunk],
    lines: Sequence[MarkupLine],
    locate: Locate | None,
    *,
    twin: bool,
) -> TextResult:
    found = read_tables(form, chunks)
    cells = _Cells({line.place.line: line.text for line in lines if line.place.line is not None}, locate)
    tables = [_table_reading(key, found.tables[key], cells) for key in form.table_keys]
    printed = _printed_lines(lines)
    outside = _outside_tables(printed, chunks, found.first, found.last)
    facts = _facts(form.document, outside, locate)
    issues = [Issue(code=code, severity="info", stage="ingest", message=text) for code, text in markup.notes]
    if twin:
        facts = tuple(f for f in facts if f.id not in ("year", "period"))
        issues.append(
            Issue(
                code="side_by_side",
                severity="warning",
                stage="kie",
                message="Two tables stand side by side; this is one of them. Which year it is of is left open.",
            )
        )
    reading = FormReading(FORM_READING_VERSION, form.id, tuple(cells.cells), tuple(tables), facts)
    return TextResult(reading, _sections(form.document, printed, locate), tuple(issues), found.values_lost)


class _Cells:
    """The cells of a text, each once."""

    def __init__(self, lines: Mapping[int, str], locate: Locate | None) -> None:
        self._lines = lines
        self._locate = locate
        self._index: dict[tuple[str, TextPlace, float], int] = {}
        self.cells: list[ReadCell] = []

    def index(self, printed: str, place: TextPlace) -> int:
        """The number of a cell."""
        printed = printed[:LONGEST_SHOWN]
        key = (printed, place, 0.0)
        if key not in self._index:
            self._index[key] = len(self.cells)
            state = state_of(printed) if len(printed) <= LONGEST_VALUE else "other_text"
            candidate = Candidate(self._as_printed(printed, place), state, math.log(SURE))
            reading = CellReading((candidate,), READER)
            spot = self._locate(place, len(printed)) if self._locate is not None else None
            if spot is None:
                self.cells.append(ReadCell(1, NOWHERE, NO_QUAD, "px", reading, place=place))
            else:
                page, box = spot
                self.cells.append(ReadCell(page, box, Quad(box.corners()), "pt", reading))
        return self._index[key]

    def _as_printed(self, printed: str, place: TextPlace) -> str:
        """The characters of the source: full-width ones had been folded."""
        if place.line is None or place.column is None or place.line not in self._lines:
            return printed
        found = self._lines[place.line][place.column - 1 :][: len(printed)]
        # Lines of markup count from its source, where one line may hold many.
        return found if folded(found) == printed else printed


def _table_reading(key: str, placements: Sequence[TextPlacement], cells: _Cells) -> TableReading:
    made = tuple(
        Placement(
            p.table,
            p.edition,
            p.weight,
            tuple(
                PlacedField(
                    f.field_id,
                    None if f.printed is None or f.place is None else cells.index(f.printed, f.place),
                    f.certainty,
                )
                for f in p.fields
            ),
            p.evidence,
        )
        for p in placements
    )
    return TableReading(key, table_status(made), made)


def _printed_lines(lines: Sequence[MarkupLine]) -> list[tuple[TextLine, TextPlace]]:
    """Lines with words as printed lines of one tall page; empty lines leave their room."""
    result = []
    for k, line in enumerate(lines):
        text = folded(line.text).strip()
        if text:
            top = k * LINE_PITCH
            box = BBox(0.0, top, max(1.0, len(text) * LINE_HEIGHT), top + LINE_HEIGHT)
            result.append((TextLine(1, text, box, 1.0), line.place))
    return result


def _outside_tables(
    printed: Sequence[tuple[TextLine, TextPlace]], chunks: Sequence[Chunk], first: int | None, last: int | None
) -> list[tuple[TextLine, TextPlace]]:
    """The lines before and after the form's tables."""
    if first is None or last is None or not chunks[first].run:
        return list(printed)
    start, end = chunks[first].run[0].place.line, chunks[last].run[-1].place.line
    if start is None or end is None:
        return list(printed)
    outside = [item for item in printed if item[1].line is None or item[1].line < start or item[1].line > end]
    return outside or list(printed)


def _facts(
    spec: DocumentSpec, printed: Sequence[tuple[TextLine, TextPlace]], locate: Locate | None
) -> tuple[DocumentValue, ...]:
    head = list(printed[:HEAD_LINES])
    tail = list(printed[max(HEAD_LINES, len(printed) - TAIL_LINES) :])
    places = {id(line): place for line, place in (*head, *tail)}
    found = read_document(spec, [line for line, _ in (*head, *tail)])
    known = {fact.id for fact in found}
    found += [f for f in read_entries(spec, [line for line, _ in (*head, *tail)]) if f.id not in known]
    values = []
    for fact in found:
        place = places.get(id(fact.line))
        spot = locate(place, len(fact.line.text)) if locate is not None and place is not None else None
        if spot is None:
            where = DocumentValue(fact.id, fact.value, fact.printed, fact.confidence, 1, NO_QUAD, "px", place)
        else:
            quad = Quad(spot[1].corners())
            where = DocumentValue(fact.id, fact.value, fact.printed, fact.confidence, spot[0], quad, "pt")
        values.append(where)
    return tuple(values)


def _sections(
    spec: DocumentSpec, printed: Sequence[tuple[TextLine, TextPlace]], locate: Locate | None
) -> tuple[SectionText, ...]:
    """The parts of the report as text, each from its heading to the next."""
    lines = [line for line, _ in printed]
    headings = find_headings(spec, lines)
    ends = [h.first for h in headings[1:]] + [len(lines)] if headings else []
    return tuple(
        SectionText(
            id=h.section.id,
            heading=h.printed,
            text="\n".join([*([h.rest] if h.rest else []), *(line.text for line in lines[h.end : end])]),
            evidence=_evidence(printed[h.first], locate),
        )
        for h, end in zip(headings, ends, strict=True)
    )


def _evidence(item: tuple[TextLine, TextPlace], locate: Locate | None) -> Evidence:
    line, place = item
    spot = locate(place, len(line.text)) if locate is not None else None
    if spot is not None:
        return Evidence.at(spot[0], Quad(spot[1].corners()), "pt", READER)
    return Evidence(
        line=place.line, column=place.column, table=place.table, row=place.row, cell=place.cell, reader=READER
    )
