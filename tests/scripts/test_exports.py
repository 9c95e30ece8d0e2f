"""The makers of export sets: truth and text agree."""

from __future__ import annotations

import re

import pytest

from scripts.exports import flat
from scripts.exports.markup_damage import damage_html
from scripts.exports.refill import draw_values, refill
from scripts.exports.roundtrip import plain_html, truth_of
from scripts.scanmaker import form
from scripts.scanmaker.dice import Dice
from scripts.scanmaker.report import ReportPlan, plan_report
from scripts.scanmaker.splits import load_splits


@pytest.fixture(scope="module")
def plan() -> ReportPlan:
    splits = load_splits()
    return next(p for p in (plan_report(splits, "dev", 7, i) for i in range(99)) if flat.fits_flat(p))


def test_drawn_values_add_up() -> None:
    values = draw_values(Dice(1), {"requests.granted.business"})
    assert "requests.granted.business" not in values
    for kind in form.KINDS:
        parts = sum(int(values.get(f"requests.{r}.{kind}", 0)) for r in form.result_rows("2021"))
        assert parts == values[f"requests.total.{kind}"]
        left = int(values[f"requests.received.{kind}"]) + int(values[f"requests.carried_in.{kind}"])
        assert left == parts + int(values[f"requests.carried_out.{kind}"])


def test_refilled_text_keeps_its_words_and_prints_its_truth(plan: ReportPlan) -> None:
    order = [f for t in "二三四" for f in form.field_ids(t, "2021")]
    text = "二、主动公开政府信息情况\n" + "\n".join("标签 |\n0 |" for _ in order) + "\n五、存在的主要问题及改进情况\n7"
    truth = {"fields": {f: {"value": 0, "state": "read"} for f in order}, "inferred": []}
    made, told = refill(text, truth, Dice(3))
    numbers = re.findall(r"^([\d.]+) \|$", made, re.MULTILINE)
    fields = told["fields"]
    assert isinstance(fields, dict)
    assert [float(n) for n in numbers] == [fields[f]["value"] for f in order]
    assert made.endswith("\n7") and told["inferred"] == []
    assert refill(text, truth, Dice(3)) == (made, told)


@pytest.mark.parametrize("writer", [flat.bars, flat.pipes, flat.tabs, flat.cell_a_line, flat.spaced, flat.letters_lost])
def test_flat_writers_print_every_value(plan: ReportPlan, writer: flat.Writer) -> None:
    text = flat.flat_report(plan, writer, Dice(1))
    printed = re.findall(r"(?<![\d.])[-+]?\d[\d.,]*(?=[\s|]|$)", text)
    wanted = [c.text for c in plan.figures.cells.values()]
    assert set(wanted) <= {*printed, *text.split()}
    assert plan.agency.name in text


def test_damage_is_named_and_keeps_the_values(plan: ReportPlan) -> None:
    page = plain_html(plan)
    assert "href" not in page and "<style>" in page and "<style>" not in plain_html(plan, styled=False)
    damaged, done = damage_html(page, Dice(5), names=("rowspans_lost", "upper_case"))
    assert done == ["rowspans_lost", "upper_case"]
    assert b"rowspan" not in damaged and b"<TD" in damaged
    for cell in plan.figures.cells.values():
        assert cell.text.encode() in damaged


def test_truth_is_what_the_plan_prints(plan: ReportPlan) -> None:
    told = truth_of(plan, "a.html", ["x"])
    assert told["file"] == "a.html" and told["tables"] == plan.figures.tables
    fields = told["fields"]
    assert isinstance(fields, dict) and set(fields) == set(plan.figures.cells)
