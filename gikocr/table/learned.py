"""Grids from boundaries that a network sees, whether rules are printed there or not.

What the network gives takes the place of the masks of ruling lines; from there on the tables are built as ruled ones are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import cv2
import numpy as np

from gikocr.table.grids import build_grids
from gikocr.table.lines import RulingLines, mask_segments

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gikocr.elements import Grid, Image

SURE, PERHAPS = 0.5, 0.3
"""Probabilities from which there is a boundary, and from which there may be one where a line leads to it."""


class BoundaryFinder(Protocol):
    """Sees cell boundaries on a page."""

    name: str

    def boundaries(self, gray: Image) -> NDArray[np.float32]:
        """Probabilities (2, h, w) in [0, 1] of level and of upright boundaries, of an (H, W) uint8 page made smaller to (h, w)."""
        ...


def boundary_lines(gray: Image, finder: BoundaryFinder) -> RulingLines:
    """The boundaries of a page as ruling lines that are all printed.

    Args:
        gray: (H, W) uint8 upright page, paper near 255.
        finder: sees the boundaries.
    """
    side = max(gray.shape)
    size = (gray.shape[1], gray.shape[0])
    level, upright = (cv2.resize(p, size, interpolation=cv2.INTER_LINEAR) for p in finder.boundaries(gray))
    masks = [np.where(p > SURE, 255, 0).astype(np.uint8) for p in (level, upright)]
    ridges = [np.where(p > PERHAPS, 255, 0).astype(np.uint8) for p in (level, upright)]
    return RulingLines(
        mask_segments(masks[0], side, "horizontal"),
        mask_segments(np.ascontiguousarray(masks[1].T), side, "vertical"),
        *masks,
        *ridges,
        np.zeros_like(gray),
        side,
    )


def boundary_grids(gray: Image, finder: BoundaryFinder, page: int) -> list[Grid]:
    """The tables of a page by the boundaries that a network sees, from top to bottom; arguments as for :func:`boundary_lines`.

    ``page`` is its number, 1-based.
    """
    return build_grids(boundary_lines(gray, finder), page)
