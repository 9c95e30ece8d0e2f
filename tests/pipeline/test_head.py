"""The head of a report is read as far as it has something to say."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from gikocr.elements import Region, TextLine, UprightPage
from gikocr.forms import load_form
from gikocr.geometry import Affine, BBox
from gikocr.kie.document import Found
from gikocr.pipeline.metadata import HEAD_LINES, HEAD_STEPS, read_head_and_tail, whole_lines
from gikocr.pipeline.pages import PageReading

HEAD = ["临江市水利局2023年政府信息公开工作年度报告", "本报告所列数据的统计期限自2023年1月1日起至2023年12月31日止"]


class Lines:
    """Reads what stands in each line of a page by its place, 期 for 限 where it only glances; notes what it was asked for."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts
        self.read: list[int] = []
        self.glanced: list[int] = []

    def read_lines(self, upright: UprightPage, regions: Sequence[Region]) -> list[TextLine]:
        self.read += [round(r.box.top / 100) for r in regions]
        return [TextLine(r.page, self.texts[round(r.box.top / 100)], r.box, 0.99) for r in regions]

    def glance_at_lines(self, upright: UprightPage, regions: Sequence[Region]) -> list[TextLine]:
        self.glanced += [round(r.box.top / 100) for r in regions]
        return [TextLine(r.page, self.texts[round(r.box.top / 100)].replace("限", "期"), r.box, 0.99) for r in regions]


def page_of(texts: Sequence[str]) -> PageReading:
    upright = UprightPage(1, np.full((10, 10), 255, np.uint8), Affine(), "px", (10.0, 10.0), 0, 0.0)
    boxes = [BBox(100.0, 100.0 * i, 1200.0, 100.0 * i + (50 if i == 0 else 30)) for i in range(len(texts))]
    return PageReading(upright, tuple(Region(1, "text", b, 1.0) for b in boxes), (), (), 1.0, 0.0)


def read(texts: Sequence[str]) -> tuple[list[Found], Lines]:
    lines = Lines(texts)
    return read_head_and_tail(lines, [page_of(texts)], load_form().document), lines  # type: ignore[arg-type]


def test_no_further_than_the_period() -> None:
    found, lines = read([*HEAD, *["全市水利系统推进政府信息主动公开"] * 20])
    assert {f.id: f.value for f in found} == {
        "title": HEAD[0],
        "agency": "临江市水利局",
        "year": 2023,
        "period": "2023-01-01/2023-12-31",
    }
    assert max(lines.read + lines.glanced) + 1 == HEAD_STEPS[0][1]


def test_a_period_further_down_is_found() -> None:
    text = ["全市水利系统推进政府信息主动公开"] * 9
    found, lines = read([HEAD[0], *text, HEAD[1], *text])
    assert {f.id: f.value for f in found}["period"] == "2023-01-01/2023-12-31"
    assert max(lines.read + lines.glanced) + 1 == HEAD_LINES


def test_long_lines_are_read_with_care_where_they_say_something() -> None:
    text = ["全市水利系统推进政府信息主动公开"] * 9
    found, lines = read([HEAD[0], *text, HEAD[1], *text])
    assert sorted(set(lines.glanced)) == list(range(1, HEAD_LINES))
    assert sorted(set(lines.read)) == [0, 10, 11], "the title, and the sentence with the line after it"
    [period] = [f for f in found if f.id == "period"]
    assert period.line.text == HEAD[1]


def test_the_steps_cover_the_head_without_a_gap() -> None:
    assert HEAD_STEPS[0][0] == 0
    assert HEAD_STEPS[-1][1] == HEAD_LINES
    assert all(a[1] == b[0] for a, b in itertools.pairwise(HEAD_STEPS))


def test_pieces_of_one_line_of_the_signature_are_joined() -> None:
    boxes = [
        BBox(600, 760, 800, 800),
        BBox(812, 756, 1076, 804),
        BBox(1084, 761, 1340, 800),
        BBox(1020, 840, 1328, 884),
    ]
    lines = whole_lines([Region(4, "signature", b, 1.0) for b in boxes])
    assert [line.box for line in lines] == [BBox(600, 756, 1340, 804), boxes[3]]


def test_pieces_far_apart_or_of_other_heights_are_lines_of_their_own() -> None:
    boxes = [BBox(300, 760, 420, 800), BBox(900, 760, 1076, 800), BBox(1084, 700, 1140, 900)]
    assert len(whole_lines([Region(4, "signature", b, 1.0) for b in boxes])) == 3
