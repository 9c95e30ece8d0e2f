"""The columns in which the values of a row may stand when converters dropped its empty cells, with their log weights.

A row that shows two numbers for seven columns has 21 placements; those that obey its own sums are few, and where the text kept its
layout mostly one. Which of those left is right is told by the sums over rows, and before that by how common the columns are.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import numpy as np

from gikocr.kie.cutting import Sums
from gikocr.kie.joint import SOURCE_ERROR

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_PLACEMENTS, KEPT_PLACEMENTS = 6_500, 200
"""Placements of a row that are looked at, and that are kept, the most probable ones."""
TASTE: Final = 12.0
"""How much alike the shares of columns are from document to document: the sum of the parameters of a Dirichlet distribution."""
LEAST_SHARE: Final = 0.01
"""Added to each parameter, so that no column is impossible."""
UNUSUAL: Final = 0.03
"""Probability that how common columns are says nothing of a document, so that it alone never makes a placement sure."""
PRINTED_ZERO: Final = -7.0
"""Log weight of a printed zero outside a total, in a row that lost its empty cells: zeros are printed or left blank throughout."""
AGAINST_PLACE: Final = 7.0
"""Placements less probable than the best by so much, in natural log, are left out where the layout tells."""


def placements(
    numbers: Sequence[Decimal | None],
    wanted: int,
    sums: Sequence[Sums],
    shares: Sequence[float],
    places: NDArray[np.float64] | None,
) -> list[tuple[float, tuple[int, ...]]]:
    """The columns that values may stand in, in their order.

    Args:
        numbers: the values of a row, None for marks; fewer than ``wanted``.
        wanted: how many columns there are.
        sums: the sums of the row by column.
        shares: relative frequency of each column, 0 for totals; empty where it is not to be asked.
        places: (values, columns) log weights of the places in the text, None where it kept no layout.

    Returns:
        Natural log weight and columns, most probable first; those that obey the sums, and all others only where none does or the
        layout says so.
    """
    totals = {k for left, _ in sums for k in left}
    obeying = _obeying(numbers, wanted, sums)
    others: list[tuple[int, ...]] = []
    if not obeying:
        others = list(itertools.islice(itertools.combinations(range(wanted), len(numbers)), MOST_PLACEMENTS))
    elif places is not None:
        others = [by_place(places)]
    found = {}
    common = tempered([commonness(numbers, columns, shares) for columns in (*obeying, *others)])
    for columns, usual in zip((*obeying, *others), common, strict=True):
        weight = sum(PRINTED_ZERO for v, c in zip(numbers, columns, strict=True) if v == 0 and c not in totals)
        weight += usual
        if places is not None:
            weight += float(places[np.arange(len(columns)), list(columns)].sum())
        found[columns] = weight + math.log(SOURCE_ERROR) * broken_sums(numbers, columns, sums)
    ranked = sorted(((w, c) for c, w in found.items()), key=lambda item: -item[0])
    least = ranked[0][0] - (AGAINST_PLACE if places is not None else math.inf)
    return [item for item in ranked[:KEPT_PLACEMENTS] if item[0] >= least]


def obeys(numbers: Sequence[Decimal | None], wanted: int, sums: Sequence[Sums]) -> bool:
    """Whether some placement of a row's values obeys its sums; arguments as of :func:`placements`."""
    return bool(_obeying(numbers, wanted, sums))


def by_place(places: NDArray[np.float64]) -> tuple[int, ...]:
    """The columns, from left to right, with the greatest sum of log weights."""
    n_values, n_columns = places.shape
    best = np.full((n_values + 1, n_columns + 1), -np.inf)
    best[0] = 0.0
    for i in range(n_values):
        for c in range(i, n_columns):
            best[i + 1, c + 1] = max(best[i + 1, c], best[i, c] + places[i, c])
    columns = []
    c = n_columns
    for i in range(n_values, 0, -1):
        while c > i and best[i, c] == best[i, c - 1]:
            c -= 1
        columns.append(c - 1)
        c -= 1
    return tuple(reversed(columns))


def tempered(logs: Sequence[float]) -> list[float]:
    """Log weights of rival ways by how common their columns are; so much of it as :data:`UNUSUAL` says is shared out evenly."""
    top = max(logs)
    shares = [math.exp(log - top) for log in logs]
    return [math.log((1.0 - UNUSUAL) * s / sum(shares) + UNUSUAL / len(logs)) for s in shares]


def commonness(numbers: Sequence[Decimal | None], columns: Sequence[int], shares: Sequence[float]) -> float:
    """Log weight of counts in columns, by how common these are; 0 without shares, or where there is not one for each column."""
    if not sum(shares) or max(columns) >= len(shares):
        return 0.0
    scale = TASTE / sum(shares)
    return math.fsum(
        _frequency(scale * shares[c] + LEAST_SHARE, v) for v, c in zip(numbers, columns, strict=True) if v and shares[c]
    )


def _frequency(alpha: float, value: Decimal) -> float:
    """Log weight of a count in a column whose share is drawn anew for each document (a factor of the Dirichlet-multinomial)."""
    count = float(abs(value))
    return math.lgamma(alpha + count) - math.lgamma(alpha) - math.lgamma(count + 1.0)


def broken_sums(numbers: Sequence[Decimal | None], columns: Sequence[int], sums: Sequence[Sums]) -> int:
    """How many sums of a row do not hold when its values stand in these columns."""
    at = dict(zip(columns, numbers, strict=True))
    return sum(_total(at, left) != _total(at, right) for left, right in sums)


def _total(at: dict[int, Decimal | None], columns: Sequence[int]) -> Decimal:
    return sum((at.get(c) or Decimal(0) for c in columns), Decimal(0))


def _obeying(numbers: Sequence[Decimal | None], wanted: int, sums: Sequence[Sums]) -> list[tuple[int, ...]]:
    """All placements that obey the sums of the row; each sum is looked at as soon as its last column is passed."""
    due: dict[int, list[Sums]] = {}
    for rule in sums:
        due.setdefault(max((*rule[0], *rule[1])), []).append(rule)
    found: list[tuple[int, ...]] = []
    columns: list[int] = []

    def go(column: int) -> None:
        if column == wanted:
            found.append(tuple(columns))
            return
        if len(found) >= MOST_PLACEMENTS:
            return
        left = len(numbers) - len(columns)
        for filled in (True, False):
            if (filled and not left) or (not filled and wanted - column - 1 < left):
                continue
            if filled:
                columns.append(column)
            at = dict(zip(columns, numbers, strict=False))
            if all(_total(at, a) == _total(at, b) for a, b in due.get(column, ())):
                go(column + 1)
            if filled:
                columns.pop()

    go(0)
    return found
