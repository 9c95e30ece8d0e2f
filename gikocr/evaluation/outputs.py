"""What a run gave for one document: its JSON, read by the contract on output and not by the classes that wrote it.

So outputs of other versions, and of other programs that keep the contract, are judged alike.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

from gikocr.elements import State
from gikocr.evaluation.strict_json import InvalidJson, as_number, read_json
from gikocr.evaluation.truth import shown

STATES = frozenset(get_args(State))


@dataclass(frozen=True, slots=True)
class OutputField:
    """One field of an output. ``confidence`` is in [0, 1], or None when the output gives none."""

    id: str
    value: Decimal | None
    state: str
    confidence: Decimal | None
    needs_review: bool

    def __str__(self) -> str:
        """Value and state in one short text."""
        return shown(self.value, self.state)


@dataclass(frozen=True, slots=True)
class OutputDocument:
    """The output for one document.

    Attributes:
        path: where it was read.
        status: ``complete``, ``partial`` or ``failed``.
        sha256: of the source document, None when not given.
        agency: as read, None when nothing was.
        year: as read, None when nothing was.
        editions: of each table that the output names; None for one that was not found.
        fields: by id.
    """

    path: Path
    status: str
    sha256: str | None
    agency: str | None
    year: int | None
    editions: Mapping[str, str | None]
    fields: Mapping[str, OutputField]


def load_output(path: Path) -> OutputDocument:
    """Read the output of one document.

    Raises:
        InvalidJson: the file breaks the contract: no JSON, no fields, a field twice, an unknown state, a confidence
            outside [0, 1].
    """
    content = read_json(path)
    if not isinstance(content, dict):
        raise InvalidJson("its top level is no object")
    status = content.get("status")
    if status not in ("complete", "partial", "failed"):
        raise InvalidJson("its status is none of complete, partial, failed")
    fields = content.get("fields", [] if status == "failed" else None)
    if not isinstance(fields, list):
        raise InvalidJson("'fields' is no list")
    document, tables, source = (_part(content, key) for key in ("document", "tables", "source"))
    agency, year, sha256 = document.get("agency"), document.get("year"), source.get("sha256")
    return OutputDocument(
        path=path,
        status=status,
        sha256=sha256 if isinstance(sha256, str) else None,
        agency=agency if isinstance(agency, str) else None,
        year=year if isinstance(year, int) and not isinstance(year, bool) else None,
        editions={key: _edition(table) for key, table in tables.items()},
        fields=_by_id([_field(field) for field in fields]),
    )


def _part(content: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    part = content.get(key)
    if part is None:
        return {}
    if not isinstance(part, dict):
        raise InvalidJson(f"'{key}' is no object")
    return part


def _edition(table: object) -> str | None:
    edition = table.get("edition") if isinstance(table, dict) else None
    return edition if isinstance(edition, str) else None


def _by_id(fields: list[OutputField]) -> dict[str, OutputField]:
    found: dict[str, OutputField] = {}
    for field in fields:
        if field.id in found:
            raise InvalidJson(f"field '{field.id}' is given twice")
        found[field.id] = field
    return found


def _field(content: object) -> OutputField:
    if not isinstance(content, dict) or not isinstance(content.get("id"), str):
        raise InvalidJson("a field is no object with an id")
    # ids and states are interned: a large set holds the same few hundred words in every document
    field_id, state, review = sys.intern(content["id"]), content.get("state"), content.get("needs_review", False)
    try:
        if not isinstance(state, str) or state not in STATES:
            raise InvalidJson(f"unknown state {state!r}")
        if not isinstance(review, bool):
            raise InvalidJson("'needs_review' is neither true nor false")
        confidence = content.get("confidence")
        if confidence is not None and (
            isinstance(confidence, bool) or not isinstance(confidence, (int, Decimal)) or not 0 <= confidence <= 1
        ):
            raise InvalidJson(f"confidence {confidence!r} is no number from 0 to 1")
        probability = None if confidence is None else Decimal(confidence)
        return OutputField(field_id, as_number(content.get("value")), sys.intern(state), probability, review)
    except InvalidJson as error:
        raise InvalidJson(f"field '{field_id}': {error}") from error
