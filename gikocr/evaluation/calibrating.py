"""Fits a calibration from reviewed documents: from their saved form readings, so that nothing is read anew.

First readers and sources (:mod:`fit_reading`), then, with these, how far places and what inference says are to be believed. Fitting and
checking share no agency with the same style: the documents are divided in two by that, each half is judged by what the other gave, and
the calibration that is kept is fitted on all.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gikocr.evaluation.fit_reading import fit_reading
from gikocr.evaluation.fit_tail import fit_tail
from gikocr.evaluation.intervals import total_error, upper_bound
from gikocr.evaluation.review_share import LEAST_WRONG_TOGETHER
from gikocr.evaluation.reviewed import Reviewed, is_right
from gikocr.forms import Form
from gikocr.reconcile.calibration import (
    FLOOR,
    Budget,
    Calibration,
    ErrorMap,
    KindParameters,
    StructureParameters,
    kind_of,
)
from gikocr.reconcile.inference import InferredField, infer
from gikocr.reconcile.posterior import confidences, place_doubt
from gikocr.reconcile.structure import choose_placements

LEAST_DOCUMENTS = 8
"""A kind of document with fewer reviewed documents keeps the parameters that it had."""
LEAST_FIELDS = 400
"""A class of cell of a block with fewer fields takes the map of its block."""
SPREAD_INTERCEPT, SPREAD_SLOPE = 1.5, 0.2
"""Standard deviations of the normal priors of a map around the identity, and of a class around its block."""
SPREAD_FACTOR, SPREAD_POWER = 2.0, 0.3
TARGETS = (1e-2, 5e-3, 2e-3, 1e-3, 5e-4, 2e-4, 1e-4, 5e-5, 2e-5)
"""Targets of the review budget for which a threshold is measured."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What documents that were not fitted on say: wrong fields expected and observed, with the standard error by document."""

    documents: int
    fields: int
    expected: float
    observed: int
    standard_error: float | None


@dataclass(frozen=True, slots=True, eq=False)
class _Row:
    field: InferredField
    right: bool
    document: int


def fit(
    documents: Sequence[Reviewed], form: Form, before: Calibration, *, checked: bool = True
) -> tuple[Calibration, Mapping[str, Checked]]:
    """Fit all kinds of documents of which there are enough.

    Args:
        documents: reviewed documents.
        form: the form that they were read on.
        before: gives the parameters of kinds of which there are too few.
        checked: also fit each half, to judge the other by it.

    Returns:
        The calibration, without provenance, and by kind what documents not fitted on say of it.
    """
    kinds = dict(before.kinds)
    checks: dict[str, Checked] = {}
    for kind in ("scan", "text"):
        own = [d for d in documents if kind_of(d.reading) == kind]
        if len(own) < LEAST_DOCUMENTS:
            continue
        kinds[kind] = fit_kind(own, form)
        halves = [[d for d in own if _half(d.group) == h] for h in (0, 1)]
        if checked and min(len(h) for h in halves) >= LEAST_DOCUMENTS // 2:
            checks[kind], budgets = _check(halves, form)
            kinds[kind] = replace(kinds[kind], budgets=budgets)
    return Calibration(kinds, {}), checks


def fit_kind(documents: Sequence[Reviewed], form: Form) -> KindParameters:
    """Fit all parameters of one kind of documents."""
    parameters = fit_reading(documents, form)
    parameters = replace(parameters, tail=fit_tail(documents, form, parameters))
    rows = _rows(documents, form, parameters)
    blocks: dict[str, list[_Row]] = {}
    for row in rows:
        blocks.setdefault(row.field.block, []).append(row)
    structure = {block: _structure(own) for block, own in sorted(blocks.items())}
    maps: dict[str, ErrorMap] = {}
    for block, own in sorted(blocks.items()):
        doubts = np.array([_doubt(r.field, structure[block]) for r in own])
        wrong = np.array([not r.right for r in own], dtype=bool)
        maps[block] = _map(doubts, wrong, ErrorMap())
        classes = [r.field.cell_class for r in own]
        for cell_class in sorted({c for c in classes if c is not None}):
            chosen = np.array([c == cell_class for c in classes], dtype=bool)
            if chosen.sum() >= LEAST_FIELDS:
                maps[f"{block}/{cell_class}"] = _map(doubts[chosen], wrong[chosen], maps[block])
    return replace(parameters, structure=structure, maps=maps)


def _rows(documents: Sequence[Reviewed], form: Form, parameters: KindParameters) -> list[_Row]:
    """Fields that a reader spoke of and whose truth is known by itself."""
    rows = []
    for index, document in enumerate(documents):
        chosen, _ = choose_placements(document.reading, form)
        for field in infer(document.reading, form, chosen, parameters, {}).fields:
            truth = document.truth.fields.get(field.field_id)
            if field.candidates and truth is not None and not truth.inferred:
                rows.append(_Row(field, is_right(truth, field.candidates[0][0]), index))
    return rows


def _doubt(field: InferredField, own: StructureParameters) -> float:
    place = place_doubt(field.doubt, own, field.coincidence)
    return max(1e-9, 1.0 - field.candidates[0][1] * (1.0 - place))


def _structure(rows: Sequence[_Row]) -> StructureParameters:
    raw = np.clip(np.array([r.field.doubt for r in rows]), 1e-9, 1.0)
    near = np.array([r.field.coincidence for r in rows])
    given = np.array([r.field.candidates[0][1] for r in rows])
    wrong = np.array([not r.right for r in rows], dtype=bool)

    def doubts(x: NDArray[np.float64]) -> NDArray[np.float64]:
        place = np.clip(np.exp(x[0]) * raw ** np.exp(x[1]), np.exp(min(x[2], -1.0)), 1.0)
        place = place * (1 - near / (1 + math.exp(-x[3])))
        return np.asarray(np.clip(1 - given * (1 - place), 1e-9, 1 - 1e-9))

    def cost(x: NDArray[np.float64]) -> float:
        prior = (x[0] / SPREAD_FACTOR) ** 2 + (x[1] / SPREAD_POWER) ** 2 + ((x[2] + 11) / 2) ** 2 + (x[3] / 2) ** 2
        return _negative_likelihood(doubts(x), wrong) + float(prior) / 2

    x = _minimum(cost, [0.0, 0.0, -11.0, 0.0])
    return StructureParameters(math.exp(x[0]), math.exp(x[1]), math.exp(min(x[2], -1.0)), 1 / (1 + math.exp(-x[3])))


def _map(doubts: NDArray[np.float64], wrong: NDArray[np.bool_], around: ErrorMap) -> ErrorMap:
    logits = np.log(doubts) - np.log1p(-np.minimum(doubts, 1 - 1e-9))

    def cost(x: NDArray[np.float64]) -> float:
        p = np.clip(1 / (1 + np.exp(-np.clip(x[0] + x[1] * logits, -700, 700))), FLOOR, 1 - 1e-9)
        prior = ((x[0] - around.intercept) / SPREAD_INTERCEPT) ** 2 + ((x[1] - around.slope) / SPREAD_SLOPE) ** 2
        return _negative_likelihood(p, wrong) + float(prior) / 2

    intercept, slope = _minimum(cost, [around.intercept, around.slope])
    return ErrorMap(float(intercept), max(0.1, float(slope)))


def _negative_likelihood(doubts: NDArray[np.float64], wrong: NDArray[np.bool_]) -> float:
    return -float(np.log(doubts[wrong]).sum() + np.log1p(-doubts[~wrong]).sum())


def _minimum(cost: Callable[[NDArray[np.float64]], float], start: Sequence[float]) -> list[float]:
    from scipy.optimize import minimize

    found = minimize(
        cost, np.array(start), method="Nelder-Mead", options={"maxiter": 600, "xatol": 1e-3, "fatol": 1e-3}
    )
    return [float(v) for v in found.x]


def _half(group: str) -> int:
    return hashlib.sha256(group.encode()).digest()[0] % 2


def _check(halves: Sequence[Sequence[Reviewed]], form: Form) -> tuple[Checked, tuple[Budget, ...]]:
    documents: list[list[tuple[float, bool]]] = []
    for fitted, judged in ((halves[0], halves[1]), (halves[1], halves[0])):
        parameters = fit_kind(fitted, form)
        own: list[list[tuple[float, bool]]] = [[] for _ in judged]
        for row in _rows(judged, form, parameters):
            own[row.document].append((1.0 - confidences(row.field, parameters)[0], not row.right))
        documents += own
    every = [item for rows in documents for item in rows]
    expected = math.fsum(doubt for doubt, _ in every)
    spread = math.sqrt(math.fsum(doubt * (1 - doubt) for doubt, _ in every))
    error = total_error(np.array([sum(wrong - doubt for doubt, wrong in rows) for rows in documents]))
    checked = Checked(
        len(documents),
        len(every),
        expected,
        sum(wrong for _, wrong in every),
        None if error is None else max(error, spread),
    )
    return checked, tuple(_budget(documents, target) for target in TARGETS)


def _budget(documents: Sequence[Sequence[tuple[float, bool]]], target: float) -> Budget:
    """The loosest thresholds that keep a target, tried from the strictest on until the first that fails."""
    ranked = sorted((doubt, wrong, k) for k, rows in enumerate(documents) for doubt, wrong in rows)
    fields = len(ranked)
    limits = {"plain": 0.0, "bounded": 0.0}
    going = set(limits)
    expected, wrong_by = 0.0, [0] * len(documents)
    for position, (doubt, wrong, k) in enumerate(ranked):
        expected += doubt
        wrong_by[k] += wrong
        if position + 1 < fields and ranked[position + 1][0] == doubt:
            continue  # fields of equal doubt are delivered together
        if max(expected, sum(wrong_by)) > target * fields:
            going.discard("plain")
        if "bounded" in going and (wrong or doubt == ranked[0][0]):
            together = max(LEAST_WRONG_TOGETHER, *wrong_by)
            share = upper_bound(sum(n > 0 for n in wrong_by), len(documents))
            if share * together * len(documents) > target * fields:
                going.discard("bounded")
        for name in going:
            limits[name] = doubt
        if not going:
            break
    return Budget(target, limits["plain"], limits["bounded"])


__all__ = ["Checked", "fit", "fit_kind"]
