from __future__ import annotations

from pathlib import Path

import pytest

from gikocr.cli.main import main
from gikocr.workspace import Workspace


def test_extract_resumes_and_exports_on_a_server(
    tmp_path: Path, postgresql: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.txt").write_text("没有表格", encoding="utf-8")
    out = tmp_path / "out"
    arguments = ["extract", str(tmp_path / "a.txt"), "-o", str(out), "--workers", "1", "--database", postgresql]
    for _ in range(2):
        assert main(arguments) == 1
    assert "Read already, and not again: 1." in capsys.readouterr().out
    assert not (out / "gikocr.db").exists()
    assert (out / "a.txt.json").exists()
    with Workspace.open(out, database=postgresql) as workspace:
        assert [(r.name, r.status) for r in workspace.reports()] == [("a.txt", "failed")]
    assert main(["export", str(out), "--format", "csv", "--database", postgresql]) == 0
