"""Exports of a workspace, read back by the programs that people open them with."""

from __future__ import annotations

import csv
import gc
import hashlib
import json
import os
import random
import shutil
import subprocess
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pytest

from gikocr.cli.exporting import write_exports
from gikocr.cli.main import main
from gikocr.errors import WorkspaceError
from gikocr.export.files import write_parquet, write_xlsx
from gikocr.export.tables import Column, Sheet, bare
from gikocr.jobs.exports import Wanted, WorkspaceArchive, _sheets
from gikocr.report import Check, DocumentInfo, Field, TableInfo
from gikocr.settings import Settings
from gikocr.workspace import NewReport, Selection, Workspace
from tests.workspace.reports import FORM, make_failed, make_field, make_input, make_report

EDITION = FORM.editions["2021"]
TOTAL = "requests.received.total"
PERSON = "requests.received.natural_person"
FEE = "disclosure.fees.amount"
TABLES = {key: TableInfo(edition="2021", status="read", confidence=0.99) for key in EDITION.tables}


def consistent(seed: int, **set_to: int) -> dict[str, Any]:
    """Values of all fields of the edition that hold in every sum: parts by chance, totals from them."""
    chance = random.Random(seed)
    values: dict[str, Any] = {
        i: Decimal("75.9260") if f.kind == "decimal" else chance.randrange(9) for i, f in EDITION.fields.items()
    } | set_to
    for _ in range(8):
        for rule in EDITION.rules:
            if len(rule.left) == 1:
                values[rule.left[0]] = sum(values[i] for i in rule.right)
            elif len(rule.right) == 1:
                values[rule.right[0]] = sum(values[i] for i in rule.left)
            else:  # received + carried in = total + carried out
                gap = sum(values[i] for i in rule.right) - sum(values[i] for i in rule.left)
                values[rule.left[0]] += gap
    return values


def fields_of(values: dict[str, Any], **changes: Field) -> list[Field]:
    rules = {i: tuple(r.id for r in EDITION.rules if i in (*r.left, *r.right)) for i in EDITION.fields}
    made = {i: make_field(i, v, checks=rules[i]) for i, v in values.items()}
    return list((made | changes).values())


def checks_of(fields: Sequence[Field]) -> tuple[Check, ...]:
    values = {f.id: f.value or 0 for f in fields}
    found = []
    for rule in EDITION.rules:
        left, right = (sum(values[i] for i in side) for side in (rule.left, rule.right))
        verdict = "holds" if left == right else "broken_in_source"
        found.append(
            Check(id=rule.id, left=left, right=right, difference=left - right, verdict=verdict, probability_broken=0.3)
        )
    return tuple(found)


def add(workspace: Workspace, folder: Path, name: str, year: int, fields: Sequence[Field], **changes: Any) -> None:
    item = make_input(folder, name, name)
    document = DocumentInfo(agency="某某市财政局", agency_key="某某市财政", year=year, edition="2021")
    values = {"document": document, "tables": TABLES, "checks": checks_of(fields)} | changes
    workspace.record(item, [NewReport(make_report(item, fields, **values))], fingerprint="f", form=FORM)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Two years of one agency: in the first a misread total, a fee, a blank and what a person decided."""
    first = consistent(1)
    second = consistent(2)
    with Workspace.open(tmp_path / "out") as workspace:
        wrong = make_field(TOTAL, first[TOTAL] + 600, 0.7, checks=("row_total.received",))
        doubtful = make_field("disclosure.rules.issued", 3, 0.95)
        blank = make_field("disclosure.rules.repealed", None, state="blank")
        changes = {f.id: f for f in (wrong, doubtful, blank)}
        add(workspace, tmp_path / "scans", "2022.pdf", 2022, fields_of(first, **changes))
        add(workspace, tmp_path / "scans", "=2023.pdf", 2023, fields_of(second))
        failed = make_input(tmp_path / "scans", "bad.pdf", "bad")
        workspace.record(failed, [NewReport(make_failed(failed))], fingerprint="f", form=FORM)
        report = next(workspace.reports())
        workspace.reviews.settle(
            report.id, "disclosure.rules.issued", version=0, value=8, state="read", kind="correct", by="李"
        )
    return tmp_path / "out"


def export(out: Path, kind: Any, *tables: str) -> list[Path]:
    wanted = Wanted(kind, tables) if tables else Wanted(kind)
    return write_exports(out, out / "exports", Settings(), wanted)


def test_parquet_is_read_by_pandas_with_its_types(out: Path) -> None:
    paths = {p.name: p for p in export(out, "parquet")}
    long = pd.read_parquet(paths["fields.parquet"])
    assert len(long) == 2 * len(EDITION.fields)
    assert (str(long["year"].dtype), str(long["value"].dtype)) == ("int64", "float64")
    fee = long[(long["field"] == FEE) & (long["year"] == 2022)].iloc[0]
    assert (fee["value"], fee["printed"], fee["row"]) == (75.926, "75.9260", "第二十条第（八）项 行政事业性收费")
    decided = long[(long["field"] == "disclosure.rules.issued") & (long["year"] == 2022)].iloc[0]
    assert (decided["value"], decided["value_read"], decided["decided_by"], decided["level"]) == (8, 3, "李", "decided")
    blank = long[(long["field"] == "disclosure.rules.repealed") & (long["year"] == 2022)].iloc[0]
    assert pd.isna(blank["value"])
    assert blank["state"] == "blank"
    panel = pd.read_parquet(paths["panel-2021.parquet"])
    assert list(panel["year"]) == [2022, 2023]
    assert list(panel[PERSON]) == [consistent(1)[PERSON], consistent(2)[PERSON]]
    assert pd.read_parquet(paths["panel-2019.parquet"]).empty


def test_csv_opens_in_excel(out: Path) -> None:
    paths = {p.name: p for p in export(out, "csv")}
    assert paths["panel-2021.csv"].read_bytes().startswith("\ufeff机关 [agency]".encode())
    with paths["panel-2021.csv"].open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    heading = next(k for k in rows[0] if k.endswith(f"[{FEE}]"))
    assert rows[0][heading] == "75.9260"
    assert rows[1]["文件 [document]"] == "'=2023.pdf"


def test_json_keeps_digits(out: Path) -> None:
    (path,) = export(out, "json", "fields")
    rows = json.loads(path.read_text(), parse_float=Decimal)
    fees = [r["value"] for r in rows if r["field"] == FEE]
    assert [str(v) for v in fees] == ["75.9260", "75.9260"]


def test_workbook_is_read_by_openpyxl(out: Path) -> None:
    (path,) = export(out, "xlsx")
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["面板 2021", "面板 2019", "不符清单", "年度衔接", "长表"]
    panel = book["面板 2021"]
    assert panel.freeze_panes == "C3"
    assert panel.auto_filter.ref is not None
    keys = [cell.value for cell in panel[2]]
    assert "自然人" in str(panel.cell(1, keys.index(PERSON) + 1).value)
    person, total = panel.cell(3, keys.index(PERSON) + 1), panel.cell(3, keys.index(TOTAL) + 1)
    assert (person.value, person.data_type) == (consistent(1)[PERSON], "n")
    assert total.fill.fgColor.rgb == "FFF8B4A6"
    assert person.fill.fgColor.rgb == "00000000"
    assert panel.cell(4, keys.index("document") + 1).value == "=2023.pdf"
    assert panel.cell(4, keys.index("document") + 1).data_type == "s"


def test_workbook_is_read_by_libreoffice(out: Path, tmp_path: Path) -> None:
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("LibreOffice is not installed")
    (path,) = export(out, "xlsx", "panel")
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    command = [office, profile, "--headless", "--convert-to", "csv:Text - txt - csv (StarCalc):44,34,76,1"]
    done = subprocess.run([*command, "--outdir", str(tmp_path), str(path)], capture_output=True, text=True, timeout=120)
    made = tmp_path / "gikocr.csv"
    if not made.exists():
        pytest.skip(f"LibreOffice has no Calc: {done.stderr.strip()[-200:]}")
    with made.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    row = dict(zip(rows[1], rows[2], strict=True))
    values = consistent(1)
    assert row[PERSON] == str(values[PERSON])
    assert float(row[FEE]) == 75.926
    assert row["agency"] == "某某市财政局"


def expected_sheets(out: Path) -> list[tuple[Sheet, list[tuple[Any, ...]]]]:
    """Every sheet with the values of its cells, as they are before they are written."""
    with Workspace.open(out, read_only=True) as workspace:
        sheets = _sheets(WorkspaceArchive(workspace, Selection()), FORM, Wanted().tables)
        return [(sheet, [tuple(bare(item) for item in row) for row in sheet.rows]) for sheet in sheets]


def in_csv(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith("=") else value
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def in_workbook(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value or (None if value == "" else value)


def in_parquet(column: Column, value: Any) -> Any:
    return float(value) if value is not None and column.kind in ("number", "share") else value


def test_every_cell_of_every_format(out: Path) -> None:
    expected = expected_sheets(out)
    assert [len(rows) > 0 for _, rows in expected] == [True, False, True, True, True]
    csvs, parquets = ({p.stem: p for p in export(out, kind)} for kind in ("csv", "parquet"))
    book = openpyxl.load_workbook(export(out, "xlsx")[0])
    assert set(csvs) == set(parquets) == {sheet.key for sheet, _ in expected}
    assert book.sheetnames == [sheet.title for sheet, _ in expected]
    kinds = {"text": "string", "integer": "int64", "number": "double", "share": "double"}
    for sheet, rows in expected:
        read = pd.read_csv(csvs[sheet.key], dtype=str, keep_default_na=False)
        assert list(read.columns) == [f"{c.heading} [{c.key}]" for c in sheet.columns]
        assert list(read.itertuples(index=False, name=None)) == [tuple(map(in_csv, row)) for row in rows]
        table = pq.read_table(parquets[sheet.key])
        assert [(f.name, str(f.type)) for f in table.schema] == [(c.key, kinds[c.kind]) for c in sheet.columns]
        found = [tuple(row.values()) for row in table.to_pylist()]
        assert found == [tuple(map(in_parquet, sheet.columns, row)) for row in rows]
        assert [list(map(type, row)) for row in found] == [
            [type(in_parquet(c, v)) for c, v in zip(sheet.columns, row, strict=True)] for row in rows
        ]
        assert_in_workbook(book, sheet, rows)


def assert_in_workbook(book: Any, sheet: Sheet, rows: Sequence[tuple[Any, ...]]) -> None:
    """The sheet holds all cells, numbers as numbers and texts as texts."""
    head, keys, *found = book[sheet.title].iter_rows()
    assert [cell.value for cell in head] == [c.heading for c in sheet.columns]
    assert [cell.value for cell in keys] == [c.key for c in sheet.columns]
    wanted = [tuple(map(in_workbook, row)) for row in rows]
    assert [tuple(cell.value for cell in row) for row in found] == wanted
    kinds = [["s" if isinstance(value, str) else "n" for value in row] for row in wanted]
    assert [[cell.data_type for cell in row] for row in found] == kinds


def test_every_cell_through_libreoffice(out: Path, tmp_path: Path) -> None:
    office = shutil.which("soffice")
    if office is None and not os.environ.get("CI"):
        pytest.skip("LibreOffice is not installed")
    assert office is not None, "CI installs LibreOffice (.ci/run)"
    (path,) = export(out, "xlsx")
    command = [office, f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}", "--headless", "--convert-to", "xlsx"]
    done = subprocess.run(
        [*command, "--outdir", str(tmp_path / "saved"), str(path)], capture_output=True, text=True, timeout=180
    )
    assert (tmp_path / "saved" / path.name).exists(), done.stderr
    book = openpyxl.load_workbook(tmp_path / "saved" / path.name)
    for sheet, rows in expected_sheets(out):
        assert_in_workbook(book, sheet, rows)


def test_the_error_list_names_the_one_cell_that_mends_a_sum(out: Path) -> None:
    (path,) = export(out, "parquet", "errors")
    errors = pd.read_parquet(path)
    right = consistent(1)[TOTAL]
    row = errors[errors["rule"] == "row_total.received"].iloc[0]
    assert row["equation"].startswith(f"{right + 600} = ")
    assert (row["difference"], row["verdict"], row["page"]) == (600, "原文不符", 1)
    mends = {row["mend_field"]: row["mend_to"]}
    assert mends == {TOTAL: right}
    assert row["box"] == "1,2,30,14.5"


def test_a_sum_that_a_person_mended_is_not_listed(out: Path) -> None:
    with Workspace.open(out) as workspace:
        report = next(workspace.reports())
        workspace.reviews.settle(
            report.id, TOTAL, version=0, value=consistent(1)[TOTAL], state="read", kind="correct", by="李"
        )
    (path,) = export(out, "parquet", "errors")
    assert pd.read_parquet(path).empty


def test_years_are_compared(out: Path) -> None:
    (path,) = export(out, "parquet", "years")
    years = pd.read_parquet(path).set_index("link")
    first, second = consistent(1), consistent(2)
    row = years.loc["carried.natural_person"]
    before, after = first["requests.carried_out.natural_person"], second["requests.carried_in.natural_person"]
    assert (row["expected"], row["printed"], row["difference"]) == (before, after, after - before)
    stock = years.loc["stock.normative_documents"]
    d = "disclosure.normative_documents"
    assert stock["expected"] == first[f"{d}.in_force"] + second[f"{d}.issued"] - second[f"{d}.repealed"]
    assert set(years["verdict"]) <= {"一致", "不一致"}


def test_of_two_documents_of_one_year_the_better_one_speaks(out: Path, tmp_path: Path) -> None:
    with Workspace.open(out) as workspace:
        add(workspace, tmp_path / "scans", "again.pdf", 2022, fields_of(consistent(3)))
    (path,) = [p for p in export(out, "parquet", "panel") if "2021" in p.name]
    panel = pd.read_parquet(path)
    assert list(panel["document"]) == ["again.pdf", "=2023.pdf"]
    assert list(panel["documents"]) == [2, 1]


def test_filled_forms(out: Path) -> None:
    paths = export(out, "html")
    assert sorted(p.name for p in paths) == ["2022.pdf.html", "=2023.pdf.html"]
    tables = pd.read_html(paths[0], encoding="utf-8")
    text = paths[0].read_text()
    assert "http" not in text.replace('http-equiv="', "")
    assert 'class="very_doubtful"' in text
    # Every row of a table is as wide as the others once spans are laid out: pandas would make further columns.
    requests = max(tables, key=len)
    section = EDITION.tables["三"].sections[0]
    depth = max(len(r.groups) + (r.label is not None) for r in section.rows)
    assert requests.shape[1] == depth + len(section.columns)
    person = consistent(1)[PERSON]
    assert str(person) in requests.astype(str).to_numpy()[:, depth].tolist()


def test_the_command(out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "tables"
    assert main(["export", str(out), "--format", "csv", "--table", "errors", "-o", str(target)]) == 0
    assert capsys.readouterr().out.split() == [str(target / "errors.csv")]
    assert main(["export", str(tmp_path / "scans"), "--format", "csv"]) == 4
    assert "no workspace" in capsys.readouterr().err
    (tmp_path / "file").write_text("")
    assert main(["export", str(out), "--format", "csv", "-o", str(tmp_path / "file")]) == 4


@pytest.mark.parametrize(
    ("options", "words"),
    [(("--agency", "某某市"), "named exactly '某某市'"), (("--year", "1999"), "on 1999"), (("--year", "2022"), "")],
)
def test_a_selection_of_nothing_says_so(
    out: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], words: str
) -> None:
    assert main(["export", str(out), "--format", "csv", "--table", "fields", *options]) == 0
    errors = capsys.readouterr().err
    assert words in errors
    assert ("headings only" in errors) == bool(words)


def test_a_table_longer_than_a_sheet_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gikocr.export.files.EXCEL_ROWS", 12)
    rows = [(k,) for k in range(25)]
    path = write_xlsx([Sheet("n", "数", (Column("n", "数", "integer"),), rows)], tmp_path / "n.xlsx")
    book = openpyxl.load_workbook(path)
    assert [row[0].value for page in book for row in page.iter_rows(min_row=3)] == list(range(25))
    assert len(book.sheetnames) == 3


def test_a_full_disk_is_one_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no small disk can be made here")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    ignored: list[Any] = []
    monkeypatch.setattr("sys.unraisablehook", ignored.append)
    rows = [(hashlib.sha256(str(k).encode()).hexdigest(),) for k in range(20_000)]
    try:
        with pytest.raises(WorkspaceError, match="No space left"):
            write_xlsx([Sheet("n", "字", (Column("n", "字"),), rows)], disk / "n.xlsx")
        gc.collect()
        assert [i.exc_value for i in ignored] == []
        assert list(disk.iterdir()) == []
        assert not list(tmp_path.glob("gikocr-xlsx-*"))
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=False)


def test_row_groups_of_parquet_lose_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gikocr.export.files.GROUP_ITEMS", 7)
    rows = [(k, f"{k}") for k in range(10)]
    columns = (Column("n", "数", "integer"), Column("t", "字"))
    path = write_parquet(Sheet("n", "数", columns, rows), tmp_path)
    assert pq.ParquetFile(path).num_row_groups == 4
    assert list(pd.read_parquet(path).itertuples(index=False, name=None)) == rows
