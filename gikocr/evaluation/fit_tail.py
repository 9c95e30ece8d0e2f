"""Fits how readings far behind the best are weighed, by what inference makes of documents in which sums fail as read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

from gikocr.elements import FormReading
from gikocr.evaluation.reviewed import Reviewed, is_right
from gikocr.forms import Form
from gikocr.reconcile.calibration import KindParameters
from gikocr.reconcile.inference import InferredField, infer
from gikocr.reconcile.numbers import amount
from gikocr.reconcile.structure import choose_placements

TAILS = (0.6, 0.8, 1.0, 1.3)
LIKELY_TAIL, PRIOR_WEIGHT = 1.3, 4.0
"""Without evidence a reading far behind is about as improbable as the reader says, or more."""
SUMS_FAIL = 0.01
"""Only documents of which some sum is broken in print with at least this probability tell anything ..."""
MOST_FAILING = 6
"""... and no more sums than this: else the page was put wrongly together."""
MOST_DOCUMENTS = 60
"""So many of these are enough for one number."""
LEAST_RIGHT = 1e-4
"""One field that nothing explains counts no more than this."""


def fit_tail(documents: Sequence[Reviewed], form: Form, parameters: KindParameters) -> float:
    """The exponent with which the right readings of fields in sums come out the likeliest; see ``KindParameters.tail``."""
    telling = list(islice((d for d in documents if _fails(d, form, parameters)), MOST_DOCUMENTS))
    return max(TAILS, key=lambda t: _likelihood(telling, form, replace(parameters, tail=t)) + _prior(t))


def _prior(tail: float) -> float:
    return -PRIOR_WEIGHT * math.log(tail / LIKELY_TAIL) ** 2


def _fails(document: Reviewed, form: Form, parameters: KindParameters) -> bool:
    chosen, _ = choose_placements(document.reading, form)
    inference = infer(document.reading, form, chosen, parameters, {})
    failing = sum(p >= SUMS_FAIL for p in inference.broken.values())
    return failing <= MOST_FAILING and (failing > 0 or any(_changed(f, document.reading) for f in inference.fields))


def _changed(field: InferredField, reading: FormReading) -> bool:
    """Whether another number is given than was read: what was changed on account of the sums breaks none any more."""
    if field.cell is None or not field.candidates:
        return False
    return (amount(field.candidates[0][0]) or 0) != (amount(reading.cells[field.cell].reading.best) or 0)


def _likelihood(documents: Sequence[Reviewed], form: Form, parameters: KindParameters) -> float:
    total = 0.0
    for document in documents:
        chosen, _ = choose_placements(document.reading, form)
        for field in infer(document.reading, form, chosen, parameters, {}).fields:
            truth = document.truth.fields.get(field.field_id)
            if truth is not None and not truth.inferred and field.block not in ("free", "free_clean"):
                right = math.fsum(p for c, p in field.candidates if is_right(truth, c))
                total += math.log(max(LEAST_RIGHT, right))
    return total
