"""Composes one report: agency, year, numbers, prose, tables, in the order in which they are printed."""

from __future__ import annotations

from dataclasses import dataclass

from scripts.scanmaker.agencies import Agency, draw_agency
from scripts.scanmaker.breaking import cut_table
from scripts.scanmaker.decoys import counts_table, metadata_table
from scripts.scanmaker.design import Design, draw_design
from scripts.scanmaker.dice import Dice
from scripts.scanmaker.narrative import NOTES, NUMERALS, Prose
from scripts.scanmaker.splits import Splits
from scripts.scanmaker.tables import PrintedTable, TableLayout
from scripts.scanmaker.values import Figures, draw_figures

CONTENT_STREAM, DESIGN_STREAM, PROSE_STREAM, DAMAGE_STREAM = 1, 2, 3, 4
EDITIONS = {"2021": 60.0, "2019": 25.0, "hybrid": 15.0}


@dataclass(frozen=True, slots=True)
class Piece:
    """One thing on the page.

    Attributes:
        kind: red_head, title, subtitle, heading, subheading, paragraph, note, table, signature, date or landscape.
        text: its words.
        table: the table, where it is one.
    """

    kind: str
    text: str = ""
    table: PrintedTable | None = None


@dataclass(frozen=True, slots=True)
class ReportPlan:
    """A whole report before it is written.

    Attributes:
        seed: effective seed and number of the document.
        split: dev, calibration or test.
    """

    seed: tuple[int, int]
    split: str
    agency: Agency
    year: int
    edition: str
    figures: Figures
    design: Design
    pieces: tuple[Piece, ...]


def _requests_pieces(design: Design, table: PrintedTable) -> list[Piece]:
    """Return table 三 in one piece, or in two with a page break where the design says so."""
    at = table.heads + design.break_row
    if not design.break_row or at >= len(table.rows) - 1:
        return [Piece("table", table=table)]
    parts = cut_table(table, at, repeat_heads=design.repeat_heads, label=design.break_label)
    return [Piece("table", table=part) for part in parts]


def _title(design: Design, agency: Agency, year: int) -> list[Piece]:
    rest = f"{year}年政府信息公开工作年度报告"
    if design.title_lines == 2:
        return [Piece("title", agency.name), Piece("title", rest)]
    if design.title_lines == 1:
        return [Piece("title", agency.name + rest)]
    return [Piece("title", rest)]


def _pieces(dice: Dice, agency: Agency, year: int, figures: Figures, design: Design) -> list[Piece]:
    cells = figures.cells
    got, old = (int(cells[f"requests.{row}.total"].value or 0) for row in ("received", "carried_in"))
    prose = Prose(dice, agency, year, got, old)
    layout = TableLayout(design, cells)

    def head(number: int) -> Piece:
        return Piece("heading", prose.heading(number, design.shift, design.numerals_mark))

    def note(number: int) -> list[Piece]:
        return [Piece("note", prose.one(NOTES[number]))] if dice.chance(0.15) else []

    length = 2 if agency.size > 1.5 else (1 if dice.chance(0.7) else 0)
    pieces: list[Piece] = []
    if design.decoy == "metadata":
        pieces.append(Piece("table", table=metadata_table(dice, agency, year)))
    if design.red_head:
        number = f"{agency.name[0]}政发〔{year + 1}〕{dice.whole(1, 60)}号"
        pieces += [Piece("red_head", f"{agency.name}文件"), Piece("number", number)]
    pieces += _title(design, agency, year)
    if dice.chance(0.15):
        pieces.append(Piece("subtitle", f"（{year + 1}年{dice.whole(1, 3)}月{dice.whole(1, 28)}日）"))
    pieces += [Piece("paragraph", p) for p in prose.opening()]
    if design.shift:
        pieces.append(Piece("heading", NUMERALS[1] + design.numerals_mark + "概述"))
        pieces.append(Piece("paragraph", f"现将{year}年工作情况报告如下。"))
    pieces += [head(1), *(Piece("paragraph", p) for p in prose.general(length))]
    if design.decoy == "counts":
        pieces.append(Piece("table", table=counts_table(dice)))
    pieces += [head(2), *note(2)]
    for i, table in enumerate(layout.disclosure(figures.tables["二"])):
        if design.split_blocks:
            pieces.append(Piece("subheading", f"（{NUMERALS[i + 1]}）{table.rows[0][0].text if table.rows else ''}"))
        pieces.append(Piece("table", table=table))
    unit = [Piece("unit", "单位：件")] if design.unit_note else []
    pieces += [head(3), *note(3), *unit, *_requests_pieces(design, layout.requests(figures.tables["三"]))]
    if dice.chance(0.06):
        pieces.append(Piece("note", "注：以上数据为本机关及所属单位汇总数。"))
    pieces += [head(4), *note(4), *unit, Piece("table", table=layout.remedies())]
    pieces += [head(5), *(Piece("paragraph", p) for p in prose.problems())]
    pieces += [head(6), *(Piece("paragraph", p) for p in prose.other())]
    if dice.chance(0.75) or design.title_lines == 0 or design.seal == "signature":
        pieces += [Piece("signature", agency.name)]
        pieces += [Piece("date", f"{year + 1}年{dice.whole(1, 3)}月{dice.whole(1, 28)}日")]
    return pieces


def plan_report(splits: Splits, split: str, seed: int, index: int) -> ReportPlan:
    """Draw one report.

    Args:
        splits: the contents of splits.toml.
        split: dev, calibration or test.
        seed: the value of --seed.
        index: number of the document under that seed, from 0.
    """
    base = splits.seed(split, seed)
    content = Dice(base, index, CONTENT_STREAM)
    agency = draw_agency(content, splits.places[split])
    edition = content.weighted(EDITIONS)
    year = content.whole(2019, 2021) if edition == "2019" and content.chance(0.8) else content.whole(2021, 2025)
    figures = draw_figures(content, agency, edition)
    design = draw_design(Dice(base, index, DESIGN_STREAM), splits, split)
    pieces = _pieces(Dice(base, index, PROSE_STREAM), agency, year, figures, design)
    return ReportPlan((base, index), split, agency, year, edition, figures, design, tuple(pieces))
