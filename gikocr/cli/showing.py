"""Reports drawn in the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from gikocr.cli.summary import in_words
from gikocr.cli.terminal import visible
from gikocr.export.tables import VERY_DOUBTFUL
from gikocr.forms import Form, Label, Section
from gikocr.report import Field, Report
from gikocr.report.numbers import difference

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

_LEGEND = (
    f"? waits for review   ?? waits, confidence below {VERY_DOUBTFUL:g}   = decided by a person   . not in this report"
)


def show_report(console: Console, report: Report, form: Form) -> None:
    """Print one report: head, tables, sums that do not hold, issues."""
    _head(console, report)
    fields = {field.id: field for field in report.fields}
    for key, info in report.tables.items():
        console.print(f"\n{visible(key)}: {info.status}, edition {info.edition or '?'}", style="bold")
        if info.edition in form.editions and key in form.editions[str(info.edition)].tables and fields:
            for section in form.table(key, str(info.edition)).sections:
                console.print(_section(section, fields))
    if report.fields:
        console.print(_LEGEND)
    broken = [c for c in report.checks if c.verdict in ("broken_in_source", "doubtful")]
    if broken:
        console.print("\nSums that do not hold", style="bold")
        for check in broken:
            console.print(
                f"  {check.id}: {check.left} against {check.right}, off by {check.difference} ({check.verdict})"
            )
    if report.issues:
        console.print("\nIssues", style="bold")
        for issue in report.issues:
            page = "" if issue.page is None else f" page {issue.page}:"
            console.print(f"  {issue.severity}: {issue.code}:{page} {visible(issue.message)}", soft_wrap=True)


def show_comparison(console: Console, first: Report, second: Report, form: Form, *, everything: bool) -> None:
    """Print the fields of two reports side by side: those that differ, or all."""
    labels: dict[str, str] = {}
    for edition in form.editions.values():
        for field in edition.fields.values():
            parts = (field.table, field.row_label, field.column_label)
            labels.setdefault(field.id, " · ".join(p for p in parts if p))
    one, other = ({f.id: f for f in report.fields} for report in (first, second))
    table = _table("", "field", _title(first), _title(second), "change")
    differ = 0
    ids = list(dict.fromkeys((*one, *other)))
    for field_id in ids:
        a, b = one.get(field_id), other.get(field_id)
        same = _standing(a) == _standing(b)
        differ += not same
        if everything or not same:
            table.add_row(visible(labels.get(field_id, field_id)), _shown(a), _shown(b), _change(a, b))
    console.print(table)
    console.print(f"Fields: {len(ids)}, of these {differ} differ. {_LEGEND}")


def _head(console: Console, report: Report) -> None:
    from rich.text import Text

    document = report.document
    console.print(Text(f"{document.agency or '?'} {document.year or '?'}", style="bold"))
    waiting = sum(f.needs_review and f.review is None for f in report.fields)
    source = report.source
    facts = f"{visible(source.name)}: {report.status}, {source.pages} pages, edition {document.edition or '?'}"
    console.print(f"{facts}, fields {len(report.fields)}, waiting for review {waiting}")


def _section(section: Section, fields: Mapping[str, Field]) -> Table:
    heading = "" if section.heading is None else section.heading.text
    names = [c.label.text for c in section.columns]
    titles = [
        c.label.text if names.count(c.label.text) == 1 else " ".join([*(g.text for g in c.groups), c.label.text])
        for c in section.columns
    ]
    table = _table(heading, "" if section.corner is None else section.corner.text, *titles)
    groups: tuple[Label, ...] = ()
    for row, ids in zip(section.rows, section.field_ids, strict=True):
        # Headings over several rows are printed once, on a line of their own.
        for level, group in enumerate(row.groups):
            if row.groups[: level + 1] != groups[: level + 1]:
                table.add_row(f"{'  ' * level}{group.text}")
        groups = row.groups
        label = "" if row.label is None else row.label.text
        table.add_row("  " * len(groups) + label, *(_shown(fields.get(i)) if i is not None else "" for i in ids))
    return table


def _table(title: str, first: str, *columns: str) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(visible(first), overflow="fold")
    for name in columns:
        table.add_column(visible(name), justify="right", overflow="fold")
    return table


def _title(report: Report) -> str:
    return f"{report.document.year or '?'} {visible(report.source.name)}"


def _standing(field: Field | None) -> object:
    """Value and state that stand: what a person decided, else what was read."""
    if field is None:
        return None
    return (field.value, field.state) if field.review is None else (field.review.value, field.review.state)


def _shown(field: Field | None) -> Text:
    from rich.text import Text

    if field is None:
        return Text(".", style="dim")
    if field.review is not None:
        value = field.review.value
        return Text(f"{in_words(field.review.state, None if value is None else str(value))} =", style="cyan")
    words = in_words(field.state, field.printed)
    if not field.needs_review:
        return Text(words)
    if field.confidence is None or field.confidence < VERY_DOUBTFUL:
        return Text(f"{words} ??", style="bold red")
    return Text(f"{words} ?", style="yellow")


def _change(first: Field | None, second: Field | None) -> str:
    values = [None if f is None else f.value if f.review is None else f.review.value for f in (first, second)]
    one, other = values
    if one is None or other is None:
        return ""
    gap = difference(other, one)
    share = f" ({100 * Decimal(gap) / Decimal(one):+.0f} %)" if one else ""
    return f"{gap:+}{share}" if gap else ""
