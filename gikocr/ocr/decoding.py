"""From the outputs of the numeral network to candidates: greedy strings scored together, a search only where rivals matter."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from gikocr.elements import Candidate
from gikocr.ocr.ctc import n_best
from gikocr.ocr.numerals import SYMBOLS, plausible, state_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

READER_SYMBOLS: Final = SYMBOLS + "万元件笔项"
"""The alphabet of the numeral network: symbol i stands in column i + 1 of its outputs, the CTC blank in column 0."""
SURE = 0.9997
"""A greedy string at least this probable has no rivals worth a search."""
CANDIDATES = 5
LEAST_PROBABILITY = 1e-9
LEAST_IN_FRAME = 1e-4
"""Symbols less probable than this in a frame are no rivals; the search is quick because few are left."""


def symbols_of(printed: str) -> tuple[int, ...] | None:
    """The columns of a string's symbols; None when one is outside the alphabet."""
    if any(c not in READER_SYMBOLS for c in printed):
        return None
    return tuple(READER_SYMBOLS.index(c) + 1 for c in printed)


def greedy_strings(outputs: NDArray[np.float64]) -> list[tuple[int, ...]]:
    """The symbols of the best path of each crop.

    Args:
        outputs: (N, T, K) probabilities, the CTC blank in column 0.
    """
    best = outputs.argmax(2)
    kept = best != 0
    kept[:, 1:] &= best[:, 1:] != best[:, :-1]
    return [tuple(row[k].tolist()) for row, k in zip(best, kept, strict=True)]


def forward_scores(outputs: NDArray[np.float64], strings: Sequence[tuple[int, ...]]) -> NDArray[np.float64]:
    """Probability of one string for each crop, summed over all alignments (Graves et al., 2006), all crops in step.

    Args:
        outputs: (N, T, K) probabilities, the CTC blank in column 0.
        strings: N strings of columns 1..K-1; empty ones stand for blank cells.

    Returns:
        (N,) in [0, 1].
    """
    count, frames, _ = outputs.shape
    longest = max((len(s) for s in strings), default=0)
    extended = np.zeros((count, 2 * longest + 1), np.int64)
    for i, string in enumerate(strings):
        extended[i, 1 : 2 * len(string) : 2] = string
    skip = np.zeros(extended.shape, bool)
    skip[:, 2:] = (extended[:, 2:] != 0) & (extended[:, 2:] != extended[:, :-2])
    emit = np.take_along_axis(outputs, np.broadcast_to(extended[:, None, :], (count, frames, extended.shape[1])), 2)
    alpha = np.zeros(extended.shape)
    alpha[:, :2] = emit[:, 0, :2]
    for t in range(1, frames):
        moved = alpha.copy()
        moved[:, 1:] += alpha[:, :-1]
        moved[:, 2:] += np.where(skip[:, 2:], alpha[:, :-2], 0.0)
        alpha = moved * emit[:, t]
    rows = np.arange(count)
    last = 2 * np.array([len(s) for s in strings], np.int64)
    return np.minimum(1.0, alpha[rows, last] + np.where(last > 0, alpha[rows, np.maximum(last - 1, 0)], 0.0))


def read_outputs(outputs: NDArray[np.float64]) -> list[tuple[Candidate, ...]]:
    """N-best cell texts of each crop with log probabilities, most probable first; the empty text is a blank cell.

    The probabilities are of the network as it stands: what it gives to strings that no cell can hold is left out, so they sum to at
    most 1.

    Args:
        outputs: (N, T, K) probabilities, the CTC blank in column 0.
    """
    strings = greedy_strings(outputs)
    scores = forward_scores(outputs, strings)
    found = []
    for i, (string, score) in enumerate(zip(strings, scores.tolist(), strict=True)):
        ranked = [(string, score)] if score >= SURE else n_best(outputs[i], 2 * CANDIDATES, LEAST_IN_FRAME)
        found.append(_candidates(ranked))
    return found


def _candidates(ranked: Sequence[tuple[tuple[int, ...], float]]) -> tuple[Candidate, ...]:
    merged: dict[str, float] = {}
    for symbols, probability in ranked:
        printed = "".join(READER_SYMBOLS[s - 1] for s in symbols)
        if printed == "" or plausible(printed):
            merged[printed] = merged.get(printed, 0.0) + probability
    listed = [
        Candidate(printed, state_of(printed), math.log(min(1.0, probability)))
        for printed, probability in merged.items()
        if probability >= LEAST_PROBABILITY
    ]
    return tuple(sorted(listed, key=lambda c: -c.log_probability)[:CANDIDATES])
