"""Bent and foreshortened pages: the map that makes their ruling lines straight, found from the lines themselves.

Long thin ridges are traced through the picture; so are the sides of a photographed sheet. Two smooth functions, one that moves
points up and down and one that moves them sideways, are fitted so that every traced line becomes level or plumb. They cover
perspective, curled pages and shear alike, and nothing needs to be known about the camera.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from gikocr.geometry import Warp

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gikocr.elements import Image

TRACED_SIDE = 1200
"""Longer side of the picture on which lines are traced."""
BESIDE = 1 / 400
"""Distance at which the paper beside a line is looked at, as a share of the longer side."""
CONTRAST = 18
"""Least difference, of 255, between a line and the paper beside it."""
GAP, RUN = 1 / 110, 1 / 90
"""Gaps that are bridged along a line, and the shortest run that may belong to one, as shares of the longer side."""
LEAST_LENGTH = 1 / 11
"""Shortest line that is traced, as a share of the longer side."""
SEEN = 0.5
"""Share of a line that must be seen, bridged gaps not counted: specks line up too where there are many."""
THICKEST = 1 / 160
"""Thickest line, as a share of the longer side."""
STEEPEST = 0.16
"""Greatest slope of a line against the page."""
SPACING = 1 / 100
"""Distance between the points kept of a line, as a share of the longer side."""
ALONG, ACROSS = 10, 2
"""Degrees, along and across the lines, of the function that moves points up and down."""
ALONG_PLUMB = 3
"""Degree along the lines of the function that moves points sideways: pages bend about an upright axis, so plumb lines stay nearly
straight."""
STIFFNESS = 3e-7
"""Ridge on a coefficient for each unit of its degree to the fourth power, against one for each point."""
SIDE_WEIGHT = 0.5
"""Weight of the points of a sheet's side: paper is cut less exactly than it is printed."""
LEAST_BEND = 1 / 600
"""Least displacement, as a share of the longer side, for which a page is worth moving."""
LEFT_OVER = 1 / 900
"""Greatest typical distance from straight lines afterwards, as a share of the longer side."""
LEAST_GAIN = 0.6
"""It must be less than this share of what it was before."""
NODE = 24
"""Distance between the nodes of the map, in pixels."""
ROUNDS = 8
"""Rounds of reweighting, and of inverting the map: both settle in fewer."""
LEAST_LINES = 2
"""One line may be bent by itself."""


@dataclass(frozen=True, slots=True, eq=False)
class _Moves:
    """One displacement as a function of the place: Legendre products, in a frame of the page's middle and half its longer side."""

    powers: tuple[tuple[int, int], ...]
    coefficients: NDArray[np.float64]
    low: tuple[float, float]
    high: tuple[float, float]

    def __call__(self, along: NDArray[np.float64], across: NDArray[np.float64]) -> NDArray[np.float64]:
        a, b = np.clip(along, self.low[0], self.high[0]), np.clip(across, self.low[1], self.high[1])
        moved = _basis(a, b, self.powers) @ self.coefficients
        # Beyond the traced lines only the linear part goes on: the others would run away.
        linear = self.powers.index((1, 0))
        return np.asarray(moved + self.coefficients[linear] * (along - a), np.float64)


def find_bend(gray: Image, sides: Sequence[tuple[bool, NDArray[np.float64]]] = ()) -> Warp | None:
    """Find how a page is bent.

    Args:
        gray: (H, W) uint8, paper near 255, without skew as a whole.
        sides: of the sheet: whether each runs level, and its points (n, 2).

    Returns:
        The map from the straightened page to ``gray``; None for a page that is straight, or on which too little is seen to tell.
    """
    height, width = gray.shape
    side = float(max(height, width))
    middle = np.array([width / 2, height / 2])
    level = [(c, 1.0) for c in trace(gray)] + [(c, SIDE_WEIGHT) for is_level, c in sides if is_level]
    plumb = [(c, 1.0) for c in trace(np.ascontiguousarray(gray.T))]
    plumb += [(c[:, ::-1], SIDE_WEIGHT) for is_level, c in sides if not is_level]
    up = _fit([((c - middle) / (side / 2), w) for c, w in level], ALONG)
    aside = _fit([((c - middle[::-1]) / (side / 2), w) for c, w in plumb], ALONG_PLUMB)
    if up is None and aside is None:
        return None
    return _map(up, aside, (width, height), middle, side)


def trace(gray: Image) -> list[NDArray[np.float64]]:
    """Trace the nearly level lines of a page.

    Returns:
        For each its points (n, 2), x and y in pixels of ``gray``, from left to right.
    """
    height, width = gray.shape
    factor = max(1.0, max(height, width) / TRACED_SIDE)
    size = (max(8, round(width / factor)), max(8, round(height / factor)))
    small = np.asarray(cv2.resize(gray, size, interpolation=cv2.INTER_AREA), np.uint8)
    side = max(size)
    reach = max(2, round(side * BESIDE))
    dark = cv2.bitwise_not(small)
    up, down = np.zeros_like(dark), np.zeros_like(dark)
    up[reach:], down[:-reach] = dark[:-reach], dark[reach:]
    ridge = (cv2.subtract(dark, cv2.max(up, down)) > CONTRAST).astype(np.uint8)
    gap, run = max(3, round(side * GAP)), max(5, round(side * RUN))
    joined = cv2.morphologyEx(ridge, cv2.MORPH_CLOSE, np.ones((1, gap), np.uint8))
    runs = cv2.morphologyEx(joined, cv2.MORPH_OPEN, np.ones((1, run), np.uint8))
    thick = cv2.dilate(runs, np.ones((3, gap), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(thick, connectivity=8)
    least, spacing = side * LEAST_LENGTH, max(2, round(side * SPACING))
    curves = []
    for k in range(1, count):
        left, top, w, h = (int(v) for v in stats[k, :4])
        if w < least or h > STEEPEST * w + side * THICKEST:
            continue
        box = np.s_[top : top + h, left : left + w]
        own = (labels[box] == k) & (runs[box] > 0)
        if float((own & (ridge[box] > 0)).any(axis=0).mean()) < SEEN:
            continue
        points = _course(own, spacing, side * THICKEST)
        if len(points) and points[-1, 0] - points[0, 0] >= least:
            offset, scale = np.array([left + 0.5, top + 0.5]), np.array([width / size[0], height / size[1]])
            curves.append((points + offset) * scale - 0.5)
    return curves


def _course(own: NDArray[np.bool_], spacing: int, thickest: float) -> NDArray[np.float64]:
    """The middle of a line at every ``spacing``-th column where it is thin."""
    counts = own.sum(axis=0)
    rows = np.arange(own.shape[0])
    columns = np.flatnonzero(counts > 0)
    if not len(columns):
        return np.empty((0, 2))
    middles = (own[:, columns] * rows[:, None]).sum(axis=0) / counts[columns]
    extent = own.shape[0] - 1 - own[::-1, columns].argmax(axis=0) - own[:, columns].argmax(axis=0)
    thin = extent <= thickest
    columns, middles = columns[thin], middles[thin]
    bins = columns // spacing
    starts = np.flatnonzero(np.diff(bins, prepend=-1))
    if not len(starts):
        return np.empty((0, 2))
    sizes = np.diff(np.append(starts, len(bins)))
    x = np.add.reduceat(columns.astype(np.float64), starts) / sizes
    y = np.add.reduceat(middles, starts) / sizes
    return np.column_stack([x, y])


def _fit(curves: Sequence[tuple[NDArray[np.float64], float]], degree: int) -> _Moves | None:
    """The displacement across the lines that makes them straight, by least squares that let outliers go (Cauchy's weights).

    Args:
        curves: the points (n, 2) of each line, along and across it, and their weight.
        degree: along the lines.

    Returns:
        None where too few lines are seen, they are straight, or no smooth function makes them so.
    """
    if len(curves) < LEAST_LINES:
        return None
    points = np.concatenate([c for c, _ in curves])
    weight = np.concatenate([np.full(len(c), w) for c, w in curves])
    line = np.repeat(np.arange(len(curves)), [len(c) for c, _ in curves])
    powers = tuple((i, j) for i in range(1, degree + 1) for j in range(ACROSS + 1))
    low, high = np.percentile(points, 1, axis=0), np.percentile(points, 99, axis=0)
    basis = _basis(np.clip(points[:, 0], low[0], high[0]), np.clip(points[:, 1], low[1], high[1]), powers)
    ridge = np.sqrt(STIFFNESS * len(points)) * np.diag([float((i + j) ** 2) for i, j in powers])
    robust, coefficients = weight.copy(), np.zeros(len(powers))
    for _ in range(ROUNDS):
        root = np.sqrt(robust)[:, None]
        left = np.vstack([_centred(basis, line, robust) * root, ridge])
        right = np.append(_centred(points[:, 1:], line, robust) * root, np.zeros(len(powers)))
        coefficients = np.linalg.lstsq(left, right, rcond=None)[0]
        off = _centred((points[:, 1] - basis @ coefficients)[:, None], line, robust)[:, 0]
        scale = max(LEFT_OVER, 1.5 * float(np.median(np.abs(off))))
        robust = weight / (1 + (off / scale) ** 2)
    moved = _centred((basis @ coefficients)[:, None], line, robust)[:, 0]
    before = float(np.median(np.abs(_centred(points[:, 1:], line, robust))))
    after = float(np.median(np.abs(off)))
    # A unit of the frame is half the longer side.
    if np.percentile(np.abs(moved), 95) < 2 * LEAST_BEND or after > min(2 * LEFT_OVER, LEAST_GAIN * before):
        return None
    return _Moves(powers, coefficients, (low[0], low[1]), (high[0], high[1]))


def _centred(values: NDArray[np.float64], line: NDArray[np.int64], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values (n, k) less their weighted mean on each line: where a line lies is free, only its course counts."""
    total = np.bincount(line, weight)
    means = np.stack([np.bincount(line, weight * column) / total for column in values.T], axis=1)
    return np.asarray(values - means[line], np.float64)


def _basis(
    along: NDArray[np.float64], across: NDArray[np.float64], powers: Sequence[tuple[int, int]]
) -> NDArray[np.float64]:
    """Products of Legendre polynomials, (n, len(powers))."""
    a = np.polynomial.legendre.legvander(along, max(i for i, _ in powers))
    b = np.polynomial.legendre.legvander(across, max(j for _, j in powers))
    return np.stack([a[:, i] * b[:, j] for i, j in powers], axis=1)


def _map(
    up: _Moves | None, aside: _Moves | None, size: tuple[int, int], middle: NDArray[np.float64], side: float
) -> Warp:
    """The map of a straightened picture that is as large as needed to hold all of the bent one."""

    def moved(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        a, b = (x - middle[0]) / (side / 2), (y - middle[1]) / (side / 2)
        dx = np.zeros_like(a) if aside is None else aside(b, a) * (side / 2)
        dy = np.zeros_like(a) if up is None else up(a, b) * (side / 2)
        return dx, dy

    width, height = size
    border_x = np.concatenate([np.linspace(0, width, 40), np.linspace(0, width, 40), np.zeros(40), np.full(40, width)])
    border_y = np.concatenate(
        [np.zeros(40), np.full(40, height), np.linspace(0, height, 40), np.linspace(0, height, 40)]
    )
    dx, dy = moved(border_x, border_y)
    left, right = float((border_x - dx).min()), float((border_x - dx).max())
    top, bottom = float((border_y - dy).min()), float((border_y - dy).max())
    columns, rows = int((right - left) // NODE) + 2, int((bottom - top) // NODE) + 2
    goal_x = np.repeat(left + NODE * np.arange(columns)[None, :], rows, axis=0).ravel()
    goal_y = np.repeat(top + NODE * np.arange(rows)[:, None], columns, axis=1).ravel()
    x, y = goal_x, goal_y
    for _ in range(ROUNDS):
        dx, dy = moved(x, y)
        x, y = goal_x + dx, goal_y + dy
    return Warp(np.stack([x, y], axis=1).reshape(rows, columns, 2), NODE)


def unbend(gray: Image, warp: Warp) -> Image:
    """The straightened picture, (H, W) uint8, of the picture that ``warp`` leads to; what it does not show is paper."""
    width, height = warp.size
    nodes = warp.nodes.astype(np.float32)
    # Between the nodes as Warp.apply has it, pixel by pixel.
    x, y = np.meshgrid(np.arange(width, dtype=np.float32) / warp.step, np.arange(height, dtype=np.float32) / warp.step)
    source = [cv2.remap(np.ascontiguousarray(nodes[..., k]), x, y, cv2.INTER_LINEAR) for k in (0, 1)]
    return np.asarray(cv2.remap(gray, source[0], source[1], cv2.INTER_LINEAR, borderValue=(255.0,)), np.uint8)
