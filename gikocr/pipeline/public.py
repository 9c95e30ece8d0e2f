"""What was read in the terms of the public report: evidence, numbers, units and alternatives."""

from __future__ import annotations

from decimal import Decimal

from gikocr.elements import Candidate, DocumentValue, ReadCell
from gikocr.ocr.numerals import unit_of, value_of
from gikocr.report import Alternative, Evidence

LEAST_ALTERNATIVE = 1e-6
"""Alternatives less probable than this are not worth showing."""


def evidence_of(found: ReadCell | DocumentValue, reader: str | None) -> Evidence:
    """Where something was read, in the terms of the report; ``reader`` is named with it."""
    place = found.place
    if place is None:
        return Evidence.at(found.page, found.quad, found.unit, reader)
    return Evidence(
        line=place.line, column=place.column, table=place.table, row=place.row, cell=place.cell, reader=reader
    )


def alternative_of(candidate: Candidate, probability: float) -> Alternative:
    """A candidate as another reading of its field."""
    return Alternative(
        value=value_in(candidate), printed=candidate.printed, state=candidate.state, probability=probability
    )


def value_in(candidate: Candidate) -> int | Decimal | None:
    """The number of a candidate that is one, else None."""
    if candidate.state != "read":
        return None
    value = value_of(candidate.printed)
    return None if value is None else as_number(str(value))


def as_number(text: str) -> int | Decimal:
    """A decimal string as the report has numbers: whole ones as integers."""
    return Decimal(text) if "." in text else int(Decimal(text))


def unit_in(candidate: Candidate, printed_unit: str | None) -> str | None:
    """The unit printed with a candidate, else that of its column; None where no number was read."""
    if candidate.state != "read":
        return None
    return unit_of(candidate.printed) or printed_unit
