"""A calibration must be found again from documents whose reader is known to exaggerate, and must hold on others."""

from __future__ import annotations

import json
import math
import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gikocr.cli.main import main
from gikocr.errors import UsageError
from gikocr.evaluation.calibrating import fit, fit_kind
from gikocr.evaluation.reviewed import Reviewed, is_right, load_reviewed
from gikocr.evaluation.truth import Accepted, TruthDocument, TruthField
from gikocr.pipeline.calibration import load_calibration
from gikocr.reconcile import Calibration, reconcile
from gikocr.reconcile.calibration import ErrorMap, KindParameters
from gikocr.reconcile.posterior import mapped
from gikocr.settings import Settings
from gikocr.workspace.folder import ReportFolder
from tests.reconcile.readings import FORM, Proposal, consistent_values, reading

TWO = FORM.table("二", "2021").fields
SURE = 0.9999
"""What the reader says of every reading ..."""
WRONG = 0.02
"""... and how often it is wrong."""


def reviewed(seed: int) -> Reviewed:
    """A document whose reader is wrong in 2 % of the cells and says 0.01 % each time; half of the time it lists what is right."""
    dice = random.Random(seed)
    printed = {**{i: dice.choice([0, 1, 5, 12, 340]) for i in TWO}, **consistent_values()}
    given: dict[str, list[Proposal]] = {}
    for field_id, value in printed.items():
        if dice.random() >= WRONG:
            given[field_id] = [(str(value), SURE)]
            continue
        seen = str(value + dice.choice([1, 3, 6]))
        given[field_id] = [(seen, SURE), (str(value), 5e-5)] if dice.random() < 0.5 else [(seen, SURE)]
    two = {i: given[i] for i in TWO}
    three = {i: v for i, v in given.items() if i not in two}
    fields = {i: TruthField(i, Accepted(Decimal(v), "read")) for i, v in printed.items()}
    truth = TruthDocument(f"{seed}.json", Path(f"{seed}.json"), None, (f"局{seed % 20}",), 2023, None, fields, ())
    return Reviewed(truth, reading({"二": ("2021", two), "三": ("2021", three)}), f"局{seed % 20}|", "f")


@pytest.fixture(scope="module")
def documents() -> list[Reviewed]:
    return [reviewed(seed) for seed in range(48)]


def counts(own: list[Reviewed], calibration: Calibration) -> tuple[float, int, float]:
    """Wrong fields expected and observed, and the standard error of chance."""
    expected, observed, spread = 0.0, 0, 0.0
    for document in own:
        for field in reconcile(document.reading, FORM, calibration=calibration).fields:
            candidate, p = field.candidates[0]
            expected += 1 - p
            spread += p * (1 - p)
            observed += not is_right(document.truth.fields[field.field_id], candidate)
    return expected, observed, math.sqrt(spread)


def test_what_is_fitted_holds_on_other_documents(documents: list[Reviewed]) -> None:
    others = [reviewed(seed) for seed in range(100, 140)]
    before, observed, error = counts(others, Calibration())
    assert observed > before + 3 * error, "the exaggeration must show, or the test shows nothing"
    fitted, checks = fit(documents, FORM, Calibration())
    after, again, error = counts(others, fitted)
    assert abs(again - after) < 3 * error + 0.1 * again
    assert again <= observed
    check = checks["scan"]
    assert check.standard_error is not None
    assert abs(check.observed - check.expected) < 3 * check.standard_error


def test_budgets_keep_their_targets(documents: list[Reviewed]) -> None:
    parameters = fit(documents, FORM, Calibration())[0].kinds["scan"]
    targets = [b.target for b in parameters.budgets]
    doubts = [b.largest_doubt for b in parameters.budgets]
    assert targets == sorted(targets, reverse=True)
    assert doubts == sorted(doubts, reverse=True)
    assert all(b.bounded_doubt <= b.largest_doubt or b.target > 1e-3 for b in parameters.budgets)
    limits = [parameters.review_below(t) for t in (1e-2, 3e-3, 1e-3, 1e-4, 1e-5)]
    assert limits == sorted(limits)
    below = parameters.review_below(1e-3)
    left = fields = 0
    for document in [reviewed(seed) for seed in range(200, 230)]:
        for field in reconcile(document.reading, FORM, calibration=Calibration({"scan": parameters})).fields:
            candidate, p = field.candidates[0]
            fields += 1
            left += p >= below and not is_right(document.truth.fields[field.field_id], candidate)
    assert left <= 3e-3 * fields


def test_without_a_measured_budget_nothing_is_delivered_with_more_doubt_than_the_target() -> None:
    assert KindParameters().review_below(1e-4) == 1 - 1e-4


def test_the_artefact_says_the_same_when_read_again(documents: list[Reviewed]) -> None:
    fitted = fit(documents[:16], FORM, Calibration(), checked=False)[0]
    text = fitted.to_json()
    again = Calibration.from_json(text)
    assert again.to_json() == text
    a, b = (reconcile(documents[0].reading, FORM, calibration=c) for c in (fitted, again))
    for x, y in zip(a.fields, b.fields, strict=True):
        assert [p for _, p in x.candidates] == pytest.approx([p for _, p in y.candidates], rel=1e-4)


@pytest.mark.parametrize("spoil", ["", "[]", "{}", '{"version": 99, "kinds": {}, "provenance": {}}', '{"version": 1'])
def test_what_is_no_calibration_is_refused(spoil: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        Calibration.from_json(spoil)
    path = tmp_path / "c.json"
    path.write_text(spoil)
    with pytest.raises(UsageError):
        load_calibration(Settings(calibration=str(path)))


def test_an_unknown_parameter_is_refused(documents: list[Reviewed]) -> None:
    content = json.loads(fit(documents[:8], FORM, Calibration(), checked=False)[0].to_json())
    content["kinds"]["scan"]["source"]["surprise"] = 1.0
    with pytest.raises(UsageError):
        Calibration.from_json(json.dumps(content))


def test_a_kind_with_too_few_documents_keeps_its_parameters(documents: list[Reviewed]) -> None:
    before = Calibration({"text": KindParameters(maps={"free": ErrorMap(0.5, 1.0)})})
    fitted, _ = fit(documents[:8], FORM, before, checked=False)
    assert fitted.kinds["text"] == before.kinds["text"]
    assert set(fitted.kinds) == {"scan", "text"}


@settings(max_examples=60, deadline=None)
@given(st.floats(1e-9, 1 - 1e-9), st.floats(1e-9, 1 - 1e-9), st.floats(-4, 4), st.floats(0.1, 3))
def test_a_map_keeps_the_order(a: float, b: float, intercept: float, slope: float) -> None:
    low, high = (mapped(min(a, b), ErrorMap(intercept, slope)), mapped(max(a, b), ErrorMap(intercept, slope)))
    assert 0.0 <= low <= high <= 1.0
    assert mapped(a, ErrorMap()) == a


def saved(folder: Path, documents: list[Reviewed]) -> tuple[Path, Path]:
    """The documents as a truth folder and an output folder."""
    truth, out = folder / "truth", folder / "out"
    truth.mkdir()
    reports = ReportFolder(out)
    for document in documents:
        fields: dict[str, Any] = {
            i: {"value": int(f.answer.value or 0), "state": "read"} for i, f in document.truth.fields.items()
        }
        content = {"file": document.truth.name, "agency": document.truth.agencies[0], "fields": fields}
        (truth / document.truth.name).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        path = out / document.truth.name
        path.write_text(json.dumps({"status": "complete", "fields": [], "fingerprint": "abc"}), encoding="utf-8")
        reports.write_form_reading(path, document.reading)
    return truth, out


def test_the_command_fits_from_saved_readings(documents: list[Reviewed], tmp_path: Path) -> None:
    truth, out = saved(tmp_path, documents[:16])
    file = tmp_path / "ours.json"
    assert len(load_reviewed(truth, out)) == 16
    assert main(["calibrate", str(truth), str(out), "--to", str(file), "--note", "ours"]) == 0
    loaded = load_calibration(Settings(calibration=str(file)))
    assert loaded.calibration.provenance["documents"] == 16
    assert loaded.calibration.provenance["pipelines"] == ["abc"]
    assert loaded.kind_for(documents[0].reading) == "calibrated"
    assert [name for name, _ in loaded.named] == ["calibration"]


def test_the_command_refuses_what_it_cannot_fit(documents: list[Reviewed], tmp_path: Path) -> None:
    truth, out = saved(tmp_path, documents[:3])
    file = tmp_path / "ours.json"
    assert main(["calibrate", str(truth), str(out), "--to", str(file)]) == 2
    assert main(["calibrate", str(truth), "--to", str(file)]) == 2
    assert not file.exists()


def test_no_calibration_is_asked_for_by_name() -> None:
    assert load_calibration(Settings(calibration="none")).calibration == Calibration()
    assert load_calibration(Settings(calibration="none")).kind_for(reviewed(1).reading) == "posterior"
    with pytest.raises(UsageError):
        load_calibration(Settings(calibration="none", target_error=1.5))


def test_fitting_twice_gives_the_same(documents: list[Reviewed]) -> None:
    assert fit_kind(documents[:8], FORM) == fit_kind(documents[:8], FORM)
