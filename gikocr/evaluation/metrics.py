"""Counts over judged documents: the measures of the contract on evaluation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np

from gikocr.evaluation.confidence import ConfidenceMeasures, confidence_measures
from gikocr.evaluation.intervals import Rate, clustered_rates, document_rate
from gikocr.evaluation.judge import JudgedDocument, JudgedField
from gikocr.evaluation.match import Loss
from gikocr.evaluation.review_share import ReviewShare, Threshold, review_share


@dataclass(frozen=True, slots=True)
class Invented:
    """Numbers that are given and not printed.

    Attributes:
        where_null: fields with a value where the truth has null.
        outside: fields with a value that stand in no printed table.
        surplus_reports: whole reports that no truth describes, found in the same file; their fields are not counted.
    """

    where_null: int
    outside: int
    surplus_reports: int

    @property
    def fields(self) -> int:
        """All invented fields of the documents that have a truth."""
        return self.where_null + self.outside


@dataclass(frozen=True, slots=True)
class Marked:
    """What the output itself marks for review: the share marked, and the share that is wrong and not marked.

    A field that is lacking or ``unreadable`` counts as marked: nobody can take it for a number.
    """

    fields: Rate
    wrong_unmarked: Rate


@dataclass(frozen=True, slots=True)
class Measures:
    """All measures of a group of documents.

    Attributes:
        documents: how many.
        lost: how many of them are lost, by reason.
        right: value and state are right.
        value_right: the value is right.
        nonzero_right: value and state are right, among the fields whose true number is not 0.
        clean: documents in which every field is right and nothing is invented, among those with a field in their truth.
        invented: numbers that are not printed.
        agency: documents with the right agency.
        year: documents with the right year.
        editions: documents with the right edition, for each table.
        marked: what the output itself marks for review.
        confidence: how good the confidences are.
        review: what the thresholds of the calibration set do here; None when no such set was given.
    """

    documents: int
    lost: Mapping[Loss, int]
    right: Rate
    value_right: Rate
    nonzero_right: Rate
    clean: Rate
    invented: Invented
    agency: Rate
    year: Rate
    editions: Mapping[str, Rate]
    marked: Marked
    confidence: ConfidenceMeasures
    review: tuple[ReviewShare, ...] | None


def measure(documents: Sequence[JudgedDocument], thresholds: Sequence[Threshold] | None = None) -> Measures:
    """Measure a group of documents. ``thresholds``: those of a calibration set, None when there is none."""
    hits = [_hits(document.fields) for document in documents]
    totals = [_totals(document.fields) for document in documents]
    right, value_right, nonzero_right, marked, wrong_unmarked = clustered_rates(
        np.array(hits, dtype=np.int64).reshape(-1, 5), np.array(totals, dtype=np.int64).reshape(-1, 5)
    )
    losses = Counter(document.loss for document in documents)
    return Measures(
        documents=len(documents),
        lost={loss: losses[loss] for loss in get_args(Loss)},
        right=right,
        value_right=value_right,
        nonzero_right=nonzero_right,
        clean=document_rate([document.clean for document in documents if document.fields]),
        invented=Invented(
            sum(field.invented for document in documents for field in document.fields),
            sum(len(document.outside) for document in documents),
            sum(len(document.surplus) for document in documents),
        ),
        agency=_known(document.agency for document in documents),
        year=_known(document.year for document in documents),
        editions={
            key: _known(document.editions.get(key) for document in documents)
            for key in dict.fromkeys(key for document in documents for key in document.editions)
        },
        marked=Marked(marked, wrong_unmarked),
        confidence=confidence_measures(documents),
        review=None if thresholds is None else tuple(review_share(documents, limit) for limit in thresholds),
    )


def tags_of(documents: Iterable[JudgedDocument]) -> tuple[str, ...]:
    """All tags of some documents, in order."""
    return tuple(sorted({tag for document in documents for tag in document.tags}))


def is_marked(field: JudgedField) -> bool:
    """Whether the output asks a person to look at the field, or gives nothing that could be taken for a reading."""
    return field.output is None or field.output.needs_review or field.output.state == "unreadable"


def _hits(fields: Sequence[JudgedField]) -> tuple[int, int, int, int, int]:
    return (
        sum(field.right for field in fields),
        sum(field.value_right for field in fields),
        sum(field.right and field.truth.nonzero for field in fields),
        sum(is_marked(field) for field in fields),
        sum(not field.right and not is_marked(field) for field in fields),
    )


def _totals(fields: Sequence[JudgedField]) -> tuple[int, int, int, int, int]:
    return (len(fields), len(fields), sum(field.truth.nonzero for field in fields), len(fields), len(fields))


def _known(outcomes: Iterable[bool | None]) -> Rate:
    return document_rate([outcome for outcome in outcomes if outcome is not None])
