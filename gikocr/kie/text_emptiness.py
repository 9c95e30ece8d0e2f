"""Forms without values: published empty, or exported without them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from gikocr.forms import Form, Table, normalise
from gikocr.kie.text_alignment import TextTable
from gikocr.kie.text_rows import form_rows
from gikocr.kie.text_tokens import Chunk

LABELS_SEEN: Final = 0.6
"""Share of the row labels that must be in a text for it to be the form without its values."""
FEW_VALUES: Final = 0.1
"""Share of the form's fields below which values count as lost, when the labels are there."""


def values_lost(form: Form, chunks: Sequence[Chunk], found: Mapping[str, Sequence[TextTable]]) -> bool:
    """Whether the labels are there and the values are not: neither numbers nor marks nor empty cells, and labels lost their twins."""
    fields = sum(len(h[0].table.fields) for h in found.values() if h) or 1
    spans = [(s, h[0]) for h in found.values() if h for s in h[0].spans]
    cells = sum(sum(t.kind in ("value", "blank") for t in chunks[s.chunk].run) for s, _ in spans)
    if cells >= FEW_VALUES * max(fields, 100) or _row_labels(form, chunks) < LABELS_SEEN:
        return False
    # An agency that leaves its zeros blank has few values too, but its heads stand as often as the form prints them.
    return not has_twins(form, chunks)


def is_empty_form(form: Form, chunks: Sequence[Chunk]) -> bool:
    """Whether a text holds the labels of a form, with their repetitions, and no values."""
    return _row_labels(form, chunks) >= LABELS_SEEN and has_twins(form, chunks)


def shows_table(table: Table, chunks: Sequence[Chunk]) -> bool:
    """Whether a text holds the labels of a table, or its heading and heads where its rows have none."""
    whole = _all_letters(chunks)
    labels = [row.row.label for row in form_rows(table) if row.row.label is not None]
    if not labels:
        labels = [c.label for s in table.sections for c in s.columns] + [
            g for s in table.sections for c in s.columns for g in c.groups
        ]
        if not any(normalise(heading.text) in whole for heading in table.headings):
            return False
    seen = sum(any(normalise(text) in whole for text in label.all) for label in labels)
    return seen >= LABELS_SEEN * len(labels)


def likeliest_table(form: Form, key: str, chunks: Sequence[Chunk]) -> Table:
    """Of a table's editions the one of whose labels most stand in a text, the newest among equals."""
    whole = _all_letters(chunks)

    def seen(table: Table) -> float:
        labels = [r.row.label for r in form_rows(table) if r.row.label is not None]
        labels += [c.label for s in table.sections for c in s.columns]
        return sum(any(normalise(text) in whole for text in label.all) for label in labels) / len(labels)

    return max(form.tables(key), key=seen)


def _row_labels(form: Form, chunks: Sequence[Chunk]) -> float:
    """The share of a newest edition's row labels that stand anywhere in the text."""
    whole = _all_letters(chunks)
    edition = next(iter(form.editions.values()))
    labels = [r.row.label for t in edition.tables.values() for r in form_rows(t) if r.row.label is not None]
    seen = sum(any(normalise(text) in whole for text in label.all) for label in labels)
    return seen / max(1, len(labels))


def has_twins(form: Form, chunks: Sequence[Chunk]) -> bool:
    """Whether words that the form prints several times stand in the text several times."""
    whole = _all_letters(chunks)
    edition = next(iter(form.editions.values()))
    heads = Counter(
        normalise(c.label.text) for t in edition.tables.values() for s in t.sections for c in s.columns
    ) + Counter(normalise(s.corner.text) for t in edition.tables.values() for s in t.sections if s.corner is not None)
    twins = [text for text, n in heads.items() if n > 1 and len(text) >= 4 and text in whole]
    return sum(whole.count(text) > 1 for text in twins) * 2 > len(twins)


def _all_letters(chunks: Sequence[Chunk]) -> str:
    return "".join(normalise(w.text) for c in chunks for w in c.words)
