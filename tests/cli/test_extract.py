from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gikocr.cli.main import main
from gikocr.report import Report

pytestmark = pytest.mark.usefixtures("fake")

Scans = Callable[..., Path]


def extract(folder: Path, out: Path, *options: str) -> int:
    return main(["extract", str(folder), "-o", str(out), "--workers", "1", *options])


def written(out: Path) -> dict[str, Any]:
    return {
        p.relative_to(out).as_posix(): json.loads(p.read_text())
        for p in sorted(out.rglob("*.json"))
        if ".gikocr" not in p.parts
    }


def test_everything_done(scans: Scans, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert extract(scans("a.pdf", "b.pdf"), out, "--overlay") == 0
    assert {name: r["status"] for name, r in written(out).items()} == {
        "a.pdf.json": "complete",
        "b.pdf.json": "complete",
    }
    assert (out / "overlays" / "a.pdf" / "page-1.png").read_bytes() == b"\x89PNG"
    assert len(list((out / ".gikocr" / "form_readings").iterdir())) == 2
    shown = capsys.readouterr()
    assert "Documents: 2, of these 2 complete" in shown.out
    assert "Fields to look at" not in shown.out
    assert shown.err == ""


def test_no_pictures_unless_asked_for(scans: Scans, tmp_path: Path) -> None:
    assert extract(scans("a.pdf"), tmp_path / "out") == 0
    assert not (tmp_path / "out" / "overlays").exists()


def test_one_bad_document_does_not_stop_the_rest(
    scans: Scans, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    names = ("a.pdf", "bad.pdf", "bug.pdf", "damaged.pdf", "memory.pdf", "z.pdf")
    assert extract(scans(*names), out) == 1
    reports = written(out)
    assert [r["status"] for r in reports.values()] == ["complete", "failed", "failed", "failed", "failed", "complete"]
    codes = [r["issues"][0]["code"] for r in reports.values() if r["issues"]]
    assert codes == ["no_tables", "internal_error", "file_damaged", "out_of_memory"]
    shown = capsys.readouterr()
    assert "failed: damaged.pdf: It is broken. Scan it again." in shown.err
    assert "failed: bad.pdf: No table was found." in shown.err
    assert "Traceback" not in shown.err
    assert "Documents: 6, of these 2 complete, 0 partial, 4 failed" in shown.out


def test_debug_shows_the_traceback_of_an_unforeseen_error(
    scans: Scans, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert extract(scans("bug.pdf"), tmp_path / "out", "--debug") == 1
    assert "ZeroDivisionError: a bug of ours" in capsys.readouterr().err


def test_doubtful_fields_are_listed_with_labels_and_reasons(
    scans: Scans, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = scans("doubt.pdf")
    assert extract(folder, tmp_path / "out") == 0
    assert extract(folder, tmp_path / "out", "--fail-on-review") == 5
    shown = " ".join(capsys.readouterr().out.split())
    assert "自然人" in shown
    assert "62.0 %" in shown
    assert "may be 27 (30.0 %)" in shown
    assert "a sum is off by 6" in shown
    assert "某某市[bold]财政局" in shown
    assert "Fields waiting for review: 1." in shown


def test_failures_come_before_waiting_fields(scans: Scans, tmp_path: Path) -> None:
    assert extract(scans("doubt.pdf", "bad.pdf"), tmp_path / "out", "--fail-on-review") == 1


def test_the_last_column_is_not_lost_in_a_pipe(
    scans: Scans, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    extract(scans("a.pdf"), tmp_path / "out")
    head = next(line for line in capsys.readouterr().out.splitlines() if "agency" in line)
    titles = ("document", "status", "agency", "year", "edition", "fields read", "doubtful", "broken sums", "seconds")
    assert head.split() == " ".join(titles).split()


def test_only_the_worst_are_shown_of_many(scans: Scans, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert extract(scans(*(f"doubt{i:03}.pdf" for i in range(100))), tmp_path / "out") == 0
    shown = capsys.readouterr().out
    assert "and 60 more documents" in shown
    assert "and 60 more fields" in shown


@pytest.mark.parametrize(
    "name",
    [
        "a b.pdf",
        "line\nbreak.pdf",
        "-dash.pdf",
        "\x1b[31mred.pdf",
        "bytes-\udcff\udcfe.pdf",
        "年报🙂.pdf",
        "[bold]x.pdf",
        "n" * 246 + ".pdf",
    ],
)
def test_odd_names_do_not_break_the_output(
    scans: Scans, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    out = tmp_path / "out"
    assert extract(scans(name), out) == 0
    assert len(written(out)) == 1
    shown = capsys.readouterr()
    assert "\x1b[31m" not in shown.out + shown.err
    shown.out.encode("utf-8")


def test_nothing_to_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    assert extract(tmp_path / "empty", tmp_path / "out") == 2
    assert "Nothing to read" in capsys.readouterr().err


def test_a_file_that_is_not_there_is_a_failed_document(
    scans: Scans, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scans("a.pdf")
    monkeypatch.chdir(tmp_path)
    assert main(["extract", "scans/a.pdf", "missing-bad.pdf", "-o", "out", "--workers", "1"]) == 1
    reports = written(tmp_path / "out")
    assert reports["missing-bad.pdf.json"]["source"]["sha256"] is None


@pytest.mark.parametrize(
    "options",
    [[], ["--workers", "-1"], ["--group", "page"], ["--no-such-option"], ["--form", "no_such_form"]],
)
def test_wrong_usage(scans: Scans, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str]) -> None:
    out = ["-o", str(tmp_path / "out")] if options else []
    assert main(["extract", str(scans("a.pdf")), *out, *options]) == 2
    assert capsys.readouterr().err


def test_wrong_setting_in_the_environment(scans: Scans, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIKOCR_RENDER_DPI", "fine")
    assert extract(scans("a.pdf"), tmp_path / "out") == 2


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_missing_model_stops_the_run(
    scans: Scans, tmp_path: Path, capsys: pytest.CaptureFixture[str], workers: str
) -> None:
    folder = scans("a.pdf", "model.pdf", "z.pdf")
    assert extract(folder, tmp_path / "out", "--workers", workers) == 3
    shown = capsys.readouterr().err
    assert "model x: not there." in shown
    assert "pip install x" in shown
    assert "Traceback" not in shown
    # With more processes the model may be missed before the first document is done; the next run reads that one then.
    assert set(written(tmp_path / "out")) <= {"a.pdf.json", "z.pdf.json"}
    assert workers == "2" or "a.pdf.json" in written(tmp_path / "out")
    (folder / "model.pdf").unlink()
    assert extract(folder, tmp_path / "out", "--workers", workers) == 0
    assert set(written(tmp_path / "out")) == {"a.pdf.json", "z.pdf.json"}


def test_the_output_folder_is_a_file(scans: Scans, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "out").write_text("")
    assert extract(scans("a.pdf"), tmp_path / "out") == 4
    assert "is a file" in capsys.readouterr().err
    assert extract(scans("a.pdf"), tmp_path / "out", "--debug") == 4
    assert "Traceback" in capsys.readouterr().err


def test_an_interrupt(scans: Scans, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert extract(scans("a.pdf", "interrupt.pdf"), tmp_path / "out") == 130
    assert "documents done: 1" in capsys.readouterr().err
    assert list(written(tmp_path / "out")) == ["a.pdf.json"]


@pytest.mark.parametrize(("kind", "words"), [("kill", "SIGKILL"), ("exit", "exit code 7")])
def test_a_dying_worker_costs_one_document(scans: Scans, tmp_path: Path, kind: str, words: str) -> None:
    out = tmp_path / "out"
    names = ["a.pdf", "b.pdf", f"{kind}.pdf", "m.pdf", "n.pdf", "o.pdf", "z.pdf"]
    assert extract(scans(*names), out, "--workers", "2") == 1
    reports = written(out)
    assert {name.removesuffix(".json"): r["status"] for name, r in reports.items()} == {
        name: "failed" if kind in name else "complete" for name in names
    }
    issue = reports[f"{kind}.pdf.json"]["issues"][0]
    assert issue["code"] == "worker_died"
    assert words in issue["message"]
    assert reports[f"{kind}.pdf.json"]["source"]["sha256"]


def test_a_document_that_takes_too_long_is_given_up(scans: Scans, tmp_path: Path) -> None:
    out = tmp_path / "out"
    began = time.monotonic()
    assert extract(scans("a.pdf", "slow.pdf", "z.pdf"), out, "--workers", "2", "--time-limit", "2") == 1
    assert time.monotonic() - began < 30
    reports = written(out)
    assert [r["status"] for r in reports.values()] == ["complete", "failed", "complete"]
    assert reports["slow.pdf.json"]["issues"][0]["code"] == "time_limit"


def test_results_do_not_depend_on_the_number_of_workers(scans: Scans, tmp_path: Path) -> None:
    folder = scans(*(f"{i}.pdf" for i in range(12)), "doubt.pdf", "bad.pdf")
    extract(folder, tmp_path / "one")
    extract(folder, tmp_path / "three", "--workers", "3", "--overlay")
    assert written(tmp_path / "one") == written(tmp_path / "three")
    assert len(list((tmp_path / "three" / "overlays").iterdir())) == 14


def test_workers_by_default_keep_a_crash_from_the_run(scans: Scans, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert main(["extract", str(scans("a.pdf", "kill.pdf")), "-o", str(out)]) == 1
    assert [r["status"] for r in written(out).values()] == ["complete", "failed"]


def test_a_lone_document_that_kills_its_process_does_not_end_the_command(scans: Scans, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert main(["extract", str(scans("kill.pdf")), "-o", str(out)]) == 1
    assert [i.code for i in Report.from_json((out / "kill.pdf.json").read_bytes()).issues] == ["worker_died"]


@pytest.mark.parametrize("names", [["bars.txt"], ["bars.txt", "tabs.txt"]])
def test_a_process_in_which_no_library_finds_room_lacks_memory(tmp_path: Path, names: list[str]) -> None:
    """The real pipeline: what is loaded first says in its own words that it is broken."""
    samples, out = Path(__file__).parents[2] / "samples", tmp_path / "out"
    command = [sys.executable, "-m", "gikocr", "extract", *(str(samples / n) for n in names), "-o", str(out)]
    done = subprocess.run([*command, "--memory-limit", "50"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 1, done.stderr
    for name in names:
        (issue,) = Report.from_json((out / f"{name}.json").read_bytes()).issues
        assert issue.code == "out_of_memory"
        assert "--memory-limit" in issue.message
