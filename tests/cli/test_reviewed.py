from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from gikocr.cli.main import main
from gikocr.review import Station
from gikocr.settings import Settings
from gikocr.workspace import Workspace
from tests.review.documents import ISSUED, REPEALED, make_workspace


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A workspace in which one field was accepted and one corrected."""
    with Workspace.open(tmp_path / "out") as workspace:
        make_workspace(workspace, tmp_path / "scans", 2)
        with Station(workspace, Settings()) as station:
            station.settle("李", 1, ISSUED, version=0, value=10, state="read", seconds=2.0)
            station.settle("=王", 1, REPEALED, version=0, value=11, state="read", seconds=4.0)
    return tmp_path / "out"


def test_numbers_are_printed(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reviewed", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "Waiting: 6 fields; decided: 2; for a senior: 0." in printed
    assert "李: 1 decisions, 0.0% corrections, median 2.0 s, 0 undone." in printed
    assert "none of them looked at yet" in printed


def test_everything_is_written_at_once(out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "files"
    options = [
        "--decisions",
        str(folder / "log.csv"),
        "--crops",
        str(folder / "crops"),
        "--truth",
        str(folder / "truth"),
    ]
    options += ["--partly", "--label-studio", str(folder / "tasks"), "--images", "/data/"]
    assert main(["reviewed", str(out), *options]) == 0
    with (folder / "log.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(r["field"], r["old_value"], r["new_value"], r["by"]) for r in rows] == [
        (ISSUED, "10", "10", "李"),
        (REPEALED, "77", "11", "'=王"),
    ]
    assert len((folder / "crops" / "labels.jsonl").read_text().splitlines()) == 2
    assert [p.name for p in (folder / "truth").iterdir()] == ["0.png.json"]
    tasks = json.loads((folder / "tasks" / "tasks.json").read_text())
    assert [t["data"]["image"].startswith("/data/") for t in tasks] == [True, True]
    assert "2 decisions" in capsys.readouterr().out


def test_decisions_as_json_lines_and_in_no_other_form(out: Path, tmp_path: Path) -> None:
    assert main(["reviewed", str(out), "--decisions", str(tmp_path / "log.jsonl")]) == 0
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["by"] for line in lines] == ["李", "=王"]
    assert main(["reviewed", str(out), "--decisions", str(tmp_path / "log.xlsx")]) == 2


def test_a_plan_and_annotations(out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reviewed", str(out), "--sample", "5", "--twice-share", "0.5", "--twice-field", "fees.*"]) == 0
    assert "Sample: 5 fields, seed 20260101. Decided twice: 50% of the fields, fees.*." in capsys.readouterr().out
    assert main(["reviewed", str(out), "--label-studio", str(tmp_path / "ls"), "--all-pages"]) == 0
    tasks = json.loads((tmp_path / "ls" / "tasks.json").read_text())
    for task in tasks:
        task["annotations"] = [{"id": 1, "result": task["predictions"][0]["result"]}]
    (tmp_path / "back.json").write_text(json.dumps(tasks[1:]))
    assert main(["reviewed", str(out), "--label-studio-import", str(tmp_path / "back.json"), "--by", "LS"]) == 0
    with Workspace.open(out) as workspace:
        assert {d.by for d in workspace.reviews.decisions(2)} == {"LS"}
        assert next(r for r in workspace.reports() if r.id == 2).waiting == 0


def test_nothing_is_drawn_before_a_plan_is_known(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Workspace.open(tmp_path / "out") as workspace:
        make_workspace(workspace, tmp_path / "scans", 2)
    assert main(["reviewed", str(tmp_path / "out"), "--sample", "2"]) == 0
    assert main(["reviewed", str(tmp_path / "out")]) == 0
    assert "fields that were not doubtful: 2, none" in capsys.readouterr().out


def test_no_workspace(tmp_path: Path) -> None:
    assert main(["reviewed", str(tmp_path / "nothing")]) == 4
