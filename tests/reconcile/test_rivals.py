"""Rival placements become rival readings of one field."""

from __future__ import annotations

import math

import pytest

from gikocr.elements import (
    Candidate,
    CellReading,
    FormReading,
    PlacedField,
    Placement,
    PlacementEvidence,
    ReadCell,
    TableReading,
)
from gikocr.geometry import BBox, Quad
from gikocr.markup import TextPlace
from gikocr.reconcile import merge_rivals

NOWHERE = BBox(0, 0, 0, 0)


def cell(printed: str, column: int) -> ReadCell:
    reading = CellReading((Candidate(printed, "read", math.log(0.999)),), "text")
    return ReadCell(1, NOWHERE, Quad(NOWHERE.corners()), "px", reading, place=TextPlace(line=1, column=column))


def placement(edition: str, weight: float, *fields: tuple[str, int | None, float]) -> Placement:
    return Placement("一", edition, weight, tuple(PlacedField(*f) for f in fields), PlacementEvidence(0, 0, 0))


def reading(*placements: Placement) -> FormReading:
    cells = (cell("8", 1), cell("85", 1), cell("5", 2))
    return FormReading(1, "f", cells, (TableReading("一", "read", placements),), ())


def test_one_placement_stays_as_it_is() -> None:
    alone = reading(placement("x", 0.9, ("a", 0, 1.0)))
    assert merge_rivals(alone) == alone
    editions = reading(placement("x", 0.6, ("a", 0, 1.0)), placement("y", 0.4, ("a", 1, 1.0)))
    assert merge_rivals(editions) == editions


def test_readings_are_weighed_by_their_placements() -> None:
    merged = merge_rivals(reading(placement("x", 0.7, ("a", 0, 1.0)), placement("x", 0.3, ("a", 1, 1.0))))
    (only,) = merged.tables[0].placements
    assert only.weight == pytest.approx(1.0)
    (field,) = only.fields
    assert field.certainty == pytest.approx(1.0)
    candidates = merged.cells[field.cell or 0].reading.candidates
    assert [c.printed for c in candidates] == ["8", "85"]
    assert [math.exp(c.log_probability) for c in candidates] == pytest.approx([0.7 * 0.999, 0.3 * 0.999])


def test_fields_on_which_rivals_agree_are_as_sure_as_they_are_together() -> None:
    merged = merge_rivals(
        reading(placement("x", 0.7, ("a", 0, 1.0), ("b", 2, 0.9)), placement("x", 0.3, ("a", 1, 1.0), ("b", 2, 0.9)))
    )
    field = merged.tables[0].placements[0].fields[1]
    assert field.cell == 2 and field.certainty == pytest.approx(0.9)


def test_a_field_that_only_a_rival_found_is_as_sure_as_that_rival() -> None:
    merged = merge_rivals(reading(placement("x", 0.8, ("a", None, 0.0)), placement("x", 0.2, ("a", 1, 1.0))))
    field = merged.tables[0].placements[0].fields[0]
    assert field.cell == 1 and field.certainty == pytest.approx(0.2)
