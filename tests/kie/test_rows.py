"""What of a printed row is label and what is value."""

from __future__ import annotations

import pytest

from gikocr.elements import Cell, CellText, Grid, LabelledGrid
from gikocr.forms import Label, load_form
from gikocr.geometry import BBox
from gikocr.kie.columns import SAME_PLACE, _Move, _moves, _place, _place_weight, _Places, place_columns
from gikocr.kie.rows import NO_LABEL, PrintedRow, label_weight, printed_rows
from tests.kie.sheets import BLANK, NUMBER


def row_of(texts: list[CellText], label_width: float = 100.0) -> LabelledGrid:
    """A grid of one row; the first column is as wide as wanted, the others 100."""
    lefts = [0.0, *(label_width + 100.0 * k for k in range(len(texts)))]
    cells = tuple(Cell(0, 1, c, c + 1, BBox(lefts[c], 0.0, lefts[c + 1], 40.0)) for c in range(len(texts)))
    rows = tuple(tuple((x, y) for x in lefts) for y in (0.0, 40.0))
    cols = tuple(((x, 0.0), (x, 40.0)) for x in lefts)
    return LabelledGrid(Grid(1, BBox(0.0, 0.0, lefts[-1], 40.0), rows, cols, cells), tuple(texts))


def words(text: str) -> CellText:
    return CellText(text, 0.9, True)


def test_a_label_and_its_values() -> None:
    [row] = printed_rows(row_of([words("重复申请"), NUMBER, BLANK, NUMBER], 300.0), 0)
    assert row.labels == ("重复申请",)
    assert len(row.values) == 3
    assert row.filled == 2


def test_a_word_behind_values_is_one_of_them() -> None:
    """A seal over a number may be read as a word."""
    [row] = printed_rows(row_of([NUMBER] * 8 + [words("白")] + [NUMBER] * 6), 0)
    assert row.labels == ()
    assert len(row.values) == row.filled == 15


def test_in_a_row_without_a_label_a_word_is_a_value_wherever_it_stands() -> None:
    [row] = printed_rows(row_of([NUMBER, NUMBER, words("公"), NUMBER, words("章"), *[NUMBER] * 10]), 0)
    assert row.labels == ()
    assert len(row.values) == row.filled == 15


def test_heads_of_many_columns_stay_heads() -> None:
    [row] = printed_rows(row_of([words("结果维持"), words("结果纠正"), words("总计")] * 5), 0)
    assert row.is_head


def test_pieces_of_a_faint_label_that_look_like_values_do_not_hide_the_rest_of_it() -> None:
    [row] = printed_rows(row_of([NUMBER, NUMBER, words("不掌握相关"), *[NUMBER] * 7]), 0)
    assert "不掌握相关" in row.labels
    assert len(row.values) == 7


def test_the_number_of_a_row_in_another_table_hides_no_label() -> None:
    [row] = printed_rows(row_of([NUMBER, words("门户网站"), NUMBER]), 0)
    assert row.labels == ("门户网站",)
    assert len(row.values) == 1


def columns_at(lefts: list[float]) -> LabelledGrid:
    """A grid of one row of numbers between given boundaries, without heads or label."""
    cells = tuple(Cell(0, 1, c, c + 1, BBox(lefts[c], 0.0, lefts[c + 1], 40.0)) for c in range(len(lefts) - 1))
    rows = tuple(tuple((x, y) for x in lefts) for y in (0.0, 40.0))
    cols = tuple(((x, 0.0), (x, 40.0)) for x in lefts)
    return LabelledGrid(Grid(1, BBox(lefts[0], 0.0, lefts[-1], 40.0), rows, cols, cells), (NUMBER,) * len(cells))


def test_columns_of_a_page_that_lost_the_labels_beside_them_keep_their_places() -> None:
    """Where a table's left part is not seen on a later page, its columns stand where they stood, not at the same share of the rest."""
    before = BBox(0.0, 0.0, 1200.0, 900.0)
    known = _Places(before, [(550.0 + 100.0 * j, 100.0) for j in range(7)])
    rest = columns_at([300.0, 500.0, *[600.0 + 100.0 * k for k in range(7)]])
    weights = [_place_weight((k, k + 1), rest, known, k - 1, _Move(1.0, 0.0)) for k in range(1, 8)]
    assert min(weights) == pytest.approx(SAME_PLACE)
    assert _place_weight((2, 3), rest, known, 0, _Move(1.0, 0.0)) < 0
    assert _Move(1.0, 0.0) in _moves([(1, 2)], rest, known)


def test_columns_of_a_page_of_another_scale_are_compared_by_shares() -> None:
    known = _Places(BBox(0.0, 0.0, 1200.0, 900.0), [(550.0 + 100.0 * j, 100.0) for j in range(7)])
    smaller = columns_at([50.0 + x / 2 for x in (0.0, 500.0, *[600.0 + 100.0 * k for k in range(7)])])
    [scaled] = _moves([(1, 2)], smaller, known)
    weights = [_place_weight((k, k + 1), smaller, known, k - 1, scaled) for k in range(1, 8)]
    assert min(weights) == pytest.approx(SAME_PLACE)


def test_columns_of_a_page_of_another_scale_that_keeps_an_edge_are_compared_both_ways() -> None:
    """On a photograph the same table may end at the same left edge and be narrower: then shares fit, and pixels are two columns off."""
    section = load_form().table("三", "2021").sections[0]
    known = _Places(BBox(0.0, 0.0, 1200.0, 900.0), [(550.0 + 100.0 * j, 100.0) for j in range(7)])
    narrower = columns_at([0.85 * x for x in (0.0, *[500.0 + 100.0 * k for k in range(8)])])
    units = [(k, k + 1) for k in range(1, 8)]
    places = _place(section, units, [[] for _ in units], [set() for _ in units], narrower, known)
    assert [places.spans[j] for j in range(7)] == units


def test_as_many_columns_as_there_must_be_are_these_wherever_they_moved() -> None:
    """A photograph before was flattened badly: its columns stand one column's width off, by shares and by pixels."""
    section = load_form().table("三", "2021").sections[0]
    known = _Places(BBox(0.0, 0.0, 1200.0, 900.0), [(450.0 + 105.0 * j, 105.0) for j in range(7)])
    here = columns_at([0.0, *[500.0 + 100.0 * k for k in range(8)]])
    units = [(k, k + 1) for k in range(1, 8)]
    places = _place(section, units, [[] for _ in units], [set() for _ in units], here, known)
    assert [places.spans[j] for j in range(7)] == units


def test_a_bare_sliver_beside_the_last_column_is_no_column() -> None:
    """Where two columns run together, it would make their number right and put every value into the next column."""
    section = load_form().table("三", "2021").sections[0]
    lefts = [0.0, *[500.0 + 100.0 * k for k in range(7)], 1130.0]
    cells = tuple(Cell(0, 1, c, c + 1, BBox(lefts[c], 0.0, lefts[c + 1], 40.0)) for c in range(len(lefts) - 1))
    rows = tuple(tuple((x, y) for x in lefts) for y in (0.0, 40.0))
    cols = tuple(((x, 0.0), (x, 40.0)) for x in lefts)
    grid = Grid(1, BBox(0.0, 0.0, lefts[-1], 40.0), rows, cols, cells)
    texts = [words("重复申请"), *[NUMBER] * 6, BLANK]
    labelled = LabelledGrid(grid, tuple(texts))
    printed = printed_rows(labelled, 0)
    places = place_columns(load_form().table("三", "2021"), [(0, printed[0])], [labelled], printed)[0, 0]
    assert (7, 8) not in places.spans.values()
    assert places.unmatched == 1
    assert max(places.certainty.values()) < 1.0
    filled = LabelledGrid(grid, (words("重复申请"), *[NUMBER] * 7))
    printed = printed_rows(filled, 0)
    whole = place_columns(load_form().table("三", "2021"), [(0, printed[0])], [filled], printed)[0, 0]
    assert len(whole.spans) == len(section.columns)


def row_in_columns(lefts: list[float], texts: list[CellText]) -> tuple[LabelledGrid, list[PrintedRow]]:
    cells = tuple(Cell(0, 1, c, c + 1, BBox(lefts[c], 0.0, lefts[c + 1], 40.0)) for c in range(len(lefts) - 1))
    rows = tuple(tuple((x, y) for x in lefts) for y in (0.0, 40.0))
    cols = tuple(((x, 0.0), (x, 40.0)) for x in lefts)
    labelled = LabelledGrid(Grid(1, BBox(0.0, 0.0, lefts[-1], 40.0), rows, cols, cells), tuple(texts))
    return labelled, printed_rows(labelled, 0)


def test_a_single_value_is_the_one_with_print_wherever_false_lines_cut_its_row() -> None:
    """The row of fees has one value; its cell is as wide as the table, and dirt may cut it in three."""
    table = load_form().table("二", "2021")
    number = next(
        k for k, s in enumerate(table.sections) if any("fees" in (i or "") for ids in s.field_ids for i in ids)
    )
    lefts = [0.0, 300.0, 500.0, 700.0, 1000.0]
    for filled in range(3):
        values = [NUMBER if k == filled else BLANK for k in range(3)]
        labelled, printed = row_in_columns(lefts, [words("行政事业性收费"), *values])
        places = place_columns(table, [(number, printed[0])], [labelled], printed)[0, number]
        assert places.spans == {0: (filled + 1, filled + 2)}


def test_a_column_that_a_false_line_cuts_in_two_is_whole() -> None:
    table = load_form().table("三", "2021")
    last = len(table.sections[0].columns)
    lefts = [0.0, *[500.0 + 100.0 * k for k in range(last)], 450.0 + 100.0 * last, 500.0 + 100.0 * last]
    box = {c: (lefts[c], lefts[c + 1]) for c in range(last + 1)}
    heads = [Cell(0, 1, c, c + 1, BBox(box[c][0], 0.0, box[c][1], 40.0)) for c in range(last)]
    cells = [*heads, Cell(0, 1, last, last + 2, BBox(lefts[last], 0.0, lefts[-1], 40.0))]
    cells += [
        Cell(r, r + 1, c, c + 1, BBox(lefts[c], 40.0 * r, lefts[c + 1], 40.0 * r + 40.0))
        for r in (1, 2)
        for c in range(last + 2)
    ]
    rows = tuple(tuple((x, y) for x in lefts) for y in (0.0, 40.0, 80.0, 120.0))
    cols = tuple(((x, 0.0), (x, 120.0)) for x in lefts)
    grid = Grid(1, BBox(0.0, 0.0, lefts[-1], 120.0), rows, cols, tuple(cells))
    over = [BLANK, *[words(c.label.text) for c in table.sections[0].columns]]
    # The last number stands left of the false line in one row, and right of it in the other.
    first, second = [NUMBER] * last + [BLANK], [NUMBER] * (last - 1) + [BLANK, NUMBER]
    for both in (False, True):
        texts = [*over, words("重复申请"), *([*first[:-1], NUMBER] if both else first), words("其他"), *second]
        labelled = LabelledGrid(grid, tuple(texts))
        printed = printed_rows(labelled, 0)
        values = [(0, row) for row in printed if row.values]
        places = place_columns(table, values, [labelled], printed)[0, 0]
        assert len(places.spans) == last
        whole = places.spans[last - 1] == (last, last + 2)
        assert whole != both, "two numbers in one row are two columns"


def rows_of(edition: str) -> dict[str, tuple[Label, tuple[Label, ...]]]:
    table = load_form("annual_report").editions[edition].tables["三"]
    return {r.key: (r.label, r.groups) for s in table.sections for r in s.rows if r.label is not None}


def test_the_label_of_a_group_says_nothing_of_which_of_its_rows_it_stands_in() -> None:
    undivided, divided = rows_of("2019")["other_processing"], rows_of("2021")
    texts = ("(六)其他处理",)
    assert label_weight(texts, *undivided) > 6.0
    for key in ("other_correction_overdue", "other_fee_overdue", "other_other"):
        label, groups = divided[key]
        assert label_weight(texts, label, groups) == NO_LABEL
        assert label_weight(("(六)其他处理" + label.text,), label, groups) > 6.0, "the group and the row in one cell"
        assert label_weight((*texts, label.text), label, groups) > 6.0
    other, groups = divided["other_fee_overdue"]
    assert label_weight(("(七)总计",), other, groups) < NO_LABEL, "another row's label speaks against it still"
