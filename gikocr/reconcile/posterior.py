"""The posterior of a document: readings under the sums, structure, and calibration together.

No value is ever made up: the sums only choose among what a reader proposed, and lower the confidence of the rest.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from gikocr.elements import Candidate, FieldPosterior, FormReading, Posterior, RulePosterior
from gikocr.forms import Form, Rule
from gikocr.reconcile.calibration import FLOOR, Calibration, ErrorMap, KindParameters, StructureParameters
from gikocr.reconcile.inference import Inference, InferredField, infer
from gikocr.reconcile.numbers import amount
from gikocr.reconcile.rivals import merge_rivals
from gikocr.reconcile.structure import choose_placements

SURE_OF_READING = 0.9
"""A rule that the values do not fulfil counts as broken in the source when that is at least this probable."""
LEAST_DOUBT = 1e-12
"""Doubts are kept above this where a logarithm is taken."""


def reconcile(
    reading: FormReading,
    form: Form,
    amounts: Mapping[str, Decimal | None] | None = None,
    calibration: Calibration | None = None,
) -> Posterior:
    """Weigh all readings of a document.

    Args:
        reading: cells, placements and their evidence.
        form: the form that the reading was registered on.
        amounts: values of fields that a person has settled, by id; the sums take them as they are.
        calibration: parameters of readers, structure and sources; the defaults when not given.

    Returns:
        The posterior of the most probable placement of each table. A field whose cell was not found has no candidates.
        Probabilities are at most 1 - ``FLOOR``.
    """
    parameters = (calibration or Calibration()).for_reading(reading)
    chosen, editions = choose_placements(reading, form)
    inference = infer(reading, form, chosen, parameters, dict(amounts or {}))
    fields = tuple(_posterior(f, parameters) for f in inference.fields)
    return Posterior(fields, _checks(inference, fields, dict(amounts or {})), editions)


def reconcile_again(
    reading: FormReading,
    form: Form,
    clamped: Mapping[str, Decimal | None] | None = None,
    calibration: Calibration | None = None,
) -> Posterior:
    """The posterior of a saved reading: rivals are merged as they were when it was made. Arguments as of :func:`reconcile`.

    ``build_report`` wants the merged reading, :func:`merge_rivals`, beside it.
    """
    return reconcile(merge_rivals(reading), form, clamped, calibration)


@dataclass(frozen=True, slots=True)
class SumsSay:
    """What the sums say of cells against their readers.

    Attributes:
        implied: cells with values that the sums imply and no reader proposed, and the probability of each.
        doubts: cells of fields in sums, and the probability that the number which their reader takes for the likeliest is wrong.
    """

    implied: tuple[tuple[int, Decimal, float], ...]
    doubts: tuple[tuple[int, float], ...]


def ask_sums(reading: FormReading, form: Form, calibration: Calibration | None = None) -> SumsSay:
    """Weigh a reading under the sums for a second look at its cells. Arguments as of :func:`reconcile`."""
    parameters = (calibration or Calibration()).for_reading(reading)
    chosen, _ = choose_placements(reading, form)
    inference = infer(reading, form, chosen, parameters, {})
    doubts = []
    for field in inference.fields:
        if field.cell is None or not field.candidates or field.block in ("free", "free_clean"):
            continue
        best = amount(reading.cells[field.cell].reading.best) or Decimal(0)
        upheld = sum(p for c, p in field.candidates if (amount(c) or Decimal(0)) == best)
        doubts.append((field.cell, max(0.0, 1.0 - upheld)))
    return SumsSay(inference.implied, tuple(doubts))


def confidences(field: InferredField, parameters: KindParameters) -> list[float]:
    """The probabilities of a field's readings with the doubt of its place, mapped by the calibration of its block."""
    given = [p for _, p in field.candidates]
    if not given:
        return []
    doubt = place_doubt(field.doubt, parameters.structure.get(field.block, StructureParameters()), field.coincidence)
    given = [p * (1.0 - doubt) for p in given]
    before = max(0.0, 1.0 - given[0])
    after = max(FLOOR, mapped(before, parameters.map_of(field.block, field.cell_class)))
    # The others keep their shares of the doubt.
    others = [p * after / before if before > 0 else 0.0 for p in given[1:]]
    return [1.0 - after, *others]


def place_doubt(raw: float, own: StructureParameters, coincidence: float) -> float:
    """The probability that a field is wrong because of its place, in [0, 1]."""
    doubt = min(1.0, max(own.least, own.factor * max(raw, 0.0) ** own.power))
    return doubt * (1.0 - own.coincidence * coincidence)


def mapped(doubt: float, line: ErrorMap) -> float:
    """An error probability under a calibration map; one that is the identity changes nothing."""
    if line == ErrorMap():
        return doubt
    doubt = min(1.0 - LEAST_DOUBT, max(LEAST_DOUBT, doubt))
    logit = line.intercept + line.slope * math.log(doubt / (1.0 - doubt))
    return 1.0 / (1.0 + math.exp(-logit)) if logit > -700 else 0.0


def _posterior(field: InferredField, parameters: KindParameters) -> FieldPosterior:
    probabilities = confidences(field, parameters)
    candidates = tuple((c, p) for (c, _), p in zip(field.candidates, probabilities, strict=True))
    suggestion = None if field.suggestion is None else f"{field.suggestion:f}"
    return FieldPosterior(field.field_id, field.table, field.edition, field.cell, candidates, suggestion, field.lost)


def _checks(
    inference: Inference, fields: tuple[FieldPosterior, ...], settled: Mapping[str, Decimal | None]
) -> tuple[RulePosterior, ...]:
    found: dict[str, tuple[Candidate, float]] = {f.field_id: f.candidates[0] for f in fields if f.candidates}
    values = {i: amount(c) for i, (c, _) in found.items()} | dict(settled)
    sure = {i: p for i, (_, p) in found.items()} | dict.fromkeys(settled, 1.0)
    return tuple(_check(rule, values, sure, inference.broken.get(rule.id)) for rule in inference.rules)


def _check(
    rule: Rule, values: Mapping[str, Decimal | None], sure: Mapping[str, float], broken: float | None
) -> RulePosterior:
    sides = _sides(rule, values)
    if sides is None:
        return RulePosterior(rule.id, None, None, 0.0, "not_checkable")
    left, right = sides
    probability = broken or 0.0
    if left == right:
        return RulePosterior(rule.id, str(left), str(right), round(probability, 6), "holds")
    least = min(sure.get(i, 0.0) for i in (*rule.left, *rule.right))
    if least < 0.5:
        probability = min(probability, least)
    verdict: Literal["broken_in_source", "doubtful"] = (
        "broken_in_source" if probability >= SURE_OF_READING else "doubtful"
    )
    return RulePosterior(rule.id, str(left), str(right), round(probability, 6), verdict)


def _sides(rule: Rule, values: Mapping[str, Decimal | None]) -> tuple[Decimal, Decimal] | None:
    """Both sides, blanks among the parts counting as nothing; None when the rule cannot be checked."""
    everything = [values.get(i) for i in (*rule.left, *rule.right)]
    if all(v is None for v in everything):
        return None
    if len(rule.left) == 1 and values.get(rule.left[0]) is None:
        return None
    left = sum((values.get(i) or Decimal(0) for i in rule.left), Decimal(0))
    right = sum((values.get(i) or Decimal(0) for i in rule.right), Decimal(0))
    return left, right
