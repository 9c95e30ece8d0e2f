"""Reports and inputs for the tests of the workspace."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from gikocr.elements import FORM_READING_VERSION, FormReading
from gikocr.forms import Form, load_form
from gikocr.ingest import Input
from gikocr.report import Check, DocumentInfo, Evidence, Field, Issue, Report, SourceInfo, TableInfo
from gikocr.workspace import NewReport

FORM: Form = load_form()
PERSON = "requests.received.natural_person"
FEE = "regulatory.fees"


def make_input(folder: Path, name: str, content: str) -> Input:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return Input(name, (path,))


def make_field(field_id: str, value: int | Decimal | None, confidence: float | None = 0.9999, **changes: Any) -> Field:
    values: dict[str, Any] = {
        "id": field_id,
        "value": value,
        "printed": None if value is None else str(value),
        "state": "blank" if value is None else "read",
        "unit": "件",
        "confidence": confidence,
        "confidence_kind": None if confidence is None else "posterior",
        "needs_review": confidence is None or confidence < 0.99,
        "evidence": Evidence(page=1, bbox=(1, 2, 30, 14.5), unit="pt"),
    }
    return Field(**(values | changes))


def make_report(item: Input, fields: Sequence[Field] = (), **changes: Any) -> Report:
    content = item.paths[0].read_bytes() if item.paths[0].exists() else None
    digest = None if content is None else hashlib.sha256(content).hexdigest()
    checked = {check for field in fields for check in field.checks}
    values: dict[str, Any] = {
        "gikocr": "0.1.0",
        "fingerprint": "f",
        "source": SourceInfo(name=item.name, sha256=digest, pages=2, media_type="application/pdf"),
        "status": "complete",
        "document": DocumentInfo(agency="某某市财政局", agency_key="某某市财政", year=2023, edition="2021"),
        "tables": {"三": TableInfo(edition="2021", status="read", confidence=0.99)} if fields else {},
        "fields": tuple(fields),
        "checks": tuple(
            Check(id=c, left=21, right=27, difference=-6, verdict="doubtful", probability_broken=0.2)
            for c in sorted(checked)
        ),
    }
    return Report(**(values | changes))


def make_failed(item: Input, code: str = "no_tables") -> Report:
    issue = Issue(code=code, severity="error", stage="layout", message="No table was found.")
    return make_report(item, status="failed", issues=(issue,), document=DocumentInfo())


def with_reading(report: Report) -> NewReport:
    return NewReport(report, FormReading(FORM_READING_VERSION, FORM.id, (), (), ()), seconds=0.5)
