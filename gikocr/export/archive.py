"""What exports ask of a workspace. Its stored reports and fields fit as they are; the command line puts the two rooms together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from gikocr.elements import State
from gikocr.report import Status, Verdict

Value = int | Decimal | None


class DecidedRow(Protocol):
    """What a person decided on a field."""

    @property
    def value(self) -> Value: ...
    @property
    def state(self) -> State: ...
    @property
    def by(self) -> str: ...
    @property
    def at(self) -> datetime: ...


class ReportRow(Protocol):
    """One report without its fields; see ``workspace.StoredReport``."""

    @property
    def id(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def status(self) -> Status: ...
    @property
    def agency(self) -> str | None: ...
    @property
    def agency_key(self) -> str | None: ...
    @property
    def year(self) -> int | None: ...
    @property
    def edition(self) -> str | None: ...
    @property
    def fields(self) -> int: ...
    @property
    def waiting(self) -> int: ...
    @property
    def read_at(self) -> datetime: ...


class FieldRow(Protocol):
    """One field of a report; see ``workspace.StoredField``."""

    @property
    def report_id(self) -> int: ...
    @property
    def field_id(self) -> str: ...
    @property
    def table(self) -> str: ...
    @property
    def edition(self) -> str | None: ...
    @property
    def value(self) -> Value: ...
    @property
    def printed(self) -> str | None: ...
    @property
    def state(self) -> State: ...
    @property
    def unit(self) -> str | None: ...
    @property
    def confidence(self) -> float | None: ...
    @property
    def waiting(self) -> bool: ...
    @property
    def page(self) -> int | None: ...
    @property
    def bbox(self) -> tuple[float, float, float, float] | None: ...
    @property
    def box_unit(self) -> str | None: ...
    @property
    def rules(self) -> tuple[str, ...]: ...
    @property
    def suggestion(self) -> Value: ...
    @property
    def decided(self) -> DecidedRow | None: ...
    @property
    def document(self) -> str: ...
    @property
    def agency(self) -> str | None: ...
    @property
    def year(self) -> int | None: ...


class BrokenRow(Protocol):
    """A sum that does not hold in print, or may not; see ``workspace.BrokenCheck``."""

    @property
    def report_id(self) -> int: ...
    @property
    def check_id(self) -> str: ...
    @property
    def verdict(self) -> Verdict: ...
    @property
    def probability_broken(self) -> float | None: ...


class Archive(Protocol):
    """The reports of a workspace. Everything is streamed, so that an archive of any size needs little memory."""

    def reports(self) -> Iterator[ReportRow]:
        """All reports."""

    def fields(self) -> Iterator[FieldRow]:
        """The fields of all reports, report after report, in the order of the form."""

    def fields_of(self, report_ids: Sequence[int]) -> Iterator[FieldRow]:
        """The fields of some reports, report after report."""

    def broken(self) -> Iterator[tuple[ReportRow, BrokenRow]]:
        """Sums that do not hold, report after report."""


def value_of(field: FieldRow) -> Value:
    """The value that stands: what a person decided, else what was read."""
    return field.value if field.decided is None else field.decided.value


def state_of(field: FieldRow) -> State:
    """The state that stands: what a person decided, else what was read."""
    return field.state if field.decided is None else field.decided.state
