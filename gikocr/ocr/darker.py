"""What is printed darker than what lies over it: figures under a grey seal, a pale stamp, bleed-through, a pencil's stroke.

On a scan without colour only its darkness tells a seal from print. Where the ink of a cell is of two kinds, one clearly paler than the
other and more than its blurred rim, the darker kind is shown alone.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from gikocr.ocr.cells import GridInk, field_ink
from gikocr.ocr.cover import bare_slices
from gikocr.ocr.ink import FIGURE, PAPER, inked_below
from gikocr.ocr.windows import Look, cell_window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gikocr.elements import Image
    from gikocr.geometry import BBox

APART = 45
"""Grey levels, of 255, between the middles of the two kinds of ink."""
RIM = 0.1
"""Distance from dark ink, in heights of print, in which paler ink is its blurred rim."""
LEAST_PALE, LEAST_DARK = 0.15, 0.05
"""Shares of a cell's ink that either kind must have, rims not counted as pale."""
NEARER_PRINT = 0.45
"""Where between the darker kind of a table's ink and paper its print ends, as a share of the way."""


def darker_window(look: Look) -> Image | None:
    """A window on a cell in which its paler ink is painted white, uint8 (h, w); None where its ink is of one kind."""
    place = bare_slices(look)
    if place is None:
        return None
    ink = look.found.ink
    crop = ink.gray[place]
    inked = crop < ink.threshold
    values = crop[inked]
    if values.size == 0:
        return None
    level, _ = cv2.threshold(values.reshape(-1, 1), 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    dark = crop <= level
    size = 2 * max(1, round(RIM * look.found.height)) + 1
    near = cv2.dilate(dark.astype(np.uint8), np.ones((size, size), np.uint8)) > 0
    pale = inked & ~near
    few = pale.sum() < LEAST_PALE * values.size or dark.sum() < LEAST_DARK * values.size
    if few or float(np.median(crop[pale])) - float(np.median(crop[dark])) < APART:
        return None
    shown = crop.copy()
    # The rim stays, or figures would look cut out; what is paler than print around it goes.
    shown[~near] = np.maximum(crop[~near], _paper(crop, inked))
    return shown


def in_darker_ink(found: GridInk) -> GridInk:
    """The same grid in the darker of two kinds of its ink, the other painted white; where it is of one kind, its figures are thinner.

    Costs one pass over the page, so make it once.
    """
    box, ink = found.grid.box, found.ink
    part = slice(max(0, int(box.top)), int(box.bottom)), slice(max(0, int(box.left)), int(box.right))
    crop = ink.gray[part]
    values = crop[(crop < ink.threshold) & (ink.lines[part] == 0)]
    if values.size == 0:
        return found
    level, _ = cv2.threshold(values.reshape(-1, 1), 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    dark, pale = values[values <= level], values[values > level]
    if dark.size == 0 or pale.size == 0:
        return found
    middle, ends = float(np.median(dark)), float(np.median(pale))
    # Rims of figures are of all levels up to paper's; other ink that is paler than print has a level of its own.
    threshold = min((middle + ends) / 2, middle + NEARER_PRINT * (PAPER - middle), ink.threshold)
    shown = inked_below(ink, round(threshold))
    rims = cv2.dilate((ink.gray < shown.threshold).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    gray = np.where(rims, ink.gray, np.maximum(ink.gray, PAPER)).astype(np.uint8)
    return replace(found, ink=replace(shown, gray=gray))


def dark_print(found: GridInk, darker: GridInk, box: BBox) -> Image | None:
    """A window on the figures of a cell in darker ink.

    Args:
        found: the grid with all of its ink.
        darker: the same as :func:`in_darker_ink` gives it.
        box: the cell.

    Returns:
        uint8 (h, w); None where the cell's ink is of one kind, or the darker one shows no figure: a stroke of a pen is no dash.
    """
    part = slice(max(0, int(box.top)), int(box.bottom)), slice(max(0, int(box.left)), int(box.right))
    inked = (found.ink.gray[part] < found.ink.threshold) & (found.ink.lines[part] == 0)
    paler = inked & (darker.ink.gray[part] >= PAPER)
    if np.count_nonzero(paler) < LEAST_PALE * np.count_nonzero(inked):
        return None
    content = field_ink(darker, box)
    if content.box is None or content.box.height < FIGURE * darker.height:
        return None
    return cell_window(Look(darker, box, content))


def _paper(crop: Image, inked: NDArray[np.bool_]) -> int:
    """The grey of the paper of a cell."""
    free = crop[~inked]
    return int(np.median(free)) if free.size else 255
