"""Digits that run together, cut into the numbers that were printed: all ways that obey the rules.

A row alone mostly has one way to be cut so that its parts make up its total; where it has several, the sums over the columns decide,
jointly for all rows of the table (:mod:`gikocr.kie.joint`).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Final

MOST_WAYS: Final = 400
"""Ways to cut a row that are kept; rows hold at most a few dozen digits, and most have under ten ways that obey the rules."""
MOST_STEPS: Final = 40_000
"""Steps of the search for ways to cut one row, a bound for noise."""
LONGEST_NUMBER: Final = 8
"""Digits of the longest number that is looked for in a run of digits."""

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
