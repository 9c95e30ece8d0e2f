"""The view of a hand-held camera."""

from __future__ import annotations

import cv2
import numpy as np

from scripts.scanmaker.dice import Dice


def photo_matrix(dice: Dice, width: int, height: int, strength: float) -> tuple[np.ndarray, tuple[int, int]]:
    """Return the projective map of a page photographed askew, and the size of the photograph.

    Args:
        dice: the stream of the document's damage.
        width: of the page in pixels.
        height: of the page in pixels.
        strength: 0 to 1; at 1 the corners move by up to 6 % of the page.
    """
    reach = (0.015 + 0.045 * strength) * np.array([width, height])
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], dtype=np.float32)
    moved = corners + dice.rng.uniform(-1, 1, (4, 2)).astype(np.float32) * reach.astype(np.float32)
    margin = dice.rng.uniform(0.01, 0.06, 4) * width
    low = moved.min(axis=0) - margin[:2]
    high = moved.max(axis=0) + margin[2:]
    matrix = cv2.getPerspectiveTransform(corners, (moved - low).astype(np.float32)).astype(float)
    size = np.ceil(high - low).astype(int)
    return matrix, (int(size[0]), int(size[1]))
