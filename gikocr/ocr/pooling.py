"""Two readers' opinions on one cell as one: logarithmic pooling (Genest and Zidek, 1986) with weights fitted on crops."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from gikocr.elements import Candidate, CellReading


@dataclass(frozen=True, slots=True)
class Weights:
    """How two readers are pooled. ``python -m scripts.reader.measure fit`` finds them on crops of dev and calibration documents.

    Attributes:
        first, second: exponents of the readers' probabilities; they may sum to more or less than 1.
        share: of the probability that a reader left to strings it did not list, what one given string among them gets, in (0, 1].
        unlisted: what the second reader leaves at least to strings that it did not list: its network is surer than it should be.
        first_unlisted: the same of the first.
    """

    first: float = 1.0
    second: float = 0.6
    share: float = 0.1
    unlisted: float = 0.01
    first_unlisted: float = 0.01


FITTED = Weights()
"""Fitted on the 816 doubtful cells of 180 archive documents (60 calibration, 120 development): 0.374 nats a cell, 0.530 without a
second reader. The loss is flat: 0.375 with 0.8, 0.4, 0.03 and 0.003."""
SURE = replace(FITTED, first_unlisted=3e-5, unlisted=1e-4)
"""For cells of which the first reader was sure. It is wrong in about 3 of 10,000 of them without listing the right string, as
calibration has it, and a tenth of that (``share``) is for one string; the second, of which that was not measured, is taken to err three
times as often. The fitted floors are those of doubtful cells: here they would make likelier what both readers reject."""


def pool(first: CellReading, second: CellReading, weights: Weights = FITTED) -> CellReading:
    """One list of candidates from two readers of the same cell.

    A string that both propose gains, one that only one of them proposes stays a candidate. What both leave to strings that neither
    proposes takes part as one more candidate that is not listed, so that two readers who both doubt all that they propose do
    not make it sure together, and the probabilities sum to less than 1.
    """
    if not first.candidates or not second.candidates:
        return first if first.candidates else second
    ours = _Opinion(first, weights.share, weights.first_unlisted)
    theirs = _Opinion(second, weights.share, weights.unlisted)
    logs = {
        printed: weights.first * ours.log(printed) + weights.second * theirs.log(printed)
        for printed in {**ours.listed, **theirs.listed}
    }
    rest = weights.first * ours.rest + weights.second * theirs.rest
    highest = max(rest, *logs.values())
    total = highest + math.log(sum(math.exp(v - highest) for v in (rest, *logs.values())))
    pooled = [
        # What the sums implied stays so unless the second reader proposes it too.
        replace(theirs.listed.get(printed) or ours.listed[printed], log_probability=value - total)
        for printed, value in logs.items()
    ]
    ranked = sorted(pooled, key=lambda c: (-c.log_probability, c.printed))
    return CellReading(tuple(ranked), f"{first.reader}+{second.reader}")


def mixed(one: CellReading, other: CellReading, weight: float) -> CellReading:
    """One list of candidates from two readings of which one is right, the first with a probability of ``weight``, in [0, 1]."""
    logs: dict[str, float] = {}
    listed: dict[str, Candidate] = {}
    for reading, share in ((one, weight), (other, 1.0 - weight)):
        for candidate in reading.candidates:
            listed.setdefault(candidate.printed, candidate)
            part = share * math.exp(candidate.log_probability)
            logs[candidate.printed] = logs.get(candidate.printed, 0.0) + part
    ranked = [replace(listed[p], log_probability=math.log(v)) for p, v in logs.items() if v > 0.0]
    return CellReading(tuple(sorted(ranked, key=lambda c: (-c.log_probability, c.printed))), one.reader)


class _Opinion:
    """What one reader gives to each string. ``rest`` is the log of what it leaves to all that it did not list."""

    def __init__(self, reading: CellReading, share: float, unlisted: float) -> None:
        self.listed = {c.printed: c for c in reading.candidates}
        left = 1.0 - sum(math.exp(c.log_probability) for c in reading.candidates)
        self._least = math.log(unlisted)
        self.rest = math.log(max(unlisted, left))
        self._one = math.log(max(unlisted, share * left))

    def log(self, printed: str) -> float:
        candidate = self.listed.get(printed)
        return self._one if candidate is None else max(self._least, candidate.log_probability)
