"""PDF through pypdfium2: the scanned picture as it is stored where the page is one picture, else the page rendered."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from ctypes import ArgumentError, c_int
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from gikocr.errors import DamagedFile, DocumentError, EncryptedFile
from gikocr.geometry import Affine, BBox
from gikocr.ingest.inputs import printable_name
from gikocr.ingest.limits import check_image_size
from gikocr.ingest.pdf_picture import crop, is_what_a_viewer_shows, render, stored_pixels, turn
from gikocr.ingest.pdf_text import page_text
from gikocr.ingest.pixels import Picture, believable_dpi, grey_if_grey, square_size
from gikocr.ingest.truncation import JPEG_EDGE, is_cut_progressive_jpeg, too_much_missing

if TYPE_CHECKING:
    from gikocr.elements import Image
    from gikocr.markup import PageText
    from gikocr.settings import Settings

POINTS_PER_INCH = 72.0

FULL_PAGE_SHARE = 0.9
"""A picture that covers at least this share of the page may be the scan of it."""

MAX_TILT = 0.002
"""Tangent of the largest tilt of a placed picture that is passed on in ``to_view``; a picture tilted more is rendered
straight."""

MAX_RENDER_DPI = 300.0
"""Pages are not rendered finer than this for the sake of a finer picture on them."""

MIN_PICTURE_SHARE = 0.02
"""Pictures that cover less of the page (logos, seals, QR codes) do not raise the resolution at which it is rendered."""

MAX_OBJECTS = 20_000
"""A page is not searched for pictures beyond so many objects; it is no scan then."""

_HARMLESS_ANNOTATIONS = frozenset({pdfium_c.FPDF_ANNOT_LINK, pdfium_c.FPDF_ANNOT_POPUP})

_BROKEN = (pdfium.PdfiumError, ValueError, ArithmeticError, IndexError, ArgumentError, cv2.error)
"""What pdfium, its bindings, NumPy and OpenCV raise on broken content."""

# pdfium is not thread-safe, not even across documents.
_pdfium = threading.RLock()


@dataclass(frozen=True, slots=True)
class _Placed:
    """A picture on the page.

    ``item`` is its pdfium object; ``to_view`` maps its stored pixels into the viewer's frame.
    """

    item: Any
    width: int
    height: int
    to_view: Affine

    @property
    def box(self) -> BBox:
        return self.to_view.apply_bbox(BBox(0, 0, self.width, self.height)).bbox

    def share_of(self, frame: BBox) -> float:
        """The share of the frame that the picture covers."""
        shown = self.box.intersection(frame)
        return 0.0 if shown is None else shown.area / frame.area

    @property
    def resolution(self) -> tuple[float, float]:
        """Pixels per inch along its rows and columns."""
        along_x = math.hypot(self.to_view.a, self.to_view.d)
        along_y = math.hypot(self.to_view.b, self.to_view.e)
        return POINTS_PER_INCH / max(along_x, 1e-9), POINTS_PER_INCH / max(along_y, 1e-9)


class PdfFile:
    """An open PDF.

    Raises:
        EncryptedFile: a password is needed.
        DamagedFile: pdfium cannot open it, or it has no page.
    """

    media_type = "application/pdf"

    def __init__(self, path: Path, settings: Settings, note: Callable[[str, str], None]) -> None:
        self._name = printable_name(path.name)
        self._settings = settings
        self._note = note
        with _pdfium:
            try:
                # Without a password pdfium tries the empty one, which opens files that only restrict printing or
                # copying.
                self._document = pdfium.PdfDocument(path.absolute())
            except pdfium.PdfiumError as error:
                raise self._open_error(error) from error
            self.page_count = len(self._document)
            if not pdfium_c.FPDF_DocumentHasValidCrossReferenceTable(self._document):
                note(
                    "pdf_repaired",
                    f"The index of {self._name} is broken, perhaps because its end is missing; pages may be missing.",
                )

    def _open_error(self, error: pdfium.PdfiumError) -> DocumentError:
        if error.err_code in (pdfium_c.FPDF_ERR_PASSWORD, pdfium_c.FPDF_ERR_SECURITY):
            return EncryptedFile(
                f"{self._name} can only be opened with a password.",
                advice="Save a copy without password and give that.",
            )
        return DamagedFile(
            f"{self._name} is truncated or broken; as a PDF it cannot be opened.",
            advice="Copy it again from its origin, or open it in a viewer and print it to a new PDF.",
        )

    def close(self) -> None:
        """Close the file; closing twice is allowed."""
        with _pdfium:
            self._document.close()

    def read(self, page: int) -> Picture:
        """Decode one page (1-based).

        Raises:
            DamagedFile: pdfium cannot load the page.
            TooLarge: a picture on the page is over the limits.
        """
        with _pdfium:
            try:
                opened = self._document[page - 1]
                try:
                    return self._read(opened, page)
                finally:
                    opened.close()
            except _BROKEN as error:
                raise DamagedFile(
                    f"page {page} of {self._name} is broken: {error}.",
                    advice="Copy the file again from its origin, or scan the page again.",
                ) from error

    def size(self, page: int) -> tuple[float, float]:
        """Width and height of one page (1-based) in points, turned as a viewer shows it.

        Raises:
            DamagedFile: pdfium cannot load the page.
        """
        with _pdfium:
            try:
                width, height = self._document.get_page_size(page - 1)
            except _BROKEN as error:
                raise DamagedFile(
                    f"page {page} of {self._name} is broken: {error}.",
                    advice="Copy the file again from its origin, or scan the page again.",
                ) from error
            return float(width), float(height)

    def text(self, page: int) -> PageText:
        """The text layer of one page (1-based), empty where it has none.

        Raises:
            DamagedFile: pdfium cannot load the page.
        """
        with _pdfium:
            try:
                opened = self._document[page - 1]
                try:
                    return page_text(opened, page, _user_to_view(opened))
                finally:
                    opened.close()
            except _BROKEN as error:
                raise DamagedFile(
                    f"the text of page {page} of {self._name} is broken: {error}.",
                    advice="Print the file to a new PDF, or scan the page.",
                ) from error

    def _read(self, page: pdfium.PdfPage, number: int) -> Picture:
        width, height = page.get_size()
        if not (width > 0 and height > 0 and math.isfinite(width * height)):
            raise ValueError("the page has no area")
        pictures, only_pictures = _contents(page)
        for placed in pictures:
            check_image_size(
                placed.width, placed.height, self._settings, what=f"a picture on page {number} of {self._name}"
            )
        if only_pictures and len(pictures) == 1:
            stored = self._stored(page, pictures[0], BBox(0, 0, width, height), number)
            if stored is not None:
                return stored
        return self._rendered(page, pictures, BBox(0, 0, width, height), number)

    def _stored(self, page: pdfium.PdfPage, placed: _Placed, frame: BBox, number: int) -> Picture | None:
        """The picture as stored, turned as a viewer shows it; None where rendering is the safer way."""
        if placed.share_of(frame) < FULL_PAGE_SHARE:
            return None
        pixels = stored_pixels(placed.item)
        if pixels is None:
            raise ValueError("the scanned picture on it cannot be decoded")
        missing = self._missing_rows(placed, pixels, number)
        if pdfium_c.FPDFPageObj_HasTransparency(placed.item) or pixels.shape[:2] != (placed.height, placed.width):
            return None
        turned, to_view = turn(pixels, placed.to_view)
        if abs(to_view.d) > MAX_TILT * abs(to_view.a) or abs(to_view.b) > MAX_TILT * abs(to_view.e):
            return None
        turned, to_view = crop(turned, to_view, frame)
        inverted = False
        if not is_what_a_viewer_shows(page, turned, to_view, frame):
            # Stencil masks, in which scanners like to store black and white, come inverted from pdfium.
            inverted = True
            turned = 255 - turned
            if not is_what_a_viewer_shows(page, turned, to_view, frame):
                return None
        if missing:
            # White or grey rows would look like blank cells; black ones look like nothing that is on a form.
            pixels[-missing:] = 255 if inverted else 0
            turned, _ = crop(*turn(pixels, placed.to_view), frame)
            turned = 255 - turned if inverted else turned
        dpi = (POINTS_PER_INCH / to_view.a, POINTS_PER_INCH / to_view.e)
        size = square_size(turned.shape[1], turned.shape[0], *dpi)
        if size != (turned.shape[1], turned.shape[0]) and size[0] * size[1] <= self._settings.max_pixels:
            to_view = Affine.scaling(turned.shape[1] / size[0], turned.shape[0] / size[1]).then(to_view)
            turned = np.asarray(cv2.resize(turned, size, interpolation=cv2.INTER_CUBIC), dtype=np.uint8)
        return Picture(
            image=grey_if_grey(turned),
            width=frame.width,
            height=frame.height,
            unit="pt",
            to_view=to_view,
            dpi=believable_dpi(max(dpi), max(turned.shape[:2])),
        )

    def _missing_rows(self, placed: _Placed, pixels: Image, number: int) -> int:
        """How many rows of a stored JPEG are missing; pdfium is silent on it. Raises ValueError when too many are."""
        if "DCTDecode" not in placed.item.get_filters():
            return 0
        if is_cut_progressive_jpeg(bytes(placed.item.get_data())):
            raise ValueError("the scanned picture on it is truncated")
        missing = JPEG_EDGE.missing_rows(pixels, failed=False)
        if too_much_missing(missing, placed.height):
            raise ValueError(f"{missing} of {placed.height} rows of the scanned picture on it are missing")
        if missing:
            self._note(
                "image_truncated",
                f"The scanned picture on page {number} of {self._name} is truncated: "
                f"{missing} of its {placed.height} rows are missing; they are shown black.",
            )
        return missing

    def _rendered(self, page: pdfium.PdfPage, pictures: list[_Placed], frame: BBox, number: int) -> Picture:
        width, height = frame.width, frame.height
        dpi = float(self._settings.render_dpi)
        for placed in pictures:
            if placed.share_of(frame) < MIN_PICTURE_SHARE:
                continue
            dpi = max(dpi, min(MAX_RENDER_DPI, *placed.resolution))
            if stored_pixels(placed.item) is None:
                self._note(
                    "picture_unreadable",
                    f"A picture on page {number} of {self._name} cannot be decoded; the page is read without it.",
                )
        scale = min(
            dpi / POINTS_PER_INCH,
            math.sqrt(self._settings.max_pixels / (width * height)),
            self._settings.max_side / max(width, height),
        )
        # pypdfium2 rounds sides up, which on a strip of a page could pass the limit by a row.
        scale = min(scale, self._settings.max_pixels / (width * height * scale + width + height + 1 / scale))
        pixels = render(page, scale)
        rows, columns = pixels.shape[:2]
        return Picture(
            image=pixels,
            width=width,
            height=height,
            unit="pt",
            to_view=Affine.scaling(width / columns, height / rows),
            dpi=believable_dpi(scale * POINTS_PER_INCH, max(rows, columns)),
        )


def _contents(page: pdfium.PdfPage) -> tuple[list[_Placed], bool]:
    """The pictures on a page, and whether nothing else on it is visible."""
    user_to_view = _user_to_view(page)
    pictures: list[_Placed] = []
    only_pictures = not _has_visible_annotations(page)
    for count, item in enumerate(page.get_objects()):
        if count >= MAX_OBJECTS:
            return pictures, False
        if item.type == pdfium_c.FPDF_PAGEOBJ_IMAGE:
            width, height = item.get_px_size()
            if width > 0 and height > 0:
                pictures.append(_Placed(item, width, height, _unit_square(item, width, height).then(user_to_view)))
        elif _is_visible(item):
            only_pictures = False
    return pictures, only_pictures


def _is_visible(item: pdfium.PdfObject) -> bool:
    if item.type == pdfium_c.FPDF_PAGEOBJ_FORM:
        return False  # what is in it comes by itself
    if item.type == pdfium_c.FPDF_PAGEOBJ_TEXT:
        return bool(pdfium_c.FPDFTextObj_GetTextRenderMode(item) != pdfium_c.FPDF_TEXTRENDERMODE_INVISIBLE)
    if item.type == pdfium_c.FPDF_PAGEOBJ_PATH:
        fill, stroke = c_int(), c_int()
        drawn = pdfium_c.FPDFPath_GetDrawMode(item, fill, stroke)
        return not drawn or bool(fill.value or stroke.value)
    return True


def _has_visible_annotations(page: pdfium.PdfPage) -> bool:
    for index in range(pdfium_c.FPDFPage_GetAnnotCount(page)):
        annotation = pdfium_c.FPDFPage_GetAnnot(page, index)
        if not annotation:
            continue
        try:
            hidden = pdfium_c.FPDFAnnot_GetFlags(annotation) & pdfium_c.FPDF_ANNOT_FLAG_HIDDEN
            if not hidden and pdfium_c.FPDFAnnot_GetSubtype(annotation) not in _HARMLESS_ANNOTATIONS:
                return True
        finally:
            pdfium_c.FPDFPage_CloseAnnot(annotation)
    return False


def _matrix(item: pdfium.PdfObject) -> Affine:
    a, b, c, d, e, f = item.get_matrix().get()
    return Affine(a, c, e, b, d, f)


def _unit_square(item: pdfium.PdfObject, width: int, height: int) -> Affine:
    """Stored pixels (rows downwards) into PDF user space: a picture fills the unit square, its first row at the top."""
    to_user = Affine(1 / width, 0, 0, 0, -1 / height, 1).then(_matrix(item))
    container = item.container
    while container is not None:
        to_user = to_user.then(_matrix(container))
        container = container.container
    return to_user


def _user_to_view(page: pdfium.PdfPage) -> Affine:
    """PDF user space into points from the top left of what a viewer shows, after the page's /Rotate."""
    left, bottom, right, top = page.get_bbox()
    return {
        0: Affine(1, 0, -left, 0, -1, top),
        90: Affine(0, 1, -bottom, 1, 0, -left),
        180: Affine(-1, 0, right, 0, 1, -bottom),
        270: Affine(0, -1, top, -1, 0, right),
    }[page.get_rotation()]
