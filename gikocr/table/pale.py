"""Where pale, dashed or dotted lines run: ridges too weak for a short window, told by a long one.

Averaged along a long window, noise vanishes and a dashed line is as even as a whole one. Print does not pass for a line: its
strokes cover less of a window, and a little above and below there are other strokes, while beside a line there is paper.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gikocr.elements import Image

_T = TypeVar("_T", np.uint8, np.float32)

REDUCED = 4
"""Pixels along the line that are averaged first: enough to thin the noise, less than the gap of most dashes."""
HALF_WINDOW = 1 / 24
"""Both halves of the window must show the line, each this share of the page's longer side: about 12 mm on A4."""
REACH = 1 / 520
"""Distance, as a share of the longer side, at which the paper beside a line is looked at."""
CONTRAST = 4
"""Least difference, of 255, between a line and the paper on both sides, after the first averaging."""
DASH = 1 / 260
"""Greatest gap in a dashed line, as a share of the longer side: a third of what is between the figures of a narrow column."""
SHARE = 0.8
"""Share of each half of the window on which it must be seen, such gaps counted in."""
NEARBY, NEARBY_SHARE = 1 / 75, 0.6
"""A line ends where it is seen on less than this share of a short window around, itself a share of the longer side."""
BESIDE = 0.45
"""Beside the line the mean darkness falls to less than this share of what it is on the line."""


def long_lines(dark: Image, side: int) -> Image:
    """Places where a level line runs on however palely, (H, W) uint8, 255 on the line and up to a pixel beside it.

    Args:
        dark: (H, W) uint8 darkness, 0 on white; transposed for upright lines.
        side: longer side of the page in pixels.
    """
    height, width = dark.shape
    half = max(2, round(side * HALF_WINDOW / REDUCED))
    if width < 2 * half * REDUCED:
        return np.zeros_like(dark)
    step = max(2, round(side * REACH))
    small = np.asarray(cv2.resize(dark, (width // REDUCED, height), interpolation=cv2.INTER_AREA), np.uint8)
    # Grey paper beside a pale line would hide how much darker the line is.
    paper = np.full_like(small, int(np.median(small[::4])))
    small = np.asarray(cv2.subtract(small, paper), np.uint8)
    ridge = np.where(cv2.subtract(small, beside(small, step, 0)) > CONTRAST, 255, 0).astype(np.uint8)
    # A line that slopes within the window changes rows.
    across = np.ones((3, 1), np.uint8)
    gap = max(1, round(side * DASH / REDUCED))
    ridge = np.asarray(cv2.dilate(ridge, across), np.uint8)
    bridged = np.asarray(cv2.morphologyEx(ridge, cv2.MORPH_CLOSE, np.ones((1, gap + 1), np.uint8)), np.uint8)
    seen = _mean_before(bridged, half)
    mean = _mean_before(np.asarray(small, np.uint8), half)
    thin = (seen >= SHARE * 255) & (beside(mean, step + 1, 255) < BESIDE * cv2.dilate(mean, across))
    both = np.zeros_like(small)
    both[:, :-half] = np.where(thin[:, :-half] & thin[:, half:], 255, 0)
    reached = cv2.dilate(both, np.ones((1, 2 * half - 1), np.uint8))
    # A window reaches past the end of its line, and between figures that stand under each other nothing is seen.
    short = max(3, round(side * NEARBY / REDUCED) | 1)
    here = cv2.boxFilter(ridge, cv2.CV_8U, (short, 1), borderType=cv2.BORDER_CONSTANT)
    reached[here < NEARBY_SHARE * 255] = 0
    return np.asarray(cv2.resize(reached, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8)


def _mean_before(values: Image, length: int) -> NDArray[np.float32]:
    """Mean over the `length` values that end at each place."""
    return np.asarray(
        cv2.boxFilter(values, cv2.CV_32F, (length, 1), anchor=(length - 1, 0), borderType=cv2.BORDER_CONSTANT),
        np.float32,
    )


def beside(values: NDArray[_T], step: int, beyond: int) -> NDArray[_T]:
    """The greater of what stands ``step`` rows above and below, (H, W) like the values; ``beyond`` outside."""
    # Rows outside are put on above and below, so that no copy is made of the others.
    padded = np.full((len(values) + 2 * step, *values.shape[1:]), beyond, values.dtype)
    padded[step:-step] = values
    return np.maximum(padded[: -2 * step], padded[2 * step :])
