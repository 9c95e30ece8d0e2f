"""Whole documents of the scan maker; they need Chromium (and LibreOffice for some) and the installed fonts."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pypdfium2 as pdfium
import pytest

from scripts.scanmaker import form, render
from scripts.scanmaker.__main__ import main
from scripts.scanmaker.docx_page import soffice
from scripts.scanmaker.fonts import FONT_FOLDER
from scripts.scanmaker.html_page import chromium
from scripts.scanmaker.make import Made, Order, make_document
from scripts.scanmaker.report import plan_report
from scripts.scanmaker.splits import load_splits

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(chromium() is None, reason="Chromium is not installed"),
    pytest.mark.skipif(
        not (FONT_FOLDER / "fonts.conf").exists(), reason="run `python -m scripts.scanmaker fonts` first"
    ),
]
SEED = 424


def _first(producer: str) -> int:
    splits = load_splits()
    return next(i for i in range(100) if plan_report(splits, "dev", SEED, i).design.producer == producer)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render, "CACHE", tmp_path / "cache")


def _check(made: Made, out: Path, grade: str) -> None:
    truth = json.loads((out / "truth" / f"{made.name}.json").read_text(encoding="utf-8"))
    assert truth == json.loads(json.dumps(made.truth))
    assert set(truth) == {"file", "agency", "agency_variants", "year", "tables", "fields", "inferred", "tags"}
    assert (out / truth["file"]).exists()
    wanted = {f for t, edition in truth["tables"].items() for f in form.field_ids(t, edition)}
    assert set(truth["fields"]) == wanted
    assert truth["tags"][0] == grade
    inked = {f for f, v in truth["fields"].items() if v["state"] not in {"blank", "occluded"}}
    seen = {f for page in made.pages for f in page.quads}
    assert inked <= seen, f"printed, but on no page: {sorted(inked - seen)}"
    bounds = load_splits().legibility
    for page in made.pages:
        for field in page.quads.keys() & inked:
            value = truth["fields"][field]["value"]
            if value is not None:
                sides = np.ptp(page.quads[field], axis=0)
                # Old-style figures and frames apart, a digit may not fall below the bound by more than one pixel.
                assert max(sides) >= bounds.digit_px - 1, (field, value, sides)


@pytest.mark.parametrize("grade", ["straight", "archive", "hard"])
def test_document_from_html(tmp_path: Path, grade: str) -> None:
    made = make_document(Order("dev", grade, SEED, _first("html"), tmp_path))
    _check(made, tmp_path, grade)
    if grade == "straight":
        assert not any(p.verdict.masked for p in made.pages)


@pytest.mark.skipif(soffice() is None, reason="LibreOffice is not installed")
def test_document_from_docx(tmp_path: Path) -> None:
    made = make_document(Order("dev", "archive", SEED, _first("docx"), tmp_path))
    assert "producer:docx" in made.truth["tags"]  # type: ignore[operator]
    _check(made, tmp_path, "archive")


@pytest.mark.parametrize("producer", ["html", "docx"])
def test_every_printed_value_stands_where_the_spots_say(producer: str) -> None:
    if producer == "docx" and soffice() is None:
        pytest.skip("LibreOffice is not installed")
    plan = plan_report(load_splits(), "dev", SEED, _first(producer))
    document = pdfium.PdfDocument(render.rendered_pdf(plan))
    found = {}
    for number in range(len(document)):
        page = document[number]
        text = page.get_textpage()
        for spot in (s for s in render.spots(document) if s.page == number and s.name != "signature"):
            x0, y0, x1, y1 = spot.box
            words = text.get_text_bounded(x0 - 1, page.get_height() - y1 - 1, x1 + 1, page.get_height() - y0 + 1)
            found[spot.name] = "".join(words.split())
    document.close()
    assert {f: w for f, w in found.items() if w} == {f: c.text for f, c in plan.figures.cells.items() if c.text}


def test_same_seed_same_truth_and_pixels(tmp_path: Path) -> None:
    index = _first("html")
    first = make_document(Order("dev", "archive", SEED, index, tmp_path / "a"))
    shutil.rmtree(tmp_path / "cache")
    again = make_document(Order("dev", "archive", SEED, index, tmp_path / "b"))
    texts = [(tmp_path / f / "truth" / f"{first.name}.json").read_bytes() for f in "ab"]
    assert texts[0] == texts[1]
    for a, b in zip(first.pages, again.pages, strict=True):
        assert np.array_equal(a.pixels, b.pixels)


def test_rendering_is_cached(tmp_path: Path) -> None:
    index = _first("html")
    for grade in ("straight", "archive"):
        make_document(Order("dev", grade, SEED, index, tmp_path / grade))
    assert len(list((tmp_path / "cache").rglob("*.pdf"))) == 1


def test_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = f"make --split dev --grade hard --kind rotated --count 1 --seed {SEED} --keep-pages --keep-boxes -o"
    assert main([*words.split(), str(tmp_path)]) == 0
    assert "1/1 dev-hard" in capsys.readouterr().out
    (truth,) = (tmp_path / "truth").iterdir()
    assert "rotated" in json.loads(truth.read_text(encoding="utf-8"))["tags"]
    assert list((tmp_path / "damage_pages").glob("*.png")) and list((tmp_path / "boxes").iterdir())
    assert (
        main(["make", "--split", "dev", "--grade", "archive", "--kind", "fax", "--count", "1", "-o", str(tmp_path)])
        == 2
    )
