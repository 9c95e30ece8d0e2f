"""Flat shades that are broader than print and narrower than what evening the light reaches: strokes of a marker, tape, a pale bar.

Their rims look like boundaries of cells and their grey like ink, so they become paper. Print under them is kept: a closing that is
broader than its strokes shows the shade alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gikocr.elements import Image

LOOK, MEND = 4, 2
"""Shades are looked for on a page so many times smaller, and mended on one so many times smaller, which shows where they end."""
STROKE = 1 / 114
"""Width of the closing, as a share of the longer side: 2.6 mm of an A4 page, broader than strokes of print."""
BROAD, LONG = 1 / 105, 1 / 13
"""A shade is at least so broad and so long, as shares of the longer side: the closing leaves shade between the strokes of dense print,
which is less."""
DARKER = 4
"""Grey levels by which a shade is darker than the page's paper."""
DARKEST = 110
"""What is darker hides print, and tells nobody what stands there."""
EVEN, EVEN_SHARE = 25, 0.75
"""Greatest difference of grey levels in a shade, its darkest and brightest tenths left out, or as a share of how much darker than paper
it is: dense print is less even."""
GRAIN = 25
"""What is darker than its closing by more grey levels is print rather than paper's grain."""
FREE = 0.6
"""Least share of a shade that is no print: in dense print, the closing finds less of it."""
RIM = 1 / 130
"""Side of the window by which a shade is made broader to take its rim, as a share of the longer side."""


def without_shades(gray: Image) -> Image:
    """A page on which flat shades are paper.

    Args:
        gray: (H, W) uint8, with light made even: paper near 250.
    """
    if not _shades(_closed(gray, LOOK)).any():
        return gray
    closed = _closed(gray, MEND)
    rim = round(RIM * closed.side) | 1
    shades = cv2.dilate(_shades(closed), np.ones((rim, rim), np.uint8)) > 0
    if not shades.any():
        return gray
    # A closing takes the brightest of paper's grain, of which the evened page shows less where it is white.
    paper, shown = closed.paper(~shades), closed.picture.astype(np.int32)
    shown -= int(np.median(shown[shades]) - closed.paper(shades))
    level = np.where(shades, np.clip(shown, 1, paper), paper).astype(np.uint8)
    return np.asarray(cv2.divide(gray, cv2.resize(level, gray.shape[::-1]), scale=paper), np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class _Closed:
    """A smaller page, (h, w) uint8, itself and with its print closed, and its longer side in pixels."""

    page: Image
    picture: Image
    side: int

    def paper(self, where: NDArray[np.bool_]) -> int:
        """The middle grey level of what is no print, in a part of the page."""
        free = where & (cv2.subtract(self.picture, self.page) < GRAIN)
        return int(np.median(self.page[free])) if free.any() else int(np.median(self.page))


def _closed(gray: Image, smaller: int) -> _Closed:
    height, width = gray.shape
    size = max(1, width // smaller), max(1, height // smaller)
    small = cv2.resize(gray, size, interpolation=cv2.INTER_AREA)
    side = max(size)
    window = max(3, round(STROKE * side))
    closed = cv2.morphologyEx(small, cv2.MORPH_CLOSE, np.ones((window, window), np.uint8))
    return _Closed(np.asarray(small, np.uint8), np.asarray(cv2.medianBlur(closed, 5), np.uint8), side)


def _shades(closed: _Closed) -> NDArray[np.uint8]:
    """(h, w) uint8, 1 where a shade is."""
    picture, side = closed.picture, closed.side
    darker = (picture < int(np.median(picture)) - DARKER).astype(np.uint8)
    broad = max(3, round(BROAD * side))
    opened = cv2.morphologyEx(darker, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (broad, broad)))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(opened, connectivity=8, ltype=cv2.CV_32S)
    found, paper = np.zeros(picture.shape, np.uint8), float(np.median(picture))
    height, width = picture.shape
    for number, (x, y, w, h, area) in enumerate(stats.tolist()[1:], 1):
        long = max(w, h)
        # What reaches the edge is a scanner's shadow or the table that the page lies on.
        if long < LONG * side or area < broad * long / 2 or min(x, y, width - x - w, height - y - h) < 3:
            continue
        place = slice(y, y + h), slice(x, x + w)
        own = labels[place] == number
        inside = cv2.erode(own.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=(0.0,)) > 0
        dark, middle, bright = np.percentile(picture[place][inside], (10, 50, 90))
        free = float((picture[place][inside].astype(np.int32) - closed.page[place][inside] < GRAIN).mean())
        even = bright - dark <= max(EVEN, EVEN_SHARE * (paper - middle))
        if middle >= DARKEST and even and free >= FREE:
            found[place][own] = 1
    return found
