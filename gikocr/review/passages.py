"""The text around a field of a source without pages, which takes the place of a picture."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

from gikocr.errors import GikocrError
from gikocr.ingest import Input, open_markup
from gikocr.markup import Markup, MarkupLine, MarkupTable
from gikocr.review.items import Passage
from gikocr.settings import Settings
from gikocr.workspace import StoredReport, Workspace
from gikocr.workspace.pictures import source_paths

#: Lines, or rows of a table, shown before and after the one of the field.
AROUND = 2
#: Characters of its own line shown before and after the field; run-together texts have lines of thousands.
WIDEST = 160
#: Opened documents kept in memory.
KEPT = 20
_BETWEEN_CELLS = " | "


class Passages:
    """Passages of the documents of a workspace. May be used by several threads."""

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        self._workspace = workspace
        self._settings = settings
        self._kept: OrderedDict[str, Markup | None] = OrderedDict()
        self._lock = threading.Lock()

    def around(self, report: StoredReport, evidence: Mapping[str, Any] | None, printed: str) -> Passage | None:
        """The text around a place; None without such a place, and where the document is gone or has changed.

        Args:
            report: whose document it is.
            evidence: of a field, as in the JSON.
            printed: what was read there.
        """
        if not evidence or (evidence.get("line") is None and evidence.get("table") is None):
            return None
        markup = self._markup(report)
        if markup is None:
            return None
        if evidence.get("line") is not None:
            return _in_lines(markup, evidence, printed)
        return _in_table(markup, evidence)

    def _markup(self, report: StoredReport) -> Markup | None:
        with self._lock:
            if report.sha256 not in self._kept:
                self._kept[report.sha256] = self._opened(report)
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
            return self._kept[report.sha256]

    def _opened(self, report: StoredReport) -> Markup | None:
        paths = source_paths(self._workspace, report)
        try:
            document = open_markup(Input(report.name, paths), self._settings) if paths else None
        except GikocrError:
            return None
        return None if document is None or document.source.sha256 != report.sha256 else document.markup


def _in_lines(markup: Markup, evidence: Mapping[str, Any], printed: str) -> Passage | None:
    lines = [b for b in markup.blocks if isinstance(b, MarkupLine)]
    at = next((k for k, b in enumerate(lines) if b.place.line == evidence["line"]), None)
    if at is None:
        return None
    column = int(evidence.get("column") or 1)
    text = lines[at].text
    begin = max(0, column - 1 - WIDEST)
    own = text[begin : column - 1 + len(printed) + WIDEST]
    before = [b.text[:WIDEST] for b in lines[max(0, at - AROUND) : at]]
    after = [b.text[:WIDEST] for b in lines[at + 1 : at + 1 + AROUND]]
    start = sum(len(line) + 1 for line in before) + column - 1 - begin
    whole = "\n".join((*before, own, *after))
    return Passage(whole, start, min(len(whole), start + len(printed)), line=evidence["line"], column=column)


def _in_table(markup: Markup, evidence: Mapping[str, Any]) -> Passage | None:
    index, row, cell = evidence["table"], evidence.get("row"), evidence.get("cell")
    table = next((b for b in markup.blocks if isinstance(b, MarkupTable) and b.index == index), None)
    if table is None:
        return None
    lines: list[str] = []
    start = end = 0
    rows = sorted({c.place.row for c in table.cells if c.place.row is not None})
    near = [r for r in rows if row is not None and row - AROUND <= r <= row + AROUND]
    for number in near:
        cells = [c for c in table.cells if c.place.row == number]
        texts = [c.text for c in cells]
        if number == row:
            before = [
                t for c, t in zip(cells, texts, strict=True) if c.place.cell is not None and c.place.cell < (cell or 0)
            ]
            start = sum(len(line) + 1 for line in lines) + _joined(before)
            own = next((c.text for c in cells if c.place.cell == cell), "")
            end = start + len(own)
        lines.append(_BETWEEN_CELLS.join(texts))
    return Passage("\n".join(lines), start, end, table=index, row=row, cell=cell) if lines else None


def _joined(texts: Sequence[str]) -> int:
    return sum(len(text) + len(_BETWEEN_CELLS) for text in texts)
