"""Several reports in one text: one after the other, or two years side by side."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gikocr.forms import Form, normalise
from gikocr.kie.text_rows import FormRow, form_rows
from gikocr.kie.text_tokens import Chunk

TWIN_ROWS: Final = 8
"""Rows that must stand twice in a row, with their labels, for two tables to stand side by side."""
TWIN_SHARE: Final = 0.6
"""Share of the form's rows found that must stand so."""


@dataclass(frozen=True, slots=True)
class ReportPart:
    """The chunks of one report.

    ``before``: the last chunk with a row of the report before it, None for the first; ``twin``: it stood beside another.
    """

    chunks: tuple[Chunk, ...]
    before: Chunk | None = None
    twin: bool = False


def report_parts(form: Form, chunks: Sequence[Chunk]) -> list[ReportPart]:
    """Divide a text into its reports, in reading order; one part where it holds one report or none."""
    rows = _rows(form)
    labels = [_label_of(chunk, rows) for chunk in chunks]
    twins = _twins(labels)
    if twins:
        seconds = {second for _, second in twins}
        firsts = {first for first, _ in twins}
        return [
            ReportPart(tuple(c for i, c in enumerate(chunks) if i not in seconds), twin=True),
            ReportPart(tuple(c for i, c in enumerate(chunks) if i not in firsts), twin=True),
        ]
    bounds = [0, *_starts(labels), len(chunks)]
    parts = []
    for begin, end in itertools.pairwise(bounds):
        last = max((i for i in range(begin) if labels[i] is not None), default=None)
        parts.append(ReportPart(tuple(chunks[begin:end]), None if last is None else chunks[last]))
    return parts


def _rows(form: Form) -> list[tuple[int, FormRow]]:
    """Rows with labels that are in every edition's table, each with its place in the form; the first edition's order."""
    found = []
    place = 0
    for key in form.table_keys:
        for row in form_rows(form.tables(key)[0]):
            if row.row.label is not None:
                found.append((place, row))
            place += 1
    return found


def _label_of(chunk: Chunk, rows: Sequence[tuple[int, FormRow]]) -> int | None:
    """The place of the row whose label the words before a run end with, the longest label first; None for other words."""
    if not chunk.values:
        return None
    best: tuple[int, int] | None = None
    for place, row in rows:
        if row.row.label is None:
            continue
        for text in row.row.label.all:
            wanted = normalise(text)
            if chunk.tail.endswith(wanted) and (best is None or len(wanted) > best[0]):
                best = (len(wanted), place)
    return None if best is None else best[1]


def _twins(labels: Sequence[int | None]) -> list[tuple[int, int]]:
    """Pairs of neighbouring chunks for one row; none where there are too few of them for tables side by side."""
    known = [(i, label) for i, label in enumerate(labels) if label is not None]
    pairs: list[tuple[int, int]] = []
    k = 0
    while k + 1 < len(known):
        if known[k][1] == known[k + 1][1]:
            pairs.append((known[k][0], known[k + 1][0]))
            k += 2
        else:
            k += 1
    different = len({label for _, label in known})
    return pairs if len(pairs) >= TWIN_ROWS and len(pairs) >= TWIN_SHARE * different else []


def _starts(labels: Sequence[int | None]) -> list[int]:
    """Chunks at which another report begins: an early row after a late one, each with more of its report around it."""
    starts = []
    seen: list[int] = []
    for i, label in enumerate(labels):
        if label is None:
            continue
        following = [other for other in labels[i : i + 40] if other is not None]
        rises = len(set(following)) >= TWIN_ROWS
        if seen and label < 3 and max(seen) > 10 and len(set(seen)) >= TWIN_ROWS and rises:
            starts.append(i)
            seen = []
        seen.append(label)
    return starts
