"""Which cells the second reader is asked for, and what becomes of what both say."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from gikocr.elements import Candidate, CellCut, CellReading, Grid, UprightPage
from gikocr.engines.registry import Engines
from gikocr.errors import UsageError
from gikocr.geometry import Affine, BBox
from gikocr.ocr.cells import GridInk
from gikocr.ocr.ink import find_ink
from gikocr.ocr.numerals import state_of
from gikocr.pipeline.assembly import CellCollector
from gikocr.settings import load_settings
from tests.drawing import blank_page, write

BOXES = [BBox(100 + 200 * k, 100, 300 + 200 * k, 200) for k in range(3)]


class Scripted:
    """A reader that answers from a list, and remembers how many crops it was given."""

    def __init__(self, name: str, crop: CellCut, answers: Sequence[dict[str, float]]) -> None:
        self.name = name
        self.crop: CellCut = crop
        self.answers = list(answers)
        self.given: list[np.ndarray] = []

    def read(self, crops: Sequence[np.ndarray]) -> list[CellReading]:
        self.given += crops
        return [
            CellReading(tuple(Candidate(s, state_of(s), math.log(p)) for s, p in answer.items()), self.name)
            for answer in self.answers[: len(crops)]
        ]

    def score(self, crop: np.ndarray, strings: Sequence[str]) -> list[float]:
        return [0.0] * len(strings)


def collector(texts: Sequence[str]) -> CellCollector:
    page = blank_page((800, 300))
    for box, text in zip(BOXES, texts, strict=True):
        if text:
            write(page, text, box.center, 28)
    return collector_of(page)


def collector_of(page: np.ndarray) -> CellCollector:
    nothing = np.zeros_like(page)
    grid = Grid(1, BBox(100, 100, 700, 200), (), (), ())
    found = GridInk(grid, find_ink(page, nothing, nothing), (), 20.0)
    upright = UprightPage(1, page, Affine(), "px", (800.0, 300.0), 0, 0.0)
    result = CellCollector([found], {1: upright})
    for box in BOXES:
        result.index(0, box)
    return result


def test_only_doubtful_cells_go_to_the_second_reader() -> None:
    first = Scripted("a", "window", [{"12": 0.999}, {"44": 0.6, "41": 0.39}])
    second = Scripted("b", "print", [{"44": 0.99}])
    cells = collector(["12", "44", ""]).read(first, second, 0.9)
    assert len(first.given) == 2  # the blank cell has no ink
    assert len(second.given) == 1
    assert [c.reading.best.printed for c in cells] == ["12", "44", ""]
    assert [c.reading.reader for c in cells] == ["a", "a+b", "a"]
    assert cells[1].reading.best.log_probability > math.log(0.6)


def test_a_window_shows_more_than_a_tight_crop_of_the_same_cell() -> None:
    first = Scripted("a", "window", [{"12": 0.5}])
    second = Scripted("b", "print", [{"12": 0.5}])
    collector(["12", "", ""]).read(first, second, 0.9)
    assert first.given[0].shape[0] > second.given[0].shape[0]
    assert first.given[0].shape[1] > second.given[0].shape[1]


def test_disagreement_leaves_both_candidates() -> None:
    first = Scripted("a", "window", [{"41": 0.7, "44": 0.05}])
    second = Scripted("b", "print", [{"44": 0.9}])
    [cell, *_] = collector(["44", "", ""]).read(first, second, 0.9)
    assert {c.printed for c in cell.reading.candidates} == {"41", "44"}
    assert math.exp(cell.reading.best.log_probability) < 0.9


def test_without_a_second_reader_doubt_stays() -> None:
    first = Scripted("a", "window", [{"41": 0.7}])
    [cell, *_] = collector(["44", "", ""]).read(first)
    assert math.exp(cell.reading.best.log_probability) == pytest.approx(0.7)


def test_two_readers_that_saw_nothing_do_not_confirm_each_other() -> None:
    page = blank_page((800, 300))
    page[102:104, 130:270] = 40  # what line removal left along the cell's border
    page[110:190, 102:104] = 40
    first, second = Scripted("a", "window", []), Scripted("b", "print", [])
    alone = collector_of(page).read(first)
    both = collector_of(page).read(first, second, 1.0)
    assert not first.given and not second.given
    assert both[0].reading == alone[0].reading
    assert math.exp(both[0].reading.best.log_probability) < 0.9


def test_a_cell_that_a_stroke_runs_through_is_read_with_the_stroke_by_both() -> None:
    page = blank_page((800, 300))
    write(page, "21", BOXES[0].center, 28)
    page[145:155, 60:360] = 120  # with it whatever of the figures it touches would be painted white
    first, second = Scripted("a", "window", [{"21": 0.9}]), Scripted("b", "print", [{"21": 0.9}])
    [cell, *_] = collector_of(page).read(first, second, 0.9)
    assert [c.shape for c in first.given] == [c.shape for c in second.given]
    assert (first.given[0] < 60).any() and (first.given[0] == 120).any()
    assert cell.reading.reader == "a+b" and cell.reading.best.printed == "21"
    assert cell.occluded > 0.2


def test_engines_by_name() -> None:
    engines = Engines(load_settings())
    second = engines.second_reader()
    assert (engines.cell_reader().name, second and second.name) == ("numerals", "ppocr_v6_small_numerals")
    assert {"numerals", "ppocr_v6_small_rec"} <= {name for name, _ in engines.models()}
    assert Engines(load_settings({"second_engine": ""})).second_reader() is None
    same = {"cell_engine": "ppocr_v6_small_numerals", "second_engine": "ppocr_v6_small_numerals"}
    assert Engines(load_settings(same)).second_reader() is None
    same_weights = {"cell_engine": "numerals_torch", "second_engine": "numerals"}
    assert Engines(load_settings(same_weights)).second_reader() is None
    with pytest.raises(UsageError):
        Engines(load_settings({"second_engine": "abacus"}))
