"""The wide panel: one row for each agency and year, one sheet for each edition."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gikocr.export.archive import Archive, FieldRow, ReportRow
from gikocr.export.long_table import in_batches
from gikocr.export.tables import Column, Item, Row, Sheet, integer_cell, number_cell
from gikocr.forms import Field, Form
from gikocr.forms.model import MIXED

_HEAD = (
    Column("agency", "机关", width=24),
    Column("year", "年度", "integer", 8),
    Column("document", "文件", width=36),
    Column("status", "状态"),
    Column("waiting", "待复核", "integer", 8),
    Column("documents", "同年文件数", "integer", 8),
)

_RANK = {"complete": 0, "partial": 1, "failed": 2}


@dataclass(frozen=True, slots=True)
class Chosen:
    """The report that speaks for an agency and a year, and how many there are."""

    report: ReportRow
    documents: int


def choose_reports(archive: Archive) -> list[Chosen]:
    """One report for each agency and year, in their order.

    Of several the best is taken: complete before partial, with fewer fields waiting, with more fields, the newest. A report whose
    agency or year is not known stands for itself. Failed documents have no fields and are left out.
    """

    def place(report: ReportRow) -> tuple[str, int, int]:
        known = report.agency is not None and report.year is not None
        return (report.agency_key or report.agency or "", report.year or 0, 0 if known else report.id)

    def quality(report: ReportRow) -> tuple[int, int, int, float]:
        return (_RANK[report.status], report.waiting, -report.fields, -report.read_at.timestamp())

    # Only the best of each place is kept while they stream by.
    best: dict[tuple[str, int, int], Chosen] = {}
    for report in archive.reports():
        if report.status == "failed":
            continue
        other = best.get(place(report))
        if other is None:
            best[place(report)] = Chosen(report, 1)
        else:
            better = min(other.report, report, key=quality)
            best[place(report)] = Chosen(better, other.documents + 1)
    return [best[key] for key in sorted(best)]


def panels(archive: Archive, form: Form, chosen: Sequence[Chosen]) -> Iterator[Sheet]:
    """The sheets, newest edition first; reports whose tables are of several editions, or of none that is known, come last.

    An edition's sheet has the columns of its hybrids too.
    """
    for edition in form.editions.values():
        fields = dict(edition.fields)
        for hybrid in (h for h in form.hybrids if h.edition == edition.id):
            for key, other in hybrid.tables.items():
                fields |= {i: form.editions[other].fields[i] for i in form.table(key, other).fields if i not in fields}
        own = [c for c in chosen if c.report.edition == edition.id]
        yield _panel(archive, f"panel-{edition.id}", f"面板 {edition.id}"[:31], fields, own)
    rest = [c for c in chosen if c.report.edition not in form.editions]
    if rest:
        everything: dict[str, Field] = {}
        for edition in form.editions.values():
            everything = {**edition.fields, **everything}
        yield _panel(archive, f"panel-{MIXED}", "面板 混合表式", everything, rest)


def _panel(archive: Archive, key: str, title: str, fields: dict[str, Field], chosen: Sequence[Chosen]) -> Sheet:
    columns = list(_HEAD)
    for field in fields.values():
        heading = " · ".join(part for part in (field.row_label, field.column_label) if part)
        columns.append(Column(field.id, heading, "number" if field.kind == "decimal" else "integer", 14))
        if field.kind == "decimal":
            # Amounts of money are printed in one unit or another: none is silently taken for the other.
            columns.append(Column(f"{field.id}.unit", f"{heading} · 单位", width=8))
    return Sheet(key, title, tuple(columns), _rows(archive, fields, chosen))


def _rows(archive: Archive, fields: dict[str, Field], chosen: Sequence[Chosen]) -> Iterator[Row]:
    by_id = {c.report.id: c for c in chosen}
    for batch in in_batches(list(by_id)):
        found: dict[int, dict[str, FieldRow]] = {number: {} for number in batch}
        for row in archive.fields_of(batch):
            found[row.report_id][row.field_id] = row
        for number in batch:
            report = by_id[number].report
            items: list[Item] = [report.agency, report.year, report.name, report.status, report.waiting]
            items.append(by_id[number].documents)
            for field in fields.values():
                row_of = found[number].get(field.id)
                if field.kind == "decimal":
                    items += [None, None] if row_of is None else [number_cell(row_of), row_of.unit]
                else:
                    items.append(None if row_of is None else integer_cell(row_of))
            yield tuple(items)
