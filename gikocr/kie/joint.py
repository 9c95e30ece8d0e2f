"""Which ways to read the rows of a table go together under the sums that tie rows to each other: exact where it can be.

Row by row, the state is what each sum still lacks. Ways that lead to the same state are one from there on, and a state that the rows to
come cannot close is dropped, so that the states stay few: values are counts, and what a column still lacks only falls. The sum over
all paths (forward-backward) gives each way its probability. Where no combination fulfils the sums, those that break fewest are sought.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SOURCE_ERROR: Final = 2e-3
"""Probability that a sum does not add up in print."""
MOST_STATES, MOST_BROKEN_STATES = 1_500, 400
"""States kept after each row, the heaviest: while all sums hold, and where some must be broken."""
STEP_WORK: Final = 60_000
"""States times ways of one row that are looked at."""
RIVALS: Final = 5
"""Combinations that are given beside the chosen one, with other ways for the rows that have them."""
LEAST_RIVAL: Final = 1e-4
"""Ways that are less probable than this are no rivals."""
UNITS: Final = 10_000
"""Values are reckoned in ten-thousandths, so that amounts of money are whole numbers too."""
OPEN_FOR_EVER: Final = 1 << 50
"""Residual of a sum that can no longer hold."""


@dataclass(frozen=True, slots=True)
class Ways:
    """The ways to read one row or run: natural log prior and values by field of each; None stands for no number."""

    log_prior: tuple[float, ...]
    values: tuple[Mapping[str, Decimal | None], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Together:
    """How the ways of all rows go together.

    Attributes:
        chosen: for each row the index of its way: of the combinations that fulfil the sums the one in which most rows are right, by
            what is expected.
        rivals: combinations with other ways of the rows, the more probable ones first.
        marginal: for each row the probability of each of its ways, given that the sums hold that can.
        broken: sums that cannot hold, whatever way each row is read.
        fulfilled: whether some combination fulfils the others.
        exact: whether no state was left out.
    """

    chosen: tuple[int, ...]
    rivals: tuple[tuple[int, ...], ...]
    marginal: tuple[tuple[float, ...], ...]
    broken: int
    fulfilled: bool
    exact: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Step:
    """From the states before a row to those after it: the origin, way, goal and natural log weight of each move."""

    origin: NDArray[np.int64]
    way: NDArray[np.int64]
    goal: NDArray[np.int64]
    weight: NDArray[np.float64]
    n_before: int
    n_after: int


def put_together(rows: Sequence[Ways], rules: Sequence[tuple[Sequence[str], Sequence[str]]]) -> Together:
    """Weigh combinations of ways by the rules that tie rows together.

    Args:
        rows: the ways of each row.
        rules: field ids on the left and on the right; rules with a field that no row has are left out.
    """
    known = {field for row in rows for way in row.values for field in way}
    used = [r for r in rules if all(f in known for f in (*r[0], *r[1]))]
    gains = [np.array([[_gain(rule, way) for rule in used] for way in row.values], dtype=np.int64) for row in rows]
    gains = [g.reshape(len(row.values), len(used)) for g, row in zip(gains, rows, strict=True)]
    priors = [np.array(row.log_prior) for row in rows]
    free = [i for i, row in enumerate(rows) if len(row.values) > 1]
    # A row that many sums depend on says most about the others.
    free.sort(key=lambda i: (-int((gains[i].min(axis=0) != gains[i].max(axis=0)).sum()), len(priors[i])))
    start = sum((gains[i][0] for i in range(len(rows)) if i not in set(free)), np.zeros(len(used), dtype=np.int64))
    low, high = _reach([gains[i] for i in free], len(used))
    possible = (start + low[0] <= 0) & (start + high[0] >= 0)
    broken = int((~possible).sum())
    parts = [gains[i][:, possible] for i in free]
    bounds = low[:, possible], high[:, possible]
    steps, exact = _forward(start[possible], parts, [priors[i] for i in free], bounds, strict=True)
    fulfilled = steps is not None
    if steps is None:
        steps, exact = _forward(start[possible], parts, [priors[i] for i in free], bounds, strict=False)
    chosen, rivals, marginal = _concluded(rows, free, steps or [])
    return Together(chosen, rivals, marginal, broken, fulfilled, exact)


def _gain(rule: tuple[Sequence[str], Sequence[str]], way: Mapping[str, Decimal | None]) -> int:
    left = sum((way.get(f) or Decimal(0) for f in rule[0]), Decimal(0))
    return int((left - sum((way.get(f) or Decimal(0) for f in rule[1]), Decimal(0))) * UNITS)


def _reach(gains: Sequence[NDArray[np.int64]], n_rules: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(rows + 1, rules) least and most that the rows from each on can add."""
    low = np.zeros((len(gains) + 1, n_rules), dtype=np.int64)
    high = np.zeros_like(low)
    for k in range(len(gains) - 1, -1, -1):
        low[k] = low[k + 1] + gains[k].min(axis=0)
        high[k] = high[k + 1] + gains[k].max(axis=0)
    return low, high


def _forward(
    start: NDArray[np.int64],
    gains: Sequence[NDArray[np.int64]],
    priors: Sequence[NDArray[np.float64]],
    bounds: tuple[NDArray[np.int64], NDArray[np.int64]],
    *,
    strict: bool,
) -> tuple[list[_Step] | None, bool]:
    """The moves of all rows; None where strictly no combination is left. And whether no state was left out."""
    state, weight = start[None, :], np.zeros(1)
    mixer = np.random.default_rng(0).integers(1, 1 << 62, size=len(start), dtype=np.int64) | 1
    steps = []
    exact = True
    for k, (gain, prior) in enumerate(zip(gains, priors, strict=True)):
        n, m = len(weight), len(prior)
        after = (state[:, None, :] + gain[None, :, :]).reshape(n * m, len(start))
        moved = (weight[:, None] + prior[None, :]).reshape(n * m)
        step = np.tile(prior, n)
        lost = (after + bounds[1][k + 1] < 0) | (after + bounds[0][k + 1] > 0)
        if strict:
            kept = np.flatnonzero(~lost.any(axis=1))
            if not len(kept):
                return None, exact
            after = after[kept]
        else:
            cost = math.log(SOURCE_ERROR) * (lost & (after <= OPEN_FOR_EVER // 2)).sum(axis=1)
            after[lost] = OPEN_FOR_EVER
            moved, step = moved + cost, step + cost
            kept = np.arange(n * m)
        _, first, goal = np.unique(after @ mixer, return_index=True, return_inverse=True)
        goal = goal.reshape(-1)
        state, weight = after[first], _summed(moved[kept], goal, len(first))
        width = min(MOST_STATES if strict else MOST_BROKEN_STATES, _room(priors, k))
        if len(first) > width:
            exact = False
            heavy = np.argpartition(-weight, width)[:width]
            number = np.full(len(first), -1)
            number[heavy] = np.arange(width)
            state, weight, goal = state[heavy], weight[heavy], number[goal]
            kept, goal = kept[goal >= 0], goal[goal >= 0]
        steps.append(_Step(kept // m, kept % m, goal, step[kept], n, len(weight)))
    return steps, exact


def _room(priors: Sequence[NDArray[np.float64]], k: int) -> int:
    """States after row k with which the next row's work stays within bounds."""
    return STEP_WORK // len(priors[k + 1]) if k + 1 < len(priors) else MOST_STATES


def _summed(weights: NDArray[np.float64], group: NDArray[np.int64], n: int) -> NDArray[np.float64]:
    """(n,) natural logs of the summed weights of each group."""
    top = float(weights.max())
    with np.errstate(divide="ignore"):
        found: NDArray[np.float64] = top + np.log(np.bincount(group, weights=np.exp(weights - top), minlength=n))
    return found


def _concluded(
    rows: Sequence[Ways], free: Sequence[int], steps: Sequence[_Step]
) -> tuple[tuple[int, ...], tuple[tuple[int, ...], ...], tuple[tuple[float, ...], ...]]:
    """The chosen combination, its rivals and the probabilities of all ways."""
    weight = [np.zeros(1)]
    for step in steps:
        weight.append(_summed(weight[-1][step.origin] + step.weight, step.goal, step.n_after))
    marginal: list[NDArray[np.float64]] = [np.ones(1) for _ in rows]
    ahead = np.zeros(len(weight[-1]))
    total = float(np.logaddexp.reduce(weight[-1]))
    shares = []
    for k in range(len(steps) - 1, -1, -1):
        step = steps[k]
        path = step.weight + ahead[step.goal]
        share = np.exp(weight[k][step.origin] + path - total)
        n_ways = len(rows[free[k]].values)
        marginal[free[k]] = np.bincount(step.way, weights=share, minlength=n_ways).astype(np.float64)
        ahead = _summed(path, step.origin, step.n_before)
        shares.append(share)
    chosen = [0] * len(rows)
    for k, way in enumerate(_most_right(steps, [marginal[i] for i in free])):
        chosen[free[k]] = way
    rivals = []
    for rank in range(RIVALS):
        others = list(chosen)
        for i in free:
            ranked = [int(w) for w in np.argsort(-marginal[i], kind="stable") if w != chosen[i]]
            if rank < len(ranked) and marginal[i][ranked[rank]] >= LEAST_RIVAL:
                others[i] = ranked[rank]
        if others != chosen:
            rivals.append(tuple(others))
    return tuple(chosen), tuple(rivals), tuple(tuple(m.tolist()) for m in marginal)


def _most_right(steps: Sequence[_Step], marginal: Sequence[NDArray[np.float64]]) -> list[int]:
    """The path whose ways have the greatest sum of probabilities (Viterbi 1967 on the posterior, as for alignments of sequences)."""
    best = [np.zeros(1)]
    for step, own in zip(steps, marginal, strict=True):
        value = np.full(step.n_after, -np.inf)
        np.maximum.at(value, step.goal, best[-1][step.origin] + own[step.way])
        best.append(value)
    path: list[int] = []
    state = int(np.argmax(best[-1]))
    for k in range(len(steps) - 1, -1, -1):
        step = steps[k]
        into = np.flatnonzero(step.goal == state)
        move = into[int(np.argmax(best[k][step.origin[into]] + marginal[k][step.way[into]]))]
        path.append(int(step.way[move]))
        state = int(step.origin[move])
    path.reverse()
    return path
