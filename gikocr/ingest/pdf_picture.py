"""The picture stored in a scanned PDF page: its pixels, turned as a viewer shows them, and the proof of that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from gikocr.geometry import Affine, BBox
from gikocr.ingest.pixels import grey_if_grey

if TYPE_CHECKING:
    from gikocr.elements import Image

PROOF_SIDE = 320
"""Longer side, in pixels, of the small rendering that a stored picture is compared with."""

MIN_LIKENESS = 0.95
"""Least correlation of the stored picture with that rendering; the same picture has more than 0.999."""

FLAT_DEVIATION = 1.0
"""Below this standard deviation (grey levels) a rendering has nothing to compare."""

MAX_MEAN_DIFFERENCE = 8.0
"""Largest difference (grey levels) of the means of the stored picture and that rendering."""


def render(page: pdfium.PdfPage, scale: float, *, grey: bool = False) -> Image:
    """The page as a viewer shows it, at ``scale`` pixels per point: (H, W, 3) RGB, or (H, W) when it is grey."""
    bitmap = page.render(scale=scale, rev_byteorder=not grey, grayscale=grey, limit_image_cache=True)
    try:
        # The colours of a page of the largest size take hundreds of megabytes: those of a grey page are not copied.
        shared = bitmap.to_numpy()
        pixels = grey_if_grey(shared)
        return np.array(pixels, dtype=np.uint8, order="C") if pixels is shared else pixels
    finally:
        bitmap.close()


def stored_pixels(item: pdfium.PdfImage) -> Image | None:
    """The stored pixels, grey or RGB; None where pdfium gives none."""
    try:
        bitmap = item.get_bitmap()
    except pdfium.PdfiumError:
        return None
    # The buffer belongs to the bitmap, and pdfium frees it when the bitmap goes out of scope: hence copies.
    pixels = bitmap.to_numpy()
    if bitmap.format == pdfium_c.FPDFBitmap_Gray:
        return np.array(pixels, dtype=np.uint8, order="C")
    if bitmap.format in (pdfium_c.FPDFBitmap_BGR, pdfium_c.FPDFBitmap_BGRx):
        return np.array(pixels[..., 2::-1], dtype=np.uint8, order="C")
    return None  # with an alpha channel: only rendering shows it over the page


def turn(pixels: Image, to_view: Affine) -> tuple[Image, Affine]:
    """Transpose and mirror the pixels until their rows run rightwards and downwards in the viewer's frame."""
    if abs(to_view.b) + abs(to_view.d) > abs(to_view.a) + abs(to_view.e):
        pixels = pixels.swapaxes(0, 1)
        to_view = Affine(to_view.b, to_view.a, to_view.c, to_view.e, to_view.d, to_view.f)
    rows, columns = pixels.shape[:2]
    if to_view.a < 0:
        pixels = pixels[:, ::-1]
        to_view = Affine(-1, 0, columns, 0, 1, 0).then(to_view)
    if to_view.e < 0:
        pixels = pixels[::-1]
        to_view = Affine(1, 0, 0, 0, -1, rows).then(to_view)
    return np.ascontiguousarray(pixels), to_view


def crop(pixels: Image, to_view: Affine, frame: BBox) -> tuple[Image, Affine]:
    """Cut off what lies outside of the page, such as the other half of a double page."""
    rows, columns = pixels.shape[:2]
    seen = to_view.inverse().apply_bbox(frame).bbox.intersection(BBox(0, 0, columns, rows))
    if seen is None:
        return pixels, to_view
    # Rounding to the nearest pixel keeps pictures whole that stick out by the rounding of a PDF writer.
    left, top, right, bottom = (round(v) for v in (seen.left, seen.top, seen.right, seen.bottom))
    if (left, top, right, bottom) == (0, 0, columns, rows) or right <= left or bottom <= top:
        return pixels, to_view
    return np.ascontiguousarray(pixels[top:bottom, left:right]), Affine.translation(left, top).then(to_view)


def is_what_a_viewer_shows(page: pdfium.PdfPage, pixels: Image, to_view: Affine, frame: BBox) -> bool:
    """Compare the turned picture with a small rendering of the page.

    Masks, decode arrays, clips, layers and forms can make a page look different from the picture stored in it in more
    ways than can be listed; a picture used inverted or mirrored by mistake would be read wrongly without any sign.
    """
    proof = render(page, PROOF_SIDE / max(frame.width, frame.height), grey=True)
    rows, columns = proof.shape[:2]
    scale_x, scale_y = columns / frame.width, rows / frame.height
    placed = (
        to_view.then(Affine.scaling(scale_x, scale_y)).apply_bbox(BBox(0, 0, pixels.shape[1], pixels.shape[0])).bbox
    )
    left, top = max(0, round(placed.left)), max(0, round(placed.top))
    right, bottom = min(columns, max(left + 1, round(placed.right))), min(rows, max(top + 1, round(placed.bottom)))
    if right <= left or bottom <= top:
        return False
    small = cv2.resize(pixels, (right - left, bottom - top), interpolation=cv2.INTER_AREA)
    sheet = np.full(proof.shape[:2], 255, np.uint8)
    sheet[top:bottom, left:right] = small if small.ndim == 2 else cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    # Blurring takes out what only the two ways of making pictures smaller see differently.
    one, other = (
        cv2.GaussianBlur(image.reshape(rows, columns).astype(np.float32), (0, 0), 1.5) for image in (proof, sheet)
    )
    if abs(float(one.mean() - other.mean())) > MAX_MEAN_DIFFERENCE:
        return False
    spread = float(one.std()), float(other.std())
    if min(spread) < FLAT_DEVIATION:
        return max(spread) < 2 * FLAT_DEVIATION
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1]) >= MIN_LIKENESS
