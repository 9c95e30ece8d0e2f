"""Pictures whose data end early: how much of them is missing, told from what decoders leave there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from gikocr.elements import Image

MIN_DECODED_ROWS = 0.9
"""A truncated picture is read when at least this share of its rows can be decoded."""

_START_OF_PROGRESSIVE = (b"\xff\xc2", b"\xff\xc6", b"\xff\xca", b"\xff\xce")
_END_OF_IMAGE = b"\xff\xd9"
_TAIL_BYTES = 1024


@dataclass(frozen=True, slots=True)
class Edge:
    """How the end of a truncated picture shows: rows of one value, and above them rows that are only begun.

    Attributes:
        value: what the decoder leaves in missing rows, in every channel.
        begun_rows: rows above them that may be incomplete.
        least_rows: without an error from the decoder, fewer rows of the value are taken for printed ones; None: any
            number.
    """

    value: int
    begun_rows: int
    least_rows: int | None

    def missing_rows(self, pixels: Image, *, failed: bool) -> int:
        """How many rows at the foot are missing, at most all.

        Args:
            pixels: (H, W) or (H, W, 3), in the order in which they are stored.
            failed: whether the decoder broke off.
        """
        rows = pixels.shape[0]
        whole = np.flatnonzero((pixels.reshape(rows, -1) != self.value).any(axis=1))
        missing = rows - (int(whole[-1]) + 1 if whole.size else 0)
        if not failed and (self.least_rows is None or missing < self.least_rows):
            return 0
        return min(rows, missing + self.begun_rows)


JPEG_EDGE = Edge(value=128, begun_rows=16, least_rows=8)
"""libjpeg fills up with middle grey, in rows of blocks that are up to 16 pixels high."""

PNG_EDGE = Edge(value=0, begun_rows=1, least_rows=None)
"""zlib leaves what the image was created with, which is zero."""


def too_much_missing(missing: int, rows: int) -> bool:
    """Whether a picture of so many rows, of which some are missing, is to be refused."""
    return missing > (1 - MIN_DECODED_ROWS) * rows


def is_cut_progressive_jpeg(data: bytes) -> bool:
    """Whether a JPEG is progressive and has no end.

    Such a picture has all its rows, but blurred: digits in it can be misread without a sign.
    """
    if data.rfind(_END_OF_IMAGE, max(0, len(data) - _TAIL_BYTES)) >= 0:
        return False
    scan = data.find(b"\xff\xda")
    head = data if scan < 0 else data[:scan]
    return any(marker in head for marker in _START_OF_PROGRESSIVE)
