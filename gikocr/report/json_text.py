"""Writing and reading JSON without losing a digit.

The standard library can read numbers as ``Decimal`` but not write them, so the writer is here.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

#: A list or object whose text is at most this long stays on one line, so that a report can be read and diffed by eye.
ONE_LINE = 120


def write(value: Any, *, canonical: bool = False) -> str:
    """JSON text of plain values; a ``Decimal`` becomes a number with its own digits, dates become ISO 8601 strings.

    Args:
        value: None, bool, int, float, Decimal, str, date, datetime, and mappings and sequences of them.
        canonical: sorted keys and no white space; otherwise indented, short parts on one line, ending in a newline.

    Raises:
        TypeError: a value of another type.
        ValueError: a number that is not finite.
    """
    return _compact(value) if canonical else _pretty(value, "") + "\n"


def read(text: str | bytes) -> Any:
    """Plain values of JSON text; numbers with a point or exponent become ``Decimal``.

    Raises:
        ValueError: the text is not JSON, or holds NaN or Infinity.
    """
    return json.loads(text, parse_float=Decimal, parse_constant=_no_constant)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


#: One encoder for all texts: ``json.dumps`` makes a new one each time where an option is given.
_quoted = json.JSONEncoder(ensure_ascii=False).encode


def _scalar(value: Any) -> str | None:
    """The text of a value that is neither a mapping nor a sequence, else None."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float | Decimal):
        if not math.isfinite(value):
            raise ValueError(f"JSON has no number {value}")
        return repr(value) if isinstance(value, float) else format(value, "f")
    if isinstance(value, datetime | date):
        return f'"{value.isoformat()}"'
    return None


def _compact(value: Any) -> str:
    scalar = _scalar(value)
    if scalar is not None:
        return scalar
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{_key(k)}:{_compact(value[k])}" for k in sorted(value)) + "}"
    if isinstance(value, Sequence):
        return "[" + ",".join(map(_compact, value)) + "]"
    raise TypeError(f"no JSON for {type(value).__name__}")


def _pretty(value: Any, indent: str) -> str:
    scalar = _scalar(value)
    if scalar is not None:
        return scalar
    inner = indent + "  "
    if isinstance(value, Mapping):
        parts = [f"{_key(k)}: {_pretty(v, inner)}" for k, v in value.items()]
        opening, closing = "{", "}"
    elif isinstance(value, Sequence):
        parts = [_pretty(v, inner) for v in value]
        opening, closing = "[", "]"
    else:
        raise TypeError(f"no JSON for {type(value).__name__}")
    flat = opening + ", ".join(parts) + closing
    if len(flat) <= ONE_LINE and "\n" not in flat:
        return flat
    return opening + "\n" + ",\n".join(inner + p for p in parts) + "\n" + indent + closing


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise TypeError(f"a JSON key must be text, not {type(key).__name__}")
    return _quoted(key)
