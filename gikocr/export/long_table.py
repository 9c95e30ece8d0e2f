"""The long table: one row for each field of each report."""

from __future__ import annotations

from collections.abc import Iterator

from gikocr.export.archive import Archive, FieldRow, Value, state_of, value_of
from gikocr.export.tables import Cell, Column, Row, Sheet, level_of
from gikocr.forms import Field, Form

COLUMNS = (
    Column("agency", "机关", width=24),
    Column("year", "年度", "integer", 8),
    Column("edition", "表式", width=8),
    Column("table", "表", width=6),
    Column("row", "行", width=36),
    Column("column", "列", width=20),
    Column("field", "字段", width=40),
    Column("value", "数值", "number"),
    Column("printed", "原文"),
    Column("state", "状态"),
    Column("unit", "单位", width=8),
    Column("confidence", "置信度", "share"),
    Column("level", "级别"),
    Column("page", "页", "integer", 6),
    Column("box", "位置", width=24),
    Column("box_unit", "位置单位", width=8),
    Column("rules", "勾稽关系", width=36),
    Column("suggestion", "建议值", "number"),
    Column("value_read", "识别值", "number"),
    Column("state_read", "识别状态"),
    Column("decided_by", "复核人"),
    Column("decided_at", "复核时间", width=20),
    Column("document", "文件", width=36),
)


def long_table(archive: Archive, form: Form) -> Sheet:
    """All fields. ``value`` and ``state`` are what a person decided where one did, ``value_read`` and ``state_read`` what was read."""
    known = fields_by_edition(form)
    return Sheet("fields", "长表", COLUMNS, (_row(field, known) for field in archive.fields()))


def fields_by_edition(form: Form) -> dict[tuple[str | None, str], Field]:
    """The fields of the form by edition and id."""
    return {(e.id, field.id): field for e in form.editions.values() for field in e.fields.values()}


def box_text(field: FieldRow) -> str | None:
    """Left, top, right and bottom with commas between them; None without a place on a page."""
    return None if field.bbox is None else ",".join(f"{side:g}" for side in field.bbox)


def _row(field: FieldRow, known: dict[tuple[str | None, str], Field]) -> Row:
    of_form = known.get((field.edition, field.field_id))
    decided = field.decided
    suggestion: Value = field.suggestion
    return (
        field.agency,
        field.year,
        field.edition,
        field.table or None,
        None if of_form is None else of_form.row_label,
        None if of_form is None else of_form.column_label,
        field.field_id,
        value_of(field),
        field.printed,
        state_of(field),
        field.unit,
        Cell(field.confidence, level_of(field)),
        level_of(field),
        field.page,
        box_text(field),
        field.box_unit,
        " ".join(field.rules),
        suggestion,
        field.value,
        field.state,
        None if decided is None else decided.by,
        None if decided is None else decided.at.isoformat(timespec="seconds"),
        field.document,
    )


def in_batches(ids: list[int], size: int = 200) -> Iterator[list[int]]:
    """Ids a few at a time."""
    for start in range(0, len(ids), size):
        yield ids[start : start + size]
