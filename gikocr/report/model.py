"""The report on one document: the public contract of gikocr's output.

All models are frozen and refuse unknown keys. What the contract forbids cannot be built: a value on a field that was
not read, a confidence above 0.99999, a ``complete`` report with an unreadable field.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)
from pydantic import Field as Option

from gikocr.elements import Source, State, TableStatus, Unit
from gikocr.geometry import Quad
from gikocr.report import json_text
from gikocr.report.numbers import Amount, Confidence, Coordinate, Probability, difference
from gikocr.report.text import printable

SCHEMA_VERSION = "1"

Status = Literal["complete", "partial", "failed"]
Severity = Literal["error", "warning", "info"]
Verdict = Literal["holds", "broken_in_source", "doubtful", "not_checkable"]
ConfidenceKind = Literal["posterior", "calibrated"]
Reason = Literal["not_read", "words", "overruled", "out_of_style", "suggestion", "unsure"]
"""Why a field waits for review.

``not_read``: no reader made anything of the cell. ``words``: there are words in it. ``overruled``: the sums chose another number than
one that was read for sure. ``out_of_style``: it is given as blank where the document prints its zeros. ``suggestion``: the sums imply
what no reader saw. ``unsure``: its confidence is below the threshold.
"""

Sha256 = Annotated[str, Option(pattern=r"^[0-9a-f]{64}$")]
Name = Annotated[str, BeforeValidator(lambda v: printable(v) if isinstance(v, str) else v)]

#: States in which what is printed is hidden or was not made out: a document with such a field is not complete.
UNREAD_STATES = frozenset({"unreadable", "occluded"})

#: States of which nobody knows what they add to a sum; blank, slash, dash, 无 and what is not printed add nothing.
NUMBER_UNKNOWN_STATES = UNREAD_STATES | {"other_text"}

#: States that a field can have although no reader spoke.
UNSPOKEN_STATES = UNREAD_STATES | {"not_printed"}


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PartInfo(_Model):
    """One file of a document. ``sha256`` is null when the file could not be opened."""

    name: Name
    sha256: Sha256 | None


class SourceInfo(_Model):
    """Where the document came from.

    ``sha256`` is null when it could not be opened; bytes of ``name`` that are not UTF-8 are escaped.
    """

    name: Name
    sha256: Sha256 | None
    pages: int = Option(ge=0)
    media_type: str
    parts: tuple[PartInfo, ...] = ()

    @classmethod
    def of(cls, source: Source) -> Self:
        """The public form of a ``Source``; an empty digest becomes null."""
        return cls(
            name=source.name,
            sha256=source.sha256 or None,
            pages=source.pages,
            media_type=source.media_type,
            parts=tuple(PartInfo(name=p.name, sha256=p.sha256 or None) for p in source.parts),
        )


class Evidence(_Model):
    """Where something was read, and by which reader.

    ``bbox`` (left, top, right, bottom) and ``quad`` (four corners, clockwise, x and y in turn) are in the frame that a
    viewer shows, in ``unit``: PDF points from the top left, or pixels. Sources of text give ``line`` and ``column``, or
    ``table``, ``row`` and ``cell``; these keys are left out of the JSON where they do not apply.
    """

    page: int | None = Option(default=None, ge=1)
    bbox: tuple[Coordinate, Coordinate, Coordinate, Coordinate] | None = None
    quad: (
        tuple[Coordinate, Coordinate, Coordinate, Coordinate, Coordinate, Coordinate, Coordinate, Coordinate] | None
    ) = None
    unit: Unit | None = None
    reader: str | None = None
    line: int | None = Option(default=None, ge=1)
    column: int | None = Option(default=None, ge=1)
    table: int | None = Option(default=None, ge=0)
    row: int | None = Option(default=None, ge=0)
    cell: int | None = Option(default=None, ge=0)

    @classmethod
    def at(cls, page: int, quad: Quad, unit: Unit, reader: str | None = None) -> Self:
        """The evidence of something with a place on a page; ``quad`` in the viewer's frame."""
        x1, y1, x2, y2, x3, y3, x4, y4 = quad.flat()
        box = quad.bbox
        return cls(
            page=page,
            bbox=(box.left, box.top, box.right, box.bottom),
            quad=(x1, y1, x2, y2, x3, y3, x4, y4),
            unit=unit,
            reader=reader,
        )

    @model_validator(mode="after")
    def _placed_in_a_unit(self) -> Self:
        if (self.bbox is not None or self.quad is not None) and (self.unit is None or self.page is None):
            raise ValueError("a box needs its page and its unit")
        if self.bbox is not None and (self.bbox[2] < self.bbox[0] or self.bbox[3] < self.bbox[1]):
            raise ValueError(f"box inside out: {self.bbox}")
        return self

    @model_serializer(mode="wrap")
    def _without_text_keys(self, serialise: SerializerFunctionWrapHandler) -> dict[str, Any]:
        whole: dict[str, Any] = serialise(self)
        return {k: v for k, v in whole.items() if v is not None or k not in ("line", "column", "table", "row", "cell")}


class DocumentInfo(_Model):
    """What the document is. ``edition`` is ``mixed`` where its tables are of different editions; null: not known."""

    agency: str | None = None
    agency_key: str | None = None
    year: int | None = Option(default=None, ge=1900, le=2200)
    edition: str | None = None
    title: str | None = None
    period: tuple[date, date] | None = None


class DocumentFieldValue(_Model):
    """One fact about the whole document, with its confidence and place."""

    id: str
    value: str | int | None
    printed: str
    confidence: Confidence | None
    confidence_kind: ConfidenceKind | None
    evidence: Evidence | None = None


class SectionText(_Model):
    """The text of one section of the report."""

    id: str
    heading: str
    text: str
    evidence: Evidence | None = None


class TableInfo(_Model):
    """One statutory table: its edition, told from its labels, and whether it was read."""

    edition: str | None
    status: TableStatus
    confidence: Confidence | None


def _only_read_has_a_value(state: State, value: int | Decimal | None) -> None:
    if (state == "read") != (value is not None):
        raise ValueError(f"only the state 'read' has a value, and it must: state {state!r}, value {value}")


class Alternative(_Model):
    """Another reading of the same field with its probability."""

    value: Amount | None
    printed: str
    state: State
    probability: Probability

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _only_read_has_a_value(self.state, self.value)
        return self


class Suggestion(_Model):
    """A value that the named sums imply and that no reader saw. It is never put in the place of the value."""

    value: Amount
    checks: tuple[str, ...] = ()


class Review(_Model):
    """What a person decided, who and when (with time zone). The field's own value stays what the reader saw."""

    value: Amount | None
    state: State
    by: str
    at: AwareDatetime

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _only_read_has_a_value(self.state, self.value)
        return self


class Field(_Model):
    """One cell of the form.

    ``confidence`` is the probability that ``value`` and ``state`` are what is printed in the cell that the field names,
    placement included; null only where no reader spoke. ``printed`` keeps the characters as printed. ``unit`` is the
    printed one. ``reasons``: why it waits for review, the gravest first; reports that were made earlier have none.
    """

    id: str
    value: Amount | None
    printed: str | None
    state: State
    unit: str | None
    confidence: Confidence | None
    confidence_kind: ConfidenceKind | None
    needs_review: bool
    reasons: tuple[Reason, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    suggestion: Suggestion | None = None
    review: Review | None = None
    evidence: Evidence | None = None
    checks: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _only_read_has_a_value(self.state, self.value)
        if (self.confidence is None) != (self.confidence_kind is None):
            raise ValueError(f"{self.id}: a confidence has a kind, and no confidence has none")
        if self.confidence is None and (self.state not in UNSPOKEN_STATES or self.alternatives):
            raise ValueError(f"{self.id}: the confidence is null although a reader spoke (state {self.state!r})")
        if self.suggestion is not None and not self.needs_review:
            raise ValueError(f"{self.id}: a suggestion must be reviewed")
        return self


class Check(_Model):
    """One sum of the form, both sides as read.

    ``broken_in_source`` means: read with confidence, and it does not add up in print.
    """

    id: str
    left: Amount | None
    right: Amount | None
    difference: Amount | None
    verdict: Verdict
    probability_broken: Probability | None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        expected = None if self.left is None or self.right is None else difference(self.left, self.right)
        if self.difference != expected:
            raise ValueError(f"{self.id}: {self.left} - {self.right} is {expected}, not {self.difference}")
        if self.verdict == "holds" and expected != 0:
            raise ValueError(f"{self.id}: holds, though {self.left} is not {self.right}")
        if self.verdict == "broken_in_source" and (expected is None or expected == 0):
            raise ValueError(f"{self.id}: broken in the source, though no difference was read")
        return self


class Issue(_Model):
    """Something worth knowing: what happened and what to do."""

    code: str
    severity: Severity
    page: int | None = Option(default=None, ge=1)
    stage: str
    message: str


class ModelUsed(_Model):
    """A model that took part, pinned by the hash of its file."""

    name: str
    sha256: Sha256


class Provenance(_Model):
    """How the report was made: steps, models, and the seconds of each step, which alone differ between equal runs."""

    steps: tuple[str, ...] = ()
    models: tuple[ModelUsed, ...] = ()
    seconds: dict[str, float] = Option(default_factory=dict)


class Report(_Model):
    """All that gikocr has to say about one document."""

    gikocr: str
    schema_version: Literal["1"] = "1"
    fingerprint: str
    source: SourceInfo
    status: Status
    document: DocumentInfo = DocumentInfo()
    document_fields: tuple[DocumentFieldValue, ...] = ()
    sections: tuple[SectionText, ...] = ()
    tables: dict[str, TableInfo] = Option(default_factory=dict)
    fields: tuple[Field, ...] = ()
    checks: tuple[Check, ...] = ()
    issues: tuple[Issue, ...] = ()
    provenance: Provenance = Provenance()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _unique("field", [f.id for f in self.fields])
        _unique("check", [c.id for c in self.checks])
        unknown = {c for f in self.fields for c in f.checks} - {c.id for c in self.checks}
        if unknown:
            raise ValueError(f"fields name checks that the report lacks: {', '.join(sorted(unknown))}")
        errors = any(i.severity == "error" for i in self.issues)
        if self.status == "complete" and (errors or any(f.state in UNREAD_STATES for f in self.fields)):
            raise ValueError("a complete report has no unreadable or occluded field and no error")
        if self.status == "failed" and not errors:
            raise ValueError("a failed report has an issue of severity error that says why")
        if self.status == "failed" and any(f.value is not None for f in self.fields):
            raise ValueError("a failed report has no values; with some it is partial")
        return self

    def to_json(self, canonical: bool = False) -> str:
        """The report as JSON text; amounts are numbers with their digits as printed.

        Args:
            canonical: sorted keys, no white space, no ``provenance.seconds``: the form in which runs are compared.
        """
        whole = self.model_dump()
        if canonical:
            del whole["provenance"]["seconds"]
        return json_text.write(whole, canonical=canonical)

    @classmethod
    def from_json(cls, text: str | bytes) -> Report:
        """Read what :meth:`to_json` wrote.

        Raises:
            ValueError: the text is not JSON, or not a report.
        """
        return cls.model_validate(json_text.read(text))


def status_of(fields: tuple[Field, ...], issues: tuple[Issue, ...]) -> Status:
    """The status that the contract gives to a document that was opened and had its form looked for.

    A field was read when its state says what stands in its cell, be it a number, a blank or a mark. Callers give
    ``failed`` themselves where the contract asks for it although cells were seen (an export that lost its values).
    """
    if not any(i.severity == "error" for i in issues) and not any(f.state in UNREAD_STATES for f in fields):
        return "complete"
    return "partial" if any(f.state not in UNSPOKEN_STATES for f in fields) else "failed"


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a report, which ``gikocr schema`` prints."""
    schema = Report.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _unique(what: str, ids: list[str]) -> None:
    twice = sorted({i for i in ids if ids.count(i) > 1}) if len(set(ids)) < len(ids) else []
    if twice:
        raise ValueError(f"{what} ids given twice: {', '.join(twice)}")
