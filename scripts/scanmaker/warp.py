"""Geometry of damage: one map from the clean page to the scanned one, applied once to pixels and to boxes."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

_ROUNDS = 4


@dataclass(frozen=True, slots=True)
class Bend:
    """Shifts of whole columns and rows, in pixels: source = out + (across[y], along[x]).

    Attributes:
        along: vertical shift for each column of the output.
        across: horizontal shift for each row of the output.
    """

    along: np.ndarray
    across: np.ndarray


@dataclass(frozen=True, slots=True)
class Warp:
    """A projective map followed by a bend.

    Attributes:
        matrix: 3 × 3, from clean pixels to pixels before bending.
        size: width and height of the output in pixels.
        bend: applied last, or None.
    """

    matrix: np.ndarray
    size: tuple[int, int]
    bend: Bend | None = None
    _maps: list[tuple[np.ndarray, np.ndarray]] = field(default_factory=list, repr=False)

    def _sources(self) -> tuple[np.ndarray, np.ndarray]:
        """Return for each output pixel the clean pixel it shows (two float32 arrays); kept for the next picture."""
        if not self._maps:
            width, height = self.size
            x = np.broadcast_to(np.arange(width, dtype=np.float32), (height, width))
            y = np.broadcast_to(np.arange(height, dtype=np.float32)[:, None], (height, width))
            if self.bend is not None:
                x = x + self.bend.across[:, None].astype(np.float32)
                y = y + self.bend.along[None, :].astype(np.float32)
            inverse = np.linalg.inv(self.matrix).astype(np.float32)
            u = inverse[0, 0] * x + inverse[0, 1] * y + inverse[0, 2]
            v = inverse[1, 0] * x + inverse[1, 1] * y + inverse[1, 2]
            if abs(inverse[2, 0]) + abs(inverse[2, 1]) > 1e-9:
                w = inverse[2, 0] * x + inverse[2, 1] * y + inverse[2, 2]
                u, v = u / w, v / w
            self._maps.append((np.ascontiguousarray(u), np.ascontiguousarray(v)))
        return self._maps[0]

    def apply(self, picture: np.ndarray, outside: int) -> np.ndarray:
        """Warp a picture.

        Args:
            picture: uint8 (height, width) or (height, width, 3), clean frame.
            outside: grey level beyond the sheet.
        """
        u, v = self._sources()
        value = (outside,) * (3 if picture.ndim == 3 else 1)
        return cv2.remap(picture, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=value)

    def points(self, points: np.ndarray) -> np.ndarray:
        """Map clean points, (n, 2) floats, to the output."""
        flat = np.c_[points, np.ones(len(points))] @ self.matrix.T
        target = flat[:, :2] / flat[:, 2:]
        if self.bend is None:
            return target
        out = target.copy()
        width, height = self.size
        for _ in range(_ROUNDS):
            x = np.clip(out[:, 0], 0, width - 1)
            y = np.clip(out[:, 1], 0, height - 1)
            shift = np.c_[
                np.interp(y, np.arange(height), self.bend.across), np.interp(x, np.arange(width), self.bend.along)
            ]
            out = target - shift
        return out


def skew_matrix(width: int, height: int, degrees: float, scale: float, shift: tuple[float, float]) -> np.ndarray:
    """Return a turn about the middle of the page with a scale and a shift in pixels (3 × 3)."""
    matrix = np.eye(3)
    matrix[:2] = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, scale)
    matrix[:2, 2] += shift
    return matrix


def quarter_turn(width: int, height: int, quarters: int) -> tuple[np.ndarray, tuple[int, int]]:
    """Return the matrix of a turn by quarters (clockwise as seen) and the new width and height."""
    quarters %= 4
    if quarters == 0:
        return np.eye(3), (width, height)
    if quarters == 1:
        return np.array([[0, -1, height - 1], [1, 0, 0], [0, 0, 1]], dtype=float), (height, width)
    if quarters == 2:
        return np.array([[-1, 0, width - 1], [0, -1, height - 1], [0, 0, 1]], dtype=float), (width, height)
    return np.array([[0, 1, 0], [-1, 0, width - 1], [0, 0, 1]], dtype=float), (height, width)


def smooth_curve(rng: np.random.Generator, length: int, amplitude: float, waves: int) -> np.ndarray:
    """Return a smooth random curve of a length in samples whose values stay within ± amplitude."""
    if amplitude <= 0:
        return np.zeros(length, dtype=np.float32)
    knots = rng.uniform(-1, 1, waves + 3)
    line = cv2.resize(knots.astype(np.float32)[None, :], (length, 1), interpolation=cv2.INTER_CUBIC)[0]
    return (amplitude * line / max(1e-6, float(np.abs(line).max()))).astype(np.float32)


def smooth_field(rng: np.random.Generator, height: int, width: int, cells: int) -> np.ndarray:
    """Return a smooth random field, float32 (height, width), values from 0 to 1, with about `cells` hills a side."""
    knots = rng.uniform(0, 1, (cells + 2, cells + 2)).astype(np.float32)
    return np.clip(cv2.resize(knots, (width, height), interpolation=cv2.INTER_CUBIC), 0, 1)
