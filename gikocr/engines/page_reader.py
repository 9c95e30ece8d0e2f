"""What the readers of whole pages have in common: the picture they take and the lines they give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from gikocr.elements import TextLine
from gikocr.geometry import BBox

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gikocr.elements import Image

LEAST_SCORE = 0.5
"""Lines that a reader is less sure of are mostly seals, pen strokes and dirt; both libraries' makers use this value."""
DETECTION_SIDE = 1600
"""Pixels of a page's longer side at which lines are looked for; A4 print of 10 points is then about 19 pixels high. On a real
report the lines found are those found at full size, in four fifths of the time and two thirds of the memory."""
LARGEST_SIDE = 4000
"""Pixels of the longer side above which a page is reduced before crops are cut from it; one at working resolution has about 2,340."""


def as_bgr(image: Image) -> NDArray[np.uint8]:
    """A grey (H, W) or RGB (H, W, 3) uint8 page as BGR, which both libraries take arrays to be."""
    code = cv2.COLOR_GRAY2BGR if image.ndim == 2 else cv2.COLOR_RGB2BGR
    return np.ascontiguousarray(cv2.cvtColor(image, code), dtype=np.uint8)


def as_text_lines(polygons: Sequence[Any], texts: Sequence[str], scores: Sequence[float], page: int) -> list[TextLine]:
    """Lines from top to bottom, and from left to right where they begin at one height.

    Args:
        polygons: for each line points (k, 2), or (left, top, right, bottom), in pixels of the page.
        texts: what was read; lines without a visible character are left out.
        scores: in [0, 1].
        page: 1-based number of the page.
    """
    lines = []
    for polygon, text, score in zip(polygons, texts, scores, strict=True):
        if not text.strip() or score < LEAST_SCORE:
            continue
        points = np.asarray(polygon, dtype=np.float64).reshape(-1, 2)
        box = BBox.around((float(x), float(y)) for x, y in points)
        lines.append(TextLine(page, text.strip(), box, min(1.0, float(score))))
    return sorted(lines, key=lambda line: (line.box.top, line.box.left))
