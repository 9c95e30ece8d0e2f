"""A small form loads; a broken one says where and what."""

from __future__ import annotations

from pathlib import Path

import pytest

from gikocr.errors import FormError
from gikocr.forms import load_form, parse_form

TOY = """\
id = "stock"
name = "Stock report"
editions = ["2"]

[[tables]]
key = "A"
headings = ["Stock", "Stock of the year"]
id = "stock.{row}.{column}"
columns = [
    ["received", "Received", "Recvd"],
    ["issued", "Issued"],
    ["lost", "Lost"],
    ["total", "Total"],
]
rows = [
    ["paper", "Paper"],
    ["ink", "Ink"],
    ["pens", "Pens"],
]

[[tables.rules]]
id = "total.{row}"
for_each = "row"
left = "stock.{row}.total"
right = "stock.{row}.*"
"""


def test_a_toy_form(tmp_path: Path) -> None:
    path = tmp_path / "stock.toml"
    path.write_text(TOY, encoding="utf-8")
    for given in (path, str(path)):
        form = load_form(given)
        edition = form.editions["2"]
        assert (form.id, form.name) == ("stock", "Stock report")
        assert len(edition.fields) == 12
        assert [r.id for r in edition.rules] == ["total.paper", "total.ink", "total.pens"]
        assert edition.rules[1].left == ("stock.ink.total",)
        assert edition.rules[1].right == ("stock.ink.received", "stock.ink.issued", "stock.ink.lost")
        field = edition.fields["stock.pens.issued"]
        assert (field.row_label, field.column_label, field.unit, field.kind) == ("Pens", "Issued", "count", "integer")
        assert field.printed_unit is None
        assert edition.tables["A"].sections[0].columns[0].label.all == ("Received", "Recvd")
        assert [label.text for label in edition.tables["A"].headings] == ["Stock", "Stock of the year"]
        assert form.document.sections == ()
        assert form.document_edition({"A": "2"}) == "2"


def test_units_editions_prefixes_and_cells_that_are_not_printed() -> None:
    text = """\
id = "f"
name = "F"
editions = ["new", "old"]
units = { items = "个", money = "元" }
[lists]
pair = [["a", "甲"], { key = "b", label = "乙", unit = "money", kind = "decimal" }]
[[tables]]
key = "T"
headings = "表"
id = "{row}.{column}"
omit = ["y.q.b"]
columns = [{ group = "前", prefix = "p", columns = "pair" }, { group = "后", prefix = "q", columns = "pair" }]
rows = [["x", "子"], { group = "上", editions = ["new"], rows = [["y", "丑"]] }, ["z"]]
[[tables.rules]]
id = "same"
left = "x.<p>"
right = ["z.p.a", "z.p.b"]
[[tables.rules]]
id = "only_new"
editions = ["new"]
left = "y.p.a"
right = "y.q.a"
"""
    form = parse_form(text, "f.toml")
    new, old = form.editions["new"], form.editions["old"]
    assert list(old.fields) == ["x.p.a", "x.p.b", "x.q.a", "x.q.b", "z.p.a", "z.p.b", "z.q.a", "z.q.b"]
    assert list(new.fields)[4:7] == ["y.p.a", "y.p.b", "y.q.a"]
    assert new.tables["T"].sections[0].field_ids[1] == ("y.p.a", "y.p.b", "y.q.a", None)
    field = new.fields["y.p.b"]
    assert (field.row_label, field.unit, field.printed_unit, field.kind) == ("上 丑", "money", "元", "decimal")
    assert new.fields["z.q.a"].row_label == "后"
    assert old.rules[0].left == ("x.p.a", "x.p.b")
    assert [len(new.rules), len(old.rules)] == [2, 1]


BROKEN = [
    ("editions = [", "editions = ", "no valid TOML"),
    ('name = "Stock report"', "", "the key 'name' is missing"),
    ('name = "Stock report"', "name = 3", "stock.toml: name: a text is expected here, not 3"),
    ('editions = ["2"]', 'editions = ["2", "2"]', "an edition is named twice"),
    ('editions = ["2"]', "editions = []", "the list is empty"),
    ('editions = ["2"]', 'editions = ["2"]\nunits = "件"', "a table of units is expected"),
    ('editions = ["2"]', 'editions = ["2"]\nedition = "2"', "unknown key 'edition'. Did you mean 'editions'?"),
    ("columns = [", "colums = [", "tables[1]: unknown key 'colums'. Did you mean 'columns'?"),
    ('headings = ["Stock", "Stock of the year"]', "", "tables[1]: the key 'headings' is missing"),
    ('key = "A"', 'key = "A"\neditions = ["3"]', "unknown edition '3'"),
    ('key = "A"', 'key = "A"\nunit = "kg"', "unknown unit 'kg'"),
    ('key = "A"', 'key = "A"\nomit = ["stock.glue.lost"]', "no field 'stock.glue.lost' to leave out"),
    ('["ink", "Ink"]', '["paper", "Ink"]', "tables[1].rows: duplicate key 'paper'"),
    ('["ink", "Ink"]', '["red ink", "Ink"]', "'red ink' is no key"),
    ('["ink", "Ink"]', "[]", "tables[1].rows[2]: [key, label, other wordings ...] is expected"),
    ('["ink", "Ink"]', '{ key = "ink", labels = "Ink" }', "tables[1].rows[2]: unknown key 'labels'"),
    ('["ink", "Ink"]', '"ink"', "tables[1].rows[2]: a table is expected here"),
    ('["lost", "Lost"]', '["lost"]', "tables[1].columns[3]: a column needs a label"),
    ('["lost", "Lost"]', '{ key = "lost", label = "Lost", kind = "float" }', "unknown kind 'float'"),
    ('["lost", "Lost"]', '{ group = "G", columns = "gone" }', "there is no list 'gone'"),
    ('id = "stock.{row}.{column}"', 'id = "stock.{column}"', "duplicate field id 'stock.received'"),
    ('id = "stock.{row}.{column}"', 'id = "stock.{line}.{column}"', "'{line}' has no meaning"),
    ('id = "stock.{row}.{column}"', 'id = "stock.{row"', "is no template"),
    ('left = "stock.{row}.total"', 'left = "stock.{row}.sum"', "table 'A' has no field 'stock.paper.sum'"),
    ('right = "stock.{row}.*"', 'right = "stock.{row}.*.*"', "no field of table 'A' matches 'stock.paper.*.*'"),
    ('right = "stock.{row}.*"', 'right = "stock.<parts>.lost"', "no group with the key 'parts'"),
    ('right = "stock.{row}.*"', 'right = "stock.{row}.total"', "'stock.paper.total' is named twice"),
    ('right = "stock.{row}.*"', "", "tables[1].rules[1]: the key 'right' is missing"),
    ('id = "total.{row}"', 'id = "total"', "duplicate rule id 'total'"),
    ('for_each = "row"', 'for_each = "line"', "'row', 'column' or a list is expected here, not 'line'"),
    (
        "[[tables.rules]]",
        '[document]\nsections = [{ id = "1", numeral = "1" }]\n[[tables.rules]]',
        "either a heading or",
    ),
    (
        "[[tables]]",
        '[[hybrids]]\ntables = { A = "3" }\nedition = "2"\n[[tables]]',
        "hybrids[1].tables.A: unknown edition '3'",
    ),
    ("[[tables]]", '[[hybrids]]\ntables = { B = "2" }\nedition = "2"\n[[tables]]', "unknown key 'B'"),
]


@pytest.mark.parametrize(("old", "new", "message"), BROKEN)
def test_a_broken_form_says_what_is_wrong(old: str, new: str, message: str) -> None:
    assert TOY.count(old) == 1
    with pytest.raises(FormError) as caught:
        parse_form(TOY.replace(old, new), "stock.toml")
    assert message in str(caught.value)
    assert str(caught.value).startswith("stock.toml: ")


def test_a_table_twice_and_an_edition_without_a_table() -> None:
    table = TOY[TOY.index("[[tables]]") :]
    with pytest.raises(FormError, match=r"tables\[2\]: edition '2' has a table 'A' already"):
        parse_form(TOY + table, "stock.toml")
    with pytest.raises(
        FormError, match=r"tables\[2\]: duplicate field id 'stock\.paper\.received'; table 'A' has it too"
    ):
        parse_form(TOY + table.replace('key = "A"', 'key = "B"'), "stock.toml")
    with pytest.raises(FormError, match="edition '2' has no table"):
        parse_form(TOY[: TOY.index("[[tables]]")], "stock.toml")


def test_a_form_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FormError, match=r"There is no form 'census'\. Forms that come with gikocr: annual_report"):
        load_form("census")
    with pytest.raises(FormError, match="cannot be read"):
        load_form(tmp_path / "gone.toml")
    wrong = tmp_path / "wrong.toml"
    wrong.write_bytes("名".encode("gbk"))
    with pytest.raises(FormError, match="not written in UTF-8"):
        load_form(wrong)
