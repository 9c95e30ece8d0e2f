"""Printed columns onto the columns of a section: by their heads, by where they stood before a page break, by their number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gikocr.elements import Cell, LabelledGrid
from gikocr.forms import Column, Section, Table
from gikocr.geometry import BBox
from gikocr.kie.alignment import align
from gikocr.kie.rows import PrintedRow, is_words, likeness, similarity_weight

HEAD_WEIGHT = 0.7
"""Heads of narrow columns are misread more often than row labels: their evidence counts this much of a label's."""
BARE = 0.1
NO_HEAD = 0.5
MISSING_COLUMN = -5.0
"""Log weights: what a column without print loses, of a column without a head that could be read, and of a column on one side only."""
GROUP = 3
"""A head over so many columns is a group's; over two it may be one whose column a wrong line cuts."""
FEWEST_UNITS, SLIVER = 4, 0.5
"""Of so many columns, one that is narrower than this share of the usual width and holds nothing is none."""
SAME_WIDTH = 0.04
"""Tables whose widths or edges differ by less than this share of the wider one are as wide, or end at one place."""
SAME_PLACE = 4.0
"""Log weight of a column that stands where it stood in the part before, falling by twice this per column width."""

MOVED = 4.0
"""Log weight that columns lose together for being moved by whatever fits them best."""

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class ColumnPlaces:
    """For each column of a section, by index: its elementary columns in a grid, and the probability of that.

    ``unmatched`` counts the columns of either side, printed or the section's, that have no partner, ``odd`` the rows that are divided
    otherwise than most of the section's: its columns run through all of them.
    """

    spans: Mapping[int, Span]
    certainty: Mapping[int, float]
    log_weight: float
    unmatched: int = 0
    odd: int = 0


@dataclass(frozen=True, slots=True)
class _Places:
    """Where the columns of a section stood in an earlier grid.

    Attributes:
        box: of that grid.
        columns: middle and width of each column in pixels; None where it was not found.
        whole: whether each column of the one had one of the other.
    """

    box: BBox
    columns: list[tuple[float, float] | None]
    whole: bool = True


@dataclass(frozen=True, slots=True)
class _Move:
    """Places in pixels times ``scale`` plus ``offset``; ``cost`` in log weight for each column."""

    scale: float
    offset: float
    cost: float = 0.0


def place_columns(
    table: Table,
    rows: Sequence[tuple[int, PrintedRow]],
    grids: Sequence[LabelledGrid],
    printed: Sequence[PrintedRow],
) -> dict[tuple[int, int], ColumnPlaces]:
    """Place the columns of every section in every grid in which rows of it were found.

    Args:
        table: the table.
        rows: section index and printed row of each row found.
        grids: all grids of the document.
        printed: all printed rows of the document.

    Returns:
        By (grid index, section index).
    """
    groups: dict[tuple[int, int], list[PrintedRow]] = {}
    for index, row in rows:
        groups.setdefault((row.grid, index), []).append(row)
    result: dict[tuple[int, int], ColumnPlaces] = {}
    known: dict[int, _Places] = {}
    for (grid, number), members in sorted(groups.items()):
        section = table.sections[number]
        division = _units(members, len(section.columns))
        units = _without_slivers(division, members, grids[grid])
        heads = _heads(grids[grid], members, printed, units)
        before = known.get(number)
        if before is not None and not before.whole and len(units) == len(section.columns):
            before = None  # what was placed badly itself tells less than as many columns as there must be
        filled = _filled(units, members, grids[grid])
        places = _place(section, units, heads, filled, grids[grid], before)
        places = _with_halves(places, units, heads, filled, alone=len(section.columns) == 1)
        if any(heads) or number not in known or not known[number].whole:
            known[number] = _Places(
                grids[grid].grid.box, _middles(places, grids[grid], len(section.columns)), places.unmatched == 0
            )
        odd = sum(_is_divided_otherwise(row, division) for row in members)
        result[(grid, number)] = replace(places, odd=odd)
    return result


def _is_divided_otherwise(row: PrintedRow, units: Sequence[Span]) -> bool:
    """Whether between the first and the last column a row has other boundaries; what stands before them may be a label's part."""
    if not row.values or not units:
        return False
    first, last = units[0][0], units[-1][1]
    own = {edge for span in _division(row) for edge in span if first <= edge <= last}
    return own != {edge for span in units for edge in span}


def _division(row: PrintedRow) -> tuple[Span, ...]:
    return tuple((c.col, c.col_end) for c in row.values)


def _units(rows: Sequence[PrintedRow], wanted: int) -> list[Span]:
    """The columns of values: the division that most rows show, one of the wanted number if a fair share shows it."""
    counts = Counter(_division(row) for row in rows if row.values)
    if not counts:
        return []
    fitting = [(n, units) for units, n in counts.items() if len(units) == wanted]
    if fitting and max(fitting)[0] * 4 >= sum(counts.values()):
        return list(max(fitting)[1])
    return list(counts.most_common(1)[0][0])


def _without_slivers(units: list[Span], rows: Sequence[PrintedRow], grid: LabelledGrid) -> list[Span]:
    """The units without bare ones at either end that are far narrower than the others: what is left over beside a table's edge."""
    if len(units) < FEWEST_UNITS:
        return units
    widths = [_middle_and_width(unit, grid)[1] for unit in units]
    usual = float(np.median(widths))
    filled = _filled(units, rows, grid)

    def sliver(k: int) -> bool:
        return widths[k] < SLIVER * usual and not filled[k]

    first, last = 0, len(units)
    while first < last and sliver(first):
        first += 1
    while last > first and sliver(last - 1):
        last -= 1
    return units[first:last]


def _heads(
    grid: LabelledGrid, rows: Sequence[PrintedRow], printed: Sequence[PrintedRow], units: Sequence[Span]
) -> list[list[str]]:
    """For each unit the words over it, the nearest first: from the rows between the rows found and the values before them.

    None where only a group's head is over it, which tells its columns not from each other.
    """
    top = min(row.row for row in rows)
    earlier = [r.row_end for r in printed if r.grid == rows[0].grid and r.row_end <= top and r.filled]
    floor = max(earlier, default=0)
    cells = [
        (cell, text.text or "")
        for cell, text in zip(grid.grid.cells, grid.texts, strict=True)
        if is_words(text) and cell.row < top and cell.row_end > floor
    ]
    heads = []
    for start, end in units:
        over = [(cell, text) for cell, text in cells if _covers(cell, start, end)]
        over.sort(key=lambda item: -item[0].row)
        if over and sum(_covers(over[0][0], *unit) for unit in units) >= GROUP:
            over = []
        heads.append([text for _, text in over])
    return heads


def _covers(cell: Cell, start: int, end: int) -> bool:
    return min(cell.col_end, end) - max(cell.col, start) >= 0.5 * (end - start)


def _place(
    section: Section,
    units: Sequence[Span],
    heads: Sequence[Sequence[str]],
    filled: Sequence[set[int]],
    grid: LabelledGrid,
    known: _Places | None,
) -> ColumnPlaces:
    n = len(section.columns)
    if not units:
        return ColumnPlaces({}, {}, 0.0, n)
    if known is not None and not any(heads):
        # A part that was lost leaves the others where they stood; a page of another scale moves them all. What fits better shows which.
        ways = [
            np.array([[_place_weight(unit, grid, known, j, move) for j in range(n)] for unit in units])
            for move in _moves(units, grid, known)
        ]
    else:
        pair = np.array([[_head_weight(own, column) for column in section.columns] for own in heads])
        # Where nothing else tells which of two is a column of the form, it is not the one without any print.
        pair -= np.array([[0.0 if own else BARE] for own in filled])
        for i, own in enumerate(heads):
            if own:
                # A head that says another column of the form speaks against this one, however much of it they have in common.
                pair[i] -= pair[i].max() - pair[i]
        ways = [pair]
    missing = [MISSING_COLUMN] * len(units), [MISSING_COLUMN] * n
    alignment = max((align(pair, *missing) for pair in ways), key=lambda a: a.log_weight)
    spans = {j: units[i] for i, j in alignment.pairs}
    certainty = {j: float(alignment.probability[i, j]) for i, j in alignment.pairs}
    return ColumnPlaces(spans, certainty, alignment.log_weight, len(units) + n - 2 * len(spans))


def _filled(units: Sequence[Span], rows: Sequence[PrintedRow], grid: LabelledGrid) -> list[set[int]]:
    """For each unit the rows, by index, in which it holds print."""
    inked = {(c.row, c.col) for c, text in zip(grid.grid.cells, grid.texts, strict=True) if text.has_ink}
    return [
        {n for n, row in enumerate(rows) if any((c.row, c.col) in inked and start <= c.col < end for c in row.values)}
        for start, end in units
    ]


def _with_halves(
    places: ColumnPlaces,
    units: Sequence[Span],
    heads: Sequence[Sequence[str]],
    filled: Sequence[set[int]],
    *,
    alone: bool,
) -> ColumnPlaces:
    """The places with columns that a wrong line cuts in two made whole: with what stands beside one and has no partner, but print.

    In no row do both halves hold print, and no other head is over the one without a partner. Beside columns whose heads are not known
    may stand the rest of a label. A column that is ``alone`` in its section may have had its head cut in two as well.
    """
    taken = set(places.spans.values())
    spans = dict(places.spans)
    for j, span in places.spans.items():
        i = units.index(span)
        for k in (i - 1, i + 1):
            if not 0 <= k < len(units) or units[k] in taken or filled[i] & filled[k] or not filled[k]:
                continue
            same_head = heads[i] and (not heads[k] or list(heads[k]) == list(heads[i]))
            if same_head or (alone and not filled[i]):
                spans[j] = min(spans[j][0], units[k][0]), max(spans[j][1], units[k][1])
                taken.add(units[k])
    return replace(places, spans=spans)


def _head_weight(heads: Sequence[str], column: Column) -> float:
    if not heads:
        return NO_HEAD
    wanted = list(column.label.all)
    if column.groups:
        wanted.append(column.groups[-1].text + column.label.text)
    nearest = heads[0]
    stacked = heads[1] + heads[0] if len(heads) > 1 else heads[0]
    best = max(likeness(text, w) for text in (nearest, stacked) for w in wanted)
    return max(-6.0, HEAD_WEIGHT * similarity_weight(best))


def _middles(places: ColumnPlaces, grid: LabelledGrid, n: int) -> list[tuple[float, float] | None]:
    """Middle and width of each column in pixels; None where it was not found."""
    return [_middle_and_width(places.spans[j], grid) if j in places.spans else None for j in range(n)]


def _middle_and_width(span: Span, grid: LabelledGrid) -> tuple[float, float]:
    box = grid.grid.box_of(0, grid.grid.n_rows, *span)
    return (box.left + box.right) / 2, box.width


def _moves(units: Sequence[Span], grid: LabelledGrid, known: _Places) -> list[_Move]:
    """What may have become of the places of an earlier grid: kept to the pixel, scaled as a whole, or moved as all columns together."""
    box, old = grid.grid.box, known.box
    widest = max(box.width, old.width, 1.0)
    scale = box.width / max(old.width, 1.0)
    moves = [_Move(scale, box.left - old.left * scale)]
    one_width = abs(box.width - old.width) <= SAME_WIDTH * widest
    one_edge = min(abs(box.left - old.left), abs(box.right - old.right)) <= SAME_WIDTH * widest
    if one_edge and not one_width:
        moves.insert(0, _Move(1.0, 0.0))
    places = [c[0] for c in known.columns if c is not None]
    if len(units) == len(places) == len(known.columns) > 1:
        # On a photograph all of them may stand elsewhere; as many as there must be are rarely others than these.
        here = [_middle_and_width(unit, grid)[0] for unit in units]
        slope, offset = np.polyfit(places, here, 1)
        if slope > 0:
            moves.append(_Move(float(slope), float(offset), MOVED / len(units)))
    return moves


def _place_weight(unit: Span, grid: LabelledGrid, known: _Places, j: int, move: _Move) -> float:
    before = known.columns[j]
    if before is None:
        return NO_HEAD
    here, own_width = _middle_and_width(unit, grid)
    middle, width = before[0] * move.scale + move.offset, before[1] * move.scale
    return max(-6.0, SAME_PLACE - 2 * SAME_PLACE * abs(here - middle) / max(width, own_width, 1.0)) - move.cost
