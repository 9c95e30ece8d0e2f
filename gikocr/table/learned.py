"""Grids from boundaries that a network sees, whether rules are printed there or not.

What the network gives takes the place of the masks of ruling lines; from there on the tables are built as ruled ones are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import cv2
import numpy as np

from gikocr.table.grids import build_grids
from gikocr.table.lines import RulingLines, Segment, mask_segments

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gikocr.elements import Grid, Image
    from gikocr.geometry import BBox

SPREAD = {"horizontal": 1.2, "vertical": 2.2}
"""Standard deviations across, in pixels of the map, within which a boundary may lie: where no rule is printed, it may be anywhere in
the white between rows or, further, between columns, and its probability is spread over that."""
ALONG = {"horizontal": 3.0, "vertical": 5.0}
"""Standard deviations along, in pixels of the map, over which its place is evened."""
DRAWN = 2.0
"""Thickness in pixels of the map of a boundary that is sure, as the network learned it."""
SEEN = (0.9, 0.6)
"""Shares of that which must be there: where boundaries are sure, as printed ones are, and where they are told by the print alone. The
one leaves out what is not printed, the other may cut cells that are none; which is better shows when the words are read."""
APART = 2
"""Boundaries are further apart than this many pixels of the map."""


class BoundaryFinder(Protocol):
    """Sees cell boundaries on a page."""

    name: str

    def boundaries(self, gray: Image) -> NDArray[np.float32]:
        """Probabilities (2, h, w) in [0, 1] of level and of upright boundaries, of an (H, W) uint8 page made smaller to (h, w)."""
        ...


def boundary_lines(gray: Image, probability: NDArray[np.float32], seen: float) -> RulingLines:
    """The boundaries of a page as ruling lines that are all printed.

    Args:
        gray: (H, W) uint8 upright page, paper near 255.
        probability: (2, h, w) as :meth:`BoundaryFinder.boundaries` gives it.
        seen: one of :data:`SEEN`.
    """
    side = max(gray.shape)
    level, upright = probability
    h_mask, horizontal = _seen(level, (gray.shape[1], gray.shape[0]), "horizontal", seen)
    v_mask, vertical = _seen(np.ascontiguousarray(upright.T), gray.shape, "vertical", seen)
    v_mask = np.ascontiguousarray(v_mask.T)
    return RulingLines(horizontal, vertical, h_mask, v_mask, h_mask, v_mask, np.zeros_like(gray), side)


def _seen(
    probability: NDArray[np.float32], size: tuple[int, int], direction: str, seen: float
) -> tuple[Image, tuple[Segment, ...]]:
    """The boundaries that run level on a map (the caller transposes for upright ones).

    Args:
        probability: (h, w), the map.
        size: width and height of the page.
        direction: ``horizontal`` or ``vertical``, of the boundaries on the page.
        seen: the share of a sure boundary that must be there.

    Returns:
        Where boundaries lie, (H, W) uint8, and their segments in pixels of the page.
    """
    spread = SPREAD[direction]
    weights = np.asarray(cv2.getGaussianKernel(8 * round(spread) + 1, spread), np.float64)
    sure = float(weights[len(weights) // 2 - 1 : len(weights) // 2 + 1].sum()) * DRAWN / 2
    near = cv2.sepFilter2D(probability, -1, np.ones((1, 1)), weights / sure, borderType=cv2.BORDER_CONSTANT)
    evened = cv2.GaussianBlur(near, (0, 0), sigmaX=ALONG[direction], sigmaY=1e-3, borderType=cv2.BORDER_CONSTANT)
    crest = (evened >= cv2.dilate(evened, np.ones((2 * APART + 1, 1), np.uint8))) & (near > seen)
    mask = np.where(near > seen, 255, 0).astype(np.uint8)
    found = mask_segments(np.where(crest, 255, 0).astype(np.uint8), max(probability.shape), direction)
    across, along = size[1] / probability.shape[0], size[0] / probability.shape[1]
    segments = tuple(
        Segment(_moved(s.along, along), _moved(s.across, across), s.start * along, s.end * along) for s in found
    )
    return np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST), np.uint8), segments


def _moved(places: NDArray[np.float32], factor: float) -> NDArray[np.float32]:
    """Centres of pixels of the map as places on the page."""
    return np.asarray((places + 0.5) * factor - 0.5, np.float32)


def boundary_grids(
    gray: Image, probability: NDArray[np.float32], seen: float, page: int, near: Sequence[BBox] | None = None
) -> list[Grid]:
    """The tables of a page by the boundaries that a network sees, from top to bottom; arguments as for :func:`boundary_lines`.

    ``page`` is its number, 1-based; ``near`` as for :func:`build_grids`.
    """
    return build_grids(boundary_lines(gray, probability, seen), page, near=near)


def boundary_grids_in(
    gray: Image, probability: NDArray[np.float32], seen: float, page: int, box: BBox, margin: float
) -> list[Grid]:
    """The tables by those boundaries only that lie in a box or within ``margin`` pixels of it; other arguments as above."""
    across, down = probability.shape[2] / gray.shape[1], probability.shape[1] / gray.shape[0]
    rows = slice(max(0, int((box.top - margin) * down)), int((box.bottom + margin) * down) + 1)
    columns = slice(max(0, int((box.left - margin) * across)), int((box.right + margin) * across) + 1)
    inside = np.zeros_like(probability)
    inside[:, rows, columns] = probability[:, rows, columns]
    return build_grids(boundary_lines(gray, inside, seen), page)
