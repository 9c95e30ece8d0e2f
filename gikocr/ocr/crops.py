"""Clean crops of print: the grey picture around it with everything else painted white, so that grey edges stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from gikocr.elements import Image
    from gikocr.geometry import BBox
    from gikocr.ocr.ink import PageInk

PAD = 0.16
"""White margin around the print in a crop, in heights of print."""


def crop_print(
    ink: PageInk, area: BBox, keep: tuple[int, ...], least_height: float, height: float, pad: float = PAD
) -> Image:
    """Cut a crop around an area of print, with everything that is not print painted white.

    Args:
        ink: the page's ink.
        area: around the print that is wanted.
        keep: indices of the components that are print.
        least_height: the crop is at least this high, so that a dash or a point keeps its scale.
        height: the height of print in this table.
        pad: margin around the area, in heights of print.

    Returns:
        (h, w) uint8.
    """
    pad = max(2.0, pad * height)
    extra = max(0.0, (least_height - area.height) / 2)
    x0, x1 = int(area.left - pad), int(np.ceil(area.right + pad))
    y0, y1 = int(area.top - pad - extra), int(np.ceil(area.bottom + pad + extra))
    page_h, page_w = ink.gray.shape
    cx0, cy0, cx1, cy1 = max(0, x0), max(0, y0), min(page_w, x1), min(page_h, y1)
    crop = np.full((max(1, y1 - y0), max(1, x1 - x0)), 255, np.uint8)
    if cx1 <= cx0 or cy1 <= cy0:
        return crop
    labels = ink.labels[cy0:cy1, cx0:cx1]
    wanted = np.zeros(len(ink.boxes) + 1, bool)
    wanted[np.asarray(keep, np.int32) + 1] = True
    print_here = wanted[labels]
    foreign = ((labels > 0) & ~print_here) | (ink.lines[cy0:cy1, cx0:cx1] > 0)
    grown = cv2.dilate(foreign.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    near_print = cv2.dilate(print_here.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    piece = ink.gray[cy0:cy1, cx0:cx1].copy()
    piece[(grown & ~near_print) | foreign] = 255
    crop[cy0 - y0 : cy1 - y0, cx0 - x0 : cx1 - x0] = piece
    return crop


def bare_crop(gray: Image, area: BBox, height: float) -> Image:
    """Cut a crop around an area of print as it is, uint8 (h, w), with the same margin as :func:`crop_print` has."""
    pad = max(2.0, PAD * height)
    rows = slice(max(0, int(area.top - pad)), max(1, int(np.ceil(area.bottom + pad))))
    cols = slice(max(0, int(area.left - pad)), max(1, int(np.ceil(area.right + pad))))
    return gray[rows, cols]


def strip_of_lines(crops: list[Image], height: int = 48) -> Image:
    """Set the lines of one cell side by side as one line.

    Heads of narrow columns are broken after every character or two; side by side they read like print, and in one go.
    """
    scaled = []
    for crop in crops:
        width = max(1, round(crop.shape[1] * height / crop.shape[0]))
        scaled.append(
            cv2.resize(
                crop, (width, height), interpolation=cv2.INTER_AREA if crop.shape[0] > height else cv2.INTER_LINEAR
            )
        )
    return np.hstack(scaled)
