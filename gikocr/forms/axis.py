"""The rows or columns of a section: a tree of headings in the TOML, a flat list of leaves with their headings here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args

from gikocr.errors import FormError
from gikocr.forms.model import Kind, Label
from gikocr.forms.toml_node import TomlNode, as_label, as_list, as_string

AxisName = Literal["rows", "columns"]

_KEY = re.compile(r"[A-Za-z0-9_]+")


@dataclass(frozen=True, slots=True)
class Leaf:
    """A row or column as read from the TOML.

    Attributes:
        key: its part of a field's id.
        label: None for a row that the form prints without a label.
        groups: the headings over it, from the outside in.
        naming: those of the headings that belong to its name.
        group_keys: the keys and prefixes of those headings that have one.
        unit: the unit of its numbers, None where the table's holds.
        kind: what may be printed in it.
    """

    key: str
    label: Label | None
    groups: tuple[Label, ...] = ()
    naming: tuple[Label, ...] = ()
    group_keys: frozenset[str] = frozenset()
    unit: str | None = None
    kind: Kind = "integer"


@dataclass(frozen=True, slots=True)
class AxisReader:
    """Reads the axes of one edition.

    Attributes:
        edition: the edition that entries are kept for.
        editions: all editions of the form.
        lists: the named lists of the form, as in the TOML.
        file: the name of the file, for messages.
    """

    edition: str
    editions: tuple[str, ...]
    lists: Mapping[str, object]
    file: str

    def read(self, node: TomlNode, axis: AxisName) -> tuple[Leaf, ...]:
        """Give the leaves under ``node[axis]`` in order.

        Raises:
            FormError: the axis is absent or empty in this edition, is not well formed, or has a key twice.
        """
        leaves = self._entries(node.required(axis), node.at(axis), axis)
        if not leaves:
            raise FormError(f"{node.at(axis)}: there are no {axis} in edition '{self.edition}'.")
        seen: set[str] = set()
        for leaf in leaves:
            if leaf.key in seen:
                raise FormError(f"{node.at(axis)}: duplicate key '{leaf.key}'.")
            seen.add(leaf.key)
        return tuple(leaves)

    def _entries(self, value: object, where: str, axis: AxisName) -> list[Leaf]:
        if isinstance(value, str):
            if value not in self.lists:
                raise FormError(f"{where}: there is no list '{value}' under [lists].")
            return self._entries(self.lists[value], f"{self.file}: lists.{value}", axis)
        return [leaf for item, place in as_list(value, where) for leaf in self._entry(item, place, axis)]

    def _entry(self, item: object, where: str, axis: AxisName) -> list[Leaf]:
        if isinstance(item, list):
            return [_short_leaf(item, where, axis)]
        if isinstance(item, dict) and "group" in item:
            return self._group(item, where, axis)
        node = TomlNode.of(item, where, ("key", "label", "editions") + (("unit", "kind") if axis == "columns" else ()))
        if not self._kept(node):
            return []
        label = node.label("label")
        if label is None and axis == "columns":
            raise FormError(f"{where}: a column needs a label.")
        unit = node.string("unit") if node.has("unit") else None
        return [Leaf(_key(node.required("key"), node.at("key")), label, unit=unit, kind=_kind(node))]

    def _group(self, item: object, where: str, axis: AxisName) -> list[Leaf]:
        naming = ("named",) if axis == "rows" else ()
        node = TomlNode.of(item, where, ("group", "key", "prefix", "editions", axis, *naming))
        if not self._kept(node):
            return []
        heading = as_label(node.required("group"), node.at("group"))
        keys = {key: _key(node.required(key), node.at(key)) for key in ("key", "prefix") if node.has(key)}
        named = node.boolean("named", default=True)
        return [
            replace(
                leaf,
                key=f"{keys['prefix']}.{leaf.key}" if "prefix" in keys else leaf.key,
                groups=(heading, *leaf.groups),
                naming=(heading, *leaf.naming) if named else leaf.naming,
                group_keys=leaf.group_keys | set(keys.values()),
            )
            for leaf in self._entries(node.required(axis), node.at(axis), axis)
        ]

    def _kept(self, node: TomlNode) -> bool:
        return self.edition in chosen_editions(node, self.editions)


def chosen_editions(node: TomlNode, editions: tuple[str, ...]) -> tuple[str, ...]:
    """Give the editions that ``node.editions`` names, all where it is absent. Raises FormError for an unknown one."""
    chosen = node.strings("editions") or editions
    for edition in chosen:
        if edition not in editions:
            raise FormError(f"{node.at('editions')}: unknown edition '{edition}'; the form has {', '.join(editions)}.")
    return chosen


def _short_leaf(item: list[object], where: str, axis: AxisName) -> Leaf:
    if not item:
        raise FormError(f"{where}: [key, label, other wordings ...] is expected here, not an empty list.")
    if len(item) == 1 and axis == "columns":
        raise FormError(f"{where}: a column needs a label.")
    return Leaf(_key(item[0], f"{where}[1]"), as_label(item[1:], where) if len(item) > 1 else None)


def _key(value: object, where: str) -> str:
    text = as_string(value, where)
    if not _KEY.fullmatch(text):
        raise FormError(f"{where}: '{text}' is no key; keys are made of letters a to z, digits and _.")
    return text


def _kind(node: TomlNode) -> Kind:
    given = node.string("kind", default="integer")
    for kind in get_args(Kind):
        if given == kind:
            return kind  # type: ignore[no-any-return]
    raise FormError(f"{node.at('kind')}: unknown kind '{given}'; known: {', '.join(get_args(Kind))}.")
