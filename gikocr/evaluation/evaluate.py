"""Judges the outputs of a run against truth: the one call behind ``gikocr evaluate TRUTH OUT``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gikocr.errors import UsageError
from gikocr.evaluation.judge import JudgedDocument, judge
from gikocr.evaluation.match import Pair, pair_outputs
from gikocr.evaluation.metrics import Measures, measure, tags_of
from gikocr.evaluation.review_share import Threshold, choose_thresholds
from gikocr.evaluation.truth import TruthSet, load_truth
from gikocr.forms import load_form


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The result of an evaluation.

    Attributes:
        documents: every document of the truth, judged, in the order of the names.
        ignored: JSON files in the truth folder that are no truth.
        overall: the measures of all documents.
        by_tag: those of the documents with each tag; empty when not asked for.
        thresholds: of the calibration set; None when none was given.
    """

    documents: tuple[JudgedDocument, ...]
    ignored: tuple[str, ...]
    overall: Measures
    by_tag: Mapping[str, Measures]
    thresholds: tuple[Threshold, ...] | None


def evaluate(
    truth: Path, out: Path, *, calibration: tuple[Path, Path] | None = None, by_tag: bool = True
) -> Evaluation:
    """Judge outputs against truth.

    Args:
        truth: a truth file, or a folder of them (``truth/`` inside it is used when there).
        out: the folder given to ``gikocr extract -o``; for a single truth also one output file.
        calibration: truth and outputs of other documents, from which the thresholds for the review share are taken.
        by_tag: measure the documents of each tag as well.

    Raises:
        UsageError: a path is missing, a truth breaks the contract, one output matches two truths, or the calibration
            set shares a document with the evaluated set.
    """
    truths = load_truth(truth)
    pairs = pair_outputs(truths.documents, out)
    documents = _judged(pairs)
    thresholds = None if calibration is None else _thresholds(calibration, pairs)
    tags = tags_of(documents) if by_tag else ()
    return Evaluation(
        documents=documents,
        ignored=truths.ignored,
        overall=measure(documents, thresholds),
        by_tag={tag: measure([d for d in documents if tag in d.tags], thresholds) for tag in tags},
        thresholds=thresholds,
    )


def _judged(pairs: tuple[Pair, ...]) -> tuple[JudgedDocument, ...]:
    form = load_form()
    return tuple(judge(pair, form) for pair in pairs)


def _thresholds(calibration: tuple[Path, Path], evaluated: tuple[Pair, ...]) -> tuple[Threshold, ...]:
    truths: TruthSet = load_truth(calibration[0])
    pairs = pair_outputs(truths.documents, calibration[1])
    known = {mark: pair for pair in evaluated for mark in _marks(pair)}
    for pair in pairs:
        for mark in _marks(pair) & known.keys():
            raise UsageError(
                f"The document '{pair.truth.name}' is in the calibration set and, as '{known[mark].truth.name}', "
                "in the evaluated set.",
                advice="A threshold is taken from other documents than those that it is judged by.",
            )
    if not any(pair.truth.fields for pair in pairs):
        raise UsageError(f"{calibration[0]}: no field in the truths of the calibration set.")
    return choose_thresholds(_judged(pairs))


def _marks(pair: Pair) -> set[object]:
    """By what a document is known again: its truth file, its output file, and the content of its source."""
    marks: set[object] = {pair.truth.path.resolve()}
    if pair.output is not None:
        marks.add(pair.output.path.resolve())
        if pair.output.sha256 is not None:
            marks.add(pair.output.sha256)
    return marks
