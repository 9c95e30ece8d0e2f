"""Intervals with a document as the unit: fields of one page are misread together, they are no independent trials."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.95
REPLICATES = 2000
SEED = 20260101

Method = Literal["cluster bootstrap", "Clopper-Pearson", "bound by document"]


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95 % interval of a share, both ends in [0, 1], and how it was found."""

    low: float
    high: float
    method: Method


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with what it was counted from.

    Attributes:
        hits: how many.
        total: out of how many.
        documents: in how many documents.
        interval: None with nothing to count, and where the documents are too few to say anything.
    """

    hits: int
    total: int
    documents: int
    interval: Interval | None

    @property
    def share(self) -> float | None:
        """``hits / total``, None when there is nothing to count."""
        return self.hits / self.total if self.total else None


def clopper_pearson(hits: int, total: int) -> Interval | None:
    """The exact two-sided 95 % interval of a share of documents (Clopper and Pearson 1934). None without documents."""
    if total == 0:
        return None
    tail = (1 - LEVEL) / 2
    return Interval(1 - upper_bound(total - hits, total, tail), upper_bound(hits, total, tail), "Clopper-Pearson")


def upper_bound(hits: int, total: int, tail: float = 1 - LEVEL) -> float:
    """The exact upper bound of a share, one-sided, missed with probability ``tail``. ``total`` is at least 1."""
    from scipy.stats import beta

    return 1.0 if hits >= total else float(beta.ppf(1 - tail, hits + 1, total - hits))


def without_errors(documents: int) -> float:
    """The largest share of documents with an error, at 95 %, when none of ``documents`` had one: about 3 in n."""
    return 1 - float((1 - LEVEL) ** (1 / documents))


def document_rate(outcomes: list[bool]) -> Rate:
    """The share of documents with an outcome, with its exact interval."""
    return Rate(sum(outcomes), len(outcomes), len(outcomes), clopper_pearson(sum(outcomes), len(outcomes)))


def clustered_rates(hits: NDArray[np.int64], totals: NDArray[np.int64]) -> list[Rate]:
    """The shares of fields with several outcomes, each with an interval that treats a document as the unit.

    Whole documents are drawn with replacement (cluster bootstrap, percentiles of ``REPLICATES`` draws with a fixed
    seed; Field and Welsh 2007). A resample of documents that all agree says nothing, so a share of 0 or 1 gets the
    bound that holds for the share of documents instead.

    Args:
        hits: (documents, outcomes) counts; a document's row does not depend on its place.
        totals: (documents, outcomes) counts, 0 where a document has nothing of the kind.
    """
    replicates = _replicates(hits, totals)
    rates = []
    for column in range(hits.shape[1]):
        hit, total = int(hits[:, column].sum()), int(totals[:, column].sum())
        documents = int(np.count_nonzero(totals[:, column]))
        interval: Interval | None = None
        if total and hit in (0, total):
            bound = without_errors(documents)
            interval = Interval(*((1 - bound, 1.0) if hit else (0.0, bound)), "bound by document")
        elif documents > 1:
            drawn = replicates[:, column]
            low, high = np.nanquantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
            interval = Interval(float(low), float(high), "cluster bootstrap")
        rates.append(Rate(hit, total, documents, interval))
    return rates


def _replicates(hits: NDArray[np.int64], totals: NDArray[np.int64]) -> NDArray[np.float64]:
    """(REPLICATES, outcomes) shares of resamples; NaN where a resample holds nothing of the kind."""
    documents, outcomes = hits.shape
    if documents == 0:
        return np.full((REPLICATES, outcomes), np.nan)
    # Documents with equal counts are drawn together: the same distribution, far fewer draws, and no order of documents.
    kinds, numbers = np.unique(np.hstack([hits, totals]), axis=0, return_counts=True)
    draws = np.random.default_rng(SEED).multinomial(documents, numbers / documents, size=REPLICATES)
    sums = draws @ kinds
    with np.errstate(invalid="ignore", divide="ignore"):
        shares: NDArray[np.float64] = sums[:, :outcomes] / sums[:, outcomes:]
    return shares


def total_error(by_document: NDArray[np.float64]) -> float | None:
    """The standard error of a sum over documents, from how much documents differ. None for fewer than two documents."""
    count = len(by_document)
    if count < 2:
        return None
    # fsum rounds once, at the end: the order of the documents changes nothing
    spread = math.fsum((by_document - math.fsum(by_document) / count) ** 2)
    return math.sqrt(count / (count - 1) * spread)
