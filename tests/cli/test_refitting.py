"""Another calibration for an archive that is read: equal to reading it anew, without reading."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from gikocr.cli.main import main
from gikocr.pipeline import Pipeline
from gikocr.report import Report, equal
from gikocr.workspace import Workspace

SAMPLES = Path(__file__).parents[2] / "samples"
TEXTS = ("bars.txt", "run_together.txt", "letters_lost.txt", "word.docx")
SPEED = ("--workers", "1")


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in TEXTS:
        shutil.copy(SAMPLES / name, folder / name)
    (folder / "nothing.txt").write_text("没有表格", encoding="utf-8")
    return folder


def extract(folder: Path, out: Path, *options: str) -> int:
    return main(["extract", str(folder), "-o", str(out), *SPEED, *options])


def reports(out: Path) -> dict[str, Report]:
    return {p.name: Report.from_json(p.read_bytes()) for p in sorted(out.glob("*.json"))}


def test_known_documents_get_another_calibration_from_what_was_read(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out, anew = tmp_path / "out", tmp_path / "anew"
    assert extract(archive, out) == 1
    packaged = reports(out)
    shutil.copy(archive / TEXTS[0], archive / "copy.txt")
    assert extract(archive, anew, "--calibration", "none") == 1
    read: list[Any] = []
    reading = Pipeline.extract

    def counted(self: Pipeline, item: Any, **options: Any) -> Any:
        read.append(item.name)
        return reading(self, item, **options)

    monkeypatch.setattr(Pipeline, "extract", counted)
    capsys.readouterr()
    assert extract(archive, out, "--calibration", "none", "--dry-run") == 0
    shown = capsys.readouterr().out
    assert "Would be read: 0 documents" in shown
    assert f"Would get this calibration from what was read before: {len(TEXTS) + 2}." in shown
    assert extract(archive, out, "--calibration", "none", "--dry-run", "--retry-failed") == 0
    assert "Would be read: 1 documents" in capsys.readouterr().out
    assert extract(archive, out, "--calibration", "none") == 1
    assert read == []
    assert f"With another calibration, from what was read before: {len(TEXTS) + 1}." in capsys.readouterr().out
    found, expected = reports(out), reports(anew)
    assert found.keys() == expected.keys()
    assert [name for name in found if not equal(found[name], expected[name])] == []
    assert any(not equal(found[name], packaged[name]) for name in packaged)
    with Workspace.open(out) as workspace:
        assert {r.path for r in workspace.reports()} <= found.keys()
        assert len(list(workspace.reports())) == len(TEXTS) + 1
    # Both are kept now: going back infers nothing.
    monkeypatch.setattr("gikocr.cli.refitting.Refitting.record", None)
    assert extract(archive, out) == 1
    assert read == []
    again = reports(out)
    assert [name for name in packaged if not equal(again[name], packaged[name])] == []


def test_what_people_decided_outlives_another_calibration(archive: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    extract(archive, out)
    with Workspace.open(out) as workspace:
        report = next(r for r in workspace.reports() if r.name == TEXTS[0])
        field = workspace.report(report.id).fields[0]
        workspace.reviews.settle(report.id, field.id, version=0, value=77, state="read", kind="correct", by="李")
    extract(archive, out, "--calibration", "none")
    found = json.loads((out / f"{TEXTS[0]}.json").read_text())["fields"]
    assert next(f for f in found if f["id"] == field.id)["review"]["value"] == 77


def test_without_its_reading_a_document_is_read_anew(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    extract(archive, out)
    shutil.rmtree(out / ".gikocr" / "form_readings")
    capsys.readouterr()
    assert extract(archive, out, "--calibration", "none", "--dry-run") == 0
    assert f"Would be read: {len(TEXTS) + 1} documents" in capsys.readouterr().out
