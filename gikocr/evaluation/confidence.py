"""Does the confidence mean what it says? Expected against observed errors, Brier score, risk and coverage.

All measures here are over the fields that the output gives; one that it lacks has no confidence to judge and is counted
beside them. A confidence of null counts as 1: whoever gives no doubt asks to be believed. It is never counted in
favour, so such a field is not among the right fields above 0.99.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from gikocr.evaluation.intervals import Rate, clustered_rates, total_error
from gikocr.evaluation.judge import JudgedDocument, is_sure

# Borders of the bins of 1 - p. Equal widths would put nearly all fields into one bin.
BIN_BORDERS = (0.0, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)


@dataclass(frozen=True, slots=True)
class ErrorCount:
    """Wrong fields expected from the confidences against those observed.

    Attributes:
        fields: how many fields.
        expected: the sum of 1 - p.
        observed: how many are wrong.
        standard_error: of observed - expected: from the differences between documents, but not less than what the
            confidences themselves imply for independent fields. None for fewer than two documents.
    """

    fields: int
    expected: float
    observed: int
    standard_error: float | None

    @property
    def z(self) -> float | None:
        """(observed - expected) / standard error; positive when there are more errors than the confidences promise."""
        if not self.standard_error:
            return None
        return (self.observed - self.expected) / self.standard_error


@dataclass(frozen=True, slots=True)
class Bin:
    """Fields with ``low`` <= 1 - p < ``high`` (the last bin holds 1 too). Both None: fields with confidence null."""

    low: float | None
    high: float | None
    count: ErrorCount


@dataclass(frozen=True, slots=True)
class WrongAndSure:
    """Fields that are wrong with a confidence above 0.99.

    Attributes:
        fields: all of them.
        without_confidence: those with confidence null.
        marked: those that the output itself marks for review or calls unreadable.
        outside: beside them, values in no printed table with such a confidence.
    """

    fields: int
    without_confidence: int
    marked: int
    outside: int


@dataclass(frozen=True, slots=True)
class ConfidenceMeasures:
    """How good the confidences are.

    Attributes:
        lacking: fields of the truth that the output lacks.
        overall: expected against observed wrong fields.
        bins: the same by 1 - p, the last for confidence null; they add up to ``overall``.
        brier: mean of (p - right)², 0 is best; None without fields.
        aurc: area under the risk-coverage curve (Geifman, Uziel and El-Yaniv 2019): the share of wrong fields among the
            most confident n, averaged over n; fields of equal confidence in random order. None without fields.
        sure_among_right: the share of right fields with a confidence above 0.99.
        wrong_and_sure: wrong fields with such a confidence.
    """

    lacking: int
    overall: ErrorCount
    bins: tuple[Bin, ...]
    brier: float | None
    aurc: float | None
    sure_among_right: Rate
    wrong_and_sure: WrongAndSure


@dataclass(frozen=True, slots=True, eq=False)
class _Given:
    """The fields that were given, as columns: 1 - p in [0, 1], p was null, wrong, index of the document."""

    doubt: NDArray[np.float64]
    null: NDArray[np.bool_]
    wrong: NDArray[np.bool_]
    document: NDArray[np.int64]
    documents: int


def confidence_measures(documents: Sequence[JudgedDocument]) -> ConfidenceMeasures:
    """Measure the confidences of some documents; the order of the documents does not matter."""
    given = _columns(documents)
    right = [[field for field in document.fields if field.right] for document in documents]
    # Null counts as 1 only against the output: nobody said that such a field is sure.
    sure = [
        sum(f.sure and f.output is not None and f.output.confidence is not None for f in fields) for fields in right
    ]
    return ConfidenceMeasures(
        lacking=sum(field.output is None for document in documents for field in document.fields),
        overall=_count(given, np.ones(len(given.doubt), dtype=np.bool_)),
        bins=_bins(given),
        brier=math.fsum((given.doubt - given.wrong) ** 2) / len(given.doubt) if len(given.doubt) else None,
        aurc=area_under_risk_coverage(given.doubt, given.wrong),
        sure_among_right=clustered_rates(_column(sure), _column([len(fields) for fields in right]))[0],
        wrong_and_sure=_wrong_and_sure(documents),
    )


def area_under_risk_coverage(doubt: NDArray[np.float64], wrong: NDArray[np.bool_]) -> float | None:
    """The mean, over n = 1 … N, of the share of wrong fields among the n with the least doubt; ties in random order."""
    if len(doubt) == 0:
        return None
    _, group, sizes = np.unique(doubt, return_inverse=True, return_counts=True)
    share = np.bincount(group, weights=wrong, minlength=len(sizes)) / sizes
    expected_wrong = np.cumsum(np.repeat(share, sizes))
    return float(np.mean(expected_wrong / np.arange(1, len(doubt) + 1)))


def _column(counts: list[int]) -> NDArray[np.int64]:
    return np.array(counts, dtype=np.int64).reshape(-1, 1)


def _columns(documents: Sequence[JudgedDocument]) -> _Given:
    rows = [
        (0.0 if p is None else float(1 - p), p is None, not field.right, index)
        for index, document in enumerate(documents)
        for field in document.fields
        if field.output is not None
        for p in (field.output.confidence,)
    ]
    doubt, null, wrong, index = zip(*rows, strict=True) if rows else ((), (), (), ())
    return _Given(
        np.array(doubt, dtype=np.float64),
        np.array(null, dtype=np.bool_),
        np.array(wrong, dtype=np.bool_),
        np.array(index, dtype=np.int64),
        len(documents),
    )


def _count(given: _Given, chosen: NDArray[np.bool_]) -> ErrorCount:
    doubt, wrong, document = given.doubt[chosen], given.wrong[chosen], given.document[chosen]
    surprise = np.bincount(document, weights=wrong - doubt, minlength=given.documents).astype(np.float64)
    error = total_error(surprise)
    if error is not None:
        # Where no error was seen, documents hardly differ; what the confidences promise still varies by chance.
        error = max(error, math.sqrt(math.fsum(doubt * (1 - doubt))))
    return ErrorCount(len(doubt), math.fsum(doubt), int(wrong.sum()), error)


def _bins(given: _Given) -> tuple[Bin, ...]:
    place = np.searchsorted(BIN_BORDERS[1:-1], given.doubt, side="right")
    place[given.null] = -1
    bins = [Bin(low, high, _count(given, place == index)) for index, (low, high) in enumerate(pairwise(BIN_BORDERS))]
    return (*bins, Bin(None, None, _count(given, given.null)))


def _wrong_and_sure(documents: Sequence[JudgedDocument]) -> WrongAndSure:
    found = [f.output for d in documents for f in d.fields if f.sure and not f.right and f.output is not None]
    return WrongAndSure(
        fields=len(found),
        without_confidence=sum(output.confidence is None for output in found),
        marked=sum(output.needs_review or output.state == "unreadable" for output in found),
        outside=sum(is_sure(output) for document in documents for output in document.outside),
    )
