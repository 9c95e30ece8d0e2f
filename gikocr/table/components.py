"""Connected components of masks of lines, which are empty on most rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gikocr.elements import Image


DENSE = 0.8
"""Where this share of the rows holds something, copying them out costs more than it saves."""


@dataclass(frozen=True, slots=True, eq=False)
class Components:
    """The connected components of a mask, numbered as OpenCV does, and 0 for what is outside of them.

    Attributes:
        stats: (n, 5) int: left, top, width, height in pixels of the mask, and area in pixels; that of 0 says nothing.
        labels: (h, W) int32, on the rows that were looked at.
        rows: (h,) which rows of the mask these are.
    """

    stats: NDArray[np.int64]
    labels: NDArray[np.int32]
    rows: NDArray[np.int64]

    def own(self, label: int) -> NDArray[np.bool_]:
        """(height, width) of its box: where the component lies."""
        left, top, width, height = (int(v) for v in self.stats[label, :4])
        first = int(np.searchsorted(self.rows, top))
        return np.asarray(self.labels[first : first + height, left : left + width] == label)

    def drawn(self, chosen: NDArray[np.bool_], shape: tuple[int, ...]) -> Image:
        """(H, W) uint8, 255 on the components that are chosen; ``chosen`` (n,)."""
        page = np.zeros(shape, np.uint8)
        page[self.rows] = np.where(chosen[self.labels], 255, 0)
        return page


def components(mask: Image, connectivity: int = 8) -> Components:
    """Find the components of a mask (H, W) uint8, looking only at its rows that are not empty.

    Args:
        mask: non-zero on what is to be parted.
        connectivity: 4 or 8.
    """
    filled = mask.max(axis=1) > 0
    # Rows stay in pairs, since that is how OpenCV goes over them and numbers what it finds; an empty pair parts what was apart.
    even = np.pad(filled, (0, len(filled) % 2))
    pairs = even[::2] | even[1::2]
    pairs[1:] |= pairs[:-1].copy()
    rows = np.flatnonzero(np.repeat(pairs, 2)[: len(filled)])
    dense = len(rows) > DENSE * len(filled)
    rows = np.arange(len(filled)) if dense else rows
    if not len(rows):
        return Components(np.zeros((1, 5), np.int64), np.zeros((0, mask.shape[1]), np.int32), rows)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(
        mask if dense else mask[rows], connectivity=connectivity, ltype=cv2.CV_32S
    )
    found = np.asarray(stats, np.int64)
    found[1:, 1] = rows[found[1:, 1]]
    return Components(found, np.asarray(labels, np.int32), rows)
