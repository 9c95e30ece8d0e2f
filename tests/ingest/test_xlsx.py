"""Sheets as tables."""

from __future__ import annotations

import io
import zipfile

import pytest

from gikocr.errors import DamagedFile
from gikocr.ingest.xlsx import read_xlsx
from gikocr.markup import MarkupTable

SHEET = """<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>
<row r="1"><c r="A1" t="s"><v>0</v></c></row>
<row r="2"><c r="A2" t="inlineStr"><is><t>规</t><t>章</t></is></c><c r="B2"><v>3</v></c><c r="C2"><v>75.925999999999998</v></c></row>
<row r="3"><c r="A3" t="str"><v>合计</v></c><c r="C3"><v>1E3</v></c></row>
</sheetData><mergeCells><mergeCell ref="A1:C1"/><mergeCell ref="A1:B9"/><mergeCell ref="x"/></mergeCells></worksheet>"""
STRINGS = """<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><r><t>标</t></r><r><t>题</t></r><rPh><t>x</t></rPh></si></sst>"""


def workbook(**members: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/") + ".xml", content)
    return out.getvalue()


def test_cells_as_shown() -> None:
    markup = read_xlsx(workbook(xl__worksheets__sheet1=SHEET, xl__sharedStrings=STRINGS), "x")
    (table,) = markup.blocks
    assert isinstance(table, MarkupTable)
    assert [(c.row, c.col, c.col_end, c.text) for c in table.cells] == [
        (0, 0, 3, "标题"),
        (1, 0, 1, "规章"),
        (1, 1, 2, "3"),
        (1, 2, 3, "75.926"),
        (2, 0, 1, "合计"),
        (2, 1, 2, ""),
        (2, 2, 3, "1000"),
    ]


def test_damaged_workbooks() -> None:
    for data in (b"PK\x03\x04", workbook(xl__workbook="<x/>")):
        with pytest.raises(DamagedFile):
            read_xlsx(data, "x")
