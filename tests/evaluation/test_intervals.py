"""Intervals with a document as the unit, against values found by hand or in tables."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gikocr.evaluation.intervals import (
    clopper_pearson,
    clustered_rates,
    document_rate,
    total_error,
    upper_bound,
    without_errors,
)


def column(*counts: int) -> np.ndarray:
    return np.array(counts, dtype=np.int64).reshape(-1, 1)


def test_clopper_pearson_against_the_closed_forms_and_a_table() -> None:
    nothing, everything, half = clopper_pearson(0, 10), clopper_pearson(10, 10), clopper_pearson(5, 10)
    assert nothing is not None and everything is not None and half is not None
    assert (nothing.low, nothing.high) == (0.0, pytest.approx(1 - 0.025 ** (1 / 10)))
    assert (everything.low, everything.high) == (pytest.approx(0.025 ** (1 / 10)), 1.0)
    assert (half.low, half.high) == (pytest.approx(0.1871, abs=1e-4), pytest.approx(0.8129, abs=1e-4))
    assert clopper_pearson(0, 0) is None


def test_no_error_in_n_documents_is_the_rule_of_three() -> None:
    assert without_errors(299) < 0.01 < without_errors(298)
    assert without_errors(1000) == pytest.approx(3 / 1000, rel=0.005)
    assert without_errors(20) == pytest.approx(upper_bound(0, 20))


def test_a_share_of_all_or_nothing_gets_the_bound_by_document() -> None:
    (right,) = clustered_rates(column(200, 200, 7), column(200, 200, 7))
    assert right.interval is not None
    assert (right.share, right.documents, right.interval.method) == (1.0, 3, "bound by document")
    assert (right.interval.low, right.interval.high) == (pytest.approx(0.05 ** (1 / 3)), 1.0)
    (wrong,) = clustered_rates(column(0, 0), column(5, 5))
    assert wrong.interval is not None and wrong.interval.low == 0.0
    assert wrong.interval.high == pytest.approx(1 - 0.05 ** (1 / 2))


def test_documents_without_a_field_of_the_kind_do_not_make_the_bound_narrower() -> None:
    (rate,) = clustered_rates(column(4, 0, 0, 0), column(4, 0, 0, 0))
    assert rate.documents == 1 and rate.interval is not None and rate.interval.low == pytest.approx(0.05)


def test_nothing_to_count_and_one_document() -> None:
    (nothing,) = clustered_rates(column(0), column(0))
    assert (nothing.share, nothing.interval) == (None, None)
    (none_at_all,) = clustered_rates(np.zeros((0, 1), np.int64), np.zeros((0, 1), np.int64))
    assert (none_at_all.share, none_at_all.interval) == (None, None)
    (one,) = clustered_rates(column(3), column(4))
    assert (one.share, one.interval) == (0.75, None)
    assert document_rate([]).share is None


def test_the_interval_is_as_wide_as_the_documents_differ() -> None:
    # 40 documents of 100 fields with 5 % wrong: once in every document alike, once all of it in two documents.
    (alike,) = clustered_rates(column(*[94, 96] * 20), column(*[100] * 40))
    (lumped,) = clustered_rates(column(*[100] * 38, 0, 0), column(*[100] * 40))
    assert alike.share == lumped.share == 0.95
    assert alike.interval is not None and lumped.interval is not None
    # standard errors of the mean: 0.01 / sqrt(40) and sqrt(0.05 * 0.95 / 40); the interval is about 4 of them wide
    assert alike.interval.high - alike.interval.low == pytest.approx(2 * 1.96 * 0.01 / 40**0.5, rel=0.15)
    assert lumped.interval.high - lumped.interval.low == pytest.approx(2 * 1.96 * (0.05 * 0.95 / 40) ** 0.5, rel=0.25)


def test_the_bootstrap_covers_what_it_claims() -> None:
    # Half of the documents have 20 % wrong, half none: 10 % in all. 95 % of intervals should hold 0.9; 60 documents.
    rng, held = np.random.default_rng(5), 0
    for _ in range(200):
        wrong = np.where(rng.random(60) < 0.5, rng.binomial(50, 0.2, 60), 0)
        (rate,) = clustered_rates(column(*(50 - wrong)), column(*[50] * 60))
        assert rate.interval is not None
        held += rate.interval.low <= 0.9 <= rate.interval.high
    assert 180 <= held <= 199


def test_the_error_of_a_total() -> None:
    assert total_error(np.array([1.0])) is None
    assert total_error(np.array([2.0, 2.0, 2.0])) == 0.0
    # deviations -1, 0, 1 of 3 documents: sqrt(3/2 * 2)
    assert total_error(np.array([0.0, 1.0, 2.0])) == pytest.approx(3**0.5)


rows = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=12)


@settings(deadline=None)
@given(rows, st.randoms(use_true_random=False))
def test_the_order_of_documents_changes_nothing(counts: list[tuple[int, int]], random: object) -> None:
    shuffled = list(counts)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    both = [
        clustered_rates(column(*(h for h, _ in some)), column(*(h + m for h, m in some))) for some in (counts, shuffled)
    ]
    assert both[0] == both[1]


@settings(deadline=None)
@given(rows)
def test_an_interval_holds_its_share(counts: list[tuple[int, int]]) -> None:
    (rate,) = clustered_rates(column(*(h for h, _ in counts)), column(*(h + m for h, m in counts)))
    if rate.interval is not None and rate.share is not None:
        assert 0 <= rate.interval.low <= rate.interval.high <= 1
        if rate.interval.method == "bound by document":
            assert rate.interval.low <= rate.share <= rate.interval.high
