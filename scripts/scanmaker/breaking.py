"""Cuts a table in two at a row, as a page break does, and what happens to merged cells there."""

from __future__ import annotations

from dataclasses import replace

from scripts.scanmaker.tables import GridCell, PrintedTable


def _placed(table: PrintedTable) -> list[list[tuple[int, GridCell]]]:
    """Return each row's cells with the grid columns where they start."""
    taken: set[tuple[int, int]] = set()
    rows = []
    for i, row in enumerate(table.rows):
        found, at = [], 0
        for cell in row:
            while (i, at) in taken:
                at += 1
            taken |= {(i + r, at + c) for r in range(cell.rowspan) for c in range(cell.colspan)}
            found.append((at, cell))
            at += cell.colspan
        rows.append(found)
    return rows


def cut_table(table: PrintedTable, at: int, *, repeat_heads: bool, label: str) -> tuple[PrintedTable, PrintedTable]:
    """Cut a table before a row.

    Args:
        table: with merged cells.
        at: first row of the second part, beyond the heading rows.
        repeat_heads: print the heading rows again over the second part.
        label: what a merged label does at the cut: blank (stays in the first part), repeated, or halved.

    Raises:
        ValueError: if the cut lies in the heading rows or outside the table.
    """
    if not table.heads < at < len(table.rows):
        raise ValueError(f"cannot cut a table of {len(table.rows)} rows before row {at}")
    rows = _placed(table)
    first: list[list[tuple[int, GridCell]]] = [list(row) for row in rows[:at]]
    second: list[list[tuple[int, GridCell]]] = [list(row) for row in rows[at:]]
    for i in range(at):
        for n, (column, cell) in enumerate(first[i]):
            over = i + cell.rowspan - at
            if over <= 0:
                continue
            half = len(cell.text) // 2
            before, after = {
                "blank": (cell.text, ""),
                "repeated": (cell.text, cell.text),
                "halved": (cell.text[:half], cell.text[half:]),
            }[label]
            first[i][n] = (column, replace(cell, text=before, rowspan=at - i))
            second[0].append((column, replace(cell, text=after, rowspan=over)))
    second[0].sort(key=lambda placed: placed[0])
    heads = rows[: table.heads] if repeat_heads else []
    upper = tuple(tuple(cell for _, cell in row) for row in first)
    lower = tuple(tuple(cell for _, cell in row) for row in [*heads, *second])
    return (
        replace(table, rows=upper),
        replace(table, rows=lower, heads=table.heads if repeat_heads else 0, continued=True),
    )
