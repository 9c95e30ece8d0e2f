"""The forward–backward alignment against an enumeration of every path through a small lattice."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gikocr.kie.alignment import NEVER, align

Step = tuple[str, int, int]
"""Kind (pair, skip_first, skip_second, join) and the items that it takes."""


def paths(n: int, m: int, joins: frozenset[int], i: int = 0, j: int = 0) -> Iterator[list[Step]]:
    """All monotone paths from (i, j) to (n, m)."""
    if (i, j) == (n, m):
        yield []
        return
    steps: list[tuple[Step, int, int]] = []
    if i < n and j < m:
        steps.append((("pair", i, j), i + 1, j + 1))
    if i < n:
        steps.append((("skip_first", i, j), i + 1, j))
    if j < m:
        steps.append((("skip_second", i, j), i, j + 1))
    if i + 1 < n and j < m and i in joins:
        steps.append((("join", i, j), i + 2, j + 1))
    for step, next_i, next_j in steps:
        for rest in paths(n, m, joins, next_i, next_j):
            yield [step, *rest]


@st.composite
def problems(draw: st.DrawFn) -> tuple[np.ndarray, list[float], list[float], dict[int, np.ndarray]]:
    n, m = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    weights = st.floats(-8, 8, allow_nan=False, width=32)

    def row(k: int) -> list[float]:
        return draw(st.lists(weights, min_size=k, max_size=k))

    pair = np.array([row(m) for _ in range(n)])
    joins = draw(st.sets(st.integers(0, n - 2))) if n > 1 else set()
    return pair, row(n), row(m), {i: np.array(row(m)) for i in joins}


def weight_of(path: list[Step], pair: np.ndarray, first: list[float], second: list[float], join: dict) -> float:
    table = {
        "pair": lambda i, j: pair[i, j],
        "skip_first": lambda i, _: first[i],
        "skip_second": lambda _, j: second[j],
        "join": lambda i, j: join[i][j],
    }
    return float(sum(table[kind](i, j) for kind, i, j in path))


@settings(max_examples=60, deadline=None)
@given(problems())
def test_agrees_with_an_enumeration_of_all_paths(problem: tuple) -> None:
    pair, first, second, join = problem
    n, m = pair.shape
    every = [(p, weight_of(p, pair, first, second, join)) for p in paths(n, m, frozenset(join))]
    total = math.fsum(math.exp(w) for _, w in every)
    expected = np.zeros((n, m))
    for path, weight in every:
        for kind, i, j in path:
            if kind == "pair":
                expected[i, j] += math.exp(weight) / total
            elif kind == "join":
                expected[i, j] += math.exp(weight) / total
                expected[i + 1, j] += math.exp(weight) / total
    found = align(pair, first, second, join)
    assert found.log_weight == pytest.approx(math.log(total), abs=1e-9)
    np.testing.assert_allclose(found.probability, expected, atol=1e-9)

    taken = {(i, j) for i, j in found.pairs}
    best = max(w for _, w in every)
    same = [
        p
        for p, w in every
        if w == pytest.approx(best, abs=1e-9)
        and {(i, j) for kind, i, j in p if kind in ("pair", "join")} == taken
        and {i for kind, i, _ in p if kind == "join"} == found.joined
    ]
    assert same, "the path given is not one of the heaviest"


@settings(max_examples=60, deadline=None)
@given(problems())
def test_pairs_are_monotone_and_probabilities_are_probabilities(problem: tuple) -> None:
    pair, first, second, join = problem
    found = align(pair, first, second, join)
    assert all(a[0] < b[0] and a[1] < b[1] for a, b in zip(found.pairs, found.pairs[1:], strict=False))
    assert (found.probability >= 0).all() and (found.probability <= 1).all()
    # An item of the first sequence is taken by at most one of the second.
    assert (found.probability.sum(axis=1) <= 1 + 1e-9).all()


@given(st.integers(1, 6))
def test_a_strong_diagonal_is_certain(n: int) -> None:
    pair = np.full((n, n), -10.0)
    np.fill_diagonal(pair, 10.0)
    found = align(pair, [-4.0] * n, [-4.0] * n)
    assert found.pairs == tuple((i, i) for i in range(n))
    assert (np.diag(found.probability) > 0.999).all()


def test_nothing_speaks_for_either_of_two_places() -> None:
    found = align(np.zeros((1, 2)), [-4.0], [-1.0, -1.0])
    assert found.probability[0, 0] == pytest.approx(found.probability[0, 1])
    assert found.probability[0, 0] < 0.5


def test_a_pair_that_must_never_be_is_never_taken() -> None:
    pair = np.array([[NEVER, NEVER], [NEVER, 5.0]])
    found = align(pair, [-4.0, -4.0], [-4.0, -4.0])
    assert found.pairs == ((1, 1),)
    assert found.probability[0].max() == 0.0


def test_a_row_in_two_halves_is_joined_where_that_weighs_more() -> None:
    pair = np.array([[-3.0, -3.0], [-3.0, -3.0], [-9.0, 9.0]])
    found = align(pair, [-6.0] * 3, [-4.0] * 2, {0: np.array([8.0, -9.0])})
    assert found.joined == {0}
    assert found.pairs == ((0, 0), (2, 1))
    assert found.probability[0, 0] > 0.99 and found.probability[1, 0] > 0.99


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)])
def test_an_empty_side_leaves_everything_out(shape: tuple[int, int]) -> None:
    found = align(np.zeros(shape), [-1.0] * shape[0], [-2.0] * shape[1])
    assert found.pairs == ()
    assert found.log_weight == pytest.approx(-1.0 * shape[0] - 2.0 * shape[1])
