"""What the workspace gives out: plain objects, made from the rows of the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal, cast

from sqlalchemy import RowMapping

from gikocr.elements import State
from gikocr.report import Status, Verdict

Value = int | Decimal | None
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Selection:
    """Which reports, and which of their fields; what is None or empty selects all.

    ``table`` and ``field_id`` matter where fields are asked for. ``name`` is the name of a document in the output, with
    ``*`` for any characters.
    """

    name: str | None = None
    agency: str | None = None
    year: int | None = None
    status: Status | None = None
    report_ids: tuple[int, ...] = ()
    document_id: int | None = None
    table: str | None = None
    field_id: str | None = None


EVERYTHING = Selection()


@dataclass(frozen=True, slots=True)
class StoredReport:
    """One current report, without its fields.

    Attributes:
        id: of the report in this workspace; kept when the same content is read again with the same settings.
        document_id: of the content.
        number: 1, or 2 for the second report found in the same file.
        sha256: of the content; of the name, where the file could not be opened.
        name: of the document in the output.
        path: of its JSON in the folder, POSIX-style.
        fields: how many fields it has.
        waiting: how many of them wait for review.
        seconds: wall time of reading it.
    """

    id: int
    document_id: int
    number: int
    fingerprint: str
    sha256: str
    pages: int
    name: str
    path: str
    form: str
    status: Status
    agency: str | None
    agency_key: str | None
    year: int | None
    edition: str | None
    fields: int
    waiting: int
    seconds: float
    read_at: datetime


@dataclass(frozen=True, slots=True)
class Decided:
    """What a person decided on a field: the value and state that are printed there."""

    value: Value
    state: State
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class StoredField:
    """One field of a current report.

    Attributes:
        report_id: its report.
        position: 0-based, in the order of the form.
        table: key of its table; empty where the form does not know the field.
        edition: of its table.
        value: as read; a ``Decimal`` keeps the digits as printed.
        confidence: in [0, 0.99999], or None where no reader spoke.
        waiting: it waits for a person.
        bbox: left, top, right, bottom in ``box_unit``, in the frame that a viewer shows; None without a place on a page.
        rules: the sums that it takes part in.
        version: how many decisions were made on it; :meth:`ReviewLog.settle` asks for it.
        decided: the last decision that stands.
        harm: below 0 for a field in a sum that does not hold, see :func:`recording.harm_of`.
        cell_of: the field whose cell on the page is this one's, where a person said so; None: its own.
        document: name of its document; ``agency`` and ``year`` of its report.
    """

    report_id: int
    position: int
    field_id: str
    table: str
    edition: str | None
    value: Value
    printed: str | None
    state: State
    unit: str | None
    confidence: float | None
    needs_review: bool
    waiting: bool
    page: int | None
    bbox: Box | None
    box_unit: Literal["pt", "px"] | None
    rules: tuple[str, ...]
    suggestion: Value
    version: int
    decided: Decided | None
    harm: float
    cell_of: str | None
    document: str
    agency: str | None
    year: int | None


@dataclass(frozen=True, slots=True)
class BrokenCheck:
    """A sum that does not hold in print, or may not."""

    report_id: int
    check_id: str
    left: Value
    right: Value
    difference: Value
    verdict: Verdict
    probability_broken: float | None


@dataclass(frozen=True, slots=True)
class Decision:
    """One entry of the log.

    Attributes:
        id: grows with time.
        version: 1 for the first decision on a field.
        kind: what was done, in a word: ``accept``, ``correct``, ``undo``, or another that the reviewers' program uses.
        old_value, old_state: what stood there before, read or decided.
        new_value, new_state: what stands there now; ``new_state`` is None when nothing is decided any more.
        seconds: that the person took.
        request: what was decided with one key press has one.
        cell_of: see ``StoredField``.
        waits: the field waits for a person although this was decided on it, such as a second answer that differs from the first.
    """

    id: int
    document_id: int
    number: int
    field_id: str
    fingerprint: str
    version: int
    kind: str
    by: str
    at: datetime
    old_value: Value
    old_state: State
    new_value: Value
    new_state: State | None
    reason: str
    seconds: float | None
    request: str | None
    cell_of: str | None
    waits: bool


def now() -> str:
    """This moment as the database keeps it."""
    return as_text(datetime.now(UTC))


def as_text(moment: datetime) -> str:
    """A moment with time zone as the database keeps it: UTC, ISO 8601, of constant length."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def amount_text(value: Value) -> str | None:
    """An amount as text with its own digits."""
    if value is None:
        return None
    return str(value) if isinstance(value, int) else format(value, "f")


def amount(text: str | None) -> Value:
    """What :func:`amount_text` wrote; a number without a point is an int, as in the JSON."""
    if text is None:
        return None
    return Decimal(text) if "." in text else int(text)


def stored_report(row: RowMapping) -> StoredReport:
    """A row of ``report`` joined with ``document``."""
    values = {name: row[name] for name in StoredReport.__slots__}
    values["read_at"] = datetime.fromisoformat(row["read_at"])
    return StoredReport(**values)


def stored_field(row: RowMapping) -> StoredField:
    """A row of ``field`` joined with the name, agency and year of its report."""
    decided = None
    if row["decided_state"] is not None:
        decided = Decided(
            amount(row["decided_value"]),
            cast(State, row["decided_state"]),
            row["decided_by"],
            datetime.fromisoformat(row["decided_at"]),
        )
    box = None if row["left"] is None else (row["left"], row["top"], row["right"], row["bottom"])
    return StoredField(
        report_id=row["report_id"],
        position=row["position"],
        field_id=row["field_id"],
        table=row["table_key"],
        edition=row["edition"],
        value=amount(row["value"]),
        printed=row["printed"],
        state=row["state"],
        unit=row["unit"],
        confidence=row["confidence"],
        needs_review=bool(row["needs_review"]),
        waiting=bool(row["waiting"]),
        page=row["page"],
        bbox=box,
        box_unit=row["box_unit"],
        rules=tuple(row["rules"].split()),
        suggestion=amount(row["suggestion"]),
        version=row["version"],
        decided=decided,
        harm=row["harm"],
        cell_of=row["cell_of"],
        document=row["document"],
        agency=row["agency"],
        year=row["year"],
    )


def broken_check(row: RowMapping) -> BrokenCheck:
    """A row of ``broken_check``."""
    amounts = {name: amount(row[name]) for name in ("left", "right", "difference")}
    return BrokenCheck(**{name: row[name] for name in BrokenCheck.__slots__} | amounts)


def decision(row: RowMapping) -> Decision:
    """A row of ``decision``."""
    values = {name: row[name] for name in Decision.__slots__}
    changed = {
        "old_value": amount(row["old_value"]),
        "new_value": amount(row["new_value"]),
        "waits": bool(row["waits"]),
    }
    return Decision(**values | changed | {"at": datetime.fromisoformat(row["at"])})
