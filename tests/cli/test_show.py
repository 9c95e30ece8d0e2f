"""status, show, compare: what they say of a workspace with known content."""

from __future__ import annotations

from pathlib import Path

import pytest

from gikocr.cli.main import main
from gikocr.report import DocumentInfo, TableInfo
from gikocr.workspace import NewReport, Workspace
from tests.workspace.reports import FORM, PERSON, make_failed, make_field, make_input, make_report

TOTAL = "requests.received.total"
RULE = "row_total.received"
TABLES = {"三": TableInfo(edition="2021", status="read", confidence=0.9)}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    with Workspace.open(tmp_path / "out") as workspace:
        for name, year, person, confidence in (("2022.pdf", 2022, 21, 0.5), ("2023.pdf", 2023, 42, 0.9999)):
            item = make_input(tmp_path / "scans", name, name)
            fields = [make_field(PERSON, person, confidence, checks=(RULE,)), make_field(TOTAL, 77, 0.95)]
            document = DocumentInfo(agency="某某市财政局", agency_key="某某市财政", year=year, edition="2021")
            report = make_report(item, fields, document=document, tables=TABLES)
            workspace.record(item, [NewReport(report)], fingerprint="f", form=FORM)
        bad = make_input(tmp_path / "scans", "bad.pdf", "bad")
        workspace.record(bad, [NewReport(make_failed(bad, "file_damaged"))], fingerprint="f", form=FORM)
        workspace.sources.begin_run("0.1.0", "f")
    return tmp_path / "out"


def test_status(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", str(out)]) == 0
    shown = capsys.readouterr().out
    assert "Reports: 3, of these 2 complete, 0 partial, 1 failed. Files seen: 3." in shown
    assert "failed, file_damaged: 1" in shown
    assert ["三", "4", "3", "0"] in [line.split() for line in shown.splitlines()]
    assert "not finished" in shown


def test_show_from_a_workspace_and_from_a_file(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "-w", str(out), "2022*"]) == 0
    shown = capsys.readouterr().out
    assert "某某市财政局 2022" in shown
    assert "21 ??" in shown
    assert "77 ?" in shown
    assert f"{RULE}: 21 against 27, off by -6 (doubtful)" in shown
    assert main(["show", str(out / "2022.pdf.json")]) == 0
    assert capsys.readouterr().out == shown


def test_show_marks_what_a_person_decided(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Workspace.open(out) as workspace:
        report = next(workspace.reports())
        workspace.reviews.settle(report.id, PERSON, version=0, value=27, state="read", kind="correct", by="李")
    assert main(["show", "-w", str(out), "2022.pdf"]) == 0
    shown = capsys.readouterr().out
    assert "27 =" in shown
    assert "waiting for review 1" in shown


@pytest.mark.parametrize(("name", "words"), [("20*", "Several documents fit"), ("2024.pdf", "No document is named")])
def test_names_that_fit_none_or_several(out: Path, capsys: pytest.CaptureFixture[str], name: str, words: str) -> None:
    assert main(["show", "-w", str(out), name]) == 2
    assert words in capsys.readouterr().err


def test_files_that_are_no_reports(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.json").write_text("{}")
    assert main(["show", str(tmp_path / "x.json")]) == 4
    assert main(["show", str(tmp_path / "y.json")]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_compare(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "-w", str(out), "2022.pdf", "2023.pdf"]) == 0
    shown = capsys.readouterr().out
    assert "+21 (+100 %)" in shown
    assert "Fields: 2, of these 1 differ." in shown
    assert "总计" not in shown
    assert main(["compare", "-w", str(out), "2022.pdf", "2023.pdf", "--all"]) == 0
    assert "总计" in capsys.readouterr().out
