"""How much of a cell's value is covered by what is not print: a seal on a grey scan, a pen's strokes, a stamp, a fold, a blot.

What a cell's value would look like without the cover nobody knows, so the share is of the place where it stands or should stand:
around what is seen of it, or the middle of the cell, one height of print high. Strokes spread over that place cover about
the same share of a figure in it. Seal ink that its colour tells from print covers nothing: the print under it is seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from gikocr.geometry import BBox
from gikocr.ocr.ink import cell_parts, characters_worth

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gikocr.elements import Image
    from gikocr.ocr.ink import PageInk
    from gikocr.ocr.windows import Look

INSET = 0.22
"""Depth of the zone at a cell's border, in heights of print, in which remnants of its lines are expected."""
THICK = 0.46
"""Strokes wider than this, in heights of print, are none of a figure's: those of bold figures are a quarter high."""
TALL = 1.55
"""What is higher than this, in heights of print, is no figure."""
PLACE_WIDTH = 1.0
"""Where no print tells its place, a value may reach so far from the middle of its cell, in heights of print."""
PLACE_HEIGHT = 1.1
"""Height of that place, in heights of print."""
WHOLE_HEIGHT, WHOLE_WIDTH = 0.8, 0.45
"""Print that is so high, and so wide, in heights of print, tells where the value stands."""
LEAST_HALF, ASIDE, ABOVE = 1.6, 0.6, 0.25
"""Least half width of a bare window, and what it shows beside and above the place of the value, in heights of print."""
LEAST_SIDE = 5
"""Pixels of the smallest place that anything can be read in."""


def covered_share(look: Look) -> float:
    """The share of the place of a cell's value that foreign ink covers, in [0, 1]; 0 where nothing foreign lies there."""
    place = _place(look)
    if place is None:
        return 0.0
    return float(foreign_ink(look.found.ink, look.box, look.found.height, place).mean())


def stamped(look: Look, mask: Image) -> tuple[float, float]:
    """How much of the ink that was taken off a page lay in a cell.

    Args:
        look: at the cell.
        mask: (H, W) uint8, non-zero where ink was taken off that may have hidden print.

    Returns:
        The covered share of the place of the cell's value, in [0, 1], and the ink in all of the cell in characters' worth.
    """
    place, box = _place(look), look.box
    inside = mask[max(0, int(box.top)) : int(box.bottom), max(0, int(box.left)) : int(box.right)]
    share = 0.0 if place is None else float((mask[place] > 0).mean())
    return share, characters_worth(int(np.count_nonzero(inside)), look.found.height)


def bare_window(look: Look) -> Image | None:
    """A window on the place of a cell's value with nothing painted out, uint8 (h, w); None for a cell without room for a value.

    A stroke that touches a figure takes it along when foreign ink is painted white. A reader that sees both tells them apart.
    """
    part = bare_slices(look)
    return None if part is None else look.found.ink.gray[part]


def bare_slices(look: Look) -> tuple[slice, slice] | None:
    """Rows and columns of the page that :func:`bare_window` shows."""
    place = _place(look)
    if place is None:
        return None
    height, inner = look.found.height, _inner(look)
    assert inner is not None  # a place lies in it
    rows, columns = place
    middle = (columns.start + columns.stop) / 2
    half = max(LEAST_HALF * height, (columns.stop - columns.start) / 2 + ASIDE * height)
    x0, x1 = max(inner.left, middle - half), min(inner.right, middle + half)
    y0, y1 = max(inner.top, rows.start - ABOVE * height), min(inner.bottom, rows.stop + ABOVE * height)
    y0, x0 = max(0.0, y0), max(0.0, x0)
    page_height, page_width = look.found.ink.gray.shape
    part = slice(int(y0), min(int(y1), page_height)), slice(int(x0), min(int(x1), page_width))
    return part if min(p.stop - p.start for p in part) >= LEAST_SIDE else None


def foreign_ink(ink: PageInk, box: BBox, height: float, place: tuple[slice, slice]) -> NDArray[np.bool_]:
    """Which pixels of a part of a cell hold ink that is not print.

    Args:
        ink: the page's ink.
        box: the cell.
        height: the height of print in pixels.
        place: rows and columns of the part.
    """
    labels = ink.labels[place]
    own = np.zeros(len(ink.boxes) + 1, bool)
    own[cell_parts(ink, box, height) + 1] = True
    tall = np.zeros(len(own), bool)
    tall[1:] = ink.boxes[:, 3] - ink.boxes[:, 1] > TALL * height
    foreign = (labels > 0) & (~own[labels] | tall[labels])
    foreign |= (ink.lines[place] > 0) & (ink.gray[place] < ink.threshold)
    return foreign | _thick(ink, height, place)


def _thick(ink: PageInk, height: float, place: tuple[slice, slice]) -> NDArray[np.bool_]:
    """Where strokes are too wide for print: what an opening wider than print's strokes leaves of the ink around."""
    side = max(3, round(THICK * height))
    rows, columns = place
    y0, x0 = max(0, rows.start - side), max(0, columns.start - side)
    dark = (ink.gray[y0 : rows.stop + side, x0 : columns.stop + side] < ink.threshold).astype(np.uint8)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    opened = cv2.morphologyEx(dark, cv2.MORPH_OPEN, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=(0.0,))
    part = opened[rows.start - y0 : rows.stop - y0, columns.start - x0 : columns.stop - x0]
    return np.asarray(part > 0)


def _inner(look: Look) -> BBox | None:
    """A cell without the zone at its border; None where that zone is all of it."""
    inset, box = max(3.0, INSET * look.found.height), look.box
    if min(box.width, box.height) <= 2 * inset:
        return None
    return BBox(box.left + inset, box.top + inset, box.right - inset, box.bottom - inset)


def _place(look: Look) -> tuple[slice, slice] | None:
    """Rows and columns of the page where a cell's value stands or should stand; None for a cell that has no room for one."""
    height, seen, inner = look.found.height, look.content.box, _inner(look)
    if inner is None:
        return None
    middle_x, middle_y = look.box.center
    x0, x1 = middle_x - PLACE_WIDTH * height, middle_x + PLACE_WIDTH * height
    if seen is not None:
        if seen.height >= WHOLE_HEIGHT * height:
            middle_y = (seen.top + seen.bottom) / 2
        # Half a figure may be all that is seen of two.
        whole = seen.width >= WHOLE_WIDTH * height
        x0, x1 = (seen.left, seen.right) if whole else (min(x0, seen.left), max(x1, seen.right))
    y0, y1 = middle_y - PLACE_HEIGHT * height / 2, middle_y + PLACE_HEIGHT * height / 2
    page_height, page_width = look.found.ink.gray.shape
    y0, y1 = max(0.0, inner.top, y0), min(float(page_height), inner.bottom, y1)
    x0, x1 = max(0.0, inner.left, x0), min(float(page_width), inner.right, x1)
    if y1 - y0 < LEAST_SIDE or x1 - x0 < LEAST_SIDE:
        return None
    return slice(int(y0), int(np.ceil(y1))), slice(int(x0), int(np.ceil(x1)))
