"""Print of the other side of the sheet, which shines through: fainter than the page's own print, with nothing in between."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gikocr.elements import Image

SEEN = 22
"""Darkness, of 255, from which something may be print."""
SMALLEST, LARGEST = 1 / 300, 1 / 25
"""Sizes of what is compared, as shares of the longer side: characters and their parts."""
LOWEST, HIGHEST = 60, 140
"""Darkness, of 255, between which the gap between the two kinds of print is looked for."""
HALF_GAP = 8
"""Half the width of the gap."""
IN_GAP = 0.1
"""Most characters within the gap, as a share of those below it."""
LEAST_SHARE, LEAST_COUNT = 0.1, 25
"""Share and number of characters below the gap from which they are another page's print and not dirt or a few faint strokes."""
FAINTER = 0.5
"""They are fainter than this share of the page's own print."""
LEAST_OWN = 0.1
"""Share of characters above the gap, without which it is not known what the page's own print looks like."""
RIM = 2
"""Pixels around a dark stroke that belong to it."""
LINE = 1 / 14
"""Length of a faint line, as a share of the longer side, from which it stays: a page's own rules may be faint."""


def without_bleed(gray: Image) -> tuple[Image, NDArray[np.bool_] | None]:
    """Take away what shines through from the other side, where a page shows two kinds of print that are clearly apart.

    Args:
        gray: (H, W) uint8 with paper near 255.

    Returns:
        The picture, and which of its pixels were taken away; the picture itself and None where nothing shines through.
    """
    dark = np.asarray(cv2.bitwise_not(cv2.GaussianBlur(gray, (3, 3), 0)), np.uint8)
    level = _gap(dark)
    if level is None:
        return gray, None
    own = cv2.dilate((dark >= level).astype(np.uint8), np.ones((2 * RIM + 1, 2 * RIM + 1), np.uint8)) > 0
    length = max(3, round(max(gray.shape) * LINE))
    ink = (dark >= SEEN).astype(np.uint8)
    for shape in ((1, length), (length, 1)):
        # Over small gaps, and as wide as a line is.
        lines = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones(shape, np.uint8))
        own |= cv2.dilate(lines, np.ones((3, 3), np.uint8)) > 0
    return np.where(own, gray, 255).astype(np.uint8), (ink > 0) & ~own


def _gap(dark: Image) -> int | None:
    """The darkness between print that shines through and the page's own; None where there is no such gap."""
    side = max(dark.shape)
    _, labels, stats, _ = cv2.connectedComponentsWithStats((dark >= SEEN).astype(np.uint8), connectivity=8)
    size = stats[:, 2:4].max(axis=1)
    kept = np.flatnonzero((size >= SMALLEST * side) & (size <= LARGEST * side))
    kept = kept[kept > 0]
    if len(kept) < 2 * LEAST_COUNT:
        return None
    peaks: NDArray[np.int64] = np.asarray(ndimage.maximum(dark, labels, kept), np.int64)
    # The lowest such level: what is fainter than the rest of the page's own print must not be lost.
    for level in range(LOWEST, HIGHEST, 4):
        below, above = peaks[peaks < level], peaks[peaks >= level]
        if len(below) < max(LEAST_COUNT, LEAST_SHARE * len(peaks)) or len(above) < LEAST_OWN * len(peaks):
            continue
        inside = int((np.abs(peaks - level) <= HALF_GAP).sum())
        if inside <= IN_GAP * len(below) and np.median(below) < FAINTER * np.median(above):
            return level
    return None
