"""What goes through each network together: pictures of one padded width, and how many of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gikocr.engines import numerals, ppocr_onnx
from gikocr.ocr.blobs import padded_width

if TYPE_CHECKING:
    from gikocr.elements import Image

Groups = tuple[Callable[["Image"], int], Callable[[int], int]]
"""The group of a picture, and the room of a group."""

_OWN: Groups = (padded_width, lambda width: numerals.BATCH)
_PPOCR: Groups = (ppocr_onnx.padded_width, ppocr_onnx.batch_room)

CELL_GROUPS: dict[str, Groups] = {"numerals": _OWN, "ppocr_v6_small_numerals": _PPOCR}
"""By the name that a cell reader gives itself."""
LINE_GROUPS: dict[str, Groups] = {"ppocr_v6_small": _PPOCR, "ppocr_v6_tiny": _PPOCR}
"""By the name that a line reader gives itself."""
