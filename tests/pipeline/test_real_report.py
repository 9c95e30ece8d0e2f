"""The whole way on a real report, where it lies beside this checkout, and on pictures of its pages."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from PIL import Image

from gikocr.forms import load_form
from gikocr.ingest import Input
from gikocr.pipeline import Extraction, Pipeline
from gikocr.reconcile import reconcile
from gikocr.report import Report
from gikocr.workspace.form_readings import pack, unpack

HYBRID = {"二": "2021", "三": "2019", "四": "2021"}


@pytest.fixture(scope="module")
def truth(hongze_path: Path) -> dict[str, Any]:
    return json.loads((hongze_path.parents[1] / "truth" / "hongze_2024.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def pages(hongze_path: Path) -> list[Image.Image]:
    with pypdfium2.PdfDocument(hongze_path) as pdf:
        return [page.render(scale=200 / 72, grayscale=True).to_pil() for page in pdf]


def wrong(report: Report, truth: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Fields whose value is not the one in the truth: (found, wanted)."""
    found = {f.id: f.value for f in report.fields}
    wanted = {k: None if v is None else Decimal(str(v)) for k, v in truth["fields"].items()}
    shown = {k: None if v is None else Decimal(str(v)) for k, v in found.items()}
    return {k: (shown.get(k, "absent"), v) for k, v in wanted.items() if shown.get(k, "absent") != v}


def test_all_fields_of_a_real_report(hongze: Extraction, truth: dict[str, Any]) -> None:
    report = hongze.report
    assert len(report.fields) == len(truth["fields"]) == 186
    assert wrong(report, truth) == {}
    assert report.status == "complete"
    assert report.document.agency in {truth["agency"], *truth["agency_variants"]}
    assert report.document.year == truth["year"]
    # A hybrid: table 三 has the undivided row （六） of 2019.
    assert report.document.edition == "2021"
    assert {key: t.edition for key, t in report.tables.items()} == HYBRID
    sure = [f for f in report.fields if f.confidence is not None and f.confidence > 0.99]
    assert len(sure) >= 0.9 * len(report.fields)


def test_every_field_has_its_place_on_a_page(hongze: Extraction, pages: list[Image.Image]) -> None:
    boxes: set[tuple[Any, ...]] = set()
    for field in hongze.report.fields:
        assert field.evidence is not None and field.evidence.bbox is not None
        left, top, right, bottom = field.evidence.bbox
        width, height = (side * 72 / 200 for side in pages[field.evidence.page - 1].size)
        assert 0 <= left < right <= width + 1 and 0 <= top < bottom <= height + 1
        boxes.add((field.evidence.page, round(left), round(top)))
    assert len(boxes) == len(hongze.report.fields), "no cell stands for two fields"


def test_checks_are_those_of_the_form_and_agree_with_the_values(hongze: Extraction) -> None:
    values = {f.id: f.value for f in hongze.report.fields}
    rules = {r.id: r for r in load_form().rules_for(HYBRID)}
    assert len(hongze.report.checks) == len(rules) == 40
    for check in hongze.report.checks:
        rule = rules[check.id]
        assert check.left == sum(values[i] or 0 for i in rule.left)
        assert check.right == sum(values[i] or 0 for i in rule.right)
        assert (check.verdict == "holds") == (check.left == check.right)


def test_the_saved_form_reading_gives_the_same_conclusions(hongze: Extraction) -> None:
    reading = hongze.form_reading
    assert reading is not None
    again = unpack(pack(reading))
    assert again == reading
    form = load_form()
    assert reconcile(again, form) == reconcile(reading, form)


def test_two_runs_give_equal_reports(hongze: Extraction, hongze_path: Path, pipeline: Pipeline) -> None:
    again = pipeline.extract(Input(hongze_path.name, (hongze_path,))).report
    first, second = hongze.report.model_dump(mode="json"), again.model_dump(mode="json")
    first["provenance"].pop("seconds"), second["provenance"].pop("seconds")
    assert first == second


def test_pictures_in_reversed_order(
    extract: Callable[..., Extraction], pages: list[Image.Image], truth: dict[str, Any], tmp_path: Path
) -> None:
    paths = []
    for k, page in enumerate(reversed(pages)):
        paths.append(tmp_path / f"scan_{k:02d}.png")
        page.save(paths[-1], dpi=(200, 200))
    report = extract(*paths).report
    assert wrong(report, truth) == {}
    assert report.document.agency in {truth["agency"], *truth["agency_variants"]}
    assert report.document.year == truth["year"]
    assert any(i.code == "pages_reordered" for i in report.issues)


@pytest.mark.parametrize("angle", [90, 180, 270])
def test_pages_on_their_side_or_head(
    angle: int,
    pages: list[Image.Image],
    hongze: Extraction,
    extract: Callable[..., Extraction],
    truth: dict[str, Any],
    tmp_path: Path,
) -> None:
    tables = {f.evidence.page for f in hongze.report.fields if f.evidence is not None}
    path = tmp_path / f"turned_{angle}.tif"
    turned = [page.rotate(angle, expand=True) for k, page in enumerate(pages, 1) if k in tables]
    turned[0].save(path, save_all=True, append_images=turned[1:], compression="tiff_lzw", dpi=(200, 200))
    assert wrong(extract(path).report, truth) == {}
