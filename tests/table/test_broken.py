from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest

from gikocr.table import lines
from gikocr.table.grids import build_grids
from gikocr.table.lines import RulingLines, find_ruling_lines
from tests.drawing import blank_page, noisy, write

ROWS = [300 + 60 * k for k in range(16)]
COLS = [150, 620, 760, 900, 1040, 1180, 1320, 1480]


def broken_table(share: float, seed: int, texts: bool = True) -> np.ndarray:
    """A table of which a share of the rules is gone, in blots as a worn drum leaves them out."""
    rules = np.zeros((2339, 1654), np.uint8)
    for y in ROWS:
        cv2.line(rules, (COLS[0], y), (COLS[-1], y), (255,), 2)
    for x in COLS:
        cv2.line(rules, (x, ROWS[0]), (x, ROWS[-1]), (255,), 2)
    noise = np.random.default_rng(seed).random((2339 // 16 + 2, 1654 // 16 + 2)).astype(np.float32)
    field = cv2.resize(noise, (1654, 2339), interpolation=cv2.INTER_LINEAR)
    page = blank_page()
    page[(rules > 0) & (field >= np.quantile(noise, share))] = 50
    if texts:
        for r, y in enumerate(ROWS[:-1]):
            write(page, f"第{'一二三四五六七八九十甲乙丙丁戊'[r]}项行政许可", ((COLS[0] + COLS[1]) / 2, y + 30), 28)
            for a, b in itertools.pairwise(COLS[1:]):
                write(page, "0", ((a + b) / 2, y + 30), 26)
    return noisy(page, 2.0)


@pytest.mark.parametrize(("share", "seed"), [(0.2, 1), (0.35, 2), (0.35, 3), (0.45, 1)])
def test_a_table_whose_rules_are_half_gone(share: float, seed: int) -> None:
    [grid] = build_grids(find_ruling_lines(broken_table(share, seed)), 1)
    columns = [np.mean([x for x, _ in line]) for line in grid.col_lines]
    rows = [np.mean([y for _, y in line]) for line in grid.row_lines]
    assert columns == pytest.approx(COLS, abs=4)
    assert rows == pytest.approx(ROWS, abs=4)


def test_figures_that_stand_under_each_other_are_no_line() -> None:
    page = blank_page()
    for k in range(30):
        for x in (300, 520, 740):
            write(page, "0", (x, 300 + 33 * k), 28)
    found = find_ruling_lines(noisy(page, 2.0))
    assert not found.vertical
    assert not found.horizontal


def without_bridges(page: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> RulingLines:
    monkeypatch.setattr(lines, "bridges", lambda ridge, known, ink, side, direction: np.zeros_like(ridge))
    return find_ruling_lines(page)


def test_narrow_figures_under_each_other_are_not_bridged_beside_rules_that_are_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page = broken_table(0.0, 1, texts=False)
    for k in range(20):
        for x in (700, 840, 980):
            cv2.ellipse(page, (x, 320 + 44 * k), (5, 10), 0, 0, 360, (60,), 2)
    found = find_ruling_lines(page)
    assert np.array_equal(found.vertical_mask, without_bridges(page, monkeypatch).vertical_mask)


def test_feet_of_a_line_of_text_are_not_bridged(monkeypatch: pytest.MonkeyPatch) -> None:
    page = blank_page()
    for k in range(12):
        write(page, "一、本年新收政府信息公开申请数量二、上年结转", (800, 300 + 130 * k), 34)
    page = noisy(page, 2.0)
    found = find_ruling_lines(page)
    assert np.array_equal(found.horizontal_mask, without_bridges(page, monkeypatch).horizontal_mask)


def test_dashes_in_a_row_of_cells_are_no_line() -> None:
    page = blank_page()
    for k in range(10):
        for x in range(300, 1300, 75):
            write(page, "—", (x, 300 + 60 * k), 26)
    assert not find_ruling_lines(noisy(page, 2.0)).horizontal
