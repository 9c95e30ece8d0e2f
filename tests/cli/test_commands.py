from __future__ import annotations

import json
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from types import ModuleType

import pytest

from gikocr import __version__
from gikocr.cli import examination
from gikocr.cli.examination import Finding
from gikocr.cli.main import main
from gikocr.cli.summary import percent
from gikocr.cli.terminal import visible
from gikocr.engines import manifest
from gikocr.report import Report

HELP_SECONDS = 0.4
"""CPU seconds that `gikocr --help` may take."""


@pytest.mark.parametrize("arguments", [["version"], ["--version"]])
def test_version(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 0
    assert capsys.readouterr().out == f"gikocr {__version__}\n"


def test_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert set(schema["properties"]) == set(Report.model_fields)


def test_no_command_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    shown = capsys.readouterr()
    for command in ("extract", "evaluate", "schema", "doctor", "version"):
        assert command in shown.out + shown.err


def test_unknown_commands_are_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["extrakt"]) == 2
    assert "extrakt" in capsys.readouterr().err


def test_help_is_quick() -> None:
    """The best of three, as other work on the machine can only make it slower."""
    code = (
        "import resource, subprocess, sys\n"
        "subprocess.run([sys.executable, '-m', 'gikocr', '--help'], stdout=subprocess.DEVNULL, check=True)\n"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(used.ru_utime + used.ru_stime)\n"
    )
    seconds = [float(subprocess.check_output([sys.executable, "-c", code])) for _ in range(3)]
    assert min(seconds) < HELP_SECONDS


def test_python_dash_m() -> None:
    done = subprocess.run([sys.executable, "-m", "gikocr", "version"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, f"gikocr {__version__}\n")


@pytest.mark.usefixtures("fake")
def test_evaluate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth, out = tmp_path / "truth", tmp_path / "out"
    truth.mkdir()
    scan = tmp_path / "a.pdf"
    scan.write_bytes(b"%PDF-")
    assert main(["extract", str(scan), "-o", str(out), "--workers", "1"]) == 0
    fields = {"requests.received.natural_person": {"value": 22, "state": "read"}}
    whole = {"file": "a.pdf", "agency": "某局", "year": 2023, "tables": {"三": "2021"}, "fields": fields, "tags": []}
    (truth / "a.pdf.json").write_text(json.dumps(whole))
    result = tmp_path / "deep" / "result.json"
    capsys.readouterr()
    assert main(["evaluate", str(truth), str(out), "--json", str(result), "--wrong"]) == 0
    shown = capsys.readouterr().out
    assert "requests.received.natural_person" in shown
    assert json.loads(result.read_text())
    assert main(["evaluate", str(tmp_path / "nothing"), str(out)]) == 2


def doctor(capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = main(["doctor"])
    return code, capsys.readouterr().out


def test_doctor_finds_everything(capsys: pytest.CaptureFixture[str]) -> None:
    code, shown = doctor(capsys)
    assert code == 0, shown
    assert "Everything that gikocr needs is there." in shown
    assert "ok       cv2: 4.10.0" in shown
    assert "SHA-256 as pinned" in shown


def test_doctor_finds_a_changed_model(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "x.onnx").write_bytes(b"changed")
    entry = 'file = "x.onnx"\nsha256 = "00"\nlicence = "MIT"\n'
    (tmp_path / "manifest.toml").write_text(
        f"[models.ours]\n{entry}[models.optional]\npackage = 'no_such_package'\n{entry}install = \"pip install 'gikocr[x]'\"\n"
    )
    monkeypatch.setattr(manifest, "models_folder", lambda: tmp_path)
    manifest.load_manifest.cache_clear()
    try:
        code, shown = doctor(capsys)
    finally:
        manifest.load_manifest.cache_clear()
    assert code == 3
    assert "MISSING  model ours" in shown
    assert "note     model optional" in shown


def test_doctor_finds_another_opencv(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, fake: ModuleType
) -> None:
    import cv2

    monkeypatch.setattr(cv2, "__version__", "5.0.0")
    code, shown = doctor(capsys)
    assert code == 3
    assert "MISSING  cv2: 5.0.0" in shown
    assert "pip install --force-reinstall" in shown


def test_doctor_compares_versions_with_the_pins(monkeypatch: pytest.MonkeyPatch) -> None:
    requirements = [
        "numpy==0.1",
        "no-such-thing==1.0",
        'torch==0.1; extra == "train"',
        'ruff==0; extra == "dev"',
        "rich",
    ]
    monkeypatch.setattr(metadata, "requires", lambda name: requirements)
    found = {f.subject: f for f in examination._packages()}
    assert found["numpy"].verdict == "missing"
    assert found["numpy"].advice == "pip install numpy==0.1"
    assert found["no-such-thing"] == Finding(
        "missing", "no-such-thing", "not installed", "pip install no-such-thing==1.0"
    )
    assert found["torch"].verdict == "note"
    assert "ruff" not in found


@pytest.mark.parametrize(
    ("probability", "text"),
    [
        (0.0, "0.0 %"),
        (0.5, "50.0 %"),
        (0.999, "99.9 %"),
        (0.9996, "99.96 %"),
        (0.99999, "99.999 %"),
        (1.0, "100.00000 %"),
    ],
)
def test_percent_never_rounds_up_to_certainty(probability: float, text: str) -> None:
    assert percent(probability) == text


def test_visible() -> None:
    assert visible("年报 (1).pdf") == "年报 (1).pdf"
    assert visible("a\nb\x1b[0m\udcff\u202e") == "a\\nb\\x1b[0m\\udcff\\u202e"
