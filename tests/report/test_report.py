from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gikocr.elements import Source, SourcePart
from gikocr.geometry import BBox, Quad
from gikocr.report import (
    Alternative,
    Check,
    DocumentFieldValue,
    DocumentInfo,
    Evidence,
    Field,
    Issue,
    ModelUsed,
    Provenance,
    Report,
    Review,
    SectionText,
    SourceInfo,
    Suggestion,
    TableInfo,
    capped,
    differences,
    equal,
    json_schema,
    printable,
    status_of,
)

SHA = "0123456789abcdef" * 4


def make_field(**changes: Any) -> Field:
    values: dict[str, Any] = {
        "id": "requests.received.total",
        "value": 21,
        "printed": "21",
        "state": "read",
        "unit": "件",
        "confidence": 0.9987,
        "confidence_kind": "posterior",
        "needs_review": False,
    }
    return Field(**(values | changes))


def make_report(**changes: Any) -> Report:
    values: dict[str, Any] = {
        "gikocr": "0.1.0",
        "fingerprint": "f",
        "source": SourceInfo(name="scan.pdf", sha256=SHA, pages=2, media_type="application/pdf"),
        "status": "complete",
    }
    return Report(**(values | changes))


def make_issue(severity: str = "error") -> Issue:
    return Issue(code="page_unreadable", severity=severity, page=4, stage="table", message="what and what to do")


def test_amount_keeps_its_printed_digits() -> None:
    report = make_report(fields=(make_field(value=Decimal("75.9260"), printed="75.9260"),))
    for canonical in (False, True):
        text = report.to_json(canonical)
        assert "75.9260" in text
        assert str(Report.from_json(text).fields[0].value) == "75.9260"


@pytest.mark.parametrize("digits", ["75.9260", "0.10", "100", "1234567890.12", "-3.50", "0.0000001"])
def test_the_digits_never_pass_through_a_float(digits: str) -> None:
    value = Decimal(digits)
    report = make_report(fields=(make_field(value=value, printed=digits),))
    assert f'"value": {digits}' in report.to_json()


@pytest.mark.parametrize("bad", [1.5, True, "21", Decimal("NaN"), Decimal("Infinity"), Decimal("1e999999"), 10**28])
def test_amounts_that_are_refused(bad: Any) -> None:
    with pytest.raises(ValidationError):
        make_field(value=bad)


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "blank"},
        {"state": "slash", "printed": "/"},
        {"value": None},
        {"confidence": 0.999991},
        {"confidence": -0.1},
        {"confidence": float("nan")},
        {"confidence": None},
        {"confidence": None, "confidence_kind": None},
        {"confidence_kind": None},
        {"suggestion": Suggestion(value=27)},
        {"state": "no_such_state"},
        {"color": "red"},
    ],
)
def test_fields_that_cannot_be_built(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        make_field(**changes)


def test_fields_that_can_be_built() -> None:
    make_field(value=None, printed="", state="blank")
    make_field(value=None, printed=None, state="unreadable", confidence=None, confidence_kind=None, needs_review=True)
    make_field(suggestion=Suggestion(value=27, checks=("balance",)), needs_review=True)


def test_an_alternative_and_a_review_keep_the_same_rule() -> None:
    with pytest.raises(ValidationError):
        Alternative(value=2, printed="/", state="slash", probability=0.1)
    with pytest.raises(ValidationError):
        Review(value=None, state="read", by="li", at=datetime.now(UTC))
    with pytest.raises(ValidationError):
        Review(value=1, state="read", by="li", at=datetime(2026, 1, 1))


@pytest.mark.parametrize(
    "changes",
    [
        {"issues": (make_issue(),)},
        {"fields": (make_field(value=None, state="occluded", printed=None),)},
        {"fields": (make_field(value=None, state="unreadable", printed=None),)},
        {"status": "failed"},
        {"status": "failed", "issues": (make_issue(),), "fields": (make_field(),)},
        {"fields": (make_field(), make_field())},
        {"fields": (make_field(checks=("row_total.received",)),)},
        {"schema_version": "2"},
        {"more": 1},
    ],
)
def test_reports_that_cannot_be_built(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        make_report(**changes)


@pytest.mark.parametrize(
    ("left", "right", "difference", "verdict"),
    [
        (21, 20, 0, "doubtful"),
        (21, 20, 1, "holds"),
        (21, 21, 0, "broken_in_source"),
        (None, 21, None, "broken_in_source"),
        (None, 21, None, "holds"),
        (None, 21, 21, "not_checkable"),
    ],
)
def test_checks_that_cannot_be_built(left: Any, right: Any, difference: Any, verdict: Any) -> None:
    with pytest.raises(ValidationError):
        Check(id="c", left=left, right=right, difference=difference, verdict=verdict, probability_broken=0.5)


def test_a_difference_of_long_decimals_is_exact() -> None:
    left, right = Decimal("99999999999999999999.5"), Decimal("0.0000001")
    Check(
        id="c",
        left=left,
        right=right,
        difference=Decimal("99999999999999999999.4999999"),
        verdict="broken_in_source",
        probability_broken=0.9,
    )


def test_status_of() -> None:
    unread = make_field(value=None, printed=None, state="unreadable")
    blank = make_field(value=None, printed="", state="blank")
    assert status_of((), ()) == "complete"
    assert status_of((blank,), (make_issue("info"),)) == "complete"
    assert status_of((make_field(),), ()) == "complete"
    assert status_of((make_field(), unread), ()) == "partial"
    assert status_of((make_field(),), (make_issue(),)) == "partial"
    assert status_of((unread,), ()) == "failed"
    assert status_of((), (make_issue(),)) == "failed"


def test_capped() -> None:
    assert capped(1.0) == 0.99999
    assert capped(-1e-9) == 0.0
    assert capped(0.5) == 0.5
    with pytest.raises(ValueError, match="not finite"):
        capped(float("nan"))


def test_names_that_are_not_utf8_are_escaped() -> None:
    name = b"scan-\xff.pdf".decode("utf-8", "surrogateescape")
    report = make_report(source=SourceInfo(name=name, sha256=None, pages=0, media_type=""))
    assert report.source.name == "scan-\\xff.pdf"
    report.to_json().encode("utf-8")
    assert printable("年报\n🙂.pdf") == "年报\n🙂.pdf"
    assert printable("\ud800") == "\\ud800"


def test_source_info_of_a_source() -> None:
    source = Source("a.tif", "", 0, "image/tiff", (SourcePart("a.tif", ""), SourcePart("b.tif", SHA)))
    info = SourceInfo.of(source)
    assert info.sha256 is None
    assert [p.sha256 for p in info.parts] == [None, SHA]


def test_evidence_at_a_place() -> None:
    quad = Quad(BBox(1.004, 2, 3, 4).corners())
    evidence = Evidence.at(3, quad, "pt", "numerals@1.2")
    assert evidence.bbox == (1.0, 2, 3, 4)
    assert evidence.quad == (1.0, 2, 3, 2, 3, 4, 1.0, 4)
    assert set(evidence.model_dump()) == {"page", "bbox", "quad", "unit", "reader"}
    assert Evidence(line=3, column=7).model_dump()["line"] == 3
    with pytest.raises(ValidationError):
        Evidence(bbox=(0, 0, 1, 1))
    with pytest.raises(ValidationError):
        Evidence(page=1, unit="px", bbox=(2, 0, 1, 1))


def full_report(seconds: float = 1.0, confidence: float = 0.99, x: float = 10.0) -> Report:
    quad = Quad(BBox(x, 20, 30, 40).corners())
    place = Evidence.at(2, quad, "px", "r@1")
    return make_report(
        document=DocumentInfo(agency="某局", year=2023, edition="2021", period=(date(2023, 1, 1), date(2023, 12, 31))),
        document_fields=(
            DocumentFieldValue(
                id="year", value=2023, printed="2023年", confidence=0.9, confidence_kind="posterior", evidence=place
            ),
        ),
        sections=(SectionText(id="1", heading="一、总体情况", text="…", evidence=place),),
        tables={"二": TableInfo(edition="2021", status="read", confidence=0.9)},
        fields=(
            make_field(
                confidence=confidence,
                evidence=place,
                checks=("c",),
                alternatives=(Alternative(value=27, printed="27", state="read", probability=0.001),),
                review=Review(value=27, state="read", by="li", at=datetime(2026, 11, 23, tzinfo=UTC)),
            ),
        ),
        checks=(Check(id="c", left=21, right=21, difference=0, verdict="holds", probability_broken=0.0004),),
        issues=(make_issue("info"),),
        provenance=Provenance(
            steps=("ingest",), models=(ModelUsed(name="m", sha256=SHA),), seconds={"ingest": seconds}
        ),
    )


def test_round_trip_of_everything() -> None:
    report = full_report()
    again = Report.from_json(report.to_json())
    assert again == report
    assert again.to_json() == report.to_json()
    assert json.loads(report.to_json())["document"]["period"] == ["2023-01-01", "2023-12-31"]


def test_equal_runs() -> None:
    one = full_report(seconds=1.0)
    assert equal(one, full_report(seconds=9.0))
    assert one.to_json(canonical=True) == full_report(seconds=9.0).to_json(canonical=True)
    assert equal(one, full_report(confidence=0.99 + 0.9e-6))
    assert not equal(one, full_report(confidence=0.99 + 1.1e-6))
    assert equal(one, full_report(x=10.01))
    assert next(iter(differences(one, full_report(x=10.5)))).startswith("document_fields[year].evidence.bbox")


def test_values_must_agree_exactly() -> None:
    a = make_report(fields=(make_field(value=Decimal("75.9260"), printed="75.9260"),))
    b = make_report(fields=(make_field(value=Decimal("75.926"), printed="75.9260"),))
    assert list(differences(a, b)) == ["fields[requests.received.total].value: 75.9260 | 75.926"]
    assert not equal(a, make_report())


def test_json_that_is_not_a_report() -> None:
    for text in ("", "[]", "{}", '{"gikocr": NaN}', make_report().to_json().replace("0.1.0", '0"')):
        with pytest.raises(ValueError):
            Report.from_json(text)


def test_the_schema_describes_the_contract() -> None:
    schema = json_schema()
    assert set(schema["properties"]) == set(json.loads(full_report().to_json()))
    field = schema["$defs"]["Field"]
    assert field["additionalProperties"] is False
    assert {"type": "number"} in field["properties"]["value"]["anyOf"]
    assert field["properties"]["confidence"]["anyOf"][0]["maximum"] == 0.99999
    json.dumps(schema)


amounts = st.one_of(
    st.integers(-(10**12), 10**12),
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=4),
)
states = st.sampled_from(["blank", "slash", "dash", "none_word", "other_text"])


@st.composite
def fields(draw: st.DrawFn, number: int) -> Field:
    value = draw(st.none() | amounts)
    state = "read" if value is not None else draw(states)
    text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
    return make_field(
        id=f"f.{number}",
        value=value,
        state=state,
        printed=draw(text),
        unit=draw(st.none() | text),
        confidence=draw(st.floats(0, 0.99999)),
        needs_review=draw(st.booleans()),
        alternatives=tuple(
            Alternative(value=v, printed=str(v), state="read", probability=draw(st.floats(0, 1)))
            for v in draw(st.lists(amounts, max_size=3))
        ),
    )


@given(st.data(), st.integers(0, 4))
def test_any_report_survives_json(data: st.DataObject, n: int) -> None:
    report = make_report(fields=tuple(data.draw(fields(i)) for i in range(n)))
    for canonical in (False, True):
        again = Report.from_json(report.to_json(canonical))
        assert again == report
        assert equal(again, report)
        assert [str(f.value) for f in again.fields] == [str(f.value) for f in report.fields]
