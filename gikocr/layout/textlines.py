"""Printed lines outside the tables, by smearing ink along the line (run-length smoothing, Wong et al., 1982)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np

from gikocr.geometry import BBox

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gikocr.elements import Image

REDUCTION = 4
"""Lines are found on a picture reduced this much."""
INK_SHARE = 0.22
"""How far from paper towards the darkest print a pixel of the reduced picture must be to count as ink."""
FAINTEST = 70
"""Print is taken to differ from paper by at least this much, of 255, so that an empty page gives no ink."""
LEAST_HEIGHT, MOST_HEIGHT = 1 / 230, 1 / 22
"""Heights of a printed line as shares of the page's longer side."""
LETTER_ROWS, LETTER_COLUMNS = 0.15, 0.5
"""Share of a line's rows that a letter's columns fill, and of the columns of a letter's width that do."""
SMEAR = 1 / 60
"""Gaps shorter than this share of the longer side are inside a line: about two characters, as in a spaced heading."""


def find_text_lines(gray: Image, tables: Sequence[BBox]) -> list[BBox]:
    """Find the boxes of printed lines outside the given tables, from top to bottom.

    Args:
        gray: (H, W) uint8 upright page.
        tables: boxes to leave out.
    """
    height, width = gray.shape
    size = (max(1, width // REDUCTION), max(1, height // REDUCTION))
    small = cv2.resize(gray, size, interpolation=cv2.INTER_AREA)
    paper = float(np.median(small))
    contrast = max(FAINTEST, paper - float(np.percentile(small, 0.7)))
    ink = (small < paper - INK_SHARE * contrast).astype(np.uint8)
    margin = max(1, size[0] // 120)
    ink[:margin], ink[-margin:], ink[:, :margin], ink[:, -margin:] = 0, 0, 0, 0
    for box in tables:
        grown = box.grown(max(size) * REDUCTION / 200)
        ink[
            _index(grown.top, size[1]) : _index(grown.bottom, size[1]),
            _index(grown.left, size[0]) : _index(grown.right, size[0]),
        ] = 0
    tall = _tall(ink, max(size) * MOST_HEIGHT)
    ink[tall > 0] = 0
    reach = max(3, int(max(size) * SMEAR))
    smeared = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((1, reach), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(smeared, connectivity=8)
    least, most = max(size) * LEAST_HEIGHT, max(size) * MOST_HEIGHT
    boxes = []
    for left, top, w, h, area in stats[1:count].tolist():
        if not (least <= h <= most) or w < 1.2 * h or area < 0.3 * w * h:
            continue
        start, end = _with_letters_beside(tall[top : top + h], left, left + w)
        boxes.append(BBox(start * REDUCTION, top * REDUCTION, end * REDUCTION, (top + h) * REDUCTION))
    return sorted(_join_rows(boxes), key=lambda b: (b.top, b.left))


def _tall(ink: NDArray[np.uint8], most: float) -> NDArray[np.uint8]:
    """The pieces of ink that are higher than any line, (H, W) 0 or 1: rings of seals, frames of stamps, streaks would join lines."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    keep = stats[:count, 3] > most
    keep[0] = False
    return keep.astype(np.uint8)[labels]


def _with_letters_beside(band: NDArray[np.uint8], left: int, right: int) -> tuple[int, int]:
    """Where a line begins and ends with the letters that a tall piece took along because it touches them.

    Args:
        band: (h, W) the tall pieces in the rows of the line; letters fill its columns, the strokes of a frame or ring only a few.
        left: where the line begins without them, in columns.
        right: where it ends.
    """
    height = len(band)
    filled = band.sum(axis=0) >= LETTER_ROWS * height
    while left > 0 and filled[max(0, left - height) : left].mean() >= LETTER_COLUMNS:
        left = max(0, left - height)
    while right < len(filled) and filled[right : right + height].mean() >= LETTER_COLUMNS:
        right = min(len(filled), right + height)
    return left, right


def _index(value: float, size: int) -> int:
    return int(np.clip(value / REDUCTION, 0, size))


def _join_rows(boxes: list[BBox]) -> list[BBox]:
    """Pieces side by side at one height with a gap of up to two heights are one line."""
    rows: list[BBox] = []
    for box in sorted(boxes, key=lambda b: b.left):
        for i, row in enumerate(rows):
            overlap = min(row.bottom, box.bottom) - max(row.top, box.top)
            level = overlap > 0.6 * min(row.height, box.height) and max(row.height, box.height) < 1.8 * min(
                row.height, box.height
            )
            if level and box.left - row.right < 2 * row.height:
                rows[i] = BBox.covering([row, box])
                break
        else:
            rows.append(box)
    return rows
