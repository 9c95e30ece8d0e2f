"""Gaps in broken ruling lines: bridged where short pieces of line follow each other in one course.

A copier that runs out of toner leaves a third to a half of a rule. Its pieces are short, but they are thin, lie in one line and have
paper beside them, which strokes of print that line up by chance do not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from gikocr.table.components import components

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
LONG = 1 / 8
"""Chains of this length, as a share of the longer side, tell how broken a page's rules are."""
WHOLE, FURTHER_GONE = 0.93, 0.3
"""Where they are covered to more than the first, nothing is bridged; elsewhere what is covered by no more than the second less than
they are. Figures that stand under each other pass for a line that is broken far worse than the lines around it."""
MOST_BROKEN = 0.5
"""Nothing is bridged unless what would be is so long in relation to the long lines that are known: rules break all over a page."""
ON_KNOWN = 0.7
"""A chain of which this share is a line that is known needs no bridges."""
ALIKE, REGULAR = 0.12, 0.5
"""Pieces that begin at one distance, give or take this share of it, from each other on this share of a chain are strokes of print."""
FEW_COVERED = 0.65
"""What so few pieces that their distances say nothing must cover."""
THICK, SLOPE = 1 / 300, 0.02
"""Thickest piece, as a share of the longer side, and the greatest slope of a chain: the page is straight already."""
JOINED = 1 / 90
"""Gaps that are bridged to measure how long the known lines are, as a share of the longer side."""
RIM, BESIDE = 1 / 780, 1 / 180
"""Print beside a chain is looked for from so far outside its pieces to this distance, shares of the longer side."""
CROWDED = 0.25
"""A chain with print beside it on more than this share of its length on both sides is of strokes."""
ALONG_ONE = 0.45
"""So is one with print along so much of one side: the feet of a line of text line up."""
IN_STEP = 0.6
"""So is one with print beside its pieces and, beside its gaps, on less than this share of that: figures that stand under each other."""


def bridges(ridge: Image, known: Image, ink: NDArray[np.bool_], side: int, direction: str) -> Image:
    """The gaps of broken lines, (H, W) uint8, 255 in the middle of each.

    Args:
        ridge: (H, W) uint8, 255 where a level line may run; transposed for upright ones.
        known: (H, W) uint8, 255 on lines that are certain without bridging.
        ink: (H, W) bool, print and lines.
        side: longer side of the page in pixels.
        direction: ``horizontal`` or ``vertical``.
    """
    pieces = cv2.morphologyEx(ridge, cv2.MORPH_OPEN, np.ones((1, max(4, round(side * PIECE))), np.uint8))
    # Pieces of one line differ by a row where it slopes or was blurred.
    thick = cv2.dilate(pieces, np.ones((3, 1), np.uint8))
    gap = max(4, round(side * GAP[direction]))
    joined = cv2.morphologyEx(thick, cv2.MORPH_CLOSE, np.ones((1, gap), np.uint8))
    chains = _chains(np.asarray(pieces, np.uint8), np.asarray(joined, np.uint8), ink, side)
    drawn = np.zeros_like(ridge)
    whole = _wholeness(chains, side)
    if whole > WHOLE:
        return drawn
    broken = [
        c for c in chains if c.cover >= max(COVERED, whole - FURTHER_GONE) and c.is_broken and not c.lies_on(known)
    ]
    if sum(len(c.course) for c in broken) < MOST_BROKEN * _long(known, side):
        return drawn
    for chain in broken:
        rows = np.clip(np.rint(chain.course[chain.empty]).astype(np.int64), 0, ridge.shape[0] - 1)
        drawn[rows, chain.empty + chain.left] = 255
    return np.asarray(cv2.dilate(drawn, np.ones((3, 1), np.uint8)), np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class _Chain:
    """Pieces that follow each other: the row of each of its columns, those with a piece, and those without."""

    left: int
    course: NDArray[np.float64]
    seen: NDArray[np.int64]
    empty: NDArray[np.int64]

    @property
    def cover(self) -> float:
        return len(self.seen) / len(self.course)

    @property
    def is_broken(self) -> bool:
        """Whether it has several pieces that do not begin at one distance from each other, as strokes of print do."""
        starts = self.seen[np.flatnonzero(np.diff(self.seen, prepend=-9) > 2)]
        if len(starts) < LEAST_PIECES:
            return False
        steps = np.diff(starts)
        regular = np.abs(steps - np.median(steps)) <= ALIKE * np.median(steps)
        return bool(regular.mean() < REGULAR) if len(steps) > 2 else self.cover >= FEW_COVERED

    def lies_on(self, known: Image) -> bool:
        """Whether most of it is a line that is known."""
        rows = np.clip(np.rint(self.course).astype(np.int64), 1, known.shape[0] - 2)
        columns = np.arange(self.left, self.left + len(rows))
        seen = (known[rows - 1, columns] > 0) | (known[rows, columns] > 0) | (known[rows + 1, columns] > 0)
        return float(seen.mean()) > ON_KNOWN


def _chains(pieces: Image, joined: Image, ink: NDArray[np.bool_], side: int) -> list[_Chain]:
    parts = components(joined, connectivity=4)
    least, thickest = side * LEAST_LENGTH, side * THICK
    found = []
    for k, (left, top, width, height, _) in enumerate(parts.stats.tolist()):
        if k == 0 or width < least or height > thickest + SLOPE * width + 2:
            continue
        box = np.s_[top : top + height, left : left + width]
        own = parts.own(k) & (pieces[box] > 0)
        counts = own.sum(axis=0)
        seen = np.flatnonzero(counts > 0)
        if len(seen) < COVERED * width:
            continue
        middle = (own[:, seen] * np.arange(height)[:, None]).sum(axis=0) / counts[seen]
        course = np.interp(np.arange(width), seen, middle) + top
        empty = np.setdiff1d(np.arange(width), seen)
        near = round(float(counts[seen].mean()) / 2 + side * RIM)
        if not _is_print(ink, course, left, (near, round(side * BESIDE)), seen, empty):
            found.append(_Chain(left, course, seen, empty))
    return found


def _wholeness(chains: list[_Chain], side: int) -> float:
    """How much of a page's rules is there: the mean cover of its long chains, weighed by their length; 1 where there are none."""
    long = [c for c in chains if len(c.course) >= side * LONG]
    if not long:
        return 1.0
    return float(np.average([c.cover for c in long], weights=[float(len(c.course)) ** 2 for c in long]))


def _long(known: Image, side: int) -> int:
    """The length of all long lines that are known, in pixels."""
    joined = cv2.morphologyEx(
        cv2.dilate(known, np.ones((3, 1), np.uint8)),
        cv2.MORPH_CLOSE,
        np.ones((1, max(3, round(side * JOINED))), np.uint8),
    )
    widths = components(np.asarray(joined, np.uint8)).stats[1:, 2]
    return int(widths[widths >= side * LONG].sum())


def _is_print(
    ink: NDArray[np.bool_],
    course: NDArray[np.float64],
    left: int,
    reach: tuple[int, int],
    seen: NDArray[np.int64],
    empty: NDArray[np.int64],
) -> bool:
    """Whether a chain is of strokes: with print close on both sides, or all along one, or beside its pieces and not beside its gaps."""
    offsets = np.arange(reach[0], max(reach) + 1)[:, None]
    rows = np.rint(course).astype(np.int64)[None, :]
    columns = np.arange(left, left + len(course))[None, :]
    before, after = (ink[np.clip(rows + sign * offsets, 0, ink.shape[0] - 1), columns].any(axis=0) for sign in (-1, 1))
    shares = sorted((float(before.mean()), float(after.mean())))
    either = before | after
    at_pieces, at_gaps = float(either[seen].mean()), float(either[empty].mean()) if len(empty) else 1.0
    with_pieces = at_pieces > 2 * CROWDED and at_gaps < IN_STEP * at_pieces
    return shares[0] > CROWDED or shares[1] > ALONG_ONE or with_pieces
