"""Values that something covers: read with the ink that lies on them, and told as occluded only where readers and sums are in doubt."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import cv2
import numpy as np
import pytest

from gikocr.elements import Candidate, CellReading, FormReading, Grid, ReadCell, Source, UprightPage
from gikocr.engines.registry import Engines
from gikocr.geometry import Affine, BBox, Quad
from gikocr.ocr.cells import GridInk
from gikocr.ocr.ink import find_ink
from gikocr.ocr.numerals import state_of
from gikocr.pipeline.assembly import CellCollector
from gikocr.pipeline.covered import LEAST_SHARE, occluded_chance, told_occluded
from gikocr.pipeline.reporting import build_report
from gikocr.reconcile import reconcile
from gikocr.report import Report
from gikocr.settings import Settings
from gikocr.workspace.form_readings import pack, unpack
from tests.drawing import blank_page, write
from tests.reconcile.readings import FORM, consistent_values, proposals, reading

BOX = BBox(300, 100, 500, 160)


def cell(share: float, own: Mapping[str, float], reader: str = "a") -> ReadCell:
    candidates = tuple(Candidate(s, state_of(s), math.log(p)) for s, p in own.items())
    return ReadCell(1, BOX, Quad(BOX.corners()), "px", CellReading(candidates, reader), share)


def with_sums(read: ReadCell, probability: float) -> float | None:
    return told_occluded(read, [(read.reading.best, probability)])


def test_the_chance_rises_with_the_share_and_is_none_below_the_least() -> None:
    chances = [occluded_chance(k / 100) for k in range(101)]
    assert chances == sorted(chances)
    assert occluded_chance(LEAST_SHARE - 0.01) == 0.0
    assert occluded_chance(LEAST_SHARE) == pytest.approx(0.53, abs=0.02)
    assert 0.95 < occluded_chance(1.0) < 1.0


@pytest.mark.parametrize(
    ("share", "own", "sums", "reader", "told"),
    [
        (0.8, 0.4, 0.3, "a+b", True),
        (0.8, 0.4, 0.999, "a+b", False),  # the sums know it
        (0.8, 0.99, 0.3, "a+b", False),  # both readers agree
        (0.8, 0.99, 0.3, "a", True),
        (0.05, 0.1, 0.1, "a+b", False),  # nothing lies on it
        (0.3, 0.4, 0.1, "a+b", False),  # a person still reads it
    ],
)
def test_only_doubt_under_a_large_cover_is_occluded(
    share: float, own: float, sums: float, reader: str, told: bool
) -> None:
    assert (with_sums(cell(share, {"8": own}, reader), sums) is not None) == told


def test_sums_that_hold_say_nothing_for_a_blank_under_a_cover() -> None:
    assert with_sums(cell(0.9, {"": 0.3}), 0.998) is not None
    assert with_sums(cell(0.9, {"8": 0.3}), 0.998) is None


def test_where_blanks_are_many_a_blank_under_a_cover_is_one() -> None:
    read = cell(0.9, {"": 0.3})
    assert told_occluded(read, [(read.reading.best, 0.4)], blanks=0.05) is not None
    assert told_occluded(read, [(read.reading.best, 0.4)], blanks=0.5) is None
    figure = cell(0.9, {"8": 0.3})
    assert told_occluded(figure, [(figure.reading.best, 0.4)], blanks=0.5) is not None


def covered_reading(share: float, own: float) -> tuple[FormReading, str]:
    values = consistent_values()
    field = "requests.total.other"
    # Two readings of which no sum can tell the one that is right: another part of its sums is in doubt by as much.
    given = {**proposals(values), field: [(f"{values[field] + 3}", own), (f"{values[field] + 40}", own / 2)]}
    made = reading({"三": ("2021", given)})
    [placed] = [p for t in made.tables for q in t.placements for p in q.fields if p.field_id == field]
    assert placed.cell is not None
    cells = list(made.cells)
    cells[placed.cell] = replace(cells[placed.cell], occluded=share)
    return replace(made, cells=tuple(cells)), field


def report_on(made: FormReading) -> Report:
    return build_report(
        FORM,
        made,
        reconcile(made, FORM),
        source=Source("a.pdf", "0" * 64, 1, "application/pdf", ()),
        fingerprint="f",
        models=(),
        issues=(),
        seconds={},
        review_below=0.99,
    )


def test_an_occluded_field_reaches_the_report_with_its_reason_and_opens_its_sums() -> None:
    made, field_id = covered_reading(0.9, 0.3)
    report = report_on(unpack(pack(made)))
    field = next(f for f in report.fields if f.id == field_id)
    assert (field.state, field.value, field.printed, field.needs_review) == ("occluded", None, None, True)
    assert field.confidence == pytest.approx(occluded_chance(0.9))
    assert field.alternatives and sum(a.probability for a in field.alternatives) <= 1 - occluded_chance(0.9) + 1e-9
    assert {c.verdict for c in report.checks if c.id in field.checks} == {"not_checkable"}
    assert report.status == "partial" and report.tables["三"].status == "partly_read"
    [issue] = [i for i in report.issues if i.code == "values_covered"]
    assert field_id in issue.message and "90 %" in issue.message and issue.page == 1


def test_without_a_cover_the_same_doubt_is_a_value_to_look_at() -> None:
    made, field_id = covered_reading(0.0, 0.3)
    report = report_on(made)
    field = next(f for f in report.fields if f.id == field_id)
    assert field.state == "read" and field.needs_review
    assert not [i for i in report.issues if i.code == "values_covered"]


def read_cell(page: np.ndarray) -> ReadCell:
    nothing = np.zeros_like(page)
    found = GridInk(Grid(1, BOX, (), (), ()), find_ink(page, nothing, nothing), (), 20.0)
    collector = CellCollector([found], {1: UprightPage(1, page, Affine(), "px", (800.0, 300.0), 0, 0.0)})
    collector.index(0, BOX)
    engines = Engines(Settings())
    return collector.read(engines.cell_reader(), engines.second_reader(), Settings().second_below)[0]


def page_with(text: str) -> np.ndarray:
    page = blank_page((800, 300))
    write(page, "行政处罚决定", (150, 250), 28)
    if text:
        write(page, text, (400, 130), 28)
    return page


@pytest.mark.parametrize("text", ["12", "305"])
def test_a_figure_that_a_pen_stroke_touches_is_read_all_the_same(text: str) -> None:
    page = page_with(text)
    cv2.line(page, (330, 172), (470, 88), (110,), 3, cv2.LINE_AA)
    found = read_cell(page)
    assert found.occluded > 0.05
    assert found.reading.best.printed == text


@pytest.mark.parametrize(("radius", "thickness", "x"), [(100, 4, 480), (160, 5, 540), (60, 4, 440), (200, 6, 590)])
def test_a_ring_across_a_blank_cell_is_never_taken_for_a_figure(radius: int, thickness: int, x: int) -> None:
    page = page_with("")
    cv2.circle(page, (x, 150), radius, (90,), thickness, cv2.LINE_AA)
    found = read_cell(page)
    figures = [c for c in found.reading.candidates if c.state == "read"]
    assert found.reading.best.state in ("blank", "slash")
    assert sum(math.exp(c.log_probability) for c in figures) < 0.15


def test_a_value_under_a_black_bar_is_not_taken_for_a_blank() -> None:
    page = page_with("38")
    cv2.rectangle(page, (240, 108), (560, 152), (25,), cv2.FILLED)
    found = read_cell(page)
    assert found.occluded > 0.9
    assert math.exp(found.reading.best.log_probability) < 0.9
    assert with_sums(found, 0.9) is not None


@pytest.mark.parametrize("text", ["", "0", "27", "/", "-"])
def test_clean_cells_are_never_occluded(text: str) -> None:
    found = read_cell(page_with(text))
    assert found.occluded == 0.0
    assert with_sums(found, 0.01) is None
