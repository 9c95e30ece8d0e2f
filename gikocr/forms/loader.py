"""Reads a form from its TOML file and checks it.

A small form::

    id = "stock"
    name = "Stock report"
    editions = ["2024"]                        # newest first
    [units]
    count = "件"                               # unit = what the form prints for it; "" = nothing. Default: count = ""
    [[tables]]
    key = "A"
    headings = ["Stock", "Stock of the year"]  # wordings of the heading above the table
    id = "stock.{row}.{column}"                # how the id of a field is made
    columns = [["in", "Received", "Recvd"], ["out", "Issued"], ["all", "Total"]]   # [key, label, other wordings ...]
    rows = [["paper", "Paper"], ["ink", "Ink"], ["pens", "Pens"]]
    [[tables.rules]]
    id = "total.{row}"
    for_each = "row"                           # or "column", or a list of texts for {each}; absent: one rule
    left = "stock.{row}.all"                   # one id or several; both sides are sums
    right = "stock.{row}.*"                    # * any one part of an id; <key> all below the group with that key

Further keys. A table may say ``editions`` (absent: all), ``unit`` (absent: the first of ``[units]``), ``corner``,
``omit`` (ids of fields that the form does not print), and ``[[tables.sections]]``, each with ``heading``, ``corner``,
``rows`` and ``columns``, instead of rows and columns of its own; ``shares``, beside ``columns``, says how often something is
counted in each, one number a column, 0 for totals. An entry of rows or columns may be ``{ key, label,
editions, unit, kind }`` (unit and kind for columns: integer, signed_integer or decimal), a row without a label
``["key"]``, and a heading over several ``{ group, key, prefix, named, editions, rows or columns }``; ``rows = "name"``
takes a list from ``[lists]``. ``[[hybrids]]`` names mixtures of editions that count as one; ``[document]`` has the
words of :class:`DocumentSpec`; ``[[between_years]]`` what one year's numbers say about the next year's
(:mod:`gikocr.forms.between_years`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path

from gikocr.errors import FormError
from gikocr.forms.axis import chosen_editions
from gikocr.forms.between_years import read_year_links
from gikocr.forms.document import read_document
from gikocr.forms.model import Edition, Field, Form, Hybrid, Rule, Table
from gikocr.forms.table_reader import FormHead, ReadTable, read_table
from gikocr.forms.toml_node import TomlNode

_FORM_KEYS = ("id", "name", "editions", "units", "lists", "hybrids", "tables", "document", "between_years")
_SUFFIX = ".toml"


def load_form(name_or_path: str | Path = "annual_report") -> Form:
    """Load a form that comes with gikocr, by its name, or a user's own, by the path of its TOML file.

    A :class:`Path`, or a text that ends in ``.toml``, is a path. A form that comes with gikocr is read once only.

    Raises:
        FormError: there is no such form, or the file cannot be read, is no TOML, or is no valid form. The message says
            where in the file, and what is wrong.
    """
    if isinstance(name_or_path, str) and not name_or_path.endswith(_SUFFIX):
        return _built_in(name_or_path)
    path = Path(name_or_path)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise FormError(f"{path}: the form cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise FormError(f"{path}: the form is not written in UTF-8.") from error
    return parse_form(text, path.name)


@cache
def _built_in(name: str) -> Form:
    files = {f.name: f for f in resources.files("gikocr.forms").iterdir() if f.name.endswith(_SUFFIX)}
    if name + _SUFFIX not in files:
        names = ", ".join(sorted(file.removesuffix(_SUFFIX) for file in files))
        raise FormError(f"There is no form '{name}'.", advice=f"Forms that come with gikocr: {names}.")
    return parse_form(files[name + _SUFFIX].read_text(encoding="utf-8"), name + _SUFFIX)


def parse_form(text: str, file: str) -> Form:
    """Make a form from the text of a TOML file; ``file`` is its name, for messages.

    Raises:
        FormError: the text is no TOML or no valid form.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FormError(f"{file}: no valid TOML: {error}.") from error
    node = TomlNode.of(raw, f"{file}:", _FORM_KEYS)
    node.required("editions")
    head = FormHead(file, node.strings("editions"), _units(node, file), _lists(node, file))
    if len(set(head.editions)) != len(head.editions):
        raise FormError(f"{node.at('editions')}: an edition is named twice.")
    omitted: dict[str, set[str]] = {}
    editions = _with_twins({name: _edition(node, name, head, omitted) for name in head.editions})
    _check_omitted(node, omitted)
    form = Form(node.string("id"), node.string("name"), editions, document=read_document(node, file, editions))
    hybrids, links = _hybrids(node, file, editions), read_year_links(node, editions)
    return Form(form.id, form.name, editions, hybrids, form.document, links)


def _units(node: TomlNode, file: str) -> dict[str, str | None]:
    given = node.values.get("units", {"count": ""})
    if not isinstance(given, dict) or not given:
        raise FormError(f'{file}: units: a table of units is expected here, such as count = "件".')
    for unit, printed in given.items():
        if not isinstance(printed, str):
            raise FormError(f'{file}: units.{unit}: the printed unit is a text, "" where the form prints none.')
    return {unit: printed or None for unit, printed in given.items()}


def _lists(node: TomlNode, file: str) -> Mapping[str, object]:
    given = node.values.get("lists", {})
    if not isinstance(given, dict):
        raise FormError(f"{file}: lists: a table of named lists is expected here.")
    return given


def _edition(node: TomlNode, name: str, head: FormHead, omitted: dict[str, set[str]]) -> Edition:
    """Read an edition; ``omitted`` gets, by the place of each table, the fields that it left out."""
    tables: dict[str, Table] = {}
    fields: dict[str, Field] = {}
    rules: dict[str, Rule] = {}
    for entry, where in node.entries("tables"):
        if isinstance(entry, dict) and "editions" in entry:
            only = TomlNode({"editions": entry["editions"]}, where)
            if name not in chosen_editions(only, head.editions):
                continue
        read = read_table(entry, where, name, head)
        if read.table.key in tables:
            raise FormError(f"{where}: edition '{name}' has a table '{read.table.key}' already.")
        _add(read, tables, fields, rules, where)
        omitted.setdefault(where, set()).update(read.omitted)
    if not tables:
        raise FormError(f"{head.file}: tables: edition '{name}' has no table.")
    return Edition(name, tables, fields, tuple(rules.values()))


def _add(
    read: ReadTable, tables: dict[str, Table], fields: dict[str, Field], rules: dict[str, Rule], where: str
) -> None:
    tables[read.table.key] = read.table
    for field in read.fields:
        if field.id in fields:
            raise FormError(f"{where}: duplicate field id '{field.id}'; table '{fields[field.id].table}' has it too.")
        fields[field.id] = field
    for rule in read.rules:
        if rule.id in rules:
            raise FormError(f"{where}: duplicate rule id '{rule.id}'; table '{rules[rule.id].table}' has it too.")
        rules[rule.id] = rule


def _check_omitted(node: TomlNode, omitted: Mapping[str, set[str]]) -> None:
    """Refuse to leave out a field that the table has in none of its editions."""
    for entry, where in node.entries("tables"):
        if isinstance(entry, dict):
            table = TomlNode(entry, where)
            for field_id in table.strings("omit"):
                if field_id not in omitted.get(where, set()):
                    raise FormError(f"{table.at('omit')}: the table has no field '{field_id}' to leave out.")


def _with_twins(editions: Mapping[str, Edition]) -> dict[str, Edition]:
    """Tell each table which other editions print it alike."""

    def tables_of(edition: Edition) -> dict[str, Table]:
        return {
            key: Table(
                key, edition.id, table.headings, table.sections, table.fields,
                tuple(o.id for o in editions.values() if o.id != edition.id and _same(key, edition, o)),
            )
            for key, table in edition.tables.items()
        }  # fmt: skip

    return {name: Edition(name, tables_of(e), e.fields, e.rules) for name, e in editions.items()}


def _same(key: str, one: Edition, other: Edition) -> bool:
    if key not in other.tables or one.tables[key].sections != other.tables[key].sections:
        return False
    return all(one.fields[f] == other.fields[f] for f in one.tables[key].fields) and [
        rule for rule in one.rules if rule.table == key
    ] == [rule for rule in other.rules if rule.table == key]


def _hybrids(node: TomlNode, file: str, editions: Mapping[str, Edition]) -> tuple[Hybrid, ...]:
    hybrids = []
    for entry, where in node.entries("hybrids"):
        hybrid = TomlNode.of(entry, where, ("tables", "edition"))
        tables = TomlNode.of(hybrid.required("tables"), hybrid.at("tables"), _table_keys(editions))
        chosen = {key: tables.string(key) for key in tables.values}
        named = [(hybrid.at("edition"), hybrid.string("edition")), *((tables.at(k), e) for k, e in chosen.items())]
        for place, name in named:
            if name not in editions:
                raise FormError(f"{place}: unknown edition '{name}'; the form has {', '.join(editions)}.")
        for key, name in chosen.items():
            if key not in editions[name].tables:
                raise FormError(f"{tables.at(key)}: edition '{name}' has no table '{key}'.")
        if not chosen:
            raise FormError(f"{where}: a hybrid names at least one table.")
        hybrids.append(Hybrid(chosen, hybrid.string("edition")))
    return tuple(hybrids)


def _table_keys(editions: Mapping[str, Edition]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(key for edition in editions.values() for key in edition.tables))
