"""When two runs are equal: the same ids, values and states, and probabilities as near as arithmetic allows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from gikocr.report.model import Report

#: Largest relative difference of 1 - p between equal runs.
PROBABILITY_TOLERANCE = 1e-4

#: Largest difference of a coordinate, in points or pixels: what rounding to two places can add.
COORDINATE_TOLERANCE = 0.015

_PROBABILITIES = frozenset({"confidence", "probability", "probability_broken"})
_COORDINATES = frozenset({"bbox", "quad"})


def equal(report_a: Report, report_b: Report) -> bool:
    """Whether two runs are equal: all but ``provenance.seconds``, with the tolerances above."""
    return next(differences(report_a, report_b), None) is None


def differences(report_a: Report, report_b: Report) -> Iterator[str]:
    """Where two runs differ, as ``path: a | b``; nothing when they are equal."""
    a, b = report_a.model_dump(), report_b.model_dump()
    for dumped in (a, b):
        del dumped["provenance"]["seconds"]
    yield from _compare("", "", a, b)


def _compare(path: str, key: str, a: Any, b: Any) -> Iterator[str]:
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        for name in sorted(a.keys() | b.keys()):
            inner = f"{path}.{name}" if path else name
            if name in a and name in b:
                yield from _compare(inner, name, a[name], b[name])
            else:
                yield f"{inner}: only in {'one' if name in a else 'two'}"
    elif isinstance(a, tuple | list) and isinstance(b, tuple | list) and len(a) == len(b):
        for i, (x, y) in enumerate(zip(a, b, strict=True)):
            label = x["id"] if isinstance(x, Mapping) and "id" in x else i
            yield from _compare(f"{path}[{label}]", key, x, y)
    elif not _same(key, a, b):
        yield f"{path}: {a} | {b}"


def _same(key: str, a: Any, b: Any) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        if key in _PROBABILITIES:
            return math.isclose(1 - a, 1 - b, rel_tol=PROBABILITY_TOLERANCE, abs_tol=0)
        if key in _COORDINATES:
            return abs(a - b) <= COORDINATE_TOLERANCE
    if isinstance(a, Decimal) or isinstance(b, Decimal):
        return str(a) == str(b)
    return type(a) is type(b) and bool(a == b)
