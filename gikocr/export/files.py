"""Tables as files: CSV, XLSX, Parquet and JSON. Rows are written as they come; none of these keeps a table in memory."""

from __future__ import annotations

import contextlib
import csv
import errno
import io
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, BinaryIO

from gikocr.errors import WorkspaceError
from gikocr.export.tables import Cell, Column, Item, Level, Sheet, bare
from gikocr.report import json_text
from gikocr.report.temporary import sweep, temporary_prefix

if TYPE_CHECKING:
    import pyarrow as pa
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

#: Rows of a sheet that Excel opens, headings included.
EXCEL_ROWS = 2**20

#: Characters of a cell that Excel takes.
EXCEL_CHARACTERS = 32_767

#: Items of a Parquet row group, which is kept in memory until it is full: a hundred megabytes as Python objects.
GROUP_ITEMS = 1_000_000

#: A text that begins so is taken for a formula by spreadsheets that open a CSV; a negative number and a dash are none.
_FORMULA = re.compile(r"[=+@\t]|-(?!-*$|\d[\d,.]*$)")

_COLOURS: dict[Level, str] = {
    "decided": "#DDEBF7",
    "sure": "#FFFFFF",
    "doubtful": "#FFE699",
    "very_doubtful": "#F8B4A6",
}


def write_csv(sheet: Sheet, folder: Path) -> Path:
    """Write ``KEY.csv`` in UTF-8 with a byte order mark, by which Excel knows that it is Chinese.

    The heading of a column is its Chinese name with its key in brackets. Texts that a spreadsheet would take for a formula get an
    apostrophe in front.

    Raises:
        WorkspaceError: it cannot be written.
    """
    with _whole(folder / f"{sheet.key}.csv") as path, path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([f"{column.heading} [{column.key}]" for column in sheet.columns])
        writer.writerows([_csv_item(item) for item in row] for row in sheet.rows)
    return folder / f"{sheet.key}.csv"


def write_parquet(sheet: Sheet, folder: Path) -> Path:
    """Write ``KEY.parquet``. Amounts are 64-bit integers in columns of integers, else doubles; headings are in the metadata.

    Raises:
        WorkspaceError: it cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([_arrow_field(column) for column in sheet.columns])
    rows = iter(sheet.rows)
    at_once = max(1, GROUP_ITEMS // len(sheet.columns))
    with (
        _whole(folder / f"{sheet.key}.parquet") as path,
        pq.ParquetWriter(path, schema, compression="zstd") as writer,
    ):
        while batch := list(islice(rows, at_once)):
            arrays = [pa.array([_plain(row[k]) for row in batch], type=field.type) for k, field in enumerate(schema)]
            writer.write_table(pa.table(arrays, schema=schema))
    return folder / f"{sheet.key}.parquet"


def write_json(sheet: Sheet, folder: Path) -> Path:
    """Write ``KEY.json``: a list of objects, one a line; decimals keep their digits.

    Raises:
        WorkspaceError: it cannot be written.
    """
    keys = [column.key for column in sheet.columns]
    with _whole(folder / f"{sheet.key}.json") as path, path.open("w", encoding="utf-8") as file:
        file.write("[")
        mark = "\n"
        for row in sheet.rows:
            whole = dict(zip(keys, map(bare, row), strict=True))
            file.write(mark + json_text.write(whole, canonical=True).rstrip("\n"))
            mark = ",\n"
        file.write("\n]\n")
    return folder / f"{sheet.key}.json"


def write_xlsx(sheets: Iterable[Sheet], path: Path) -> Path:
    """Write one workbook with all sheets: numbers as numbers, frozen headings, filters, and doubtful values in colour.

    A table that is longer than a sheet of Excel goes on in further sheets.

    Raises:
        WorkspaceError: it cannot be written.
    """
    import xlsxwriter
    from xlsxwriter.exceptions import FileCreateError, FileSizeError

    with (
        _whole(path) as temporary,
        TemporaryDirectory(prefix="gikocr-xlsx-") as folder,
        contextlib.closing(_Target(temporary)) as target,
    ):
        options = {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "tmpdir": folder,
        }
        book = xlsxwriter.Workbook(target, options)
        formats = {level: book.add_format({"bg_color": colour}) for level, colour in _COLOURS.items()}
        formats["sure"] = book.add_format()
        head = book.add_format({"bold": True, "bg_color": "#D9D9D9", "text_wrap": True, "valign": "top"})
        try:
            for sheet in sheets:
                rows = iter(sheet.rows)
                number = 1
                while True:
                    title = sheet.title if number == 1 else f"{sheet.title[:26]} ({number})"
                    page = book.add_worksheet(title)
                    if not _fill(page, sheet.columns, rows, formats, head):
                        break
                    number += 1
        finally:
            try:
                book.close()
            except (FileCreateError, FileSizeError) as error:
                raise OSError(errno.EIO, str(error)) from error
    return path


class _Target:
    """The file of a workbook, which swallows what comes after a failure.

    The archive that xlsxwriter left behind is closed by the garbage collector, which would print a traceback for each further failure.
    """

    def __init__(self, path: Path) -> None:
        # No buffer: what fails must fail in write().
        self._file: BinaryIO | io.FileIO = io.FileIO(path, "w")

    def write(self, content: bytes) -> int:
        rest = memoryview(content)
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError:
            self.close()
            raise
        return len(content)

    def tell(self) -> int:
        return self._file.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self._file.close()
        self._file = io.BytesIO()


def _fill(
    page: Worksheet,
    columns: tuple[Column, ...],
    rows: Iterator[tuple[Item, ...]],
    formats: dict[Level, Format],
    head: Format,
) -> bool:
    """Fill one sheet of a workbook; tells whether it is full and rows are left."""
    for k, column in enumerate(columns):
        page.set_column(k, k, column.width)
        page.write_string(0, k, column.heading, head)
    for k, column in enumerate(columns):
        page.write_string(1, k, column.key, head)
    page.freeze_panes(2, min(2, len(columns)))
    last = 1
    full = False
    for row in rows:
        last += 1
        for k, item in enumerate(row):
            _write_item(page, last, k, item, formats)
        if last == EXCEL_ROWS - 1:
            full = True
            break
    page.autofilter(1, 0, last, len(columns) - 1)
    return full


def _write_item(page: Worksheet, row: int, column: int, item: Item, formats: dict[Level, Format]) -> None:
    style = formats[item.level] if isinstance(item, Cell) else None
    value = bare(item)
    # An empty text would count as a filled cell.
    if value is None or value == "":
        if isinstance(item, Cell) and item.level != "sure":
            page.write_blank(row, column, None, style)
    elif isinstance(value, str):
        page.write_string(row, column, value[:EXCEL_CHARACTERS], style)
    else:
        page.write_number(row, column, float(value) if isinstance(value, Decimal) else value, style)


def _csv_item(item: Item) -> str | int | float | None:
    value = bare(item)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, str) and _FORMULA.match(value):
        return f"'{value}"
    return value


def _plain(item: Item) -> str | int | float | None:
    value = bare(item)
    return float(value) if isinstance(value, Decimal) else value


def _arrow_field(column: Column) -> pa.Field[Any]:
    import pyarrow as pa

    kinds = {"text": pa.string(), "integer": pa.int64(), "number": pa.float64(), "share": pa.float64()}
    return pa.field(column.key, kinds[column.kind], metadata={"heading": column.heading})


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """Gives a temporary path beside ``path``, which takes its place at the end: a reader sees the old file or the new one."""
    temporary = path.with_name(f"{temporary_prefix()}{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        sweep(path.parent)
        yield temporary
        temporary.replace(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise WorkspaceError(
            f"Cannot write {str(path)!r}: {reason}.", advice="Make room, or give another folder with -o."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
