"""What stands in a field's cell, seen twice, and windows on it for a reader that was trained on them.

A tight crop (:func:`gikocr.ocr.cells.numeral_crop`) shows only what was taken as print. A window shows whatever stands in the cell and
leaves it to the reader what of it is print: pale strokes that the threshold lost, dots of toner, a dash that may be dirt.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gikocr.geometry import BBox
from gikocr.ocr.cells import BROKEN_LINE, GridInk, field_ink
from gikocr.ocr.crops import crop_print, strip_of_lines
from gikocr.ocr.ink import CellInk, cell_parts, fainter_ink, inside_box, shows_print

if TYPE_CHECKING:
    from gikocr.elements import Image

MARGIN = 0.34
"""Margin around the print in a window, in heights of print: room for a stroke that is paler than what was found."""
LEAST_HEIGHT = 1.6
"""A window is at least this many heights of print high, its margin not counted, so that ``-`` and ``.`` keep their scale."""
ONE_LINE = 1.9
"""Greatest height of a line of figures, in heights of print, which pale print makes look lower than they are."""
FURTHER = 0.18
"""How much further than what was seen, in heights of print, paler ink must reach to be part of a figure."""

FLAT, AT_BOUNDARY = 0.5, 0.4
"""What is lower than this, in heights of print, and lies so close to a boundary may be the end of a figure that it cuts."""


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What stands in a cell.

    Attributes:
        found: the grid with the ink in which it was seen: the page's own or the paler one.
        box: the cell, boundaries included.
        content: the print.
        faint: only the paler ink showed any print.
    """

    found: GridInk
    box: BBox
    content: CellInk
    faint: bool = False


def in_paler_ink(found: GridInk) -> GridInk:
    """The same grid with the paler ink of its page; costs one pass over the page, so make it once."""
    return replace(found, ink=fainter_ink(found.ink))


def look_at(found: GridInk, paler: GridInk, box: BBox) -> Look:
    """Look at a cell, and again in paler ink where nothing was found in it or only a part."""
    seen = field_ink(found, box)
    if not _may_reach_further(paler, box, seen):
        return Look(found, box, seen)
    content = field_ink(paler, box)
    if not shows_print(paler.ink, content, found.height) or not _reaches_further(content, seen, found.height):
        return Look(found, box, seen)
    return Look(paler, box, content, seen.box is None)


def is_cut_off(look: Look) -> bool:
    """Whether what is seen in a cell is low and lies at its upper or lower boundary, as the end of a figure does that this cuts.

    A dash lies in the middle of its line of print, which keeps clear of the boundaries.
    """
    seen, box, height = look.content.box, look.box, look.found.height
    if seen is None or seen.height >= FLAT * height:
        return False
    middle = (seen.top + seen.bottom) / 2
    return min(middle - box.top, box.bottom - middle) < AT_BOUNDARY * height


def _may_reach_further(paler: GridInk, box: BBox, seen: CellInk) -> bool:
    """Whether any paler ink lies far enough beyond what was seen; where none does, a second look shows nothing new."""
    inside = inside_box(paler.ink, box)
    if len(inside) == 0 or seen.box is None:
        return len(inside) > 0
    b, far = paler.ink.boxes[inside], FURTHER * paler.height
    wider = seen.box.left - b[:, 0].min() > far or b[:, 2].max() - seen.box.right > far
    return bool(wider or seen.box.top - b[:, 1].min() > far or b[:, 3].max() - seen.box.bottom > far)


def _reaches_further(content: CellInk, seen: CellInk, height: float) -> bool:
    """Whether print takes more room than was seen of it: a figure whose left half is paler looks like another one."""
    if content.box is None or content.box.height > ONE_LINE * height:
        return False  # strokes of a seal, which is pale too, are higher than figures
    if seen.box is None:
        return True
    wider = max(seen.box.left - content.box.left, content.box.right - seen.box.right)
    higher = max(seen.box.top - content.box.top, content.box.bottom - seen.box.bottom)
    return max(wider, higher) > FURTHER * height


def cell_window(look: Look) -> Image | None:
    """The window on one cell, uint8 (h, w) with paper near 255; None where no ink at all stands in the cell."""
    ink, height, content = look.found.ink, look.found.height, look.content
    inside = cell_parts(ink, look.box, height)
    if content.box is None:
        if len(inside) == 0:
            return None
        b = ink.boxes[inside]
        area = BBox(float(b[:, 0].min()), float(b[:, 1].min()), float(b[:, 2].max()), float(b[:, 3].max()))
        return crop_print(ink, area, tuple(inside.tolist()), LEAST_HEIGHT * height, height, MARGIN)
    lines = [line for line in content.lines if line.height > BROKEN_LINE * height]
    if len(lines) > 1:
        # A long number in a narrow column is broken over two lines.
        return strip_of_lines([crop_print(ink, ln, content.parts, height, height) for ln in lines])
    keep = (*inside.tolist(), *content.parts)
    return crop_print(ink, content.box, keep, LEAST_HEIGHT * height, height, MARGIN)
