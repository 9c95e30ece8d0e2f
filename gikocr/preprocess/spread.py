"""Two pages on one picture, as an open book lies on the glass: parted at the gutter, each is a page of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from gikocr.elements import Page, UprightPage
from gikocr.geometry import Affine
from gikocr.preprocess.ink import to_gray

if TYPE_CHECKING:
    from gikocr.elements import Image

WIDE = (1.15, 1.75)
"""Width over height of two upright pages side by side; A4 has 1.41, and so has one that lies on its side."""
REDUCED = 800
"""Width in pixels at which the gutter is looked for."""
GROUND = 9
"""Side in pixels of what is lighter than print around it: wider than a stroke, and so narrow that the shade of the gutter is none."""
INK = 28
"""Darkness, of 255, of print against its ground."""
UPRIGHT = 1 / 6
"""Upright strokes longer than this share of the height are the gutter or a sheet's edge, not print."""
RIM = 0.06
"""Share of the height at the top and at the foot in which a scanner's bed shows, and nothing that tells."""
SEARCHED = (0.4, 0.6)
"""Where the gutter may lie, as shares of the width."""
EMPTY = 0.004
"""A column of the gutter has ink on no more than this share of its rows: specks."""
LEAST_GUTTER = 0.05
"""Least width of the gutter, the two inner margins, as a share of the picture's."""


def find_gutter(gray: Image) -> int | None:
    """The column in which the pages of a spread meet, None where a picture shows no two pages.

    Tables and lines of print run over the middle of a single page that lies on its side; between two pages lie both inner margins.

    Args:
        gray: (H, W) uint8 as the picture was taken, wider than high.
    """
    height, width = gray.shape
    if not WIDE[0] <= width / height <= WIDE[1]:
        return None
    factor = REDUCED / width
    small = np.asarray(
        cv2.resize(gray, (REDUCED, max(2, round(height * factor))), interpolation=cv2.INTER_AREA), np.uint8
    )
    ground = cv2.morphologyEx(small, cv2.MORPH_CLOSE, np.ones((GROUND, GROUND), np.uint8))
    ink = np.where(cv2.subtract(ground, small) > INK, 255, 0).astype(np.uint8)
    long = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((max(3, round(small.shape[0] * UPRIGHT)), 1), np.uint8))
    ink[cv2.dilate(long, np.ones((3, 5), np.uint8)) > 0] = 0
    rim = round(RIM * ink.shape[0])
    ink = ink[rim : ink.shape[0] - rim]
    if not ink.any():
        return None
    # Of five columns the median: a speck, or what is left of the edge between the pages, is narrower than that.
    share = np.lib.stride_tricks.sliding_window_view(np.pad((ink > 0).mean(axis=0), 2, mode="edge"), 5)
    empty = np.median(share, axis=1) <= EMPTY
    first, last = (round(REDUCED * share) for share in SEARCHED)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], empty, [False]]).astype(np.int8)))
    runs = [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True) if a < last and b > first]
    if not runs:
        return None
    left, right = max(runs, key=lambda run: run[1] - run[0])
    if right - left < LEAST_GUTTER * REDUCED or left == 0 or right == REDUCED:
        return None
    # Pages of a spread are as wide as each other; the cut keeps a little off the print on both sides.
    inset = (right - left) / 8
    return round(min(max(REDUCED / 2, left + inset), right - inset) / factor)


def pages_of(page: Page, others: int) -> list[Page]:
    """A page as it is, or the two pages of a spread, the left one first.

    Args:
        page: as it came out of the file.
        others: added to the number of the second page, so that it is no other page's: the number of pages of the document.
    """
    gutter = find_gutter(to_gray(page.image))
    if gutter is None:
        return [page]
    right = Affine.translation(float(gutter), 0.0).then(page.to_view)
    return [
        replace(page, image=np.ascontiguousarray(page.image[:, :gutter]), half_of=page.number),
        replace(
            page,
            number=page.number + others,
            image=np.ascontiguousarray(page.image[:, gutter:]),
            to_view=right,
            half_of=page.number,
        ),
    ]


def shown_number(page: UprightPage) -> int:
    """The number, 1-based, of the page of the document on which a viewer finds a page."""
    return page.number if page.half_of is None else page.half_of


def left_edge(page: UprightPage) -> float:
    """Where the left edge of a page lies, in pixels, when the pages of a spread are laid side by side; 0 for all others.

    Boxes of what was read of a page of the document are in this frame, so that both halves are told from each other in it.
    """
    return 0.0 if page.half_of in (None, page.number) else float(max(page.gray.shape))


def side_by_side(pictures: Sequence[bytes]) -> bytes:
    """One PNG of the pictures of a page: of its two pages where it is a spread."""
    if len(pictures) == 1:
        return pictures[0]
    drawn = [cv2.imdecode(np.frombuffer(p, np.uint8), cv2.IMREAD_COLOR) for p in pictures]
    height = max(d.shape[0] for d in drawn)
    padded = [
        cv2.copyMakeBorder(d, 0, height - d.shape[0], 0, 0, cv2.BORDER_CONSTANT, value=(255, 255, 255)) for d in drawn
    ]
    return bytes(cv2.imencode(".png", np.hstack(padded))[1])
