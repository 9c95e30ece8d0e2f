"""Form readings made by hand: every field of a table with candidates of its own, perfectly placed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from gikocr.elements import (
    FORM_READING_VERSION,
    Candidate,
    CellReading,
    FormReading,
    PlacedField,
    Placement,
    PlacementEvidence,
    ReadCell,
    State,
    TableReading,
)
from gikocr.forms import Form, load_form
from gikocr.geometry import Affine, BBox
from gikocr.ocr.numerals import state_of

FORM: Form = load_form()
Proposal = tuple[str, float]
"""What a reader proposes: the printed text and its probability."""
SURE = 0.999


def consistent_values(edition: str = "2021") -> dict[str, int]:
    """Values of table 三 that fulfil all its rules; the parts differ from each other."""
    rules = [r for r in FORM.editions[edition].rules if r.table == "三"]
    parts = ("natural_person", "business", "research", "social_organization", "legal_service", "other")
    table = FORM.table("三", edition)
    rows = [row.key for section in table.sections for row in section.rows]
    results = [r for r in rows if r not in ("received", "carried_in", "total", "carried_out")]
    values: dict[str, int] = {}
    for c, part in enumerate(parts):
        for r, row in enumerate(results):
            values[f"requests.{row}.{part}"] = (7 * r + 3 * c + r * c) % 11
        total = sum(values[f"requests.{row}.{part}"] for row in results)
        values[f"requests.total.{part}"] = total
        values[f"requests.carried_out.{part}"] = c + 1
        values[f"requests.carried_in.{part}"] = 5 - c
        values[f"requests.received.{part}"] = total + (c + 1) - (5 - c)
    for row in rows:
        values[f"requests.{row}.total"] = sum(values[f"requests.{row}.{p}"] for p in parts)
    assert all(sum(values[i] for i in r.left) == sum(values[i] for i in r.right) for r in rules)
    return values


def proposals(values: Mapping[str, int | str], sure: float = SURE) -> dict[str, list[Proposal]]:
    """One candidate for each field."""
    return {i: [(str(v), sure)] for i, v in values.items()}


def candidate(printed: str, probability: float) -> Candidate:
    state: State = state_of(printed)
    return Candidate(printed, state, math.log(probability))


def reading(
    tables: Mapping[str, tuple[str, Mapping[str, Sequence[Proposal] | None]]],
    certainty: float = 1.0,
    weight: float = 1.0,
) -> FormReading:
    """A form reading of tables: edition, and proposals by field; None: the cell was not found."""
    cells: list[ReadCell] = []
    found = []
    for key, (edition, given) in tables.items():
        placed = []
        for field_id in FORM.table(key, edition).fields:
            if given.get(field_id) is None:
                placed.append(PlacedField(field_id, None, 0.0))
                continue
            k = len(cells)
            box = BBox(10.0 * k, 0.0, 10.0 * k + 8, 8.0)
            best_first = sorted(given[field_id] or (), key=lambda p: -p[1])
            candidates = tuple(candidate(text, p) for text, p in best_first)
            cells.append(ReadCell(1, box, Affine().apply_bbox(box), "px", CellReading(candidates, "test")))
            placed.append(PlacedField(field_id, k, certainty))
        placement = Placement(key, edition, weight, tuple(placed), PlacementEvidence(100.0, 10.0, 0.0))
        found.append(TableReading(key, "read", (placement,)))
    missing = [TableReading(k, "not_found", ()) for k in FORM.table_keys if k not in tables]
    return FormReading(FORM_READING_VERSION, FORM.id, tuple(cells), tuple(found + missing), ())


def backwards(made: FormReading) -> FormReading:
    """The same reading with the fields of every placement listed the other way round."""
    tables = tuple(
        replace(t, placements=tuple(replace(p, fields=p.fields[::-1]) for p in t.placements)) for t in made.tables
    )
    return replace(made, tables=tables)
