"""Reviewed documents for calibration: the saved form reading of each with what is printed in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gikocr.elements import Candidate, FormReading
from gikocr.errors import UsageError
from gikocr.evaluation.match import pair_outputs
from gikocr.evaluation.truth import TruthDocument, TruthField, load_truth
from gikocr.ocr.numerals import value_of
from gikocr.workspace.folder import ReportFolder

STYLE_TAG = "style:"


@dataclass(frozen=True, slots=True)
class Reviewed:
    """One document: its truth and what was read. ``group``: agency and style, which fitting and checking never share."""

    truth: TruthDocument
    reading: FormReading
    group: str
    fingerprint: str


def load_reviewed(truth: Path, out: Path) -> list[Reviewed]:
    """All documents of a set whose form reading was saved.

    Args:
        truth: folder with truth files.
        out: folder that ``gikocr extract`` wrote.

    Raises:
        UsageError: no document has both.
        WorkspaceError: a saved reading is damaged.
    """
    found = list(_pairs(truth, out))
    if not found:
        raise UsageError(
            f"{out}: no saved form reading belongs to a truth in {truth}.",
            advice="Read the documents with gikocr extract, and give its -o folder.",
        )
    return found


def _pairs(truth: Path, out: Path) -> Iterator[Reviewed]:
    import json

    folder = ReportFolder(out) if out.is_dir() else None
    for pair in pair_outputs(load_truth(truth).documents, out):
        if folder is None or pair.output is None:
            continue
        reading = folder.read_form_reading(pair.output.path)
        if reading is None:
            continue
        style = next((t for t in pair.truth.tags if t.startswith(STYLE_TAG)), "")
        # A truth made by reviewers does not say whose report it is; what was read is enough to keep agencies apart.
        agency = pair.truth.agencies[0] if pair.truth.agencies else _agency(reading) or pair.truth.name
        mark = json.loads(pair.output.path.read_text(encoding="utf-8")).get("fingerprint", "")
        yield Reviewed(pair.truth, reading, f"{agency}|{style}", str(mark))


def _agency(reading: FormReading) -> str:
    return next((str(v.value) for v in reading.document if v.id == "agency" and v.value), "")


def is_right(truth: TruthField, candidate: Candidate) -> bool:
    """Whether a candidate's value and state are what is printed."""
    value = value_of(candidate.printed) if candidate.state == "read" else None
    return any(a.matches(value, candidate.state) for a in truth.accepted)
