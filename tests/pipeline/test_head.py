"""The head of a report is read as far as it has something to say."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from gikocr.elements import Region, TextLine, UprightPage
from gikocr.forms import load_form
from gikocr.geometry import Affine, BBox
from gikocr.pipeline.metadata import HEAD_LINES, HEAD_STEPS, read_head_and_tail
from gikocr.pipeline.pages import PageReading

HEAD = ["临江市水利局2023年政府信息公开工作年度报告", "本报告所列数据的统计期限自2023年1月1日起至2023年12月31日止"]


class Lines:
    """Reads what stands in each line of a page by its place, and notes how many it was asked for."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts, self.asked = texts, 0

    def read_lines(self, upright: UprightPage, regions: Sequence[Region]) -> list[TextLine]:
        self.asked += len(regions)
        return [TextLine(r.page, self.texts[round(r.box.top / 100)], r.box, 0.99) for r in regions]


def page_of(texts: Sequence[str]) -> PageReading:
    upright = UprightPage(1, np.full((10, 10), 255, np.uint8), Affine(), "px", (10.0, 10.0), 0, 0.0)
    boxes = [BBox(100.0, 100.0 * i, 1200.0, 100.0 * i + (50 if i == 0 else 30)) for i in range(len(texts))]
    return PageReading(upright, tuple(Region(1, "text", b, 1.0) for b in boxes), (), (), 1.0, 0.0)


def read(texts: Sequence[str]) -> tuple[dict[str, Any], int]:
    lines = Lines(texts)
    found = read_head_and_tail(lines, [page_of(texts)], load_form().document)  # type: ignore[arg-type]
    return {f.id: f.value for f in found}, lines.asked


def test_no_further_than_the_period() -> None:
    facts, asked = read([*HEAD, *["全市水利系统推进政府信息主动公开"] * 20])
    assert facts == {
        "title": HEAD[0],
        "agency": "临江市水利局",
        "year": 2023,
        "period": "2023-01-01/2023-12-31",
    }
    assert asked == HEAD_STEPS[0][1]


def test_a_period_further_down_is_found() -> None:
    text = ["全市水利系统推进政府信息主动公开"] * 9
    facts, asked = read([HEAD[0], *text, HEAD[1], *text])
    assert facts["period"] == "2023-01-01/2023-12-31"
    assert asked == HEAD_LINES


def test_the_steps_cover_the_head_without_a_gap() -> None:
    assert HEAD_STEPS[0][0] == 0
    assert HEAD_STEPS[-1][1] == HEAD_LINES
    assert all(a[1] == b[0] for a, b in itertools.pairwise(HEAD_STEPS))
