"""Turn, straighten and clean a page; every step gives its picture and the map back to the page that a viewer shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from gikocr.elements import Page, UprightPage
from gikocr.geometry import Affine, Warp
from gikocr.preprocess.bend import find_bend, unbend
from gikocr.preprocess.ink import dark_on_light, even_light, to_gray, without_streaks
from gikocr.preprocess.shades import without_shades
from gikocr.preprocess.sheet import Sheet, find_sheet
from gikocr.preprocess.skew import find_skew

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gikocr.elements import Image
    from gikocr.settings import Settings

A4_LONG_SIDE_INCH = 11.69
MOST_ENLARGEMENT = 2.0
"""Small pictures are not enlarged more than this: there is nothing more to see."""
SIDES_OF_A_PHOTOGRAPH = 3
"""A picture that shows so many sides of its sheet, on something darker, was taken by a camera."""
LEAST_SKEW = 0.05
"""Degrees; a smaller skew moves a line across the page by less than its own thickness and is left alone."""


def resize_to_working(image: Image, working_dpi: int) -> tuple[Image, Affine]:
    """Bring a page to the size at which an A4 page has ``working_dpi``, unless it is close to it already.

    Returns:
        The picture and the map from its pixels to the pixels of ``image``.
    """
    target = A4_LONG_SIDE_INCH * working_dpi
    longest = max(image.shape[:2])
    if target * 0.8 <= longest <= target * 1.12:
        return image, Affine()
    factor = min(target / longest, MOST_ENLARGEMENT)
    width = max(1, round(image.shape[1] * factor))
    height = max(1, round(image.shape[0] * factor))
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    resized = np.asarray(cv2.resize(image, (width, height), interpolation=method), np.uint8)
    # Pixel centres, not corners, correspond: x' + 0.5 = (x + 0.5) · factor.
    sx, sy = image.shape[1] / width, image.shape[0] / height
    return resized, Affine(sx, 0.0, (sx - 1) / 2, 0.0, sy, (sy - 1) / 2)


def turn(image: Image, degrees: int) -> tuple[Image, Affine]:
    """Turn clockwise by 0, 90, 180 or 270 degrees.

    Returns:
        The picture and the map from its pixels to the pixels of ``image``.

    Raises:
        ValueError: any other angle.
    """
    height, width = image.shape[:2]
    if degrees == 0:
        return image, Affine()
    if degrees == 90:
        return np.asarray(cv2.rotate(image, cv2.ROTATE_90_CLOCKWISE), np.uint8), Affine(0, 1, 0, -1, 0, height - 1)
    if degrees == 180:
        return np.asarray(cv2.rotate(image, cv2.ROTATE_180), np.uint8), Affine(-1, 0, width - 1, 0, -1, height - 1)
    if degrees == 270:
        return np.asarray(cv2.rotate(image, cv2.ROTATE_90_COUNTERCLOCKWISE), np.uint8), Affine(
            0, -1, width - 1, 1, 0, 0
        )
    raise ValueError(f"a page can be turned by 0, 90, 180 or 270 degrees, not by {degrees}")


def straighten(gray: Image, angle: float) -> tuple[Image, Affine]:
    """Take a skew out by a rotation about the middle; uncovered corners become paper.

    Returns:
        The picture and the map from its pixels to the pixels of ``gray``.
    """
    if abs(angle) < LEAST_SKEW:
        return gray, Affine()
    height, width = gray.shape[:2]
    back = Affine.rotation(angle, ((width - 1) / 2, (height - 1) / 2))
    matrix = np.asarray(back.rows(), dtype=np.float64)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    turned = cv2.warpAffine(gray, matrix, (width, height), flags=flags, borderValue=(255.0,))
    return np.asarray(turned, np.uint8), back


def make_upright(page: Page, settings: Settings, turned: int = 0) -> UprightPage:
    """Prepare a page that is to be turned clockwise by ``turned`` degrees.

    Which turn a page needs shows only when its words are read: :class:`gikocr.pipeline.pages.PageReader` finds it.
    """
    image, back_scale = resize_to_working(page.image, settings.working_dpi)
    gray, back_turn = turn(dark_on_light(to_gray(image)), turned)
    sheet = find_sheet(gray)
    gray = without_streaks(without_shades(even_light(gray)))
    if sheet is not None:
        gray[sheet.beyond] = 255
    skew = find_skew(gray, settings.max_skew)
    straight, back_skew = straighten(gray, skew)
    to_page = back_turn.then(back_scale).then(page.to_view)
    # A scanner lays a sheet flat. What little bend is left there lines allow for, and a wrong map costs more than it.
    warp = None
    if sheet is not None and len(sheet.sides) >= SIDES_OF_A_PHOTOGRAPH:
        warp = find_bend(straight, _sides(sheet, back_skew.inverse()))
    to_view: Affine | Warp = back_skew.then(to_page)
    if warp is not None:
        # From the page as it was, so that it is interpolated once.
        warp = warp.then(back_skew)
        straight = unbend(gray, warp)
        to_view = warp.then(to_page)
    size = (page.width, page.height)
    return UprightPage(page.number, straight, to_view, page.unit, size, turned, skew, page.half_of)


def _sides(sheet: Sheet, to_straight: Affine) -> list[tuple[bool, NDArray[np.float64]]]:
    """The sides of a sheet on the page without its skew, each with whether it runs level."""
    found = []
    for name, points in sheet.sides.items():
        straight = np.array([to_straight.apply(x, y) for x, y in points.tolist()], np.float64)
        found.append(
            (name in ("top", "bottom"), straight[np.argsort(straight[:, 0 if name in ("top", "bottom") else 1])])
        )
    return found
