"""The skew of a page, from the sharpness of its projection profile (after Postl, 1986)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gikocr.elements import Image

COARSE_STEP = 0.4
FINE_STEP = 0.04
"""Degrees between the angles that are tried."""
STEP, LEAST_STEP = 40, 14
"""Grey levels by which it gets brighter at an edge of ink; and of pale ink, where a page has too few other edges."""
ENOUGH_POINTS = 20_000
"""With fewer, a stamp that lies askew may outweigh what is printed palely."""
MOST_POINTS = 60_000
"""Ink edge points used; more change the angle by less than the fine step."""
MARGIN = 1 / 20
"""The outermost share of a page, in which no lines are looked for."""
LEAST_POINTS = 50
"""Edge points with fewer of which a page has no ink."""
TELLING, STAMP_WIDE, STAMP_HIGH, STAMP_RIM = 0.5, 0.35, 0.25, 0.15
"""What tells this share of the sharpness may be a stamp where it is no wider and no higher than these shares of the page; its rim, as a
share of its width, belongs to it."""
TOLD = 1.4
"""Ratio of greatest to usual sharpness from which ink tells an angle: specks and grain have 1.1, some lines of print 1.8."""
REDUCED_SIDE = 1000
"""Longer side of the picture on which the angle is measured."""


def find_skew(gray: Image, limit: float) -> float:
    """Find the angle by which the lines of a page slope.

    Args:
        gray: (H, W) uint8, paper near 255.
        limit: largest angle looked for, in degrees.

    Returns:
        Degrees in [-limit, limit]; positive when lines fall to the right. 0.0 for a page without ink.
    """
    factor = max(1.0, max(gray.shape) / REDUCED_SIDE)
    size = (max(1, int(gray.shape[1] / factor)), max(1, int(gray.shape[0] / factor)))
    small = cv2.resize(gray, size, interpolation=cv2.INTER_AREA).astype(np.int16)
    # Lower edges of ink: where it gets brighter downwards. They line up along base lines and ruling lines alike.
    edge = small[1:] - small[:-1]
    # A lid that stood open darkens the edges of a scan, and they are straight whatever the sheet's skew.
    across, along = int(MARGIN * edge.shape[0]), int(MARGIN * edge.shape[1])
    edge[:across] = edge[edge.shape[0] - across :] = 0
    edge[:, :along] = edge[:, edge.shape[1] - along :] = 0
    ys, xs = np.nonzero(edge > _least_step(edge))
    if len(xs) < LEAST_POINTS:
        return 0.0
    if len(xs) > MOST_POINTS:
        keep = np.random.default_rng(0).choice(len(xs), MOST_POINTS, replace=False)
        ys, xs = ys[keep], xs[keep]
    x = xs.astype(np.float32) - size[0] / 2
    y = ys.astype(np.float32)
    angle, _ = _angle(x, y, limit)
    beyond = _beyond_what_tells(x, y, angle, size)
    if beyond is None:
        return angle
    other, told = _angle(x[beyond], y[beyond], limit)
    return other if told >= TOLD else angle


def _angle(x: NDArray[np.float32], y: NDArray[np.float32], limit: float) -> tuple[float, float]:
    """The angle in degrees, in [-limit, limit], at which most edge points share their rows, and how much more than at most angles."""

    def sharpness(angle: float) -> float:
        return float((np.bincount(_rows(x, y, angle)).astype(np.float64) ** 2).sum())

    # Half a step off zero, whatever the limit: a wider search tries the same small angles and finds the same ones.
    steps = np.arange(COARSE_STEP / 2, limit + FINE_STEP / 2, COARSE_STEP)
    coarse = np.concatenate([-steps[::-1], steps])
    tried = np.array([sharpness(float(a)) for a in coarse])
    best = float(coarse[int(tried.argmax())])
    fine = np.arange(best - COARSE_STEP, best + COARSE_STEP + FINE_STEP / 2, FINE_STEP)
    values = np.array([sharpness(float(a)) for a in fine])
    # On a straight page several small angles move no edge to another row: their middle is meant, not the first of them.
    angle = np.clip(np.median(fine[values == values.max()]), -limit, limit)
    return float(angle), float(tried.max() / np.median(tried))


def _rows(x: NDArray[np.float32], y: NDArray[np.float32], angle: float) -> NDArray[np.int32]:
    rows = np.rint(y - x * np.float32(np.tan(np.radians(angle)))).astype(np.int32)
    return np.asarray(rows - rows.min())


def _beyond_what_tells(
    x: NDArray[np.float32], y: NDArray[np.float32], angle: float, size: tuple[int, int]
) -> NDArray[np.bool_] | None:
    """Edge points outside of what tells the angle, where that is as small as a stamp, which is put on by hand; else None."""
    rows = _rows(x, y, angle)
    counts = np.bincount(rows).astype(np.float64)
    order = np.argsort(-counts)
    telling = np.cumsum(counts[order] ** 2) <= TELLING * (counts**2).sum()
    sharp = np.zeros(len(counts), bool)
    sharp[order[: max(1, int(telling.sum()))]] = True
    own = sharp[rows]
    (left, right), (top, bottom) = (np.percentile(v[own], [2, 98]) for v in (x, y))
    if right - left > STAMP_WIDE * size[0] or bottom - top > STAMP_HIGH * size[1]:
        return None
    margin = (right - left) * STAMP_RIM
    inside = (x > left - margin) & (x < right + margin) & (y > top - margin) & (y < bottom + margin)
    return ~inside if int((~inside).sum()) >= LEAST_POINTS else None


def _least_step(edge: NDArray[np.int16]) -> float:
    """The step from which the steepest edges of a page are enough of them."""
    steps = edge[edge > LEAST_STEP]
    if int((steps > STEP).sum()) >= ENOUGH_POINTS:
        return float(STEP)
    if len(steps) <= ENOUGH_POINTS:
        return float(LEAST_STEP)
    nth = len(steps) - ENOUGH_POINTS
    return float(np.partition(steps, nth)[nth])
