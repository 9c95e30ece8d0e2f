"""Files for Excel, pandas or a database from the rows of a workspace."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Literal

from gikocr.export.archive import Archive
from gikocr.export.broken_sums import broken_sums
from gikocr.export.files import write_csv, write_json, write_parquet, write_xlsx
from gikocr.export.filled_form import filled_form
from gikocr.export.long_table import long_table
from gikocr.export.panel import choose_reports, panels
from gikocr.export.tables import Sheet
from gikocr.export.year_to_year import year_to_year
from gikocr.forms import Form
from gikocr.report.temporary import sweep
from gikocr.workspace import BrokenCheck, Selection, StoredField, StoredReport, Workspace
from gikocr.workspace.atomic import make_folder, write_file

_REPORTS_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wanted: the format, which tables, and of which agency and year; see ``gikocr export --help``."""

    file_format: Literal["csv", "xlsx", "parquet", "json", "html"] = "xlsx"
    tables: tuple[str, ...] = ("fields", "panel", "errors", "years")
    agency: str | None = None
    year: int | None = None


class WorkspaceArchive:
    """The reports of a workspace as exports ask for them."""

    def __init__(self, workspace: Workspace, selection: Selection) -> None:
        self._workspace = workspace
        self._selection = selection

    def reports(self) -> Iterator[StoredReport]:
        """All reports that are selected."""
        return self._workspace.reports(self._selection)

    def fields(self) -> Iterator[StoredField]:
        """Their fields, report after report."""
        return self._workspace.fields(self._selection)

    def fields_of(self, report_ids: Sequence[int]) -> Iterator[StoredField]:
        """The fields of some reports."""
        return self._workspace.fields(replace(self._selection, report_ids=tuple(report_ids)))

    def broken(self) -> Iterator[tuple[StoredReport, BrokenCheck]]:
        """Sums that do not hold."""
        return self._workspace.broken_checks(self._selection)


def write_exports(workspace: Workspace, out: Path, form: Form, wanted: Wanted) -> list[Path]:
    """Write the files, and return their paths.

    Raises:
        WorkspaceError: a file cannot be written.
    """
    archive = WorkspaceArchive(workspace, Selection(agency=wanted.agency, year=wanted.year))
    if wanted.file_format == "html":
        return list(_write_forms(archive, form, out / "forms"))
    sheets = _sheets(archive, form, wanted.tables)
    if wanted.file_format == "xlsx":
        return [write_xlsx(sheets, out / "gikocr.xlsx")]
    write = {"csv": write_csv, "json": write_json, "parquet": write_parquet}[wanted.file_format]
    return [write(sheet, out) for sheet in sheets]


def _sheets(archive: Archive, form: Form, tables: Sequence[str]) -> Iterator[Sheet]:
    chosen = choose_reports(archive) if {"panel", "years"} & set(tables) else []
    if "panel" in tables:
        yield from panels(archive, form, chosen)
    if "errors" in tables:
        yield broken_sums(archive, form)
    if "years" in tables:
        yield year_to_year(archive, form, chosen)
    if "fields" in tables:
        yield long_table(archive, form)


def _write_forms(archive: WorkspaceArchive, form: Form, out: Path) -> Iterator[Path]:
    """A filled-in form for each report that has fields, named like its JSON."""
    reports = archive.reports()
    # Half-written forms stand in one folder: the forms have many.
    make_folder(out)
    sweep(out)
    while batch := list(islice(reports, _REPORTS_AT_ONCE)):
        fields: dict[int, list[StoredField]] = {r.id: [] for r in batch}
        for field in archive.fields_of(list(fields)):
            fields[field.report_id].append(field)
        for report in batch:
            if fields[report.id]:
                path = out / f"{report.path.removesuffix('.json')}.html"
                write_file(path, filled_form(report, fields[report.id], form).encode("utf-8"), by=out)
                yield path
