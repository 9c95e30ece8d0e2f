"""A reader of lines that knows what it has read: one page's cells come back in rival grids, in samples and in heads of reports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gikocr.elements import LineReader, LineText

if TYPE_CHECKING:
    from gikocr.elements import Image

_Key = tuple[tuple[int, ...], bytes]


class RememberedLines:
    """Reads each picture once until it is told to forget. What it knows goes by the pixels alone, wherever they were cut from."""

    def __init__(self, reader: LineReader) -> None:
        """Take the reader that reads what is new."""
        self.name = reader.name
        self._reader = reader
        self._known: dict[_Key, LineText] = {}

    def forget(self) -> None:
        """Let go of all pictures: those of another page do not come back."""
        self._known.clear()

    def read(self, crops: Sequence[Image]) -> list[LineText]:
        """Read crops (H, W) uint8 of one printed line each; only those not read before, and alike ones once."""
        keys = [(crop.shape, crop.tobytes()) for crop in crops]
        new = {key: crop for key, crop in zip(keys, crops, strict=True) if key not in self._known}
        if new:
            self._known.update(zip(new, self._reader.read(list(new.values())), strict=True))
        return [self._known[key] for key in keys]
