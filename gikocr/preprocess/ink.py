"""Grey pictures with even light, and seal ink told from black ink."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from gikocr.elements import Image

SEAL_EXCESS = 45
"""Least excess of red over the stronger of green and blue, of 255, that makes a pixel seal ink."""
SEAL_LEAST_SHARE = 2e-4
"""Seal ink below this share of the page is camera or JPEG colour noise, not a seal."""
BACKGROUND_SHARE = 1 / 40
"""Width of the closing that removes print from the background, as a share of the longer side."""
STREAK_BESIDE, STREAK_WIDEST = 4, 4
"""Pixels: how far beside a streak the paper is looked at, and how wide a streak is at most."""
STREAK_CONTRAST = 9
"""Least difference, of 255, between a streak and what is beside it."""
STREAK_SEEN, STREAK_SEEN_MARGIN = 0.55, 0.6
"""Share of the picture's length, and of its outermost parts on both sides, on which a streak is seen. No rule is in both margins."""
STREAK_MARGIN = 0.05
"""Length of these outermost parts, as a share of the picture."""
NEGATIVE = 70
"""A page whose median brightness, of 255, is below this is a negative: paper covers most of any page."""
DARKEST_PAPER = 60
"""Paper is never taken to be darker than this: what is, is a blot or the scanner's lid."""


def to_gray(image: Image) -> Image:
    """Make a grey picture in which red seal ink is paper and black ink under it stays dark.

    In the red channel red ink is nearly as bright as paper, so that channel is used where red predominates.

    Args:
        image: (H, W) grey or (H, W, 3) RGB, uint8.

    Returns:
        The grey picture (H, W) uint8.
    """
    if image.ndim == 2:
        return image
    gray = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
    red, green, blue = cv2.split(image)
    excess = cv2.subtract(red, cv2.max(green, blue))
    _, mask = cv2.threshold(excess, SEAL_EXCESS, 255, cv2.THRESH_BINARY)
    if cv2.countNonZero(mask) < SEAL_LEAST_SHARE * mask.size:
        return gray
    # The rim of a stroke mixes red with paper or with JPEG's blurred colour, so the mask is widened a little.
    mask = cv2.dilate(mask, np.ones((5, 5), np.uint8))
    seal = mask > 0
    brightest = int(np.percentile(red[seal], 90))
    lifted = cv2.convertScaleAbs(red, alpha=min(1.6, 255 / max(brightest, 128)))
    return np.where(seal, np.maximum(lifted, gray), gray).astype(np.uint8)


def dark_on_light(gray: Image) -> Image:
    """Invert a page that shows light print on a dark ground (a negative, or a fax stored with its bits swapped)."""
    return np.asarray(255 - gray, np.uint8) if float(np.median(gray[::8, ::8])) < NEGATIVE else gray


def without_streaks(gray: Image) -> Image:
    """Take out straight lines that dirt on a scanner's glass draws from edge to edge of a picture, along its rows or its columns.

    They follow the scanner, not the page, so they must be looked for before a skew is taken out. What they cover is filled from
    both sides, so that a figure that one runs through stays whole.

    Args:
        gray: (H, W) uint8 with paper near 255, as it was scanned or turned by quarters.
    """
    upright = _without_columns(gray)
    turned = np.ascontiguousarray(upright.T)
    level = _without_columns(turned)
    return upright if level is turned else np.ascontiguousarray(level.T)


def _without_columns(gray: Image) -> Image:
    height, width = gray.shape
    if min(height, width) < 8 * STREAK_BESIDE:
        return gray
    beside = STREAK_BESIDE
    sides = cv2.min(gray[:, 2 * beside :], gray[:, : -2 * beside])
    darker = (cv2.subtract(sides, gray[:, beside:-beside]) > STREAK_CONTRAST).astype(np.uint8)
    zone = max(1, round(height * STREAK_MARGIN))
    inner = max(1, zone // 6)
    shares = [
        cv2.reduce(part, 0, cv2.REDUCE_AVG, dtype=cv2.CV_32F)[0]
        for part in (darker, darker[inner:zone], darker[-zone:-inner])
    ]
    found = (shares[0] >= STREAK_SEEN) & (shares[1] >= STREAK_SEEN_MARGIN) & (shares[2] >= STREAK_SEEN_MARGIN)
    if not found.any():
        return gray
    columns = np.flatnonzero(found) + beside
    result = gray.copy()
    for run in np.split(columns, np.flatnonzero(np.diff(columns) > 2) + 1):
        first, last = int(run[0]) - 2, int(run[-1]) + 2
        if run[-1] - run[0] > STREAK_WIDEST or first < 0 or last >= width:
            continue
        share = np.linspace(0, 1, last - first + 1, dtype=np.float32)[1:-1]
        left, right = gray[:, first, None].astype(np.float32), gray[:, last, None].astype(np.float32)
        result[:, first + 1 : last] = np.rint(left + (right - left) * share[None, :]).astype(np.uint8)
    return result


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
