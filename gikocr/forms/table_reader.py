"""One table of one edition: its sections, fields and rules from the TOML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gikocr.errors import FormError
from gikocr.forms.axis import AxisReader, Leaf
from gikocr.forms.model import Column, Field, Label, Row, Rule, Section, Table
from gikocr.forms.rule_templates import TableParts, expand_rules, fill
from gikocr.forms.toml_node import TomlNode

_SECTION_KEYS = ("corner", "columns", "rows", "shares")
_TABLE_KEYS = ("key", "editions", "headings", "id", "unit", "omit", "rules", "sections", *_SECTION_KEYS)


@dataclass(frozen=True, slots=True)
class FormHead:
    """What holds for the whole file: its name, the editions, the units with their printed words, the named lists."""

    file: str
    editions: tuple[str, ...]
    units: Mapping[str, str | None]
    lists: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ReadTable:
    """A table with its fields and rules, both in the order of the form, and the ids that ``omit`` left out of it."""

    table: Table
    fields: tuple[Field, ...]
    rules: tuple[Rule, ...]
    omitted: frozenset[str]


@dataclass(frozen=True, slots=True)
class _ReadSection:
    section: Section
    fields: tuple[Field, ...]
    rows: tuple[Leaf, ...]
    columns: tuple[Leaf, ...]


def read_table(entry: object, where: str, edition: str, head: FormHead) -> ReadTable:
    """Read an item of ``[[tables]]`` for one edition. Raises FormError when it is not well formed."""
    node = TomlNode.of(entry, where, _TABLE_KEYS)
    key = node.string("key")
    places: list[tuple[object, str]] = node.entries("sections")
    if places and (node.has("rows") or node.has("columns")):
        raise FormError(f"{where}: a table has either sections or rows and columns of its own.")
    if not places:
        places = [({k: node.values[k] for k in _SECTION_KEYS if k in node.values}, where)]
    read: list[_ReadSection] = []
    seen: set[str] = set()
    for item, place in places:
        part = TomlNode.of(item, place, ("heading", *_SECTION_KEYS))
        read.append(_read_section(part, node, AxisReader(edition, head.editions, head.lists, head.file), head, seen))
    fields = tuple(field for section in read for field in section.fields)
    parts = TableParts(
        key, tuple(f.id for f in fields), _each_once([s.rows for s in read]), _each_once([s.columns for s in read])
    )
    node.required("headings")
    table = Table(
        key,
        edition,
        tuple(Label(text) for text in node.strings("headings")),
        tuple(s.section for s in read),
        parts.field_ids,
    )
    rules = expand_rules(node.entries("rules"), parts, edition, head.editions)
    return ReadTable(table, fields, rules, frozenset(node.strings("omit")) & seen)


def _read_section(node: TomlNode, table: TomlNode, axes: AxisReader, head: FormHead, seen: set[str]) -> _ReadSection:
    """Read a section; ``seen`` holds the ids of the table so far, omitted ones too, and gets those of this section."""
    heading = node.label("heading")
    columns, rows = axes.read(node, "columns"), axes.read(node, "rows")
    omitted = table.strings("omit")
    fields: list[Field] = []
    grid: list[tuple[str | None, ...]] = []
    for row in rows:
        line: list[str | None] = []
        for column in columns:
            field = _field(row, column, heading, table, node, head)
            if field.id in seen:
                raise FormError(
                    f"{node.where}: duplicate field id '{field.id}' (row '{row.key}', column '{column.key}')."
                )
            seen.add(field.id)
            line.append(None if field.id in omitted else field.id)
            if field.id not in omitted:
                fields.append(field)
        grid.append(tuple(line))
    section = Section(
        heading,
        node.label("corner"),
        tuple(Column(c.key, c.label, c.groups) for c in columns if c.label is not None),
        tuple(Row(r.key, r.label, r.groups) for r in rows),
        tuple(grid),
        _shares(node, len(columns)),
    )
    return _ReadSection(section, tuple(fields), rows, columns)


def _shares(node: TomlNode, n_columns: int) -> tuple[float, ...]:
    found = node.numbers("shares")
    if found and len(found) != n_columns:
        raise FormError(f"{node.at('shares')}: one number for each of the {n_columns} columns is expected here.")
    return found


def _field(row: Leaf, column: Leaf, heading: Label | None, table: TomlNode, node: TomlNode, head: FormHead) -> Field:
    unit = column.unit or table.string("unit", default=next(iter(head.units)))
    if unit not in head.units:
        raise FormError(
            f"{node.where}: unknown unit '{unit}' (column '{column.key}'); units of this form: {', '.join(head.units)}."
        )
    assert column.label is not None  # the reader of the axis refuses a column without one
    over = (heading,) if heading else ()
    naming = column.naming if row.label is None else (*over, *row.naming, row.label)
    return Field(
        id=fill(table.string("id"), {"row": row.key, "column": column.key}, table.at("id")),
        table=table.string("key"),
        row_label=" ".join(label.text for label in naming),
        column_label=column.label.text,
        unit=unit,
        kind=column.kind,
        printed_unit=head.units[unit],
    )


def _each_once(axes: list[tuple[Leaf, ...]]) -> tuple[Leaf, ...]:
    leaves: dict[str, Leaf] = {}
    for axis in axes:
        for leaf in axis:
            leaves.setdefault(leaf.key, leaf)
    return tuple(leaves.values())
