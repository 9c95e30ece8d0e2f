"""The samples folder: complete, small, and with truth of the right form."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scripts.exports.samples import SAMPLES as EXPORTS
from scripts.scanmaker import form
from scripts.scanmaker.samples import SAMPLES

FOLDER = Path(__file__).resolve().parents[2] / "samples"
FILE_BYTES = 700_000
ALL_BYTES = 6_000_000
MADE = sorted(p for p in FOLDER.iterdir() if p.name not in {"truth", "README.md"}) if FOLDER.is_dir() else []


def _bytes(path: Path) -> int:
    return sum(f.stat().st_size for f in path.rglob("*") if f.is_file()) if path.is_dir() else path.stat().st_size


def test_every_sample_is_there() -> None:
    exports = [sample.file.split(".")[0] for sample in EXPORTS]
    assert sorted(p.name.split(".")[0] for p in MADE) == sorted([*exports, *(s.name for s in SAMPLES)])


def test_samples_stay_small() -> None:
    assert max(_bytes(p) for p in MADE) < FILE_BYTES
    assert _bytes(FOLDER) < ALL_BYTES


@pytest.mark.parametrize("path", MADE, ids=lambda p: p.name)
def test_sample_has_truth_and_is_listed(path: Path) -> None:
    truth = json.loads((FOLDER / "truth" / f"{path.name}.json").read_text(encoding="utf-8"))
    assert truth["file"] == path.name
    assert set(truth["fields"]) == {f for t, e in truth["tables"].items() for f in form.field_ids(t, e)}
    assert "dev" in truth["tags"]
    assert f"| `{path.name}` |" in (FOLDER / "README.md").read_text(encoding="utf-8")
