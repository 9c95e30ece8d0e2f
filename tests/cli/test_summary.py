"""Why a field waits for a person, in the words of the summary."""

from __future__ import annotations

import pytest

from gikocr.cli.summary import why
from gikocr.report import Field, Report, SourceInfo


def waiting(**changes: object) -> Field:
    facts: dict[str, object] = {
        "id": "requests.total.total",
        "value": 11,
        "printed": "11",
        "state": "read",
        "unit": None,
        "confidence": 0.5,
        "confidence_kind": "calibrated",
        "needs_review": True,
    }
    return Field.model_validate(facts | changes)


REPORT = Report(
    gikocr="0",
    fingerprint="0",
    source=SourceInfo(name="a.pdf", sha256="0" * 64, media_type="application/pdf", pages=1),
    status="complete",
)


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        (waiting(), "the reader is not sure"),
        (waiting(confidence=0.9995, checks=("r1",)), "the reader is not sure"),
        (
            waiting(confidence=0.9995, reasons=("overruled",), checks=("r1",)),
            "the sums chose it over a number that was read for sure",
        ),
        (
            waiting(value=None, printed="", state="blank", reasons=("out_of_style", "unsure")),
            "blank, where the document prints its zeros",
        ),
        (waiting(value=None, printed="见附件", state="other_text", confidence=0.999), "there are words in the cell"),
    ],
)
def test_reason(field: Field, reason: str) -> None:
    assert why(field, REPORT) == reason
