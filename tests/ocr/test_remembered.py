"""A line that was read is not read again on its page, and what is known of it is never given for other ink."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gikocr.elements import LineText
from gikocr.ocr.remembered import RememberedLines


class Counting:
    """Reads a picture as its size and the sum of its ink, and notes what it was asked."""

    name = "counting"

    def __init__(self) -> None:
        self.asked: list[np.ndarray] = []

    def read(self, crops: Sequence[np.ndarray]) -> list[LineText]:
        self.asked += crops
        return [self.says(crop) for crop in crops]

    @staticmethod
    def says(crop: np.ndarray) -> LineText:
        return LineText(f"{crop.shape} {int(crop.astype(int).sum())}", 0.5)


def picture(height: int, width: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width)).astype(np.uint8)


def test_a_line_is_read_once() -> None:
    inner = Counting()
    reader = RememberedLines(inner)
    crops = [picture(48, 100, 1), picture(48, 120, 2), picture(48, 100, 1)]
    first = reader.read(crops)
    assert first == [inner.says(c) for c in crops], "answers in the order of the question"
    assert len(inner.asked) == 2, "alike ones once"
    again = reader.read([picture(48, 120, 2), picture(48, 90, 3)])
    assert again == [inner.says(picture(48, 120, 2)), inner.says(picture(48, 90, 3))]
    assert len(inner.asked) == 3, "only what is new"
    assert reader.name == inner.name


def test_other_ink_is_read() -> None:
    inner = Counting()
    reader = RememberedLines(inner)
    known = picture(48, 100, 1)
    reader.read([known])
    one_pixel = known.copy()
    one_pixel[20, 50] ^= 1
    turned = known.reshape(100, 48)  # the same bytes
    assert reader.read([one_pixel, turned]) == [inner.says(one_pixel), inner.says(turned)]
    assert len(inner.asked) == 3


def test_a_view_is_known_by_its_pixels_and_not_by_its_memory() -> None:
    inner = Counting()
    reader = RememberedLines(inner)
    page = picture(200, 200, 4)
    view = page[10:58, 20:120]
    reader.read([view])
    page[30, 40] ^= 255
    assert reader.read([view]) == [inner.says(view)]
    assert len(inner.asked) == 2, "the page was painted over since"


def test_what_was_forgotten_is_read_again() -> None:
    inner = Counting()
    reader = RememberedLines(inner)
    reader.read([picture(48, 100, 1)])
    reader.forget()
    reader.read([picture(48, 100, 1)])
    assert len(inner.asked) == 2


def test_no_question_without_pictures() -> None:
    inner = Counting()
    assert RememberedLines(inner).read([]) == []
    assert not inner.asked
