"""Rules written once for many rows or columns, made into one :class:`Rule` for each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import Formatter

from gikocr.errors import FormError
from gikocr.forms.axis import Leaf, chosen_editions
from gikocr.forms.model import Rule
from gikocr.forms.toml_node import TomlNode, as_string

_WILDCARD = re.compile(r"\*|<[^<>]*>")


@dataclass(frozen=True, slots=True)
class TableParts:
    """What the rules of a table may speak of.

    Attributes:
        key: the table's key.
        field_ids: its fields in reading order.
        rows: its rows in order, each key once.
        columns: its columns in order, each key once.
    """

    key: str
    field_ids: tuple[str, ...]
    rows: tuple[Leaf, ...]
    columns: tuple[Leaf, ...]


def fill(template: str, values: Mapping[str, str], where: str) -> str:
    """Put values into ``{name}`` places. Raises FormError for a name that has no value there, or a broken template."""
    try:
        names = [name for _, name, _, _ in Formatter().parse(template) if name is not None]
    except ValueError as error:
        raise FormError(f"{where}: '{template}' is no template: {error}.") from error
    for name in names:
        if name not in values:
            known = ", ".join(f"{{{value}}}" for value in values) or "none"
            raise FormError(f"{where}: '{{{name}}}' has no meaning in '{template}'; known here: {known}.")
    return template.format_map(values)


def expand_rules(
    entries: Sequence[tuple[object, str]], parts: TableParts, edition: str, editions: tuple[str, ...]
) -> tuple[Rule, ...]:
    """Give the rules of a table in one edition.

    Raises:
        FormError: a rule is not well formed, names a field that the table does not have, or has the id of another.
    """
    rules: dict[str, Rule] = {}
    for entry, where in entries:
        node = TomlNode.of(entry, where, ("id", "for_each", "left", "right", "editions"))
        if edition not in chosen_editions(node, editions):
            continue
        for values in _bindings(node, parts):
            rule = _rule(node, values, parts)
            if rule.id in rules:
                raise FormError(f"{where}: duplicate rule id '{rule.id}'.")
            rules[rule.id] = rule
    return tuple(rules.values())


def _bindings(node: TomlNode, parts: TableParts) -> list[dict[str, str]]:
    given = node.values.get("for_each")
    if given is None:
        return [{}]
    if given == "row":
        return [{"row": leaf.key} for leaf in parts.rows]
    if given == "column":
        return [{"column": leaf.key} for leaf in parts.columns]
    if isinstance(given, str):
        raise FormError(f"{node.at('for_each')}: 'row', 'column' or a list is expected here, not '{given}'.")
    return [{"each": as_string(item, place)} for item, place in node.entries("for_each")]


def _rule(node: TomlNode, values: Mapping[str, str], parts: TableParts) -> Rule:
    rule_id = fill(node.string("id"), values, node.at("id"))
    left = _side(node, "left", rule_id, values, parts, taken=())
    right = _side(node, "right", rule_id, values, parts, taken=left)
    return Rule(rule_id, parts.key, left, right)


def _side(
    node: TomlNode, side: str, rule_id: str, values: Mapping[str, str], parts: TableParts, taken: tuple[str, ...]
) -> tuple[str, ...]:
    where = f"{node.at(side)} (rule '{rule_id}')"
    node.required(side)
    found: list[str] = []
    for template in node.strings(side):
        pattern = fill(template, values, where)
        if _WILDCARD.search(pattern):
            matched = [f for f in _matching(pattern, parts, where) if f not in taken]
            if not matched:
                raise FormError(f"{where}: no field of table '{parts.key}' matches '{pattern}'.")
        elif pattern in parts.field_ids:
            matched = [pattern]
        else:
            raise FormError(f"{where}: table '{parts.key}' has no field '{pattern}'.")
        for field_id in matched:
            if field_id in found or field_id in taken:
                raise FormError(f"{where}: the field '{field_id}' is named twice.")
            found.append(field_id)
    return tuple(found)


def _matching(pattern: str, parts: TableParts, where: str) -> list[str]:
    pieces: list[str] = []
    end = 0
    for match in _WILDCARD.finditer(pattern):
        pieces.append(re.escape(pattern[end : match.start()]))
        pieces.append("[^.]+" if match[0] == "*" else _group_keys(match[0][1:-1], parts, where))
        end = match.end()
    compiled = re.compile("".join(pieces) + re.escape(pattern[end:]))
    return [field_id for field_id in parts.field_ids if compiled.fullmatch(field_id)]


def _group_keys(group: str, parts: TableParts, where: str) -> str:
    keys = [leaf.key for leaf in (*parts.rows, *parts.columns) if group in leaf.group_keys]
    if not keys:
        raise FormError(f"{where}: table '{parts.key}' has no group with the key '{group}'.")
    return "(?:" + "|".join(re.escape(key) for key in keys) + ")"
