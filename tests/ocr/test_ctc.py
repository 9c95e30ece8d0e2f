"""CTC scores against an enumeration of every alignment."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gikocr.ocr.ctc import BEAM, forward, n_best


def collapse(path: tuple[int, ...]) -> tuple[int, ...]:
    """Repeats merged, then blanks out."""
    return tuple(k for k, _ in itertools.groupby(path) if k != 0)


def enumerate_strings(probabilities: np.ndarray) -> dict[tuple[int, ...], float]:
    """The probability of every string, from every path."""
    frames, classes = probabilities.shape
    strings: dict[tuple[int, ...], float] = {}
    for path in itertools.product(range(classes), repeat=frames):
        p = math.prod(float(probabilities[t, k]) for t, k in enumerate(path))
        strings[collapse(path)] = strings.get(collapse(path), 0.0) + p
    return strings


@st.composite
def frames(draw: st.DrawFn, most: int = 5, normalised: bool = True) -> np.ndarray:
    t, k = draw(st.integers(1, most)), draw(st.integers(2, 4))
    raw = draw(st.lists(st.floats(0.01, 1.0), min_size=t * k, max_size=t * k))
    table = np.array(raw, dtype=np.float64).reshape(t, k)
    return table / table.sum(axis=1, keepdims=True) if normalised else table / k


@settings(max_examples=60, deadline=None)
@given(frames())
def test_forward_agrees_with_an_enumeration_of_all_alignments(table: np.ndarray) -> None:
    strings = enumerate_strings(table)
    for symbols, p in strings.items():
        assert forward(table, symbols) == pytest.approx(p, rel=1e-9, abs=1e-15)


@settings(max_examples=30, deadline=None)
@given(frames(most=4))
def test_forward_scores_of_all_strings_sum_to_one(table: np.ndarray) -> None:
    everything = [
        s for length in range(len(table) + 1) for s in itertools.product(range(1, table.shape[1]), repeat=length)
    ]
    assert sum(forward(table, s) for s in everything) == pytest.approx(1.0)


@given(frames(normalised=False), st.floats(0.1, 1.0))
def test_a_frame_scaled_scales_every_score(table: np.ndarray, factor: float) -> None:
    scaled = table.copy()
    scaled[0] *= factor
    for symbols in ((), (1,), (1, 1)):
        assert forward(scaled, symbols) == pytest.approx(factor * forward(table, symbols), rel=1e-9, abs=1e-15)


@given(frames(most=4), st.integers(1, 3), st.integers(0, 3))
def test_frames_of_pure_blank_before_and_behind_change_nothing(table: np.ndarray, before: int, behind: int) -> None:
    pure = np.zeros((1, table.shape[1]))
    pure[0, 0] = 1.0
    padded = np.vstack([pure] * before + [table] + [pure] * behind)
    for symbols in ((), (1,), (1, 1)):
        assert forward(padded, symbols) == pytest.approx(forward(table, symbols), rel=1e-9, abs=1e-15)


@pytest.mark.parametrize(("symbols", "least_frames"), [((1,), 1), ((1, 2), 2), ((1, 1), 3), ((1, 1, 1), 5)])
def test_a_string_needs_a_frame_for_each_symbol_and_a_blank_between_equal_ones(
    symbols: tuple[int, ...], least_frames: int
) -> None:
    even = np.full((8, 3), 1 / 3)
    assert forward(even[: least_frames - 1], symbols) == 0.0 if least_frames > 1 else True
    assert forward(even[:least_frames], symbols) > 0.0


@settings(max_examples=60, deadline=None)
@given(frames(most=4))
def test_n_best_is_the_head_of_the_enumeration(table: np.ndarray) -> None:
    strings = enumerate_strings(table)
    ranked = sorted(strings.values(), reverse=True)
    # The beam may end with strings that are impossible; their probability says so.
    found = [(symbols, p) for symbols, p in n_best(table, 5) if p > 0]
    assert [p for _, p in found] == sorted((p for _, p in found), reverse=True)
    assert len({s for s, _ in found}) == len(found)
    for symbols, p in found:
        # What the beam dropped can only lower a score; nothing is ever counted twice.
        assert p <= strings.get(symbols, 0.0) + 1e-12
    if len(strings) <= BEAM:
        assert [p for _, p in found] == pytest.approx(ranked[: len(found)])
    assert found[0][1] >= 0.5 * ranked[0]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_n_best_of_peaked_frames_finds_the_best_string_with_its_score(seed: int) -> None:
    rng = np.random.default_rng(seed)
    table = rng.dirichlet([0.15] * 4, size=6)
    strings = enumerate_strings(table)
    best = max(strings, key=lambda s: strings[s])
    symbols, p = n_best(table, 3)[0]
    assert symbols == best
    assert p == pytest.approx(strings[best], rel=1e-9)


def test_n_best_gives_no_more_than_wanted() -> None:
    assert len(n_best(np.full((3, 4), 0.25), 2)) == 2
