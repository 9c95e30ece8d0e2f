"""Every cell of every table, as each format's readers give it back, against the rows that were written."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pytest

from gikocr.cli.exporting import write_exports
from gikocr.export.tables import Sheet, bare
from gikocr.jobs import exports
from gikocr.jobs.exports import Wanted, WorkspaceArchive
from gikocr.settings import Settings
from gikocr.workspace import NewReport, Selection, Workspace
from tests.export.test_exports import EDITION, FEE, TABLES, TOTAL, add, consistent, fields_of
from tests.workspace.reports import FORM, make_failed, make_field, make_input

Table = dict[str, list[tuple[Any, ...]]]

#: Texts that readers like to take for something else.
AWKWARD = ("=2023.pdf", "007.pdf", "NA.pdf", '1e5 "x",y.pdf', "-3.pdf", "某某 '甲'.pdf")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Two agencies with several years: sums that do not hold, blanks, slashes, decimals, negatives, and awkward names."""
    with Workspace.open(tmp_path / "out") as workspace:
        for number, name in enumerate(AWKWARD):
            values = consistent(number)
            changes = {
                TOTAL: make_field(TOTAL, values[TOTAL] + 600 * (number % 2), 0.7, checks=("row_total.received",)),
                FEE: make_field(FEE, Decimal("0.10"), 0.123456789012345, printed="0.10"),
                "disclosure.rules.issued": make_field("disclosure.rules.issued", -3, 0.31, printed="-003"),
                "disclosure.rules.repealed": make_field("disclosure.rules.repealed", None, state="blank"),
            }
            add(workspace, tmp_path / "scans", name, 2020 + number, fields_of(values, **changes))
        failed = make_input(tmp_path / "scans", "bad.pdf", "bad")
        workspace.record(failed, [NewReport(make_failed(failed))], fingerprint="f", form=FORM)
        report = next(workspace.reports())
        workspace.reviews.settle(
            report.id, FEE, version=0, value=Decimal("12.50"), state="read", kind="correct", by="李"
        )
    return tmp_path / "out"


def sheets_of(out: Path) -> Iterator[tuple[Sheet, list[tuple[Any, ...]]]]:
    """The tables with their rows, as the writers get them."""
    with Workspace.open(out) as workspace:
        archive = WorkspaceArchive(workspace, Selection())
        for sheet in exports._sheets(archive, FORM, Wanted().tables):
            yield sheet, [tuple(map(bare, row)) for row in sheet.rows]


def as_csv(value: Any, kind: str) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(("=", "+", "@", "-3.pdf")) else value
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def as_parquet(value: Any, kind: str) -> Any:
    if value is None or kind == "text":
        return value
    return int(value) if kind == "integer" else float(value)


def as_cell(value: Any, kind: str) -> Any:
    # A workbook has one kind of number, and no program but its writer tells an empty text from an empty cell.
    return None if value == "" else float(value) if isinstance(value, int | float | Decimal) else value


def from_csv(folder: Path, sheet: Sheet) -> list[tuple[Any, ...]]:
    frame = pd.read_csv(folder / f"{sheet.key}.csv", dtype=str, keep_default_na=False)
    assert list(frame.columns) == [f"{c.heading} [{c.key}]" for c in sheet.columns]
    return list(frame.itertuples(index=False, name=None))


def from_parquet(folder: Path, sheet: Sheet) -> list[tuple[Any, ...]]:
    table = pq.read_table(folder / f"{sheet.key}.parquet")
    assert table.column_names == [c.key for c in sheet.columns]
    kinds = {"text": "string", "integer": "int64", "number": "double", "share": "double"}
    assert [str(t) for t in table.schema.types] == [kinds[c.kind] for c in sheet.columns]
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def from_workbook(folder: Path, sheet: Sheet) -> list[tuple[Any, ...]]:
    book = openpyxl.load_workbook(folder / "gikocr.xlsx", data_only=False)
    headings, keys, *rows = book[sheet.title].iter_rows(max_col=len(sheet.columns))
    assert [c.value for c in headings] == [c.heading for c in sheet.columns]
    assert [c.value for c in keys] == [c.key for c in sheet.columns]
    for row in rows:
        assert {c.data_type for c in row} <= {"s", "n"}, "no formula, date or error"
    return [tuple(as_cell(c.value, "") for c in row) for row in rows]


def resaved(folder: Path) -> Path:
    """The workbook as LibreOffice writes it after it has read it."""
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("LibreOffice is not installed")
    target = folder / "resaved"
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    command = [office, profile, "--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", str(target)]
    done = subprocess.run([*command, str(folder / "gikocr.xlsx")], capture_output=True, text=True, timeout=180)
    if not (target / "gikocr.xlsx").exists():
        pytest.skip(f"LibreOffice has no Calc: {done.stderr.strip()[-200:]}")
    return target


def equal(one: Any, other: Any) -> bool:
    """Equal in value and type; numbers of a workbook to the 15 digits that it keeps."""
    if type(one) is not type(other):
        return False
    return bool(one == pytest.approx(other, rel=1e-14, abs=0)) if isinstance(one, float) else bool(one == other)


@pytest.mark.parametrize("reader", ["csv", "parquet", "xlsx", "libreoffice"])
def test_every_cell_comes_back(out: Path, tmp_path: Path, reader: str) -> None:
    written: Callable[[Any, str], Any]
    given: Callable[[Path, Sheet], list[tuple[Any, ...]]]
    kind, written, given = {
        "csv": ("csv", as_csv, from_csv),
        "parquet": ("parquet", as_parquet, from_parquet),
        "xlsx": ("xlsx", as_cell, from_workbook),
        "libreoffice": ("xlsx", as_cell, from_workbook),
    }[reader]
    folder = tmp_path / "tables"
    write_exports(out, folder, Settings(), Wanted(kind))  # type: ignore[arg-type]
    if reader == "libreoffice":
        folder = resaved(folder)
    compared = 0
    for sheet, rows in sheets_of(out):
        kinds = [c.kind for c in sheet.columns]
        want = [tuple(written(v, k) for v, k in zip(row, kinds, strict=True)) for row in rows]
        got = given(folder, sheet)
        assert len(got) == len(want), sheet.key
        for number, (w, g) in enumerate(zip(want, got, strict=True)):
            differ = [
                (sheet.key, number, c.key, a, b) for c, a, b in zip(sheet.columns, w, g, strict=True) if not equal(a, b)
            ]
            assert differ == []
            compared += len(w)
    assert compared > len(AWKWARD) * len(EDITION.fields) * 20
    assert set(TABLES) == set(EDITION.tables)
