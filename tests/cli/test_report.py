from __future__ import annotations

import base64
import hashlib
import io
import re
from pathlib import Path

import pytest
from lxml import etree, html
from PIL import Image

from gikocr.cli.main import main
from gikocr.ingest import Input
from gikocr.workspace import NewReport, Workspace
from gikocr.workspace.overview import drawn_reports
from tests.workspace.reports import FORM, PERSON, make_failed, make_field, make_input, make_report


@pytest.fixture
def out(tmp_path: Path) -> Path:
    with Workspace.open(tmp_path / "out") as workspace:
        (tmp_path / "scans").mkdir()
        picture = tmp_path / "scans" / "<b>doubt.png"
        Image.new("L", (800, 1000), 200).save(picture)
        scan = Input(picture.name, (picture,))
        fields = [make_field(PERSON, 21, 0.5, checks=("row_total.received",)), make_field("requests.total.total", 3)]
        gone = make_input(tmp_path / "scans", "gone.png", "gone")
        bad = make_input(tmp_path / "scans", "bad.pdf", "bad")
        for item, report in (
            (scan, make_report(scan, fields)),
            (gone, make_report(gone, [make_field(PERSON, 1, 0.4)])),
            (bad, make_failed(bad, "file_damaged")),
        ):
            workspace.record(item, [NewReport(report)], fingerprint="f", form=FORM)
        gone.paths[0].unlink()
    return tmp_path / "out"


def test_the_page_says_it_all_and_needs_nothing_else(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(out)]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    path = Path(said.out.strip())
    assert path == out / "exports" / "report.html"
    page = html.parse(str(path)).getroot()
    text = page.text_content()
    assert "Reports: 3. Fields: 3, of these 2 wait for review." in text
    assert "file_damaged" in text
    assert "<b>doubt.png" in text
    assert "(no picture)" in text
    links = [v for e in page.iter() for k, v in e.attrib.items() if k in ("src", "href")]
    assert links
    assert all(v.startswith("data:image/") for v in links)
    assert page.xpath("//script") == []
    jpeg = next(v for v in links if v.startswith("data:image/jpeg"))
    picture = Image.open(io.BytesIO(base64.b64decode(jpeg.partition(",")[2])))
    assert picture.size == (320, 400)


def test_plots_hold_their_numbers_as_text(out: Path, tmp_path: Path) -> None:
    assert main(["report", str(out), "-o", str(tmp_path / "page.html")]) == 0
    sources = re.findall(r"data:image/svg\+xml;base64,([\w+/=]+)", (tmp_path / "page.html").read_text())
    plots = [etree.fromstring(base64.b64decode(s)) for s in sources]
    texts = ["".join(plot.itertext()) for plot in plots]
    assert any("complete" in t and "failed" in t for t in texts)
    assert any("三" in t and "66.67" in t for t in texts)


def test_an_empty_workspace_has_a_page_too(tmp_path: Path) -> None:
    Workspace.open(tmp_path / "out").close()
    assert main(["report", str(tmp_path / "out")]) == 0
    assert "Reports: 0" in (tmp_path / "out" / "exports" / "report.html").read_text()


def test_times_are_of_reports_from_all_over(tmp_path: Path) -> None:
    names = [f"{k}.txt" for k in range(20)]
    with Workspace.open(tmp_path / "out") as workspace:
        for name in names:
            item = make_input(tmp_path / "scans", name, name)
            workspace.record(item, [NewReport(make_report(item, []))], fingerprint="f", form=FORM)
        drawn = {report.source.name for report in drawn_reports(workspace, 5)}
        assert len(list(drawn_reports(workspace, 100))) == 20
    assert drawn == set(sorted(names, key=lambda name: hashlib.sha256(name.encode()).hexdigest())[:5])
    assert drawn != set(names[:5])
