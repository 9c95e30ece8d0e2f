"""The grids of a page and their rivals: where a page's grids fit the form badly, its lines are found in other ways.

What finds pale, dashed and broken lines finds lines that are none on some pages: figures that stand under each other pass for a
dashed rule, print for a faint one. Nothing on the picture tells this for certain; the form does, since its rows and columns must be
there. So each way gives rival grids, and those that hold more of the form are kept.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING

from gikocr.elements import Grid, LineReader
from gikocr.ocr.cells import GridInk, grid_ink, read_labels
from gikocr.ocr.ink import PageInk, find_ink
from gikocr.pipeline.contest import Contest
from gikocr.pipeline.grids import ReadGrid, has_pale, is_ruled, is_same, is_weak, rivals_of
from gikocr.preprocess.paler import without_paler
from gikocr.table.beyond import LINE_GAPS, with_bare_row, with_blank_row, with_lost_row, with_lost_sides
from gikocr.table.crowded import with_crowded_rows_cut
from gikocr.table.found import FoundGrids, ruled_grids
from gikocr.table.lattice import Lattice
from gikocr.table.learned import SEEN, BoundaryFinder, boundary_grids, boundary_grids_in
from gikocr.table.lines import RulingLines, find_ruling_lines, line_rims
from gikocr.table.mask import line_mask
from gikocr.table.mend import mend, with_columns_of, with_columns_of_heads
from gikocr.table.parts import parts_of
from gikocr.table.regular import halves_of_rows, regular
from gikocr.table.streaks import without_streaks
from gikocr.table.text_rows import text_rows
from gikocr.table.unruled import unruled_grids
from gikocr.table.white import SHORT_VALUE
from gikocr.table.words import Words, find_words

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gikocr.elements import Image

LABELS_GAINED = 4.0
"""Log evidence of labels by which the columns of the page before must better a grid: about half a row that agrees."""
LEAST_VALUES = 8
"""Short words in the right half of a page on which no grid was found without which no table is looked for on it."""
FEW_HALVES = 4
"""Bare rows stand beside so many others at most in a table whose zeros are printed."""
ABOVE_HEAD = 2
"""A table that goes on from the page before has at most so many rows of words above it: a running head, what a stamp left."""
MOST_LOST = 3
"""Rows above and below a grid whose lines were not seen."""
BESIDE = 0.7
"""What lies so far from a part of a grid, in heights of print, is on its outer lines."""

_Way = Callable[[Sequence[ReadGrid], Sequence[ReadGrid]], list[ReadGrid]]
"""Rivals of weak grids that keep off the strong ones; strong ones first."""


class GridReader:
    """Reads the labels of grids, and of their rivals where they fit the form badly."""

    def __init__(self, reader: LineReader, contest: Contest, finder: BoundaryFinder | None = None) -> None:
        """Take the reader of labels, what says how well grids of one page fit the form, and what sees boundaries without rules."""
        self._reader = reader
        self.contest = contest
        self._finder = finder
        self._seen: tuple[Image, NDArray[np.float32]] | None = None
        self._tried: list[ReadGrid] = []

    def read(self, gray: Image, found: FoundGrids, grids: Sequence[Grid], number: int) -> list[ReadGrid]:
        """Read grids that were found on a page.

        Args:
            gray: (H, W) uint8, the page.
            found: what was found on it.
            grids: those of its grids that are read.
            number: of the page, 1-based.
        """
        if not grids:
            return []
        ink = find_ink(gray, *line_mask(found.lines, grids))
        return [self._mended(self._read_grid(grid, ink, number), found.words, found.lines) for grid in grids]

    def _read_grid(self, grid: Grid, ink: PageInk, number: int) -> ReadGrid:
        cells = grid_ink(replace(grid, page=number), ink)
        return ReadGrid(grid, cells, read_labels(cells, self._reader))

    def _mended(self, read: ReadGrid, words: Words, lines: RulingLines) -> ReadGrid:
        """The grid cut further, and with rows and columns beyond its lines, where words show it, if that fits the form better."""
        changes: list[tuple[Callable[[Grid, Words], Grid | None], int]] = [
            (mend, 1),
            (with_lost_sides, 1),
            *((partial(with_lost_row, top=top), MOST_LOST) for top in (True, False)),
            *((partial(with_bare_row, top=top, gap=gap), MOST_LOST) for top in (True, False) for gap in LINE_GAPS),
            (partial(with_blank_row, lines=lines), 1),
        ]
        for change, most in changes:
            for _ in range(most):
                grid = change(read.ink.grid, words)
                if grid is None or grid is read.ink.grid:
                    break
                ink = grid_ink(grid, read.ink.ink)
                labelled = read_labels(ink, self._reader)
                if self.contest.fit([labelled]).held <= self.contest.fit([read.labelled]).held:
                    break
                read = ReadGrid(read.found, ink, labelled)
        return read

    def best(
        self, gray: Image, found: FoundGrids, read: Sequence[ReadGrid], before: Grid | None = None
    ) -> list[ReadGrid]:
        """The grids of a page after those that fit the form badly were set against their rivals, from top to bottom.

        Args:
            gray: (H, W) uint8, the page.
            found: what was found on it first.
            read: its grids as they were read, at least one.
            before: the last table of the page before, which the first one here may go on.
        """
        self._tried = list(read)
        kept = first = self._regular(gray, found, read)
        for way in self._ways(gray, found, read[0].ink, before):
            weak = [r for r in kept if self._is_weak(r, found)]
            if not weak:
                break
            strong = [r for r in kept if r not in weak]
            rivals = way(strong, weak)
            kept = self.contest.better(weak, strong, rivals)
        self._tried = []
        # Those that are there since the beginning were made regular, or were better as they are.
        anew = self._regular(gray, found, [r for r in kept if r not in first])
        kept = [self._joined(gray, found, r) for r in (*(r for r in kept if r in first), *anew)]
        return sorted(self.contest.without_strays(kept), key=lambda r: (r.found.box.top, r.found.box.left))

    def _regular(self, gray: Image, found: FoundGrids, read: Sequence[ReadGrid]) -> list[ReadGrid]:
        """The grids, those that hold as much of the form when they are made regular in that form."""
        made = {id(r): regular(r.ink.grid) for r in read}
        grids = [g for g in made.values() if g is not None]
        if not grids:
            return list(read)
        ink = find_ink(gray, *line_mask(replace(found.lines, broken=True), grids))
        kept = []
        for r in read:
            grid = made[id(r)]
            if grid is not None:
                rival = self._read_grid(grid, ink, grid.page)
                r = rival if self.contest.fit_of(rival).held >= self.contest.fit_of(r).held else r
            kept.append(r)
        return kept

    def _joined(self, gray: Image, found: FoundGrids, read: ReadGrid) -> ReadGrid:
        """A grid without the boundaries between bare rows that hold more of the form together; their marks made those lines."""
        best, row = read, -1
        while True:
            grid = best.ink.grid
            halves = halves_of_rows(grid, [c.box is not None for c in best.ink.cells])
            row = next((r for r in halves if r > row and not is_ruled(grid, r, found.lines)), grid.n_rows)
            # Among many bare rows one more is nothing strange.
            if row == grid.n_rows or (self.contest.fit_of(best).unmatched == 0 and len(halves) > FEW_HALVES):
                break
            lattice = Lattice.of(grid)
            lattice.join_rows(row)
            rival = self._read_grid(lattice.to_grid(grid.page, grid.spare_lines), best.ink.ink, grid.page)
            if self.contest.fit_of(rival).held > self.contest.fit_of(best).held:
                best = rival
        if best is read:
            return read
        ink = find_ink(gray, *line_mask(replace(found.lines, broken=True), [best.ink.grid]))
        return self._read_grid(best.ink.grid, ink, best.ink.grid.page)

    def _is_weak(self, read: ReadGrid, found: FoundGrids) -> bool:
        """Whether a grid is set against rivals.

        One that was found without lines always is: heads of several lines are one row between level lines and more without them,
        and which is right shows in the reading.
        """
        return read.found in found.unruled or is_weak(read, self.contest.fit_of(read), found.words, found.lines)

    def _ways(self, gray: Image, found: FoundGrids, first: GridInk, before: Grid | None) -> Iterator[_Way]:
        """The ways to find rivals: boundaries that a network sees, darker ink, fewer pale lines, columns of the page before, words."""

        @cache
        def without_pale() -> tuple[RulingLines, Words]:
            lines = without_streaks(find_ruling_lines(gray, pale=False))
            return lines, find_words(gray, line_rims(lines))

        def by_lines(*, pale: bool, faint: bool) -> _Way:
            def rivals(strong: Sequence[ReadGrid], weak: Sequence[ReadGrid]) -> list[ReadGrid]:
                near = [w.found.box for w in weak]
                if not pale and not has_pale(found.lines, near):
                    return []  # without pale lines elsewhere the grids here are the same
                lines, words = (found.lines, found.words) if pale else without_pale()
                grids = rivals_of(ruled_grids(lines, words, faint=faint, near=near), weak)
                lined = replace(found, lines=lines, words=words)
                return self._new(grids, lambda new: self.read(gray, lined, new, first.grid.page))

            return rivals

        def by_darker_ink(_: Sequence[ReadGrid], weak: Sequence[ReadGrid]) -> list[ReadGrid]:
            darker = without_paler(gray)
            lines = without_streaks(find_ruling_lines(darker))
            words = find_words(darker, line_rims(lines))
            grids = rivals_of(ruled_grids(lines, words, near=[w.found.box for w in weak]), weak)
            lined = replace(found, lines=lines, words=words)
            return self._new(grids, lambda new: self._read_darker(gray, darker, lined, new, first.grid.page))

        def by_words(levels: list[tuple[float, float, float]], *, bare_labels: bool = False) -> _Way:
            def rivals(strong: Sequence[ReadGrid], weak: Sequence[ReadGrid]) -> list[ReadGrid]:
                taken = [r.found.box for r in strong]
                grids = unruled_grids(found.words, taken, levels, first.grid.page, bare_labels=bare_labels)
                number = first.grid.page
                return self._new(
                    rivals_of(grids, weak), lambda new: [self._read_grid(g, first.ink, number) for g in new]
                )

            return rivals

        def by_heads(_: Sequence[ReadGrid], weak: Sequence[ReadGrid]) -> list[ReadGrid]:
            cut = ((w, with_columns_of_heads(w.ink.grid, found.words)) for w in weak)
            return [self._read_grid(grid, w.ink.ink, w.ink.grid.page) for w, grid in cut if grid is not None]

        def by_columns(table: Grid, *, only: bool) -> _Way:
            return lambda strong, weak: self._by_columns(found, table, strong, weak, only=only)

        if self._finder is not None:
            number = first.grid.page
            yield from (self._by_boundaries(gray, found, number, self._finder, seen) for seen in SEEN)
            yield from (self._by_parts(gray, found, number, self._finder, seen) for seen in SEEN)
        yield by_darker_ink
        yield by_lines(pale=True, faint=False)
        yield by_lines(pale=False, faint=True)
        yield by_lines(pale=False, faint=False)
        yield by_heads
        if before is not None:
            yield by_columns(before, only=False)
        if found.levels:
            yield by_words(found.levels)
        yield by_words([])
        yield by_words([], bare_labels=True)
        if before is not None:
            yield by_columns(before, only=True)

    def _read_darker(
        self, gray: Image, darker: Image, found: FoundGrids, grids: list[Grid], number: int
    ) -> list[ReadGrid]:
        """Read the labels of grids without the paler ink; figures are looked for in all of it, for some are printed palely."""
        read = self.read(darker, found, grids, number)
        if not read:
            return []
        ink = find_ink(gray, *line_mask(found.lines, grids))
        return [replace(r, ink=grid_ink(r.ink.grid, ink)) for r in read]

    def _by_boundaries(self, gray: Image, found: FoundGrids, number: int, finder: BoundaryFinder, seen: float) -> _Way:
        def rivals(_: Sequence[ReadGrid], weak: Sequence[ReadGrid]) -> list[ReadGrid]:
            near = [w.found.box for w in weak]
            grids = boundary_grids(gray, self._boundaries(finder, gray), seen, number, near)
            return self._new(rivals_of(grids, weak), lambda new: self._read_boundaries(gray, found, new, number))

        return rivals

    def _by_parts(self, gray: Image, found: FoundGrids, number: int, finder: BoundaryFinder, seen: float) -> _Way:
        def rivals(_: Sequence[ReadGrid], weak: Sequence[ReadGrid]) -> list[ReadGrid]:
            # Two tables that are taken for one have the boundaries of both, and those of neither lie where they should.
            boxes = [box for w in weak for box in parts_of(w.ink.grid)]
            margin = BESIDE * found.words.height
            grids = [
                grid
                for box in boxes
                for grid in boundary_grids_in(gray, self._boundaries(finder, gray), seen, number, box, margin)
            ]
            return self._new(grids, lambda new: self._read_boundaries(gray, found, new, number))

        return rivals

    def _new(self, grids: Sequence[Grid], read: Callable[[list[Grid]], list[ReadGrid]]) -> list[ReadGrid]:
        """Grids as they were read for an earlier way of this page, and those that no way gave yet as they are read now."""
        known = [next((t for t in self._tried if is_same(t.found, g)), None) for g in grids]
        anew = read([g for g, k in zip(grids, known, strict=True) if k is None])
        self._tried += anew
        left = iter(anew)
        return [next(left) if k is None else k for k in known]

    def _by_columns(
        self, found: FoundGrids, table: Grid, strong: Sequence[ReadGrid], weak: Sequence[ReadGrid], *, only: bool
    ) -> list[ReadGrid]:
        """The first table of a page with the columns of the page before, where labels come free by it."""
        top = min(weak, key=lambda r: r.found.box.top)
        if any(s.found.box.top < top.found.box.top for s in strong):
            return []
        rivals = []
        if (grid := with_columns_of(top.found, table, found.words, only=only)) is not None:
            rival = self._mended(self._read_grid(grid, top.ink.ink, top.ink.grid.page), found.words, found.lines)
            # Columns that were put there prove nothing: the labels that come free by it must.
            gained = self.contest.fit_of(rival).labels - self.contest.fit_of(top).labels
            rivals += [rival] if gained >= LABELS_GAINED else []
        above = found.words.inside(0.0, 0.0, math.inf, top.found.box.top)
        at_head = len(text_rows(above, found.words.height)) <= ABOVE_HEAD
        if at_head and (grid := with_crowded_rows_cut(top.ink.grid, table, found.words)) is not None:
            rivals.append(self._read_grid(grid, top.ink.ink, top.ink.grid.page))
        return rivals

    def unseen(self, gray: Image, found: FoundGrids, number: int) -> list[ReadGrid]:
        """The tables of the form on a page on which no grid was found, though words stand on it as values do; from top to bottom.

        Args:
            gray: (H, W) uint8, the page.
            found: what was found on it.
            number: of the page, 1-based.
        """
        boxes, height = found.words.boxes, found.words.height
        short = (boxes[:, 2] - boxes[:, 0] < SHORT_VALUE * height) & (boxes[:, 0] + boxes[:, 2] > gray.shape[1])
        if self._finder is None or int(short.sum()) < LEAST_VALUES:
            return []
        probability = self._boundaries(self._finder, gray)
        self._tried = []
        ways = []
        for seen in SEEN:
            grids = boundary_grids(gray, probability, seen, number)
            ways.append(self._new(grids, lambda new: self._read_boundaries(gray, found, new, number)))
        self._tried = []
        read = max(ways, key=self.contest.holds)
        return [r for r in read if self.contest.fit_of(r).evidence > 0.0]

    def _boundaries(self, finder: BoundaryFinder, gray: Image) -> NDArray[np.float32]:
        """What the network sees on a page; kept for the last one, which may be asked about more than once."""
        if self._seen is None or self._seen[0] is not gray:
            self._seen = (gray, finder.boundaries(gray))
        return self._seen[1]

    def _read_boundaries(self, gray: Image, found: FoundGrids, grids: Sequence[Grid], number: int) -> list[ReadGrid]:
        """Read grids by boundaries that were seen: of the lines found, only what lies on those is no print."""
        if not grids:
            return []
        rims, cores = line_mask(replace(found.lines, broken=True), grids)
        ink, words = find_ink(gray, rims, cores), find_words(gray, rims)
        return [self._mended(self._read_grid(grid, ink, number), words, found.lines) for grid in grids]
