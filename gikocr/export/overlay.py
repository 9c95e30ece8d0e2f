"""The overlay: a page with everything on it that gikocr saw there, for whoever asks why a field came out as it did.

Drawn on the upright page: table regions, printed lines, the grid, and each field's cell with what was read and how
    sure that is. Sure, doubtful and very doubtful cells differ in colour and in outline (solid, dashed, dashed and
    hatched), so that the picture can be read without telling red from green.
"""

from __future__ import annotations

import io
from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from functools import cache
from statistics import median
from typing import TYPE_CHECKING, Literal

from PIL import Image, ImageDraw, ImageFont

from gikocr.elements import FormReading, Grid, PlacedField, ReadCell, Region, TextLine, UprightPage
from gikocr.geometry import BBox, Point
from gikocr.preprocess.spread import left_edge, shown_number
from gikocr.report import Field, Report

if TYPE_CHECKING:
    from gikocr.elements import Image as GrayImage

#: Confidence from which a field is drawn as sure, and below which as very doubtful.
SURE = 0.99
VERY_DOUBTFUL = 0.9

#: How far the page is faded towards white, so that what is drawn stands out; in [0, 1].
FADED = 0.35

#: Letter heights in shares of the median height of the fields' cells, and the smallest that can be read, in pixels.
VALUE_LETTERS = 0.38
ID_LETTERS = 0.24
SMALLEST_LETTERS = 9

#: Letters kept of each word of a field's id, where there is room.
MOST_ID_LETTERS = 6

#: Letter height where a page has no fields, and in the legend, as a share of the page's width.
PAGE_LETTERS = 0.012

#: Width of outlines as a share of the page's width.
STROKE = 0.0012

#: Length of a dash, and distance of hatching lines, in widths of the outline.
DASH = 6
HATCH = 8

#: Colours of the palette that the picture is saved with: faded grey and a handful of colours need no more.
PALETTE = 64

Level = Literal["sure", "doubtful", "very_doubtful"]

_COLOURS: dict[Level, str] = {"sure": "#007a33", "doubtful": "#d97000", "very_doubtful": "#c40000"}
_REGION, _LINE, _VALUE, _ID = "#1f4fd8", "#8a6bbf", "#a1006b", "#505050"

#: Cells, and the boundaries between rows and columns, which run on under cells that span several.
_GRID, _BOUNDARY = "#00a5b5", "#b9e4e8"

_STATE_TEXT = {
    "blank": "(blank)",
    "slash": "/",
    "dash": "-",
    "none_word": "(none)",
    "other_text": "(text)",
    "occluded": "(covered)",
    "unreadable": "(unread)",
    "not_printed": "(absent)",
}


@dataclass(frozen=True, slots=True)
class OverlayField:
    """A field's cell as it is drawn.

    Attributes:
        box: the cell, in pixels of the upright page.
        field_id: which field it is; shown in short.
        text: what was read, or the state in words; ASCII.
        confidence: of the field, in [0, 1]; None where no reader spoke.
        needs_review: whether the report marks it.
    """

    box: BBox
    field_id: str
    text: str
    confidence: float | None
    needs_review: bool

    @property
    def level(self) -> Level:
        """How it is drawn."""
        if self.confidence is None or self.confidence < VERY_DOUBTFUL:
            return "very_doubtful"
        return "doubtful" if self.needs_review or self.confidence < SURE else "sure"


@dataclass(frozen=True, slots=True, eq=False)
class OverlayPage:
    """What is drawn on one page; all places in pixels of ``gray``.

    Attributes:
        number: 1-based page number.
        gray: (H, W) uint8, the upright page.
        regions: what layout found.
        lines: printed lines that were read.
        grids: tables rebuilt as cells.
        fields: the cells that stand for fields.
    """

    number: int
    gray: GrayImage
    regions: tuple[Region, ...] = ()
    lines: tuple[TextLine, ...] = ()
    grids: tuple[Grid, ...] = ()
    fields: tuple[OverlayField, ...] = ()


def overlay_page(
    page: UprightPage,
    *,
    regions: Sequence[Region] = (),
    lines: Sequence[TextLine] = (),
    grids: Sequence[Grid] = (),
    form_reading: FormReading | None = None,
    report: Report | None = None,
) -> OverlayPage:
    """Gather what is to be drawn on a page.

    Regions, lines and grids of other pages are left out. Cells come from the heaviest placement of each table, their
    texts and confidences from the report.
    """
    fields: tuple[OverlayField, ...] = ()
    if form_reading is not None and report is not None:
        known = {f.id: f for f in report.fields}
        here = (
            (replace(cell, box=cell.box.moved(-left_edge(page), 0.0)), placed.field_id)
            for placed, cell in _placed_cells(form_reading, known)
            if cell.page == shown_number(page) and placed.field_id in known
        )
        # Of a spread only this half is drawn.
        fields = tuple(
            _overlay_field(cell, known[name]) for cell, name in here if 0 <= cell.box.center[0] < page.gray.shape[1]
        )
    return OverlayPage(
        number=shown_number(page),
        gray=page.gray,
        regions=tuple(r for r in regions if r.page == page.number),
        lines=tuple(line for line in lines if line.page == page.number),
        grids=tuple(g for g in grids if g.page == page.number),
        fields=fields,
    )


def paint_page(
    page: UprightPage,
    *,
    regions: Sequence[Region] = (),
    lines: Sequence[TextLine] = (),
    grids: Sequence[Grid] = (),
    form_reading: FormReading | None = None,
    report: Report | None = None,
) -> bytes:
    """Gather and draw in one call: what the command line hands to the pipeline as its painter. Gives a PNG."""
    gathered = overlay_page(page, regions=regions, lines=lines, grids=grids, form_reading=form_reading, report=report)
    return draw_overlay(gathered)


def draw_overlay(page: OverlayPage) -> bytes:
    """The overlay as a PNG."""
    buffer = io.BytesIO()
    picture = draw_overlay_image(page)
    picture.quantize(PALETTE, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(
        buffer, "PNG", optimize=False
    )
    return buffer.getvalue()


def draw_overlay_image(page: OverlayPage) -> Image.Image:
    """The overlay as an RGB picture: the page at its own size, with a legend below."""
    gray = Image.fromarray(page.gray, "L")
    letters = max(SMALLEST_LETTERS, round(PAGE_LETTERS * gray.width))
    picture = Image.new("RGB", (gray.width, gray.height + 3 * letters), "white")
    picture.paste(gray.point([round(v + (255 - v) * FADED) for v in range(256)]).convert("RGB"))
    pen = _Pen(ImageDraw.Draw(picture), max(1, round(STROKE * gray.width)))
    for line in page.lines:
        pen.rectangle(line.box, _LINE, 1)
    for grid in page.grids:
        for polyline in (*grid.row_lines, *grid.col_lines):
            pen.polyline(polyline, _BOUNDARY)
        for cell in grid.cells:
            pen.rectangle(cell.box, _GRID, pen.stroke)
    for region in page.regions:
        pen.rectangle(region.box, _REGION, 2 * pen.stroke)
        pen.label(region.box, f"{region.label} {region.score:.2f}", letters, _REGION, above=True)
    _draw_fields(pen, page.fields, letters)
    _draw_legend(pen, page, letters, gray.height)
    return picture


def short_id(field_id: str, letters: int = 3) -> str:
    """A field's id cut to what fits into a cell: ``requests.received.natural_person`` becomes ``rec.nat-per``.

    It keeps the last two parts, which tell row and column, and the first letters of each word.
    """
    parts = field_id.split(".")[-2:]
    text = ".".join("-".join(word[:letters] for word in part.split("_")) for part in parts)
    return text.encode("ascii", "replace").decode("ascii")


def _placed_cells(form_reading: FormReading, known: Container[str]) -> list[tuple[PlacedField, ReadCell]]:
    """The fields with a cell, of each table's heaviest placement that has the known fields: that of the report's edition."""
    placements = [
        max(table.placements, key=lambda p: sum(f.field_id in known for f in p.fields))
        for table in form_reading.tables
        if table.placements
    ]
    return [(f, form_reading.cells[f.cell]) for p in placements for f in p.fields if f.cell is not None]


def _overlay_field(cell: ReadCell, field: Field) -> OverlayField:
    text = field.printed or str(field.value) if field.state == "read" else _STATE_TEXT[field.state]
    return OverlayField(
        box=cell.box,
        field_id=field.id,
        text=text.encode("ascii", "replace").decode("ascii"),
        confidence=field.confidence,
        needs_review=field.needs_review,
    )


def _draw_fields(pen: _Pen, fields: Sequence[OverlayField], letters: int) -> None:
    height = median(f.box.height for f in fields) if fields else 0
    value_letters = max(SMALLEST_LETTERS, round(VALUE_LETTERS * height))
    id_letters = max(SMALLEST_LETTERS, round(ID_LETTERS * height))
    # The surest first: where cells touch, the outline of the more doubtful one is seen.
    for field in sorted(fields, key=lambda f: list(_COLOURS).index(f.level)):
        colour = _COLOURS[field.level]
        inner = field.box.grown(-pen.stroke)
        if field.level == "sure":
            pen.rectangle(inner, colour, pen.stroke)
        else:
            pen.dashed_rectangle(inner, colour, 2 * pen.stroke)
        if field.level == "very_doubtful":
            pen.hatch(inner, colour)
        sureness = "" if field.level == "sure" else f" {_confidence(field.confidence)}"
        pen.label(inner, field.text + sureness, value_letters, _VALUE)
        pen.label(inner, _fitting_id(field.field_id, inner.width, id_letters), id_letters, _ID, at_foot=True)


def _fitting_id(field_id: str, width: float, letters: int) -> str:
    """The id with as many letters of each word as fit into the width, at least one."""
    candidates = [short_id(field_id, n) for n in range(MOST_ID_LETTERS, 0, -1)]
    return next((c for c in candidates if _font(letters).getlength(c) <= width), candidates[-1])


def _confidence(confidence: float | None) -> str:
    """A confidence with as many digits as tell it from 1."""
    if confidence is None:
        return "?"
    return f"{confidence:.2f}" if confidence < SURE else f"{confidence:.5f}".rstrip("0")


def _draw_legend(pen: _Pen, page: OverlayPage, letters: int, top: int) -> None:
    counts = {level: sum(f.level == level for f in page.fields) for level in _COLOURS}
    entries = [
        ("sure", f"sure, {SURE:g} or more: {counts['sure']}", _COLOURS["sure"]),
        ("doubtful", f"doubtful: {counts['doubtful']}", _COLOURS["doubtful"]),
        ("very_doubtful", f"below {VERY_DOUBTFUL:g}: {counts['very_doubtful']}", _COLOURS["very_doubtful"]),
        ("region", f"regions: {len(page.regions)}", _REGION),
        ("grid", f"grids: {len(page.grids)}", _GRID),
        ("line", f"lines read: {len(page.lines)}", _LINE),
    ]
    x, middle = float(letters), top + 1.5 * letters
    x = pen.text((x, middle - letters / 2), f"page {page.number}", letters, "black") + 2 * letters
    for kind, text, colour in entries:
        swatch = BBox(x, middle - letters / 2, x + 2 * letters, middle + letters / 2)
        if kind in ("doubtful", "very_doubtful"):
            pen.dashed_rectangle(swatch, colour, 2 * pen.stroke)
        else:
            pen.rectangle(swatch, colour, pen.stroke)
        if kind == "very_doubtful":
            pen.hatch(swatch, colour)
        x = pen.text((swatch.right + letters / 2, middle - letters / 2), text, letters, colour) + 2 * letters


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


class _Pen:
    """Draws on one picture. ``stroke`` is the width of a thin outline in pixels."""

    def __init__(self, draw: ImageDraw.ImageDraw, stroke: int) -> None:
        self._draw = draw
        self.stroke = stroke

    def rectangle(self, box: BBox, colour: str, width: int) -> None:
        self._draw.rectangle((box.left, box.top, box.right, box.bottom), outline=colour, width=width)

    def polyline(self, points: Sequence[Point], colour: str) -> None:
        self._draw.line(list(points), fill=colour, width=self.stroke)

    def dashed_rectangle(self, box: BBox, colour: str, width: int) -> None:
        corners = box.corners()
        for start, end in zip(corners, (*corners[1:], corners[0]), strict=True):
            self._dashed(start, end, colour, width)

    def _dashed(self, start: Point, end: Point, colour: str, width: int) -> None:
        length = max(abs(end[0] - start[0]), abs(end[1] - start[1]))
        step = DASH * self.stroke
        for i in range(0, int(length // step) + 1, 2):
            a, b = min(1.0, i * step / (length or 1)), min(1.0, (i + 1) * step / (length or 1))
            self._draw.line((*_between(start, end, a), *_between(start, end, b)), fill=colour, width=width)

    def hatch(self, box: BBox, colour: str) -> None:
        """Slanted lines along the right edge of the box, where no text is put."""
        step = HATCH * self.stroke
        side = min(box.height, box.width / 4)
        for i in range(int(box.height // step) + 1):
            y = box.top + i * step
            reach = min(side, box.bottom - y)
            self._draw.line((box.right - reach, y + reach, box.right, y), fill=colour, width=self.stroke)

    def label(
        self, box: BBox, text: str, letters: int, colour: str, *, above: bool = False, at_foot: bool = False
    ) -> None:
        """Small text in the left corner of a box, cut to its width, or just above the box."""
        font = _font(letters)
        while text and not above and font.getlength(text) > box.width - 2 * self.stroke:
            text = text[:-1]
        y = box.bottom - 1.2 * letters if at_foot else box.top - 1.3 * letters if above else box.top
        self.text((box.left + self.stroke, max(0, y)), text, letters, colour)

    def text(self, at: Point, text: str, letters: int, colour: str) -> float:
        """Text with a white rim, so that it can be read on print; returns where it ends."""
        font = _font(letters)
        self._draw.text(at, text, fill=colour, font=font, stroke_width=self.stroke, stroke_fill="white")
        return at[0] + font.getlength(text)


def _between(start: Point, end: Point, share: float) -> Point:
    return (start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share)
