"""What is printed darker than what lies over it: figures under a grey seal, a pale stamp, bleed-through, a pencil's stroke.

On a scan without colour only its darkness tells a seal from print. Where the ink of a cell is of two kinds, one clearly paler than the
other and more than its blurred rim, the darker kind is shown alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from gikocr.ocr.cover import bare_slices

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gikocr.elements import Image
    from gikocr.ocr.windows import Look

APART = 45
"""Grey levels, of 255, between the middles of the two kinds of ink."""
RIM = 0.1
"""Distance from dark ink, in heights of print, in which paler ink is its blurred rim."""
LEAST_PALE, LEAST_DARK = 0.15, 0.05
"""Shares of a cell's ink that either kind must have, rims not counted as pale."""


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


def _paper(crop: Image, inked: NDArray[np.bool_]) -> int:
    """The grey of the paper of a cell."""
    free = crop[~inked]
    return int(np.median(free)) if free.size else 255
