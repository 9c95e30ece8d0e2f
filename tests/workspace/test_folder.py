from __future__ import annotations

import errno
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from gikocr.elements import (
    FORM_READING_VERSION,
    Candidate,
    CellReading,
    DocumentValue,
    FormReading,
    PlacedField,
    Placement,
    PlacementEvidence,
    ReadCell,
    TableReading,
)
from gikocr.errors import WorkspaceError
from gikocr.geometry import BBox, Quad
from gikocr.report import Issue, Report, SourceInfo
from gikocr.workspace import ReportFolder
from gikocr.workspace import atomic as atomic_module
from gikocr.workspace.form_readings import pack, unpack


def sha(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


def make_report(name: str = "scan.pdf", content: str | None = "one", **changes: Any) -> Report:
    values: dict[str, Any] = {
        "gikocr": "0.1.0",
        "fingerprint": "f",
        "source": SourceInfo(
            name=name, sha256=sha(content) if content else None, pages=1, media_type="application/pdf"
        ),
        "status": "complete",
    }
    return Report(**(values | changes))


def make_reading() -> FormReading:
    quad = Quad(BBox(0.1, 0.2, 3, 4).corners())
    reading = CellReading((Candidate("75.9260", "read", -0.1), Candidate("", "blank", float("-inf"))), "numerals@1")
    placed = (PlacedField("a.b", 0, 0.99), PlacedField("a.c", None, 1.0))
    placement = Placement("二", "2021", 0.9, placed, PlacementEvidence(1.5, -2.0, 0.0))
    return FormReading(
        FORM_READING_VERSION,
        "annual_report",
        (ReadCell(3, BBox(0.1, 0.2, 3, 4), quad, "pt", reading, 0.25),),
        (TableReading("二", "read", (placement,)), TableReading("三", "not_found", ())),
        (
            DocumentValue("year", 2023, "2023年", 0.9, 1, quad, "pt"),
            DocumentValue("agency", None, "", 0.1, 1, quad, "px"),
        ),
    )


def test_a_report_is_written_and_read_back(tmp_path: Path) -> None:
    folder = ReportFolder(tmp_path / "a" / "out")
    report = make_report("2023/年报.pdf")
    path = folder.write_report(report)
    assert path == tmp_path / "a" / "out" / "2023" / "年报.pdf.json"
    assert list(folder.read_reports()) == [(path, report)]
    assert sorted(p.name for p in path.parent.iterdir()) == ["年报.pdf.json"]
    assert path.stat().st_mode & 0o777 == 0o666 & ~atomic_module._umask()


def test_another_source_of_the_same_name_gets_digits_of_its_hash(tmp_path: Path) -> None:
    folder = ReportFolder(tmp_path)
    first = folder.write_report(make_report(content="one"))
    second = folder.write_report(make_report(content="two"))
    assert first.name == "scan.pdf.json"
    assert second.name == f"scan.pdf~{sha('two')[:8]}.json"
    assert folder.write_report(make_report(content="one"), second=2).name == "scan.pdf.2.json"


def test_a_later_run_finds_the_same_places(tmp_path: Path) -> None:
    ReportFolder(tmp_path).write_report(make_report(content="one"))
    ReportFolder(tmp_path).write_report(make_report(content="two"))
    again = ReportFolder(tmp_path)
    assert again.path_for("scan.pdf", sha("two")).name == f"scan.pdf~{sha('two')[:8]}.json"
    assert again.path_for("scan.pdf", sha("one")).name == "scan.pdf.json"


def test_a_document_that_could_not_be_opened_keeps_its_place(tmp_path: Path) -> None:
    issue = Issue(code="file_unreadable", severity="error", stage="ingest", message="It is not there.")
    report = make_report(content=None, status="failed", issues=(issue,))
    assert ReportFolder(tmp_path).write_report(report) == ReportFolder(tmp_path).write_report(report)


def test_a_file_of_somebody_else_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "scan.pdf.json").write_text("mine")
    (tmp_path / "b.pdf.json").mkdir()
    folder = ReportFolder(tmp_path)
    assert folder.write_report(make_report()).name != "scan.pdf.json"
    assert folder.write_report(make_report("b.pdf")).name != "b.pdf.json"
    assert (tmp_path / "scan.pdf.json").read_text() == "mine"
    assert len(list(folder.read_reports())) == 2


def test_read_reports_says_which_file_is_broken(tmp_path: Path) -> None:
    folder = ReportFolder(tmp_path)
    path = folder.write_report(make_report())
    (tmp_path / "other.json").write_text('{"a": 1}')
    path.write_text(path.read_text().replace('"complete"', '"splendid"'))
    with pytest.raises(WorkspaceError, match=r"scan\.pdf\.json"):
        list(folder.read_reports())


def test_form_readings(tmp_path: Path) -> None:
    folder = ReportFolder(tmp_path)
    report_path = folder.write_report(make_report())
    assert folder.read_form_reading(report_path) is None
    blob = folder.write_form_reading(report_path, make_reading())
    assert blob.parent == tmp_path / ".gikocr" / "form_readings"
    assert folder.read_form_reading(report_path) == make_reading()
    assert ReportFolder(tmp_path).read_form_reading(report_path) == make_reading()
    assert len(list(folder.read_reports())) == 1
    with pytest.raises(WorkspaceError, match="not in"):
        folder.write_form_reading(tmp_path.parent / "x.json", make_reading())


def test_a_form_reading_is_packed_alike_every_time_and_checked() -> None:
    blob = pack(make_reading())
    assert blob == pack(make_reading())
    assert unpack(blob) == make_reading()
    with pytest.raises(WorkspaceError, match="damaged"):
        unpack(blob[:-20])
    with pytest.raises(WorkspaceError, match="damaged"):
        unpack(b"")
    import gzip

    whole = json.loads(gzip.decompress(blob))
    with pytest.raises(WorkspaceError, match="version 99"):
        unpack(gzip.compress(json.dumps(whole | {"version": 99}).encode()))
    del whole["cells"]
    with pytest.raises(WorkspaceError, match="damaged"):
        unpack(gzip.compress(json.dumps(whole).encode()))


def test_overlays(tmp_path: Path) -> None:
    folder = ReportFolder(tmp_path)
    report_path = folder.write_report(make_report("a/scan.pdf"))
    path = folder.write_overlay(report_path, 3, b"png")
    assert path == tmp_path / "overlays" / "a" / "scan.pdf" / "page-3.png"
    assert path.read_bytes() == b"png"


def test_out_is_a_file(tmp_path: Path) -> None:
    file = tmp_path / "out"
    file.write_text("x")
    with pytest.raises(WorkspaceError, match="is a file"):
        ReportFolder(file)
    with pytest.raises(WorkspaceError, match="Cannot make the folder"):
        ReportFolder(file / "below")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_out_is_not_writable(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    with pytest.raises(WorkspaceError, match="Permission denied"):
        ReportFolder(tmp_path / "out")


@pytest.mark.parametrize(
    ("number", "words"), [(errno.ENOSPC, "disk is full"), (errno.EROFS, "read-only"), (errno.EACCES, "right to write")]
)
def test_an_error_of_the_system_says_what_helps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, words: str
) -> None:
    folder = ReportFolder(tmp_path)
    path = folder.write_report(make_report())
    before = path.read_bytes()

    def fail(handle: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(atomic_module.os, "fsync", fail)
    with pytest.raises(WorkspaceError, match=words) as caught:
        folder.write_report(make_report(fingerprint="new"))
    assert caught.value.exit_code == 4
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".writing")] == []
