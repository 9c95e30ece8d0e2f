"""Fits what is known of readers and of sources: temperature, unlisted readings, ways of misreading, errors in print."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from gikocr.elements import Placement
from gikocr.evaluation.fit_losses import fit_losses
from gikocr.evaluation.reviewed import Reviewed, is_right
from gikocr.evaluation.truth import TruthField
from gikocr.forms import Form
from gikocr.reconcile.calibration import (
    ANY_READER,
    KindParameters,
    Misreading,
    ReadingParameters,
    SourceParameters,
)
from gikocr.reconcile.cells import Belief, beliefs
from gikocr.reconcile.numbers import amount
from gikocr.reconcile.structure import choose_placements

WELL_PLACED = 0.85
"""Tables of which a smaller share was read right are left out: their cells are misplaced, which says nothing of the reader."""
TEMPERATURES = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.15, 1.3)
MISSING = (0.0, 0.03, 0.1, 0.2, 0.3, 0.5)
UNLISTED = tuple(float(u) for u in np.geomspace(1e-5, 0.3, 60))
PRIOR_CELLS = 2000.0
"""The default rate of unlisted readings counts as much as so many cells."""
PRIOR_ERRORS = 10.0
"""The default shares of ways of misreading count as much as so many errors."""
PRIOR_DOCUMENTS = 20.0
"""The default rate of errors in print counts as much as so many documents."""
RULES_BY_ERROR = 1.7
"""Rules that one error in print breaks, on average: most cells are in two."""
OUT_OF_STYLE = 0.01
"""A blank that its document's style doubts more than this says nothing of the blanks that it does not."""
LEAST_ERRORS = 25
"""Classes with fewer cells than this take what all readers' cells say."""
DIGITS = "0123456789"


@dataclass(frozen=True, slots=True)
class Example:
    """One well placed cell.

    Attributes:
        reader: who read it.
        cell_class: what its best candidate is.
        weights: natural logs of the candidates' weights.
        right: which of them are right.
        missing: mass that the reader put on impossible strings.
        state_only: none is right, but the best has the right value.
        odd: a blank that is out of style, which is doubted by another rule.
    """

    reader: str
    cell_class: str
    weights: tuple[float, ...]
    right: tuple[bool, ...]
    missing: float
    state_only: bool
    odd: bool


def fit_reading(documents: Sequence[Reviewed], form: Form) -> KindParameters:
    """Parameters of readers, misreading and source for one kind of documents; structure and maps stay the defaults."""
    examples: list[Example] = []
    errors: list[tuple[int, int, bool]] = []
    losses = fit_losses(documents, form)
    raw = KindParameters(
        {ANY_READER: dict.fromkeys(("blank", "mark", "zero", "single", "multi", "free"), _RAW)}, losses=losses
    )
    for document in documents:
        chosen, _ = choose_placements(document.reading, form)
        found = beliefs(document.reading, form, chosen, raw)
        for placement in chosen.values():
            own = {p.field_id: found[p.field_id] for p in placement.fields}
            _collect(document, placement, own, examples, errors)
    return KindParameters(
        _readers(examples),
        misreading=_misreading(errors),
        source=_source([d.truth.fields for d in documents], form),
        losses=losses,
    )


_RAW = ReadingParameters(unlisted=0.0, missing=0.0)


def _collect(
    document: Reviewed,
    placement: Placement,
    found: Mapping[str, Belief],
    examples: list[Example],
    errors: list[tuple[int, int, bool]],
) -> None:
    known = [(b, document.truth.fields[i]) for i, b in found.items() if b.candidates and i in document.truth.fields]
    good = sum(is_right(t, b.candidates[0]) for b, t in known)
    if not known or good < WELL_PLACED * len(placement.fields):
        return
    for belief, truth in known:
        cell = belief.placed.cell
        assert cell is not None and belief.cell_class is not None  # it has candidates
        reading = document.reading.cells[cell].reading
        right = tuple(is_right(truth, c) for c in belief.candidates)
        missing = max(0.0, 1.0 - sum(math.exp(c.log_probability) for c in reading.candidates))
        read = amount(belief.candidates[0]) or Decimal(0)
        true = truth.answer.value or Decimal(0)
        weights = tuple(math.log(max(p, 1e-300)) for p in belief.probabilities)
        examples.append(
            Example(
                reading.reader,
                belief.cell_class,
                weights,
                right,
                missing,
                not any(right) and read == true,
                belief.cell_class == "blank" and belief.lost >= OUT_OF_STYLE,
            )
        )
        if not right[0] and read != true and read == int(read) and true == int(true):
            errors.append((int(true), int(read), belief.candidates[0].state == "blank"))


def _readers(examples: Sequence[Example]) -> dict[str, dict[str, ReadingParameters]]:
    by: dict[str, dict[str, list[Example]]] = defaultdict(lambda: defaultdict(list))
    for example in examples:
        by[example.reader][example.cell_class].append(example)
        by[ANY_READER][example.cell_class].append(example)
    found: dict[str, dict[str, ReadingParameters]] = {}
    for reader, classes in sorted(by.items()):
        found[reader] = {
            c: _one(own if len(own) >= LEAST_ERRORS else by[ANY_READER][c]) for c, own in sorted(classes.items())
        }
    return found


def _one(examples: Sequence[Example]) -> ReadingParameters:
    default = ReadingParameters()
    own = [e for e in examples if not e.odd]
    state = (sum(e.state_only for e in own) + 0.1) / (len(own) + 100.0)
    valued = [e for e in own if not e.state_only]
    listed = [e for e in valued if any(e.right)]
    unlisted = np.array([not any(e.right) for e in valued], dtype=bool)
    missing = np.array([e.missing for e in valued])
    temperature = max(TEMPERATURES, key=lambda t: _listed_likelihood(listed, t))
    best, share = -math.inf, (default.unlisted, default.missing)
    for factor in MISSING:
        for rate in UNLISTED:
            wrong = np.minimum(0.5, rate + factor * missing)
            value = float(np.log(wrong[unlisted]).sum() + np.log1p(-wrong[~unlisted]).sum())
            value += PRIOR_CELLS * (default.unlisted * math.log(rate) - rate)
            if value > best:
                best, share = value, (rate, factor)
    return ReadingParameters(temperature, share[0], share[1], state)


def _listed_likelihood(examples: Sequence[Example], temperature: float) -> float:
    total = -8.0 * math.log(temperature) ** 2  # worth a few errors: without any the temperature stays 1
    for example in examples:
        if len(example.weights) > 1:
            scaled = [temperature * w for w in example.weights]
            top = max(scaled)
            whole = sum(math.exp(s - top) for s in scaled)
            total += math.log(sum(math.exp(s - top) for s, r in zip(scaled, example.right, strict=True) if r) / whole)
    return total


def _misreading(errors: Sequence[tuple[int, int, bool]]) -> Misreading:
    default = Misreading()
    counts = {k: PRIOR_ERRORS * getattr(default, k) for k in ("swapped", "dropped", "added", "emptied")}
    total = PRIOR_ERRORS
    digits: NDArray[np.float64] = np.array(
        [[0.0 if a == b else 2.0 * default.swap(a, b) for b in DIGITS] for a in DIGITS]
    )
    for true, read, blank in errors:
        total += 1
        a, b = str(abs(true)), str(abs(read))
        if blank:
            counts["emptied"] += 1
        elif len(a) == len(b):
            changed = [(x, y) for x, y in zip(a, b, strict=True) if x != y]
            if len(changed) == 1:
                counts["swapped"] += 1
                digits[int(changed[0][0]), int(changed[0][1])] += 1
        elif len(a) == len(b) + 1:
            counts["dropped"] += any(a[:i] + a[i + 1 :] == b for i in range(len(a)))
        elif len(b) == len(a) + 1:
            counts["added"] += any(b[:i] + b[i + 1 :] == a for i in range(len(b)))
    digits /= digits.sum(axis=1, keepdims=True)
    shares = {k: v / total for k, v in counts.items()}
    return replace(default, **shares, digits=tuple(tuple(float(x) for x in row) for row in digits))


def _source(truths: Sequence[Mapping[str, TruthField]], form: Form) -> SourceParameters:
    """How often print does not add up, counted in the truths."""
    default = SourceParameters()
    errors, cells = 0.0, 0
    for fields in truths:
        best = max(form.editions.values(), key=lambda e: sum(i in fields for i in e.fields))
        members = {i for r in best.rules for i in (*r.left, *r.right)}
        cells += sum(i in fields for i in members)
        broken = 0
        for rule in best.rules:
            if not all(i in fields for i in (*rule.left, *rule.right)):
                continue
            if len(rule.left) == 1 and fields[rule.left[0]].answer.value is None:
                continue
            left = sum(fields[i].answer.value or 0 for i in rule.left)
            broken += left != sum(fields[i].answer.value or 0 for i in rule.right)
        errors += math.ceil(broken / RULES_BY_ERROR)
    by_document = cells / max(1, len(truths)) or 1.0
    rate = (errors + PRIOR_DOCUMENTS * default.cell * by_document) / (cells + PRIOR_DOCUMENTS * by_document)
    return replace(default, cell=rate)
