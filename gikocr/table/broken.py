"""Gaps in broken ruling lines: bridged where short pieces of line follow each other in one course.

A copier that runs out of toner leaves a third to a half of a rule. Its pieces are short, but they are thin, lie in one line and have paper
beside them, which strokes of print that line up by chance do not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gikocr.elements import Image

PIECE = 1 / 230
"""Shortest piece of a line, as a share of the page's longer side: about 1.3 mm on A4, less than any stroke that stands alone."""
GAP = {"horizontal": 1 / 55, "vertical": 1 / 75}
"""Longest gap that is bridged, as a share of the longer side: about 5 and 4 mm, less than a narrow column and a low row, whose
boundaries may be missing for good."""
LEAST_LENGTH = 1 / 26
"""Shortest chain of pieces, as a share of the longer side."""
LEAST_PIECES = 3
COVERED = 0.42
"""Share of a chain that its pieces cover."""
THICK = 1 / 300
"""Thickest piece, as a share of the longer side."""
BESIDE = (1 / 300, 1 / 180)
"""Distances, as shares of the longer side, between which print beside a chain is looked for."""
CROWDED = 0.25
"""A chain with print beside it on more than this share of its length on both sides is of strokes."""
ALONG_ONE = 0.45
"""So is one with print along so much of one side: the feet of a line of text line up."""
IN_STEP = 0.6
"""So is one with print beside its pieces and, beside its gaps, on less than this share of that: figures that stand under each other."""


def bridges(ridge: Image, ink: NDArray[np.bool_], side: int, direction: str) -> Image:
    """The gaps of broken lines, (H, W) uint8, 255 in the middle of each.

    Args:
        ridge: (H, W) uint8, 255 where a level line may run; transposed for upright ones.
        ink: (H, W) bool, print and lines.
        side: longer side of the page in pixels.
        direction: ``horizontal`` or ``vertical``.
    """
    pieces = cv2.morphologyEx(ridge, cv2.MORPH_OPEN, np.ones((1, max(4, round(side * PIECE))), np.uint8))
    # Pieces of one line differ by a row where it slopes or was blurred.
    thick = cv2.dilate(pieces, np.ones((3, 1), np.uint8))
    gap = max(4, round(side * GAP[direction]))
    joined = cv2.morphologyEx(thick, cv2.MORPH_CLOSE, np.ones((1, gap), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=4)
    least, thickest = side * LEAST_LENGTH, side * THICK
    drawn = np.zeros_like(ridge)
    for k in range(1, count):
        left, top, width, height = (int(v) for v in stats[k, :4])
        if width < least or height > thickest + 0.02 * width + 2:
            continue
        box = np.s_[top : top + height, left : left + width]
        own = (labels[box] == k) & (pieces[box] > 0)
        counts = own.sum(axis=0)
        seen = np.flatnonzero(counts > 0)
        if len(seen) < COVERED * width or len(seen) > 0.97 * width or (np.diff(seen) > 2).sum() + 1 < LEAST_PIECES:
            continue
        middle = (own[:, seen] * np.arange(height)[:, None]).sum(axis=0) / counts[seen]
        course = np.interp(np.arange(width), seen, middle) + top
        empty = np.setdiff1d(np.arange(width), seen)
        if _is_print(ink, course, left, side, seen, empty):
            continue
        rows = np.clip(np.rint(course[empty]).astype(np.int64), 0, ridge.shape[0] - 1)
        drawn[rows, empty + left] = 255
    return np.asarray(cv2.dilate(drawn, np.ones((3, 1), np.uint8)), np.uint8)


def _is_print(
    ink: NDArray[np.bool_],
    course: NDArray[np.float64],
    left: int,
    side: int,
    seen: NDArray[np.int64],
    empty: NDArray[np.int64],
) -> bool:
    """Whether a chain is of strokes: with print close on both sides, or all along one, or beside its pieces and not beside its gaps."""
    near, far = max(3, round(side * BESIDE[0])), max(5, round(side * BESIDE[1]))
    offsets = np.arange(near, far + 1)[:, None]
    rows = np.rint(course).astype(np.int64)[None, :]
    columns = np.arange(left, left + len(course))[None, :]
    before, after = (
        ink[np.clip(rows + sign * offsets, 0, ink.shape[0] - 1), columns].any(axis=0) for sign in (-1, 1)
    )
    shares = sorted((float(before.mean()), float(after.mean())))
    either = before | after
    at_pieces, at_gaps = float(either[seen].mean()), float(either[empty].mean())
    with_pieces = at_pieces > 2 * CROWDED and at_gaps < IN_STEP * at_pieces
    return shares[0] > CROWDED or shares[1] > ALONG_ONE or with_pieces
