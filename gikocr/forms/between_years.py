"""The part ``[[between_years]]`` of a form: what the numbers of one year say about those of the next.

An entry has ``id``, ``label``, ``before`` (fields of the earlier year), ``plus`` and ``minus`` (of the later year; may be absent)
and ``after`` (of the later year). With ``for_each``, a list of texts, it stands for as many links, with ``{each}`` in ids replaced.
"""

from __future__ import annotations

from collections.abc import Mapping

from gikocr.errors import FormError
from gikocr.forms.model import Edition, YearLink
from gikocr.forms.toml_node import TomlNode


def read_year_links(form: TomlNode, editions: Mapping[str, Edition]) -> tuple[YearLink, ...]:
    """Read ``form.between_years``; empty where it is absent.

    Raises:
        FormError: it is not well formed, names a field that no edition has, or gives an id twice.
    """
    known = {field_id for edition in editions.values() for field_id in edition.fields}
    links: dict[str, YearLink] = {}
    for entry, where in form.entries("between_years"):
        node = TomlNode.of(entry, where, ("id", "label", "for_each", "before", "plus", "minus", "after"))
        node.required("before")
        node.required("after")
        for each in node.strings("for_each") or ("",):
            sides = {
                side: tuple(field_id.replace("{each}", each) for field_id in node.strings(side))
                for side in ("before", "plus", "minus", "after")
            }
            for side, ids in sides.items():
                for field_id in ids:
                    if field_id not in known:
                        raise FormError(f"{node.at(side)}: no edition has a field '{field_id}'.")
            link_id = node.string("id").replace("{each}", each)
            if link_id in links:
                raise FormError(f"{node.at('id')}: '{link_id}' is given twice.")
            links[link_id] = YearLink(link_id, node.string("label"), **sides)
    return tuple(links.values())
