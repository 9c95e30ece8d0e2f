"""Intervals of shares."""

from __future__ import annotations

from dataclasses import dataclass

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95 % interval, both ends in [0, 1]."""

    low: float
    high: float


def clopper_pearson(hits: int, total: int) -> Interval | None:
    """The exact two-sided 95 % interval of a share (Clopper and Pearson 1934). None without anything counted."""
    if total == 0:
        return None
    from scipy.special import betaincinv

    tail = (1 - LEVEL) / 2
    low = 0.0 if hits == 0 else float(betaincinv(hits, total - hits + 1, tail))
    high = 1.0 if hits == total else float(betaincinv(hits + 1, total - hits, 1 - tail))
    return Interval(low, high)
