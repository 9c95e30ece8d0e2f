"""A second look at cells of which the sums say something else than their reader.

Where the sums want a value that the reader did not propose: a misreading that is not listed and an error in print look alike to the
sums. The reader can tell them apart: it scores the implied value on the crop (forced alignment), and the value joins its candidates
with that score, marked as implied. Where the sums speak against what the reader was sure of, a second reader is asked: its errors are
its own, and an error in print is none.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from gikocr.elements import Candidate, CellReader, CellReading, FormReading
from gikocr.ocr.pooling import SURE, pool
from gikocr.reconcile import SumsSay

if TYPE_CHECKING:
    from gikocr.elements import Image

LEAST_IMPLIED = 1e-4
"""Values that the sums imply with less probability than this are not looked for."""
LEAST_LOG = math.log(1e-30)
"""A string that the picture excludes gets this score, so that it still counts as looked at."""
THOUSAND = 1000
LEAST_DOUBT = 1e-3
"""A cell whose best reading the sums leave with less doubt needs no second opinion."""
MOST_ASKED = 60
"""Cells of one document that the second reader is asked for on account of the sums, the most doubtful: where more are in doubt the
page was put wrongly together, and no reader mends that."""


def look_again(reading: FormReading, said: SumsSay, crops: Mapping[int, Image], reader: CellReader) -> FormReading:
    """The reading with scores of implied values among the candidates of their cells.

    Args:
        reading: what was read.
        said: what the sums say of it.
        crops: by the index of the cell the picture that the reader saw, for cells with print.
        reader: the reader.
    """
    wanted: dict[int, list[str]] = {}
    for cell, value, probability in said.implied:
        if probability >= LEAST_IMPLIED and cell in crops:
            text = _as_printed(value, reading.cells[cell].reading)
            if text not in wanted.setdefault(cell, []):
                wanted[cell].append(text)
    return _with(
        reading,
        {
            cell: _joined(reading.cells[cell].reading, texts, reader.score(crops[cell], texts))
            for cell, texts in wanted.items()
        },
    )


def ask_second(
    reading: FormReading,
    said: SumsSay,
    cells: Collection[int],
    ask: Callable[[Sequence[int]], Sequence[CellReading]],
) -> FormReading:
    """The reading with a second reader's word on cells in which the sums doubt what one reader was sure of.

    Args:
        reading: what was read, implied values scored.
        said: what the sums say of it.
        cells: those that the second reader has not seen yet, and can see.
        ask: gives the second reader's readings of some of them.
    """
    doubts = [(doubt, cell) for cell, doubt in said.doubts if cell in cells]
    asked = [cell for doubt, cell in sorted(doubts, reverse=True)[:MOST_ASKED] if doubt >= LEAST_DOUBT]
    if not asked:
        return reading
    return _with(
        reading,
        {k: pool(reading.cells[k].reading, other, SURE) for k, other in zip(asked, ask(asked), strict=True)},
    )


def _with(reading: FormReading, readings: Mapping[int, CellReading]) -> FormReading:
    if not readings:
        return reading
    cells = list(reading.cells)
    for cell, own in readings.items():
        cells[cell] = replace(cells[cell], reading=own)
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
