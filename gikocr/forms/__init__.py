"""The forms that gikocr reads, as data: editions, tables, fields, label wordings and rules.

:func:`load_form` gives a :class:`Form`; :func:`normalise` and :func:`similarity` compare a label with what was read.
How to write a form of one's own is in :mod:`gikocr.forms.loader`.
"""

from __future__ import annotations

from gikocr.forms.loader import load_form, parse_form
from gikocr.forms.model import (
    MIXED,
    Column,
    DocumentSection,
    DocumentSpec,
    Edition,
    Field,
    Form,
    Hybrid,
    Kind,
    Label,
    Row,
    Rule,
    Section,
    Table,
    YearLink,
)
from gikocr.forms.text import normalise, similarity, simplify, without_notes

__all__ = [
    "MIXED",
    "Column",
    "DocumentSection",
    "DocumentSpec",
    "Edition",
    "Field",
    "Form",
    "Hybrid",
    "Kind",
    "Label",
    "Row",
    "Rule",
    "Section",
    "Table",
    "YearLink",
    "load_form",
    "normalise",
    "parse_form",
    "similarity",
    "simplify",
    "without_notes",
]
