"""Pages drawn at test time, so that the truth about them is known: ruled tables, lines of text, damage.

All measures are pixels of a page of 200 dpi, which is what the pipeline works at.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

PAGE = (1654, 2339)
"""A4 at 200 dpi: width and height."""
FONTS = (
    "/usr/share/fonts/opentype/noto/NotoSerifCJK-Regular.ttc",
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "/System/Library/Fonts/PingFang.ttc",
    "C:/Windows/Fonts/simsun.ttc",
)
BLACK = 30
"""Brightness of print and lines that are not faint."""


@cache
def cjk_font(size: int) -> ImageFont.FreeTypeFont:
    """A font with Chinese characters; the test is skipped where none is installed."""
    for path in FONTS:
        if Path(path).exists():
            return ImageFont.truetype(path, size)
    pytest.skip("no font with Chinese characters is installed (apt-get install fonts-noto-cjk)")


def blank_page(size: tuple[int, int] = PAGE, paper: int = 255) -> np.ndarray:
    """(H, W) uint8."""
    return np.full((size[1], size[0]), paper, np.uint8)


def write(page: np.ndarray, text: str, at: tuple[float, float], size: int = 26, ink: int = BLACK) -> None:
    """Set a line of text with its middle at a place; several lines are set one below the other."""
    picture = Image.fromarray(page)
    ImageDraw.Draw(picture).text(at, text, fill=ink, font=cjk_font(size), anchor="mm", align="center", spacing=4)
    page[:] = np.asarray(picture)


Span = tuple[int, int, int, int]
"""Row, row after the last, column, column after the last."""


@dataclass(frozen=True)
class Ruled:
    """A table to be drawn.

    Attributes:
        rows: heights of the rows.
        cols: widths of the columns.
        spans: cells over more than one row or column.
        texts: by (row, column) of a cell's first row and column.
        ink: brightness of the lines, 255 is white.
        width: of the lines.
        dash: lengths of a dash and of the gap behind it; None for full lines.
        gaps: share of each line that is lost at random places.
        frame_gap: distance of a second frame around the table; 0 for none.
        open_sides: whether the frame has no left and right line.
        no_bottom: whether the last line is missing, as where a page ends.
        bend: how far level lines sag in the middle.
    """

    rows: Sequence[int]
    cols: Sequence[int]
    left: int = 150
    top: int = 300
    spans: Sequence[Span] = ()
    texts: dict[tuple[int, int], str] = field(default_factory=dict)
    text_size: int = 26
    ink: int = BLACK
    width: int = 2
    dash: tuple[int, int] | None = None
    gaps: float = 0.0
    frame_gap: int = 0
    open_sides: bool = False
    no_bottom: bool = False
    bend: float = 0.0
    seed: int = 0

    @property
    def ys(self) -> list[int]:
        """Where the level lines are."""
        return [self.top + sum(self.rows[:i]) for i in range(len(self.rows) + 1)]

    @property
    def xs(self) -> list[int]:
        """Where the upright lines are."""
        return [self.left + sum(self.cols[:i]) for i in range(len(self.cols) + 1)]

    @property
    def cells(self) -> set[Span]:
        """All cells, as they should be found."""
        covered = {(r, c) for a, b, x, y in self.spans for r in range(a, b) for c in range(x, y)}
        single = {
            (r, r + 1, c, c + 1) for r in range(len(self.rows)) for c in range(len(self.cols)) if (r, c) not in covered
        }
        return single | set(self.spans)

    def box(self, row: int, row_end: int, col: int, col_end: int) -> tuple[int, int, int, int]:
        """Left, top, right, bottom of a cell."""
        return self.xs[col], self.ys[row], self.xs[col_end], self.ys[row_end]

    def sag(self, x: float) -> float:
        """How far a level line lies below its place."""
        share = (x - self.xs[0]) / max(1, self.xs[-1] - self.xs[0])
        return self.bend * (1 - (2 * share - 1) ** 2)

    def draw(self, page: np.ndarray) -> None:
        """Draw lines, then texts."""
        dice = random.Random(self.seed)
        for r in range(len(self.rows) + 1):
            if self.no_bottom and r == len(self.rows):
                continue
            for start, end in self._runs(r, level=True):
                self._line(page, dice, (self.xs[start], self.ys[r]), (self.xs[end], self.ys[r]))
        for c in range(len(self.cols) + 1):
            if self.open_sides and c in (0, len(self.cols)):
                continue
            for start, end in self._runs(c, level=False):
                self._line(page, dice, (self.xs[c], self.ys[start]), (self.xs[c], self.ys[end]))
        if self.frame_gap:
            d = self.frame_gap
            frame = (self.xs[0] - d, self.ys[0] - d), (self.xs[-1] + d, self.ys[-1] + d)
            cv2.rectangle(page, *frame, self.ink, self.width)
        for cell in self.cells:
            text = self.texts.get((cell[0], cell[2]))
            if text:
                x0, y0, x1, y1 = self.box(*cell)
                middle = (x0 + x1) / 2
                write(page, text, (middle, (y0 + y1) / 2 + self.sag(middle)), self.text_size)

    def _runs(self, line: int, *, level: bool) -> list[tuple[int, int]]:
        """Stretches of a line that no spanning cell interrupts, in rows or columns."""
        n = len(self.cols) if level else len(self.rows)
        shown = []
        for k in range(n):
            inside = (a < line < b and x <= k < y for a, b, x, y in self.spans)
            if not level:
                inside = (x < line < y and a <= k < b for a, b, x, y in self.spans)
            shown.append(not any(inside))
        runs = []
        start: int | None = None
        for k, there in enumerate([*shown, False]):
            if there and start is None:
                start = k
            elif not there and start is not None:
                runs.append((start, k))
                start = None
        return runs

    def _line(self, page: np.ndarray, dice: random.Random, a: tuple[int, int], b: tuple[int, int]) -> None:
        length = max(b[0] - a[0], b[1] - a[1])
        shown = np.ones(length + 1, bool)
        if self.dash is not None:
            on, off = self.dash
            shown = np.arange(length + 1) % (on + off) < on
        lost = 0
        while self.gaps and lost < self.gaps * length:
            size, at = dice.randint(4, 14), dice.randrange(length)
            lost += int(shown[at : at + size].sum())
            shown[at : at + size] = False
        level = b[0] - a[0] >= b[1] - a[1]
        low = self.width // 2
        for k in np.flatnonzero(shown).tolist():
            x, y = (a[0] + k, a[1]) if level else (a[0], a[1] + k)
            if level:
                y += round(self.sag(x))
                page[y - low : y - low + self.width, x] = self.ink
            else:
                page[y, x - low : x - low + self.width] = self.ink


def turned_by(page: np.ndarray, degrees: float) -> np.ndarray:
    """The page turned about its middle; its lines then fall to the right by this angle."""
    height, width = page.shape[:2]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), -degrees, 1.0)
    paper = int(page.max())
    return cv2.warpAffine(page, matrix, (width, height), flags=cv2.INTER_LINEAR, borderValue=(paper,) * 3)


def noisy(page: np.ndarray, sigma: float, seed: int = 0) -> np.ndarray:
    """Scanner noise: normal, of a standard deviation of ``sigma`` of 255, after a slight blur."""
    rng = np.random.default_rng(seed)
    blurred = cv2.GaussianBlur(page, (3, 3), 0.6)
    return np.clip(blurred + rng.normal(0, sigma, page.shape), 0, 255).astype(np.uint8)


def shaded(page: np.ndarray, darkest: float = 0.55) -> np.ndarray:
    """Light that falls off from the top left to the bottom right, as on a photograph or at a book's spine."""
    height, width = page.shape[:2]
    light = np.linspace(1.0, darkest, height)[:, None] * 0.5 + np.linspace(1.0, darkest, width)[None, :] * 0.5
    if page.ndim == 3:
        light = light[..., None]
    return (page * light).astype(np.uint8)
