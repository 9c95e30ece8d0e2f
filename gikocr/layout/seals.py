"""Large marks on a page, such as seals that are as grey as print, and the strips of print that may run through them.

A line that a seal crosses is one component with it, so it is no printed line to :mod:`gikocr.layout.textlines`. The recogniser
reads it well nevertheless, once it is shown the right strip of the page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from gikocr.geometry import BBox

if TYPE_CHECKING:
    from gikocr.elements import Image

REDUCTION = 4
"""Marks are found on a picture reduced this much."""
DARKER = 25
"""Grey levels by which a mark is darker than paper, of 255."""
HEIGHT = (1 / 12, 1 / 5)
"""Heights of a mark as shares of the page's longer side: seals are 38 to 45 mm wide."""
WIDTH = (0.7, 3.0)
"""Widths of a mark in heights of it, with the line of print that it touches."""
MOST_INK = 0.6
"""A mark with more of its box inked than this is a picture or a shadow."""
BESIDE = (9.0, 6.0)
"""Room left and right of a mark that a strip takes in, in heights of print: a signature begins before its seal."""
STRIP, STEP = 1.25, 0.4
"""Height of a strip and distance to the next, in heights of print."""


def large_marks(gray: Image) -> list[BBox]:
    """Marks of the size of a seal on an upright page, (H, W) uint8 with paper near 255."""
    height, width = gray.shape
    size = (max(1, width // REDUCTION), max(1, height // REDUCTION))
    small = cv2.resize(gray, size, interpolation=cv2.INTER_AREA)
    ink = (small < float(np.median(small)) - DARKER).astype(np.uint8)
    ink = np.asarray(cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)), np.uint8)
    count, _, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    side = max(size)
    found = []
    for left, top, w, h, area in stats[1:count].tolist():
        like_a_seal = HEIGHT[0] * side < h < HEIGHT[1] * side and WIDTH[0] * h < w < WIDTH[1] * h
        if like_a_seal and area < MOST_INK * w * h:
            found.append(BBox(left * REDUCTION, top * REDUCTION, (left + w) * REDUCTION, (top + h) * REDUCTION))
    return sorted(found, key=lambda b: b.top)


def strips_across(mark: BBox, height: float, page_width: float) -> list[BBox]:
    """Strips of a page in which a line may stand that runs through a mark, from top to bottom; they overlap.

    Args:
        mark: its box.
        height: of printed lines, in pixels.
        page_width: in pixels.
    """
    left, right = max(0.0, mark.left - BESIDE[0] * height), min(page_width, mark.right + BESIDE[1] * height)
    tops = np.arange(mark.top - height / 2, mark.bottom, STEP * height)
    return [BBox(left, float(top), right, float(top) + STRIP * height) for top in tops if top >= 0]
