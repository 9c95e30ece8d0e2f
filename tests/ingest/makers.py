"""Makers of test files. Everything is built at run time; nothing is stored."""

from __future__ import annotations

import io
import zlib

import numpy as np

from gikocr.elements import Page

MARK = (0.25, 0.1)
"""Where the middle of the mark stands on a test page: shares of its width and height."""


def marked_page(width: int, height: int) -> np.ndarray:
    """A white grey page (height, width) with a black mark near the top left and lines that make every side differ."""
    image = np.full((height, width), 255, np.uint8)
    x, y, half = round(MARK[0] * width), round(MARK[1] * height), max(2, min(width, height) // 25)
    image[y - half : y + half, x - half : x + half] = 0
    image[height // 2 : height // 2 + height // 40 + 1, width // 3 :] = 110
    image[height // 3 :, width * 4 // 5 : width * 4 // 5 + width // 40 + 1] = 160
    return image


def mark_at(image: np.ndarray) -> tuple[float, float]:
    """The middle of the black mark, in pixels of the image (x, y; a pixel's middle is at .5)."""
    grey = image if image.ndim == 2 else image[..., 1]
    ys, xs = np.nonzero(grey < 60)
    return float(xs.mean()) + 0.5, float(ys.mean()) + 0.5


def mark_in_view(page: Page) -> tuple[float, float]:
    """The middle of the mark in the viewer's frame."""
    return page.to_view.apply(*mark_at(page.image))


def pdf_bytes(objects: list[bytes]) -> bytes:
    """A PDF of numbered objects; the first is the catalogue."""
    out = io.BytesIO()
    out.write(b"%PDF-1.7\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(out.tell())
        out.write(b"%d 0 obj\n" % number + body + b"\nendobj\n")
    start = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.writelines(b"%010d 00000 n \n" % offset for offset in offsets)
    out.write(b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start))
    return out.getvalue()


def stream(data: bytes, entries: str = "") -> bytes:
    """A stream object."""
    return f"<< {entries} /Length {len(data)} >>\nstream\n".encode() + data + b"\nendstream"


def image_object(image: np.ndarray, entries: str = "") -> bytes:
    """An image XObject of 8-bit grey or RGB pixels; ``entries`` are added to its dictionary."""
    space = "/DeviceGray" if image.ndim == 2 else "/DeviceRGB"
    head = f"/Type /XObject /Subtype /Image /Width {image.shape[1]} /Height {image.shape[0]} /BitsPerComponent 8"
    return stream(zlib.compress(image.tobytes()), f"{head} /ColorSpace {space} /Filter /FlateDecode {entries}")


def image_pdf(
    content: str, picture: bytes, *, media: str = "0 0 300 400", page: str = "", extra: tuple[bytes, ...] = ()
) -> bytes:
    """A PDF with one page; its picture is ``/I`` (object 4), its font ``/F``, ``extra`` objects count from 6."""
    resources = "<< /XObject << /I 4 0 R >> /Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >>"
    return pdf_bytes(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            f"<< /Type /Page /Parent 2 0 R /MediaBox [{media}] /Contents 5 0 R".encode()
            + f" /Resources {resources} {page} >>".encode(),
            picture,
            stream(content.encode()),
            *extra,
        ]
    )
