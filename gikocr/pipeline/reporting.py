"""From a posterior to the public report."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Literal

import gikocr
from gikocr.elements import (
    Candidate,
    CellReading,
    DocumentValue,
    FieldPosterior,
    FormReading,
    Posterior,
    RulePosterior,
    Source,
)
from gikocr.forms import Form, simplify
from gikocr.pipeline.assembly import COVERED
from gikocr.pipeline.covered import covered_issues, occluded_field, occluded_fields
from gikocr.pipeline.page_quality import page_issues
from gikocr.pipeline.public import LEAST_ALTERNATIVE, alternative_of, as_number, evidence_of, unit_in, value_in
from gikocr.reconcile.numbers import amount
from gikocr.report import (
    UNSPOKEN_STATES,
    Check,
    DocumentFieldValue,
    DocumentInfo,
    Field,
    Issue,
    ModelUsed,
    Provenance,
    Reason,
    Report,
    SectionText,
    SourceInfo,
    Suggestion,
    TableInfo,
    capped,
    status_of,
)

TEXT_STEPS = ("ingest", "kie", "reconcile")
STEPS = ("ingest", "preprocess", "layout", "table", "ocr", "kie", "reconcile")
ConfidenceKind = Literal["posterior", "calibrated"]
MARKS = frozenset(("dash", "slash", "none_word"))
SURE_READING = 0.98
"""A reading that is at least so probable by itself is not overruled by the sums without somebody looking at it."""

MOST_OF_THE_DOUBT = 0.5
"""A blank is out of style where that is at least so much of its doubt."""


def build_report(
    form: Form,
    reading: FormReading,
    posterior: Posterior,
    *,
    source: Source,
    fingerprint: str,
    models: Sequence[tuple[str, str]],
    issues: Sequence[Issue],
    sections: Sequence[SectionText] = (),
    seconds: Mapping[str, float],
    review_below: float,
    confidence_kind: ConfidenceKind = "posterior",
    steps: Sequence[str] = STEPS,
) -> Report:
    """Put the public report of one document together."""
    by_field = _checks_by_field(form, posterior)
    covered = occluded_fields(reading, posterior.fields)
    unknown = {*covered, *_without_number(posterior, reading)}
    open_rules = {rule for field_id in unknown for rule in by_field.get(field_id, ())}
    checks = tuple(_check(rule, rule.rule_id in open_rules) for rule in posterior.rules)
    broken = {c.id for c in checks if c.verdict in ("broken_in_source", "doubtful")}
    fields = tuple(
        occluded_field(f, reading, by_field.get(f.field_id, ()), covered[f.field_id])
        if f.field_id in covered
        else _field(form, f, reading, by_field.get(f.field_id, ()), broken, review_below, confidence_kind)
        for f in posterior.fields
    )
    tables = _tables(form, reading, posterior, fields)
    everything = [*issues, *_table_issues(tables, fields, checks), *covered_issues(fields, posterior.fields, reading)]
    if not any(f.state not in UNSPOKEN_STATES for f in fields):
        everything = _fail(everything)
        fields = tuple(f for f in fields if f.value is None)
    else:
        everything += page_issues(fields)
    values = {v.id: v for v in reading.document}
    everything += _fact_issues(values, fields)
    info = DocumentInfo(
        agency=_text(values, "agency"),
        agency_key=_key(_text(values, "agency")),
        year=int(values["year"].value) if "year" in values and values["year"].value is not None else None,
        edition=form.document_edition({k: t.edition for k, t in tables.items()}),
        title=_text(values, "title"),
        period=_period(_text(values, "period")),
    )
    return Report(
        gikocr=gikocr.__version__,
        fingerprint=fingerprint,
        source=SourceInfo.of(source),
        status=status_of(fields, tuple(everything)),
        document=info,
        document_fields=tuple(
            DocumentFieldValue(
                id=v.id,
                value=v.value,
                printed=v.printed,
                confidence=capped(v.confidence),
                confidence_kind="posterior",
                evidence=evidence_of(v, None),
            )
            for v in reading.document
        ),
        sections=tuple(sections),
        tables=tables,
        fields=fields,
        checks=checks,
        issues=tuple(everything),
        provenance=Provenance(
            steps=tuple(steps),
            models=tuple(ModelUsed(name=n, sha256=h) for n, h in models),
            seconds={k: round(v, 4) for k, v in seconds.items()},
        ),
    )


def _fact_issues(values: Mapping[str, DocumentValue], fields: Sequence[Field]) -> list[Issue]:
    """One issue for each fact that a report with fields lacks."""
    if all(f.state == "not_printed" for f in fields):
        return []
    return [
        Issue(
            code=f"{name}_not_found",
            severity="warning",
            stage="kie",
            message=f"No {name} was found in title or signature.",
        )
        for name in ("agency", "year")
        if name not in values
    ]


def failed_report(
    source: SourceInfo,
    issue: Issue,
    fingerprint: str,
    *,
    more: Sequence[Issue] = (),
    seconds: Mapping[str, float] | None = None,
) -> Report:
    """The report of a document that could not be read at all."""
    return Report(
        gikocr=gikocr.__version__,
        fingerprint=fingerprint,
        source=source,
        status="failed",
        issues=(issue, *more),
        provenance=Provenance(seconds=dict(seconds or {})),
    )


def _tables(form: Form, reading: FormReading, posterior: Posterior, fields: Sequence[Field]) -> dict[str, TableInfo]:
    chosen = {key: (edition, weight) for key, edition, weight in posterior.editions}
    settled = form.settled({key: chosen[key][0] if key in chosen else None for key in form.table_keys})
    tables = {}
    table_of = {f.field_id: f.table for f in posterior.fields}
    for table in reading.tables:
        if table.table not in chosen:
            tables[table.table] = TableInfo(edition=None, status="not_found", confidence=None)
            continue
        own = [f for f in fields if table_of.get(f.id) == table.table]
        status = table.status
        if own and all(f.state in ("blank", "not_printed") for f in own):
            status = "no_numbers"
        elif any(f.state in ("unreadable", "occluded") for f in own):
            status = "partly_read"
        tables[table.table] = TableInfo(
            edition=settled[table.table], status=status, confidence=capped(chosen[table.table][1])
        )
    return tables


def _field(
    form: Form,
    posterior: FieldPosterior,
    reading: FormReading,
    checks: Sequence[str],
    broken: set[str],
    review_below: float,
    confidence_kind: ConfidenceKind,
) -> Field:
    spec = form.editions[posterior.edition].fields[posterior.field_id]
    if posterior.cell is None:
        certainty = _absence(posterior, reading)
        absent = certainty > 0
        return Field(
            id=posterior.field_id,
            value=None,
            printed=None,
            state="not_printed" if absent else "unreadable",
            unit=None,
            confidence=capped(certainty) if absent else None,
            confidence_kind="posterior" if absent else None,
            needs_review=True,
            reasons=("not_read",),
            checks=tuple(checks),
        )
    cell = reading.cells[posterior.cell]
    evidence = evidence_of(cell, cell.reading.reader)
    if not posterior.candidates:
        return Field(
            id=posterior.field_id,
            value=None,
            printed=None,
            state="unreadable",
            unit=None,
            confidence=None,
            confidence_kind=None,
            needs_review=True,
            reasons=("not_read",),
            evidence=evidence,
            checks=tuple(checks),
        )
    best, probability = posterior.candidates[0]
    confidence = capped(probability)
    suggestion = None
    if posterior.suggestion is not None:
        failing = tuple(c for c in checks if c in broken)
        suggestion = Suggestion(value=as_number(posterior.suggestion), checks=failing)
    covered_mark = best.state in MARKS and cell.occluded >= COVERED
    reasons = tuple(_reasons(posterior, cell.reading, confidence < review_below or covered_mark))
    return Field(
        id=posterior.field_id,
        value=value_in(best),
        printed=best.printed,
        state=best.state,
        unit=unit_in(best, spec.printed_unit),
        confidence=confidence,
        confidence_kind=confidence_kind,
        needs_review=bool(reasons),
        reasons=reasons,
        alternatives=tuple(alternative_of(c, p) for c, p in posterior.candidates[1:] if p >= LEAST_ALTERNATIVE),
        suggestion=suggestion,
        evidence=evidence,
        checks=tuple(checks),
    )


def _reasons(posterior: FieldPosterior, reading: CellReading, unsure: bool) -> Iterator[Reason]:
    """Why somebody must look at a field, the gravest first.

    ``unsure``: its confidence is below the threshold, or it is a mark under foreign ink: of a figure that a seal crosses a piece may
    look like a dash to both readers.
    """
    best, probability = posterior.candidates[0]
    if best.state == "other_text":
        yield "words"
    if _overrules_a_sure_reader(best, reading):
        yield "overruled"
    if unsure and posterior.lost >= MOST_OF_THE_DOUBT * (1.0 - probability):
        yield "out_of_style"
    if posterior.suggestion is not None:
        yield "suggestion"
    if unsure:
        yield "unsure"


def _overrules_a_sure_reader(emitted: Candidate, reading: CellReading) -> bool:
    """Whether the sums chose another number than the one that was read for sure.

    It may be an error of the authority's that a least trace of another reading would mend. How probable such traces and such errors
    are is known too badly to let the one that was not read pass: of five such fields in 120 calibration documents two were wrong.
    """
    read = reading.best
    return math.exp(read.log_probability) >= SURE_READING and (amount(read) or 0) != (amount(emitted) or 0)


def _absence(posterior: FieldPosterior, reading: FormReading) -> float:
    """How sure it is that the printed table has no cell for a field without one, in [0, 1]; 0: its cell was not found."""
    # The sums may have chosen another edition than the labels alone.
    placement = next(t for t in reading.tables if t.table == posterior.table).of_edition(posterior.edition)
    return next(p.certainty for p in placement.fields if p.field_id == posterior.field_id)


def _without_number(posterior: Posterior, reading: FormReading) -> Iterator[str]:
    """The fields of which nobody knows what they add to a sum: not read, or words; what is not printed adds nothing, like a blank."""
    for field in posterior.fields:
        if field.candidates:
            unknown = field.candidates[0][0].state == "other_text"
        else:
            unknown = field.cell is not None or _absence(field, reading) <= 0
        if unknown:
            yield field.field_id


def _check(rule: RulePosterior, unknown: bool) -> Check:
    """The public form of a rule; one that has an ``unknown`` member cannot be checked."""
    if unknown:
        rule = RulePosterior(rule.rule_id, None, None, 0.0, "not_checkable")
    left = None if rule.left is None else as_number(rule.left)
    right = None if rule.right is None else as_number(rule.right)
    difference = None if left is None or right is None else left - right
    return Check(
        id=rule.rule_id,
        left=left,
        right=right,
        difference=difference,
        verdict=rule.verdict,
        probability_broken=None if rule.verdict == "not_checkable" else rule.probability_broken,
    )


def _checks_by_field(form: Form, posterior: Posterior) -> dict[str, tuple[str, ...]]:
    editions = {key: edition for key, edition, _ in posterior.editions}
    result: dict[str, list[str]] = {}
    for rule in form.rules_for(editions):
        for field_id in (*rule.left, *rule.right):
            result.setdefault(field_id, []).append(rule.id)
    return {k: tuple(v) for k, v in result.items()}


def _table_issues(tables: Mapping[str, TableInfo], fields: Sequence[Field], checks: Sequence[Check]) -> list[Issue]:
    issues = []
    for key, table in tables.items():
        if table.status == "not_found":
            issues.append(
                Issue(
                    code="table_not_found",
                    severity="error",
                    stage="kie",
                    message=f"Table {key} was not found. If the report has it, look at the page with --overlay; a page may be missing.",
                )
            )
        elif table.status == "partly_read":
            issues.append(
                Issue(
                    code="table_partly_read",
                    severity="warning",
                    stage="kie",
                    message=f"Of table {key} some rows or cells could not be read; they are marked unreadable or occluded.",
                )
            )
    found = [t for t in tables.values() if t.status != "not_found"]
    if found and all(t.status == "no_numbers" for t in found):
        issues.append(
            Issue(
                code="no_numbers",
                severity="info",
                stage="kie",
                message="All cells of the tables are blank: an empty form.",
            )
        )
    sums = [c.id for c in checks if c.verdict == "broken_in_source"]
    if sums:
        issues.append(
            Issue(
                code="sum_broken_in_source",
                severity="info",
                stage="reconcile",
                message=f"{len(sums)} sums do not add up as printed: {', '.join(sums[:5])}{' …' if len(sums) > 5 else ''}.",
            )
        )
    return issues


def _fail(issues: Sequence[Issue]) -> list[Issue]:
    others = [i for i in issues if i.code != "table_not_found"]
    message = "No table of the form was found on any page. Is this a 政府信息公开工作年度报告, and are its table pages in the file?"
    return [*others, Issue(code="no_tables", severity="error", stage="kie", message=message)]


def _text(values: Mapping[str, DocumentValue], name: str) -> str | None:
    found = values.get(name)
    return None if found is None else str(found.value)


def _key(agency: str | None) -> str | None:
    """The agency without spaces, punctuation and script variants, for joining years."""
    if agency is None:
        return None
    return "".join(c for c in simplify(agency) if c.isalnum())


def _period(text: str | None) -> tuple[date, date] | None:
    if text is None:
        return None
    try:
        first, last = (date.fromisoformat(part) for part in text.split("/"))
    except ValueError:
        return None
    return first, last
