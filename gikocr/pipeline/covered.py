"""Values that nobody can read because something lies over them: told as ``occluded`` where that is likelier than what was read.

What the readers see of a covered value, and what the sums say of it, is often enough. Only where both leave it in doubt, and the cover
is large, the cell is said to be covered rather than to hold what was read last.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Final

from gikocr.elements import Candidate, FieldPosterior, FormReading, ReadCell
from gikocr.pipeline.public import LEAST_ALTERNATIVE, alternative_of, as_number, evidence_of
from gikocr.report import Field, Issue, Suggestion, capped

LEAST_SHARE = 0.35
"""Share of a value's place up to which what lies on it leaves the value readable. Pen strokes and thin rings of hard scans cover
a fifth to a third of the place of values that people read."""
INTERCEPT, SLOPE = -1.7, 5.2
"""Logit of the probability that more than 35 % of a value's ink is covered, by the share of its place that is: even odds at a third.

Fitted on the doubtful cells of 13 development documents with seals, pens, blots and bars drawn over 209 values.
"""
SURE: Final = 0.99
"""What is at least so sure was read, whatever lies over it."""
BOTH_SURE = 0.98
"""So is what two readers together read at least so surely."""
FEW_BLANKS = 0.1
"""In tables with a larger share of blanks a blank under a cover is one: of 116 such cells that were read as blank 113 were. In tables
with a smaller share 21 were read so, and none was."""
NAMED = 6
"""Fields that an issue names."""


def occluded_chance(share: float) -> float:
    """The probability that a value is covered beyond reading, by the covered share of its place, in [0, 1)."""
    if share < LEAST_SHARE:
        return 0.0
    return 1.0 / (1.0 + math.exp(-INTERCEPT - SLOPE * share))


def told_occluded(cell: ReadCell, candidates: Sequence[tuple[Candidate, float]], blanks: float = 0.0) -> float | None:
    """The probability with which a field is told as occluded; None where what was read stands.

    Args:
        cell: where it stands.
        candidates: what was read with probabilities under the sums, most probable first; at least one.
        blanks: share of blanks among the other cells of its table.
    """
    best, probability = candidates[0]
    own = math.exp(cell.reading.best.log_probability) if cell.reading.candidates else 0.0
    if "+" in cell.reading.reader and own >= BOTH_SURE:
        return None
    seen = probability
    if best.state == "blank":
        if blanks > FEW_BLANKS:
            return None
        # A blank counts as 0 in the sums, and so does a 0 that is covered: that they hold says nothing for the blank.
        seen = min(probability, own)
    chance = occluded_chance(cell.occluded)
    return chance if chance > seen and seen < SURE else None


def occluded_fields(reading: FormReading, posteriors: Collection[FieldPosterior]) -> dict[str, float]:
    """The fields that are told as occluded, each with the probability that it is."""
    read = [(f, reading.cells[f.cell]) for f in posteriors if f.cell is not None and f.candidates]
    bare: dict[str, list[bool]] = {}
    for field, cell in read:
        if cell.occluded < LEAST_SHARE:
            bare.setdefault(field.table, []).append(field.candidates[0][0].state == "blank")
    blanks = {table: sum(own) / len(own) for table, own in bare.items()}
    found = {f.field_id: told_occluded(cell, f.candidates, blanks.get(f.table, 0.0)) for f, cell in read}
    return {field_id: chance for field_id, chance in found.items() if chance is not None}


def covered_issues(fields: Sequence[Field], posteriors: Sequence[FieldPosterior], reading: FormReading) -> list[Issue]:
    """One issue for each page with values that are told as occluded: which they are, and what share of each is covered."""
    cells = {f.field_id: reading.cells[f.cell] for f in posteriors if f.cell is not None}
    by_page: dict[int, list[str]] = {}
    for field in fields:
        if field.state == "occluded" and field.id in cells:
            cell = cells[field.id]
            by_page.setdefault(cell.page, []).append(f"{field.id} ({100 * cell.occluded:.0f} %)")
    return [
        Issue(
            code="values_covered",
            severity="warning",
            page=page,
            stage="ocr",
            message=f"{len(named)} values are covered beyond reading: {', '.join(named[:NAMED])}{' …' if len(named) > NAMED else ''}.",
        )
        for page, named in sorted(by_page.items())
    ]


def occluded_field(posterior: FieldPosterior, reading: FormReading, checks: Sequence[str], chance: float) -> Field:
    """A field whose value something covers; what was made out of it stands among the alternatives."""
    assert posterior.cell is not None  # only a cell that was found can be covered
    cell = reading.cells[posterior.cell]
    suggestion = None if posterior.suggestion is None else Suggestion(value=as_number(posterior.suggestion))
    others = ((c, p * (1.0 - chance)) for c, p in posterior.candidates)
    return Field(
        id=posterior.field_id,
        value=None,
        printed=None,
        state="occluded",
        unit=None,
        confidence=capped(chance),
        confidence_kind="posterior",
        needs_review=True,
        alternatives=tuple(alternative_of(c, p) for c, p in others if p >= LEAST_ALTERNATIVE),
        suggestion=suggestion,
        evidence=evidence_of(cell, cell.reading.reader),
        checks=tuple(checks),
    )
