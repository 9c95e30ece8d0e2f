"""Digits that run together, cut into the numbers that were printed: all ways that obey the rules, and which of them fit together.

A row alone mostly has one way to be cut so that its parts make up its total; where it has several, the sums over the columns decide,
jointly for all rows of the table.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

import numpy as np

SOURCE_ERROR: Final = 2e-3
"""Probability that a sum does not add up in print."""
MOST_WAYS: Final = 400
"""Ways to cut a row that are kept; rows hold at most a few dozen digits, and most have under ten ways that obey the rules."""
MOST_STEPS: Final = 40_000
"""Steps of the search for ways to cut one row, a bound for noise."""
LONGEST_NUMBER: Final = 8
"""Digits of the longest number that is looked for in a run of digits."""
BEAM: Final = 20_000
"""Combinations of rows that are kept while a table is put together."""
SOLUTIONS: Final = 6
"""Combinations of a whole table that are given as rivals."""

Sums = tuple[tuple[int, ...], tuple[int, ...]]
"""A rule by the places of its fields in a row: those on the left, those on the right."""


def ways_to_cut(
    texts: Sequence[str], wanted: int, rules: Sequence[Sums]
) -> tuple[list[tuple[tuple[int, int, int], ...]], bool]:
    """Cut strings of digits into a number of numbers.

    Args:
        texts: in order; where one ends a number ends.
        wanted: how many numbers there are.
        rules: sums that the numbers should obey.

    Returns:
        The ways, each a tuple of (index of the string, start, end), at most :data:`MOST_WAYS`; and whether they obey the rules. When
        none does, all ways are given, as far as there is room.
    """
    for obeyed in (tuple(rules), ()):
        ways = _search(texts, wanted, obeyed)
        if ways:
            return ways, bool(obeyed) or not rules
    return [], False


def _search(texts: Sequence[str], wanted: int, rules: Sequence[Sums]) -> list[tuple[tuple[int, int, int], ...]]:
    due: dict[int, list[Sums]] = {}
    for rule in rules:
        due.setdefault(max((*rule[0], *rule[1])), []).append(rule)
    # Least and most numbers that the strings from each on can hold.
    least = [0] * (len(texts) + 1)
    most = [0] * (len(texts) + 1)
    for k in range(len(texts) - 1, -1, -1):
        least[k] = least[k + 1] + (-(-len(texts[k]) // LONGEST_NUMBER) if texts[k].isdigit() else 1)
        most[k] = most[k + 1] + (len(texts[k]) if texts[k].isdigit() else 1)
    found: list[tuple[tuple[int, int, int], ...]] = []
    path: list[tuple[int, int, int]] = []
    numbers: list[Decimal] = []
    steps = 0

    def go(k: int, start: int) -> None:
        nonlocal steps
        if len(found) >= MOST_WAYS or steps > MOST_STEPS:
            return
        steps += 1
        if k == len(texts):
            if len(path) == wanted:
                found.append(tuple(path))
            return
        text = texts[k]
        if not text.isdigit():
            number = _number(text)
            step(k, 0, len(text), Decimal(0) if number is None else number)
            return
        if text[start] == "0":
            step(k, start, start + 1, Decimal(0))
            return
        for end in range(start + 1, min(len(text), start + LONGEST_NUMBER) + 1):
            step(k, start, end, Decimal(text[start:end]))

    def step(k: int, start: int, end: int, number: Decimal) -> None:
        place = len(path)
        left = wanted - place - 1
        rest = len(texts[k]) - end if texts[k].isdigit() else 0
        if left < -(-rest // LONGEST_NUMBER) + least[k + 1] or left > rest + most[k + 1]:
            return
        path.append((k, start, end))
        numbers.append(number)
        if all(sum(numbers[i] for i in a) == sum(numbers[i] for i in b) for a, b in due.get(place, ())):
            go(k, end) if rest else go(k + 1, 0)
        path.pop()
        numbers.pop()

    go(0, 0)
    return found


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text.replace(",", "").replace("−", "-"))
    except InvalidOperation:
        return None


@dataclass(frozen=True, slots=True)
class Ways:
    """The ways to read one row or run: natural log prior and values by field of each; None stands for no number."""

    log_prior: tuple[float, ...]
    values: tuple[Mapping[str, Decimal | None], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Together:
    """How the ways of all rows go together.

    Attributes:
        solutions: the most probable combinations: probability, and for each row the index of its way.
        marginal: for each row the probability of each of its ways.
        broken: rules that the best combination breaks.
    """

    solutions: tuple[tuple[float, tuple[int, ...]], ...]
    marginal: tuple[tuple[float, ...], ...]
    broken: int


def put_together(rows: Sequence[Ways], rules: Sequence[tuple[Sequence[str], Sequence[str]]]) -> Together:
    """Weigh combinations of ways by the rules that tie rows together.

    Args:
        rows: the ways of each row.
        rules: field ids on the left and on the right; rules with a field that no row has are left out.
    """
    known = {field for row in rows for way in row.values for field in way}
    used = [r for r in rules if all(f in known for f in (*r[0], *r[1]))]
    order = sorted(range(len(rows)), key=lambda i: len(rows[i].values))
    residual = np.zeros((1, len(used)))
    weight = np.zeros(1)
    chosen = np.zeros((1, len(rows)), dtype=np.int32)
    penalty = math.log(SOURCE_ERROR)
    for i in order:
        gains = np.zeros((len(rows[i].values), len(used)))
        for k, way in enumerate(rows[i].values):
            gains[k] = [_share(rule, way) for rule in used]
        prior = np.array(rows[i].log_prior)
        n, m = len(weight), len(prior)
        residual = (residual[:, None, :] + gains[None, :, :]).reshape(n * m, len(used))
        weight = (weight[:, None] + prior[None, :]).reshape(n * m)
        chosen = np.repeat(chosen, m, axis=0)
        chosen[:, i] = np.tile(np.arange(m), n)
        if len(weight) > BEAM:
            keep = np.argpartition(-weight, BEAM)[:BEAM]
            residual, weight, chosen = residual[keep], weight[keep], chosen[keep]
    misses = (np.abs(residual) > 1e-9).sum(axis=1) if used else np.zeros(len(weight))
    weight = weight + penalty * misses
    share = np.exp(weight - weight.max())
    share /= share.sum()
    best = np.argsort(-share, kind="stable")[:SOLUTIONS]
    marginal = tuple(
        tuple(np.bincount(chosen[:, i], weights=share, minlength=len(row.values)).tolist())
        for i, row in enumerate(rows)
    )
    solutions = tuple((float(share[k]), tuple(int(c) for c in chosen[k])) for k in best)
    return Together(solutions, marginal, int(misses[best[0]]))


def _share(rule: tuple[Sequence[str], Sequence[str]], way: Mapping[str, Decimal | None]) -> float:
    left = sum((way.get(f) or Decimal(0) for f in rule[0]), Decimal(0))
    return float(left - sum((way.get(f) or Decimal(0) for f in rule[1]), Decimal(0)))
