"""The text around a field of a source without pages, which takes the place of a picture."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from gikocr.errors import GikocrError
from gikocr.ingest import Input, open_markup
from gikocr.ingest.confined import decoder
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
    """Passages of the documents of a workspace, parsed in a process of their own. May be used by several threads."""

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        self._workspace = workspace
        self._settings = settings

    def around(self, report: StoredReport, evidence: Mapping[str, Any] | None, printed: str) -> Passage | None:
        """The text around a place; None without such a place, and where the document is gone or has changed.

        Args:
            report: whose document it is.
            evidence: of a field, as in the JSON.
            printed: what was read there.
        """
        if not evidence or (evidence.get("line") is None and evidence.get("table") is None):
            return None
        paths = source_paths(self._workspace, report)
        if not paths:
            return None
        item = Input(report.name, paths)
        try:
            found, _ = decoder().call(_passage, item, self._settings, report.sha256, dict(evidence), printed)
        except (GikocrError, ValueError):
            return None
        return None if found is None else Passage(**found)


_kept: OrderedDict[tuple[str, Settings], Markup] = OrderedDict()
"""Of the process that parses: reviewers go through the fields of one document one after the other."""


def _passage(
    item: Input, settings: Settings, sha256: str, evidence: Mapping[str, Any], printed: str
) -> tuple[Any, bytes]:
    if (sha256, settings) not in _kept:
        document = open_markup(item, settings)
        if document is None or document.source.sha256 != sha256:
            return None, b""
        _kept[sha256, settings] = document.markup
    while len(_kept) > KEPT:
        _kept.popitem(last=False)
    markup = _kept[sha256, settings]
    found = _in_lines(markup, evidence, printed) if evidence.get("line") is not None else _in_table(markup, evidence)
    return None if found is None else asdict(found), b""


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
