"""The list of wrong fields, for whoever mends errors: on development data, not on the test part of a set."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from gikocr.evaluation.judge import JudgedDocument, JudgedField, is_sure
from gikocr.evaluation.outputs import OutputField

Kind = Literal["value", "state", "unreadable", "lacking", "lost", "invented", "outside"]


@dataclass(frozen=True, slots=True)
class WrongField:
    """One wrong field.

    Attributes:
        document: the name of its truth file.
        id: of the field.
        kind: ``value``: another number, or none; ``state``: only the state is wrong; ``unreadable``; ``lacking``: not
            in the output; ``lost``: its document is lost; ``invented``: a value where null is printed; ``outside``: a
            value in no printed table.
        truth: what counts as right, as text.
        output: what was given, as text.
        confidence: as given, None for null and where nothing was given.
        sure: whether it is wrong and sure.
        needs_review: whether the output marks it.
    """

    document: str
    id: str
    kind: Kind
    truth: str
    output: str
    confidence: Decimal | None
    sure: bool
    needs_review: bool


def wrong_fields(documents: Iterable[JudgedDocument]) -> tuple[WrongField, ...]:
    """Every wrong field and every invented value of some documents, in the order of documents and fields."""
    found: list[WrongField] = []
    for document in documents:
        found.extend(
            _row(document.name, field.truth.id, _kind(document, field), str(field.truth), field.output)
            for field in document.fields
            if not field.right
        )
        found.extend(_row(document.name, output.id, "outside", "not printed", output) for output in document.outside)
    return tuple(found)


def _row(document: str, field_id: str, kind: Kind, truth: str, output: OutputField | None) -> WrongField:
    if output is None:
        return WrongField(document, field_id, kind, truth, "", None, False, False)
    return WrongField(
        document, field_id, kind, truth, str(output), output.confidence, is_sure(output), output.needs_review
    )


def _kind(document: JudgedDocument, field: JudgedField) -> Kind:
    if field.output is None:
        return "lacking" if document.loss is None else "lost"
    if field.output.state == "unreadable":
        return "unreadable"
    if field.invented:
        return "invented"
    return "state" if field.value_right else "value"
