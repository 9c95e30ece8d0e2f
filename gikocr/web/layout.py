"""A report as rows of table cells for the page of the whole form."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gikocr.export.filled_form import spans
from gikocr.review.formview import FormBlock, FormCell, FormView
from gikocr.workspace.rows import amount_text

#: What stands for a state that has no value; the same signs as in the module of the pages.
SIGNS = {
    "blank": "□",
    "slash": "/",
    "dash": "-",
    "none_word": "无",
    "unreadable": "…",
    "occluded": "▓",
    "other_text": "文",
}


@dataclass(frozen=True, slots=True)
class Head:
    """A heading over some columns and levels, or beside some rows and levels."""

    text: str
    across: int
    down: int


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell that can be clicked.

    Attributes:
        mark: ``decided``, ``broken``, ``doubtful``, ``asked``, ``locked`` or empty: how it is drawn.
        box: left, top, right, bottom as shares of its page, as JSON; empty without a place.
    """

    field_id: str
    text: str
    mark: str
    title: str
    page: int | None
    box: str
    version: int


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a table with columns of its own.

    Attributes:
        number: which of its table's, from 0.
        depth: levels of headings beside the rows.
        heads: lines of headings over the columns.
        lines: for each row the headings that begin there, and its cells.
        row_names, column_names: for choosing rows and columns.
    """

    number: int
    heading: str | None
    corner: str
    depth: int
    width: int
    heads: tuple[tuple[Head, ...], ...]
    lines: tuple[tuple[tuple[Head, ...], tuple[Cell | None, ...]], ...]
    row_names: tuple[str, ...]
    column_names: tuple[str, ...]


def blocks(view: FormView, words: Mapping[str, str]) -> dict[str, tuple[Block, ...]]:
    """The blocks of each table, by its key.

    Args:
        view: the report.
        words: the words of the module, for the titles of cells.
    """
    return {
        table.key: tuple(_block(number, block, words) for number, block in enumerate(table.blocks))
        for table in view.tables
    }


def cells(view: FormView, words: Mapping[str, str]) -> list[dict[str, object]]:
    """What changes in the cells with a decision, as JSON for the module."""
    return [
        {
            "field_id": cell.field_id,
            "value": amount_text(cell.value),
            "state": "" if cell.hidden else cell.state,
            "mark": mark(cell),
            "title": title(cell, words),
            "version": cell.version,
        }
        for table in view.tables
        for block in table.blocks
        for row in block.rows
        for cell in row.cells
        if cell is not None
    ]


def mark(cell: FormCell) -> str:
    """How a cell is drawn: a broken sum is told before a doubt, and a doubt before a decision."""
    if cell.hidden:
        return "asked"
    if cell.locked:
        return "locked"
    if cell.broken:
        return "broken"
    if cell.doubtful:
        return "doubtful"
    return "decided" if cell.decided_by is not None else ""


def title(cell: FormCell, words: Mapping[str, str]) -> str:
    """What is said of a cell when the pointer rests on it."""
    if cell.hidden:
        return words["asked_of_you"]
    parts = [words[cell.state]]
    if cell.locked:
        parts.append(words["waits_for_senior"])
    if cell.confidence is not None:
        parts.append(words["confidence"].replace("{0}", f"{cell.confidence:.5g}"))
    if cell.decided_by is not None:
        stands = amount_text(cell.value) or words[cell.state]
        parts.append(words["decided_by"].replace("{0}", cell.decided_by).replace("{1}", stands))
    return " · ".join((*parts, *cell.broken))


def _block(number: int, block: FormBlock, words: Mapping[str, str]) -> Block:
    rows = [row.headings for row in block.rows]
    depth, height = _levels(rows), _levels(block.columns)
    beside: dict[int, list[Head]] = {}
    for level in range(depth):
        for start, down, across, text in spans(rows, level, depth):
            beside.setdefault(start, []).append(Head(text, across, down))
    heads = tuple(
        tuple(Head(text, across, down) for _, across, down, text in spans(block.columns, level, height))
        for level in range(height)
    )
    lines = tuple(
        (tuple(beside.get(index, ())), tuple(None if c is None else _cell(c, words) for c in row.cells))
        for index, row in enumerate(block.rows)
    )
    return Block(
        number=number,
        heading=block.heading,
        corner=block.corner or "",
        depth=depth,
        width=depth + len(block.columns),
        heads=heads,
        lines=lines,
        row_names=tuple(" ".join(path) or str(i + 1) for i, path in enumerate(rows)),
        column_names=tuple(" ".join(path) for path in block.columns),
    )


def _levels(paths: Sequence[tuple[str, ...]]) -> int:
    return max(1, *(len(path) for path in paths), 1)


def _cell(cell: FormCell, words: Mapping[str, str]) -> Cell:
    value = amount_text(cell.value)
    text = "" if cell.hidden else SIGNS.get(cell.state, "") if value is None else value
    if cell.decided_by is None and value is not None and cell.printed:
        text = cell.printed
    box = "" if cell.bbox is None else json.dumps([round(share, 5) for share in cell.bbox])
    return Cell(cell.field_id, text, mark(cell), title(cell, words), cell.page, box, cell.version)
