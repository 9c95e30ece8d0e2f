from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The fake pipeline in the place of the real one, importable in worker processes too."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    import fake_pipeline

    monkeypatch.setattr("gikocr.cli.extraction.drawing_pipeline", fake_pipeline.FakePipeline)
    return fake_pipeline


@pytest.fixture
def scans(tmp_path: Path) -> Callable[..., Path]:
    """Makes a folder with files of the given names; each has content of its own."""

    def make(*names: str) -> Path:
        folder = tmp_path / "scans"
        folder.mkdir(exist_ok=True)
        for name in names:
            (folder / name).write_bytes(b"%PDF-1.7 " + name.encode("utf-8", "surrogateescape"))
        return folder

    return make
