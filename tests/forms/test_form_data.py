"""The built-in form against the contract's own files, and its shape."""

from __future__ import annotations

import csv
import pickle
from pathlib import Path

import pytest

from gikocr.forms import Form, load_form

CONTRACT = Path(__file__).resolve().parents[2].parent / "shared" / "contract"
EDITIONS = {"2021": (200, 42), "2019": (198, 40)}


def contract(name: str) -> list[dict[str, str]]:
    """Read a file of the contract, or skip the test."""
    path = CONTRACT / name
    if not path.exists():
        pytest.skip(f"the contract's {name} is not beside this checkout")
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def form() -> Form:
    """The form of the yearly report."""
    return load_form()


@pytest.mark.parametrize("edition", EDITIONS)
def test_fields_are_those_of_the_contract_in_its_order(form: Form, edition: str) -> None:
    expected = [
        (r["field_id"], r["table"], r["row_label"], r["column_label"], r["unit"], r["type"])
        for r in contract("fields.csv")
        if r["edition"] == edition
    ]
    fields = form.editions[edition].fields.values()
    assert [(f.id, f.table, f.row_label, f.column_label, f.unit, f.kind) for f in fields] == expected


@pytest.mark.parametrize("edition", EDITIONS)
def test_rules_are_those_of_the_contract(form: Form, edition: str) -> None:
    expected = {
        r["rule_id"]: (r["left_sum_of"].split(), r["right_sum_of"].split())
        for r in contract("rules.csv")
        if r["edition"] == edition
    }
    assert {r.id: (list(r.left), list(r.right)) for r in form.editions[edition].rules} == expected


@pytest.mark.parametrize(("edition", "counts"), EDITIONS.items())
def test_numbers_of_fields_and_rules(form: Form, edition: str, counts: tuple[int, int]) -> None:
    found = form.editions[edition]
    assert (len(found.fields), len(found.rules)) == counts
    assert list(form.editions) == ["2021", "2019"]


def test_printed_units(form: Form) -> None:
    newer, older = form.editions["2021"].fields, form.editions["2019"].fields
    assert newer["disclosure.fees.amount"].printed_unit == "万元"
    assert older["disclosure.procurement.amount"].printed_unit is None
    others = [f.printed_unit for f in (*newer.values(), *older.values()) if f.unit == "count"]
    assert set(others) == {"件"}
    assert len(others) == 200 + 198 - 2


def test_every_field_stands_in_one_cell_and_every_rule_stays_in_its_table(form: Form) -> None:
    for edition in form.editions.values():
        cells = [field_id for table in edition.tables.values() for *_, field_id in table.cells()]
        assert cells == list(edition.fields)
        for table in edition.tables.values():
            for number, row, column, field_id in table.cells():
                assert table.sections[number].field_ids[row][column] == field_id
        for rule in edition.rules:
            assert {edition.fields[f].table for f in (*rule.left, *rule.right)} == {rule.table}


def test_shape_of_the_tables(form: Form) -> None:
    two, three, four = form.editions["2021"].tables.values()
    assert [(len(s.rows), len(s.columns)) for s in two.sections] == [(2, 3), (1, 1), (2, 1), (1, 1)]
    assert [s.heading.text for s in two.sections if s.heading] == [f"第二十条第（{n}）项" for n in "一五六八"]
    (requests,) = three.sections
    assert requests.corner is not None
    assert "勾稽关系" in requests.corner.text
    assert [[g.text for g in c.groups] for c in requests.columns][:2] == [
        ["申请人情况"],
        ["申请人情况", "法人或其他组织"],
    ]
    secret = next(r for r in requests.rows if r.key == "refused_state_secret")
    assert [g.text for g in secret.groups] == ["三、本年度办理结果", "（三）不予公开"]
    under_results = [r for r in requests.rows if r.groups and r.groups[0].text == "三、本年度办理结果"]
    assert len(under_results) == 22
    (remedies,) = four.sections
    assert [row.label for row in remedies.rows] == [None]
    assert [g.text for g in remedies.columns[5].groups] == ["行政诉讼", "未经复议直接起诉"]
    older = form.table("三", "2019").sections[0].rows
    assert [r.key for r in older if r.label and r.label.text == "（六）其他处理"] == ["other_processing"]
    assert len(older) == 23


def test_document_words(form: Form) -> None:
    document = form.document
    assert [(s.id, s.numeral, s.table) for s in document.sections] == [
        ("1", "一", None),
        ("2", "二", "二"),
        ("3", "三", "三"),
        ("4", "四", "四"),
        ("5", "五", None),
        ("6", "六", None),
    ]
    assert "行政机关主动公开政府信息情况" in document.sections[1].heading.all
    assert {"政府信息公开工作年度报告", "政府信息公开年度报告", "政府信息公开工作报告"} <= set(document.title_words)
    assert {"人民政府", "办公室", "局", "委员会", "街道办事处"} <= set(document.agency_endings)
    assert "统计期限" in document.period_words
    assert "发布机构" in document.metadata["agency"].all


def test_a_form_crosses_a_process_border_and_can_be_a_key(form: Form) -> None:
    copy = pickle.loads(pickle.dumps(form))
    assert copy == form
    assert {form: 1}[copy] == 1


def test_a_built_in_form_is_read_once() -> None:
    assert load_form("annual_report") is load_form()
