from __future__ import annotations

from dataclasses import replace

import pytest

from gikocr.elements import FormReading
from gikocr.pipeline.reporting import build_report
from gikocr.reconcile import reconcile
from gikocr.report import Report, SourceInfo
from tests.reconcile.readings import FORM, consistent_values, proposals, reading


def report_of(made: FormReading, review_below: float) -> Report:
    return build_report(
        FORM,
        made,
        reconcile(made, FORM),
        source=SourceInfo(name="a.pdf", sha256="0" * 64, media_type="application/pdf", pages=1),
        fingerprint="f",
        models=(),
        issues=(),
        seconds={},
        review_below=review_below,
    )


def test_the_edition_that_the_sums_chose_is_reported_and_not_the_heaviest_by_labels() -> None:
    values = consistent_values("2021")
    only_here = sorted(set(FORM.table("三", "2021").fields) - set(FORM.table("三", "2019").fields))[0]
    given = {**proposals(values), only_here: None}
    chosen = reading({"三": ("2021", given)}, weight=0.4)
    [by_labels] = [t.placements[0] for t in reading({"三": ("2019", {})}, weight=0.6).tables if t.table == "三"]
    tables = tuple(replace(t, placements=(by_labels, *t.placements)) if t.table == "三" else t for t in chosen.tables)
    report = build_report(
        FORM,
        replace(chosen, tables=tables),
        reconcile(chosen, FORM),
        source=SourceInfo(name="a.pdf", sha256="0" * 64, media_type="application/pdf", pages=1),
        fingerprint="f",
        models=(),
        issues=(),
        seconds={},
        review_below=0.99,
    )
    by_id = {f.id: f for f in report.fields}
    assert by_id[only_here].state == "unreadable"
    assert by_id["requests.received.total"].value == values["requests.received.total"]


def test_a_table_has_no_placement_of_an_edition_that_it_was_not_placed_in() -> None:
    [table] = [t for t in reading({"三": ("2021", {})}).tables if t.table == "三"]
    assert table.of_edition("2021") is table.placements[0]
    with pytest.raises(ValueError, match="2019"):
        table.of_edition("2019")


@pytest.mark.parametrize(("sure", "waits"), [(0.999, True), (0.7, False)])
def test_where_the_sums_overrule_what_was_read_for_sure_somebody_looks(sure: float, waits: bool) -> None:
    values = consistent_values()
    total = "requests.total.other"
    given = {
        **proposals(values),
        total: [(f"{values[total]}1", sure), (str(values[total]), 2e-4 if sure > 0.9 else 0.25)],
    }
    made = reading({"三": ("2021", given)})
    report = report_of(made, 0.5)
    field = next(f for f in report.fields if f.id == total)
    assert field.value == values[total]
    assert field.needs_review == waits
    assert field.reasons == (("overruled",) if waits else ())


@pytest.mark.parametrize(("share", "waits"), [(0.2, True), (0.0, False)])
def test_a_mark_under_foreign_ink_waits_for_somebody(share: float, waits: bool) -> None:
    """A piece of a 0 that a seal crosses looks like a dash, to both readers at once."""
    mark = "requests.granted.research"
    made = reading({"三": ("2021", {**proposals(consistent_values()), mark: [("-", 0.9999)]})})
    [places] = [p for t in made.tables if t.table == "三" for p in t.placements]
    index = next(f.cell for f in places.fields if f.field_id == mark)
    assert index is not None
    cells = tuple(replace(c, occluded=share) if k == index else c for k, c in enumerate(made.cells))
    made = replace(made, cells=cells)
    report = report_of(made, 0.001)
    field = next(f for f in report.fields if f.id == mark)
    assert field.state == "dash"
    assert field.needs_review == waits


def test_a_sum_with_a_part_that_was_not_read_is_not_checkable() -> None:
    """Nobody knows what the part adds: neither that the sum is broken nor that it holds."""
    part = "requests.granted.research"
    whole = report_of(reading({"三": ("2021", proposals(consistent_values()))}), 0.5)
    lost = report_of(reading({"三": ("2021", {**proposals(consistent_values()), part: None})}), 0.5)
    before, after = ({c.id: c.verdict for c in r.checks} for r in (whole, lost))
    own = next(f for f in lost.fields if f.id == part)
    assert own.state == "unreadable"
    assert own.checks
    assert {before[rule] for rule in own.checks} == {"holds"}
    assert {after[rule] for rule in own.checks} == {"not_checkable"}
    assert {r: v for r, v in before.items() if r not in own.checks} == {
        r: v for r, v in after.items() if r not in own.checks
    }
