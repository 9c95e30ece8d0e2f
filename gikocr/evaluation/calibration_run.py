"""One calibration run: sets of reviewed documents in, an artefact with provenance and a short statement out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import gikocr
from gikocr.errors import UsageError
from gikocr.evaluation.calibrating import LEAST_DOCUMENTS, Checked, fit
from gikocr.evaluation.reviewed import Reviewed, load_reviewed
from gikocr.forms import load_form
from gikocr.reconcile.calibration import Calibration


def calibrate(
    paths: Sequence[Path], *, form: str, before: Calibration, note: str = "", day: date | None = None
) -> tuple[Calibration, Mapping[str, Checked]]:
    """Fit a calibration from one or more sets.

    Args:
        paths: truth folder and output folder of each set, in turn.
        form: name or path of the form that the documents were read on.
        before: gives the parameters of a kind of document of which there are too few.
        note: goes into the provenance: seeds and how the documents were made.
        day: of the fit; today when not given.

    Raises:
        UsageError: the paths are no pairs, no document has truth and reading, or too few have.
        WorkspaceError: a saved reading is damaged.
    """
    if not paths or len(paths) % 2:
        raise UsageError(
            "Truth and outputs go in pairs.", advice="gikocr calibrate TRUTH OUT [TRUTH OUT ...] --to FILE"
        )
    documents: list[Reviewed] = []
    for truth, out in zip(paths[::2], paths[1::2], strict=True):
        documents += load_reviewed(truth, out)
    if len(documents) < LEAST_DOCUMENTS:
        raise UsageError(
            f"{len(documents)} reviewed documents are too few to fit anything.",
            advice=f"Review at least {LEAST_DOCUMENTS}; 80 or more give thresholds that mean something.",
        )
    calibration, checks = fit(documents, load_form(form), before)
    return replace(calibration, provenance=_provenance(documents, checks, note, day or date.today())), checks


def _provenance(documents: Sequence[Reviewed], checks: Mapping[str, Checked], note: str, day: date) -> dict[str, Any]:
    return {
        "gikocr": gikocr.__version__,
        "date": day.isoformat(),
        "note": note,
        "documents": len(documents),
        "groups": len({d.group for d in documents}),
        "pipelines": sorted({d.fingerprint for d in documents}),
        "readers": sorted({c.reading.reader for d in documents for c in d.reading.cells}),
        "checked": {
            kind: {
                "documents": c.documents,
                "fields": c.fields,
                "expected_wrong": round(c.expected, 2),
                "observed_wrong": c.observed,
                "standard_error": None if c.standard_error is None else round(c.standard_error, 2),
            }
            for kind, c in checks.items()
        },
    }


def described(calibration: Calibration, checks: Mapping[str, Checked]) -> str:
    """What was fitted and how it holds, for people."""
    lines = [f"Fitted on {calibration.provenance['documents']} documents."]
    for kind, check in sorted(checks.items()):
        error = "unknown" if check.standard_error is None else f"{check.standard_error:.1f}"
        lines.append(
            f"{kind}: {check.documents} documents, each judged by a fit on others: {check.fields} fields, "
            f"{check.expected:.1f} wrong expected, {check.observed} observed (standard error {error})."
        )
    for kind, parameters in sorted(calibration.kinds.items()):
        for budget in parameters.budgets:
            lines.append(
                f"{kind}, target {budget.target:g}: review below {1 - budget.largest_doubt:.6f}"
                + (f"; bounded at 95 %: {1 - budget.bounded_doubt:.6f}" if budget.bounded_doubt > 0 else "; no bound")
            )
    return "\n".join(lines)
