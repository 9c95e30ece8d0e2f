"""Born-digital PDFs: the text layer of all pages read like markup, and whether that can be trusted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gikocr.errors import DocumentError
from gikocr.forms import Form
from gikocr.geometry import Affine, BBox
from gikocr.ingest import Document
from gikocr.ingest.encoding import plausibility
from gikocr.markup import Markup, MarkupLine, MarkupTable, PageText, TextPlace
from gikocr.pipeline.text_path import TextResult, read_markup
from gikocr.preprocess.ink import to_gray
from gikocr.table.grids import build_grids
from gikocr.table.lines import find_ruling_lines
from gikocr.table.text_layer import TextSpot, drawn_rules, layer_blocks, without_print

if TYPE_CHECKING:
    from gikocr.elements import Image

FEWEST_GLYPHS: Final = 20
"""A page with fewer characters has no text layer worth the name: a page number, a stamp."""
MOST_HIDDEN: Final = 0.5
"""Share of a layer that is drawn invisibly from which on it is what some program once read in the scan under it."""
LEAST_PLAUSIBLE: Final = 0.55
"""Plausibility of its characters below which a layer is garbled; running text is above 0.8."""
WELL_READ: Final = 0.95
"""Share of the form's fields with a sure place from which on the text layer needs no comparison with the pictures."""
SURE_PLACE: Final = 0.9


@dataclass(frozen=True, slots=True)
class LayerResult:
    """What the text layer says.

    ``result`` None: no page's layer can be used. ``good``: it can be taken without a look at the pictures, and if not, ``reason``
    says why.
    """

    result: TextResult | None
    good: bool
    reason: str


@dataclass(frozen=True, slots=True)
class _Layer:
    blocks: tuple[MarkupLine | MarkupTable, ...]
    cells: dict[TextPlace, TextSpot]
    lines: dict[int, tuple[int, tuple[BBox | None, ...]]]

    def locate(self, place: TextPlace, length: int) -> tuple[int, BBox] | None:
        """Page and box of so many characters from a place on."""
        spot = self.cells.get(TextPlace(table=place.table, row=place.row, cell=place.cell))
        if spot is not None and place.table is not None:
            return spot.page, spot.box
        if place.line is None or place.line not in self.lines:
            return None
        page, boxes = self.lines[place.line]
        start = (place.column or 1) - 1
        wanted = [b for b in boxes[start : start + max(1, length)] if b is not None]
        wanted = wanted or [b for b in boxes if b is not None]
        return (page, BBox.covering(wanted)) if wanted else None


def read_layer(form: Form, document: Document) -> LayerResult | None:
    """Read the text layer of a document's pages; None where no page has one."""
    texts: list[PageText] = []
    reasons: list[str] = []
    for number in document.selected:
        try:
            layer = document.read_page_text(number)
        except DocumentError:
            layer = None
        why = unusable(layer)
        if layer is not None and why is None:
            texts.append(layer)
        elif why:
            reasons.append(f"page {number}: {why}")
    if not texts:
        return LayerResult(None, False, "; ".join(reasons[:3])) if reasons else None
    layer_of_all = _joined(texts, lambda text: _ruled_page(document, text))
    result = read_markup(form, Markup(layer_of_all.blocks), layer_of_all.locate)
    reason = _doubt(form, result)
    if reason and reasons:
        reason = f"{reason}; {'; '.join(reasons[:3])}"
    return LayerResult(result, not reason, reason)


def unusable(layer: PageText | None) -> str | None:
    """Why a page's text layer cannot be used; "" where there is simply none, None where it can."""
    if layer is None or len(layer.glyphs) < FEWEST_GLYPHS:
        return ""
    if layer.hidden > MOST_HIDDEN:
        return "its text is drawn invisibly, as programs do that read a scan"
    if plausibility("".join(g.text for g in layer.glyphs)) < LEAST_PLAUSIBLE:
        return "its text is garbled"
    return None


def read_placed_text(form: Form, pages: Sequence[PageText], dpi: float) -> TextResult:
    """Read pages whose file gives characters and rules with their places."""
    layer = _joined(pages, lambda text: drawn_rules(text, dpi))
    return read_markup(form, Markup(layer.blocks), layer.locate)


def _ruled_page(document: Document, text: PageText) -> tuple[Image, Affine] | None:
    """A picture of a page without its print, and the map into the viewer's frame; None where the page cannot be drawn."""
    try:
        page = document.read_page(text.page)
    except DocumentError:
        return None
    return without_print(to_gray(page.image), text.glyphs, page.to_view), page.to_view


def _joined(texts: Sequence[PageText], picture_of: Callable[[PageText], tuple[Image, Affine] | None]) -> _Layer:
    blocks: list[MarkupLine | MarkupTable] = []
    cells: dict[TextPlace, TextSpot] = {}
    lines: dict[int, tuple[int, tuple[BBox | None, ...]]] = {}
    tables = 0
    for text in texts:
        picture = picture_of(text)
        if picture is None:
            continue
        gray, to_view = picture
        grids = build_grids(find_ruling_lines(gray), text.page)
        frame = (text.width, text.height)
        found = layer_blocks(
            text.page, text.glyphs, grids, to_view, frame, first_table=tables, first_line=len(lines) + 1
        )
        tables += len(grids)
        blocks += found.blocks
        cells |= found.cells
        lines |= found.lines
    return _Layer(tuple(blocks), cells, lines)


def _doubt(form: Form, result: TextResult) -> str:
    """Why the pictures should be read as well; "" where there is no need."""
    if result.values_lost:
        return "the text layer holds the labels without the values"
    for table in result.reading.tables:
        if not table.placements:
            return f"table {table.table} is not in the text layer"
        fields = table.placements[0].fields
        sure = sum(f.cell is not None and f.certainty >= SURE_PLACE for f in fields)
        if sure < WELL_READ * len(fields):
            return f"of table {table.table} only {sure} of {len(fields)} fields are in the text layer"
    return ""
