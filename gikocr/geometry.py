"""Boxes, quadrilaterals, affine maps and smooth ones.

Origin top left, x to the right, y downwards. A box is half-open: it covers ``left <= x < right``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class BBox:
    """An axis-parallel box. Raises ValueError when it is inside out or not finite."""

    left: float
    top: float
    right: float
    bottom: float

    def __post_init__(self) -> None:
        if not all(math.isfinite(v) for v in (self.left, self.top, self.right, self.bottom)):
            raise ValueError(f"box with a coordinate that is not finite: {self}")
        if self.right < self.left or self.bottom < self.top:
            raise ValueError(f"box inside out: {self}")

    @staticmethod
    def around(points: Iterable[Point]) -> BBox:
        """The smallest box that holds all points. Raises ValueError when there are none."""
        listed = list(points)
        xs = [p[0] for p in listed]
        ys = [p[1] for p in listed]
        return BBox(min(xs), min(ys), max(xs), max(ys))

    @staticmethod
    def covering(boxes: Iterable[BBox]) -> BBox:
        """The smallest box that holds all boxes. Raises ValueError when there are none."""
        listed = list(boxes)
        return BBox(
            min(b.left for b in listed),
            min(b.top for b in listed),
            max(b.right for b in listed),
            max(b.bottom for b in listed),
        )

    @property
    def width(self) -> float:
        """Width, at least 0."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Height, at least 0."""
        return self.bottom - self.top

    @property
    def area(self) -> float:
        """Width times height."""
        return self.width * self.height

    @property
    def center(self) -> Point:
        """The middle."""
        return ((self.left + self.right) / 2, (self.top + self.bottom) / 2)

    def moved(self, dx: float, dy: float) -> BBox:
        """The box moved by (dx, dy)."""
        return BBox(self.left + dx, self.top + dy, self.right + dx, self.bottom + dy)

    def grown(self, dx: float, dy: float | None = None) -> BBox:
        """The box with dx more on the left and right and dy more above and below; never inside out."""
        dy = dx if dy is None else dy
        cx, cy = self.center
        half_width = max(0.0, self.width / 2 + dx)
        half_height = max(0.0, self.height / 2 + dy)
        return BBox(cx - half_width, cy - half_height, cx + half_width, cy + half_height)

    def intersection(self, other: BBox) -> BBox | None:
        """The common part, or None when there is none."""
        left, top = max(self.left, other.left), max(self.top, other.top)
        right, bottom = min(self.right, other.right), min(self.bottom, other.bottom)
        if right <= left or bottom <= top:
            return None
        return BBox(left, top, right, bottom)

    def iou(self, other: BBox) -> float:
        """Intersection over union, in [0, 1]."""
        common = self.intersection(other)
        if common is None:
            return 0.0
        union = self.area + other.area - common.area
        # Areas of boxes that are hardly there may vanish.
        return common.area / union if union > 0.0 else 0.0

    def share_inside(self, other: BBox) -> float:
        """The share of this box's area that lies inside the other, in [0, 1]."""
        common = self.intersection(other)
        return 0.0 if common is None or self.area == 0 else common.area / self.area

    def corners(self) -> tuple[Point, Point, Point, Point]:
        """Clockwise from the top left."""
        return ((self.left, self.top), (self.right, self.top), (self.right, self.bottom), (self.left, self.bottom))


@dataclass(frozen=True, slots=True)
class Quad:
    """Four corners, clockwise from the one that was the top left before any mapping."""

    points: tuple[Point, Point, Point, Point]

    @property
    def bbox(self) -> BBox:
        """The box around the corners."""
        return BBox.around(self.points)

    def flat(self) -> tuple[float, ...]:
        """The eight coordinates x1, y1, …, x4, y4."""
        return tuple(v for p in self.points for v in p)


@dataclass(frozen=True, slots=True)
class Affine:
    """The map ``x' = a·x + b·y + c``, ``y' = d·x + e·y + f``."""

    a: float = 1.0
    b: float = 0.0
    c: float = 0.0
    d: float = 0.0
    e: float = 1.0
    f: float = 0.0

    @staticmethod
    def translation(dx: float, dy: float) -> Affine:
        """Move by (dx, dy)."""
        return Affine(c=dx, f=dy)

    @staticmethod
    def scaling(sx: float, sy: float | None = None) -> Affine:
        """Scale about the origin."""
        return Affine(a=sx, e=sx if sy is None else sy)

    @staticmethod
    def rotation(degrees: float, center: Point = (0.0, 0.0)) -> Affine:
        """Turn about ``center``; positive turns clockwise as seen on the page (y points down)."""
        cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
        cx, cy = center
        return Affine(cos, -sin, cx - cos * cx + sin * cy, sin, cos, cy - sin * cx - cos * cy)

    def then(self, after: Affine) -> Affine:
        """The map that does this one first and ``after`` second."""
        return Affine(
            after.a * self.a + after.b * self.d,
            after.a * self.b + after.b * self.e,
            after.a * self.c + after.b * self.f + after.c,
            after.d * self.a + after.e * self.d,
            after.d * self.b + after.e * self.e,
            after.d * self.c + after.e * self.f + after.f,
        )

    @property
    def determinant(self) -> float:
        """Factor by which areas grow; negative when the map mirrors."""
        return self.a * self.e - self.b * self.d

    def inverse(self) -> Affine:
        """The map back. Raises ValueError when this one flattens the plane."""
        det = self.determinant
        if abs(det) < 1e-12:
            raise ValueError(f"affine map without an inverse: {self}")
        a, b, d, e = self.e / det, -self.b / det, -self.d / det, self.a / det
        return Affine(a, b, -(a * self.c + b * self.f), d, e, -(d * self.c + e * self.f))

    def apply(self, x: float, y: float) -> Point:
        """Map one point."""
        return (self.a * x + self.b * y + self.c, self.d * x + self.e * y + self.f)

    def apply_bbox(self, box: BBox) -> Quad:
        """Map the four corners of a box."""
        p1, p2, p3, p4 = (self.apply(x, y) for x, y in box.corners())
        return Quad((p1, p2, p3, p4))

    def rows(self) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
        """The 2 × 3 matrix, as OpenCV's ``warpAffine`` wants it."""
        return ((self.a, self.b, self.c), (self.d, self.e, self.f))


@dataclass(frozen=True, slots=True, eq=False)
class Warp:
    """A smooth map given by where the nodes of a square lattice go; bilinear between them, constant steps beyond.

    Attributes:
        nodes: (rows, columns, 2), at least two each way: where the point (column · step, row · step) goes.
        step: distance between nodes, more than 0.
    """

    nodes: NDArray[np.float64]
    step: float

    @property
    def size(self) -> tuple[int, int]:
        """Width and height that the nodes span."""
        rows, columns, _ = self.nodes.shape
        return (int((columns - 1) * self.step), int((rows - 1) * self.step))

    def then(self, after: Affine) -> Warp:
        """The map that does this one first and ``after`` second."""
        x, y = self.nodes[..., 0], self.nodes[..., 1]
        moved = self.nodes.copy()
        moved[..., 0] = after.a * x + after.b * y + after.c
        moved[..., 1] = after.d * x + after.e * y + after.f
        return Warp(moved, self.step)

    def apply(self, x: float, y: float) -> Point:
        """Map one point."""
        rows, columns, _ = self.nodes.shape
        column = min(max(math.floor(x / self.step), 0), columns - 2)
        row = min(max(math.floor(y / self.step), 0), rows - 2)
        s, t = x / self.step - column, y / self.step - row
        upper = (1 - s) * self.nodes[row, column] + s * self.nodes[row, column + 1]
        lower = (1 - s) * self.nodes[row + 1, column] + s * self.nodes[row + 1, column + 1]
        to = (1 - t) * upper + t * lower
        return (float(to[0]), float(to[1]))

    def apply_bbox(self, box: BBox) -> Quad:
        """Map the four corners of a box."""
        p1, p2, p3, p4 = (self.apply(x, y) for x, y in box.corners())
        return Quad((p1, p2, p3, p4))
