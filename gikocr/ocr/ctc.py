"""Decoding of CTC outputs (Graves et al., 2006): forward scores and n-best strings over a small alphabet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

BEAM = 12
"""Prefixes kept in the search."""
SPARE = 1
"""Strings scored beyond those that are wanted, so that a near tie is told by exact scores."""
LEAST_FRAME_PROBABILITY = 1e-6
"""Symbols below this in a frame are not extended."""


def forward(probabilities: NDArray[np.float64], symbols: tuple[int, ...]) -> float:
    """Probability of a symbol string, summed over all alignments.

    Args:
        probabilities: (T, K) with the CTC blank in column 0; rows need not sum to 1 when symbols were left out.
        symbols: indices 1..K-1.
    """
    extended = [0]
    for symbol in symbols:
        extended += [symbol, 0]
    size = len(extended)
    alpha = np.zeros(size)
    alpha[0] = probabilities[0, 0]
    if size > 1:
        alpha[1] = probabilities[0, extended[1]]
    skip = np.array([i >= 2 and extended[i] != 0 and extended[i] != extended[i - 2] for i in range(size)])
    emit = probabilities[:, extended]
    for t in range(1, len(probabilities)):
        moved = alpha.copy()
        moved[1:] += alpha[:-1]
        moved[2:] += np.where(skip[2:], alpha[:-2], 0.0)
        alpha = moved * emit[t]
    return float(alpha[-1] + (alpha[-2] if size > 1 else 0.0))


def n_best(
    probabilities: NDArray[np.float64], count: int, least: float = LEAST_FRAME_PROBABILITY
) -> list[tuple[tuple[int, ...], float]]:
    """The most probable strings by prefix beam search, with their probabilities.

    Args:
        probabilities: (T, K), blank in column 0.
        count: how many are wanted.
        least: symbols below this in a frame are not extended.

    Returns:
        At most ``count`` (symbols, probability), most probable first. The probabilities are exact; with flat frames a string
        may be missed.
    """
    beams: dict[tuple[int, ...], tuple[float, float]] = {(): (1.0, 0.0)}
    for frame in probabilities:
        live = [int(k) for k in np.nonzero(frame[1:] > least)[0] + 1]
        blank = float(frame[0])
        grown: dict[tuple[int, ...], list[float]] = {}
        for prefix, (p_blank, p_symbol) in beams.items():
            total = p_blank + p_symbol
            own = grown.setdefault(prefix, [0.0, 0.0])
            own[0] += total * blank
            last = prefix[-1] if prefix else -1
            for k in live:
                p = float(frame[k])
                if k == last:
                    own[1] += p_symbol * p
                    grown.setdefault((*prefix, k), [0.0, 0.0])[1] += p_blank * p
                else:
                    grown.setdefault((*prefix, k), [0.0, 0.0])[1] += total * p
        kept = sorted(grown.items(), key=lambda item: -(item[1][0] + item[1][1]))[:BEAM]
        beams = {prefix: (p[0], p[1]) for prefix, p in kept}
    # The search dropped paths on its way; the forward score of what it kept is exact.
    likely = sorted(beams, key=lambda prefix: -sum(beams[prefix]))[: count + SPARE]
    scored = [(prefix, forward(probabilities, prefix)) for prefix in likely]
    return sorted(scored, key=lambda item: -item[1])[:count]
