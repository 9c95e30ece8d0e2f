"""Labels that were read on a page, by their places: a cell that rival grids share is read once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gikocr.elements import CellText
    from gikocr.geometry import BBox

SURE = 0.9
"""Score from which a label is known. What lines of another grid would have left of it, or put into it, is not read so surely."""
APART = 0.12
"""Sides of one cell in two grids lie apart by no more than this share of the height of print."""


class KnownCells:
    """Texts of the cells of one upright page. Boxes are in pixels of it."""

    def __init__(self) -> None:
        self._texts: list[CellText] = []
        self._boxes: list[tuple[float, float, float, float]] = []
        self._array = np.zeros((0, 4))

    def forget(self) -> None:
        """Let go of a page."""
        self._texts, self._boxes, self._array = [], [], np.zeros((0, 4))

    def add(self, cells: Iterable[tuple[BBox, CellText]]) -> None:
        """Keep the texts of cells that were read surely."""
        for box, text in cells:
            if text.text and text.score >= SURE:
                self._texts.append(text)
                self._boxes.append(_sides(box))

    def find(self, box: BBox, height: float) -> CellText | None:
        """The text of a cell that was read in this place; ``height`` of the print around, in pixels."""
        if len(self._array) < len(self._boxes):
            self._array = np.array(self._boxes)
        if not len(self._array):
            return None
        apart = np.abs(self._array - _sides(box)).max(axis=1)
        nearest = int(apart.argmin())
        return self._texts[nearest] if apart[nearest] <= APART * height else None


def _sides(box: BBox) -> tuple[float, float, float, float]:
    return box.left, box.top, box.right, box.bottom
