"""What is printed in the documents of a set: the truth files, as the contract on evaluation describes them.

A field is an object ``{"value", "state", "also_ok": [[value, state], ...]}``, or a plain value when only the value is
known.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

from gikocr.elements import State
from gikocr.errors import UsageError
from gikocr.evaluation.strict_json import InvalidJson, as_number, read_json

TRUTH_FOLDER = "truth"
# What a cell can be in print. `unreadable` is a property of a reader, never of the paper.
PRINTED_STATES = frozenset(get_args(State)) - {"unreadable"}
NULL_STATES = PRINTED_STATES - {"read"}


@dataclass(frozen=True, slots=True)
class Accepted:
    """One answer that counts as right. ``state`` None: any state that goes with the value."""

    value: Decimal | None
    state: str | None

    def value_matches(self, value: Decimal | None) -> bool:
        """Whether the value alone is this one; 75.9260 equals 75.926, and null only null."""
        return (value is None) == (self.value is None) and value == self.value

    def matches(self, value: Decimal | None, state: str) -> bool:
        """Whether value and state are this answer."""
        if not self.value_matches(value):
            return False
        if self.state is not None:
            return state == self.state
        return self.value is not None or state in NULL_STATES

    def __str__(self) -> str:
        """Value and state in one short text."""
        return shown(self.value, self.state)


@dataclass(frozen=True, slots=True)
class TruthField:
    """What is printed for one field: the answer itself, and others that are accepted beside it."""

    id: str
    answer: Accepted
    also_ok: tuple[Accepted, ...] = ()
    inferred: bool = False

    @property
    def accepted(self) -> tuple[Accepted, ...]:
        """All answers that count as right."""
        return (self.answer, *self.also_ok)

    @property
    def nonzero(self) -> bool:
        """Whether a number other than 0 is printed."""
        return self.answer.value is not None and self.answer.value != 0

    def __str__(self) -> str:
        """All accepted answers in one short text."""
        return " or ".join(str(answer) for answer in self.accepted) + (" (inferred)" if self.inferred else "")


@dataclass(frozen=True, slots=True)
class TruthDocument:
    """The truth of one document.

    Attributes:
        name: the truth file relative to the truth folder, with ``/``, such as ``town/scan.pdf.json``.
        path: where it was read.
        file: the document that it describes, as the truth names it.
        agencies: the accepted names of the agency; empty when unknown.
        year: None when unknown.
        tables: the edition of each printed table; None when the truth says nothing about tables.
        fields: by id.
        tags: what the document is an example of.
    """

    name: str
    path: Path
    file: str | None
    agencies: tuple[str, ...]
    year: int | None
    tables: Mapping[str, str | None] | None
    fields: Mapping[str, TruthField]
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TruthSet:
    """All truths found. ``ignored``: the JSON files there that are no truth files, by name."""

    documents: tuple[TruthDocument, ...]
    ignored: tuple[str, ...]


def load_truth(path: Path) -> TruthSet:
    """Read one truth file, or all of a folder (of its subfolder ``truth`` when it has one), nested folders included.

    A JSON file without both ``fields`` and ``file`` is no truth (a list of samples, for instance) and is named in
    ``ignored``.

    Raises:
        UsageError: there is nothing at ``path``, no truth in it, or a truth file that breaks the contract.
    """
    if path.is_file():
        return TruthSet((_document(path, path.name, _read(path)),), ())
    if not path.is_dir():
        raise UsageError(f"{path}: there is no such file or folder.", advice="Name the folder with the truth files.")
    root = path / TRUTH_FOLDER if (path / TRUTH_FOLDER).is_dir() else path
    documents, ignored = [], []
    for file in sorted(root.rglob("*.json")):
        name = file.relative_to(root).as_posix()
        content = _read(file) if file.is_file() else {}
        if "fields" in content or "file" in content:
            documents.append(_document(file, name, content))
        elif file.is_file():
            ignored.append(name)
    if not documents:
        raise UsageError(f"{root}: no truth file in it.", advice="A truth is a JSON object with 'fields'.")
    return TruthSet(tuple(documents), tuple(ignored))


def shown(value: Decimal | None, state: str | None) -> str:
    """A value with its state for people: the number, or the state of a cell without one."""
    if value is not None:
        return f"{value}" if state in (None, "read") else f"{value} ({state})"
    return "null" if state is None else state


def _read(path: Path) -> dict[str, Any]:
    try:
        content = read_json(path)
    except InvalidJson as error:  # not passed over: it may be a truth that would be missed
        raise UsageError(f"{path}: {error}.", advice="Mend or remove this truth file.") from error
    return content if isinstance(content, dict) else {}


def _document(path: Path, name: str, content: Mapping[str, Any]) -> TruthDocument:
    try:
        fields = content.get("fields")
        if not isinstance(fields, dict):
            raise InvalidJson("'fields' is no object")
        inferred = frozenset(_texts(content, "inferred"))
        tables = content.get("tables")
        if tables is not None and not isinstance(tables, dict):
            raise InvalidJson("'tables' is no object")
        year, agency, file = content.get("year"), content.get("agency"), content.get("file")
        if year is not None and (isinstance(year, bool) or not isinstance(year, int)):
            raise InvalidJson("'year' is no whole number")
        if not (isinstance(agency, str | None) and isinstance(file, str | None)):
            raise InvalidJson("'agency' or 'file' is no text")
        return TruthDocument(
            name, path, file,
            agencies=(*((agency,) if agency else ()), *_texts(content, "agency_variants")),
            year=year,
            tables=None if tables is None else {key: _edition(value) for key, value in tables.items()},
            fields={sys.intern(key): _field(sys.intern(key), value, key in inferred) for key, value in fields.items()},
            tags=tuple(sorted(set(_texts(content, "tags")))),
        )  # fmt: skip
    except InvalidJson as error:
        raise UsageError(f"{path}: {error}.", advice="Mend this truth file.") from error


def _field(field_id: str, content: object, inferred: bool) -> TruthField:
    try:
        if not isinstance(content, dict):
            return TruthField(field_id, Accepted(as_number(content), None), (), inferred)
        if "value" not in content:
            raise InvalidJson("it has no 'value'")
        also = content.get("also_ok") or []
        if not isinstance(also, list) or any(not isinstance(pair, list) or len(pair) != 2 for pair in also):
            raise InvalidJson("'also_ok' is no list of pairs [value, state]")
        answer = _accepted(content["value"], content.get("state"))
        return TruthField(field_id, answer, tuple(_accepted(value, state) for value, state in also), inferred)
    except InvalidJson as error:
        raise InvalidJson(f"field '{field_id}': {error}") from error


def _accepted(value: object, state: object) -> Accepted:
    number = as_number(value)
    if state is None:
        return Accepted(number, None)
    if not isinstance(state, str) or state not in PRINTED_STATES:
        raise InvalidJson(f"state {state!r} is none of {', '.join(sorted(PRINTED_STATES))}")
    if (number is None) == (state == "read"):
        raise InvalidJson(f"value {value!r} does not go with state '{state}'")
    return Accepted(number, sys.intern(state))


def _texts(content: Mapping[str, Any], key: str) -> tuple[str, ...]:
    texts = content.get(key) or []
    if not isinstance(texts, list) or any(not isinstance(text, str) for text in texts):
        raise InvalidJson(f"'{key}' is no list of texts")
    return tuple(texts)


def _edition(value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise InvalidJson("'tables' gives an edition that is no text")
    return value
