"""Lays the three tables out as grids of cells, whoever writes them later (HTML or DOCX)."""

from __future__ import annotations

from dataclasses import dataclass

from scripts.scanmaker import form
from scripts.scanmaker.design import Design
from scripts.scanmaker.printing import Printed


@dataclass(frozen=True, slots=True)
class GridCell:
    """One printed cell.

    Attributes:
        text: what is printed; a line feed is a forced break.
        role: block, head, label, group, corner, value or note.
        colspan, rowspan: grid columns and rows that it covers.
        field: the field id of a value cell, else "".
        vertical: set in vertical writing.
        bold: set in bold.
    """

    text: str
    role: str
    colspan: int = 1
    rowspan: int = 1
    field: str = ""
    vertical: bool = False
    bold: bool = False


@dataclass(frozen=True, slots=True)
class PrintedTable:
    """A table ready to be written.

    Attributes:
        name: 二, 三 or 四; "" for a table that is not part of the form.
        rows: the cells that start in each grid row.
        widths: relative widths of the grid columns, adding up to 1.
        heads: number of heading rows (repeated over pages where the design says so).
        continued: the second part of a table cut by a page break.
    """

    name: str
    rows: tuple[tuple[GridCell, ...], ...]
    widths: tuple[float, ...]
    heads: int
    continued: bool = False


class TableLayout:
    """Makes the tables of one document.

    Args:
        design: every choice about looks, drawn beforehand.
        cells: field id → what is printed.
    """

    def __init__(self, design: Design, cells: dict[str, Printed]) -> None:
        """Keep what all tables share."""
        self.design = design
        self.cells = cells

    def _word(self, label: str) -> str:
        return self.design.wording.get(label, label)

    def _value(self, field: str, colspan: int = 1) -> GridCell:
        bold = self.design.bold_totals and field.endswith(".total")
        return GridCell(self.cells[field].text, "value", colspan, field=field, bold=bold)

    def _label(self, text: str, colspan: int = 1, *, strong: bool = False) -> GridCell:
        return GridCell(self._word(text), "label", colspan, bold=strong and self.design.bold_labels)

    def _head(self, text: str, colspan: int = 1, rowspan: int = 1, *, stacked: bool | None = None) -> GridCell:
        """Return a heading cell; narrow ones (stacked given) may be broken or set char by char."""
        words = self._word(text)
        if stacked:
            words = "\n".join(words.replace(" ", ""))
        elif stacked is not None and self.design.break_heads and len(words) == 4:
            words = words[:2] + "\n" + words[2:]
        return GridCell(words, "head", colspan, rowspan, bold=self.design.bold_labels)

    def disclosure(self, edition: str) -> list[PrintedTable]:
        """Return table 二 as one table of four columns, or as one table for each block where the design says so."""
        tables: list[list[tuple[GridCell, ...]]] = []
        for block in form.BLOCKS[edition]:
            rows: list[tuple[GridCell, ...]] = []
            if not (self.design.skip_first_block and not tables):
                title = block.title.replace("第二十条", "第二十条 ") if self.design.gap_in_blocks else block.title
                rows.append((GridCell(title, "block", 4, bold=self.design.bold_labels),))
            spans = {1: (3,), 2: (1, 2), 3: (1, 1, 1)}[len(block.heads)]
            heads = [self._head(h, s) for h, s in zip(block.heads, spans, strict=True)]
            rows.append((self._head("信息内容"), *heads))
            for label, ids in block.rows:
                values = [self._value(f, s) for f, s in zip(ids, spans, strict=True)]
                rows.append((self._label(label), *values))
            tables.append(rows)
        widths = self.design.block_widths
        if self.design.split_blocks:
            return [PrintedTable("二", tuple(rows), widths, 0) for rows in tables]
        return [PrintedTable("二", tuple(row for rows in tables for row in rows), widths, 0)]

    def _request_heads(self, label_columns: int) -> list[tuple[GridCell, ...]]:
        corner = GridCell(form.CORNER if self.design.corner else "", "corner", label_columns, 3)
        kinds = form.KIND_LABELS
        inner = tuple(self._head(k, stacked=self.design.stack_kinds) for k in kinds[1:6])
        return [
            (corner, self._head("申请人情况", 7)),
            (self._head(kinds[0], 1, 2), self._head("法人或其他组织", 5), self._head(kinds[6], 1, 2)),
            inner,
        ]

    def _row_labels(self, edition: str, columns: int) -> list[list[GridCell]]:
        """Return the label cells that start in each data row of table 三."""
        rows = form.REQUEST_ROWS[edition]
        first = next(i for i, r in enumerate(rows) if r.level == 1)
        inside = sum(r.level for r in rows)
        found = []
        for i, row in enumerate(rows):
            cells = []
            if i == first:
                cells.append(self._group("三、本年度办理结果", inside))
            if row.level == 0:
                cells.append(self._label(row.label, columns, strong=True))
            elif columns == 2:
                label = self._word(row.label)
                text = f"{row.group} {label}" if row.group and not row.group.endswith(label) else label
                cells.append(GridCell(text, "label"))
            elif not row.group:
                cells.append(self._label(row.label, 2))
            else:
                if rows[i - 1].group != row.group:
                    members = sum(r.group == row.group for r in rows)
                    cells.append(GridCell(self._word(row.group), "group", 1, members))
                cells.append(self._label(row.label))
            found.append(cells)
        return found

    def _group(self, label: str, rowspan: int) -> GridCell:
        text = self._word(label)
        style = self.design.group
        if style == "stacked":
            text = "\n".join(text.replace(" ", ""))
        return GridCell(text, "group", 1, rowspan, vertical=style == "vertical", bold=self.design.bold_labels)

    def _flat_rows(self, edition: str) -> list[tuple[GridCell, ...]]:
        """Return rows with one label column, where groups are rows of their own without numbers."""
        found: list[tuple[GridCell, ...]] = []
        group = ""
        opened = False
        for row in form.REQUEST_ROWS[edition]:
            if row.level == 1 and not opened:
                found.append((GridCell(self._word("三、本年度办理结果"), "group", 8, bold=self.design.bold_labels),))
                opened = True
            if row.group and row.group != group:
                found.append((GridCell(row.group, "group", 8),))
            group = row.group
            values = [self._value(f"requests.{row.id}.{k}") for k in form.KINDS]
            found.append((self._label(row.label, strong=row.level == 0), *values))
        return found

    def requests(self, edition: str) -> PrintedTable:
        """Return table 三: ten grid columns with three label columns, or nine or eight in the simplified forms."""
        design = self.design
        columns = {"three": 3, "two": 2, "flat": 1}[design.labels]
        rows = self._request_heads(columns)
        if design.labels == "flat":
            rows += self._flat_rows(edition)
        else:
            for row, labels in zip(form.REQUEST_ROWS[edition], self._row_labels(edition, columns), strict=True):
                rows.append((*labels, *(self._value(f"requests.{row.id}.{k}") for k in form.KINDS)))
        share = design.label_share
        labels_widths = {3: (0.16, 0.26, 0.58), 2: (0.18, 0.82), 1: (1.0,)}[columns]
        numbers = [design.kind_widths[i] * (1 - share) / sum(design.kind_widths) for i in range(7)]
        widths = tuple([w * share for w in labels_widths] + numbers)
        return PrintedTable("三", tuple(rows), widths, 3)

    def remedies(self) -> PrintedTable:
        """Return table 四: three heading rows and one row of fifteen numbers."""
        stacked = self.design.stack_outcomes
        outcomes = [self._head(o, stacked=stacked) for o in form.OUTCOME_LABELS]
        tall = [self._head(o, 1, 2, stacked=stacked) for o in form.OUTCOME_LABELS]
        rows = (
            (self._head("行政复议", 5), self._head("行政诉讼", 10)),
            (*tall, self._head("未经复议直接起诉", 5), self._head("复议后起诉", 5)),
            (*outcomes, *outcomes),
            tuple(self._value(f) for f in form.field_ids("四", "2021")),
        )
        return PrintedTable("四", rows, tuple([1 / 15] * 15), 3)
