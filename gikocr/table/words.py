"""Words on a page: figures and letters that stand close to each other in one line, told from their ink alone.

They stand in where ruling lines say nothing: between two columns there is white on every row, and figures of one row stand level.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gikocr.elements import Image

LOWEST, HIGHEST = 1 / 260, 1 / 24
"""Heights of what may be a figure or a part of a letter, as shares of the page's longer side."""
WITHIN_WORD = 0.75
"""Gaps narrower than this many heights of print are inside a word."""
LOW, SHORT = 0.5, 0.22
"""What is lower than the one and shorter than the other, in heights of print, is dirt …"""
FLAT = 1.7
"""… and so is what is low and not this much longer than high, as a dash is."""
PART = 0.3
"""Least height, in heights of print, of a part of a letter."""
BLOB, BLOB_HEIGHT = 0.7, 1.5
"""What covers this share of its box and is higher than this many heights of print is a hole or a blot."""
LEAST_INK = 0.02
"""Least ink of a word, in squares of the height of print."""
PAPER, DARKEST = 250, 60.0
FAINTEST, DARKEST_THRESHOLD, NEARER_PAPER = 208, 120, 14
"""Grey levels: of paper; of ink where a page has too little to tell; the range of what may part the two, and by how much that is
nearer to paper than the middle is: a dash is thin, so that blur makes it pale."""
EDGE = 1 / 90
"""Width of the rim of a page, as a share of its longer side, in which there is shade and dirt but no print."""
FEW = 5
"""With fewer pieces of print than this a page has no height of print."""


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """Words of a page. ``boxes`` (n, 4) float: left, top, right, bottom in pixels; ``height`` of a printed figure in pixels."""

    boxes: NDArray[np.float64]
    height: float

    def inside(self, left: float, top: float, right: float, bottom: float) -> NDArray[np.float64]:
        """The boxes (k, 4) of the words whose middle lies in a box."""
        b = self.boxes
        x, y = (b[:, 0] + b[:, 2]) / 2, (b[:, 1] + b[:, 3]) / 2
        chosen: NDArray[np.float64] = b[(x >= left) & (x < right) & (y >= top) & (y < bottom)]
        return chosen


def ink_threshold(gray: Image, lines: Image) -> int:
    """The grey level that parts print from paper: nearer to paper than to the darker quarter of the print.

    Args:
        gray: (H, W) uint8, paper near 255.
        lines: (H, W) uint8, non-zero on ruling lines; they are often darker than print and have no say.
    """
    sample = gray[::3, ::3]
    dark = sample[(sample < 215) & (lines[::3, ::3] == 0)]
    level = float(np.percentile(dark, 25)) if dark.size > 200 else DARKEST
    return int(np.clip((level + PAPER) / 2 + NEARER_PAPER, DARKEST_THRESHOLD, FAINTEST))


def find_words(gray: Image, lines: Image) -> Words:
    """Find the words of a page.

    Args:
        gray: (H, W) uint8, paper near 255.
        lines: (H, W) uint8, non-zero where ruling lines are.
    """
    free = cv2.threshold(lines, 0, 255, cv2.THRESH_BINARY_INV)[1]
    dark = cv2.threshold(gray, ink_threshold(gray, lines) - 1, 255, cv2.THRESH_BINARY_INV)[1]
    prints = np.asarray(cv2.bitwise_and(dark, free), np.uint8)
    side = max(prints.shape)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(prints, connectivity=8, ltype=cv2.CV_32S)
    heights, widths = stats[1:, 3], stats[1:, 2]
    usable = (heights > side * LOWEST) & (heights < side * HIGHEST) & (widths * 5 > heights) & (widths < heights * 6)
    if usable.sum() < FEW:
        return Words(np.zeros((0, 4)), side * 0.01)
    height = float(np.median(heights[usable]))
    # Specks go first: joined, some that lie level would look like a dash.
    high, wide = stats[:, 3] >= PART * height, stats[:, 2] >= SHORT * height
    print_like = high | (wide & (stats[:, 2] >= FLAT * stats[:, 3]))
    print_like[0] = False
    prints = np.where(print_like, 255, 0).astype(np.uint8)[labels]
    reach = max(3, round(height * WITHIN_WORD) | 1)
    closed = cv2.morphologyEx(prints, cv2.MORPH_CLOSE, np.ones((1, reach), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(np.asarray(closed, np.uint8), connectivity=8)
    left, top, w, h = stats[1:, 0], stats[1:, 1], stats[1:, 2], stats[1:, 3]
    keep = (h >= LOW * height) | ((w >= SHORT * height) & (w >= FLAT * h))
    keep &= (h < side * HIGHEST * 3) & (stats[1:, 4] >= LEAST_INK * height * height)
    keep &= ~((h > BLOB_HEIGHT * height) & (stats[1:, 4] > BLOB * w * h) & (w < 4 * h))
    rim = side * EDGE
    keep &= (left + w > rim) & (left < prints.shape[1] - rim) & (top + h > rim) & (top < prints.shape[0] - rim)
    boxes = np.column_stack([left, top, left + w, top + h])[keep].astype(np.float64)
    return Words(_level_parts_joined(boxes, height), height)


def _level_parts_joined(boxes: NDArray[np.float64], height: float) -> NDArray[np.float64]:
    """Join the parts of one word that lie over each other: the strokes of a letter that do not touch."""
    order = np.argsort(boxes[:, 0], kind="stable")
    joined: list[list[float]] = []
    recent: list[int] = []
    for left, top, right, bottom in boxes[order].tolist():
        recent = [k for k in recent if joined[k][2] > left - WITHIN_WORD * height]
        for k in recent:
            other = joined[k]
            shared = min(other[3], bottom) - max(other[1], top)
            gap = max(other[0], left) - min(other[2], right)
            if shared > 0.3 * min(other[3] - other[1], bottom - top) and gap < WITHIN_WORD * height:
                joined[k] = [min(other[0], left), min(other[1], top), max(other[2], right), max(other[3], bottom)]
                break
        else:
            joined.append([left, top, right, bottom])
            recent.append(len(joined) - 1)
    return np.array(joined).reshape(-1, 4)
