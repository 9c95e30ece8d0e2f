"""What is right, what is invented, what is wrong and sure."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gikocr.evaluation.agency import normalise_agency, same_agency
from gikocr.evaluation.judge import JudgedDocument, judge, judge_field
from gikocr.evaluation.match import pair_outputs
from gikocr.evaluation.outputs import OutputField
from gikocr.evaluation.truth import Accepted, TruthField, load_truth
from gikocr.evaluation.wrong import wrong_fields
from tests.evaluation.make import FEES, ISSUED, REPEALED, TABLES, out_field, output, write_output, write_truth

THREE = Accepted(Decimal(3), "read")
ANY_THREE = Accepted(Decimal(3), None)
BLANK = Accepted(None, "blank")
ANY_NULL = Accepted(None, None)
FEE = Accepted(Decimal("75.926"), "read")


@pytest.mark.parametrize(
    ("answer", "given", "right", "value_right", "invented"),
    [
        (THREE, output(3), True, True, False),
        (THREE, output(4), False, False, False),
        (THREE, output(None, "blank"), False, False, False),
        (THREE, output(None, "unreadable"), False, False, False),
        (THREE, None, False, False, False),
        (FEE, output("75.9260"), True, True, False),
        (FEE, output("75.927"), False, False, False),
        (ANY_THREE, output(3), True, True, False),
        (Accepted(Decimal(0), None), output(None, "blank"), False, False, False),
        (BLANK, output(None, "blank"), True, True, False),
        (BLANK, output(None, "slash"), False, True, False),
        (BLANK, output(None, "unreadable"), False, False, False),
        (BLANK, output(0), False, False, True),
        (BLANK, None, False, False, False),
        (ANY_NULL, output(None, "dash"), True, True, False),
        (ANY_NULL, output(None, "occluded"), True, True, False),
        (ANY_NULL, output(None, "unreadable"), False, False, False),
        (ANY_NULL, output(None, "read"), False, True, False),
        (ANY_NULL, output(7), False, False, True),
    ],
)
def test_value_and_state(
    answer: Accepted, given: OutputField | None, right: bool, value_right: bool, invented: bool
) -> None:
    field = judge_field(TruthField("f", answer), given)
    assert (field.right, field.value_right, field.invented) == (right, value_right, invented)


def test_alternatives_are_right_too() -> None:
    truth = TruthField("f", Accepted(Decimal(0), "read"), (BLANK,))
    assert judge_field(truth, output(0)).right
    assert judge_field(truth, output(None, "blank")).right
    assert not judge_field(truth, output(None, "slash")).right
    assert not judge_field(truth, output(5)).invented  # a number is printed there, only not this one
    either = TruthField("f", BLANK, (Accepted(Decimal(0), "read"),))
    assert not judge_field(either, output(0)).invented
    assert judge_field(either, output(5)).invented


def test_needs_review_is_right_only_where_the_truth_is_inferred() -> None:
    for given in (output(9, review=True), output(None, "unreadable", review=True)):
        known, inferred = TruthField("f", THREE), TruthField("f", THREE, inferred=True)
        assert not judge_field(known, given).right
        assert judge_field(inferred, given).right and judge_field(inferred, given).value_right
    assert not judge_field(TruthField("f", THREE, inferred=True), output(9)).right
    assert not judge_field(TruthField("f", THREE, inferred=True), None).right
    assert not judge_field(TruthField("f", BLANK, inferred=True), output(9, review=True)).invented


@pytest.mark.parametrize(("p", "sure"), [("0.99", False), ("0.990001", True), (None, True), ("0", False), ("1", True)])
def test_sure_is_strictly_above_099_and_null_is_sure(p: str | None, sure: bool) -> None:
    assert judge_field(TruthField("f", THREE), output(9, p=p)).sure is sure


def test_zero_and_null_are_not_nonzero() -> None:
    assert [TruthField("f", a).nonzero for a in (THREE, Accepted(Decimal("0.00"), "read"), BLANK, ANY_NULL)] == [
        True, False, False, False,
    ]  # fmt: skip


def judged(tmp_path: Path, truth: dict[str, Any], *fields: dict[str, Any], **other: Any) -> JudgedDocument:
    write_truth(tmp_path / "truth", "a.json", truth.pop("fields", {}), **truth)
    write_output(tmp_path / "out", "a.json", *fields, **other)
    (pair,) = pair_outputs(load_truth(tmp_path / "truth").documents, tmp_path / "out")
    return judge(pair)


UNDIVIDED = "requests.other_processing.total"  # table 三 of edition 2019 only


@pytest.mark.parametrize(
    ("tables", "field_id", "value", "outside"),
    [
        (TABLES, REPEALED, 5, False),  # printed, though this truth leaves it undecided
        (TABLES, UNDIVIDED, 5, True),
        ({**TABLES, "三": "2019"}, UNDIVIDED, 5, False),
        ({"三": "2021"}, REPEALED, 5, True),  # table 二 is not printed
        ({**TABLES, "二": None}, REPEALED, 5, True),
        (TABLES, "no.such.field", 5, True),
        (TABLES, UNDIVIDED, None, False),  # claims no number
        (None, REPEALED, 5, False),  # the truth does not say which tables are printed
        (None, "no.such.field", 5, True),
    ],
)
def test_a_value_outside_the_printed_tables_is_invented(
    tmp_path: Path, tables: dict[str, str | None] | None, field_id: str, value: int | None, outside: bool
) -> None:
    document = judged(
        tmp_path, {"fields": {ISSUED: 1}, "tables": tables}, out_field(ISSUED, 1), out_field(field_id, value)
    )
    assert [field.id for field in document.outside] == ([field_id] if outside else [])
    assert (document.invented, document.clean) == (int(outside), not outside)


def test_agency_year_and_editions(tmp_path: Path) -> None:
    truth = {"agency": "某某区人民政府", "agency_variants": ["某区"], "year": 2023, "tables": {**TABLES, "四": None}}
    document = judged(
        tmp_path,
        truth,
        document={"agency": "某 区", "year": 2022},
        tables={"二": {"edition": "2021"}, "三": {"edition": "2019"}},
    )
    assert (document.agency, document.year) == (True, False)
    assert document.editions == {"二": True, "三": False, "四": True}


def test_what_the_truth_does_not_know_is_not_judged(tmp_path: Path) -> None:
    document = judged(tmp_path, {"agency": None, "year": None}, document={"agency": "某区", "year": 2022})
    assert (document.agency, document.year, document.editions) == (None, None, {})


def test_a_lost_document_is_wrong_in_everything(tmp_path: Path) -> None:
    truth = {"fields": {ISSUED: None, FEES: 2}, "agency": "某区", "year": 2023, "tables": {"二": None}}
    document = judged(tmp_path, truth, status="failed")
    assert [field.right for field in document.fields] == [False, False]
    assert (document.loss, document.agency, document.year, document.editions) == ("failed", False, False, {"二": False})


@pytest.mark.parametrize(
    ("name", "normal"),
    [
        ("淮安市洪泽区人民政府", "淮安市洪泽区"),
        ("洪泽区人民政府办公室", "洪泽区"),
        ("井口街道办事处", "井口街道"),
        (" 井口，（街道）· ", "井口街道"),
        ("井口\u3000街道", "井口街道"),
        ("人民政府", "人民政府"),
        ("国家税务总局", "国家税务总局"),
    ],
)
def test_names_of_agencies_without_spaces_punctuation_and_endings(name: str, normal: str) -> None:
    assert normalise_agency(name) == normal


def test_an_agency_that_was_not_read_is_wrong() -> None:
    assert same_agency("洪泽区", ("淮安市洪泽区人民政府", "洪泽区人民政府"))
    assert not same_agency(None, ("洪泽区",))
    assert not same_agency("，", ("，",))
    assert not same_agency("泽区", ("洪泽区",))


def test_the_list_of_wrong_fields(tmp_path: Path) -> None:
    fields = {
        ISSUED: {"value": 1, "state": "read"},
        REPEALED: {"value": None, "state": "blank"},
        FEES: 3,
        "x": 1,
        "y": None,
    }
    document = judged(
        tmp_path, {"fields": fields, "tables": TABLES},
        out_field(ISSUED, 1), out_field(REPEALED, 0, None), out_field(FEES, None, 0.2, state="unreadable", review=True),
        out_field("y", None, 0.5, state="read"), out_field("outside", 4, 0.995),
    )  # fmt: skip
    rows = [(w.id, w.kind, w.truth, w.output, w.sure, w.needs_review) for w in wrong_fields([document])]
    assert rows == [
        (REPEALED, "invented", "blank", "0", True, False),
        (FEES, "unreadable", "3", "unreadable", False, True),
        ("x", "lacking", "1", "", False, False),
        ("y", "state", "null", "read", False, False),
        ("outside", "outside", "not printed", "4", True, False),
    ]
