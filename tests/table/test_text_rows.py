"""Which rows of words are one table: by wide gaps, and by the level lines that bound them."""

from __future__ import annotations

import numpy as np

from gikocr.table.text_rows import table_rows

HEIGHT, PITCH = 20.0, 50.0
LEFT, RIGHT = 100.0, 1100.0


def row(y: float, *spans: tuple[float, float], height: float = HEIGHT) -> list[list[float]]:
    return [[left, y, right, y + height] for left, right in spans]


def values(y: float) -> list[list[float]]:
    return row(y, (LEFT, 260), (600, 615), (800, 815), (1085, RIGHT))


def label(y: float) -> list[list[float]]:
    return row(y, (LEFT, 300))


def line(y: float) -> tuple[float, float, float]:
    return (LEFT - 10, RIGHT + 10, y)


def rows_of(
    boxes: list[list[list[float]]], levels: list[tuple[float, float, float]], *, bare_labels: bool = False
) -> list[list[float]]:
    """The upper edges of each table's rows."""
    flat = np.array([box for group in boxes for box in group])
    return [[r.top for r in table] for table in table_rows(flat, HEIGHT, levels, bare_labels=bare_labels)]


def test_rows_without_values_between_level_lines_join_what_stands_above_and_below() -> None:
    ys = [200 + PITCH * k for k in range(8)]
    boxes = [values(y) if k in (0, 1, 7) else label(y) for k, y in enumerate(ys)]
    lines = [line(y - 15) for y in [*ys, ys[-1] + PITCH]]
    assert rows_of(boxes, lines) == [ys]
    assert rows_of(boxes, []) != [ys]


def test_last_rows_without_values_belong_to_the_table_whose_lines_close_them() -> None:
    ys = [200 + PITCH * k for k in range(5)]
    boxes = [values(y) if k < 3 else label(y) for k, y in enumerate(ys)]
    lines = [line(y - 15) for y in [*ys, ys[-1] + PITCH]]
    assert rows_of(boxes, lines) == [ys]
    assert rows_of(boxes, lines[:-2]) == [ys[:3]], "a row that no line closes is text below the table"


def test_a_title_over_the_upper_line_is_no_row() -> None:
    ys = [200 + PITCH * k for k in range(4)]
    title = row(ys[0] - 40, (LEFT, 500))
    lines = [line(y - 15) for y in [*ys, ys[-1] + PITCH]]
    assert rows_of([title, *map(values, ys)], lines) == [ys]
    # Without lines it may be a head.
    assert rows_of([title, *map(values, ys)], []) == [[ys[0] - 40, *ys]]


def test_a_title_between_the_lines_of_two_tables_is_in_neither() -> None:
    first, second = [200.0, 250.0], [480.0, 530.0]
    title = row(438, (LEFT, 500))
    lines = [line(y) for y in (185, 235, 290, 467, 515, 570)]
    found = rows_of([*map(values, first), title, *map(values, second)], lines)
    assert not any(438 in table for table in found)
    assert [y for table in found for y in table] == first + second


def test_a_head_between_lines_is_a_row() -> None:
    ys = [250 + PITCH * k for k in range(3)]
    head = row(ys[0] - 40, (600, 700))
    lines = [line(ys[0] - 55), *(line(y - 12) for y in [*ys, ys[-1] + PITCH])]
    assert rows_of([head, *map(values, ys)], lines) == [[ys[0] - 40, *ys]]


def test_labels_without_values_join_what_stands_above_and_below_where_labels_are_rows() -> None:
    ys = [200 + PITCH * k for k in range(12)]
    boxes = [values(y) if k in (0, 1, 10) else label(y) for k, y in enumerate(ys)]
    assert len(rows_of(boxes, [])) > 1
    assert rows_of(boxes, [], bare_labels=True) == [ys]


def test_labels_without_values_at_the_foot_of_a_table_are_its_rows_however_many() -> None:
    ys = [200 + PITCH * k for k in range(11)]
    boxes = [values(y) if k < 3 else label(y) for k, y in enumerate(ys)]
    assert rows_of(boxes, [], bare_labels=True) == [ys]


def test_running_text_between_two_tables_joins_them_not() -> None:
    ys = [200 + PITCH * k for k in range(12)]
    text = [row(y, (LEFT, 900)) for y in ys[2:10]]
    boxes = [values(ys[0]), values(ys[1]), *text, values(ys[10]), values(ys[11])]
    assert len(rows_of(boxes, [], bare_labels=True)) == 2


def test_a_row_with_values_is_no_heading_however_high_its_label() -> None:
    ys = [200 + PITCH * k for k in range(6)]
    boxes = [values(y) for y in ys]
    boxes[3][0] = [LEFT, ys[3] - 8, 260, ys[3] + HEIGHT + 8]
    assert [len(table) for table in rows_of(boxes, [])] == [6]
