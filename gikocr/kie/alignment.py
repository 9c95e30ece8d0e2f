"""Monotone alignment of two sequences with probabilities (forward–backward over an edit lattice).

The same routine puts printed rows onto the rows of the form and printed columns onto its columns. Scores are natural log weights:
of a pair against leaving both unexplained, and of leaving one out. Beside the best path it gives the probability of every pair
summed over all paths, so that a shift by one row, which explains nearly as much, shows as doubt.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

NEVER = -1e9


@dataclass(frozen=True, slots=True, eq=False)
class Alignment:
    """The outcome of :func:`align`.

    Attributes:
        pairs: (i, j) of the best path, i of the first sequence, j of the second; of two joined items only the first i is listed.
        joined: the i of those items that were taken together with i + 1.
        probability: (n, m) probability of each pair over all paths.
        log_weight: log of the summed weight of all paths.
    """

    pairs: tuple[tuple[int, int], ...]
    joined: frozenset[int]
    probability: NDArray[np.float64]
    log_weight: float


def align(
    pair: NDArray[np.float64],
    skip_first: Sequence[float],
    skip_second: Sequence[float],
    join: Mapping[int, NDArray[np.float64]] | None = None,
) -> Alignment:
    """Align two sequences without crossings.

    Args:
        pair: (n, m) log weight of taking i and j together.
        skip_first: (n,) log weight of leaving i out.
        skip_second: (m,) log weight of leaving j out.
        join: for some i, the (m,) log weights of taking i and i + 1 together as j (an item cut in two by a page break).
    """
    n, m = pair.shape
    join = join or {}
    forward = np.full((n + 1, m + 1), NEVER)
    best = np.full((n + 1, m + 1), NEVER)
    back = np.zeros((n + 1, m + 1), dtype=np.int8)
    forward[0, 0] = best[0, 0] = 0.0
    for i in range(n + 1):
        for j in range(m + 1):
            if i == 0 and j == 0:
                continue
            options = _steps_into(i, j, pair, skip_first, skip_second, join)
            total, top, move = NEVER, NEVER, 0
            for step, di, dj, weight in options:
                total = _add(total, forward[i - di, j - dj] + weight)
                value = best[i - di, j - dj] + weight
                if value > top:
                    top, move = value, step
            forward[i, j], best[i, j], back[i, j] = total, top, move
    backward = _backward(n, m, pair, skip_first, skip_second, join)
    weight = float(forward[n, m])
    probability = _pair_probabilities(forward, backward, pair, join, weight)
    pairs, joined = _trace(back, n, m)
    return Alignment(pairs, joined, probability, weight)


def _steps_into(
    i: int,
    j: int,
    pair: NDArray[np.float64],
    skip_first: Sequence[float],
    skip_second: Sequence[float],
    join: Mapping[int, NDArray[np.float64]],
) -> list[tuple[int, int, int, float]]:
    """Moves that end at (i, j): kind, how far back in each sequence, log weight."""
    steps = []
    if i and j:
        steps.append((1, 1, 1, float(pair[i - 1, j - 1])))
    if i:
        steps.append((2, 1, 0, float(skip_first[i - 1])))
    if j:
        steps.append((3, 0, 1, float(skip_second[j - 1])))
    if i >= 2 and j and (i - 2) in join:
        steps.append((4, 2, 1, float(join[i - 2][j - 1])))
    return steps


def _backward(
    n: int,
    m: int,
    pair: NDArray[np.float64],
    skip_first: Sequence[float],
    skip_second: Sequence[float],
    join: Mapping[int, NDArray[np.float64]],
) -> NDArray[np.float64]:
    backward = np.full((n + 1, m + 1), NEVER)
    backward[n, m] = 0.0
    for i in range(n, -1, -1):
        for j in range(m, -1, -1):
            total = float(backward[i, j])
            if i < n and j < m:
                total = _add(total, float(pair[i, j]) + backward[i + 1, j + 1])
            if i < n:
                total = _add(total, skip_first[i] + backward[i + 1, j])
            if j < m:
                total = _add(total, skip_second[j] + backward[i, j + 1])
            if i + 1 < n and j < m and i in join:
                total = _add(total, float(join[i][j]) + backward[i + 2, j + 1])
            backward[i, j] = total
    return backward


def _pair_probabilities(
    forward: NDArray[np.float64],
    backward: NDArray[np.float64],
    pair: NDArray[np.float64],
    join: Mapping[int, NDArray[np.float64]],
    weight: float,
) -> NDArray[np.float64]:
    n, m = pair.shape
    log_p = forward[:n, :m] + pair + backward[1:, 1:] - weight
    probability: NDArray[np.float64] = np.exp(np.minimum(log_p, 0.0))
    for i, weights in join.items():
        together = np.exp(np.minimum(forward[i, :m] + weights + backward[i + 2, 1:] - weight, 0.0))
        probability[i] += together
        probability[i + 1] += together
    return np.minimum(probability, 1.0)


def _trace(back: NDArray[np.int8], n: int, m: int) -> tuple[tuple[tuple[int, int], ...], frozenset[int]]:
    pairs, joined = [], set()
    i, j = n, m
    while i or j:
        move = int(back[i, j])
        if move == 1:
            i, j = i - 1, j - 1
            pairs.append((i, j))
        elif move == 2:
            i -= 1
        elif move == 3:
            j -= 1
        else:
            i, j = i - 2, j - 1
            pairs.append((i, j))
            joined.add(i)
    return tuple(reversed(pairs)), frozenset(joined)


def _add(a: float, b: float) -> float:
    """log(exp(a) + exp(b))."""
    if a < b:
        a, b = b, a
    if b <= NEVER / 2:
        return float(a)
    return float(a + math.log1p(math.exp(b - a)))
