"""The text layer of a PDF page: characters with their boxes, as pdfium gives them."""

from __future__ import annotations

import ctypes
from typing import Final

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from gikocr.geometry import Affine, BBox
from gikocr.markup import Glyph, PageText

MOST_GLYPHS: Final = 50_000
"""Characters of one page that are looked at; a page of a report has some thousands."""


def page_text(page: pdfium.PdfPage, number: int, to_view: Affine) -> PageText:
    """The characters of a page.

    Args:
        page: the opened page.
        number: its number, which goes into the result.
        to_view: maps PDF user space into the viewer's frame in points.
    """
    width, height = page.get_size()
    layer = page.get_textpage()
    try:
        count = min(layer.count_chars(), MOST_GLYPHS)
        glyphs = tuple(g for g in (_glyph(layer, i, to_view) for i in range(count)) if g is not None)
    finally:
        layer.close()
    return PageText(number, width, height, "pt", glyphs, _hidden_share(page))


def _glyph(layer: pdfium.PdfTextPage, index: int, to_view: Affine) -> Glyph | None:
    code = pdfium_c.FPDFText_GetUnicode(layer, index)
    if code < 0x20 or 0xD800 <= code <= 0xDFFF or code > 0x10FFFF or chr(code).isspace():
        return None
    # The font's box, not the glyph's: 一 and 。 then stand at the same height as their neighbours.
    rectangle = pdfium_c.FS_RECTF()
    if not pdfium_c.FPDFText_GetLooseCharBox(layer, index, ctypes.byref(rectangle)):
        return None
    try:
        box = BBox.around(
            (to_view.apply(rectangle.left, rectangle.bottom), to_view.apply(rectangle.right, rectangle.top))
        )
    except ValueError:
        return None
    return Glyph(chr(code), box)


def _hidden_share(page: pdfium.PdfPage) -> float:
    shown = hidden = 0
    for count, item in enumerate(page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_TEXT])):
        if count >= MOST_GLYPHS:
            break
        if pdfium_c.FPDFTextObj_GetTextRenderMode(item) == pdfium_c.FPDF_TEXTRENDERMODE_INVISIBLE:
            hidden += 1
        else:
            shown += 1
    return hidden / (shown + hidden) if hidden else 0.0
