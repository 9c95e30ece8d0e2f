"""Marks in a cell that stand apart from its number: ticks, dirt, strokes of a seal, what shines through.

What they have in common is that they are not like the figures beside them: lower or higher, or paler, or not level with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from gikocr.ocr.ink import PAPER, CellInk, PageInk, around, dirt_of, split_lines
from gikocr.ocr.marks import is_bare_stroke

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gikocr.elements import Image

APART = 1.1
"""Print of one number has no gap this wide, in heights of print."""
OFF_HEIGHT = 0.3
"""A bare stroke apart from a number is a tick when it begins or ends this share of the number's height above or below its ends."""
LESSER = 0.62
"""What stands apart and is no higher than this share of the highest print of its cell is dirt."""
FIGURE_HEIGHTS = (0.62, 1.45)
"""Heights of what may be a figure, in heights of print: of 1,536 that were read surely on eight documents hardly any lay outside."""
CORE = 20
"""Percentile of the grey levels of a mark that tells how dark it is: the middle of its strokes."""
PALER = 0.4
"""How much paler than figures beside it a mark must be to be none of the print, as a share of the way from them to paper."""
THIN, SLENDER = 0.34, 2.2
"""A piece of a rule is at most so thick, in heights of print, and at least so many times as long."""
REACH, BESIDE, SEEN = 8.0, 0.08, 0.3
"""It is one if on so many heights of print to both sides, and no further beside it than that, this share of the rule was found."""


def without_stray_marks(ink: PageInk, content: CellInk, height: float) -> CellInk:
    """Leave out marks that stand apart from the number of a cell: those lower than it, and bare strokes beside figures that are none.

    Other groups of like height both stay: what they are is not for this function to say.
    """
    if content.box is None or len(content.parts) < 2:
        return content
    content = _without_strokes_beyond(ink, content, height)
    parts = np.array(content.parts)
    boxes = ink.boxes[parts]
    order = np.argsort(boxes[:, 0], kind="stable")
    reach = np.maximum.accumulate(boxes[order, 2])
    starts = np.flatnonzero(boxes[order][1:, 0] - reach[:-1] > APART * height) + 1
    groups = np.split(order, starts)
    if len(groups) == 1:
        return content
    unlike = _unlike_figures(ink, parts, groups, height)
    # What is no figure tells nothing of what is a tick beside figures.
    groups = [g for g, out in zip(groups, unlike, strict=True) if not out]
    tall = [_highest(boxes, g) for g in groups]
    ticks = _ticks(ink, parts, groups, tall)
    highest = max(t for t, tick in zip(tall, ticks, strict=True) if not tick)
    keep = np.concatenate(
        [g for g, t, tick in zip(groups, tall, ticks, strict=True) if not tick and t > LESSER * highest]
    )
    return _with_parts(ink, content, parts[np.sort(keep)], height)


def _with_parts(ink: PageInk, content: CellInk, kept: NDArray[np.int64], height: float) -> CellInk:
    """A cell's content of some of its parts; the others count as dirt."""
    if len(kept) == len(content.parts):
        return content
    left_out = np.setdiff1d(np.array(content.parts), kept)
    lines = split_lines(ink.boxes[kept], height)
    dirt = content.dirt + dirt_of(ink, left_out, height)
    return CellInk(around(ink.boxes[kept]), lines, tuple(int(p) for p in kept), dirt)


def _without_strokes_beyond(ink: PageInk, content: CellInk, height: float) -> CellInk:
    """Leave out bare strokes that reach beyond the figures beside them, above or below: a 1 stands level with them, a rule does not.

    However close to them: a piece of a broken rule stands where the figures end.
    """
    parts = np.array(content.parts)
    boxes = ink.boxes[parts]
    tall = boxes[:, 3] - boxes[:, 1]
    low, high = (share * height for share in FIGURE_HEIGHTS)
    bare = np.array([is_bare_stroke(_mask_of(ink, int(p))) for p in parts])
    if not bare.any() or not (~bare & (tall >= low) & (tall <= high)).any():
        return content
    figures = boxes[~bare]  # in pieces, where they broke up
    top, bottom = int(figures[:, 1].min()), int(figures[:, 3].max())
    beyond = np.zeros(len(parts), bool)
    for k in np.flatnonzero(bare & (tall >= low)):
        first, end = _reach_of(ink, boxes[k], max(1, round(BESIDE * height)))
        beyond[k] = max(top - first, end - bottom) > OFF_HEIGHT * (bottom - top)
    return _with_parts(ink, content, parts[~beyond], height)


def _reach_of(ink: PageInk, box: NDArray[np.int32], margin: int) -> tuple[int, int]:
    """The first row of a stroke and the one after its last, with what of it the lines of the table hide; other ink ends it."""
    left, top, right, bottom = (int(v) for v in box)
    dark = np.min(ink.gray[:, left:right], axis=1) < ink.threshold
    for side in (slice(max(0, left - 2 * margin), max(0, left - margin)), slice(right + margin, right + 2 * margin)):
        dark &= np.min(ink.gray[:, side], axis=1, initial=PAPER) >= ink.threshold
    above, below = np.flatnonzero(~dark[:top]), np.flatnonzero(~dark[bottom:])
    return (int(above[-1]) + 1 if len(above) else 0), (bottom + int(below[0]) if len(below) else len(dark))


def _unlike_figures(
    ink: PageInk, parts: NDArray[np.int64], groups: Sequence[NDArray[np.int64]], height: float
) -> list[bool]:
    """Which groups are far higher or paler than figures that stand beside them: strokes of a seal, what shines through."""
    low, high = (share * height for share in FIGURE_HEIGHTS)
    tall = [_highest(ink.boxes[parts], g) for g in groups]
    cores = [_core(ink, parts[g]) for g in groups]
    figures = [core for core, t in zip(cores, tall, strict=True) if low <= t <= high]
    if not figures:
        return [False] * len(groups)
    paler = min(figures) + PALER * (PAPER - min(figures))
    return [t > high or core > paler for t, core in zip(tall, cores, strict=True)]


def _highest(boxes: NDArray[np.int32], group: NDArray[np.int64]) -> int:
    return int((boxes[group, 3] - boxes[group, 1]).max())


def _core(ink: PageInk, parts: NDArray[np.int64]) -> float:
    """The grey level of the middle of the strokes of some components."""
    box = around(ink.boxes[parts])
    place = slice(int(box.top), int(box.bottom)), slice(int(box.left), int(box.right))
    return float(np.percentile(ink.gray[place][np.isin(ink.labels[place], parts + 1)], CORE))


def _ticks(
    ink: PageInk, parts: NDArray[np.int64], groups: Sequence[NDArray[np.int64]], tall: Sequence[int]
) -> list[bool]:
    """Which groups are ticks: one bare stroke beside figures and not level with them, as a 1 of another value would be."""
    bare = [len(g) == 1 and is_bare_stroke(_mask_of(ink, int(parts[g[0]]))) for g in groups]
    figures = [int(p) for g, b in zip(groups, bare, strict=True) if not b for p in parts[g]]
    if not figures:
        return [False] * len(groups)
    boxes = ink.boxes[figures]
    top, bottom = int(boxes[:, 1].min()), int(boxes[:, 3].max())
    reach = OFF_HEIGHT * (bottom - top)
    found = []
    for g, b, t in zip(groups, bare, tall, strict=True):
        _, y0, _, y1 = (int(v) for v in ink.boxes[int(parts[g[0]])])
        found.append(b and max(abs(y0 - top), abs(y1 - bottom)) > reach and bottom - top > LESSER * t)
    return found


def _mask_of(ink: PageInk, part: int) -> Image:
    x0, y0, x1, y1 = (int(v) for v in ink.boxes[part])
    return (ink.labels[y0:y1, x0:x1] == part + 1).astype(np.uint8)


def without_pieces_of_rules(ink: PageInk, content: CellInk, height: float) -> CellInk:
    """Leave out bare strokes of a cell that lie in one line with what is left of a broken rule: they pass for 1 and for dashes.

    Where print stands in the cell too it stays whole: a part of it may lie on a rule by chance.
    """
    parts = np.array(content.parts, np.int64)
    if len(parts) == 0 or not all(_on_rule(ink, ink.boxes[part], height) for part in parts):
        return content
    return CellInk(None, (), (), content.dirt + dirt_of(ink, parts, height))


def _on_rule(ink: PageInk, box: NDArray[np.int32], height: float) -> bool:
    left, top, right, bottom = (int(v) for v in box)
    level = right - left > bottom - top
    long, thin = (right - left, bottom - top) if level else (bottom - top, right - left)
    if thin > THIN * height or long < SLENDER * thin:
        return False
    reach, rim = round(REACH * height), max(1, round(BESIDE * height))
    if level:
        part = ink.lines[max(0, top - rim) : bottom + rim, max(0, left - reach) : right + reach]
    else:
        part = ink.lines[max(0, top - reach) : bottom + reach, max(0, left - rim) : right + rim]
    return float((part > 0).any(axis=0 if level else 1).mean()) >= SEEN
