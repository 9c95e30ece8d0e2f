"""What is looked at again because of the sums: implied values are scored, and a second reader is asked where they doubt the first."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from gikocr.elements import Candidate, CellCut, CellReading, FormReading
from gikocr.ocr.numerals import state_of
from gikocr.pipeline.second_look import MOST_ASKED, ask_second, look_again
from gikocr.reconcile import Calibration, ask_sums, reconcile
from tests.reconcile.readings import FORM, SURE, Proposal, consistent_values, proposals, reading

TOTAL = "requests.total.other"


def _saying(printed: str, probability: float = 0.995) -> CellReading:
    return CellReading((Candidate(printed, state_of(printed), math.log(probability)),), "second")


def _table(**changed: list[Proposal]) -> tuple[FormReading, dict[str, int], dict[str, int]]:
    """A reading with some proposals of its own, the values that add up, and the cell of each field."""
    values = consistent_values()
    given: dict[str, Sequence[Proposal] | None] = dict(proposals(values))
    given.update({i.replace("__", "."): p for i, p in changed.items()})
    made = reading({"三": ("2021", given)})
    cells = {f.field_id: f.cell for f in made.tables[0].placements[0].fields if f.cell is not None}
    return made, values, cells


def _asked(
    made: FormReading, answers: dict[int, CellReading], cells: Sequence[int] | None = None
) -> tuple[FormReading, list[int]]:
    asked: list[int] = []

    def ask(wanted: Sequence[int]) -> list[CellReading]:
        asked.extend(wanted)
        return [answers.get(k, made.cells[k].reading) for k in wanted]

    every = range(len(made.cells)) if cells is None else cells
    return ask_second(made, ask_sums(made, FORM), every, ask), asked


def test_nobody_is_asked_where_the_sums_hold() -> None:
    made, _, _ = _table()
    again, asked = _asked(made, {})
    assert asked == []
    assert again is made


@pytest.mark.parametrize("says", ["as_printed", "as_summed"])
def test_a_second_reader_decides_between_an_error_in_print_and_a_misreading(says: str) -> None:
    right = consistent_values()[TOTAL]
    printed = f"{right}1"
    made, _, cells = _table(requests__total__other=[(printed, SURE), (str(right), 2e-4)])
    before = _best(made)
    assert before[0] == str(right), "one reader's least trace is enough for the sums"
    again, asked = _asked(made, {cells[TOTAL]: _saying(printed if says == "as_printed" else str(right))})
    assert cells[TOTAL] in asked
    best, confidence = _best(again)
    if says == "as_summed":
        assert (best, confidence > 0.999) == (str(right), True)
    else:
        assert best == printed or 1 - confidence > 10 * (1 - before[1])


def test_only_cells_that_can_be_asked_about_are() -> None:
    right = consistent_values()[TOTAL]
    made, _, cells = _table(requests__total__other=[(f"{right}1", SURE), (str(right), 2e-4)])
    others = [k for k in range(len(made.cells)) if k != cells[TOTAL]]
    again, asked = _asked(made, {}, others)
    assert cells[TOTAL] not in asked
    assert again.cells[cells[TOTAL]] == made.cells[cells[TOTAL]]


def test_a_table_in_which_nothing_adds_up_does_not_ask_for_all_of_it() -> None:
    values = consistent_values()
    shifted = {i: [(str(v + 1 + k % 7), 0.7), (str(v), 0.2)] for k, (i, v) in enumerate(values.items())}
    made = reading({"三": ("2021", shifted)})
    _, asked = _asked(made, {})
    assert 0 < len(asked) <= MOST_ASKED


def test_an_implied_value_is_scored_and_stays_implied_until_a_second_reader_says_it() -> None:
    right = consistent_values()[TOTAL]
    made, _, cells = _table(requests__total__other=[(str(right + 1), SURE)])

    class Scorer:
        name: str = "by hand"
        crop: CellCut = "window"

        def read(self, crops: Sequence[np.ndarray]) -> list[CellReading]:
            raise AssertionError("cells are not read again by their own reader")

        def score(self, crop: np.ndarray, strings: Sequence[str]) -> list[float]:
            return [math.log(1e-5)] * len(strings)

    again = look_again(made, ask_sums(made, FORM), {cells[TOTAL]: np.zeros((4, 4), np.uint8)}, Scorer())
    own = {c.printed: c.implied for c in again.cells[cells[TOTAL]].reading.candidates}
    assert own == {str(right + 1): False, str(right): True}
    kept, _ = _asked(again, {cells[TOTAL]: _saying(str(right + 1))})
    assert {c.printed: c.implied for c in kept.cells[cells[TOTAL]].reading.candidates}[str(right)]
    said, _ = _asked(again, {cells[TOTAL]: _saying(str(right))})
    assert not {c.printed: c.implied for c in said.cells[cells[TOTAL]].reading.candidates}[str(right)]


def _best(made: FormReading) -> tuple[str, float]:
    found = {f.field_id: f.candidates[0] for f in reconcile(made, FORM, None, Calibration()).fields if f.candidates}
    candidate, probability = found[TOTAL]
    return candidate.printed, probability
