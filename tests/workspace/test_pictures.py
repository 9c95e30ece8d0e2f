from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from gikocr.errors import WorkspaceError
from gikocr.ingest import Input, open_document
from gikocr.report import Evidence, SourceInfo
from gikocr.settings import Settings
from gikocr.workspace import NewReport, Pictures, Selection, Workspace
from tests.workspace.reports import FORM, make_field, make_report

BOX = (120, 80, 220, 130)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    scan = Image.new("RGB", (400, 300), "white")
    ImageDraw.Draw(scan).rectangle(BOX, fill="black")
    (tmp_path / "scans").mkdir()
    path = tmp_path / "scans" / "a.png"
    scan.save(path)
    item = Input("a.png", (path,))
    with open_document(item, Settings()) as document:
        source = SourceInfo.of(document.source)
    field = make_field("a", 1, evidence=Evidence(page=1, bbox=BOX, unit="px"))
    text = make_field("b", 1, evidence=Evidence(line=3, column=4))
    workspace = Workspace.open(tmp_path / "out")
    report = make_report(item, [field, text], source=source)
    workspace.record(item, [NewReport(report)], fingerprint="f", form=FORM)
    return workspace


def test_a_page_and_a_cell(workspace: Workspace) -> None:
    (report,) = workspace.reports()
    field, _ = workspace.fields()
    pictures = Pictures(workspace, Settings())
    assert Image.open(pictures.page(report, 1)).size == (400, 300)
    cell = pictures.cell(report, field)
    pixels = np.asarray(Image.open(cell).convert("L"))
    assert pixels.shape == pytest.approx((100, 150), abs=2)
    assert pixels[50, 75] == 0
    assert pixels[2, 2] == 255
    before = cell.stat().st_mtime_ns
    assert pictures.cell(report, field) == cell
    assert cell.stat().st_mtime_ns == before


def test_what_cannot_be_shown(workspace: Workspace, tmp_path: Path) -> None:
    (report,) = workspace.reports()
    _, text = workspace.fields()
    pictures = Pictures(workspace, Settings())
    with pytest.raises(WorkspaceError, match="no place on a page"):
        pictures.cell(report, text)
    with pytest.raises(WorkspaceError, match="Page 7"):
        pictures.page(report, 7)
    path = tmp_path / "scans" / "a.png"
    Image.new("RGB", (400, 300)).save(path)
    with pytest.raises(WorkspaceError, match="has changed"):
        pictures.page(report, 1)
    path.unlink()
    with pytest.raises(WorkspaceError, match="no longer where it was"):
        pictures.page(report, 1)


def test_the_pictures_in_a_document_of_text_are_its_pages(workspace: Workspace, tmp_path: Path) -> None:
    from docx import Document as Docx

    path = tmp_path / "scans" / "b.docx"
    # Small pictures are taken for ornaments; uncompressed, this one is large.
    Image.open(tmp_path / "scans" / "a.png").save(tmp_path / "a.bmp")
    whole = Docx()
    whole.add_picture(str(tmp_path / "a.bmp"))
    whole.save(str(path))
    item = Input("b.docx", (path,))
    field = make_field("a", 1, evidence=Evidence(page=1, bbox=BOX, unit="px"))
    workspace.record(item, [NewReport(make_report(item, [field]))], fingerprint="f", form=FORM)
    (report,) = [r for r in workspace.reports() if r.name == "b.docx"]
    (stored,) = workspace.fields(Selection(report_ids=(report.id,)))
    pictures = Pictures(workspace, Settings())
    assert pictures.size(report, 1) == (400, 300)
    assert Image.open(pictures.page(report, 1)).size == (400, 300)
    assert np.asarray(Image.open(pictures.cell(report, stored)).convert("L"))[50, 75] == 0
    path.write_bytes(path.read_bytes() + b"x")
    (tmp_path / "out" / ".gikocr" / "pictures").rename(tmp_path / "gone")
    with pytest.raises(WorkspaceError, match="has changed"):
        Pictures(workspace, Settings()).page(report, 1)
