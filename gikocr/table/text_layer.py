"""The text layer of a page on its grids: what stands in each cell, and the lines outside."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from gikocr.elements import Grid
from gikocr.geometry import Affine, BBox
from gikocr.markup import Glyph, MarkupCell, MarkupLine, MarkupTable, PageText, TextPlace

if TYPE_CHECKING:
    from gikocr.elements import Image

SAME_LINE: Final = 0.4
"""Characters are on one line when their middles are closer than this share of their height."""
WORD_GAP: Final = 0.35
"""A gap of this many heights parts words, and one of :data:`CELL_GAP` heights what may be cells."""
CELL_GAP: Final = 1.2
POINTS_PER_INCH: Final = 72.0
MOST_SIDE: Final = 6_000
"""Pixels of the longer side of a picture that rules are drawn on."""
RULE_PIXELS: Final = 2
SPARED: Final = 0.06
"""Share of a character's box at its head and foot that may hold a rule and is not painted over."""
PAPER: Final = 255
MARGIN: Final = 0.1
"""Share of a page's height, at its head and foot, in which a number alone on its line is the page's."""
TWICE: Final = 0.15
"""Equal characters closer than about this share of their height are one that was drawn twice."""
LEAST_HEIGHT: Final = 2.0
"""Points; lower boxes, as of dashes and points, do not say how high the print is."""


_PAGE_NUMBER = re.compile(r"[\s\-—–－~·.第/共页]*\d{1,3}[\s\-—–－~·.页/共]*(?:\d{1,3}\s*页?)?\s*")


@dataclass(frozen=True, slots=True)
class TextSpot:
    """Where something of the text layer stands: the page and the box in the viewer's frame."""

    page: int
    box: BBox


@dataclass(frozen=True, slots=True)
class LayerBlocks:
    """The blocks of one page in reading order.

    ``cells`` gives the place of each table cell, ``lines`` for each line number the box of each of its characters.
    """

    blocks: tuple[MarkupLine | MarkupTable, ...]
    cells: dict[TextPlace, TextSpot]
    lines: dict[int, tuple[int, tuple[BBox | None, ...]]]


def without_print(gray: Image, glyphs: Sequence[Glyph], to_view: Affine) -> Image:
    """A picture of a page with its characters painted over, so that only rules are left to be found.

    Args:
        gray: (H, W) uint8, paper near 255.
        glyphs: the characters, boxes in the viewer's frame.
        to_view: maps pixels of ``gray`` into that frame.
    """
    back = to_view.inverse()
    bare = gray.copy()
    for glyph in glyphs:
        box = back.apply_bbox(glyph.box).bbox
        inset = SPARED * box.height
        top, bottom = max(0, round(box.top + inset)), max(0, round(box.bottom - inset))
        bare[top:bottom, max(0, round(box.left)) : max(0, round(box.right))] = PAPER
    return bare


def drawn_rules(text: PageText, dpi: float) -> tuple[Image, Affine]:
    """A picture of nothing but the rules of a page, and the map from its pixels into the viewer's frame (points)."""
    scale = min(dpi / POINTS_PER_INCH, MOST_SIDE / max(text.width, text.height))
    canvas = np.full((max(1, round(text.height * scale)), max(1, round(text.width * scale))), PAPER, np.uint8)
    for x1, y1, x2, y2 in text.rules:
        ends = [round(v * scale) for v in (x1, y1, x2, y2)]
        if max(map(abs, ends)) < 2 * MOST_SIDE:
            cv2.line(canvas, (ends[0], ends[1]), (ends[2], ends[3]), (0.0,), RULE_PIXELS)
    return canvas, Affine.scaling(1 / scale)


def layer_blocks(
    page: int,
    glyphs: Sequence[Glyph],
    grids: Sequence[Grid],
    to_view: Affine,
    frame: tuple[float, float],
    *,
    first_table: int,
    first_line: int,
) -> LayerBlocks:
    """Share the characters of a page out over its grids and the lines around them.

    Args:
        page: its number.
        glyphs: its characters, boxes in the viewer's frame.
        grids: its grids, in pixels of a picture of the page.
        to_view: maps those pixels into the viewer's frame.
        frame: width and height of the viewer's frame.
        first_table: number for the first table of this page.
        first_line: number for its first line.
    """
    glyphs = _once(glyphs)
    back = to_view.inverse()
    middles = [back.apply(*g.box.center) for g in glyphs]
    height = _usual_height(glyphs)
    left = set(range(len(glyphs)))
    placed: list[tuple[float, MarkupTable | MarkupLine]] = []
    cells: dict[TextPlace, TextSpot] = {}
    lines: dict[int, tuple[int, tuple[BBox | None, ...]]] = {}
    for k, grid in enumerate(grids):
        inside = [i for i in left if _holds(grid.box, middles[i])]
        if not inside:
            continue
        left -= set(inside)
        table = _table(first_table + k, page, grid, [(glyphs[i], middles[i]) for i in inside], to_view, cells)
        placed.append((to_view.apply_bbox(grid.box).bbox.top, table))
    number = first_line
    for row in _lines([glyphs[i] for i in sorted(left)], height):
        text, boxes = _as_text(row, height)
        if _is_page_number(text, row, frame):
            continue
        lines[number] = (page, boxes)
        top = min(g.box.top for g in row)
        placed.append((top, MarkupLine(text, TextPlace(line=number, column=1))))
        number += 1
    placed.sort(key=lambda item: item[0])
    return LayerBlocks(tuple(block for _, block in placed), cells, lines)


def _is_page_number(text: str, row: Sequence[Glyph], frame: tuple[float, float]) -> bool:
    """Whether a line is a number alone in the margin at the head or foot of a page."""
    middle = row[0].box.center[1]
    in_margin = middle < MARGIN * frame[1] or middle > (1 - MARGIN) * frame[1]
    return in_margin and _PAGE_NUMBER.fullmatch(text) is not None


def _once(glyphs: Sequence[Glyph]) -> list[Glyph]:
    """Characters that are drawn twice in one place, as some programs do for bold print, once."""
    seen: set[tuple[str, int, int]] = set()
    kept = []
    for glyph in glyphs:
        x, y = glyph.box.center
        pitch = max(glyph.box.height, LEAST_HEIGHT) * TWICE
        keys = {(glyph.text, round(x / pitch) + dx, round(y / pitch) + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)}
        if not keys & seen:
            kept.append(glyph)
        seen.add((glyph.text, round(x / pitch), round(y / pitch)))
    return kept


def _holds(box: BBox, point: tuple[float, float]) -> bool:
    return box.left <= point[0] <= box.right and box.top <= point[1] <= box.bottom


def _table(
    index: int,
    page: int,
    grid: Grid,
    inside: Sequence[tuple[Glyph, tuple[float, float]]],
    to_view: Affine,
    spots: dict[TextPlace, TextSpot],
) -> MarkupTable:
    found = []
    in_row: dict[int, int] = {}
    for cell in sorted(grid.cells, key=lambda c: (c.row, c.col)):
        own = [g for g, middle in inside if _holds(cell.box, middle)]
        place = TextPlace(table=index, row=cell.row, cell=in_row.get(cell.row, 0))
        in_row[cell.row] = in_row.get(cell.row, 0) + 1
        own_height = _usual_height(own)
        text = "\n".join(_as_text(row, own_height)[0] for row in _lines(own, own_height))
        spots[place] = TextSpot(page, to_view.apply_bbox(cell.box).bbox)
        found.append(MarkupCell(cell.row, cell.row_end, cell.col, cell.col_end, text, place))
    return MarkupTable(index, grid.n_rows, grid.n_cols, tuple(found))


def _usual_height(glyphs: Sequence[Glyph]) -> float:
    heights = [g.box.height for g in glyphs if g.box.height >= LEAST_HEIGHT]
    return float(np.median(heights)) if heights else 10.0


def _lines(glyphs: Sequence[Glyph], height: float) -> list[list[Glyph]]:
    """Characters as lines from top to bottom, each from left to right; ``height``: what print has at most."""
    rows: list[list[Glyph]] = []
    middle = 0.0
    for glyph in sorted(glyphs, key=lambda g: g.box.center[1]):
        y = glyph.box.center[1]
        if rows and y - middle <= SAME_LINE * min(height, glyph.box.height):
            rows[-1].append(glyph)
            middle = sum(g.box.center[1] for g in rows[-1]) / len(rows[-1])
        else:
            rows.append([glyph])
            middle = y
    return [sorted(row, key=lambda g: g.box.left) for row in rows]


def _as_text(row: Sequence[Glyph], height: float) -> tuple[str, tuple[BBox | None, ...]]:
    """A line with blanks where gaps are, and the box of each of its characters; None for blanks."""
    text, boxes = "", []
    end: float | None = None
    for glyph in row:
        gap = 0.0 if end is None else glyph.box.left - end
        blanks = 2 if gap > CELL_GAP * height else 1 if gap > WORD_GAP * height else 0
        text += " " * blanks + glyph.text
        boxes += [None] * blanks + [glyph.box] * len(glyph.text)
        end = max(glyph.box.right, end or glyph.box.right)
    return text, tuple(boxes)
