"""The error list: sums that do not hold, with their numbers, and the change of a single cell that would mend them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from operator import itemgetter

from gikocr.export.archive import Archive, BrokenRow, FieldRow, ReportRow, Value, state_of, value_of
from gikocr.export.long_table import box_text
from gikocr.export.tables import Column, Row, Sheet
from gikocr.forms import Field, Form, Rule
from gikocr.report.numbers import difference

COLUMNS = (
    Column("agency", "机关", width=24),
    Column("year", "年度", "integer", 8),
    Column("table", "表", width=6),
    Column("rule", "勾稽关系", width=30),
    Column("verdict", "判断", width=20),
    Column("equation", "算式", width=48),
    Column("left", "左边", "number"),
    Column("right", "右边", "number"),
    Column("difference", "差额", "number"),
    Column("mend_field", "单格改正：字段", width=40),
    Column("mend_from", "单格改正：原值", width=14),
    Column("mend_to", "单格改正：改为", "number", 14),
    Column("other_mends", "其他单格改正", width=40),
    Column("page", "页", "integer", 6),
    Column("box", "位置", width=24),
    Column("box_unit", "位置单位", width=8),
    Column("probability_broken", "原文有误概率", "share"),
    Column("document", "文件", width=36),
)

#: States that count as nothing among the parts of a sum.
EMPTY = frozenset({"blank", "slash", "dash", "none_word", "not_printed"})

#: Changes that are named beside the first.
MOST_OTHERS = 3

_VERDICTS = {"broken_in_source": "原文不符", "doubtful": "识别存疑"}
_REPORTS_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Change:
    """A change of one cell that makes all sums hold in which the cell takes part."""

    field_id: str
    value: Value


def broken_sums(archive: Archive, form: Form) -> Sheet:
    """All sums that do not hold, or may not. What people decided counts: a sum that holds now is left out.

    ``page`` and ``box`` are those of the cell to be changed, or of the sum's total where no single change mends it.
    """
    return Sheet("errors", "不符清单", COLUMNS, _rows(archive, form))


def _rows(archive: Archive, form: Form) -> Iterator[Row]:
    by_report = groupby(archive.broken(), key=lambda pair: pair[0].id)
    whole = (list(group) for _, group in by_report)
    while batch := list(islice(whole, _REPORTS_AT_ONCE)):
        ids = [pairs[0][0].id for pairs in batch]
        fields: dict[int, dict[str, FieldRow]] = {number: {} for number in ids}
        for row in archive.fields_of(ids):
            fields[row.report_id][row.field_id] = row
        for pairs in batch:
            for report, check in pairs:
                row_of = _row(report, check, fields[report.id], form)
                if row_of is not None:
                    yield row_of


def _row(report: ReportRow, check: BrokenRow, fields: Mapping[str, FieldRow], form: Form) -> Row | None:
    editions = {f.edition for f in fields.values() if check.check_id in f.rules and f.edition is not None}
    rules = {r.id: r for e in sorted(editions, reverse=True) for r in form.editions[e].rules} if editions else {}
    rule = rules.get(check.check_id)
    head = (report.agency, report.year)
    tail = (check.probability_broken, report.name)
    if rule is None:
        empty: tuple[None, ...] = (None,) * 11
        return (*head, None, check.check_id, _VERDICTS.get(check.verdict, check.verdict), *empty, *tail)
    left, right = _sides(rule, fields)
    if left is None or right is None or left == right:
        return None
    known = {i: form.editions[e].fields[i] for e in editions for i in (*rule.left, *rule.right)
             if i in form.editions[e].fields}  # fmt: skip
    changes = single_changes(rule, tuple(rules.values()), fields, known)
    first = changes[0] if changes else None
    place = fields.get(first.field_id if first else rule.left[0])
    names = "；".join(f"{c.field_id} → {c.value}" for c in changes[1 : 1 + MOST_OTHERS])
    return (
        *head,
        rule.table,
        rule.id,
        _VERDICTS.get(check.verdict, check.verdict),
        f"{_side(rule.left, fields)} = {_side(rule.right, fields)}",
        left,
        right,
        difference(left, right),
        first.field_id if first else None,
        _shown(fields[first.field_id]) if first else None,
        first.value if first else None,
        names or None,
        None if place is None else place.page,
        None if place is None else box_text(place),
        None if place is None else place.box_unit,
        *tail,
    )


def _sides(rule: Rule, fields: Mapping[str, FieldRow]) -> tuple[Value, Value]:
    """Both sides of a rule: blank ones are 0, as inference counts them, and None where a part was not read."""
    left, right = (sum_or_nothing(ids, fields) for ids in (rule.left, rule.right))
    return left, right


def sum_or_nothing(ids: Sequence[str], fields: Mapping[str, FieldRow]) -> Value:
    """As :func:`side_sum`, but 0 where nothing stands."""
    return None if any(_unread(i, fields) for i in ids) else side_sum(ids, fields) or 0


def side_sum(ids: Sequence[str], fields: Mapping[str, FieldRow]) -> Value:
    """The sum of one side of a rule; blanks count as nothing. None where a part was not read, or nothing stands there."""
    total: Value = None
    for field_id in ids:
        row = fields.get(field_id)
        value = None if row is None else value_of(row)
        if value is None:
            if row is not None and state_of(row) in EMPTY:
                continue
            return None
        total = value if total is None else total + value
    return total


def single_changes(
    rule: Rule, rules: Sequence[Rule], fields: Mapping[str, FieldRow], known: Mapping[str, Field]
) -> list[Change]:
    """Changes of one cell of a rule after which every rule that the cell is in holds, the least sure cell first.

    Args:
        rule: one that does not hold.
        rules: all rules of the report.
        fields: of the report by id.
        known: the fields of the rule as the form describes them, which tell what may be printed there.
    """
    left, right = _sides(rule, fields)
    if left is None or right is None:
        return []
    gap = difference(left, right)
    found: list[tuple[float, Change]] = []
    for field_id, step in [*((i, -gap) for i in rule.left), *((i, gap) for i in rule.right)]:
        row = fields.get(field_id)
        if row is None:
            continue
        value = (value_of(row) or 0) + step
        if value < 0 and (field_id not in known or known[field_id].kind != "signed_integer"):
            continue
        if all(_holds(other, fields, field_id, value) for other in rules if field_id in (*other.left, *other.right)):
            found.append((row.confidence or 0.0, Change(field_id, value)))
    return [change for _, change in sorted(found, key=itemgetter(0))]


def _holds(rule: Rule, fields: Mapping[str, FieldRow], field_id: str, value: Value) -> bool:
    """Whether a rule holds with another value of one field; one that cannot be checked does not speak against it."""
    sums = []
    for ids in (rule.left, rule.right):
        rest = side_sum([i for i in ids if i != field_id], fields)
        if rest is None and any(_unread(i, fields) for i in ids if i != field_id):
            return True
        sums.append((rest or 0) + ((value or 0) if field_id in ids else 0))
    return sums[0] == sums[1]


def _unread(field_id: str, fields: Mapping[str, FieldRow]) -> bool:
    row = fields.get(field_id)
    return row is None or (value_of(row) is None and state_of(row) not in EMPTY)


def _side(ids: Sequence[str], fields: Mapping[str, FieldRow]) -> str:
    return " + ".join(_shown(fields[i]) if i in fields else "?" for i in ids)


def _shown(row: FieldRow) -> str:
    """A value as it stands in an equation: empty cells as 0 in brackets, unread ones as a question mark."""
    value = value_of(row)
    if value is not None:
        return str(value)
    return "(0)" if state_of(row) in EMPTY else "?"
