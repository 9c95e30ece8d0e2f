"""A quick reader first, a careful one where it is not sure; cells that rivals share are read once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gikocr.elements import CellText, LineText
from gikocr.engines.ppocr_onnx import build_recogniser
from gikocr.geometry import BBox
from gikocr.ocr.known_cells import APART, KnownCells
from gikocr.ocr.known_cells import SURE as KNOWN
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


def test_a_cell_is_known_by_its_place() -> None:
    known = KnownCells()
    here, text = BBox(100, 200, 300, 240), CellText("总计", KNOWN, True)
    known.add([(here, text), (BBox(400, 200, 500, 240), CellText("尚未审结", KNOWN - 0.01, True))])
    near = APART * 20
    assert known.find(here, 20) is text
    assert known.find(BBox(100, 200, 300 + near, 240), 20) is text
    assert known.find(BBox(100, 200, 301 + near, 240), 20) is None, "a wider cell may hold more"
    assert known.find(BBox(400, 200, 500, 240), 20) is None, "what was not read surely is read again"
    known.add([(BBox(600, 200, 700, 240), CellText("其他", 1.0, True)), (BBox(0, 0, 9, 9), CellText("", 1.0, False))])
    assert known.find(BBox(600, 200, 700, 240), 20) is not None
    assert known.find(BBox(0, 0, 9, 9), 20) is None
    known.forget()
    assert known.find(here, 20) is None
