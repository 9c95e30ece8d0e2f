"""gikocr's own network of cell boundaries, on ONNX Runtime: it shows where cells end, whether a rule is printed there or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from gikocr.engines.devices import onnx_session
from gikocr.engines.manifest import model_bytes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gikocr.elements import Image

MODEL = "boundaries"
LONGER = 1184
"""Longer side of a page, in pixels, as the network was trained: about 101 a inch on A4."""
MULTIPLE = 32
"""Sides of the network's input are multiples of this many pixels; its output is half as large."""


class BoundaryNetwork:
    """Finds cell boundaries on a page. One session, one thread; not for use from several threads at once."""

    name = MODEL

    def __init__(self, content: bytes) -> None:
        """Load a graph: ``ink`` (1, 1, H, W) float32 → ``boundaries`` (1, 3, H / 2, W / 2), probabilities."""
        # A page needs much memory, and pages that need the network are few.
        self._session = onnx_session(content)

    def boundaries(self, gray: Image) -> NDArray[np.float32]:
        """Probabilities of boundaries.

        Args:
            gray: (H, W) uint8 upright page, paper near 255.

        Returns:
            (2, h, w) in [0, 1], level ones and upright ones, over the whole page at a quarter of 200 dots an inch.
        """
        factor = LONGER / max(gray.shape)
        height, width = (max(2, 2 * round(n * factor / 2)) for n in gray.shape)
        method = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
        small = cv2.resize(gray, (width, height), interpolation=method)
        rows, columns = (-(-n // MULTIPLE) * MULTIPLE for n in (height, width))
        ink = np.zeros((1, 1, rows, columns), np.float32)
        ink[0, 0, :height, :width] = (255 - small.astype(np.float32)) / 255
        out = self._session.run(None, {"ink": ink})[0]
        return np.ascontiguousarray(out[0, :2, : height // 2, : width // 2])


def build_boundaries() -> BoundaryNetwork:
    """The network with the packaged weights.

    Raises:
        ModelMissing: the weights are absent or not the pinned ones.
    """
    return BoundaryNetwork(model_bytes(MODEL))
