"""Windows on cells as the numeral network takes them: 32 pixels high, alike widths together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gikocr.elements import Image

HEIGHT = 32
WIDTHS = (32, 40, 48, 64, 80, 96, 128, 160, 192, 256, 320, 448, 640)
"""Windows are padded with paper to the next of these; the few that are longer are squeezed."""


def padded_width(window: Image) -> int:
    """The width in :data:`WIDTHS` that a window needs at :data:`HEIGHT`."""
    width = scaled_width(window)
    return next((step for step in WIDTHS if width <= step), WIDTHS[-1])


def scaled_width(window: Image) -> int:
    """Width of a window in pixels when it is brought to :data:`HEIGHT`, at most the last of :data:`WIDTHS`."""
    return max(1, min(WIDTHS[-1], round(window.shape[1] * HEIGHT / window.shape[0])))


def to_height(window: Image) -> Image:
    """The window at :data:`HEIGHT`, its proportions kept."""
    method = cv2.INTER_AREA if window.shape[0] > HEIGHT else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(window, (scaled_width(window), HEIGHT), interpolation=method), np.uint8)


def blob(windows: Sequence[Image], width: int) -> NDArray[np.float32]:
    """(N, 1, HEIGHT, width) float32, 0 is paper and 1 full ink; each window stands in the middle."""
    result = np.zeros((len(windows), 1, HEIGHT, width), np.float32)
    for i, window in enumerate(windows):
        scaled = to_height(window)
        left = (width - scaled.shape[1]) // 2
        result[i, 0, :, left : left + scaled.shape[1]] = (255.0 - scaled) / 255.0
    return result


def batches(windows: Sequence[Image], most: int) -> Iterator[tuple[list[int], NDArray[np.float32]]]:
    """Indices of windows of one padded width, at most ``most`` of them, with their :func:`blob`."""
    by_width: dict[int, list[int]] = {}
    for i, window in enumerate(windows):
        by_width.setdefault(padded_width(window), []).append(i)
    for width, indices in sorted(by_width.items()):
        for start in range(0, len(indices), most):
            part = indices[start : start + most]
            yield part, blob([windows[i] for i in part], width)
