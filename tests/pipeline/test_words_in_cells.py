"""Words that a line reader sees in a value's cell: they compete with numbers, and short ones are strokes of something else."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pytest

from gikocr.elements import Candidate, CellReading, CellText, ReadCell
from gikocr.geometry import BBox
from gikocr.ocr.numerals import state_of
from gikocr.pipeline.assembly import with_cell_texts

BOX = BBox(100.0, 100.0, 200.0, 140.0)


def worded(text: str, read: Mapping[str, float], occluded: float = 0.0) -> dict[str, float]:
    candidates = tuple(Candidate(k, state_of(k), math.log(p)) for k, p in read.items())
    quad = (100.0, 100.0, 200.0, 100.0, 200.0, 140.0, 100.0, 140.0)
    cell = ReadCell(1, BOX, quad, "px", CellReading(candidates, "numerals"), occluded)
    [result] = with_cell_texts([cell], [(1, BOX, CellText(text, 0.99, True))])
    return {c.printed: math.exp(c.log_probability) for c in result.reading.candidates}


def test_a_number_with_its_unit_takes_the_place_of_what_a_numeral_reader_made_of_it() -> None:
    assert worded("98.43万元", {"98.43": 0.4}) == pytest.approx({"98.43万元": 0.99})


def test_words_compete_with_what_was_read() -> None:
    both = worded("详见附件", {"0": 0.3, "6": 0.1})
    assert max(both, key=lambda k: both[k]) == "详见附件"
    assert both["0"] == pytest.approx(0.15)


@pytest.mark.parametrize("strokes", ["山", "福V", "东"])
def test_a_letter_or_two_are_strokes_of_a_seal(strokes: str) -> None:
    assert worded(strokes, {"0": 0.3}) == pytest.approx({"0": 0.3})


def test_words_for_nothing_stand_alone() -> None:
    assert worded("不适用", {"7": 0.2}) == pytest.approx({"不适用": 0.99})


def test_what_was_read_surely_or_is_covered_stays() -> None:
    assert worded("详见附件", {"12": 0.9}) == pytest.approx({"12": 0.9})
    assert worded("详见附件", {"12": 0.3}, occluded=0.5) == pytest.approx({"12": 0.3})
