"""An evaluation as plain dicts, lists, numbers and texts, for ``gikocr evaluate --json`` and for later comparison."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gikocr.evaluation.confidence import ConfidenceMeasures, ErrorCount
from gikocr.evaluation.evaluate import Evaluation
from gikocr.evaluation.intervals import LEVEL, REPLICATES, SEED, Rate
from gikocr.evaluation.metrics import Measures
from gikocr.evaluation.review_share import ReviewShare, Threshold
from gikocr.evaluation.wrong import WrongField

SCHEMA_VERSION = "1"


def to_json(evaluation: Evaluation, wrong: Sequence[WrongField] | None = None) -> dict[str, Any]:
    """The evaluation as JSON content. ``wrong``: the wrong fields, when they are to stand in it.

    ``None`` means that a measure has nothing to be counted from; ``review`` is None when no calibration set was given.
    """
    content: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "interval": {"level": LEVEL, "unit": "document", "replicates": REPLICATES, "seed": SEED},
        "overall": _measures(evaluation.overall),
        "by_tag": {tag: _measures(measures) for tag, measures in evaluation.by_tag.items()},
        "lost": [
            {"document": d.name, "loss": d.loss, "reason": d.reason} for d in evaluation.documents if d.loss is not None
        ],
        "surplus_reports": {d.name: list(d.surplus) for d in evaluation.documents if d.surplus},
        "ignored": list(evaluation.ignored),
    }
    if wrong is not None:
        content["wrong"] = [_wrong(field) for field in wrong]
    return content


def _measures(measures: Measures) -> dict[str, Any]:
    return {
        "documents": measures.documents,
        "lost": dict(measures.lost),
        "fields": measures.right.total,
        "right": _rate(measures.right),
        "value_right": _rate(measures.value_right),
        "nonzero_right": _rate(measures.nonzero_right),
        "clean_documents": _rate(measures.clean),
        "invented": {
            "fields": measures.invented.fields,
            "where_null": measures.invented.where_null,
            "outside": measures.invented.outside,
            "surplus_reports": measures.invented.surplus_reports,
        },
        "agency": _rate(measures.agency),
        "year": _rate(measures.year),
        "editions": {key: _rate(rate) for key, rate in measures.editions.items()},
        "marked": _rate(measures.marked.fields),
        "wrong_unmarked": _rate(measures.marked.wrong_unmarked),
        "confidence": _confidence(measures.confidence),
        "review": None if measures.review is None else [_review(review) for review in measures.review],
    }


def _confidence(confidence: ConfidenceMeasures) -> dict[str, Any]:
    sure = confidence.wrong_and_sure
    return {
        "lacking": confidence.lacking,
        **_count(confidence.overall),
        "bins": [{"low": b.low, "high": b.high, **_count(b.count)} for b in confidence.bins],
        "brier": confidence.brier,
        "aurc": confidence.aurc,
        "sure_among_right": _rate(confidence.sure_among_right),
        "wrong_and_sure": {
            "fields": sure.fields,
            "without_confidence": sure.without_confidence,
            "marked": sure.marked,
            "outside": sure.outside,
        },
    }


def _count(count: ErrorCount) -> dict[str, Any]:
    return {
        "fields": count.fields,
        "expected_wrong": count.expected,
        "observed_wrong": count.observed,
        "standard_error": count.standard_error,
        "z": count.z,
    }


def _rate(rate: Rate) -> dict[str, Any]:
    interval = rate.interval
    return {
        "hits": rate.hits,
        "total": rate.total,
        "documents": rate.documents,
        "share": rate.share,
        "interval": None if interval is None else [interval.low, interval.high],
        "method": None if interval is None else interval.method,
    }


def _review(review: ReviewShare) -> dict[str, Any]:
    return {
        "threshold": _threshold(review.threshold),
        "reviewed": _rate(review.reviewed),
        "documents_with_review": _rate(review.documents),
        "left_wrong": _rate(review.left_wrong),
    }


def _threshold(threshold: Threshold) -> dict[str, Any]:
    return {
        "target": threshold.target,
        "bounded": threshold.bounded,
        "largest_doubt": threshold.largest_doubt,
        "calibration": {
            "documents": threshold.documents,
            "fields": threshold.fields,
            "left_wrong": threshold.left_wrong,
        },
    }


def _wrong(field: WrongField) -> dict[str, Any]:
    return {
        "document": field.document,
        "id": field.id,
        "kind": field.kind,
        "truth": field.truth,
        "output": field.output or None,
        "confidence": None if field.confidence is None else float(field.confidence),
        "sure": field.sure,
        "needs_review": field.needs_review,
    }
