"""A page without the ink that is far paler than its print: what shines through, a drum's ghost of another page, a watermark's words.

Such ink lies over tables in lines and words of its own. Pale rules and pale figures are printed palely too, so nothing is taken from
the page itself: what is found without the paler ink is a rival of what is found with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from gikocr.elements import Image

SMALLER = 4
"""The paper is estimated on a page so many times smaller …"""
PAPER = 1 / 40
"""… in a window so large around each point, as a share of the longer side: most of it is paper even among words."""
LEAST_INK = 25
"""Grey levels below its paper from which a point counts as ink."""
PRINT = 90
"""Percentile of the depths of ink that is print: the middle of strokes, of which even pages full of pale ink hold so much."""
PALER = 0.5
"""Ink that is less deep than this share of print is paler ink."""


def without_paler(gray: Image) -> Image:
    """A page with its paler ink painted in the colour of the paper around it.

    Args:
        gray: (H, W) uint8, an upright page.

    Returns:
        (H, W) uint8; the rims of darker ink stay.
    """
    height, width = gray.shape
    small = cv2.resize(gray, (max(1, width // SMALLER), max(1, height // SMALLER)), interpolation=cv2.INTER_AREA)
    size = min(255, round(max(small.shape) * PAPER) | 1)
    paper = cv2.resize(cv2.medianBlur(small, size), (width, height))
    depth = cv2.subtract(paper, gray)
    inked = depth > LEAST_INK
    if not inked.any():
        return gray
    level = PALER * float(np.percentile(depth[inked], PRINT))
    dark = (depth > level).astype(np.uint8)
    near = cv2.dilate(dark, np.ones((3, 3), np.uint8)) > 0
    return np.where(near, gray, np.maximum(gray, paper)).astype(np.uint8)
