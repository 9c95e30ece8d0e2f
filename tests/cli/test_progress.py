"""What a run says of how far it is."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from gikocr.cli.counting import counting
from gikocr.cli.main import main
from gikocr.cli.progress import Tally, voice
from gikocr.errors import WorkspaceError
from gikocr.ingest import Input
from gikocr.settings import Settings
from tests.cli.commands import until
from tests.cli.fake_pipeline import make_report

Scans = Callable[..., Path]


@pytest.mark.usefixtures("fake")
@pytest.mark.parametrize(("options", "total"), [((), 30), (("--limit", "4"), 4)])
def test_a_large_archive_is_counted_while_it_is_read(
    scans: Scans,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    total: int,
) -> None:
    monkeypatch.setattr("gikocr.cli.extraction.COUNTED_AHEAD", 5)
    folder = scans(*(f"brief{i}.pdf" for i in range(30)))
    arguments = ["extract", str(folder), "-o", str(tmp_path / "out"), "--workers", "1", "--log-format", "json"]
    assert main([*arguments, *options]) == 0
    events = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert events[0]["documents"] in (None, total)
    last = [e for e in events if e["event"] == "document"][-1]
    assert last["documents_total"] == total
    assert last["seconds_left"] == 0


def test_counting_keeps_to_the_shard_and_ends_with_the_run() -> None:
    tally = Tally()
    with counting(lambda: (Input(f"{i}", ()) for i in range(100)), (1, 2), tally):
        assert until(lambda: tally.found is not None)
    assert tally.found is not None
    assert 30 < tally.found < 70

    def endless() -> object:
        while True:
            yield Input("x", ())

    with counting(endless, None, Tally()):  # type: ignore[arg-type]
        pass


def test_a_walk_that_fails_leaves_the_total_open() -> None:
    def broken() -> object:
        yield Input("x", ())
        raise WorkspaceError("gone")

    tally = Tally()
    with counting(broken, None, tally):  # type: ignore[arg-type]
        pass
    assert tally.found is None


def test_a_limit_caps_what_is_left() -> None:
    tally = Tally(1000, 10, read=5, skipped=300)
    tally.begun -= 100
    assert tally.total == 310
    left = tally.seconds_left()
    assert left is not None
    assert left * tally.rate() == pytest.approx(5, rel=0.1)


@pytest.mark.parametrize("width", [80, 140])
def test_the_numbers_stay_whole_on_a_narrow_terminal(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.StringIO()
    terminal = Console(file=shown, force_terminal=True, width=width, color_system=None)
    monkeypatch.setattr("gikocr.cli.progress.console", lambda *, stderr: terminal)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    tally = Tally(200_000, read=12_345, skipped=100, failed=12, doubtful=98_765)
    tally.begun -= 10_000
    report = make_report(Input("一个很长的文件名" * 10 + ".pdf", ()), Settings(), doubtful=False, failed=False)
    with voice("text", tally) as bar:
        bar.read(report, 1.0, tally)
    assert "12445/200000" in shown.getvalue()
    assert "1.23/s, 42 h left, 12 failed, 98765 doubtful" in shown.getvalue()
    assert ("━" in shown.getvalue()) == (width > 80)
