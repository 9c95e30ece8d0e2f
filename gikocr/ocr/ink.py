"""The ink of a page as connected components, and what of it is print in a cell.

Ruling lines are taken away first. What remains in a cell is sorted into print, specks and remnants of lines by size relative to the
print of the same table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from gikocr.geometry import BBox

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gikocr.elements import Image

SPECK = 0.17
"""Components smaller than this share of the print's height in both directions are dirt, unless they stand like a point."""
POINT = 0.07
"""Components smaller than this are dirt even where a point could stand."""
SHORTEST_DASH = 0.2
"""Least length of a flat component that may be a dash, in heights of print."""
LEAST_MARK = 0.36
"""A mark that stands alone, the shortest dash, is at least this many heights of print long."""
BORDER = 0.13
"""Depth of the zone at a cell's border, in heights of print, in which thin components are remnants of lines."""
PAPER, NEARER_PAPER, THRESHOLDS = 250, 0.53, (122, 205)
"""Grey level of paper; where between ink and paper what is still ink ends, nearer to paper since bold labels are darker than pale
figures; and the range of that, of 255."""
PALER, PALEST = 30, 214
"""How much paler, of 255, ink may be that is looked for where nothing was found, and the palest that is not paper's own noise."""
FIGURE, FAINT_DASH = 0.6, 0.34
"""Least height of a faint figure and length of a faint dash, in heights of print: noise makes neither."""


@dataclass(frozen=True, slots=True, eq=False)
class PageInk:
    """Components of a page's ink.

    ``boxes`` (n, 4) int: left, top, right, bottom; ``areas`` (n,) pixels; ``labels`` (H, W) int32: 0 is paper, i + 1 is component i.
    ``by_row`` lists the components from top to bottom by their middles, which are ``rows``.
    """

    gray: Image
    labels: NDArray[np.int32]
    boxes: NDArray[np.int32]
    areas: NDArray[np.int32]
    lines: Image
    threshold: int
    by_row: NDArray[np.int64]
    rows: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class CellInk:
    """What stands in one cell.

    Attributes:
        box: around the print, in page pixels; None when there is none.
        lines: the printed lines from top to bottom, page pixels.
        parts: indices of the components that are print.
        dirt: ink pixels that were not taken as print, relative to a character of the table's print (0 is clean).
    """

    box: BBox | None
    lines: tuple[BBox, ...]
    parts: tuple[int, ...]
    dirt: float


def find_ink(gray: Image, line_mask: Image, line_core: Image) -> PageInk:
    """Separate ink from paper and lines.

    Args:
        gray: (H, W) uint8, paper near 255.
        line_mask: (H, W) uint8, non-zero where ruling lines are, blurred rims included.
        line_core: (H, W) uint8, the same without the rims.
    """
    # What lies around the tables may be darker: a scanner's edge, print of another size.
    tables = _extent(line_mask)
    sample = gray[tables][::3, ::3]
    # Rules are often darker than print, so they have no say in what counts as ink.
    dark = sample[(sample < 215) & (line_mask[tables][::3, ::3] == 0)]
    ink_level = float(np.percentile(dark, 25)) if dark.size > 200 else 60.0
    threshold = int(np.clip(ink_level + NEARER_PAPER * (PAPER - ink_level), *THRESHOLDS))
    dark_enough = (gray < threshold).astype(np.uint8)
    ink = np.where(line_mask > 0, 0, dark_enough).astype(np.uint8)
    # A figure set close to a line loses its edge with the line's rim; the rim beside what is left of the figure is given back.
    beside = cv2.dilate(ink, np.ones((5, 5), np.uint8)) > 0
    given_back = beside & (line_mask > 0) & (line_core == 0) & (dark_enough > 0)
    ink[given_back] = 1
    return _components(gray, ink, np.where(given_back, 0, line_mask).astype(np.uint8), threshold)


def _extent(mask: Image) -> tuple[slice, slice]:
    """Rows and columns between the first and the last non-zero pixels; all of them where there are none."""
    rows, cols = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if len(rows) == 0:
        return slice(None), slice(None)
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(cols[0]), int(cols[-1]) + 1)


def fainter_ink(ink: PageInk) -> PageInk:
    """The same page with paler ink taken in: a thin stroke such as a dash is paled by blur more than a figure is."""
    return inked_below(ink, min(PALEST, ink.threshold + PALER))


def inked_below(ink: PageInk, threshold: int) -> PageInk:
    """The same page with what is darker than another threshold, of 255, as its ink."""
    marked = ((ink.gray < threshold) & (ink.lines == 0)).astype(np.uint8)
    return _components(ink.gray, marked, ink.lines, threshold)


def _components(gray: Image, ink: Image, line_mask: Image, threshold: int) -> PageInk:
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8, ltype=cv2.CV_32S)
    boxes = np.column_stack(
        [stats[1:, 0], stats[1:, 1], stats[1:, 0] + stats[1:, 2], stats[1:, 1] + stats[1:, 3]]
    ).astype(np.int32)
    middles = (boxes[:, 1] + boxes[:, 3]) / 2
    by_row = np.argsort(middles, kind="stable")
    areas = stats[1:, 4].astype(np.int32)
    return PageInk(gray, np.asarray(labels, np.int32), boxes, areas, line_mask, threshold, by_row, middles[by_row])


def inside_box(ink: PageInk, box: BBox) -> NDArray[np.int64]:
    """The components whose middle lies in a box, in ascending order."""
    first, last = np.searchsorted(ink.rows, box.top, "right"), np.searchsorted(ink.rows, box.bottom, "left")
    near = ink.by_row[first:last]
    middles = (ink.boxes[near, 0] + ink.boxes[near, 2]) / 2
    return np.sort(near[(middles > box.left) & (middles < box.right)])


def print_height(ink: PageInk, box: BBox) -> float:
    """The height of a printed digit or character part inside a box, in pixels: the median of components that can be one.

    Falls back on 1 % of the page's height when nothing is printed there.
    """
    side = max(ink.gray.shape)
    b = ink.boxes
    inside = (b[:, 0] >= box.left) & (b[:, 2] <= box.right) & (b[:, 1] >= box.top) & (b[:, 3] <= box.bottom)
    heights = (b[:, 3] - b[:, 1])[inside]
    widths = (b[:, 2] - b[:, 0])[inside]
    usable = (heights > side / 260) & (heights < side / 24) & (widths < side / 16) & (widths * 5 > heights)
    if usable.sum() < 3:
        return side * 0.01
    return float(np.median(heights[usable]))


def cell_ink(ink: PageInk, box: BBox, height: float) -> CellInk:
    """Find the print in one cell.

    Args:
        ink: the page's ink.
        box: the cell, boundaries included.
        height: the height of print in this table, from :func:`print_height`.
    """
    b = ink.boxes
    inside = inside_box(ink, box)
    if len(inside) == 0:
        return CellInk(None, (), (), 0.0)
    left, top, right, bottom = b[inside].T
    w, h = right - left, bottom - top
    large = (np.maximum(w, h) >= SPECK * height) & (ink.areas[inside] >= 0.35 * (SPECK * height) ** 2)
    own = _of_cell(left, top, right, bottom, box, height)
    body = large & own
    # What is smaller than any mark that may stand alone is dirt when nothing larger stands beside it.
    # A hyphen may be short, but unlike dirt it is flat.
    dash = (w >= SHORTEST_DASH * height) & (w >= 1.7 * h)
    body |= dash & own
    if not (body & ((np.maximum(w, h) >= LEAST_MARK * height) | dash)).any():
        return CellInk(None, (), (), dirt_of(ink, inside, height))
    points = ~body & own & (np.maximum(w, h) >= POINT * height)
    keep = body | (points & _stands_like_a_point(left, top, right, bottom, body, height))
    parts = inside[keep]
    rect = BBox.around(
        [(float(left[keep].min()), float(top[keep].min())), (float(right[keep].max()), float(bottom[keep].max()))]
    )
    lines = split_lines(b[parts], height)
    return CellInk(rect, lines, tuple(int(p) for p in parts), dirt_of(ink, inside[~keep], height))


def cell_parts(ink: PageInk, box: BBox, height: float) -> NDArray[np.int64]:
    """Indices of all components in a cell, dirt too, but for what line removal left over and what runs through the cell."""
    b = ink.boxes
    inside = inside_box(ink, box)
    left, top, right, bottom = b[inside].T
    return np.asarray(inside[_of_cell(left, top, right, bottom, box, height)], np.int64)


def _of_cell(
    left: NDArray[np.int32],
    top: NDArray[np.int32],
    right: NDArray[np.int32],
    bottom: NDArray[np.int32],
    box: BBox,
    height: float,
) -> NDArray[np.bool_]:
    """Which components are the cell's own: not what line removal left over, and not what is larger than it or runs through it."""
    w, h = right - left, bottom - top
    # A flat or steep sliver along the border is what line removal left over.
    sliver = _at_border(left, top, right, bottom, box, height) & (np.minimum(w, h) <= max(2.0, BORDER * height))
    outside = (w > box.width * 1.05) | (h > box.height * 1.05) | _runs_through(left, top, right, bottom, box, height)
    return ~sliver & ~outside


def _at_border(
    left: NDArray[np.int32],
    top: NDArray[np.int32],
    right: NDArray[np.int32],
    bottom: NDArray[np.int32],
    box: BBox,
    height: float,
) -> NDArray[np.bool_]:
    zone = max(3.0, BORDER * height * 2)
    horizontal = (top < box.top + zone) | (bottom > box.bottom - zone)
    vertical = (left < box.left + zone) | (right > box.right - zone)
    flat = (right - left) >= (bottom - top)
    return (horizontal & flat) | (vertical & ~flat)


def _runs_through(
    left: NDArray[np.int32],
    top: NDArray[np.int32],
    right: NDArray[np.int32],
    bottom: NDArray[np.int32],
    box: BBox,
    height: float,
) -> NDArray[np.bool_]:
    """Components that reach two sides of the cell: an arc of a seal, a stroke of a pen, a fold; print keeps inside."""
    zone = max(3.0, BORDER * height)
    sides = (
        (top < box.top + zone).astype(int)
        + (bottom > box.bottom - zone)
        + (left < box.left + zone)
        + (right > box.right - zone)
    )
    long = np.maximum(right - left, bottom - top) > 1.3 * height
    return (sides >= 2) & long


def _stands_like_a_point(
    left: NDArray[np.int32],
    top: NDArray[np.int32],
    right: NDArray[np.int32],
    bottom: NDArray[np.int32],
    body: NDArray[np.bool_],
    height: float,
) -> NDArray[np.bool_]:
    """Small components at the foot of a large one and behind it (points, commas), or so close that they broke off it."""
    result = np.zeros(len(left), bool)
    large = np.nonzero(body)[0]
    for i in np.nonzero(~body)[0]:
        gap_x = np.maximum(np.maximum(left[large] - right[i], left[i] - right[large]), 0)
        gap_y = np.maximum(np.maximum(top[large] - bottom[i], top[i] - bottom[large]), 0)
        middle = (top[i] + bottom[i]) / 2
        at_foot = middle > bottom[large] - 0.3 * (bottom[large] - top[large])
        behind = left[i] >= right[large] - 0.1 * height
        point = behind & at_foot & (gap_x < 0.45 * height) & (gap_y < 0.2 * height)
        # A point or comma stands between figures; one with nothing behind it is dirt.
        followed = (left[large] >= right[i] - 0.1 * height) & (left[large] - right[i] < 0.8 * height)
        point &= bool((followed & (bottom[large] > middle) & (top[large] < middle)).any())
        broken_off = (gap_x < 0.12 * height) & (gap_y < 0.12 * height)
        result[i] = bool((point | broken_off).any())
    return result


def shows_print(ink: PageInk, content: CellInk, height: float) -> bool:
    """Whether what was found in faint ink is a figure or a dash rather than noise."""
    if not content.parts:
        return False
    b = ink.boxes[list(content.parts)]
    w, h = b[:, 2] - b[:, 0], b[:, 3] - b[:, 1]
    dash = (w >= FAINT_DASH * height) & (w >= 2.2 * h) & (ink.areas[list(content.parts)] >= 0.5 * w * h)
    return bool(((h >= FIGURE * height) | dash).any())


def dirt_of(ink: PageInk, parts: NDArray[np.int64], height: float) -> float:
    """How many characters of the table's print hold as much ink as these components."""
    return characters_worth(int(ink.areas[parts].sum()), height)


def characters_worth(area: int, height: float) -> float:
    """How many characters of a height, in pixels, hold an area of ink, in pixels."""
    return area / max(1.0, 0.3 * height * height)


def split_lines(boxes: NDArray[np.int32], height: float) -> tuple[BBox, ...]:
    """Group components into printed lines by gaps between their rows."""
    order = np.argsort(boxes[:, 1], kind="stable")
    lines: list[list[int]] = []
    low = high = 0.0
    for i in order.tolist():
        _, top, _, bottom = (float(v) for v in boxes[i])
        overlap = min(high, bottom) - max(low, top)
        if lines and overlap > 0.25 * min(bottom - top, high - low):
            lines[-1].append(i)
            low, high = min(low, top), max(high, bottom)
        elif lines and (bottom - top) < 0.6 * height and top - high < 0.25 * height:
            lines[-1].append(i)
            high = max(high, bottom)
        else:
            lines.append([i])
            low, high = top, bottom
    merged = _merge_flat_lines([around(boxes[line]) for line in lines], height)
    return tuple(merged)


def _merge_flat_lines(lines: list[BBox], height: float) -> list[BBox]:
    """A strip much flatter than print (the dot row of a character, an accent) belongs to its nearer neighbour."""
    result = list(lines)
    while len(result) > 1:
        flat = [i for i, line in enumerate(result) if line.height < 0.5 * height]
        if not flat:
            break
        i = flat[0]
        gaps = []
        if i > 0:
            gaps.append((result[i].top - result[i - 1].bottom, i - 1))
        if i + 1 < len(result):
            gaps.append((result[i + 1].top - result[i].bottom, i + 1))
        gap, other = min(gaps)
        if gap > 0.8 * height:
            break
        joined = BBox.covering([result[i], result[other]])
        result = [line for k, line in enumerate(result) if k not in (i, other)]
        result.insert(min(i, other), joined)
    return result


def around(boxes: NDArray[np.int32]) -> BBox:
    """The box around (n, 4) boxes, at least one."""
    """The box around (n, 4) boxes, at least one."""
    return BBox(float(boxes[:, 0].min()), float(boxes[:, 1].min()), float(boxes[:, 2].max()), float(boxes[:, 3].max()))
