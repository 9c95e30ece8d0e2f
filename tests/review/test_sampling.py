from __future__ import annotations

import math
from collections import Counter
from fractions import Fraction
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from gikocr.review import Plan, Station
from gikocr.review.agreement import agreements, answer, gwet_ac1
from gikocr.review.intervals import clopper_pearson
from gikocr.review.sampling import ensure_sample, gone_through, permutation
from gikocr.settings import Settings
from gikocr.workspace import Workspace
from tests.review.documents import DOUBTS, VALUES, make_document


@given(st.integers(0, 400), st.integers(0, 2**32))
def test_a_permutation_has_every_number_once_and_the_same_again(total: int, seed: int) -> None:
    found = list(permutation(total, seed))
    assert sorted(found) == list(range(total))
    assert found == list(permutation(total, seed))


def test_each_number_is_first_equally_often() -> None:
    first = Counter(next(permutation(5, seed)) for seed in range(5000))
    # Five standard deviations of a binomial count.
    assert all(abs(first[k] - 1000) < 5 * math.sqrt(5000 * 0.2 * 0.8) for k in range(5))


def binomial_tail(hits: int, total: int, share: Fraction) -> float:
    """The probability of at least ``hits`` out of ``total``, exactly."""
    return float(sum(math.comb(total, k) * share**k * (1 - share) ** (total - k) for k in range(hits, total + 1)))


@given(st.integers(1, 60), st.data())
@settings(deadline=None)
def test_the_interval_is_where_the_exact_tails_are_one_fortieth(total: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, total))
    interval = clopper_pearson(hits, total)
    assert interval is not None
    assert 0 <= interval.low <= hits / total <= interval.high <= 1
    if hits:
        assert math.isclose(binomial_tail(hits, total, Fraction(interval.low)), 0.025, rel_tol=1e-6)
    if hits < total:
        assert math.isclose(1 - binomial_tail(hits + 1, total, Fraction(interval.high)), 0.025, rel_tol=1e-6)


def test_what_no_error_in_300_says() -> None:
    interval = clopper_pearson(0, 300)
    assert interval is not None
    assert interval.low == 0
    assert math.isclose(interval.high, 1 - 0.025 ** (1 / 300), rel_tol=1e-9)
    assert clopper_pearson(0, 0) is None


@given(st.lists(st.booleans(), max_size=60))
def test_a_part_counts_as_gone_through_where_little_of_it_is_missing(known: list[bool]) -> None:
    seen = gone_through(known)
    assert seen == 0 or (known[seen - 1] and sum(known[:seen]) >= 0.9 * seen)
    for longer in range(seen + 1, len(known) + 1):
        assert not known[longer - 1] or sum(known[:longer]) < 0.9 * longer


def sample_of(workspace: Workspace) -> list[tuple[str, str]]:
    return [(d.field.document, d.field.field_id) for d in workspace.second_looks.sample()]


def test_the_sample_depends_on_seed_and_content_and_not_on_the_order_of_reading(tmp_path: Path) -> None:
    samples = []
    for name, order in (("one", (0, 1, 2)), ("two", (2, 0, 1))):
        with Workspace.open(tmp_path / name) as workspace:
            for number in order:
                make_document(workspace, tmp_path / "scans", number)
            assert ensure_sample(workspace, 40, 7) == 40
            assert ensure_sample(workspace, 40, 7) == 0
            samples.append(sample_of(workspace))
            assert not any(f.needs_review for f in (d.field for d in workspace.second_looks.sample()))
            assert ensure_sample(workspace, 50, 7) == 10
            assert sample_of(workspace)[:40] == samples[-1]
    assert samples[0] == samples[1]
    assert len(set(samples[0])) == 40
    with Workspace.open(tmp_path / "one") as workspace:
        sure = 3 * (len(VALUES) - len(DOUBTS))
        assert ensure_sample(workspace, 10**6, 7) == sure - 50
        assert len(set(sample_of(workspace))) == sure


def test_the_residual_error_is_counted_in_the_order_of_the_sample(on_sqlite: Station) -> None:
    on_sqlite.set_plan(Plan(sample=30, seed=3))
    drawn = [d.field for d in on_sqlite.workspace.second_looks.sample()]
    late = drawn[25]
    on_sqlite.settle("李", late.report_id, late.field_id, version=0, value=123456, state="read")
    assert (on_sqlite.residual().done, on_sqlite.residual().rate) == (0, None)
    for k, field in enumerate(drawn[:20]):
        value = field.value if k else 999
        on_sqlite.settle("李", field.report_id, field.field_id, version=0, value=value, state="read")
    residual = on_sqlite.residual()
    assert (residual.done, residual.wrong, residual.rate) == (20, 1, 0.05)
    assert residual.interval is not None and residual.interval.low < 0.05 < residual.interval.high


def test_a_sample_of_an_older_reading_is_drawn_anew(on_sqlite: Station, tmp_path: Path) -> None:
    asked = on_sqlite.residual().asked
    workspace = on_sqlite.workspace
    with workspace.database.write() as connection:
        connection.exec_driver_sql("UPDATE report SET fingerprint = 'other settings'")
    assert on_sqlite.residual().asked == 0
    with Station(workspace, Settings()) as again:
        assert again.residual().asked == asked


PAIRS = st.lists(st.tuples(st.sampled_from("0123/"), st.sampled_from("0123/")), min_size=1, max_size=40)


@given(PAIRS)
def test_agreement_beyond_chance_is_bounded_symmetric_and_full_where_all_agree(pairs: list[tuple[str, str]]) -> None:
    found = gwet_ac1(pairs)
    assert -1 <= found <= 1
    assert math.isclose(found, gwet_ac1([(b, a) for a, b in pairs]), abs_tol=1e-12)
    assert (found == 1) == all(a == b for a, b in pairs)
    assert gwet_ac1([(a, a) for a, _ in pairs]) == 1


def test_where_nearly_all_answers_are_one_agreement_stays_high() -> None:
    # 118 of 125 answers agree, all of them on one category: Cohen's kappa of these is below 0. Reckoned by hand.
    pairs = [("+", "+")] * 118 + [("+", "-")] * 5 + [("-", "+")] * 2
    assert math.isclose(gwet_ac1(pairs), (0.944 - 0.054432) / (1 - 0.054432), rel_tol=1e-9)


def test_the_same_amount_written_otherwise_is_the_same_answer() -> None:
    from decimal import Decimal

    assert answer(Decimal("75.9260"), "read") == answer(Decimal("75.926"), "read")
    assert answer(None, "blank") != answer(None, "slash")
    assert agreements([]) == []
