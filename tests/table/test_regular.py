"""Grids made regular: what most rows show holds in all, and tables that are not alike in their rows are left alone."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gikocr.elements import Grid
from gikocr.table.lattice import Lattice
from gikocr.table.regular import halves_of_rows, regular

ROWS, COLUMNS = 10, 9
LABELS = 2
"""Columns that hold labels; the first boundary of values is the third."""


def _owner() -> np.ndarray:
    return np.arange(ROWS * COLUMNS).reshape(ROWS, COLUMNS)


def _grid(owner: np.ndarray) -> Grid:
    xs, ys = np.linspace(100, 1000, owner.shape[1] + 1), np.linspace(50, 650, owner.shape[0] + 1)
    points = np.stack(np.meshgrid(xs, ys), axis=-1).astype(float)
    _, numbers = np.unique(owner, return_inverse=True)
    return Lattice(points, numbers.reshape(owner.shape)).to_grid(1)


def _cells(grid: Grid) -> set[tuple[int, int, int, int]]:
    return {(c.row, c.row_end, c.col, c.col_end) for c in grid.cells}


def test_grid_that_is_regular_is_left_alone() -> None:
    owner = _owner()
    owner[2:6, 0] = owner[2, 0]
    assert regular(_grid(owner)) is None


@given(
    st.sets(st.tuples(st.integers(3, 8), st.integers(LABELS + 1, COLUMNS - 1)), min_size=1, max_size=2),
)
def test_cells_that_ran_together_in_few_rows_are_parted(lost: set[tuple[int, int]]) -> None:
    owner = _owner()
    owner[:2, LABELS + 1 :] = owner[0, LABELS + 1]  # a head
    for row, col in lost:
        owner[owner == owner[row, col]] = owner[row, col - 1]
    made = regular(_grid(owner))
    assert made is not None
    cells = _cells(made)
    for row in range(2, ROWS):
        for col in range(LABELS + 1, COLUMNS):
            assert (row, row + 1, col, col + 1) in cells
    assert (0, 2, LABELS + 1, COLUMNS) in cells


def test_frame_of_a_stamp_goes_and_the_columns_under_it_come_back() -> None:
    wide = np.repeat(_owner(), 2, axis=1)
    wide[:, ::2] = wide[:, 1::2]
    owner = wide.copy()
    owner[4:6, 7:14] = owner[4, 7]
    made = regular(_grid(owner))
    assert made is not None
    assert _cells(made) == _cells(_grid(wide))


def test_a_row_line_in_few_columns_goes_and_one_in_most_columns_holds_in_all() -> None:
    owner = _owner()
    owner[5] = owner[4]
    owner[5, :4] = owner.max() + 1 + np.arange(4)  # the label and one value of nine columns are cut
    owner[8, 7] = owner[7, 7]
    made = regular(_grid(owner))
    assert made is not None
    cells = _cells(made)
    assert (4, 6, 5, 6) in cells
    assert (4, 6, 3, 4) in cells
    assert (8, 9, 7, 8) in cells


def test_blocks_of_different_columns_are_left_alone() -> None:
    owner = _owner()
    for row in range(ROWS):
        if row % 3 == 0:
            owner[row] = owner[row, 0]
        elif row % 3 == 1:
            owner[row, 4:] = owner[row, 4]
    assert regular(_grid(owner)) is None


def test_too_few_rows_say_nothing() -> None:
    owner = _owner()[:3]
    owner[1, 5:8] = owner[1, 5]
    assert regular(_grid(owner)) is None


def test_halves_are_pairs_of_which_not_both_hold_values() -> None:
    grid = _grid(_owner())
    first = 0.42 * 900 + 100

    def inked(bare: set[int]) -> list[bool]:
        return [not (c.row in bare and c.box.left >= first) for c in grid.cells]

    assert halves_of_rows(grid, inked(set())) == []
    assert halves_of_rows(grid, inked({4})) == [3, 4]
    assert halves_of_rows(grid, inked({4, 5})) == [3, 4, 5]


def test_a_row_with_one_mark_among_many_cells_may_be_the_half_of_a_row() -> None:
    grid = _grid(_owner())
    places = sorted({c.box.left for c in grid.cells})

    def inked(marks: int) -> list[bool]:
        return [c.row != 4 or c.box.left in places[-marks:] for c in grid.cells]

    assert halves_of_rows(grid, inked(1)) == [3, 4]
    assert halves_of_rows(grid, inked(2)) == []


def test_joined_rows_are_one_row_of_the_lattice() -> None:
    lattice = Lattice.of(_grid(_owner()))
    lattice.join_rows(4)
    grid = lattice.to_grid(1)
    assert grid.n_rows == ROWS - 1
    whole = _grid(_owner())
    assert grid.box == whole.box
    joined = [c for c in grid.cells if c.row == 4]
    assert len(joined) == COLUMNS
    assert all(c.row_end == 5 for c in joined)
    assert joined[0].box.top == next(c.box.top for c in whole.cells if c.row == 4)
    assert joined[0].box.bottom == next(c.box.bottom for c in whole.cells if c.row == 5)
