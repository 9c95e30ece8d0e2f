"""How a figure comes to be wrong: in print, and under a reader that does not list the right one."""

from __future__ import annotations

from functools import lru_cache

from gikocr.reconcile.calibration import Misreading

SLIP, OMITTED, TYPO, DOUBLED, DROPPED = 0.45, 0.25, 0.20, 0.05, 0.05
"""Shares of errors in print: off by some amount, left out, one digit mistyped, one too many, one too few."""
TAIL = 1.3
"""Exponent with which slips of an amount grow rare."""
_NORM = 7.86
"""Twice the zeta function at ``TAIL``: both signs."""
ANYTHING = 0.02
"""Share of misreadings that no simple change of one figure explains."""


def slip(difference: int) -> float:
    """Probability of one difference other than 0, heavy-tailed."""
    return float(abs(difference) ** -TAIL / _NORM)


@lru_cache(maxsize=65536)
def misprint(printed: int, meant: int) -> float:
    """Probability that an authority that erred prints this for what it meant."""
    probability = SLIP * slip(printed - meant)
    if printed == 0:
        probability += OMITTED
    a, b = str(abs(printed)), str(abs(meant))
    if len(a) == len(b) and sum(x != y for x, y in zip(a, b, strict=True)) == 1:
        probability += TYPO / (9 * len(a))
    elif len(a) == len(b) + 1:
        probability += DOUBLED * _ways(b, a) / (10 * len(a))
    elif len(b) == len(a) + 1:
        probability += DROPPED * _ways(a, b) / len(b)
    return probability


def _ways(shorter: str, longer: str) -> int:
    """In how many ways one digit can be left out of the longer number so that the shorter one stays."""
    return sum(longer[:i] + longer[i + 1 :] == shorter for i in range(len(longer)))


def misread(way: Misreading, true: int, read: int, blank: bool) -> float:
    """Probability that a reader that misread ``true`` without listing it shows ``read``; ``blank``: it shows an empty cell."""
    probability = ANYTHING * slip(true - read) if true != read else 0.0
    if blank:
        return probability + way.emptied
    a, b = str(abs(true)), str(abs(read))
    if len(a) == len(b):
        changed = [(x, y) for x, y in zip(a, b, strict=True) if x != y]
        if len(changed) == 1:
            probability += way.swapped / len(a) * way.swap(*changed[0])
    elif len(a) == len(b) + 1 and _ways(b, a):
        probability += way.dropped / len(a)
    elif len(b) == len(a) + 1 and _ways(a, b):
        probability += way.added / (3 * len(b))
    return probability
