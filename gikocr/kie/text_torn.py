"""Rows that a text drawn from a page tore over two lines, put together again.

pdftotext -layout puts what stands beside a label of several lines on the line that is nearest: some values on one, the others on the
next, with the rest of the label or letters of a vertical group label before them.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Final

from gikocr.forms import Form, normalise
from gikocr.kie.text_rows import form_rows
from gikocr.kie.text_tokens import LONGEST_TAIL, Chunk, Token

FARTHEST_LINE: Final = 2
"""Lines between the halves of a row."""
LEAST_BEGINNING: Final = 4
"""Letters of a label that must stand before the first half, when it is longer."""
LEAST_COLUMNS, SAME_COLUMN = 3, 2
"""Columns of rows that are told by values under each other, and characters by which these may be apart."""
GROUP_LETTERS: Final = 4
"""Letters of the longest piece of a group's label before the second half."""


def rejoin_torn(form: Form, chunks: Sequence[Chunk]) -> list[Chunk]:
    """Put together runs that are halves of a row, and give the values of two rows that follow two labels to these in order.

    Halves hold together as many values as the row has columns, none under another.
    """
    labels, groups = _labels(form)
    found: list[Chunk] = []
    k = 0
    chunks = [part for chunk in chunks for part in _columnwise(chunk, labels, groups)]
    while k + 1 < len(chunks):
        joined = _joined(chunks[k], chunks[k + 1], labels, groups)
        shifted = _shifted(chunks[k], chunks[k + 1], labels, groups) if joined is None else None
        found += [joined] if joined is not None else list(shifted or chunks[k : k + 1])
        k += 1 if joined is None and shifted is None else 2
    return [*found, *chunks[k:]]


@lru_cache(maxsize=8)
def _labels(form: Form) -> tuple[tuple[tuple[str, int], ...], frozenset[str]]:
    """The labels of all rows with several columns with their number, and those of groups of rows."""
    labels: set[tuple[str, int]] = set()
    groups: set[str] = set()
    for edition in form.editions.values():
        for table in edition.tables.values():
            for row in form_rows(table):
                groups |= {normalise(text) for group in row.row.groups for text in group.all}
                if row.row.label is not None and row.n_values > 1:
                    labels |= {(normalise(text), row.n_values) for text in row.row.label.all}
    return tuple(sorted(labels)), frozenset(groups)


def _joined(first: Chunk, second: Chunk, labels: Sequence[tuple[str, int]], groups: frozenset[str]) -> Chunk | None:
    upper, lower = first.values, second.values
    if not upper or not lower or len(upper) != len(first.run) or len(lower) != len(second.run):
        return None
    top, bottom = _line(upper), _line(lower)
    if top is None or bottom is None or not 0 < bottom - top <= FARTHEST_LINE:
        return None
    rest = [normalise(w.text) for w in second.words]
    n = len(upper) + len(lower)
    if not any(n == wanted and _continues(first.tail, rest, label, groups) for label, wanted in labels):
        return None
    values = sorted((*upper, *lower), key=_start)
    if any(_start(b) <= _start(a) + len(a.text) for a, b in itertools.pairwise(values)):
        return None
    tail = first.tail if all(_piece_of(t, groups) for t in rest) else (first.tail + "".join(rest))[-LONGEST_TAIL:]
    return replace(first, run=tuple(values), tail=tail, context=first.context[: -len(first.tail)] + tail)


def _line(values: Sequence[Token]) -> int | None:
    lines = {t.place.line for t in values}
    return next(iter(lines)) if len(lines) == 1 else None


def _start(token: Token) -> int:
    return token.place.column or 0


def _piece_of(text: str, groups: frozenset[str]) -> bool:
    return len(text) <= GROUP_LETTERS and any(text in group for group in groups)


def _continues(tail: str, rest: Sequence[str], label: str, groups: frozenset[str]) -> bool:
    """Whether a label, or its beginning, stands before the first half, and the second only follows with more of it or of a group's."""
    if tail.endswith(label):
        return all(_piece_of(t, groups) for t in rest)
    for length in range(len(label) - 1, min(LEAST_BEGINNING, len(label)) - 1, -1):
        if tail.endswith(label[:length]):
            more = "".join(t for t in rest if not _piece_of(t, groups) or label[length:].startswith(t))
            return bool(more) and label[length:].startswith(more)
    return False


def _columnwise(chunk: Chunk, labels: Sequence[tuple[str, int]], groups: frozenset[str]) -> tuple[Chunk, ...]:
    """A chunk; two where two labels precede the values of both rows column by column, each on a line of its own."""
    values = chunk.values
    n = len(values) // 2
    if n < LEAST_COLUMNS or len(values) != 2 * n or len(values) != len(chunk.run):
        return (chunk,)
    lines = [t.place.line or 0 for t in values]
    upper, lower = values[0::2], values[1::2]
    pairs = all(abs(_start(a) - _start(b)) <= SAME_COLUMN for a, b in zip(upper, lower, strict=True))
    rising = all(_start(a) + SAME_COLUMN < _start(b) for a, b in itertools.pairwise(upper))
    if not pairs or not rising or any(b <= a for a, b in itertools.pairwise(lines)):
        return (chunk,)
    texts = [normalise(w.text) for w in chunk.words]
    own = [k for k, text in enumerate(texts) if not _piece_of(text, groups)][-2:]
    known = {label for label, wanted in labels if wanted == n}
    if len(own) < 2 or not all(texts[k] in known for k in own):
        return (chunk,)
    ahead, words = _cut(chunk, own[1])
    more = "".join(normalise(w.text) for w in words)
    behind = replace(chunk, words=words, run=tuple(lower), letters=more, tail=more[-LONGEST_TAIL:], context=more)
    return replace(ahead, run=tuple(upper)), behind


def _cut(chunk: Chunk, at: int) -> tuple[Chunk, tuple[Token, ...]]:
    """A chunk with its words before one of them, and the words from it on."""
    letters = chunk.letters[: chunk.letters.rfind(normalise(chunk.words[at].text))]
    tail = letters[-LONGEST_TAIL:]
    return replace(chunk, words=chunk.words[:at], letters=letters, tail=tail, context=tail), chunk.words[at:]


def _shifted(
    first: Chunk, second: Chunk, labels: Sequence[tuple[str, int]], groups: frozenset[str]
) -> tuple[Chunk, Chunk] | None:
    """Two labels, then the values of two rows with nothing between them but more of the second label: each label gets its own."""
    upper, lower = first.values, second.values
    if len(upper) != len(first.run) or len(lower) != len(second.run) or len(upper) != len(lower) or not upper:
        return None
    top, bottom = _line(upper), _line(lower)
    if top is None or bottom is None or not 0 < bottom - top <= FARTHEST_LINE:
        return None
    rest = [normalise(w.text) for w in second.words]
    texts = [normalise(w.text) for w in first.words]
    own = [k for k, text in enumerate(texts) if not _piece_of(text, groups)][-2:]
    if len(own) < 2 or (first.words[own[0]].place.line or 0) < top - 2 * FARTHEST_LINE:
        return None
    complete = any(texts[own[0]] == label and wanted == len(upper) for label, wanted in labels)
    if not complete or not any(
        wanted == len(lower) and _continues(texts[own[1]], rest, label, groups) for label, wanted in labels
    ):
        return None
    ahead, after = _cut(first, own[1])
    more = texts[own[1]]
    if not all(_piece_of(t, groups) for t in rest):
        more += "".join(t for t in rest if not _piece_of(t, groups) or len(t) > GROUP_LETTERS)
    behind = replace(second, words=(*after, *second.words), letters=more, tail=more[-LONGEST_TAIL:], context=more)
    return ahead, behind
