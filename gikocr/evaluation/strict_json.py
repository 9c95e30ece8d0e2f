"""Reads JSON without losing a digit and without letting a doubtful file pass."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, NoReturn


class InvalidJson(ValueError):
    """The file cannot be read, is no JSON, or breaks its contract; the text says how."""


def read_json(path: Path) -> Any:
    """Read a JSON file; numbers with a point or an exponent become ``Decimal``.

    A key that stands twice in one object is refused: which of two values is meant cannot be known.

    Raises:
        InvalidJson: the file cannot be read, is not UTF-8, or is no JSON.
    """
    try:
        return json.loads(
            path.read_text(encoding="utf-8-sig"),
            parse_float=Decimal,
            parse_constant=_refuse_constant,
            object_pairs_hook=_unique_keys,
        )
    except OSError as error:
        raise InvalidJson(f"it cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InvalidJson("it is not written in UTF-8") from error
    except RecursionError as error:
        raise InvalidJson("it is nested too deeply") from error
    except json.JSONDecodeError as error:
        raise InvalidJson(f"it is no JSON: {error}") from error
    except InvalidJson:
        raise
    except ValueError as error:  # an integer with more digits than Python converts
        raise InvalidJson(f"it holds a number that cannot be read: {error}") from error


def as_number(value: object) -> Decimal | None:
    """A value of a field as ``Decimal``; null stays None. A text of digits counts as the number that it writes.

    Raises:
        InvalidJson: the value is neither null nor a finite number.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, Decimal, str)):
        raise InvalidJson(f"{value!r} is no number")
    try:
        number = Decimal(value)
    except InvalidOperation as error:
        raise InvalidJson(f"{value!r} is no number") from error
    if not number.is_finite():
        raise InvalidJson(f"{value!r} is no finite number")
    return number


def _refuse_constant(name: str) -> NoReturn:
    raise InvalidJson(f"{name} is no JSON number")


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise InvalidJson(f"the key '{key}' stands twice in one object")
            seen.add(key)
    return content
