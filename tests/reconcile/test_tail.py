from __future__ import annotations

import json

import pytest

from gikocr.reconcile import Calibration, reconcile
from gikocr.reconcile.calibration import FAR, KindParameters, Losses, ReadingParameters
from tests.reconcile.readings import FORM, consistent_values, proposals, reading

TOTAL = "requests.total.social_organization"


def calibrated(tail: float | None) -> Calibration:
    soft = {"*": dict.fromkeys(("zero", "single", "multi"), ReadingParameters(temperature=0.5))}
    return Calibration({"scan": KindParameters(soft, tail=tail)}, {})


def given_total(trace: float, tail: float | None) -> str:
    """What is given for a total printed as 1 too many in front, of which a reader lists the consistent value with ``trace``."""
    values = consistent_values()
    given = {**proposals(values), TOTAL: [(f"1{values[TOTAL]}", 1 - trace), (str(values[TOTAL]), trace)]}
    made = reading({"三": ("2021", given)})
    field = next(f for f in reconcile(made, FORM, None, calibrated(tail)).fields if f.field_id == TOTAL)
    return field.candidates[0][0].printed


def test_a_least_trace_overrules_a_sure_reading_only_with_the_temperature_of_close_readings() -> None:
    values = consistent_values()
    assert given_total(1e-9, None) == str(values[TOTAL])
    assert given_total(1e-9, 1.5) == f"1{values[TOTAL]}"


@pytest.mark.parametrize("trace", [FAR, 0.01, 0.3])
def test_readings_close_behind_are_weighed_as_before(trace: float) -> None:
    assert given_total(trace, 1.5) == given_total(trace, None)


def test_an_artefact_of_before_loads_with_the_defaults_and_one_of_now_keeps_what_it_has() -> None:
    ours = Calibration({"scan": KindParameters(losses=Losses(0.01, 0.02, (0.1, 0.2, 0.3, 0.4)), tail=1.25)}, {})
    assert Calibration.from_json(ours.to_json()).kinds["scan"] == ours.kinds["scan"]
    content = json.loads(ours.to_json())
    del content["kinds"]["scan"]["losses"], content["kinds"]["scan"]["tail"]
    before = Calibration.from_json(json.dumps(content)).kinds["scan"]
    assert (before.losses, before.tail) == (Losses(), None)
