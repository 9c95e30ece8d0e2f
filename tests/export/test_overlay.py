from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from gikocr.elements import (
    FORM_READING_VERSION,
    Candidate,
    Cell,
    CellReading,
    FormReading,
    Grid,
    PlacedField,
    Placement,
    PlacementEvidence,
    ReadCell,
    Region,
    TableReading,
    TextLine,
    UprightPage,
)
from gikocr.export.overlay import (
    OverlayField,
    OverlayPage,
    draw_overlay,
    draw_overlay_image,
    overlay_page,
    paint_page,
    short_id,
)
from gikocr.geometry import Affine, BBox, Quad
from gikocr.report import Field, Report, SourceInfo

WIDTH, HEIGHT = 800, 1000
BOX = BBox(100, 200, 300, 260)


def upright(number: int = 2) -> UprightPage:
    gray = np.full((HEIGHT, WIDTH), 255, np.uint8)
    gray[210:250, 180:220] = 0
    return UprightPage(number, gray, Affine(), "px", (WIDTH, HEIGHT), 0, 0.0)


def page(*fields: OverlayField) -> OverlayPage:
    return OverlayPage(2, upright().gray, fields=fields)


def a_field(confidence: float | None, *, needs_review: bool = False) -> OverlayField:
    return OverlayField(BOX, "requests.received.natural_person", "21", confidence, needs_review)


def pixels(picture: Image.Image, box: BBox) -> np.ndarray:
    cut = picture.crop((round(box.left), round(box.top), round(box.right), round(box.bottom)))
    return np.asarray(cut).astype(int)


def count_of(picture: Image.Image, colour: tuple[int, int, int]) -> int:
    return int((np.abs(pixels(picture, BOX) - np.array(colour)).max(axis=2) < 30).sum())


GREEN, ORANGE, RED = (0, 122, 51), (217, 112, 0), (196, 0, 0)


@pytest.mark.parametrize(
    ("confidence", "needs_review", "level"),
    [
        (0.999, False, "sure"),
        (0.99, False, "sure"),
        (0.999, True, "doubtful"),
        (0.95, False, "doubtful"),
        (0.89, False, "very_doubtful"),
        (None, False, "very_doubtful"),
    ],
)
def test_levels(confidence: float | None, needs_review: bool, level: str) -> None:
    assert a_field(confidence, needs_review=needs_review).level == level


def test_each_level_has_its_colour_and_outline() -> None:
    sure, doubtful, bad = (draw_overlay_image(page(a_field(c))) for c in (0.999, 0.95, 0.5))
    assert count_of(sure, GREEN) > 400
    assert count_of(sure, ORANGE) == count_of(sure, RED) == 0
    assert count_of(doubtful, ORANGE) > 200
    assert count_of(doubtful, GREEN) == count_of(doubtful, RED) == 0
    assert count_of(bad, RED) > 200
    assert count_of(bad, GREEN) == 0
    # Without colour: a solid top edge, dashes, and hatching inside the right end of the cell.
    inside = BBox(250, 205, 290, 255)
    assert (pixels(sure, inside).min(axis=2) == 255).all()
    assert (pixels(bad, inside).min(axis=2) < 100).any()
    top_of_sure = pixels(sure, BBox(110, 199, 290, 204)).min(axis=(0, 2))
    top_of_doubtful = pixels(doubtful, BBox(110, 199, 290, 204)).min(axis=(0, 2))
    assert (top_of_sure < 100).all()
    assert 0.3 < (top_of_doubtful < 100).mean() < 0.8


def test_the_value_is_written_into_the_corner_and_the_page_is_kept() -> None:
    with_text = draw_overlay_image(page(a_field(0.999)))
    without = draw_overlay_image(page(replace(a_field(0.999), text="", field_id="")))
    corner = BBox(104, 203, 140, 230)
    assert (pixels(with_text, corner) != pixels(without, corner)).any()
    assert (pixels(without, BBox(185, 215, 215, 245)) < 120).all()
    assert with_text.width == WIDTH
    assert with_text.height > HEIGHT


def test_everything_else_is_drawn() -> None:
    box = BBox(50, 150, 700, 600)
    grid = Grid(
        page=2,
        box=box,
        row_lines=(((50, 150), (700, 150)), ((50, 600), (700, 600))),
        col_lines=(((50, 150), (50, 600)), ((700, 150), (700, 600))),
        cells=(Cell(0, 1, 0, 1, box),),
    )
    bare = pixels(draw_overlay_image(page()), BBox(0, 0, WIDTH, HEIGHT))
    for changes in (
        {"grids": (grid,)},
        {"regions": (Region(2, "table", BBox(40, 140, 710, 610), 0.97),)},
        {"lines": (TextLine(2, "一、总体情况", BBox(100, 50, 400, 90), 0.9),)},
    ):
        drawn = draw_overlay_image(replace(page(), **changes))
        assert (pixels(drawn, BBox(0, 0, WIDTH, HEIGHT)) != bare).any()


def test_the_png_is_small_and_has_the_picture() -> None:
    png = draw_overlay(page(a_field(0.5)))
    with Image.open(io.BytesIO(png)) as picture:
        assert picture.format == "PNG"
        assert picture.width == WIDTH
    assert len(png) < 60_000


def test_a_tiny_page_and_a_cell_without_room_do_not_fail() -> None:
    tiny = OverlayPage(
        1, np.zeros((1, 1), np.uint8), fields=(OverlayField(BBox(0, 0, 0, 0), "x", "123456", 0.1, True),)
    )
    assert draw_overlay(tiny).startswith(b"\x89PNG")
    outside = replace(a_field(0.5), box=BBox(-50, -50, 5000, 5000))
    assert draw_overlay(page(outside)).startswith(b"\x89PNG")


def test_short_ids() -> None:
    assert short_id("requests.received.natural_person") == "rec.nat-per"
    assert short_id("requests.received.natural_person", 1) == "r.n-p"
    assert short_id("x") == "x"
    assert short_id("表.行") == "?.?"


def reading_and_report() -> tuple[FormReading, Report]:
    quad = Quad(BOX.corners())
    cells = tuple(
        ReadCell(p, BOX.moved(0, 100 * i), quad, "px", CellReading((Candidate("21", "read", -0.1),), "r"))
        for i, p in enumerate((2, 2, 3))
    )
    ids = (("a.b.c", 0), ("a.b.d", 1), ("a.b.e", 2), ("a.b.f", None))
    placed = tuple(PlacedField(field_id, cell, 1.0) for field_id, cell in ids)
    chosen = Placement("三", "2021", 0.9, placed, PlacementEvidence(0, 0, 0))
    other = replace(chosen, weight=0.1, fields=(PlacedField("a.b.c", 1, 1.0),))
    reading = FormReading(
        FORM_READING_VERSION,
        "f",
        cells,
        (TableReading("三", "read", (chosen, other)), TableReading("四", "not_found", ())),
        (),
    )
    common = {"unit": None, "confidence_kind": "posterior", "needs_review": False}
    fields = (
        Field(id="a.b.c", value=21, printed="21", state="read", confidence=0.999, **common),
        Field(id="a.b.d", value=None, printed="无", state="none_word", confidence=0.5, **common),
        Field(id="a.b.e", value=1, printed="1", state="read", confidence=0.5, **common),
    )
    source = SourceInfo(name="a", sha256=None, pages=3, media_type="")
    return reading, Report(gikocr="0", fingerprint="", source=source, status="complete", fields=fields)


def test_what_is_drawn_is_gathered_from_the_heaviest_placement_of_this_page() -> None:
    reading, report = reading_and_report()
    regions = (Region(2, "table", BOX, 1.0), Region(3, "table", BOX, 1.0))
    gathered = overlay_page(upright(2), regions=regions, form_reading=reading, report=report)
    assert [(f.field_id, f.text, f.box.top) for f in gathered.fields] == [
        ("a.b.c", "21", 200),
        ("a.b.d", "(none)", 300),
    ]
    assert gathered.regions == regions[:1]
    assert overlay_page(upright(2), form_reading=reading).fields == ()
    assert paint_page(upright(2), regions=regions, form_reading=reading, report=report) == draw_overlay(gathered)
