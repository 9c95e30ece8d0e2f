"""Writes pages into files as scanners do: image-only PDF, TIFF with several pages, a folder of pictures."""

from __future__ import annotations

import io
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

_EXIF_ORIENTATION = 0x0112
# EXIF orientation that shows a picture upright which was turned clockwise by so many quarters.
_ORIENTATION = {1: 8, 2: 3, 3: 6}


@dataclass(frozen=True, slots=True)
class PageImage:
    """A page to be stored.

    Attributes:
        pixels: uint8 grey or RGB; only 0 and 255 where bits is set.
        dpi: pixels per inch across and down.
        bits: store as 1 bit a pixel.
    """

    pixels: np.ndarray
    dpi: tuple[float, float]
    bits: bool = False

    def picture(self) -> Image.Image:
        """Return the page as a Pillow picture."""
        image = Image.fromarray(self.pixels)
        return image.convert("1", dither=Image.Dither.NONE) if self.bits else image


def _jpeg(page: PageImage, quality: int, exif: bytes = b"") -> bytes:
    buffer = io.BytesIO()
    page.picture().save(buffer, "JPEG", quality=quality, dpi=tuple(round(d) for d in page.dpi), exif=exif)
    return buffer.getvalue()


def _g4(page: PageImage) -> bytes:
    """Return the CCITT G4 data of a page; Pillow codes black as the runs that the standard calls white."""
    buffer = io.BytesIO()
    page.picture().save(buffer, "TIFF", compression="group4", strip_size=1 << 30)
    with Image.open(buffer) as image:
        tags = image.tag_v2  # type: ignore[attr-defined]
        start, length = tags[273][0], tags[279][0]
    return buffer.getvalue()[start : start + length]


def _image_object(page: PageImage, coding: str, quality: int) -> tuple[dict[str, str], bytes]:
    height, width = page.pixels.shape[:2]
    colours = "/DeviceRGB" if page.pixels.ndim == 3 else "/DeviceGray"
    entries = {
        "Type": "/XObject",
        "Subtype": "/Image",
        "Width": str(width),
        "Height": str(height),
        "ColorSpace": colours,
    }
    entries["BitsPerComponent"] = "1" if page.bits else "8"
    if page.bits:
        parameters = f"<< /K -1 /Columns {width} /Rows {height} /BlackIs1 true >>"
        entries |= {"Filter": "/CCITTFaxDecode", "DecodeParms": parameters}
        return entries, _g4(page)
    if coding == "jpeg":
        return entries | {"Filter": "/DCTDecode"}, _jpeg(page, quality)
    return entries | {"Filter": "/FlateDecode"}, zlib.compress(page.pixels.tobytes(), 6)


def write_pdf(path: Path, pages: list[PageImage], coding: str, quality: int, turned: int = 0) -> None:
    """Write an image-only PDF, one picture a page, JPEG and G4 data stored as they are.

    Args:
        path: of the file.
        pages: one or more.
        coding: jpeg or lossless; 1-bit pages are always G4.
        quality: of JPEG, 1 to 100.
        turned: clockwise quarters by which the pictures were turned; the page's rotation entry turns them back.
    """
    objects: list[bytes] = [b"", b""]

    def add(entries: dict[str, str], stream: bytes | None = None) -> int:
        body = "<< " + " ".join(f"/{k} {v}" for k, v in entries.items())
        if stream is not None:
            objects.append(f"{body} /Length {len(stream)} >>\nstream\n".encode() + stream + b"\nendstream")
        else:
            objects.append((body + " >>").encode())
        return len(objects)

    kids = []
    for page in pages:
        image = add(*_image_object(page, coding, quality))
        width, height = page.pixels.shape[1] / page.dpi[0] * 72, page.pixels.shape[0] / page.dpi[1] * 72
        content = add({}, f"q {width:.3f} 0 0 {height:.3f} 0 0 cm /Im0 Do Q".encode())
        entries = {"Type": "/Page", "Parent": "2 0 R", "MediaBox": f"[0 0 {width:.3f} {height:.3f}]"}
        entries |= {"Resources": f"<< /XObject << /Im0 {image} 0 R >> >>", "Contents": f"{content} 0 R"}
        if turned:
            entries["Rotate"] = str(-90 * turned % 360)
        kids.append(add(entries))
    objects[0] = b"<< /Type /Catalog /Pages 2 0 R >>"
    objects[1] = f"<< /Type /Pages /Count {len(kids)} /Kids [{' '.join(f'{k} 0 R' for k in kids)}] >>".encode()
    out = bytearray(b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    table = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{p:010d} 00000 n \n".encode() for p in places)
    out += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n".encode()
    path.write_bytes(bytes(out))


def write_tiff(path: Path, pages: list[PageImage], coding: str, quality: int) -> None:
    """Write a TIFF with several pages; coding is g4, lzw or jpeg."""
    pictures = [p.picture() for p in pages]
    options: dict[str, dict[str, Any]] = {
        "g4": {"compression": "group4"},
        "lzw": {"compression": "tiff_lzw"},
        "jpeg": {"compression": "jpeg", "quality": quality},
    }
    dpi = tuple(round(d) for d in pages[0].dpi)
    pictures[0].save(path, "TIFF", save_all=True, append_images=pictures[1:], dpi=dpi, **options[coding])


def write_folder(folder: Path, pages: list[PageImage], coding: str, quality: int, turned: int = 0) -> None:
    """Write one picture a page into a folder.

    Args:
        folder: is made.
        pages: one or more.
        coding: jpg or png.
        quality: of JPEG.
        turned: clockwise quarters by which the pictures were turned; the EXIF orientation turns them back (jpg only).
    """
    folder.mkdir(parents=True, exist_ok=True)
    for number, page in enumerate(pages, 1):
        path = folder / f"{number:02d}.{coding}"
        if coding == "png":
            page.picture().save(path, "PNG", dpi=tuple(round(d) for d in page.dpi))
            continue
        exif = Image.Exif()
        if turned:
            exif[_EXIF_ORIENTATION] = _ORIENTATION[turned]
        path.write_bytes(_jpeg(page, quality, exif.tobytes() if turned else b""))
