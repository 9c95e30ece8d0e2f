from __future__ import annotations

import pickle
import sys
from pathlib import Path

import numpy as np
import pytest

from scripts.reader import reviewed
from scripts.reader.crops import read_shard
from scripts.reader.measure import Sample

WINDOW = np.arange(24, dtype=np.uint8).reshape(4, 6)


def sample(value: str | None, state: str, window: np.ndarray | None = WINDOW) -> Sample:
    return Sample("a.pdf", "三 x", ((value, state),), window, None, None, False, 0.0)


def test_cells_that_are_known_to_the_letter_become_crops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    samples = [
        sample("21", "read"),
        sample("75.9260", "read"),
        sample(None, "slash"),
        sample(None, "none_word"),
        sample(None, "blank"),
        sample(None, "other_text"),
        sample(None, "not_printed"),
        sample("3", "read", None),
    ]
    (tmp_path / "collected.pkl").write_bytes(pickle.dumps(samples))
    target = tmp_path / "crops" / "crops-reviewed-00000.npz"
    monkeypatch.setattr(sys, "argv", ["reviewed", str(tmp_path / "collected.pkl"), "--to", str(target)])
    reviewed.main()
    crops = read_shard(target)
    assert [c.text for c in crops] == ["21", "75.9260", "/", "无", ""]
    assert all(np.array_equal(c.picture, WINDOW) for c in crops)
    # The training script looks for files of this name.
    assert list(target.parent.glob("crops-*[0-9].npz")) == [target]
