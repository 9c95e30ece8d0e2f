"""The mask of lines keeps off figures that stand close to them."""

from __future__ import annotations

import numpy as np

from gikocr.table.grids import build_grids
from gikocr.table.lines import find_ruling_lines
from gikocr.table.mask import line_mask
from tests.drawing import Ruled, blank_page, write


def _page(*, strokes: bool) -> np.ndarray:
    page = blank_page()
    Ruled(rows=[60] * 10, cols=[500, 200, 200, 200]).draw(page)
    if strokes:
        # Upright strokes of large print under the table are in the mask of lines, and no lines.
        for k in range(12):
            write(page, "川山川", (300 + 60 * (k % 6), 1500 + 90 * (k // 6)))
    return page


def test_print_elsewhere_does_not_widen_the_mask_of_the_lines() -> None:
    widths = []
    for strokes in (False, True):
        page = _page(strokes=strokes)
        lines = find_ruling_lines(page)
        grids = build_grids(lines, 1)
        assert len(grids) == 1
        wide, core = line_mask(lines, grids)
        box = grids[0].box
        inside = wide[int(box.top) + 5 : int(box.bottom) - 5, int(box.left) : int(box.right)]
        widths.append(np.count_nonzero(inside))
        assert not (core[wide == 0] > 0).any()
    assert abs(widths[1] - widths[0]) < 0.02 * widths[0]


def test_thick_lines_are_masked_as_a_whole() -> None:
    page = blank_page()
    Ruled(rows=[60] * 8, cols=[400, 200, 200]).draw(page)
    lines = find_ruling_lines(page)
    wide, _ = line_mask(lines, build_grids(lines, 1))
    dark = (page < 128) & (wide == 0)
    assert not dark.any()
