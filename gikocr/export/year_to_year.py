"""The year-to-year sheet: what the form says about the numbers of two years of one agency, compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from gikocr.export.archive import Archive, FieldRow, Value
from gikocr.export.broken_sums import side_sum, sum_or_nothing
from gikocr.export.panel import Chosen
from gikocr.export.tables import Column, Row, Sheet
from gikocr.forms import Form, YearLink
from gikocr.report.numbers import difference

COLUMNS = (
    Column("agency", "机关", width=24),
    Column("year_before", "上年", "integer", 8),
    Column("year", "本年", "integer", 8),
    Column("link", "衔接关系", width=28),
    Column("label", "说明", width=48),
    Column("expected", "按上年应为", "number"),
    Column("printed", "本年所列", "number"),
    Column("difference", "差额", "number"),
    Column("verdict", "判断", width=10),
    Column("waiting", "待复核字段", "integer", 10),
    Column("document_before", "上年文件", width=36),
    Column("document", "本年文件", width=36),
)

_PAIRS_AT_ONCE = 100

_Fields = Mapping[str, FieldRow]


def year_to_year(archive: Archive, form: Form, chosen: Sequence[Chosen]) -> Sheet:
    """Every link of the form between two following years of one agency, where both sides can be told.

    ``waiting`` counts the fields of the link that wait for review: a difference may be a misread digit.

    Args:
        archive: whose reports.
        form: that they are of.
        chosen: one report for each agency and year, in their order.
    """
    return Sheet("years", "年度衔接", COLUMNS, _rows(archive, form, chosen))


def _rows(archive: Archive, form: Form, chosen: Sequence[Chosen]) -> Iterator[Row]:
    wanted = {i for link in form.between_years for i in (*link.before, *link.plus, *link.minus, *link.after)}
    pairs = [(a, b) for a, b in pairwise(chosen) if _follow(a, b)]
    # A report is the later one of a pair, then the earlier one of the next; it is read once for both where they are in one batch.
    for start in range(0, len(pairs), _PAIRS_AT_ONCE):
        some = pairs[start : start + _PAIRS_AT_ONCE]
        ids = list(dict.fromkeys(c.report.id for pair in some for c in pair))
        fields: dict[int, dict[str, FieldRow]] = {number: {} for number in ids}
        for row in archive.fields_of(ids):
            if row.field_id in wanted:
                fields[row.report_id][row.field_id] = row
        for before, after in some:
            for link in form.between_years:
                row_of = _row(link, before, after, fields[before.report.id], fields[after.report.id])
                if row_of is not None:
                    yield row_of


def _follow(before: Chosen, after: Chosen) -> bool:
    one, other = before.report, after.report
    if one.year is None or other.year is None or one.agency is None or other.agency is None:
        return False
    return (one.agency_key or one.agency) == (other.agency_key or other.agency) and other.year == one.year + 1


def _row(link: YearLink, before: Chosen, after: Chosen, earlier: _Fields, later: _Fields) -> Row | None:
    sides: list[Value] = [
        side_sum(link.before, earlier),
        sum_or_nothing(link.plus, later),
        sum_or_nothing(link.minus, later),
        side_sum(link.after, later),
    ]
    start, plus, minus, end = sides
    if start is None or plus is None or minus is None or end is None:
        return None
    expected = difference(start + plus, minus)
    gap = difference(end, expected)
    ids = (*link.plus, *link.minus, *link.after)
    used = [earlier[i] for i in link.before if i in earlier] + [later[i] for i in ids if i in later]
    return (
        after.report.agency,
        before.report.year,
        after.report.year,
        link.id,
        link.label,
        expected,
        end,
        gap,
        "一致" if gap == 0 else "不一致",
        sum(row.waiting for row in used),
        before.report.name,
        after.report.name,
    )
