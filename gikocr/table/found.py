"""What is found on a page without reading: ruling lines, words, and grids with lines and without."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gikocr.elements import Grid
from gikocr.geometry import BBox
from gikocr.table.beyond import with_lost_sides
from gikocr.table.grids import build_grids
from gikocr.table.levels import level_grids
from gikocr.table.lines import RulingLines, find_ruling_lines, line_rims
from gikocr.table.regions import level_lines
from gikocr.table.streaks import without_streaks
from gikocr.table.unruled import unruled_grids
from gikocr.table.words import Words, find_words

if TYPE_CHECKING:
    from gikocr.elements import Image


@dataclass(frozen=True, slots=True, eq=False)
class FoundGrids:
    """Ruling lines, words and grids of a page, and which of these have no lines; ``levels`` as :func:`unruled_grids` takes them."""

    lines: RulingLines
    words: Words
    levels: list[tuple[float, float, float]]
    grids: list[Grid]
    unruled: list[Grid]


def find_grids(gray: Image) -> FoundGrids:
    """Find the grids of an upright page, (H, W) uint8 with paper near 255."""
    lines = without_streaks(find_ruling_lines(gray))
    words = find_words(gray, line_rims(lines))
    ruled = ruled_grids(lines, words)
    levels = level_lines(lines)
    unruled = unruled_grids(words, [g.box for g in ruled], levels, 1)
    unruled += level_grids(lines, words, [g.box for g in (*ruled, *unruled)], 1)
    return FoundGrids(lines, words, levels, sorted([*ruled, *unruled], key=lambda g: (g.box.top, g.box.left)), unruled)


def ruled_grids(
    lines: RulingLines, words: Words, *, faint: bool = True, near: Sequence[BBox] | None = None
) -> list[Grid]:
    """The grids between ruling lines, and columns beside them whose lines are lost; arguments as :func:`build_grids` takes them."""
    return [with_lost_sides(g, words) for g in build_grids(lines, 1, faint=faint, near=near)]
