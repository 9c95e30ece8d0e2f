"""Registration on the form: all printed rows of a document against all rows of the form, in one alignment.

The printed rows of all grids, in reading order, are aligned with the rows of the form's tables one after the other; a table cut by a
page, two tables in one frame, a repeated head or a lost row need no case of their own. Each combination of the tables' editions is
tried; their summed weights give the editions' probabilities.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gikocr.elements import Grid, LabelledGrid, PlacementEvidence
from gikocr.forms import Form, Label, Row, Table, normalise
from gikocr.geometry import BBox
from gikocr.kie.alignment import NEVER, Alignment, align
from gikocr.kie.columns import ColumnPlaces, place_columns
from gikocr.kie.rows import PrintedRow, count_weight, label_weight, printed_rows

MISSING_ROW = -4.0
"""Log weight of a row of the form that is not printed or was lost."""
MISSING_HEAD = -0.2
"""The same of a row of headings: on a page that goes on with a table there is none."""
MOST_HEAD = 6.0
"""Greatest log weight of a row of headings. Headings of neighbouring sections are more alike than labels of rows are."""
EXTRA_HEAD = -0.3
EXTRA_BLANK = -1.0
EXTRA_VALUES = -6.0
"""Log weights of a printed row that is none of the form's: a head, a blank one, and one that holds values."""
LEAST_ROWS = 0.5
"""Share of a table's rows that must be found before it counts as read in full."""
LEAST_LABELS = 1.0
"""Log evidence per row found below which a table was not found; rows without any label have none, rows with theirs have nine."""
LEAST_HEADS = 15.0
"""Log evidence of heads and columns above which a table whose rows have no labels is found without any other of the form's tables:
the right number of columns alone has seven, and a line that looks a little like a heading three; heads that can be read have ninety."""
LEAST_HEADS_KNOWN = 5.0
"""The same where other tables were found in the document: a row of values that a page break parted from its heads has no more."""
BARE_ROW, BARE_WIDTH = 0.9, 0.25
"""Certainty of a place in a bare row whose column was not found, and least share of the table's width that its cells take."""
PRINT_LEFT = 0.5
"""Certainty that is left to an empty place of a row in which something is printed beside all places: it may be what this one lacks."""
IN_LABEL = 0.5
"""Certainty that is left to a place that lies in the cell of its row's label, whose print would be read for a value."""
MANY_VALUES = 4
"""Where so many other values of a row are blank, the print in such a place is its label's and no value's."""
LEAST_WEIGHT = 1e-4
"""Placements with less probability than this are not kept."""


@dataclass(frozen=True, slots=True)
class FormRow:
    """One row of one table of one edition. A row of headings holds no field: ``row`` is None and ``heads`` are its words."""

    table: Table
    section: int
    index: int
    row: Row | None
    n_values: int
    heads: Label | None = None


@dataclass(frozen=True, slots=True)
class FieldPlace:
    """Where a field stands. ``box`` None: its row or column was not found; ``absent`` then says that the table shows none."""

    field_id: str
    grid: int | None
    box: BBox | None
    certainty: float
    absent: bool = False


@dataclass(frozen=True, slots=True)
class TablePlaces:
    """One hypothesis of where the fields of a table stand, with its probability among its rivals.

    ``unmatched`` counts the columns, printed or the form's, that have no partner in the sections and grids of its rows, and the
    printed rows with values among its rows that are none of them; ``odd`` the rows that are divided otherwise than their section.
    """

    table: Table
    weight: float
    fields: tuple[FieldPlace, ...]
    rows_found: int
    rows_wanted: int
    evidence: PlacementEvidence
    unmatched: int = 0
    odd: int = 0


def register(form: Form, grids: Sequence[LabelledGrid], *, known: bool = False) -> dict[str, list[TablePlaces]]:
    """Find the form's tables in the grids of a document, given in reading order.

    Args:
        form: the form.
        grids: the grids.
        known: whether other tables of the form were found elsewhere in the document.

    Returns:
        For each table of the form its hypotheses, most probable first; empty where nothing of it was found.
    """
    printed = [row for i, grid in enumerate(grids) for row in printed_rows(grid, i)]
    result: dict[str, list[TablePlaces]] = {key: [] for key in form.table_keys}
    if not printed:
        return result
    weights = _PairWeights(printed)
    trials = []
    for tables in itertools.product(*(form.tables(key) for key in form.table_keys)):
        rows = [row for table in tables for row in form_rows(table)]
        trials.append((tables, rows, _align(weights, printed, rows)))
    top = max(trial[2].log_weight for trial in trials)
    shares = [math.exp(trial[2].log_weight - top) for trial in trials]
    total = sum(shares)
    for position, key in enumerate(form.table_keys):
        for table in form.tables(key):
            own = [(s, t) for s, t in zip(shares, trials, strict=True) if t[0][position] is table]
            weight = sum(s for s, _ in own) / total
            if weight < LEAST_WEIGHT:
                continue
            _, rows, alignment = max(own, key=lambda item: item[0])[1]
            places = _places(table, rows, alignment, printed, grids, weights, weight)
            if places is not None and _is_supported(places):
                result[key].append(places)
        result[key].sort(key=lambda p: -p.weight)
    if not any(_is_labelled(p.table) for places in result.values() for p in places):
        # Nothing else here says that this is the form at all: then the heads must.
        least = LEAST_HEADS_KNOWN if known else LEAST_HEADS
        return {key: [p for p in places if _heads_weigh(p) > least] for key, places in result.items()}
    return result


def _is_supported(places: TablePlaces) -> bool:
    """Whether words speak for a table whose rows have labels; by the number of columns alone any other table would fit."""
    return not _is_labelled(places.table) or places.evidence.labels >= LEAST_LABELS * places.rows_found


def _is_labelled(table: Table) -> bool:
    return any(section.rows and section.rows[0].label is not None for section in table.sections)


def _heads_weigh(places: TablePlaces) -> float:
    return places.evidence.labels + places.evidence.geometry


def form_rows(table: Table) -> list[FormRow]:
    """The rows of a table from top to bottom: of each section its heading, the heads of its columns, and the rows that hold fields."""
    rows = []
    for number, section in enumerate(table.sections):
        if section.heading is not None:
            rows.append(FormRow(table, number, -2, None, 0, section.heading))
        corner = section.corner.text if section.corner is not None and section.heading is not None else ""
        rows.append(FormRow(table, number, -1, None, 0, Label(corner + "".join(c.label.text for c in section.columns))))
        for index, (row, ids) in enumerate(zip(section.rows, section.field_ids, strict=True)):
            rows.append(FormRow(table, number, index, row, sum(i is not None for i in ids)))
    return rows


class _PairWeights:
    """Log weights of printed rows for rows of the form, computed once for each row of the form."""

    def __init__(self, printed: Sequence[PrintedRow]) -> None:
        self._printed = printed
        self._known: dict[tuple[str, str, int, int], tuple[list[float], dict[int, float]]] = {}

    def of(self, row: FormRow) -> tuple[list[float], dict[int, float]]:
        """For each printed row its weight; for rows at a page break the weight together with the next."""
        key = (row.table.key, row.table.edition, row.section, row.index)
        if key not in self._known:
            self._known[key] = self._compute(row)
        return self._known[key]

    def _compute(self, row: FormRow) -> tuple[list[float], dict[int, float]]:
        single = [self._weight(p.labels, p, row) for p in self._printed]
        joined = {}
        for i, (upper, lower) in enumerate(itertools.pairwise(self._printed)):
            if row.row is not None and _may_join(upper, lower):
                texts = tuple(a + b for a in upper.labels or ("",) for b in lower.labels or ("",))
                fuller = upper if upper.filled >= lower.filled else lower
                joined[i] = self._weight(texts, fuller, row) - 1.0
        return single, joined

    @staticmethod
    def _weight(texts: Sequence[str], printed: PrintedRow, row: FormRow) -> float:
        if row.row is None:
            return _head_weight(texts, printed, row)
        if printed.is_head:
            return NEVER
        return label_weight(texts, row.row.label, row.row.groups, printed.legible) + count_weight(
            len(printed.values), row.n_values
        )


def _head_weight(texts: Sequence[str], printed: PrintedRow, row: FormRow) -> float:
    assert row.heads is not None
    if printed.filled or not any(normalise(t) for t in texts):
        return NEVER
    return min(MOST_HEAD, label_weight(texts, row.heads, (), printed.legible))


def _may_join(upper: PrintedRow, lower: PrintedRow) -> bool:
    """Whether two rows may be halves of one that a page break cut: values stand in at most one of them."""
    return (
        upper.last
        and lower.first
        and lower.grid == upper.grid + 1
        and len(upper.values) == len(lower.values)
        and min(upper.filled, lower.filled) == 0
    )


def _align(weights: _PairWeights, printed: Sequence[PrintedRow], rows: Sequence[FormRow]) -> Alignment:
    pair = np.full((len(printed), len(rows)), NEVER)
    join: dict[int, list[float]] = {}
    for j, row in enumerate(rows):
        single, joined = weights.of(row)
        pair[:, j] = single
        for i, weight in joined.items():
            join.setdefault(i, [NEVER] * len(rows))[j] = weight
    skip_printed = [_extra_weight(p) for p in printed]
    skip_rows = [MISSING_HEAD if row.row is None else MISSING_ROW for row in rows]
    return align(pair, skip_printed, skip_rows, {i: np.array(w) for i, w in join.items()})


def _extra_weight(row: PrintedRow) -> float:
    if row.is_head:
        return EXTRA_HEAD
    if row.filled == 0:
        return EXTRA_BLANK
    return max(EXTRA_VALUES, EXTRA_BLANK - 1.5 * row.filled)


def _places(
    table: Table,
    rows: Sequence[FormRow],
    alignment: Alignment,
    printed: Sequence[PrintedRow],
    grids: Sequence[LabelledGrid],
    weights: _PairWeights,
    weight: float,
) -> TablePlaces | None:
    own = {j for j, row in enumerate(rows) if row.table is table and row.row is not None}
    pairs = {j: i for i, j in alignment.pairs if j in own}
    if not pairs:
        return None
    heads = sum(weights.of(rows[j])[0][i] for i, j in alignment.pairs if rows[j].table is table and rows[j].row is None)
    placed = [(rows[j].section, printed[i]) for j, i in pairs.items()]
    # The second half of a row that a page break cuts may be all that its grid holds of the section.
    known = {(row.grid, section) for section, row in placed}
    halves = [(rows[j].section, printed[i + 1]) for j, i in pairs.items() if i in alignment.joined]
    placed += [(section, row) for section, row in halves if (row.grid, section) not in known]
    columns = place_columns(table, placed, grids, printed)
    labels = sum(
        weights.of(rows[j])[0][i] if i not in alignment.joined else weights.of(rows[j])[1][i] for j, i in pairs.items()
    )
    labels += max(0.0, heads)
    geometry = _geometry(columns)
    fields: list[FieldPlace] = []
    for j in sorted(own):
        row = rows[j]
        ids = table.sections[row.section].field_ids[row.index]
        if j not in pairs:
            absent = _is_absent(j, pairs, own)
            fields += [FieldPlace(i, None, None, 0.9 if absent else 0.0, absent) for i in ids if i is not None]
            continue
        i = pairs[j]
        certainty = float(alignment.probability[i, j])
        parts = [printed[i], printed[i + 1]] if i in alignment.joined else [printed[i]]
        fields += _row_fields(ids, parts, certainty, row.section, columns, grids)
    found = len(pairs)
    evidence = PlacementEvidence(float(labels), geometry, 0.0)
    unmatched = sum(c.unmatched for c in columns.values()) + _extra_rows(printed, alignment, pairs)
    odd = sum(c.odd for c in columns.values())
    return TablePlaces(table, weight, tuple(fields), found, len(own), evidence, unmatched, odd)


def _geometry(columns: Mapping[tuple[int, int], ColumnPlaces]) -> float:
    """Log weight of the columns of all sections.

    Parts of a section that lie in several grids say the same once more, but what speaks against any of them counts.
    """
    best: dict[int, float] = {}
    for (_, section), places in columns.items():
        best[section] = max(best.get(section, 0.0), places.log_weight)
    return sum(best.values()) + sum(min(0.0, places.log_weight) for places in columns.values())


def _extra_rows(printed: Sequence[PrintedRow], alignment: Alignment, pairs: Mapping[int, int]) -> int:
    """How many printed rows stand among the rows of a table and are no row of the form.

    Blank ones count too: where a false line cuts a row, its marks may pass for that line, and its halves are blank. The other half of
    the first or last row shares its label.
    """
    taken = {i for i, _ in alignment.pairs} | {i + 1 for i in alignment.joined}
    first, last = min(pairs.values()), max(pairs.values())
    among = [i for i in range(first, last + 1) if not printed[i].is_head]
    among += [i for i, end in ((first - 1, first), (last + 1, last)) if _shares_label(printed, i, end)]
    return sum(i not in taken for i in among)


def _shares_label(printed: Sequence[PrintedRow], other: int, row: int) -> bool:
    """Whether another row of the same grid, if there is one, has the label of a row that has one."""
    if not 0 <= other < len(printed) or printed[other].grid != printed[row].grid:
        return False
    return printed[other].labels == printed[row].labels and any(normalise(text) for text in printed[row].labels)


def _row_fields(
    ids: Sequence[str | None],
    halves: Sequence[PrintedRow],
    certainty: float,
    section: int,
    columns: Mapping[tuple[int, int], ColumnPlaces],
    grids: Sequence[LabelledGrid],
) -> list[FieldPlace]:
    print_left = any(_leaves_print(grids[half.grid], half, columns[(half.grid, section)]) for half in halves)
    labels = [_label_spans(grids[half.grid].grid, half) for half in halves]
    fields = []
    for k, field_id in enumerate(ids):
        if field_id is None:
            continue
        options = []
        for half, spans in zip(halves, labels, strict=True):
            place = columns[(half.grid, section)]
            span = place.spans.get(k)
            if span is None:
                continue
            in_label = any(first < span[0] and span[1] <= end for first, end in spans)
            if in_label and not half.filled and len(half.values) >= MANY_VALUES:
                continue
            box = grids[half.grid].grid.box_of(half.row, half.row_end, *span)
            inked = _has_ink(grids[half.grid], half, span)
            sure = certainty * place.certainty.get(k, 0.0)
            options.append((inked, half.grid, box, IN_LABEL * sure if in_label else sure))
        if not options:
            fields.append(_in_bare_row(field_id, halves, certainty, grids))
            continue
        inked, grid, box, sure = max(options, key=lambda o: o[0])
        fields.append(FieldPlace(field_id, grid, box, sure if inked or not print_left else PRINT_LEFT * sure))
    return fields


def _label_spans(grid: Grid, row: PrintedRow) -> list[tuple[int, int]]:
    """The columns of each cell over several columns that touches a row and is none of its values: a value there stands in a label."""
    values = {(c.row, c.col) for c in row.values}
    return [
        (cell.col, cell.col_end)
        for cell in grid.cells
        if cell.col_end > cell.col + 1 and cell.row < row.row_end and cell.row_end > row.row
        if (cell.row, cell.col) not in values
    ]


def _in_bare_row(
    field_id: str, halves: Sequence[PrintedRow], certainty: float, grids: Sequence[LabelledGrid]
) -> FieldPlace:
    """The place of a field whose column was not found: all of its row's cells of values, if nothing is printed in any of them.

    Where the columns part then makes no difference, but a value may stand in what was taken for a label's cell.
    """
    if any(half.filled for half in halves) or not any(half.values for half in halves):
        return FieldPlace(field_id, None, None, 0.0)
    half = max(halves, key=lambda h: len(h.values))
    first, last = min(c.col for c in half.values), max(c.col_end for c in half.values)
    box = grids[half.grid].grid.box_of(half.row, half.row_end, first, last)
    if box.width < BARE_WIDTH * grids[half.grid].grid.box.width:
        return FieldPlace(field_id, None, None, 0.0)
    return FieldPlace(field_id, half.grid, box, BARE_ROW * certainty)


def _leaves_print(grid: LabelledGrid, row: PrintedRow, places: ColumnPlaces) -> bool:
    """Whether a row holds print that is no label and stands in none of the columns that were placed."""
    inked = {(c.row, c.col) for c, text in zip(grid.grid.cells, grid.texts, strict=True) if text.has_ink}
    spans = places.spans.values()
    return any(
        (cell.row, cell.col) in inked and not any(cell.col < end and cell.col_end > start for start, end in spans)
        for cell in row.values
    )


def _has_ink(grid: LabelledGrid, row: PrintedRow, span: tuple[int, int]) -> bool:
    return any(
        text.has_ink
        for cell, text in zip(grid.grid.cells, grid.texts, strict=True)
        if cell.row < row.row_end and cell.row_end > row.row and cell.col < span[1] and cell.col_end > span[0]
    )


def _is_absent(j: int, pairs: Mapping[int, int], own: set[int]) -> bool:
    """Whether the rows of the form on both sides stand on neighbouring printed rows, with nothing between them."""
    before = [k for k in own if k < j and k in pairs]
    after = [k for k in own if k > j and k in pairs]
    if not before or not after:
        return False
    return pairs[min(after)] == pairs[max(before)] + 1
