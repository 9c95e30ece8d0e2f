"""Judges each field and each document: what is right, what is invented, what is wrong and sure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from gikocr.evaluation.agency import same_agency
from gikocr.evaluation.match import Loss, Pair
from gikocr.evaluation.outputs import OutputField
from gikocr.evaluation.truth import TruthDocument, TruthField
from gikocr.forms import Form, load_form

# The contract's border between a field that is sure and one that is not: strictly above it is sure.
SURE_ABOVE = Decimal("0.99")


@dataclass(frozen=True, slots=True)
class JudgedField:
    """One field of the truth with what was given for it.

    Attributes:
        truth: what is printed.
        output: None when the output lacks the field.
        right: value and state are accepted, or the field is inferred and marked for review.
        value_right: the same for the value alone.
        invented: the output has a value where the truth has null, and is not right.
    """

    truth: TruthField
    output: OutputField | None
    right: bool
    value_right: bool
    invented: bool

    @property
    def sure(self) -> bool:
        """Whether a consumer would take the field as certain: confidence above 0.99, null counting as 1."""
        return self.output is not None and is_sure(self.output)


@dataclass(frozen=True, slots=True)
class JudgedDocument:
    """One document.

    Attributes:
        name: the name of its truth file.
        tags: what it is an example of.
        sha256: of the source document as the output states it, else None.
        loss: why it is lost, None when it is not.
        reason: in words, for an invalid output.
        fields: every field of the truth, judged.
        outside: fields with a value that no printed table has.
        surplus: reports that the output claims to have found in the same file beyond the truth.
        agency: whether it is right; None when the truth has none.
        year: the same for the year.
        editions: the same for the edition of each table that the truth names.
    """

    name: str
    tags: tuple[str, ...]
    sha256: str | None
    loss: Loss | None
    reason: str
    fields: tuple[JudgedField, ...]
    outside: tuple[OutputField, ...]
    surplus: tuple[str, ...]
    agency: bool | None
    year: bool | None
    editions: Mapping[str, bool]

    @property
    def clean(self) -> bool:
        """Whether every field is right and nothing is invented."""
        return all(field.right for field in self.fields) and not self.outside

    @property
    def invented(self) -> int:
        """How many numbers are given that are not printed."""
        return sum(field.invented for field in self.fields) + len(self.outside)


def judge(pair: Pair, form: Form | None = None) -> JudgedDocument:
    """Judge one document. ``form`` tells which fields a table has; the annual report when not given."""
    truth, output = pair.truth, pair.output
    given: Mapping[str, OutputField] = {} if output is None else output.fields
    outside = _Printed(truth, form or load_form()).outside(given)
    return JudgedDocument(
        name=truth.name,
        tags=truth.tags,
        sha256=None if output is None else output.sha256,
        loss=pair.loss,
        reason=pair.reason,
        fields=tuple(judge_field(field, given.get(field.id)) for field in truth.fields.values()),
        outside=outside,
        surplus=pair.surplus,
        agency=same_agency(output.agency if output else None, truth.agencies) if truth.agencies else None,
        year=None if truth.year is None else output is not None and output.year == truth.year,
        editions={
            key: output is not None and pair.loss is None and output.editions.get(key) == edition
            for key, edition in (truth.tables or {}).items()
        },
    )


def judge_field(truth: TruthField, output: OutputField | None) -> JudgedField:
    """Judge one field: a field that is lacking or ``unreadable`` is wrong, whatever the truth is."""
    if output is None:
        return JudgedField(truth, None, right=False, value_right=False, invented=False)
    excused = truth.inferred and output.needs_review
    read = output.state != "unreadable"
    right = excused or (read and any(a.matches(output.value, output.state) for a in truth.accepted))
    value_right = excused or (read and any(a.value_matches(output.value) for a in truth.accepted))
    invented = output.value is not None and truth.answer.value is None and not right
    return JudgedField(truth, output, right, value_right, invented)


def is_sure(output: OutputField) -> bool:
    """Whether the confidence is above 0.99; null counts as 1, for whoever gives no doubt asks to be believed."""
    return output.confidence is None or output.confidence > SURE_ABOVE


class _Printed:
    """Which fields the printed tables of a document can have."""

    def __init__(self, truth: TruthDocument, form: Form) -> None:
        self.truth = truth
        # Fields of the form that the truth leaves out of a printed table are undecided, not outside.
        self.known = {
            field.id
            for edition in form.editions.values()
            for field in edition.fields.values()
            if self._prints(field.table, edition.id, form)
        }

    def _prints(self, table: str, edition: str, form: Form) -> bool:
        if self.truth.tables is None:
            return True
        printed = self.truth.tables.get(table)
        if printed is None or printed in form.editions:
            return printed == edition
        return True  # an edition that the form does not know says only that the table is there

    def outside(self, given: Mapping[str, OutputField]) -> tuple[OutputField, ...]:
        """Fields with a value that stand in no printed table. One without a value claims no number."""
        return tuple(
            field
            for field in given.values()
            if field.value is not None and field.id not in self.truth.fields and field.id not in self.known
        )
