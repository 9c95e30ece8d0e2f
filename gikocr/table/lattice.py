"""A grid that can be cut further: the crossings of its boundaries, and which cell owns each elementary box."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from gikocr.elements import Cell, Grid
from gikocr.geometry import BBox

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Lattice:
    """Boundaries by their crossings, (rows + 1, cols + 1, 2) as (x, y), and owners, (rows, cols) int: alike in one cell."""

    def __init__(self, points: NDArray[np.float64], owner: NDArray[np.int64]) -> None:
        self.points = points
        self.owner = owner

    @staticmethod
    def of(grid: Grid) -> Lattice:
        """The lattice of a grid."""
        owner = np.zeros((grid.n_rows, grid.n_cols), np.int64)
        for number, cell in enumerate(grid.cells):
            owner[cell.row : cell.row_end, cell.col : cell.col_end] = number
        return Lattice(np.array(grid.row_lines, np.float64), owner)

    @property
    def n_rows(self) -> int:
        """Number of elementary rows."""
        return int(self.owner.shape[0])

    @property
    def n_cols(self) -> int:
        """Number of elementary columns."""
        return int(self.owner.shape[1])

    def band(self, row: int) -> tuple[float, float]:
        """Mean height of the boundaries above and below a row, in pixels."""
        return float(self.points[row, :, 1].mean()), float(self.points[row + 1, :, 1].mean())

    def cell_edges(self, row: int) -> list[float]:
        """Where cells of a row end and the next begin, in pixels, the outer ends included."""
        owners = self.owner[row]
        inner = np.flatnonzero(owners[1:] != owners[:-1]) + 1
        ys = (self.points[row, :, 0] + self.points[row + 1, :, 0]) / 2
        return [float(ys[0]), *(float(ys[c]) for c in inner), float(ys[-1])]

    def split_row(self, row: int, places: Sequence[float]) -> None:
        """Cut an elementary row at heights in pixels. Cells of this row only are cut, cells over several rows go on."""
        top, bottom = self.band(row)
        upper, lower = self.points[row], self.points[row + 1]
        shares = [(y - top) / max(1e-6, bottom - top) for y in sorted(places)]
        added = np.stack([upper + share * (lower - upper) for share in shares])
        self.points = np.concatenate([self.points[: row + 1], added, self.points[row + 1 :]])
        whole = self.owner[row]
        only_here = np.array([not np.any(np.delete(self.owner, row, axis=0) == number) for number in whole])
        pieces = [whole]
        for _ in shares:
            fresh = whole.copy()
            offset = int(self.owner.max()) + 1 + len(pieces) * int(self.owner.max() + 1)
            fresh[only_here] = whole[only_here] + offset
            pieces.append(fresh)
        self.owner = np.concatenate([self.owner[:row], np.stack(pieces), self.owner[row + 1 :]])
        self._renumber()

    def join_rows(self, row: int) -> None:
        """Take the boundary below an elementary row away: what is above it goes on to the next one."""
        self.points = np.delete(self.points, row + 1, axis=0)
        self.owner = np.delete(self.owner, row + 1, axis=0)
        self._renumber()

    def add_column(self, place: float, *, left: bool) -> None:
        """Add a column of single cells on one side, out to x in pixels."""
        side = 0 if left else -1
        points = self.points[:, side].copy()
        points[:, 0] = place
        fresh = int(self.owner.max()) + 1 + np.arange(self.n_rows, dtype=np.int64)
        at = 0 if left else self.n_cols + 1
        self.points = np.insert(self.points, at, points, axis=1)
        self.owner = np.insert(self.owner, 0 if left else self.n_cols, fresh, axis=1)

    def add_row(self, place: float, *, top: bool) -> None:
        """Add a row above or below with the columns of the row beside it, out to y in pixels."""
        side = 0 if top else -1
        points = self.points[side].copy()
        # The lines of a page that lies a little askew stay parallel.
        points[:, 1] += place - points[:, 1].mean()
        _, fresh = np.unique(self.owner[side], return_inverse=True)
        at = 0 if top else self.n_rows + 1
        row = (fresh + int(self.owner.max()) + 1).astype(np.int64)
        self.points = np.insert(self.points, at, points, axis=0)
        self.owner = np.insert(self.owner, 0 if top else self.n_rows, row, axis=0)

    def part_rows(self, row: int, cols: Sequence[int]) -> None:
        """Cut the cells of some columns at the boundary above a row, where they run over it."""
        for number in {int(self.owner[row, c]) for c in cols if self.owner[row - 1, c] == self.owner[row, c]}:
            below = self.owner == number
            below[:row] = False
            self.owner[below] = int(self.owner.max()) + 1

    def split_col(self, low: float, high: float, rows: Iterable[int]) -> None:
        """Add a column boundary in the white from x = ``low`` to ``high`` pixels, and cut the cells of the given rows there.

        A boundary that stands in that white already is used. Cells over several rows are cut only when all their rows are given.
        """
        xs = self.points[:, :, 0].mean(axis=0)
        place = (low + high) / 2
        if not xs[0] < place < xs[-1]:
            return
        nearest = int(np.argmin(np.abs(xs - place)))
        if low <= xs[nearest] <= high:
            if nearest in (0, len(xs) - 1):
                return
            col = nearest - 1
        else:
            col = int(np.searchsorted(xs, place)) - 1
            share = (place - xs[col]) / max(1e-6, xs[col + 1] - xs[col])
            added = self.points[:, col] + share * (self.points[:, col + 1] - self.points[:, col])
            self.points = np.insert(self.points, col + 1, added, axis=1)
            self.owner = np.insert(self.owner, col + 1, self.owner[:, col], axis=1)
        wanted = set(rows)
        for number in {int(self.owner[row, col]) for row in wanted}:
            own = self.owner == number
            own_rows = set(np.flatnonzero(own.any(axis=1)).tolist())
            if not own_rows <= wanted or not own[:, col + 1 :].any():
                continue
            right = np.zeros(self.owner.shape, bool)
            right[:, col + 1 :] = True
            self.owner[(self.owner == number) & right] = int(self.owner.max()) + 1
        self._renumber()

    def join_cols(self, row: int, places: Sequence[float]) -> None:
        """Leave of the column boundaries of a row only those nearest to the given x in pixels; cells over several rows go on."""
        xs = self.points[:, :, 0].mean(axis=0)
        kept = {int(np.argmin(np.abs(xs - x))) for x in places} | {0, self.n_cols}
        ends = sorted(kept)
        for low, high in itertools.pairwise(ends):
            numbers = np.unique(self.owner[row, low:high])
            # Neither a cell over several rows nor one over a boundary that stays is cut.
            outside = np.delete(self.owner, np.s_[low:high], axis=1)[row]
            single = [n for n in numbers if not np.any(np.delete(self.owner, row, axis=0) == n) and n not in outside]
            if len(single) == len(numbers) > 1:
                self.owner[row, low:high] = int(self.owner.max()) + 1
        self._renumber()

    def _renumber(self) -> None:
        _, inverse = np.unique(self.owner, return_inverse=True)
        self.owner = inverse.reshape(self.owner.shape)

    def to_grid(self, page: int, spare_lines: tuple[tuple[tuple[float, float], ...], ...] = ()) -> Grid:
        """The grid; a boundary that no cell ends at any more is left in, it does no harm."""
        cells = []
        for number in np.unique(self.owner):
            rows, cols = np.nonzero(self.owner == number)
            r0, r1, c0, c1 = int(rows.min()), int(rows.max()) + 1, int(cols.min()), int(cols.max()) + 1
            corners = [self.points[r, c] for r in (r0, r1) for c in (c0, c1)]
            left, right = (corners[0][0] + corners[2][0]) / 2, (corners[1][0] + corners[3][0]) / 2
            top, bottom = (corners[0][1] + corners[1][1]) / 2, (corners[2][1] + corners[3][1]) / 2
            box = BBox(min(left, right), min(top, bottom), max(left, right), max(top, bottom))
            cells.append(Cell(r0, r1, c0, c1, box))
        row_lines = tuple(tuple((float(x), float(y)) for x, y in line) for line in self.points)
        col_lines = tuple(tuple((float(x), float(y)) for x, y in line) for line in self.points.transpose(1, 0, 2))
        whole = BBox(
            float(self.points[:, 0, 0].mean()),
            float(self.points[0, :, 1].mean()),
            float(self.points[:, -1, 0].mean()),
            float(self.points[-1, :, 1].mean()),
        )
        ordered = tuple(sorted(cells, key=lambda cell: (cell.row, cell.col)))
        return Grid(page, whole, row_lines, col_lines, ordered, spare_lines)
