"""Scans drawn here, with form readings made by hand: table 二, which no sum checks, and table 三 with values that add up; some cells
are misread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw

from gikocr.elements import (
    FORM_READING_VERSION,
    CellReading,
    DocumentValue,
    FormReading,
    PlacedField,
    Placement,
    PlacementEvidence,
    ReadCell,
    TableReading,
)
from gikocr.geometry import BBox, Quad
from gikocr.ingest import Input, open_document
from gikocr.pipeline.reporting import build_report
from gikocr.reconcile import reconcile_again
from gikocr.settings import Settings
from gikocr.workspace import NewReport, Workspace
from tests.reconcile.readings import FORM, candidate, consistent_values

Proposal = tuple[str, float]

UNCHECKED = FORM.table("二", "2021").fields
VALUES = consistent_values() | {field_id: 10 + k for k, field_id in enumerate(UNCHECKED)}
ISSUED, REPEALED, IN_FORCE = UNCHECKED[:3]
RECEIVED, TOTAL = "requests.received.natural_person", "requests.received.total"
GRANTED = "requests.granted.business"
#: What the reader proposes for some cells of each document, where it is not sure of the truth.
DOUBTS: dict[str, Sequence[Proposal]] = {
    # Read right and not surely; read wrong, the truth second; read wrong, the truth not proposed.
    ISSUED: ((str(VALUES[ISSUED]), 0.6), ("1", 0.35)),
    REPEALED: (("77", 0.6), (str(VALUES[REPEALED]), 0.35)),
    IN_FORCE: (("3", 0.5), ("8", 0.3)),
    # In a sum that does not hold: the truth is not proposed.
    RECEIVED: (("99", 0.7), ("98", 0.2)),
}
CELL = (80, 40)
LEFT, TOP = 60, 60


@cache
def boxes() -> dict[str, BBox]:
    """Where each field stands on the page, in pixels."""
    width, height = CELL
    grid = {field_id: (row, column) for _, row, column, field_id in FORM.table("三", "2021").cells()}
    last = max(row for row, _ in grid.values())
    grid |= {field_id: (last + 2 + k // 7, k % 7) for k, field_id in enumerate(UNCHECKED)}
    return {
        field_id: BBox(LEFT + column * width, TOP + row * height, LEFT + (column + 1) * width, TOP + (row + 1) * height)
        for field_id, (row, column) in grid.items()
    }


def draw_scan(path: Path, number: int) -> Input:
    """A page with the true values; ``number`` makes its content its own."""
    page = Image.new("L", (LEFT * 2 + 7 * CELL[0], TOP * 2 + 30 * CELL[1]), 255)
    pen = ImageDraw.Draw(page)
    for field_id, box in boxes().items():
        pen.rectangle((box.left, box.top, box.right, box.bottom), outline=0)
        pen.text((box.left + 30, box.top + 12), str(VALUES[field_id]), fill=0, font_size=18)
    pen.text((10, 10), f"document {number}", fill=0)
    path.parent.mkdir(parents=True, exist_ok=True)
    page.save(path)
    return Input(path.name, (path,))


def make_reading(doubts: Mapping[str, Sequence[Proposal]] = DOUBTS, lost: Sequence[str] = ()) -> FormReading:
    """What was read of such a page; the cells of ``lost`` fields were not found."""
    cells: list[ReadCell] = []
    tables = []
    for key in FORM.table_keys:
        if key == "四":
            tables.append(TableReading(key, "not_found", ()))
            continue
        placed = []
        for field_id in FORM.table(key, "2021").fields:
            if field_id in lost:
                placed.append(PlacedField(field_id, None, 0.0))
                continue
            box = boxes()[field_id]
            corners = ((box.left, box.top), (box.right, box.top), (box.right, box.bottom), (box.left, box.bottom))
            given = doubts.get(field_id, ((str(VALUES[field_id]), 0.99995),))
            candidates = tuple(candidate(text, p) for text, p in sorted(given, key=lambda g: -g[1]))
            placed.append(PlacedField(field_id, len(cells), 1.0))
            cells.append(ReadCell(1, box, Quad(corners), "px", CellReading(candidates, "numerals")))
        placement = Placement(key, "2021", 1.0, tuple(placed), PlacementEvidence(100.0, 10.0, 0.0))
        tables.append(TableReading(key, "read", (placement,)))
    page = Quad(((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)))
    facts = (DocumentValue("agency", "某某市财政局", "某某市财政局", 0.999, 1, page, "px"),)
    return FormReading(FORM_READING_VERSION, FORM.id, tuple(cells), tuple(tables), facts)


def make_document(
    workspace: Workspace,
    folder: Path,
    number: int,
    doubts: Mapping[str, Sequence[Proposal]] = DOUBTS,
    lost: Sequence[str] = (),
) -> int:
    """Draw, read and record one document, and return the id of its report."""
    from gikocr.pipeline.calibration import load_calibration

    item = draw_scan(folder / f"{number}.png", number)
    reading = make_reading(doubts, lost)
    calibrated = load_calibration(Settings())
    with open_document(item, Settings()) as document:
        source = document.source
    report = build_report(
        FORM,
        reading,
        reconcile_again(reading, FORM, calibration=calibrated.calibration),
        source=source,
        fingerprint="f",
        models=(),
        issues=(),
        seconds={},
        review_below=0.99,
        confidence_kind=calibrated.kind_for(reading),
    )
    workspace.record(item, [NewReport(report, reading, (), 0.1)], fingerprint="f", form=FORM)
    return next(r.id for r in workspace.reports() if r.name == item.name)


def make_workspace(workspace: Workspace, folder: Path, count: int) -> list[int]:
    """Several documents with the usual doubts."""
    return [make_document(workspace, folder, number) for number in range(count)]
