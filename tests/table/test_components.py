"""Components found on the rows that hold something are those of the whole mask, in the same order."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from gikocr.table.components import components


def sparse(seed: int, shape: tuple[int, int], rows: int) -> np.ndarray:
    """A mask with so many rows of scattered runs."""
    rng = np.random.default_rng(seed)
    mask = np.zeros(shape, np.uint8)
    for y in rng.integers(0, shape[0], rows):
        for x in rng.integers(0, shape[1] - 30, 6):
            mask[y : y + rng.integers(1, 4), x : x + rng.integers(1, 30)] = 255
    return mask


@pytest.mark.parametrize("connectivity", [4, 8])
@pytest.mark.parametrize(("shape", "rows"), [((400, 300), 25), ((401, 299), 60), ((50, 80), 50), ((61, 90), 1)])
def test_components_are_those_of_the_whole_mask(connectivity: int, shape: tuple[int, int], rows: int) -> None:
    for seed in range(20):
        mask = sparse(seed, shape, rows)
        found = components(mask, connectivity)
        count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=connectivity)
        assert found.stats[1:].tolist() == stats[1:].tolist()
        for k in range(1, count):
            left, top, width, height, _ = stats[k]
            assert (found.own(k) == (labels[top : top + height, left : left + width] == k)).all()
        chosen = np.arange(count) % 2 == 1
        assert (found.drawn(chosen, mask.shape) == np.where(chosen[labels], 255, 0)).all()


def test_an_empty_mask_has_none() -> None:
    found = components(np.zeros((40, 30), np.uint8))
    assert len(found.stats) == 1
    assert not found.drawn(np.zeros(1, bool), (40, 30)).any()
