"""Writes tiny truth and output files, and makes judged documents without files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from gikocr.evaluation.judge import JudgedDocument, JudgedField, judge_field
from gikocr.evaluation.outputs import OutputField
from gikocr.evaluation.truth import Accepted, TruthField

ISSUED = "disclosure.rules.issued"
REPEALED = "disclosure.rules.repealed"
IN_FORCE = "disclosure.rules.in_force"
FEES = "disclosure.fees.amount"
TABLES = {"二": "2021", "三": "2021", "四": "2021"}


def write_truth(folder: Path, name: str, fields: Mapping[str, Any], **other: Any) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"fields": fields, **other}, ensure_ascii=False), encoding="utf-8")
    return path


def out_field(
    field_id: str, value: Any, confidence: Any = 0.999, *, state: str | None = None, review: bool = False
) -> dict[str, Any]:
    return {
        "id": field_id,
        "value": value,
        "state": state or ("blank" if value is None else "read"),
        "confidence": confidence,
        "needs_review": review,
    }


def write_output(folder: Path, name: str, *fields: dict[str, Any], status: str = "complete", **other: Any) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"status": status, "fields": fields, **other}, ensure_ascii=False), encoding="utf-8")
    return path


def output(value: Any, state: str = "read", p: str | None = "0.999", review: bool = False) -> OutputField:
    return OutputField("f", None if value is None else Decimal(value), state, None if p is None else Decimal(p), review)


def judged(right: bool, p: str | None = "0.999", *, truth: int = 1, review: bool = False) -> JudgedField:
    """A field whose true number is ``truth``, read right or wrong with that confidence."""
    answer = TruthField("f", Accepted(Decimal(truth), "read"))
    return judge_field(answer, output(truth if right else truth + 1, p=p, review=review))


def lacking() -> JudgedField:
    return judge_field(TruthField("f", Accepted(Decimal(1), "read")), None)


def unreadable(p: str | None = "0.2") -> JudgedField:
    return judge_field(TruthField("f", Accepted(Decimal(1), "read")), output(None, "unreadable", p))


def document(*fields: JudgedField, name: str = "d", **other: Any) -> JudgedDocument:
    content: dict[str, Any] = {
        "name": name, "tags": (), "sha256": None, "loss": None, "reason": "", "fields": fields, "outside": (),
        "surplus": (), "agency": None, "year": None, "editions": {},
    }  # fmt: skip
    return JudgedDocument(**{**content, **other})
