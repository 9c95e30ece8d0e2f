"""Seeded random draws, named so that a reader of the code sees what is decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")


class Dice:
    """A seeded source of draws; equal keys give equal sequences on every machine.

    Args:
        key: non-negative whole numbers that name the stream, for example (seed, document, stream).
    """

    def __init__(self, *key: int) -> None:
        """Start the stream that the key names."""
        self.rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(list(key))))

    def chance(self, probability: float) -> bool:
        """Return True with the given probability (0 to 1)."""
        return bool(self.rng.random() < probability)

    def pick(self, options: Sequence[T]) -> T:
        """Return one of the options, all equally likely."""
        return options[int(self.rng.integers(len(options)))]

    def weighted(self, weights: Mapping[T, float]) -> T:
        """Return one of the keys, each with a probability proportional to its weight."""
        options = list(weights)
        share = np.array([weights[o] for o in options], dtype=float)
        return options[int(self.rng.choice(len(options), p=share / share.sum()))]

    def between(self, low: float, high: float) -> float:
        """Return a number drawn uniformly from [low, high)."""
        return float(self.rng.uniform(low, high))

    def span(self, limits: Sequence[float]) -> float:
        """Return a number drawn uniformly between the two limits of a range from splits.toml."""
        return self.between(limits[0], limits[1])

    def whole(self, low: int, high: int) -> int:
        """Return a whole number from low to high, both included."""
        return int(self.rng.integers(low, high + 1))

    def some(self, options: Sequence[T], count: int) -> list[T]:
        """Return `count` different options in their original order."""
        chosen = sorted(self.rng.choice(len(options), size=min(count, len(options)), replace=False).tolist())
        return [options[i] for i in chosen]
