"""A whole report as OFD, drawn with characters and lines."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from gikocr.ingest.spans import RawCell, table_of
from gikocr.pipeline import Extraction
from scripts.exports.flat import fits_flat
from scripts.scanmaker.report import ReportPlan, plan_report
from scripts.scanmaker.splits import load_splits
from scripts.scanmaker.tables import PrintedTable
from tests.ingest.ofd_maker import Line, Word, ofd_bytes

SIZE, ROW, WIDTH, LEFT = 2.6, 7.2, 180.0, 15.0


def drawn(table: PrintedTable, top: float) -> tuple[list[Word], list[Line], float]:
    """A table's words and lines on a grid of equal rows, and where it ends."""
    made = table_of(0, [[RawCell(c.text, c.colspan, c.rowspan) for c in row] for row in table.rows])
    xs = [LEFT]
    for width in table.widths[: made.n_cols]:
        xs.append(xs[-1] + width * WIDTH)
    words: list[Word] = []
    lines: list[Line] = []
    for cell in made.cells:
        x1, x2 = xs[cell.col], xs[cell.col_end]
        y1, y2 = top + cell.row * ROW, top + cell.row_end * ROW
        lines += [(x1, y1, x2, y1), (x1, y2, x2, y2), (x1, y1, x1, y2), (x2, y1, x2, y2)]
        text = cell.text.replace("\n", "")
        per_line = max(1, int((x2 - x1 - 0.6) / SIZE))
        for k, start in enumerate(range(0, len(text), per_line)):
            words.append((text[start : start + per_line], x1 + 0.3, y1 + (k + 1) * SIZE * 0.98, SIZE))
    return words, lines, top + made.n_rows * ROW


def ofd_of(plan: ReportPlan) -> bytes:
    pages: list[tuple[list[Word], list[Line]]] = [([], [])]
    top = 20.0
    for piece in plan.pieces:
        if piece.table is None:
            pages[-1][0].append((piece.text[:44], LEFT, top, 4.0))
            top += 8.0
        else:
            if top + len(piece.table.rows) * ROW > 280:
                pages.append(([], []))
                top = 20.0
            words, lines, top = drawn(piece.table, top)
            pages[-1][0].extend(words)
            pages[-1][1].extend(lines)
            top += 8.0
        if top > 270:
            pages.append(([], []))
            top = 20.0
    return ofd_bytes(pages)


def test_every_field_of_a_drawn_report(extract: Callable[..., Extraction], tmp_path: Path) -> None:
    splits = load_splits()
    plan = next(
        p for p in (plan_report(splits, "dev", 31, i) for i in range(99)) if fits_flat(p) and p.edition == "2021"
    )
    path = tmp_path / "report.ofd"
    path.write_bytes(ofd_of(plan))
    report = extract(path).report
    found = {f.id: f.value for f in report.fields}
    assert {i: Decimal(str(found[i])) for i in found} == {
        i: Decimal(str(c.value)) for i, c in plan.figures.cells.items()
    }
    assert report.source.media_type == "application/ofd" and report.source.pages > 1
    assert all(f.evidence and f.evidence.page and f.evidence.unit == "pt" for f in report.fields)
    assert report.document.year == plan.year
