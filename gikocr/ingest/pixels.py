"""The pixels of one page before it gets its number, and what is common to all sources of pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gikocr.geometry import Affine

if TYPE_CHECKING:
    from gikocr.elements import Image, Unit

SQUARE_TOLERANCE = 0.03
"""Pixels whose sides differ by less than this share count as square: scanners and PDF writers round their
resolutions."""

LONGEST_SHEET = 2.0
"""Longer to shorter side of the sheets of paper that reports are printed on is less: 1.41 of A4, 1.64 of legal."""
MAX_PIXEL_ASPECT = 4.5
"""A stated pixel aspect beyond this is an error of the file. The coarsest fax mode, 408 × 98 per inch, has 4.2."""

DEFAULT_DPI = 96.0
"""Software that knows no resolution writes 72 or 96; no scanner offers less than 100."""

A3_LONG_SIDE = 420 / 25.4
"""Inches. A sheet of a report is not longer."""

DPI_RANGE = (20.0, 5000.0)
"""A resolution outside is an error of the file."""

_GREY_ROWS = 256


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One decoded page.

    Attributes:
        image: (H, W) grey or (H, W, 3) RGB, uint8, turned as a viewer shows it, pixels square.
        width: width of the frame that a viewer shows, in ``unit``.
        height: height of that frame.
        unit: ``pt`` or ``px``.
        to_view: maps image pixels into the frame.
        dpi: pixels of ``image`` per inch of the sheet, None when unknown.
    """

    image: Image
    width: float
    height: float
    unit: Unit
    to_view: Affine
    dpi: float | None


def believable_dpi(dpi: float | None, long_side: int) -> float | None:
    """A stated resolution, or None where it says nothing.

    Args:
        dpi: pixels per inch as stated.
        long_side: pixels of the longer side.

    Returns:
        ``dpi``; None when it is no resolution at all, or when it is a value that software writes for want of a better
        one and the sheet would then be larger than A3.
    """
    if dpi is None or not DPI_RANGE[0] <= dpi <= DPI_RANGE[1]:
        return None
    if dpi <= DEFAULT_DPI + 0.5 and long_side / dpi > A3_LONG_SIDE:
        return None
    return dpi


def _longer_to_shorter(width: float, height: float) -> float:
    return max(width, height) / max(1e-9, min(width, height))


def square_size(width: int, height: int, dpi_x: float | None, dpi_y: float | None) -> tuple[int, int]:
    """The size in pixels that makes pixels square by enlarging along the coarser direction.

    The same size when they are square already, or when the resolution makes no sense. A fax that was turned often keeps the
    resolutions of the directions that it had: where they make a strip that no sheet is, and exchanged a sheet, they are exchanged.
    """
    if dpi_x is None or dpi_y is None or min(dpi_x, dpi_y) <= 0:
        return width, height
    aspect = dpi_x / dpi_y
    if not 1 / MAX_PIXEL_ASPECT <= aspect <= MAX_PIXEL_ASPECT or abs(math.log(aspect)) <= SQUARE_TOLERANCE:
        return width, height
    if _longer_to_shorter(width, height * aspect) > LONGEST_SHEET >= _longer_to_shorter(width, height / aspect):
        aspect = 1 / aspect
    if aspect > 1:
        return width, max(1, round(height * aspect))
    return max(1, round(width / aspect)), height


def grey_if_grey(image: Image) -> Image:
    """An RGB image (H, W, 3) as (H, W) when all its pixels are grey, else as it is."""
    if image.ndim == 2:
        return image
    # A copy of the planes of a whole page would double the memory, and a coloured page shows itself in the first
    # strips.
    for top in range(0, image.shape[0], _GREY_ROWS):
        strip = image[top : top + _GREY_ROWS]
        if (strip[..., 0] != strip[..., 1]).any() or (strip[..., 0] != strip[..., 2]).any():
            return image
    return image[..., 0].copy()
