"""status, show, compare: what they say of a workspace with known content."""

from __future__ import annotations

import hashlib
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


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A document, a copy of it in another folder, a namesake with other content, and two reports in one file."""
    with Workspace.open(tmp_path / "archive") as workspace:

        def add(name: str, content: str, *values: int) -> None:
            item = make_input(tmp_path / content, name, content)
            document = DocumentInfo(
                agency="某某市财政局", agency_key="某某市财政", year=2000 + values[0], edition="2021"
            )
            reports = [make_report(item, [make_field(PERSON, v)], document=document, tables=TABLES) for v in values]
            workspace.record(item, [NewReport(r) for r in reports], fingerprint="f", form=FORM)

        add("a2022.txt", "one", 21)
        copy = make_input(tmp_path / "copy", "txt/a2022.txt", "one")
        (known,) = workspace.sources.known([copy], "f")
        assert known is not None
        workspace.record_again(copy, known.document_id, fingerprint="f", form=FORM, current=True)
        add("scan.txt", "two", 22)
        add("scan.txt", "three", 23)
        add("both.txt", "four", 24, 25)
    return tmp_path / "archive"


@pytest.mark.parametrize("name", ["txt/a2022.txt", "txt/a2022.txt.json", "txt/*"])
def test_show_knows_a_copy_by_its_name(archive: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert (archive / "txt" / "a2022.txt.json").exists()
    assert main(["show", "-w", str(archive), name]) == 0
    shown = capsys.readouterr().out
    assert "某某市财政局 2021" in shown
    assert "txt/a2022.txt: complete" in shown


def test_a_name_that_fits_copies_of_one_content_is_clear(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "-w", str(archive), "*a2022.txt"]) == 0
    assert "某某市财政局 2021" in capsys.readouterr().out


def test_namesakes_are_told_by_their_paths(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    second = f"scan.txt~{hashlib.sha256(b'three').hexdigest()[:8]}"
    assert main(["show", "-w", str(archive), "scan.txt"]) == 2
    assert f"scan.txt.json, {second}.json" in " ".join(capsys.readouterr().err.split())
    for name, year in (("scan.txt.json", 2022), (second, 2023), (f"{second}.json", 2023)):
        assert main(["show", "-w", str(archive), name]) == 0
        assert f"某某市财政局 {year}" in capsys.readouterr().out
    assert main(["compare", "-w", str(archive), "scan.txt.json", second]) == 0
    assert "+1 (+5 %)" in capsys.readouterr().out


def test_two_reports_in_one_file_are_told_by_their_paths(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "-w", str(archive), "both.txt"]) == 2
    assert "both.txt.2.json, both.txt.json" in " ".join(capsys.readouterr().err.split())
    for name, value in (("both.txt.json", "24"), ("both.txt.2", "25")):
        assert main(["show", "-w", str(archive), name]) == 0
        assert value in capsys.readouterr().out


def test_compare_two_years_of_an_agency(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["compare", "-w", str(archive), "--agency", "某某市财政局"]
    assert main([*arguments, "2021", "2022"]) == 0
    assert "+1 (+5 %)" in capsys.readouterr().out
    for years, words in (
        (("2021", "2024"), "both.txt.json, both.txt.2.json"),
        (("2021", "1999"), "There is no report"),
        (("2021", "x"), "two years"),
    ):
        assert main([*arguments, *years]) == 2
        assert words in " ".join(capsys.readouterr().err.split())
    assert main(["compare", "--agency", "x", "2021", "2022"]) == 2
