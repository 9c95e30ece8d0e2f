"""The end of a run for a person: a table of the documents, and the fields to look at, the most doubtful first."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from gikocr.cli.terminal import visible

if TYPE_CHECKING:
    from rich.console import Console

    from gikocr.elements import State
    from gikocr.forms import Form
    from gikocr.report import Field, Report, Status

#: Rows of each table. Whoever reads a thousand documents wants the number and the worst, not a thousand lines.
MOST_ROWS = 40

#: An alternative less probable than this is not named as a reason for doubt.
WORTH_NAMING = 0.005

#: States in words, as the tables show them.
STATE_WORDS: dict[State, str] = {
    "read": "?",
    "blank": "(blank)",
    "slash": "/",
    "dash": "-",
    "none_word": "无",
    "other_text": "(text)",
    "occluded": "(covered)",
    "unreadable": "(unreadable)",
    "not_printed": "(not printed)",
}

UNREAD = frozenset({"unreadable", "occluded", "not_printed"})
_STATUS_STYLE = {"complete": "green", "partial": "yellow", "failed": "red"}


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """One document in the table."""

    name: str
    status: str
    agency: str
    year: str
    edition: str
    read: str
    doubtful: int
    broken_sums: int
    seconds: float
    reason: str


@dataclass(frozen=True, slots=True, order=True)
class Doubt:
    """One field that waits for review. Sorts by confidence, then in the order of the documents."""

    confidence: float
    order: tuple[int, int]
    document: str = field(compare=False)
    label: str = field(compare=False)
    value: str = field(compare=False)
    why: str = field(compare=False)
    page: str = field(compare=False)


class Summary:
    """Collects what the tables need and forgets the reports, so that a large archive fits."""

    def __init__(self, form: Form) -> None:
        self.documents = 0
        self.complete = 0
        self.failed = 0
        self.waiting = 0
        self.seconds = 0.0
        self._labels = {
            f.id: _label(f.row_label, f.column_label) for e in form.editions.values() for f in e.fields.values()
        }
        self._lines: list[tuple[tuple[int, int, int], DocumentLine]] = []
        self._doubts: list[tuple[float, int, int, Doubt]] = []
        self._failures: list[tuple[str, str]] = []

    def add(self, report: Report, seconds: float) -> None:
        """Take in one document and the wall time that it took."""
        self.documents += 1
        self.complete += report.status == "complete"
        self.failed += report.status == "failed"
        self.seconds += seconds
        doubtful = [f for f in report.fields if f.needs_review and f.review is None]
        self.waiting += len(doubtful)
        line = _document_line(report, len(doubtful), seconds)
        rank = ({"failed": 0, "partial": 1, "complete": 2}[report.status], -len(doubtful), self.documents)
        self._lines.append((rank, line))
        if len(self._lines) > 2 * MOST_ROWS:
            self._lines = heapq.nsmallest(MOST_ROWS, self._lines)
        if report.status == "failed":
            self._failures.append((report.source.name, line.reason))
        for position, doubt in enumerate(doubtful):
            self._add_doubt(self._doubt(report, doubt, position))

    def add_known(self, status: Status, waiting: int) -> None:
        """Count a document that an earlier run read; it gets no line."""
        self.documents += 1
        self.complete += status == "complete"
        self.failed += status == "failed"
        self.waiting += waiting

    def print_to(self, console: Console, out: Path) -> None:
        """Print the tables."""
        self._print_documents(console)
        if self.waiting:
            self._print_doubts(console)
        partial = self.documents - self.complete - self.failed
        console.print(
            f"Documents: {self.documents}, of these {self.complete} complete, {partial} partial, {self.failed} failed. "
            f"Fields waiting for review: {self.waiting}. Results: {visible(str(out))}"
        )

    def print_failures(self, console: Console) -> None:
        """List the documents that failed, each with its reason."""
        for name, reason in self._failures[:MOST_ROWS]:
            console.print(f"failed: {visible(name)}: {visible(reason)}", soft_wrap=True)
        rest = len(self._failures) - MOST_ROWS
        if rest > 0:
            console.print(f"... and {rest} more failed; their JSON says why.")

    def _add_doubt(self, doubt: Doubt) -> None:
        # A heap of the negated order keeps the most doubtful few: what is popped is the surest of those kept.
        entry = (-doubt.confidence, -doubt.order[0], -doubt.order[1], doubt)
        if len(self._doubts) < MOST_ROWS:
            heapq.heappush(self._doubts, entry)
        else:
            heapq.heappushpop(self._doubts, entry)

    def _doubt(self, report: Report, doubtful: Field, position: int) -> Doubt:
        page = doubtful.evidence.page if doubtful.evidence is not None else None
        return Doubt(
            confidence=0.0 if doubtful.confidence is None else doubtful.confidence,
            order=(self.documents, position),
            document=visible(report.source.name),
            label=visible(self._labels.get(doubtful.id, doubtful.id)),
            value=in_words(doubtful.state, doubtful.printed),
            why=visible(why(doubtful, report)),
            page="" if page is None else str(page),
        )

    def _print_documents(self, console: Console) -> None:
        from rich.text import Text

        table = _table("Documents", "document", "status", "agency", "year", "edition")
        for title in ("fields read", "doubtful", "broken sums", "seconds"):
            table.add_column(title, justify="right", no_wrap=True)
        chosen = heapq.nsmallest(MOST_ROWS, self._lines)
        if self.documents <= MOST_ROWS:
            chosen.sort(key=lambda ranked: ranked[0][2])
        for _, line in chosen:
            table.add_row(
                Text(line.name),
                Text(line.status, style=_STATUS_STYLE[line.status]),
                Text(line.agency),
                line.year,
                line.edition,
                line.read,
                str(line.doubtful),
                str(line.broken_sums),
                f"{line.seconds:.1f}",
            )
        console.print(table)
        if self.documents > MOST_ROWS:
            console.print(f"... and {self.documents - MOST_ROWS} more documents with fewer doubts.")

    def _print_doubts(self, console: Console) -> None:
        from rich.text import Text

        table = _table("Fields to look at, the most doubtful first", "document", "field", "read as")
        table.add_column("confidence", justify="right", no_wrap=True)
        table.add_column("why")
        table.add_column("page", justify="right", no_wrap=True)
        for doubt in sorted(entry[-1] for entry in self._doubts):
            cells = (doubt.document, doubt.label, doubt.value, percent(doubt.confidence), doubt.why, doubt.page)
            table.add_row(*map(Text, cells))
        console.print(table)
        rest = self.waiting - len(self._doubts)
        if rest > 0:
            console.print(f"... and {rest} more fields, marked needs_review in the JSON.")


def in_words(state: State, printed: str | None) -> str:
    """A reading as the tables show it: the characters as printed, or the state in words where nothing is."""
    return visible(printed) if printed and state not in UNREAD else STATE_WORDS[state]


def percent(probability: float) -> str:
    """A probability in per cent; the surer it is, the more digits it gets, so that it never rounds up to 100 %."""
    for places in range(1, 6):
        text = f"{100 * probability:.{places}f}"
        if not text.startswith("100"):
            break
    return f"{text} %"


def why(field: Field, report: Report) -> str:
    """Why a field waits for review, in words; the gravest reason first."""
    return "; ".join(_reasons(field, report)) or "the reader is not sure"


def _reasons(field: Field, report: Report) -> Iterator[str]:
    if field.state == "occluded":
        yield "something covers the cell"
    elif field.state == "unreadable":
        yield "no reader could read the cell"
    elif field.state == "other_text":
        yield "there are words in the cell"
    elif field.confidence is None:
        yield "no reader spoke"
    if "overruled" in field.reasons:
        yield "the sums chose it over a number that was read for sure"
    if "out_of_style" in field.reasons:
        yield "blank, where the document prints its zeros"
    if field.suggestion is not None:
        yield f"the sums ask for {field.suggestion.value}"
    for check in report.checks:
        if check.id in field.checks and check.verdict in ("doubtful", "broken_in_source") and check.difference:
            yield f"a sum is off by {abs(check.difference)}"
            break
    if field.alternatives and field.alternatives[0].probability >= WORTH_NAMING:
        other = field.alternatives[0]
        yield f"may be {in_words(other.state, other.printed)} ({percent(other.probability)})"


def _document_line(report: Report, doubtful: int, seconds: float) -> DocumentLine:
    document = report.document
    read = sum(f.state not in UNREAD for f in report.fields)
    reasons = [i.message for i in report.issues if i.severity == "error"]
    return DocumentLine(
        name=visible(report.source.name),
        status=report.status,
        agency=visible(document.agency or "?"),
        year="?" if document.year is None else str(document.year),
        edition=document.edition or "?",
        read=f"{read}/{len(report.fields)}",
        doubtful=doubtful,
        broken_sums=sum(c.verdict == "broken_in_source" for c in report.checks),
        seconds=seconds,
        reason=reasons[0] if reasons else "",
    )


def _label(row: str, column: str) -> str:
    return " · ".join(part for part in (row, column) if part)


def _table(title: str, *columns: str) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        table.add_column(name, overflow="fold")
    return table


if TYPE_CHECKING:
    from rich.table import Table
