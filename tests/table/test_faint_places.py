"""One place on a line is where NumPy's interpolation has it."""

from __future__ import annotations

import numpy as np

from gikocr.table.faint import Line, between


def test_a_place_between_points_is_that_of_numpy() -> None:
    rng = np.random.default_rng(3)
    for count in (1, 2, 5, 40):
        along = np.sort(rng.integers(0, 60, count)).astype(np.float64)  # some stand at one place
        across = rng.normal(100, 3, count)
        line = Line(along, across, float(along[0]), float(along[-1]))
        asked = np.concatenate([rng.uniform(-10, 70, 50), along, along + 0.5])
        assert [between(float(x), along.tolist(), across.tolist()) for x in asked] == np.interp(
            asked, along, across
        ).tolist()
        assert [line.at_one(float(x)) for x in asked] == line.at(asked).tolist()
