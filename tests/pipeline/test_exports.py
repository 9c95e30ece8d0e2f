"""The whole way of exports: samples, real texts where they lie beside this checkout, and damage of all kinds."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gikocr.forms import load_form
from gikocr.ingest import Document, Input
from gikocr.markup import PageText
from gikocr.pipeline import Extraction, Pipeline
from gikocr.reconcile import merge_rivals, reconcile
from gikocr.report import Report
from gikocr.workspace.form_readings import pack, unpack

SAMPLES = Path(__file__).parents[2] / "samples"
EXPORTS = (
    "bars.txt",
    "pipes.txt",
    "tabs.txt",
    "cell_a_line.txt",
    "run_together.txt",
    "letters_lost.txt",
    "broken.html",
    "word.docx",
)
REAL = Path(__file__).parents[3] / "shared" / "real"
TEXTS = sorted((REAL / "docs").glob("*.txt")) if REAL.is_dir() else []


def as_number(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def wrong(report: Report, truth: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Fields that are neither right nor, where they are inferred, marked for review."""
    found = {f.id: f for f in report.fields}
    result = {}
    for field_id, told in truth["fields"].items():
        known = told if isinstance(told, dict) else {"value": told}
        field = found.get(field_id)
        if field is None or field.state == "unreadable":
            result[field_id] = (None, told)
            continue
        rights = [(known["value"], known.get("state")), *map(tuple, known.get("also_ok", []))]
        right = any(
            as_number(field.value) == as_number(value) and state in (None, field.state) for value, state in rights
        )
        if not right and not (field.needs_review and field_id in truth["inferred"]):
            result[field_id] = (field.value, told)
    return result


@pytest.mark.parametrize("name", EXPORTS)
def test_samples(name: str, extract: Callable[..., Extraction]) -> None:
    truth = json.loads((SAMPLES / "truth" / f"{name}.json").read_text(encoding="utf-8"))
    report = extract(SAMPLES / name).report
    assert wrong(report, truth) == {}
    assert report.status == "complete"
    assert {key: t.edition for key, t in report.tables.items()} == truth["tables"]
    assert report.document.year == truth["year"]
    assert report.document.agency in {truth["agency"], *truth["agency_variants"]}
    sure = sum(f.confidence is not None and f.confidence > 0.99 for f in report.fields)
    assert sure >= 0.97 * len(report.fields)


@pytest.mark.skipif(not TEXTS, reason="the real texts are not beside this checkout (../shared/real/docs)")
@pytest.mark.parametrize("path", TEXTS, ids=lambda p: p.stem)
def test_real_texts(path: Path, extract: Callable[..., Extraction]) -> None:
    truth = json.loads((REAL / "truth" / f"{path.stem}.json").read_text(encoding="utf-8"))
    report = extract(path).report
    assert wrong(report, truth) == {}
    found = {key for key, t in report.tables.items() if t.status != "not_found"}
    assert {key: report.tables[key].edition for key in found} == {key: truth["tables"][key] for key in found}


def test_the_real_empty_form_has_no_numbers(extract: Callable[..., Extraction]) -> None:
    path = REAL / "docs" / "template_2021_form.docx"
    if not path.exists():
        pytest.skip("the empty form is not beside this checkout (../shared/real/docs)")
    report = extract(path).report
    assert report.status == "complete"
    assert {f.state for f in report.fields} == {"blank"} and len(report.fields) == 200
    assert "no_numbers" in {i.code for i in report.issues}


def test_a_text_layer_is_read_without_ocr(hongze: Extraction) -> None:
    report = hongze.report
    assert "ocr" not in report.provenance.steps
    assert {f.evidence.reader for f in report.fields if f.evidence} == {"text"}


def test_evidence_says_where(extract: Callable[..., Extraction]) -> None:
    report = extract(SAMPLES / "pipes.txt").report
    lines = (SAMPLES / "pipes.txt").read_bytes().decode("gb18030").split("\n")
    for field in report.fields:
        place = field.evidence
        assert place is not None and place.line is not None and place.column is not None and place.bbox is None
        assert lines[place.line - 1][place.column - 1 :].startswith(field.printed or "")
    cells = extract(SAMPLES / "broken.html").report
    assert all(f.evidence and f.evidence.table is not None and f.evidence.row is not None for f in cells.fields)
    assert {s.id for s in report.sections} == {"1", "2", "3", "4", "5", "6"}


def test_the_saved_form_reading_gives_the_same_conclusions(extract: Callable[..., Extraction]) -> None:
    reading = extract(SAMPLES / "run_together.txt").form_reading
    assert reading is not None
    form = load_form()
    again = unpack(pack(reading))
    assert again == reading
    assert any(len(t.placements) > 1 for t in reading.tables)
    assert reconcile(merge_rivals(again), form) == reconcile(merge_rivals(reading), form)


def test_two_reports_in_one_file(extract: Callable[..., Extraction], tmp_path: Path) -> None:
    both = tmp_path / "both.txt"
    first, second = ((SAMPLES / n).read_bytes() for n in ("bars.txt", "cell_a_line.txt"))
    both.write_bytes(first + second)
    found = extract(both)
    assert len(found.more) == 1
    for extraction, name in ((found, "bars.txt"), (found.more[0], "cell_a_line.txt")):
        truth = json.loads((SAMPLES / "truth" / f"{name}.json").read_text(encoding="utf-8"))
        assert wrong(extraction.report, truth) == {}
        assert extraction.report.document.year == truth["year"]


def test_values_lost_and_no_form_at_all(extract: Callable[..., Extraction], tmp_path: Path) -> None:
    lost = tmp_path / "lost.txt"
    lines = (SAMPLES / "bars.txt").read_text(encoding="utf-8").replace("|", "").split("\n")
    lost.write_text("\n".join(dict.fromkeys(line.strip() for line in lines if not line.strip(" ").isdigit())) + "\n0\n")
    report = extract(lost).report
    assert report.status == "failed" and not any(f.value is not None for f in report.fields)
    assert report.issues[0].code == "values_lost"
    other = tmp_path / "other.html"
    other.write_text("<html><body><table><tr><td>苹果</td><td>3</td></tr></table></body></html>")
    report = extract(other).report
    assert report.status == "failed" and report.issues[-1].code == "no_tables"


def test_a_number_too_long_to_be_one_is_kept_as_text(extract: Callable[..., Extraction], tmp_path: Path) -> None:
    text = (SAMPLES / "bars.txt").read_text(encoding="utf-8")
    path = tmp_path / "long.txt"
    head, tail = text.split("行政许可 |\n", 1)
    path.write_text(head + "行政许可 |\n" + "9" * 400 + tail[tail.index(" |") :], encoding="utf-8")
    field = next(f for f in extract(path).report.fields if f.id == "disclosure.licensing.decisions")
    assert field.value is None and field.needs_review


SOURCES = [(SAMPLES / name).read_bytes() for name in EXPORTS if (SAMPLES / name).exists()]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_exports_never_crash(data: st.DataObject, pipeline: Pipeline, tmp_path: Path) -> None:
    """Cut, shuffled, repeated, re-encoded: a report comes out, and a failed one says why."""
    content = data.draw(st.sampled_from(SOURCES))
    kind = data.draw(st.sampled_from(["cut", "drop", "repeat", "swap", "noise", "recode", "lines"]))
    a, b = sorted(data.draw(st.tuples(st.integers(0, len(content)), st.integers(0, len(content)))))
    match kind:
        case "cut":
            content = content[a:b]
        case "drop":
            content = content[:a] + content[b:]
        case "repeat":
            content = content[:b] + content[a:b] * 3 + content[b:]
        case "swap":
            content = content[b:] + content[a:b] + content[:a]
        case "noise":
            content = content[:a] + data.draw(st.binary(max_size=400)) + content[a:]
        case "recode":
            text = content.decode("utf-8", errors="replace")
            content = text.encode(
                data.draw(st.sampled_from(["gb18030", "utf-16", "big5hkscs", "latin-1"])), errors="replace"
            )
        case "lines":
            lines = content.split(b"\n")
            content = b"\n".join(data.draw(st.permutations(lines[:60])) + lines[60:])
    path = tmp_path / "damaged.bin"
    path.write_bytes(content)
    report = pipeline.extract(Input("damaged.bin", (path,))).report
    assert Report.from_json(report.to_json()) == report
    if report.status == "failed":
        assert any(i.severity == "error" and i.message for i in report.issues)


@pytest.mark.parametrize(
    "content",
    [
        b"|\n" * 400_000,
        b"\t0\n" * 300_000,
        b"1" * 2_000_000,
        ("规章 0 0 0\n（七）总计 1 2 3 4 5 6 7\n" * 20_000).encode(),
        b"<table><tr><td>" * 60_000,
        b"<table>" + b"<tr><td rowspan=5000 colspan=5000>0</td></tr>" * 500,
    ],
    ids=["bars", "tabs", "digits", "labels", "nested tables", "wide cells"],
)
def test_noise_ends_soon(content: bytes, extract: Callable[..., Extraction], tmp_path: Path) -> None:
    path = tmp_path / "noise.bin"
    path.write_bytes(content)
    assert extract(path).report.status == "failed"


def test_bombs(extract: Callable[..., Extraction], tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", b"\0" * (80 * 2**20))
    bomb = tmp_path / "bomb.docx"
    bomb.write_bytes(out.getvalue())
    assert [i.code for i in extract(bomb).report.issues] == ["file_too_large"]


@pytest.mark.parametrize("kind", ["hidden", "garbled"])
def test_a_text_layer_that_cannot_be_trusted_is_left_alone(
    kind: str, hongze: Extraction, hongze_path: Path, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Document.read_page_text

    def spoilt(self: Document, number: int) -> PageText | None:
        layer = real(self, number)
        if layer is None:
            return None
        glyphs = tuple(replace(g, text=chr(0xE000 + ord(g.text) % 4096)) for g in layer.glyphs)
        return replace(layer, hidden=1.0) if kind == "hidden" else replace(layer, glyphs=glyphs)

    monkeypatch.setattr(Document, "read_page_text", spoilt)
    report = pipeline.extract(Input(hongze_path.name, (hongze_path,))).report
    assert "ocr" in report.provenance.steps
    assert "text_layer_unused" in {i.code for i in report.issues}
    assert {f.id: f.value for f in report.fields} == {f.id: f.value for f in hongze.report.fields}
