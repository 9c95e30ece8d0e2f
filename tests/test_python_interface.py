from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gikocr import extract
from gikocr.errors import UsageError


def test_reports_of_files_and_folders(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("没有表格", encoding="utf-8")
    (tmp_path / "b.pdf").write_bytes(b"broken")
    found = list(extract(tmp_path, str(tmp_path / "missing.pdf")))
    assert [(r.source.name, r.status) for r in found] == [
        ("a.txt", "failed"),
        ("b.pdf", "failed"),
        ("missing.pdf", "failed"),
    ]


def test_a_wrong_setting() -> None:
    with pytest.raises(UsageError, match="unknown setting"):
        list(extract("x.pdf", no_such_setting=1))


def test_importing_it_is_light() -> None:
    program = "import sys, gikocr; gikocr.extract; print([m for m in ('cv2', 'onnxruntime', 'sqlalchemy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
