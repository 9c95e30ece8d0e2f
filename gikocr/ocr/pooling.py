"""Two readers' opinions on one cell as one: logarithmic pooling (Genest and Zidek, 1986) with weights fitted on crops."""

from __future__ import annotations

import math

from gikocr.elements import Candidate, CellReading

FIRST_WEIGHT, SECOND_WEIGHT = 0.6, 0.3
"""Exponents of the two readers' probabilities: the second counts less because it is sure where it is wrong. Fitted by
``python -m scripts.reader.measure fit`` on the 39 doubtful cells of 23 development documents, over which the loss is flat (0.57 nats a
cell, 0.59 with 0.8 and 0.4, 0.77 without a second reader): few, so fit them again when there are more."""
UNLISTED = 1e-4
"""Probability that a reader is taken to give to a string that it did not list. Fitted with the exponents."""


def pool(first: CellReading, second: CellReading) -> CellReading:
    """One list of candidates from two readers of the same cell.

    A string that both propose gains, one that only one of them proposes stays a candidate. A further string, proposed by neither, takes
    part with :data:`UNLISTED` on both sides, so that the probabilities sum to less than 1 where the readers disagree.
    """
    if not first.candidates or not second.candidates:
        return first if first.candidates else second
    ours = {c.printed: c for c in first.candidates}
    theirs = {c.printed: c for c in second.candidates}
    least = math.log(UNLISTED)
    logs = {
        printed: FIRST_WEIGHT * _log(ours.get(printed), least) + SECOND_WEIGHT * _log(theirs.get(printed), least)
        for printed in {**ours, **theirs}
    }
    highest = max(logs.values())
    total = sum(math.exp(v - highest) for v in logs.values())
    total += math.exp((FIRST_WEIGHT + SECOND_WEIGHT) * least - highest)
    pooled = [
        Candidate(printed, (ours.get(printed) or theirs[printed]).state, value - highest - math.log(total))
        for printed, value in logs.items()
    ]
    ranked = sorted(pooled, key=lambda c: (-c.log_probability, c.printed))
    return CellReading(tuple(ranked), f"{first.reader}+{second.reader}")


def _log(candidate: Candidate | None, least: float) -> float:
    return least if candidate is None else max(least, candidate.log_probability)
