"""What the station gives out, as JSON for the browser, and what the browser sends, checked.

Amounts travel as text with their own digits, never as binary fractions.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, cast, get_args

from gikocr.elements import State
from gikocr.review.items import Choice, Counts, Item, Settled, Sheet, SheetSettled, Sum
from gikocr.workspace import Keying, StoredField
from gikocr.workspace.rows import Value, amount_text

_STATES = frozenset(get_args(State))

#: What a decision may call itself.
KINDS = frozenset(
    {"accept", "correct", "alternative", "suggestion", "blank", "state", "unreadable", "source_error", "form"}
)

#: Digits of a number that a person may type; the largest amounts of the form have 15.
MAX_DIGITS = 30

#: Characters of a reason.
MAX_REASON = 500


class BadRequest(ValueError):
    """What the browser sent is not what a page of ours sends."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A decision, or what else is done with a field, as a browser sends it.

    Attributes:
        action: ``settle``, ``undo``, ``hand_up``, or ``withdraw``: take the question back that was handed up.
        seconds: that the person took; None where unknown.
        blind: it answers a blind item.
    """

    action: str
    report_id: int
    field_id: str
    version: int
    value: Value
    state: State | None
    kind: str
    reason: str
    seconds: float | None
    blind: bool


def wanted(sent: object) -> Wanted:
    """Check one entry of what a browser sends to ``/data/decisions``.

    Raises:
        BadRequest: it is none.
    """
    entry = mapping(sent)
    action = entry.get("action")
    if action not in ("settle", "undo", "hand_up", "withdraw"):
        raise BadRequest("action")
    kind = entry.get("kind", "")
    if not isinstance(kind, str):
        raise BadRequest("kind")
    if action == "settle" and kind not in KINDS:
        raise BadRequest("kind")
    state = entry.get("state")
    known = state in _STATES if isinstance(state, str) else state is None and action != "settle"
    if not known:
        raise BadRequest("state")
    value = number(entry.get("value"))
    if action == "settle" and (state == "read") != (value is not None):
        raise BadRequest("value")
    reason = entry.get("reason", "")
    if not isinstance(reason, str) or len(reason) > MAX_REASON or not _is_storable(reason):
        raise BadRequest("reason")
    return Wanted(
        action=str(action),
        report_id=whole(entry.get("report_id")),
        field_id=text(entry.get("field_id")),
        version=whole(entry.get("version")),
        value=value,
        state=cast("State | None", state),
        kind=kind,
        reason=reason,
        seconds=duration(entry.get("seconds")),
        blind=entry.get("blind") is True,
    )


def mapping(sent: object) -> dict[str, Any]:
    """A JSON object.

    Raises:
        BadRequest: it is something else.
    """
    if not isinstance(sent, dict):
        raise BadRequest("object")
    return sent


def items_of(sent: object, limit: int) -> list[object]:
    """A JSON list of at most ``limit`` entries.

    Raises:
        BadRequest: it is something else.
    """
    if not isinstance(sent, list) or len(sent) > limit:
        raise BadRequest("list")
    return sent


def whole(sent: object) -> int:
    """A number that may be an id or a version.

    Raises:
        BadRequest: it may not.
    """
    if not isinstance(sent, int) or isinstance(sent, bool) or not 0 <= sent < 2**63:
        raise BadRequest("integer")
    return sent


def text(sent: object, limit: int = 200) -> str:
    """A short text.

    Raises:
        BadRequest: it is none, or too long.
    """
    if not isinstance(sent, str) or not 0 < len(sent) <= limit or not _is_storable(sent):
        raise BadRequest("text")
    return sent


def _is_storable(text: str) -> bool:
    """Whether every database takes a text: JSON may hold halves of characters, and PostgreSQL has no NUL."""
    return not any(c == "\0" or "\ud800" <= c <= "\udfff" for c in text)


def number(sent: object) -> Value:
    """An amount as text: digits, with a minus before and a point between; None stays None.

    Raises:
        BadRequest: it is no such text.
    """
    if sent is None:
        return None
    if not isinstance(sent, str) or not 0 < len(sent) <= MAX_DIGITS or not sent.isascii():
        raise BadRequest("value")
    digits = sent.removeprefix("-").replace(".", "", 1)
    if not digits.isdecimal() or sent.endswith(".") or sent.lstrip("-").startswith("."):
        raise BadRequest("value")
    try:
        return Decimal(sent) if "." in sent else int(sent)
    except (InvalidOperation, ValueError) as error:
        raise BadRequest("value") from error


def duration(sent: object) -> float | None:
    """Seconds that something took; None stays None.

    Raises:
        BadRequest: it is no number, negative, or longer than eleven days.
    """
    if sent is None:
        return None
    if not isinstance(sent, int | float) or isinstance(sent, bool) or not 0 <= sent < 1e6:
        raise BadRequest("seconds")
    return float(sent)


def fields_of(sent: object, limit: int = 1000) -> list[tuple[int, str]]:
    """A list of ``[report id, field id]``.

    Raises:
        BadRequest: it is none.
    """
    pairs = [items_of(entry, 2) for entry in items_of(sent, limit)]
    if any(len(pair) != 2 for pair in pairs):
        raise BadRequest("pair")
    return [(whole(pair[0]), text(pair[1])) for pair in pairs]


def versions_of(sent: object, limit: int = 1000) -> list[tuple[int, str, int]]:
    """A list of ``[report id, field id, version]``.

    Raises:
        BadRequest: it is none.
    """
    found = [items_of(entry, 3) for entry in items_of(sent, limit)]
    if any(len(entry) != 3 for entry in found):
        raise BadRequest("triple")
    return [(whole(entry[0]), text(entry[1]), whole(entry[2])) for entry in found]


def wholes(sent: object, limit: int = 1000) -> list[int]:
    """A list of indices.

    Raises:
        BadRequest: it is none.
    """
    return [whole(entry) for entry in items_of(sent, limit)]


def step(sent: object) -> int:
    """By how many rows or columns something moves, to either side.

    Raises:
        BadRequest: it is no small whole number.
    """
    if not isinstance(sent, int) or isinstance(sent, bool) or abs(sent) > 1000:
        raise BadRequest("step")
    return sent


def field_json(field: StoredField) -> dict[str, Any]:
    """A field as it stands."""
    decided = field.decided
    return {
        "report_id": field.report_id,
        "field_id": field.field_id,
        "table": field.table,
        "value": amount_text(field.value),
        "printed": field.printed,
        "state": field.state,
        "unit": field.unit,
        "confidence": field.confidence,
        "waiting": field.waiting,
        "version": field.version,
        "decided": None
        if decided is None
        else {
            "value": amount_text(decided.value),
            "state": decided.state,
            "by": decided.by,
            "at": decided.at.isoformat(timespec="seconds"),
        },
    }


def item_json(item: Item) -> dict[str, Any]:
    """An item of the queue. Whether it is of the random sample stays with the server."""
    passage = item.passage
    return {
        "field": field_json(item.field) | {"version": item.version},
        "document": item.report.name,
        "agency": item.report.agency,
        "year": item.report.year,
        "alternatives": [_choice(choice) for choice in item.alternatives],
        "row": {"zh": item.row.zh, "en": item.row.en},
        "column": {"zh": item.column.zh, "en": item.column.en},
        "sums": [sum_json(found) for found in item.sums],
        "suggestion": None
        if item.suggestion is None
        else {
            "value": amount_text(item.suggestion.value),
            "rules": list(item.suggestion.rules),
            "seen": item.suggestion.seen,
        },
        "signed": item.signed,
        "crop": item.crop_id,
        "page": None if item.page_id is None else {"id": item.page_id, "number": item.page},
        "box": None if item.bbox is None else list(item.bbox),
        "passage": None
        if passage is None
        else {
            "before": passage.text[: passage.start],
            "match": passage.text[passage.start : passage.end],
            "after": passage.text[passage.end :],
            "line": passage.line,
            "column": passage.column,
            "table": passage.table,
            "row": passage.row,
            "cell": passage.cell,
        },
        "blind": item.blind,
        "handed_up": item.handed_up,
        "locked": item.locked,
        "answers": [] if item.keying is None else _answers(item.keying),
        "place": str(item.place),
    }


def _answers(keying: Keying) -> list[dict[str, Any]]:
    """The two answers that differ, for the senior who decides."""
    given = [(keying.first_by, keying.first)]
    if keying.second_by is not None and keying.second is not None:
        given.append((keying.second_by, keying.second))
    return [{"by": by, "value": amount_text(value), "state": state} for by, (value, state) in given]


def _choice(choice: Choice) -> dict[str, Any]:
    return {
        "value": amount_text(choice.value),
        "printed": choice.printed,
        "state": choice.state,
        "probability": choice.probability,
    }


def sum_json(found: Sum) -> dict[str, Any]:
    """One sum with its terms."""
    return {
        "id": found.rule_id,
        "holds": found.holds,
        "verdict": found.verdict,
        "broken": found.weight,
        "terms": [
            {
                "coefficient": term.coefficient,
                "field_id": term.field_id,
                "label": term.label,
                "value": amount_text(term.value),
                "state": term.state,
                "decided": term.decided,
                "doubtful": term.doubtful,
                "hidden": term.hidden,
            }
            for term in found.terms
        ],
    }


def settled_json(settled: Settled) -> dict[str, Any]:
    """What came of a decision."""
    return {
        "field": field_json(settled.field),
        "differs": settled.differs,
    }


def counts_json(counts: Counts) -> dict[str, Any]:
    """The queue in numbers."""
    return {name: getattr(counts, name) for name in Counts.__slots__}


def sheet_json(sheet: Sheet) -> dict[str, Any]:
    """One sheet of cells that were read alike."""
    return {
        "printed": sheet.printed,
        "after": sheet.after,
        "cells": [
            {
                "report_id": cell.field.report_id,
                "field_id": cell.field.field_id,
                "version": cell.version,
                "probability": cell.probability,
                "crop": cell.crop_id,
                "document": cell.field.document,
            }
            for cell in sheet.cells
        ],
    }


def sheet_settled_json(settled: SheetSettled) -> dict[str, Any]:
    """What came of many decisions at once."""
    return {"confirmed": len(settled.fields), "conflicts": len(settled.conflicts)}
