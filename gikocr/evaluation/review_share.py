"""How many fields a person must look at so that at most one in a thousand, or in ten thousand, stays wrong.

The threshold comes from a calibration set and is then applied to the evaluated one: a threshold that is chosen on the
set that it is judged by always looks good. A field is delivered without review when its confidence reaches the
threshold; one that the output lacks or calls unreadable always goes to a person. The share that stays wrong is that of
wrong delivered fields among all fields, which can only grow as the threshold falls.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from gikocr.evaluation.intervals import Rate, clustered_rates, document_rate, upper_bound
from gikocr.evaluation.judge import JudgedDocument, JudgedField

TARGETS = (1e-3, 1e-4)
# A wrong document is taken to hold at least this many wrong delivered fields, also where fewer were seen: a misread
# cell that escapes the sums mostly does so together with a second one.
LEAST_WRONG_TOGETHER = 2


@dataclass(frozen=True, slots=True)
class Threshold:
    """A threshold, as the calibration set gives it.

    Attributes:
        target: the largest share of all fields that may stay wrong.
        bounded: True when the share is bounded at 95 % with a document as the unit; False when it merely was not
            exceeded.
        largest_doubt: the largest 1 - p that is delivered; None when nothing may be delivered.
        documents: of the calibration set.
        fields: of the calibration set.
        left_wrong: fields of the calibration set that stay wrong.
    """

    target: float
    bounded: bool
    largest_doubt: float | None
    documents: int
    fields: int
    left_wrong: int


@dataclass(frozen=True, slots=True)
class ReviewShare:
    """What a threshold does to a set. ``documents`` counts those with at least one field to review."""

    threshold: Threshold
    reviewed: Rate
    documents: Rate
    left_wrong: Rate


def choose_thresholds(calibration: Sequence[JudgedDocument]) -> tuple[Threshold, ...]:
    """For each target the loosest threshold that the calibration set allows, as observed and bounded at 95 %.

    The bound: with k of D documents wrong, at most a share q of documents is (Clopper-Pearson, one-sided 95 %); a wrong
    document has at most as many wrong delivered fields as were seen in one, and at least ``LEAST_WRONG_TOGETHER``.
    Thresholds are tried from the strictest on and the first that fails ends it (fixed-sequence testing, Angelopoulos et
    al. 2021).
    """
    documents = [document for document in calibration if document.fields]
    return tuple(_choose(documents, target, bounded) for target in TARGETS for bounded in (False, True))


def review_share(documents: Sequence[JudgedDocument], threshold: Threshold) -> ReviewShare:
    """Apply a threshold to a set that it was not chosen on."""
    reviewed, wrong, totals = [], [], []
    for document in documents:
        delivered = [field for field in document.fields if _is_delivered(field, threshold.largest_doubt)]
        reviewed.append(len(document.fields) - len(delivered))
        wrong.append(sum(not field.right for field in delivered))
        totals.append(len(document.fields))
    shares = clustered_rates(
        np.array([reviewed, wrong], dtype=np.int64).T, np.array([totals, totals], dtype=np.int64).T
    )
    return ReviewShare(threshold, shares[0], document_rate([n > 0 for n, t in zip(reviewed, totals, strict=True) if t]),
                       shares[1])  # fmt: skip


def doubt_of(field: JudgedField) -> float | None:
    """1 - p of a field that can be delivered; None for one that is lacking or unreadable. Null confidence gives 0."""
    if field.output is None or field.output.state == "unreadable":
        return None
    return 0.0 if field.output.confidence is None else float(1 - field.output.confidence)


def _is_delivered(field: JudgedField, largest_doubt: float | None) -> bool:
    doubt = doubt_of(field)
    return doubt is not None and largest_doubt is not None and doubt <= largest_doubt


def _choose(documents: Sequence[JudgedDocument], target: float, bounded: bool) -> Threshold:
    fields = sum(len(document.fields) for document in documents)
    doubts = [[(doubt_of(f), f.right) for f in document.fields] for document in documents]
    wrong = [[doubt for doubt, right in rows if doubt is not None and not right] for rows in doubts]
    risk: Callable[[float], float] = (
        (lambda limit: _bounded_risk(wrong, limit, fields)) if bounded else (lambda limit: _risk(wrong, limit, fields))
    )
    # The share that stays wrong changes only where a wrong field is let through, so only these doubts are tried.
    steps = [-1.0, *sorted({doubt for rows in wrong for doubt in rows})]
    failing = next((step for step in steps if fields == 0 or risk(step) > target), np.inf)
    allowed = [doubt for rows in doubts for doubt, _ in rows if doubt is not None and doubt < failing]
    largest = max(allowed, default=None) if failing >= 0 else None
    left = 0 if largest is None else sum(doubt <= largest for rows in wrong for doubt in rows)
    return Threshold(target, bounded, largest, len(documents), fields, left)


def _risk(wrong: list[list[float]], limit: float, fields: int) -> float:
    return sum(doubt <= limit for rows in wrong for doubt in rows) / fields


def _bounded_risk(wrong: list[list[float]], limit: float, fields: int) -> float:
    let_through = [sum(doubt <= limit for doubt in rows) for rows in wrong]
    together = max(LEAST_WRONG_TOGETHER, *let_through)
    share = upper_bound(sum(count > 0 for count in let_through), len(wrong))
    return share * together * len(wrong) / fields
