from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from gikocr.elements import CellReading, PrintedLabel, ReadCell
from gikocr.geometry import BBox, Quad
from gikocr.review import Station
from gikocr.review.printed import headings_of
from gikocr.settings import Settings
from gikocr.workspace import Workspace
from tests.review import documents
from tests.review.documents import ISSUED, RECEIVED, REPEALED, make_document, make_reading

#: Two parts of a table, one over the other; numbers stand in columns 1 and 2. Left, top, right, bottom.
LABELS: Mapping[str, tuple[float, float, float, float]] = {
    "upper head": (100, 0, 300, 20),
    "upper a": (100, 20, 200, 40),
    "lower head": (100, 60, 300, 80),
    "lower a": (100, 80, 200, 100),
    "lower b": (200, 80, 300, 100),
    "group": (0, 100, 50, 140),
    "row 1": (50, 100, 100, 120),
    "row 2": (50, 120, 100, 140),
}
FIRST, LAST = (100, 100, 200, 120), (200, 120, 300, 140)


def cell(box: tuple[float, float, float, float], page: int = 1) -> ReadCell:
    return ReadCell(page, BBox(*box), Quad(((0, 0), (1, 0), (1, 1), (0, 1))), "px", CellReading((), "numerals"))


CELLS = [cell(box) for box in (FIRST, LAST, (100, 120, 200, 140), (100, 40, 200, 60))]


def labels(moved: float = 0.0) -> list[PrintedLabel]:
    found = [PrintedLabel(1, BBox(a, b + moved, c, d - moved), text, 0.9) for text, (a, b, c, d) in LABELS.items()]
    return [*found, PrintedLabel(2, BBox(0, 0, 300, 140), "of another page", 0.9)]


@pytest.mark.parametrize("moved", [0.0, 2.0, -2.0])
def test_headings_stand_beside_and_above_whatever_the_rules_thickness(moved: float) -> None:
    first, last = (headings_of(cell(box), labels(moved), CELLS) for box in (FIRST, LAST))
    assert (first.row, first.column) == (("group", "row 1"), ("lower head", "lower a"))
    # The head is that of the part of the table in which the cell stands, also below other cells.
    assert (last.row, last.column) == (("group", "row 2"), ("lower head", "lower b"))
    upper = headings_of(cell((100, 40, 200, 60)), labels(moved), CELLS)
    assert (upper.row, upper.column) == ((), ("upper head", "upper a"))


def test_words_among_numbers_head_no_column() -> None:
    """A number that was taken for words, and a group's label whose cell was found too wide."""
    stray = [PrintedLabel(1, BBox(200, 100, 300, 120), "不", 0.5), PrintedLabel(1, BBox(0, 100, 300, 120), "wide", 0.5)]
    assert headings_of(cell(LAST), [*labels(), *stray], CELLS).column == ("lower head", "lower b")


def test_a_line_over_the_whole_table_heads_rows_and_no_column() -> None:
    line = PrintedLabel(1, BBox(0, 120, 300, 140), "三、本年度办理结果", 0.9)
    below = cell((200, 140, 300, 160))
    cells = [*CELLS[:1], cell((100, 140, 200, 160)), below]
    assert headings_of(below, [*labels(), line], cells).column == ("lower head", "lower b")


def test_a_page_that_goes_on_with_a_table_has_no_heads() -> None:
    found = headings_of(cell(FIRST, page=3), labels(), CELLS)
    assert (found.row, found.column) == ((), ())


def test_a_station_tells_what_was_read_beside_a_field(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    box = documents.boxes()[ISSUED]
    own = (
        PrintedLabel(1, BBox(0.0, box.top, box.left, box.bottom), "行政规范性文件", 0.9),
        PrintedLabel(1, BBox(box.left, box.top - 30, box.right, box.top), "本年制发件数", 0.9),
    )
    monkeypatch.setattr(documents, "make_reading", lambda *given: replace(make_reading(*given), labels=own))
    with Workspace.open(tmp_path / "out") as workspace:
        report_id = make_document(workspace, tmp_path / "scans", 1)
        with Station(workspace, Settings()) as station:
            found = station.printed_heading(report_id, ISSUED)
            assert (found.row, found.column) == (("行政规范性文件",), ("本年制发件数",))
            # A number that was moved is read in the cell where it was found.
            station.shift("李", report_id, "二", 0, rows=[0], columns=[0], right=1)
            assert station.printed_heading(report_id, REPEALED) == found
            assert station.printed_heading(report_id, RECEIVED).column == ()


def test_a_reading_that_was_saved_without_labels_tells_nothing(on_sqlite: Station) -> None:
    report = on_sqlite.item(1, ISSUED).report
    reading = on_sqlite.workspace.form_reading(report)
    assert reading is not None and reading.labels == ()
    found = on_sqlite.printed_heading(1, ISSUED)
    assert (found.row, found.column) == ((), ())
