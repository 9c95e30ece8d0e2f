"""A second look at cells for which the sums want another value than any that the reader proposed: how well does it fit the picture?

A misreading that the reader did not list and an error in print look alike to the sums. The reader can tell them apart: it scores the
implied value on the crop (forced alignment), and the value joins its candidates with that score, marked as implied.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from gikocr.elements import Candidate, CellReader, CellReading, FormReading
from gikocr.forms import Form
from gikocr.reconcile import Calibration, implied_values

if TYPE_CHECKING:
    from gikocr.elements import Image

LEAST_IMPLIED = 1e-4
"""Values that the sums imply with less probability than this are not looked for."""
LEAST_LOG = math.log(1e-30)
"""A string that the picture excludes gets this score, so that it still counts as looked at."""
THOUSAND = 1000


def look_again(
    reading: FormReading, form: Form, calibration: Calibration, crops: Mapping[int, Image], reader: CellReader
) -> FormReading:
    """The reading with scores of implied values among the candidates of their cells.

    Args:
        reading: what was read.
        form: the form that it was registered on.
        calibration: parameters of inference.
        crops: by the index of the cell the picture that the reader saw, for cells with print.
        reader: the reader.
    """
    wanted: dict[int, list[str]] = {}
    for cell, value, probability in implied_values(reading, form, calibration):
        if probability >= LEAST_IMPLIED and cell in crops:
            text = _as_printed(value, reading.cells[cell].reading)
            if text not in wanted.setdefault(cell, []):
                wanted[cell].append(text)
    if not any(wanted.values()):
        return reading
    cells = list(reading.cells)
    for cell, texts in wanted.items():
        scores = reader.score(crops[cell], texts)
        cells[cell] = replace(cells[cell], reading=_joined(cells[cell].reading, texts, scores))
    return replace(reading, cells=tuple(cells))


def _as_printed(value: Decimal, reading: CellReading) -> str:
    """A value as the cell would print it: with a thousands comma where its best reading has one."""
    grouped = reading.candidates and "," in reading.best.printed
    return f"{value:,f}" if grouped and abs(value) >= THOUSAND else f"{value:f}"


def _joined(reading: CellReading, texts: Sequence[str], scores: Sequence[float]) -> CellReading:
    known = {c.printed for c in reading.candidates}
    # What the reader put on its candidates already sums to at most 1; a new one takes its part of what is left.
    left = max(1e-30, 1.0 - sum(math.exp(c.log_probability) for c in reading.candidates))
    new = [
        Candidate(text, "read", min(math.log(left), max(LEAST_LOG, score)), implied=True)
        for text, score in zip(texts, scores, strict=True)
        if text not in known
    ]
    ranked = sorted([*reading.candidates, *new], key=lambda c: -c.log_probability)
    return CellReading(tuple(ranked), reading.reader)
