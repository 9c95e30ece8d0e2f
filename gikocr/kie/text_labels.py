"""How well the words before a run of values agree with the rows of the form."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
from rapidfuzz.distance import Indel

from gikocr.forms import Form, Label, normalise
from gikocr.kie.alignment import NEVER
from gikocr.kie.rows import likeness, similarity_weight
from gikocr.kie.text_fits import RunFits
from gikocr.kie.text_rows import FormRow, form_rows
from gikocr.kie.text_tokens import Chunk

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHORT_LABEL: Final = 4
"""Labels with fewer letters also end sentences and heads; their weight falls with their length."""
SHORTEST_SEEN: Final = 3
"""Letters of the shortest label (3.其他) that is recognised among other words without values behind it."""
GROUP_ONLY: Final = 0.6
"""Share of a label's weight that a group's label gives to a row of the group whose own label was lost."""
WHOLE_LABEL: Final = 3.0
"""Log weight more for a label, the row's or its group's, that is the whole of the last words before a run."""
LONG_LABEL, BEGINNING = 12, 8
"""Labels with more letters than this, of which tables break the lines, are recognised by so many letters of their beginning."""
NO_LABEL: Final = -3.0
"""Log weight of a row whose label was lost."""
HEADS_FOUND: Final = 1.5
"""Log weight of each head or heading of its section among the words before a row, up to three."""
SENTENCE: Final = 14
"""Words of more letters that agree with no label are a sentence, and no row stands behind them."""


class ChunkLabels:
    """How well the words of each chunk agree with each row of the form, computed once for each row.

    ``lossy``: the text lost its empty cells.
    """

    def __init__(self, chunks: Sequence[Chunk], *, lossy: bool = False) -> None:
        self._chunks = chunks
        self.lossy = lossy
        self._pieces = [_pieces(c) for c in chunks]
        self.fits = [RunFits(c.run, lossy=lossy) for c in chunks]
        self._known: dict[tuple[str, str, int, int], NDArray[np.float64]] = {}
        self._likeness: dict[tuple[str, int], float] = {}

    def of(self, row: FormRow) -> NDArray[np.float64]:
        """(chunks,) log weight of each chunk's words for a row, the row's place among heads included."""
        key = (row.table.key, row.table.edition, row.section, row.index)
        if key not in self._known:
            self._known[key] = np.array([self._weight(i, row) for i in range(len(self._chunks))])
        return self._known[key]

    def seen(self, row: FormRow, chunk: int) -> bool:
        """Whether a row's label is among the words of a chunk, before those right before its run."""
        if row.row.label is None:
            return False
        tail = self._chunks[chunk].letters
        return any(len(n) >= SHORTEST_SEEN and shown_part(n) in tail for n in map(normalise, row.row.label.all))

    def _weight(self, i: int, row: FormRow) -> float:
        chunk = self._chunks[i]
        section = row.table.sections[row.section]
        heads = 0.0
        if row.index == 0:
            words = [section.heading] if section.heading else []
            words += [c.label for c in section.columns[-2:]] + [g for c in section.columns[-1:] for g in c.groups]
            heads = HEADS_FOUND * min(3, sum(any(normalise(t) in chunk.context for t in w.all) for w in words))
        label = row.row.label
        if label is None:
            if not chunk.context:
                return NO_LABEL
            return heads + self._headed(i, row) if heads > 0 or self._headed(i, row) > 0 else NO_LABEL - 3.0
        best = max(self._alike(i, text) for text in label.all)
        if row.row.groups:
            # The group's label stands before its first row, and before any row in exports that repeat merged cells.
            best = max(best, GROUP_ONLY * max(self._alike(i, text) for text in row.row.groups[-1].all))
        if best <= 0 and len(chunk.tail) > SENTENCE and heads == 0:
            return NEVER
        texts = (*label.all, *(row.row.groups[-1].all if row.row.groups else ()))
        whole = any(len(n) >= SHORTEST_SEEN and self._pieces[i][:1] == [n] for n in map(normalise, texts))
        return max(best, 2 * NO_LABEL) + heads + (WHOLE_LABEL if whole else 0.0)

    def _headed(self, i: int, row: FormRow) -> float:
        """Log weight of the words before a row that has no label: its table's heading and the heads over it."""
        tail = self._chunks[i].context
        section = row.table.sections[row.section]
        heading = any(normalise(h.text) in tail for h in row.table.headings)
        over = {g.text for c in section.columns for g in c.groups} | {c.label.text for c in section.columns}
        found = sum(normalise(text) in tail for text in over)
        return (4.0 if heading else 0.0) + min(4.0, float(found))

    def _alike(self, i: int, text: str) -> float:
        key = (text, i)
        if key not in self._likeness:
            self._likeness[key] = self._compare(i, text)
        return self._likeness[key]

    def _compare(self, i: int, text: str) -> float:
        wanted = normalise(text)
        tail = self._chunks[i].tail
        scale = min(1.0, (len(wanted) + 1) / (SHORT_LABEL + 1))
        if tail.endswith(wanted):
            # Words that are a label and nothing else are no end of something longer, however short.
            whole = len(wanted) >= SHORTEST_SEEN and self._pieces[i][:1] == [wanted]
            return (1.0 if whole else scale) * similarity_weight(1.0)
        if not tail:
            return NO_LABEL
        best = Indel.normalized_similarity(tail[-len(wanted) :], wanted)
        for piece in self._pieces[i]:
            best = max(best, likeness(piece, text))
        return scale * similarity_weight(best)


def _pieces(chunk: Chunk) -> list[str]:
    """The last words of a chunk as they were parted: the last cell, and that with the one before."""
    texts: list[str] = []
    joined = ""
    for token in reversed(chunk.words[-4:]):
        joined = normalise(token.text) + joined
        if joined:
            texts.append(joined)
    return list(dict.fromkeys(texts))


def ends_like_label(form: Form, chunk: Chunk) -> bool:
    """Whether the words before a run end with the last letters of some row's label."""
    return any(chunk.tail.endswith(ending) for ending in _endings(form))


def stands_in(label: Label, chunk: Chunk) -> bool:
    """Whether a label is among the words of a chunk; a short one only as a word of its own."""
    alone = {normalise(word.text) for word in chunk.words}
    return any(
        n in alone or (len(n) >= SHORTEST_SEEN and shown_part(n) in chunk.letters) for n in map(normalise, label.all)
    )


def shown_part(label: str) -> str:
    """What must be seen of a label: between the lines of a long one stand words of other cells."""
    return label[:BEGINNING] if len(label) > LONG_LABEL else label


@lru_cache(maxsize=8)
def _endings(form: Form) -> tuple[str, ...]:
    """The last letters of all row labels of a form."""
    found: set[str] = set()
    for edition in form.editions.values():
        for table in edition.tables.values():
            for row in form_rows(table):
                if row.row.label is not None:
                    found |= {normalise(text)[-4:] for text in row.row.label.all}
    return tuple(sorted(found))
