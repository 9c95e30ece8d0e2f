"""Tables between level rules whose values are all blank: one column of labels, one beside them; prose and tables of values are none."""

from __future__ import annotations

import numpy as np

from gikocr.elements import Grid
from gikocr.table.found import find_grids
from gikocr.table.levels import level_grids
from tests.drawing import blank_page, write

LEFT, RIGHT, TOP, PITCH = 230, 1390, 400, 60
ROWS = ["属于国家秘密", "其他法律行政法规禁止公开", "危及三安全一稳定", "保护第三方合法权益", "属于三类内部事务信息"]


def page_of(rows: list[str], values: str = "") -> np.ndarray:
    page = blank_page()
    for k in range(len(rows) + 1):
        y = TOP + k * PITCH
        page[y - 1 : y + 2, LEFT:RIGHT] = 90
    for k, text in enumerate(rows):
        write(page, text, (LEFT + 13 * len(text) + 10, TOP + (k + 0.5) * PITCH))
        for c, value in enumerate(values):
            write(page, value, (760 + 90 * c, TOP + (k + 0.5) * PITCH))
    return page


def level_of(page: np.ndarray) -> list[Grid]:
    found = find_grids(page)
    return level_grids(found.lines, found.words, [], 1)


def test_rows_of_labels_alone_have_a_column_beside_them() -> None:
    page = page_of(ROWS)
    (grid,) = level_of(page)
    assert (grid.n_rows, grid.n_cols) == (len(ROWS), 2)
    assert all(c.col_end - c.col == 1 for c in grid.cells)
    [part] = {round(c.box.left) for c in grid.cells if c.col == 1}
    assert LEFT + 26 * len(ROWS[1]) <= part < LEFT + 0.7 * (RIGHT - LEFT)
    assert any(g.n_rows == len(ROWS) for g in find_grids(page).unruled)


def test_a_row_with_words_beside_its_label_is_one_cell() -> None:
    page = page_of(ROWS)
    write(page, "本年处理决定数量", (1050, TOP + 2.5 * PITCH))
    (grid,) = level_of(page)
    assert [[(c.col, c.col_end) for c in grid.cells if c.row == row] for row in (1, 2)] == [[(0, 1), (1, 2)], [(0, 2)]]


def test_lines_of_text_between_rules_are_no_labels() -> None:
    text = "本年度行政机关主动公开政府信息工作稳步推进各项任务按时完成没有其他事项"
    assert level_of(page_of([text] * 5)) == []


def test_where_a_grid_was_found_none_is_added() -> None:
    found = find_grids(page_of(ROWS))
    (grid,) = level_grids(found.lines, found.words, [], 1)
    assert level_grids(found.lines, found.words, [grid.box], 1) == []


def test_tables_of_values_are_left_to_their_words() -> None:
    assert level_of(page_of(ROWS, "1234567")) == []
