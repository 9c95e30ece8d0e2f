"""The review budget and the maps of a calibration: what they promise, tried on invented documents whose truth is known."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from gikocr.evaluation.calibrating import _budget
from gikocr.reconcile.calibration import Budget, Calibration, ErrorMap, KindParameters
from gikocr.reconcile.posterior import mapped


def _documents(count: int, scale: float, seed: int) -> list[list[tuple[float, bool]]]:
    """Documents of 200 fields whose doubts hold, or are ``scale`` times too small."""
    dice = random.Random(seed)
    doubts = [1e-5] * 150 + [1e-3] * 40 + [0.05] * 10
    return [[(d, dice.random() < d * scale) for d in doubts] for _ in range(count)]


def _left(documents: list[list[tuple[float, bool]]], largest: float) -> float:
    fields = [item for rows in documents for item in rows]
    return sum(wrong for doubt, wrong in fields if doubt <= largest) / len(fields)


def test_the_threshold_keeps_its_target_on_the_documents_it_was_taken_from() -> None:
    documents = _documents(200, 1.0, 3)
    for target in (3e-3, 1e-3, 1e-4):
        budget = _budget(documents, target)
        assert _left(documents, budget.largest_doubt) <= target
        assert budget.bounded_doubt <= budget.largest_doubt


def test_confidences_that_promise_too_much_get_a_stricter_threshold() -> None:
    assert _budget(_documents(200, 1.0, 4), 5e-4).largest_doubt >= 1e-3
    assert _budget(_documents(200, 20.0, 4), 5e-4).largest_doubt < 1e-3


def test_few_documents_give_no_bound() -> None:
    perfect = [[(1e-5, False)] * 200 for _ in range(20)]
    assert _budget(perfect, 1e-4).bounded_doubt == 0.0
    assert _budget(perfect * 50, 1e-4).bounded_doubt == 1e-5


def test_a_target_without_a_measured_budget_delivers_no_more_doubt_than_the_target() -> None:
    measured = KindParameters(budgets=(Budget(1e-3, 0.02, 0.0), Budget(1e-4, 0.001, 0.0)))
    assert measured.review_below(1e-3) == 0.98
    assert measured.review_below(5e-4) == 1 - 0.001, "the next stricter one that was measured"
    assert measured.review_below(1e-6) == 1 - 1e-6
    assert KindParameters().review_below(1e-4) == 1 - 1e-4


@given(
    st.lists(st.floats(1e-9, 1 - 1e-9), min_size=2, max_size=20),
    st.floats(-5, 5),
    st.floats(0.1, 3),
)
def test_a_map_keeps_the_order_of_doubts(doubts: list[float], intercept: float, slope: float) -> None:
    after = [mapped(d, ErrorMap(intercept, slope)) for d in sorted(doubts)]
    assert after == sorted(after) and all(0.0 <= p <= 1.0 for p in after)


def test_an_artefact_comes_back_as_it_was() -> None:
    own = KindParameters(maps={"free": ErrorMap(0.5, 0.9)}, budgets=(Budget(1e-3, 0.02, 0.01),))
    before = Calibration({"scan": own}, {"note": "invented"})
    after = Calibration.from_json(before.to_json())
    assert after.kinds["scan"].maps == own.maps and after.kinds["scan"].budgets == own.budgets
    assert after.provenance == before.provenance and after.to_json() == before.to_json()
