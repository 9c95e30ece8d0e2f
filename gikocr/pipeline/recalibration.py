"""A report under another calibration, from what was read: nothing is read anew."""

from __future__ import annotations

from gikocr.elements import FormReading, Source
from gikocr.forms import Form
from gikocr.pipeline.calibration import NAME, Calibrated
from gikocr.pipeline.reporting import build_report
from gikocr.reconcile import merge_rivals, reconcile
from gikocr.report import Issue, Report
from gikocr.settings import Settings

#: What inference says of a document; the other issues are of reading it, and stay.
_OF_INFERENCE = frozenset(
    {
        "table_not_found", "table_partly_read", "no_numbers", "sum_broken_in_source", "no_tables", "agency_not_found",
        "year_not_found", "values_covered", "page_doubtful",
    }
)  # fmt: skip


def recalibrated(
    report: Report, reading: FormReading, form: Form, calibrated: Calibrated, settings: Settings
) -> Report:
    """What the pipeline would say of a document with this calibration, had it read the same.

    Args:
        report: as the pipeline made it, with any calibration.
        reading: that was saved with it.
        form: of the reading.
        calibrated: the calibration.
        settings: where a field is marked for review.
    """
    merged = merge_rivals(reading)
    kept = [issue for issue in report.issues if issue.code not in _OF_INFERENCE]
    models = [(m.name, m.sha256) for m in report.provenance.models if m.name != NAME]
    made = build_report(
        form,
        merged,
        reconcile(merged, form, calibration=calibrated.calibration),
        source=Source("", "", 0, "", ()),
        fingerprint=report.fingerprint,
        models=(*models, *calibrated.named),
        issues=kept,
        sections=report.sections,
        seconds=report.provenance.seconds,
        review_below=calibrated.review_below(merged, settings),
        confidence_kind=calibrated.kind_for(merged),
        steps=report.provenance.steps,
    )
    return made.model_copy(update={"source": report.source, "issues": _in_order(report, made)})


def _in_order(report: Report, made: Report) -> tuple[Issue, ...]:
    """The issues with those that were there before in their old places."""
    places = {issue: k for k, issue in reversed(list(enumerate(report.issues)))}
    return tuple(sorted(made.issues, key=lambda issue: places.get(issue, len(places) + len(report.issues))))
