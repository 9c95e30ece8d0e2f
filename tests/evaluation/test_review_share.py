"""The review share: thresholds come from one set and are judged on another."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gikocr.evaluation import review_share as room
from gikocr.evaluation.intervals import upper_bound
from gikocr.evaluation.judge import JudgedDocument
from gikocr.evaluation.review_share import Threshold, choose_thresholds, review_share
from tests.evaluation.make import document, judged, lacking, unreadable


def threshold(documents: list[JudgedDocument], target: float, bounded: bool = False) -> Threshold:
    (found,) = [t for t in choose_thresholds(documents) if (t.target, t.bounded) == (target, bounded)]
    return found


def limit(largest_doubt: float | None) -> Threshold:
    return Threshold(1e-3, False, largest_doubt, 1, 1, 0)


def test_a_wrong_field_above_the_target_ends_what_is_delivered() -> None:
    # 1000 fields: one wrong at doubt 0.05 is exactly 1e-3 and may stay; the second, at 0.2, may not.
    right = document(*[judged(True, "0.999")] * 990, *[judged(True, "0.9")] * 8)
    calibration = [right, document(judged(False, "0.95")), document(judged(False, "0.8"))]
    loose, strict = threshold(calibration, 1e-3), threshold(calibration, 1e-4)
    assert (loose.largest_doubt, loose.left_wrong, loose.fields) == (pytest.approx(0.1), 1, 1000)
    assert (strict.largest_doubt, strict.left_wrong) == (pytest.approx(0.001), 0)


def test_fields_of_equal_confidence_are_delivered_together_or_not_at_all() -> None:
    calibration = [document(*[judged(True, "0.9")] * 5, judged(False, "0.9"), judged(True, "0.99"))]
    assert threshold(calibration, 1e-3).largest_doubt == pytest.approx(0.01)


def test_nothing_may_be_delivered_when_the_most_confident_field_is_wrong() -> None:
    assert threshold([document(judged(False, None), judged(True, "0.9"))], 1e-3).largest_doubt is None
    assert threshold([document(lacking(), unreadable())], 1e-3).largest_doubt is None


def test_the_bound_by_document_needs_enough_documents() -> None:
    # No error, 200 fields a document, 2 wrong fields a document at worst: the share of bad documents must be at most
    # 0.1 for 1e-3 and 0.01 for 1e-4: 29 and 299 documents.
    one = document(*[judged(True, "0.999")] * 200)
    assert threshold([one] * 28, 1e-3, True).largest_doubt is None
    assert threshold([one] * 29, 1e-3, True).largest_doubt == pytest.approx(0.001)
    assert threshold([one] * 298, 1e-4, True).largest_doubt is None
    assert threshold([one] * 299, 1e-4, True).largest_doubt == pytest.approx(0.001)


def test_the_bound_counts_bad_documents_and_the_errors_in_one() -> None:
    clean = document(*[judged(True, "0.999")] * 100)
    bad = document(*[judged(False, "0.99")] * 3, *[judged(True, "0.999")] * 97)
    wrong = [[0.01] * 3] + [[]] * 99
    assert room._bounded_risk(wrong, 0.01, 10_000) == pytest.approx(upper_bound(1, 100) * 3 / 100)
    assert room._bounded_risk(wrong, 0.001, 10_000) == pytest.approx(upper_bound(0, 100) * 2 / 100)
    assert threshold([clean] * 99 + [bad], 1e-3, True).largest_doubt == pytest.approx(0.001)


def test_a_threshold_on_another_set() -> None:
    first = document(judged(True, "0.999"), judged(False, "0.999"), judged(True, "0.5"), judged(True, None))
    second = document(lacking(), unreadable("0.9999"), judged(False, "0.5"), judged(True, "0.99"))
    found = review_share([first, second, document()], limit(0.01))
    assert (found.reviewed.hits, found.reviewed.total) == (4, 8)  # 0.5; lacking, unreadable, 0.5
    assert (found.documents.hits, found.documents.total) == (2, 2)
    assert (found.left_wrong.hits, found.left_wrong.total) == (1, 8)
    everything = review_share([first, second], limit(None))
    assert (everything.reviewed.share, everything.left_wrong.hits) == (1.0, 0)


fields = st.lists(st.tuples(st.booleans(), st.sampled_from(["0.9999", "0.99", "0.9", "0.5", None])), max_size=30)
sets = st.lists(fields.map(lambda some: document(*(judged(right, p) for right, p in some))), min_size=1, max_size=5)


@settings(deadline=None)
@given(sets)
def test_on_its_own_set_a_threshold_keeps_the_target_and_the_bound_is_stricter(some: list[JudgedDocument]) -> None:
    for chosen in choose_thresholds(some):
        assert chosen.left_wrong <= chosen.target * chosen.fields
        assert review_share(some, chosen).left_wrong.hits == chosen.left_wrong
        if chosen.bounded:
            observed = threshold(some, chosen.target).largest_doubt
            assert chosen.largest_doubt is None or (observed is not None and chosen.largest_doubt <= observed)


@settings(deadline=None)
@given(sets)
def test_a_looser_threshold_never_asks_for_more_review(some: list[JudgedDocument]) -> None:
    shares = [review_share(some, limit(doubt)) for doubt in (None, 0.0, 0.001, 0.1, 1.0)]
    reviewed, left = [s.reviewed.hits for s in shares], [s.left_wrong.hits for s in shares]
    assert reviewed == sorted(reviewed, reverse=True)
    assert left == sorted(left)
