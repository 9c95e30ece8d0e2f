"""One grid that is two tables is told by columns that each has and the other lacks."""

from __future__ import annotations

import numpy as np

from gikocr.elements import Grid
from gikocr.table.lattice import Lattice
from gikocr.table.parts import parts_of


def grid_of(rows: list[str]) -> Grid:
    """A grid of rows 20 pixels high and columns 30 wide; equal letters next to each other in a row are one cell."""
    width = len(rows[0])
    owner = np.zeros((len(rows), width), np.int64)
    number = 0
    for r, row in enumerate(rows):
        for c in range(width):
            if c == 0 or row[c] != row[c - 1]:
                number += 1
            owner[r, c] = number
    points = np.array([[(30.0 * c, 20.0 * r) for c in range(width + 1)] for r in range(len(rows) + 1)])
    return Lattice(points, owner).to_grid(1)


def test_a_heading_between_two_tables_is_no_row() -> None:
    grid = grid_of(["aabbccddee", "aabbccddee", "hhhhhhhhhh", "abbccddeef", "abbccddeef"])
    boxes = parts_of(grid)
    assert [(b.top, b.bottom) for b in boxes] == [(0.0, 40.0), (60.0, 100.0)]
    assert all((b.left, b.right) == (0.0, 300.0) for b in boxes)


def test_a_heading_that_was_cut_in_three_is_told_too() -> None:
    grid = grid_of(["aabbccddee", "hhhhhiiiij", "abbccddeef"])
    assert [(b.top, b.bottom) for b in parts_of(grid)] == [(0.0, 20.0), (40.0, 60.0)]


def test_sections_of_one_table_stay_together() -> None:
    # The table of disclosures: headings over sections of three columns, of one and of two.
    grid = grid_of(["hhhhhhhhhh", "aabbbcccdd", "iiiiiiiiii", "aabbbbbbbb", "jjjjjjjjjj", "aabbbbcccc"])
    assert parts_of(grid) == []


def test_rows_of_one_table_under_each_other_are_one() -> None:
    grid = grid_of(["aabbccddee", "hhhhhhhhhh", "aabbccddee"])
    assert parts_of(grid) == []


def test_a_grid_of_one_row() -> None:
    assert parts_of(grid_of(["abcdef"])) == []
