"""Which ways of rows go together: against listing every combination."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gikocr.kie.joint import MOST_STATES, Ways, put_together
from gikocr.kie.text_lost import placements

Rule = tuple[tuple[str, ...], tuple[str, ...]]


def ways_of(*options: Mapping[str, int]) -> Ways:
    prior = math.log(1 / len(options))
    return Ways((prior,) * len(options), tuple({k: Decimal(v) for k, v in o.items()} for o in options))


def listed(rows: Sequence[Ways], rules: Sequence[Rule]) -> tuple[list[list[float]], bool]:
    """The marginals over all combinations that fulfil every rule, and whether there is one."""
    marginal = [[0.0] * len(row.values) for row in rows]
    for choice in itertools.product(*(range(len(row.values)) for row in rows)):
        known: dict[str, Decimal | None] = {}
        for row, k in zip(rows, choice, strict=True):
            known |= row.values[k]
        if any(sum(known[f] or 0 for f in a) != sum(known[f] or 0 for f in b) for a, b in rules):
            continue
        weight = math.exp(sum(row.log_prior[k] for row, k in zip(rows, choice, strict=True)))
        for row_, k in zip(marginal, choice, strict=True):
            row_[k] += weight
    totals = [sum(own) for own in marginal]
    return [[w / t if t else 0.0 for w in own] for own, t in zip(marginal, totals, strict=True)], totals[0] > 0


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[Ways], list[Rule], list[int]]:
    """Rows of counts over columns that lost their zeros, with a row of sums; and which way of each row is the true one."""
    n_rows, n_columns = draw(st.integers(1, 4)), draw(st.integers(2, 3))
    counts = [[draw(st.sampled_from((0, 0, 1, 2, 5))) for _ in range(n_columns)] for _ in range(n_rows)]
    counts.append([sum(column) for column in zip(*counts, strict=True)])
    rows, true = [], []
    for r, row in enumerate(counts):
        shown = [v for v in row if v]
        places = list(itertools.combinations(range(n_columns), len(shown)))
        options = [{f"{r}.{c}": 0 for c in range(n_columns)} for _ in places]
        for option, columns in zip(options, places, strict=True):
            option |= {f"{r}.{c}": v for c, v in zip(columns, shown, strict=True)}
        weights = [draw(st.floats(-2, 0)) for _ in places]
        rows.append(Ways(tuple(weights), ways_of(*options).values))
        true.append(places.index(tuple(c for c, v in enumerate(row) if v)))
    rules = [((f"{n_rows}.{c}",), tuple(f"{r}.{c}" for r in range(n_rows))) for c in range(n_columns)]
    return rows, rules, true


@settings(max_examples=150, deadline=None)
@given(tables())
def test_marginals_are_those_of_listing_everything(table: tuple[list[Ways], list[Rule], list[int]]) -> None:
    rows, rules, true = table
    found = put_together(rows, rules)
    wanted, possible = listed(rows, rules)
    assert possible and found.fulfilled and found.exact and found.broken == 0
    for own, other in zip(found.marginal, wanted, strict=True):
        assert own == pytest.approx(other, abs=1e-9)
    # What is chosen fulfils the rules, and where the sums force one way it is the true one.
    known: dict[str, Decimal | None] = {}
    for row, k in zip(rows, found.chosen, strict=True):
        known |= row.values[k]
    assert all(sum(known[f] or 0 for f in a) == sum(known[f] or 0 for f in b) for a, b in rules)
    for own, k, t in zip(found.marginal, found.chosen, true, strict=True):
        assert own[t] > 0.0
        if max(own) > 1 - 1e-9:
            assert k == t


def test_sums_over_rows_choose_among_ways() -> None:
    rows = [ways_of({"a": 1, "b": 23}, {"a": 12, "b": 3}), ways_of({"c": 5}), ways_of({"total": 17}, {"total": 6})]
    together = put_together(rows, [(("total",), ("a", "c"))])
    # Both 1 + 5 = 6 and 12 + 5 = 17 hold: nothing more tells them apart, but they are not mixed.
    assert together.marginal[0] == pytest.approx((0.5, 0.5))
    assert together.chosen in ((0, 0, 1), (1, 0, 0))
    assert together.rivals and together.rivals[0][0] != together.chosen[0]
    sure = put_together([*rows, ways_of({"b_total": 3})], [(("total",), ("a", "c")), (("b_total",), ("b",))])
    assert sure.chosen[0] == 1 and sure.marginal[0][1] == pytest.approx(1.0)


def test_a_sum_that_cannot_hold_does_not_hide_the_others() -> None:
    rows = [ways_of({"a": 1, "b": 0}, {"a": 0, "b": 1}), ways_of({"a_total": 1}), ways_of({"b_total": 7})]
    together = put_together(rows, [(("a_total",), ("a",)), (("b_total",), ("b",))])
    assert together.broken == 1 and together.fulfilled and together.chosen[0] == 0


def test_where_no_combination_fulfils_the_sums_the_fewest_are_broken() -> None:
    rows = [ways_of({"a": 1, "b": 0}, {"a": 0, "b": 1}), ways_of({"one": 1, "none": 0})]
    together = put_together(rows, [(("one",), ("a",)), (("one",), ("b",)), (("one",), ("a", "none"))])
    assert not together.fulfilled and together.broken == 0
    assert together.chosen[0] == 0 and together.marginal[0][0] > 0.99


def test_rules_with_unknown_fields_are_left_out() -> None:
    together = put_together([ways_of({"a": 1})], [(("total",), ("a",))])
    assert together.broken == 0 and together.chosen == (0,) and together.rivals == ()


def test_many_rows_that_say_nothing_are_bounded_and_say_so() -> None:
    rows = [ways_of(*({f"{r}.{c}": 3**r if c == k else 0 for c in range(6)} for k in range(6))) for r in range(12)]
    sums = [ways_of(*({f"t.{c}": 3**c * (k + 1) for c in range(6)} for k in range(40)))]
    rules = [((f"t.{c}",), tuple(f"{r}.{c}" for r in range(12))) for c in range(6)]
    together = put_together([*rows, *sums], rules)
    assert not together.exact or len(rows) < math.log(MOST_STATES, 6)
    assert all(math.isclose(sum(own), 1.0, rel_tol=1e-6) for own in together.marginal)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from((0, 0, 0, 1, 3, 12)), min_size=4, max_size=6))
def test_all_placements_of_a_row_that_obey_its_sum_are_found(parts: list[int]) -> None:
    row = [*parts, sum(parts)]
    shown = [(c, v) for c, v in enumerate(row) if v]
    if not shown:
        return
    n = len(row)
    sums = [((n - 1,), tuple(range(n - 1)))]
    numbers = [Decimal(v) for _, v in shown]
    found = {columns for _, columns in placements(numbers, n, sums, (), None)}
    wanted = set()
    for columns in itertools.combinations(range(n), len(numbers)):
        at = dict(zip(columns, numbers, strict=True))
        if at.get(n - 1, 0) == sum(v for c, v in at.items() if c < n - 1):
            wanted.add(columns)
    assert found == wanted and tuple(c for c, _ in shown) in found


def test_the_layout_outweighs_a_sum_that_print_breaks() -> None:
    numbers = [Decimal(3), Decimal(4)]
    places = np.full((2, 4), -12.0)
    places[0, 1] = places[1, 3] = 0.0
    best = placements(numbers, 4, [((3,), (0, 1, 2))], (), places)[0]
    assert best[1] == (1, 3)
