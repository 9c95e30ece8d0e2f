"""The part ``[document]`` of a form: words around the tables."""

from __future__ import annotations

from collections.abc import Mapping

from gikocr.errors import FormError
from gikocr.forms.model import DocumentSection, DocumentSpec, Edition, Label
from gikocr.forms.toml_node import TomlNode, as_label

_WORD_LISTS = (
    "title_words", "agency_before", "agency_after", "agency_endings", "year_words",
    "period_words", "period_start", "period_middle", "period_end",
)  # fmt: skip


def read_document(form: TomlNode, file: str, editions: Mapping[str, Edition]) -> DocumentSpec:
    """Read ``form.document``; all empty where it is absent. Raises FormError when it is not well formed."""
    if not form.has("document"):
        return DocumentSpec()
    node = TomlNode.of(form.values["document"], f"{file}: document", (*_WORD_LISTS, "sections", "metadata"))
    sections = tuple(_section(entry, where, editions) for entry, where in node.entries("sections"))
    ids = [section.id for section in sections]
    if len(set(ids)) != len(ids):
        raise FormError(f"{node.at('sections')}: two sections have the same id.")
    metadata = node.values.get("metadata", {})
    if not isinstance(metadata, dict):
        raise FormError(f"{node.at('metadata')}: a table of labels is expected here.")
    return DocumentSpec(
        **{key: node.strings(key) for key in _WORD_LISTS},
        sections=sections,
        metadata={key: as_label(value, f"{node.at('metadata')}.{key}") for key, value in metadata.items()},
    )


def _section(entry: object, where: str, editions: Mapping[str, Edition]) -> DocumentSection:
    node = TomlNode.of(entry, where, ("id", "numeral", "heading", "table"))
    if node.has("heading") == node.has("table"):
        raise FormError(f"{where}: a section has either a heading or a table, whose headings are then its own.")
    heading = node.label("heading")
    table = node.string("table") if node.has("table") else None
    if heading is None:
        printed = [e.tables[table].headings for e in editions.values() if table is not None and table in e.tables]
        if not printed:
            raise FormError(f"{node.at('table')}: there is no table '{table}'.")
        texts = list(dict.fromkeys(label.text for headings in printed for label in headings))
        heading = Label(texts[0], tuple(texts[1:]))
    return DocumentSection(node.string("id"), node.string("numeral"), heading, table)
