"""TIFF, PNG, JPEG, BMP and WEBP through Pillow.

Pillow's plugin classes are used directly and not ``Image.open``: the content has told the type already, and no other
decoder can be talked into running. Sizes are checked against the settings from the header, so Pillow's own limit is out
of force meanwhile.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import BmpImagePlugin, ImageFile, JpegImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin
from PIL import Image as PillowImage
from PIL.ImageOps import exif_transpose

from gikocr.errors import DamagedFile, DocumentError, UnsupportedType
from gikocr.geometry import Affine
from gikocr.ingest.inputs import printable_name
from gikocr.ingest.limits import check_image_size, open_file
from gikocr.ingest.pixels import Picture, believable_dpi, grey_if_grey, square_size
from gikocr.ingest.truncation import JPEG_EDGE, PNG_EDGE, Edge, too_much_missing

if TYPE_CHECKING:
    from gikocr.elements import Image
    from gikocr.settings import Settings

Note = Callable[[str, str], None]

_PLUGINS: dict[str, Callable[[Any], ImageFile.ImageFile]] = {
    "image/tiff": TiffImagePlugin.TiffImageFile,
    "image/png": PngImagePlugin.PngImageFile,
    "image/jpeg": JpegImagePlugin.JpegImageFile,
    "image/bmp": BmpImagePlugin.BmpImageFile,
    "image/webp": WebPImagePlugin.WebPImageFile,
}

_ORIENTATION = 274
_SUBFILE_TYPE = 254
_PHOTOMETRIC = 262
_RESOLUTION = (282, 283)
_RESOLUTION_UNIT = 296
_REDUCED_OR_MASK = 0b101
"""Bits of TIFF's NewSubfileType: 1 a smaller copy of another frame, 4 a transparency mask."""
_TURNED = frozenset({5, 6, 7, 8})
"""EXIF orientations that swap width and height."""

# Decoding toggles two module globals of Pillow, so only one image is decoded at a time in a process.
_pillow = threading.RLock()


class RasterFile:
    """An image file. It is opened for each page, so that a document of many images holds no open files.

    Raises:
        DamagedFile: Pillow cannot read the header of any frame.
        TooLarge: the header of a frame states a size over the limits.
    """

    def __init__(self, path: Path, media_type: str, settings: Settings, note: Note, *, max_frames: int) -> None:
        self.media_type = media_type
        self._path = path
        self._name = printable_name(path.name)
        self._settings = settings
        self._note = note
        with self._opened() as image:
            self._frames = self._page_frames(image, max_frames)

    @property
    def page_count(self) -> int:
        """Number of frames that are pages; never more than ``max_frames``."""
        return len(self._frames)

    def close(self) -> None:
        """Nothing stays open between pages."""

    def read(self, page: int) -> Picture:
        """Decode one page (1-based).

        Raises:
            DamagedFile: the pixels cannot be decoded.
            TooLarge: with square pixels the page would be over the limits.
        """
        with self._opened() as image:
            image.seek(self._frames[page - 1])
            inverted_16_bit = _is_inverted_16_bit(image)
            resolution = _resolution(image)
            tags = getattr(image, "tag_v2", None)
            orientation = (
                1 if tags is None else tags.get(_ORIENTATION, 1)
            )  # Pillow turns TIFF frames while it loads them
            loaded = self._load(image, page)
            if tags is None:
                orientation = _exif_orientation(loaded)
                loaded = exif_transpose(loaded) if orientation != 1 else loaded
            if orientation in _TURNED:
                resolution = (resolution[1], resolution[0], resolution[2])
            return self._picture(loaded, resolution, inverted_16_bit)

    def size(self, page: int) -> tuple[float, float]:
        """Width and height of one page (1-based) in pixels, turned as a viewer shows it; nothing is decoded.

        Raises:
            DamagedFile: the header cannot be read.
        """
        with self._opened() as image:
            image.seek(self._frames[page - 1])
            # Of TIFF frames Pillow gives the size as turned.
            orientation = _exif_orientation(image) if getattr(image, "tag_v2", None) is None else 1
            width, height = image.size
            return (float(height), float(width)) if orientation in _TURNED else (float(width), float(height))

    def _page_frames(self, image: ImageFile.ImageFile, max_frames: int) -> tuple[int, ...]:
        check_image_size(*image.size, self._settings, what=self._name)
        if self.media_type != "image/tiff":
            return (0,)
        pages: list[int] = []
        others: list[int] = []
        while len(pages) < max_frames:
            frame = len(pages) + len(others)
            try:
                image.seek(frame)
            except EOFError:
                break
            check_image_size(*image.size, self._settings, what=f"frame {frame + 1} of {self._name}")
            small = int(image.tag_v2.get(_SUBFILE_TYPE, 0)) & _REDUCED_OR_MASK  # type: ignore[attr-defined]
            (others if small else pages).append(frame)
            if len(others) > max_frames:
                break
        if not pages:
            return tuple(others)
        if others:
            self._note(
                "frames_skipped",
                f"{len(others)} of the TIFF frames of {self._name} are previews or masks and were skipped.",
            )
        return tuple(pages)

    @contextmanager
    def _opened(self) -> Iterator[ImageFile.ImageFile]:
        """Open the file; whatever a decoder raises on hostile content leaves as DamagedFile."""
        with _pillow, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            limit, PillowImage.MAX_IMAGE_PIXELS = PillowImage.MAX_IMAGE_PIXELS, None
            try:
                with open_file(self._path) as file:
                    yield _PLUGINS[self.media_type](file)
            except (DocumentError, MemoryError):
                raise
            except Exception as error:
                raise DamagedFile(
                    f"the image data of {self._name} is truncated or broken ({_reason(error)}).",
                    advice="Copy the file again from its origin, or scan the page again.",
                ) from error
            finally:
                PillowImage.MAX_IMAGE_PIXELS = limit

    def _load(self, image: ImageFile.ImageFile, page: int) -> PillowImage.Image:
        """Decode the pixels; of a truncated image those that are there, if they are nearly all of it."""
        reason = "it ends early"
        loaded: PillowImage.Image = image
        edge = self._edge(image)
        try:
            image.load()
        except OSError as error:
            if edge is None:
                raise
            loaded = self._load_truncated()
            reason = _reason(error)
            missing = edge.missing_rows(np.asarray(loaded), failed=True)
            if too_much_missing(missing, image.height):
                raise
        else:
            # A JPEG that was cut and closed again decodes without any error.
            missing = edge.missing_rows(np.asarray(loaded), failed=False) if edge is not None else 0
            if too_much_missing(missing, image.height):
                raise OSError(f"image file is truncated: {missing} of {image.height} rows are missing")
        if missing:
            # White or grey rows would look like blank cells; black ones look like nothing that is on a form.
            loaded.paste(0, (0, loaded.height - missing, loaded.width, loaded.height))
            self._note(
                "image_truncated",
                f"Page {page} of {self._name} is truncated ({reason}): "
                f"the last {missing} of its {loaded.height} rows are missing; they are shown black.",
            )
        return loaded

    def _edge(self, image: ImageFile.ImageFile) -> Edge | None:
        """What the missing part of this image would look like; None where it cannot be told."""
        if image.mode not in ("L", "RGB") or "transparency" in image.info:
            return None
        if self.media_type == "image/jpeg" and not image.info.get("progressive"):
            return JPEG_EDGE
        if self.media_type == "image/png" and not image.info.get("interlace"):
            return PNG_EDGE
        return None

    def _load_truncated(self) -> PillowImage.Image:
        before, ImageFile.LOAD_TRUNCATED_IMAGES = ImageFile.LOAD_TRUNCATED_IMAGES, True
        try:
            with open_file(self._path) as file:
                image = _PLUGINS[self.media_type](file)
                image.load()
                return image
        finally:
            ImageFile.LOAD_TRUNCATED_IMAGES = before

    def _picture(
        self, image: PillowImage.Image, resolution: tuple[float | None, float | None, bool], inverted: bool
    ) -> Picture:
        width, height = image.size
        dpi_x, dpi_y, absolute = resolution
        size = square_size(width, height, dpi_x, dpi_y)
        check_image_size(*size, self._settings, what=self._name)
        grey_or_rgb = _grey_or_rgb(image, inverted=inverted)
        if size != (width, height):
            grey_or_rgb = grey_or_rgb.resize(size, PillowImage.Resampling.BICUBIC)
        dpi = max(dpi_x, dpi_y) if absolute and dpi_x and dpi_y else None
        pixels: Image = grey_if_grey(np.array(grey_or_rgb, dtype=np.uint8))
        return Picture(
            image=pixels,
            width=float(width),
            height=float(height),
            unit="px",
            to_view=Affine.scaling(width / size[0], height / size[1]),
            dpi=believable_dpi(dpi, max(size)),
        )


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text[:120] or type(error).__name__


def _exif_orientation(image: PillowImage.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except (ValueError, TypeError, SyntaxError):
        return 1


def _resolution(image: ImageFile.ImageFile) -> tuple[float | None, float | None, bool]:
    """Resolution along x and y of the stored pixels, and whether it is per inch; else only their ratio has meaning."""
    stated = image.info.get("dpi")
    absolute = stated is not None
    if stated is None:
        stated = image.info.get("resolution") or image.info.get("jfif_density") or image.info.get("aspect")
    tags = getattr(image, "tag_v2", None)
    if tags is not None and not all(tag in tags for tag in _RESOLUTION):
        return None, None, False  # Pillow fills in 1 × 1
    try:
        dpi_x, dpi_y = (float(value) for value in stated)  # type: ignore[union-attr]
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None, None, False
    if not (np.isfinite(dpi_x) and np.isfinite(dpi_y) and dpi_x > 0 and dpi_y > 0):
        return None, None, False
    return dpi_x, dpi_y, absolute


def _is_inverted_16_bit(image: ImageFile.ImageFile) -> bool:
    """Whether the frame is 16-bit grey with white at zero, which Pillow decodes as it stands."""
    tags = getattr(image, "tag_v2", None)
    return tags is not None and image.mode.startswith("I;16") and tags.get(_PHOTOMETRIC) == 0


def _grey_or_rgb(image: PillowImage.Image, *, inverted: bool) -> PillowImage.Image:
    """Any mode as L or RGB; transparent parts are laid over white paper."""
    mode = image.mode
    if mode in ("L", "RGB") and "transparency" not in image.info:
        return image
    if mode == "1" and "transparency" not in image.info:
        return image.convert("L")
    if mode.startswith("I") or mode == "F":
        return _deep_to_grey(np.asarray(image), inverted=inverted)
    if mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        # RGBa and La have no direct way to RGBA and LA in every release of Pillow but that of their own pair.
        rgba = image.convert("LA" if mode == "La" else "RGBA").convert("RGBA")
        paper = PillowImage.new("RGBA", rgba.size, "white")
        paper.alpha_composite(rgba)
        return paper.convert("RGB")
    try:
        return image.convert("RGB")
    except ValueError as error:
        raise UnsupportedType(
            f"the image has pixels of the kind {mode}.", advice="Convert it to RGB or grey."
        ) from error


def _deep_to_grey(values: Any, *, inverted: bool) -> PillowImage.Image:
    """16-bit, 32-bit and float grey to 8 bits. How deep 32-bit and float values are is told from the largest."""
    if values.dtype == np.uint16:
        grey = (values >> 8).astype(np.uint8)
        return PillowImage.fromarray(~grey if inverted else grey)
    if not np.isfinite(values).all():
        raise DamagedFile("the image holds values that are no numbers.", advice="Convert it to 8-bit grey.")
    top = float(values.max(initial=0))
    if np.issubdtype(values.dtype, np.floating):
        full = next((limit for limit in (1.0, 255.0, 65535.0) if top <= limit), top)
    else:
        full = next((limit for limit in (255.0, 65535.0) if top <= limit), float(2**31 - 1))
    return PillowImage.fromarray((np.clip(values / full, 0, 1) * 255).astype(np.uint8))
