"""A report whose pages lie side by side on its pictures reads as it does page by page, and shows where on the picture."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gikocr.export.overlay import paint_page
from gikocr.ingest import Input, open_document
from gikocr.pipeline import Pipeline
from gikocr.report import Evidence, Report
from gikocr.settings import Settings

SAMPLE = Path(__file__).parents[2] / "samples" / "straight.pdf"


@pytest.fixture(scope="module")
def single() -> Report:
    return Pipeline(Settings()).extract(Input(SAMPLE.name, (SAMPLE,))).report


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages of the sample two by two, as pages of one TIFF; an odd last page stays alone."""
    pages = []
    with open_document(Input(SAMPLE.name, (SAMPLE,)), replace(Settings(), working_dpi=200)) as document:
        for number in range(1, document.page_count + 1):
            pages.append(Image.fromarray(document.read_page(number).image).convert("L"))
    spreads = []
    for left, right in zip(pages[::2], [*pages[1::2], None], strict=False):
        spreads.append(left if right is None else Image.fromarray(np.hstack([np.asarray(left), np.asarray(right)])))
    path = tmp_path_factory.mktemp("spread") / "spread.tif"
    spreads[0].save(path, save_all=True, append_images=spreads[1:], dpi=(300, 300))
    return path


def test_spreads_read_as_their_pages_do(single: Report, picture: Path) -> None:
    extraction = Pipeline(Settings(), painter=paint_page).extract(Input(picture.name, (picture,)), overlay=True)
    report = extraction.report
    assert {f.id: f.value for f in report.fields} == {f.id: f.value for f in single.fields}
    assert report.document.agency == single.document.agency
    with Image.open(picture) as file:
        frames, width = getattr(file, "n_frames", 1), file.width
    assert [number for number, _ in extraction.overlays] == list(range(1, frames + 1))
    before = {f.id: f.evidence for f in single.fields if f.evidence is not None}
    for field in report.fields:
        place = field.evidence
        if place is None:
            continue
        old = before[field.id]
        assert isinstance(place, Evidence) and old.page is not None and place.page is not None
        assert place.page == (old.page + 1) // 2
        assert place.bbox is not None
        on_the_right = place.bbox[0] >= width / 2
        assert on_the_right == (old.page % 2 == 0), "of two pages side by side the even one is the right one"
