from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gikocr.elements import Candidate, CellReading
from gikocr.ocr.numerals import state_of
from gikocr.ocr.pooling import mixed, pool


def _reading(reader: str, **given: float) -> CellReading:
    candidates = [Candidate(k[1:], state_of(k[1:]), math.log(p)) for k, p in given.items()]
    return CellReading(tuple(sorted(candidates, key=lambda c: -c.log_probability)), reader)


def _probabilities(reading: CellReading) -> dict[str, float]:
    return {c.printed: math.exp(c.log_probability) for c in reading.candidates}


def test_agreement_raises_and_disagreement_keeps_both() -> None:
    first = _reading("a", _4=0.7, _1=0.25)
    agreed = _probabilities(pool(first, _reading("b", _4=0.99)))
    assert agreed["4"] > 0.7
    torn = _probabilities(pool(first, _reading("b", _1=0.99)))
    assert torn["4"] < agreed["4"]
    assert torn["1"] > 0.05
    assert torn["4"] > 0.05


def test_two_readers_that_doubt_all_they_propose_do_not_make_it_sure() -> None:
    pooled = _probabilities(pool(_reading("a", _8=0.02), _reading("b", _8=0.02)))
    assert pooled["8"] < 0.1
    pooled = _probabilities(pool(_reading("a", _8=0.02, _6=0.01), _reading("b", _6=0.5)))
    assert pooled["6"] < 0.5


def test_both_readers_are_named() -> None:
    assert pool(_reading("a", _4=0.7), _reading("b", _4=0.9)).reader == "a+b"


def test_a_reader_that_saw_nothing_leaves_the_other_alone() -> None:
    first = _reading("a", _7=0.6)
    assert pool(first, CellReading((), "b")) == first
    assert pool(CellReading((), "b"), first) == first


strings = st.sampled_from(["0", "1", "4", "41", "", "-", "/"])
readings = st.dictionaries(strings, st.floats(1e-9, 1.0), min_size=1, max_size=5).map(
    lambda raw: CellReading(
        tuple(
            sorted(
                (Candidate(s, state_of(s), math.log(p / max(1.0, sum(raw.values())))) for s, p in raw.items()),
                key=lambda c: -c.log_probability,
            )
        ),
        "r",
    )
)


@given(readings, readings)
def test_pooled_candidates_are_those_of_both_in_order_and_leave_room_for_others(a: CellReading, b: CellReading) -> None:
    pooled = pool(a, b)
    assert {c.printed for c in pooled.candidates} == {c.printed for c in (*a.candidates, *b.candidates)}
    logs = [c.log_probability for c in pooled.candidates]
    assert logs == sorted(logs, reverse=True)
    total = sum(math.exp(v) for v in logs)
    assert 0 < total < 1


def test_of_two_readings_of_which_one_is_right_both_stay() -> None:
    one, other = _reading("a", _0=0.8, _6=0.1), _reading("b", _9=0.6, _0=0.2)
    both = _probabilities(mixed(one, other, 0.7))
    assert both == pytest.approx({"0": 0.7 * 0.8 + 0.3 * 0.2, "6": 0.07, "9": 0.18})
    assert list(both) == ["0", "9", "6"]
    assert _probabilities(mixed(one, CellReading((), "b"), 0.5)) == pytest.approx({"0": 0.4, "6": 0.05})
