"""Writes the tables of a report as flattened text, in the ways that real exports come out broken."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from scripts.scanmaker.dice import Dice
from scripts.scanmaker.report import ReportPlan
from scripts.scanmaker.tables import GridCell, PrintedTable

_TRADITIONAL = str.maketrans(
    "开强处罚规审决数项产动务总计收费单万况报据类结维纠经复议讼诉机关农业团组织务个续继办理现发废执阅访举报电书无见张图",
    "開強處罰規審決數項產動務總計收費單萬況報據類結維糾經復議訟訴機關農業團組織務個續繼辦理現發廢執閱訪舉報電書無見張圖",
)

Writer = Callable[[PrintedTable, Dice], str]


def flat_report(plan: ReportPlan, write_table: Writer, dice: Dice, change: Callable[[str], str] = str) -> str:
    """A whole report as text: prose as it is, each table by ``write_table``; ``change`` is applied to the words outside tables."""
    parts = []
    for piece in plan.pieces:
        parts.append(write_table(piece.table, dice) if piece.table is not None else change(piece.text))
    return "\n".join(parts) + "\n"


def _words(cell: GridCell) -> str:
    return cell.text.replace("\n", "")


def bars(table: PrintedTable, dice: Dice) -> str:
    """One cell a line with a bar behind it; what is left of wide cells are bars alone."""
    lines = []
    for row in table.rows:
        lines += [f"{_words(cell)} |" for cell in row]
        if any(cell.colspan > 1 for cell in row):
            lines.append("|||")
    return "\n".join(lines)


def pipes(table: PrintedTable, dice: Dice) -> str:
    """One row a line with bars between cells; labels of merged cells stand in the first of their rows only."""
    return "\n".join(" | ".join(_words(cell) for cell in row) + " |" for row in table.rows)


def tabs(table: PrintedTable, dice: Dice) -> str:
    """One row a line with tabs between cells; merges are lost, and some rows begin a column too far left."""
    lines = []
    for row in table.rows:
        lead = "" if row[0].role != "label" or dice.chance(0.2) else "\t" * dice.whole(0, 2)
        lines.append(lead + "\t".join(_words(cell) + "\t" * (cell.colspan - 1) for cell in row))
    return "\n".join(lines)


def cell_a_line(table: PrintedTable, dice: Dice) -> str:
    """One cell a line with an empty line behind it."""
    return "\n\n".join(_words(cell) for row in table.rows for cell in row if cell.text) + "\n"


def one_line(table: PrintedTable, dice: Dice) -> str:
    """Everything on one line with nothing between cells."""
    return "".join(_words(cell) for row in table.rows for cell in row)


def spaced(table: PrintedTable, dice: Dice) -> str:
    """Everything on one line with single blanks."""
    return " ".join(_words(cell) for row in table.rows for cell in row if cell.text)


def letters_lost(table: PrintedTable, dice: Dice) -> str:
    """Traditional characters, one row a line with bars, and letters missing from long labels as fonts lose them."""
    return "\n".join(
        "| " + " | ".join(_lossy(_words(cell), dice) if cell.role != "value" else cell.text for cell in row) + " |"
        for row in table.rows
    )


def _lossy(text: str, dice: Dice) -> str:
    kept = "".join(c for c in text if len(text) < 8 or not dice.chance(0.06))
    return traditional(kept)


def traditional(text: str) -> str:
    """Common characters of the form in their traditional shape."""
    return text.translate(_TRADITIONAL)


def fits_flat(plan: ReportPlan, states: Sequence[str] = ("read",)) -> bool:
    """Whether every cell of a report shows one of the states, so that it can be written without marks for empty cells."""
    return all(cell.state in states for cell in plan.figures.cells.values())
