"""Grey pictures with even light, and seal ink told from black ink."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gikocr.elements import Image

SEAL_EXCESS = 45
"""Least excess of red over the stronger of green and blue, of 255, that makes a pixel seal ink."""
SEAL_LEAST_SHARE = 2e-4
"""Seal ink below this share of the page is camera or JPEG colour noise, not a seal."""
BACKGROUND_SHARE = 1 / 40
"""Width of the closing that removes print from the background, as a share of the longer side."""
NEGATIVE = 70
"""A page whose median brightness, of 255, is below this is a negative: paper covers most of any page."""
DARKEST_PAPER = 60
"""Paper is never taken to be darker than this: what is, is a blot or the scanner's lid."""


def to_gray(image: Image) -> tuple[Image, NDArray[np.bool_] | None]:
    """Make a grey picture in which red seal ink is paper and black ink under it stays dark.

    In the red channel red ink is nearly as bright as paper, so that channel is used where red predominates.

    Args:
        image: (H, W) grey or (H, W, 3) RGB, uint8.

    Returns:
        The grey picture (H, W) uint8, and where seal ink was (H, W) bool, or None when there was none.
    """
    if image.ndim == 2:
        return image, None
    gray = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
    red, green, blue = cv2.split(image)
    excess = cv2.subtract(red, cv2.max(green, blue))
    _, mask = cv2.threshold(excess, SEAL_EXCESS, 255, cv2.THRESH_BINARY)
    if cv2.countNonZero(mask) < SEAL_LEAST_SHARE * mask.size:
        return gray, None
    # The rim of a stroke mixes red with paper or with JPEG's blurred colour, so the mask is widened a little.
    mask = cv2.dilate(mask, np.ones((5, 5), np.uint8))
    seal = mask > 0
    brightest = int(np.percentile(red[seal], 90))
    lifted = cv2.convertScaleAbs(red, alpha=min(1.6, 255 / max(brightest, 128)))
    return np.where(seal, np.maximum(lifted, gray), gray).astype(np.uint8), seal


def dark_on_light(gray: Image) -> Image:
    """Invert a page that shows light print on a dark ground (a negative, or a fax stored with its bits swapped)."""
    return np.asarray(255 - gray, np.uint8) if float(np.median(gray[::8, ::8])) < NEGATIVE else gray


def even_light(gray: Image) -> Image:
    """Divide by the paper's own brightness, so that shade, yellowing and shaded table heads become white.

    The paper is estimated on a picture reduced eight times by a morphological closing wider than a printed character.

    Args:
        gray: (H, W) uint8.

    Returns:
        (H, W) uint8 with paper near 255.
    """
    height, width = gray.shape
    factor = 8 if min(height, width) >= 256 else 1
    small = cv2.resize(gray, (max(1, width // factor), max(1, height // factor)), interpolation=cv2.INTER_AREA)
    side = max(3, int(max(small.shape) * BACKGROUND_SHARE) | 1)
    paper = cv2.morphologyEx(small, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_RECT, (side, side)))
    paper = cv2.GaussianBlur(paper, (side, side), 0)
    paper = np.maximum(paper, DARKEST_PAPER)
    full = cv2.resize(paper, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.divide(gray, full, scale=250), np.uint8)
