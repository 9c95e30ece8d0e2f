"""Measures of the confidence on cases small enough to count by hand."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gikocr.evaluation.confidence import area_under_risk_coverage, confidence_measures
from gikocr.evaluation.judge import JudgedDocument
from tests.evaluation.make import document, judged, lacking, output, unreadable


def test_expected_and_observed_errors() -> None:
    # Document 1: doubts 0.1 (wrong) and 0.2 (right): surprise 0.7. Document 2: doubt 0.3 (right): surprise -0.3.
    measures = confidence_measures(
        [document(judged(False, "0.9"), judged(True, "0.8")), document(judged(True, "0.7"), lacking())]
    )
    count = measures.overall
    assert (count.fields, count.observed, measures.lacking) == (3, 1, 1)
    assert count.expected == pytest.approx(0.6)
    # by document: mean 0.2, deviations ±0.5, sqrt(2/1 * 0.5) = 1; by the confidences sqrt(0.09 + 0.16 + 0.21) = 0.678
    assert count.standard_error == pytest.approx(1.0)
    assert count.z == pytest.approx(0.4)
    assert measures.brier == pytest.approx((0.9**2 + 0.2**2 + 0.3**2) / 3)


def test_the_standard_error_is_not_less_than_the_confidences_imply() -> None:
    # Ten documents, each with doubt 0.1 and no error: they do not differ, yet one error more or less would be chance.
    count = confidence_measures([document(judged(True, "0.9"))] * 10).overall
    assert count.standard_error == pytest.approx((10 * 0.09) ** 0.5)
    assert count.z == pytest.approx(-1 / 0.9**0.5)


def test_errors_that_come_together_make_the_standard_error_larger() -> None:
    clean, bad = document(*[judged(True, "0.9")] * 10), document(*[judged(False, "0.9")] * 10)
    count = confidence_measures([clean] * 9 + [bad]).overall
    # expected 10, observed 10; surprises -1 nine times and 9: sqrt(10/9 * 90) = 10, not sqrt(9) = 3
    assert (count.expected, count.observed) == (pytest.approx(10), 10)
    assert count.standard_error == pytest.approx(10)


def test_one_document_has_no_standard_error() -> None:
    count = confidence_measures([document(judged(False, "0.9"))]).overall
    assert (count.standard_error, count.z) == (None, None)


def test_bins_grow_by_tens_and_their_borders_are_exact() -> None:
    doubts = {
        "0.9999995": 0,
        "0.999999": 1,
        "0.99999": 2,
        "0.9999": 3,
        "0.999": 4,
        "0.99": 5,
        "0.9": 6,
        "0": 6,
        None: 7,
    }
    for p, place in doubts.items():
        bins = confidence_measures([document(judged(True, p))]).bins
        assert [b.count.fields for b in bins] == [int(index == place) for index in range(8)], p
    bins = confidence_measures([]).bins
    assert [(b.low, b.high) for b in bins] == [
        (0.0, 1e-6), (1e-6, 1e-5), (1e-5, 1e-4), (1e-4, 1e-3), (1e-3, 1e-2), (1e-2, 1e-1), (1e-1, 1.0), (None, None),
    ]  # fmt: skip


def test_null_counts_as_1_against_the_output_and_never_for_it() -> None:
    measures = confidence_measures([document(judged(True, None), judged(False, None)), document(judged(True, "0.995"))])
    assert measures.overall.expected == pytest.approx(0.005)
    assert measures.brier == pytest.approx((0 + 1 + 0.005**2) / 3)
    assert (measures.sure_among_right.hits, measures.sure_among_right.total) == (1, 2)
    sure = measures.wrong_and_sure
    assert (sure.fields, sure.without_confidence, sure.marked, sure.outside) == (1, 1, 0, 0)


def test_wrong_and_sure() -> None:
    outside = (output(5, p="0.995"), output(5, p="0.99"), output(5, p=None))
    measures = confidence_measures(
        [
            document(judged(False, "0.991"), judged(False, "0.99"), judged(True, "0.999"), lacking()),
            document(judged(False, "0.995", review=True), unreadable(None), unreadable("0.3"), outside=outside),
        ]
    )
    sure = measures.wrong_and_sure
    assert (sure.fields, sure.without_confidence, sure.marked, sure.outside) == (3, 1, 2, 2)


def aurc(doubts: list[float], wrong: list[bool]) -> float | None:
    return area_under_risk_coverage(np.array(doubts), np.array(wrong, dtype=np.bool_))


def test_the_area_under_the_risk_coverage_curve() -> None:
    assert aurc([], []) is None
    # the wrong field last: risks 0, 0, 1/3; first: 1, 1/2, 1/3
    assert aurc([0.1, 0.2, 0.3], [False, False, True]) == pytest.approx(1 / 9)
    assert aurc([0.1, 0.2, 0.3], [True, False, False]) == pytest.approx((1 + 1 / 2 + 1 / 3) / 3)


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from([0.1, 0.2]), st.booleans()), min_size=1, max_size=5))
def test_fields_of_equal_confidence_stand_in_random_order(fields: list[tuple[float, bool]]) -> None:
    areas = []
    for order in itertools.permutations(fields):
        ranked = sorted(order, key=lambda field: field[0])  # keeps the order of equals
        risks = [sum(wrong for _, wrong in ranked[: n + 1]) / (n + 1) for n in range(len(ranked))]
        areas.append(sum(risks) / len(risks))
    assert aurc([d for d, _ in fields], [w for _, w in fields]) == pytest.approx(sum(areas) / len(areas))


confidences = st.one_of(st.none(), st.decimals(0, 1, places=7).map(str))
documents = st.lists(
    st.lists(st.tuples(st.booleans(), confidences), max_size=6).map(
        lambda fields: document(*(judged(right, p) for right, p in fields))
    ),
    max_size=6,
)


@settings(deadline=None)
@given(documents)
def test_bins_add_up_to_all(some: list[JudgedDocument]) -> None:
    measures = confidence_measures(some)
    for name in ("fields", "observed", "expected"):
        total = sum(getattr(b.count, name) for b in measures.bins)
        assert total == pytest.approx(getattr(measures.overall, name))


@settings(deadline=None)
@given(documents)
def test_scores_stay_in_their_range(some: list[JudgedDocument]) -> None:
    measures = confidence_measures(some)
    for score in (measures.brier, measures.aurc):
        assert score is None or 0 <= score <= 1
    assert measures.wrong_and_sure.fields <= measures.overall.observed
