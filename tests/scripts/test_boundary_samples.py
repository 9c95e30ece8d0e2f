"""Training pages of the network of cell boundaries: cells are told from the PDF, and lie where they are printed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pypdfium2 as pdfium
import pytest

from scripts.boundaries.looks import cell_boxes, draw_report, print_report
from scripts.boundaries.samples import Sample, read_samples, targets, write_samples
from scripts.scanmaker.fonts import FONT_FOLDER
from scripts.scanmaker.html_page import chromium

needs_print = pytest.mark.skipif(
    chromium() is None or not (FONT_FOLDER / "fonts.conf").exists(), reason="Chromium or the fonts are not installed"
)


@needs_print
def test_every_printed_cell_has_a_box_and_boxes_do_not_overlap(tmp_path: Path) -> None:
    plan, html = draw_report(1, 3, "dev")
    print_report(html, tmp_path / "report.pdf")
    document = pdfium.PdfDocument(tmp_path / "report.pdf")
    try:
        pages = [cell_boxes(document, n, plan) for n in range(len(document))]
    finally:
        document.close()
    wanted = sum(len(row) for piece in plan.pieces if piece.table for row in piece.table.rows)
    # A cell that a page break cuts has a box on both pages, and heads are printed again there.
    assert wanted <= sum(len(p) for p in pages) <= 1.3 * wanted
    for boxes in pages:
        low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
        high = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
        common = np.prod(np.clip(high - low, 0, None), axis=2)
        np.fill_diagonal(common, 0)
        area = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
        assert (common < 0.2 * area[:, None] + 4).all()


def test_targets_are_drawn_where_cells_end_and_nowhere_else() -> None:
    cells = np.array([[(40, 30), (200, 30), (200, 80), (40, 80)]], np.float32)
    level, upright, inside = targets(cells, (128, 256))
    # Centres of pixels: 30 on the page is 14.75 on a map half as large.
    for found, places in ((level[:, 60], (14.75, 39.75)), (upright[28], (19.75, 99.75))):
        ends = np.flatnonzero(found > 127)
        groups = np.split(ends, np.flatnonzero(np.diff(ends) > 1) + 1)
        assert [float(g.mean()) for g in groups] == pytest.approx(places, abs=0.5)
        assert all(2 <= len(g) <= 3 for g in groups)
    assert not level[20:35].any()
    assert inside[16:39, 21:99].all() and not inside[:13].any() and not inside[:, 103:].any()


def test_pages_are_stored_whole(tmp_path: Path) -> None:
    samples = [
        Sample(np.full((8, 6), 7 * k, np.uint8), np.arange(8 * k, dtype=np.float32).reshape(k, 4, 2)) for k in (0, 1, 3)
    ]
    write_samples(tmp_path / "dev-1-00000.npz", samples)
    again = read_samples(tmp_path / "dev-1-00000.npz")
    assert [s.gray.tolist() for s in again] == [s.gray.tolist() for s in samples]
    assert [s.cells.tolist() for s in again] == [s.cells.tolist() for s in samples]
    assert [p.name for p in tmp_path.iterdir()] == ["dev-1-00000.npz"]
