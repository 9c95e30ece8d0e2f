"""Windows on cells: what they show, at which scale, and when there is none."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from gikocr.elements import Grid
from gikocr.geometry import BBox
from gikocr.ocr.blobs import HEIGHT as BLOB_HEIGHT
from gikocr.ocr.blobs import WIDTHS, batches, padded_width
from gikocr.ocr.cells import GridInk, numeral_crop
from gikocr.ocr.ink import find_ink
from gikocr.ocr.windows import LEAST_HEIGHT, cell_window, in_paler_ink, look_at
from tests.drawing import blank_page, write

CELL = BBox(100, 100, 700, 200)
HEIGHT = 20.0


def found_in(page: np.ndarray) -> GridInk:
    nothing = np.zeros_like(page)
    grid = Grid(1, CELL, (), (), ())
    return GridInk(grid, find_ink(page, nothing, nothing), (), HEIGHT)


def page_of(text: str = "", ink: int = 40) -> np.ndarray:
    page = blank_page((800, 300))
    write(page, "行政处罚决定", (200, 260), 28)
    if text:
        write(page, text, (400, 150), 28, ink)
    return page


def window_of(page: np.ndarray) -> np.ndarray | None:
    found = found_in(page)
    return cell_window(look_at(found, in_paler_ink(found), CELL))


@pytest.mark.parametrize("text", ["7", "-", "1842", "3.5"])
def test_marks_keep_the_scale_of_figures(text: str) -> None:
    window = window_of(page_of(text))
    assert window is not None
    assert LEAST_HEIGHT * HEIGHT <= window.shape[0] <= 2.4 * HEIGHT


def test_a_window_shows_specks_that_a_tight_crop_leaves_out() -> None:
    page = page_of("18")
    cv2.circle(page, (417, 141), 1, (40,), cv2.FILLED)
    found = found_in(page)
    look = look_at(found, in_paler_ink(found), CELL)
    window, tight = cell_window(look), numeral_crop(look.found, look.content)
    assert window is not None and tight is not None
    clean = window_of(page_of("18"))
    assert clean is not None
    assert (window < 128).sum() > (clean < 128).sum()
    assert window.shape[1] > tight.shape[1]


def test_print_outside_the_cell_is_painted_white() -> None:
    page = page_of("18")
    write(page, "99", (400, 100 - 14), 28)
    beside = window_of(page)
    alone = window_of(page_of("18"))
    assert beside is not None and alone is not None
    assert beside.shape == alone.shape
    assert np.abs(beside.astype(int) - alone.astype(int)).max() <= 40


def test_clean_paper_has_no_window() -> None:
    assert window_of(page_of()) is None


def test_dirt_alone_has_one_so_that_the_reader_may_call_it_blank() -> None:
    page = page_of()
    cv2.circle(page, (400, 150), 1, (40,), cv2.FILLED)
    found = found_in(page)
    look = look_at(found, in_paler_ink(found), CELL)
    assert look.content.box is None
    assert cell_window(look) is not None


def test_pale_print_is_looked_at_in_paler_ink() -> None:
    found = found_in(page_of("17", ink=188))
    look = look_at(found, in_paler_ink(found), CELL)
    assert look.content.box is not None
    assert look.faint


def test_every_window_is_in_one_batch_and_keeps_its_proportions() -> None:
    rng = np.random.default_rng(5)
    windows = [
        rng.integers(0, 255, (int(h), int(w))).astype(np.uint8) for h, w in rng.integers(8, 200, (40, 2)) if w < 20 * h
    ]
    seen = []
    for indices, blob in batches(windows, 7):
        assert len(indices) <= 7
        assert blob.shape[1:3] == (1, BLOB_HEIGHT)
        assert blob.shape[3] in WIDTHS
        for i in indices:
            assert padded_width(windows[i]) == blob.shape[3]
        seen += indices
    assert sorted(seen) == list(range(len(windows)))
