"""A quick reader first, a careful one where it is not sure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gikocr.elements import LineText
from gikocr.engines.ppocr_onnx import build_recogniser
from gikocr.ocr.quick import SURE, QuickFirst
from tests.drawing import blank_page, write


class Reader:
    """Says its name of every line, with a score that the first pixel of the line tells, and notes what it was asked for."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.asked: list[int] = []

    def read(self, crops: Sequence[np.ndarray]) -> list[LineText]:
        self.asked += [int(c[0, 0]) for c in crops]
        return [LineText(f"{self.name}{c[0, 0]}", float(c[0, 0]) / 100) for c in crops]


def crop(score: int) -> np.ndarray:
    return np.full((4, 8), score, np.uint8)


def test_the_careful_reader_reads_what_the_quick_one_doubts() -> None:
    quick, careful = Reader("quick"), Reader("careful")
    read = QuickFirst(quick, careful).read([crop(99), crop(20), crop(round(100 * SURE)), crop(89), crop(99)])
    assert [r.text for r in read] == ["quick99", "careful20", "quick90", "careful89", "quick99"]
    assert careful.asked == [20, 89]
    assert QuickFirst(quick, careful).read([]) == []


def test_both_networks_read_print() -> None:
    page = blank_page()
    write(page, "本年新收政府信息公开申请数量", (600, 500))
    inked = np.argwhere(page < 128)
    (top, left), (bottom, right) = inked.min(axis=0) - 4, inked.max(axis=0) + 5
    line = page[top:bottom, left:right]
    for name in ("ppocr_v6_small", "ppocr_v6_tiny"):
        [read] = build_recogniser(name).read([line])
        assert (read.text, build_recogniser(name).name) == ("本年新收政府信息公开申请数量", name)
        assert read.score > SURE
