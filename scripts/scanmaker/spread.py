"""Two pages in one picture, as an open book lies on the glass."""

from __future__ import annotations

import numpy as np

from scripts.scanmaker.damage import ScannedPage
from scripts.scanmaker.dice import Dice
from scripts.scanmaker.legibility import Verdict

GUTTER_SHARE = 0.05
DARKEST = 0.55


def _joined(left: ScannedPage, right: ScannedPage, dice: Dice) -> ScannedPage:
    height = max(left.pixels.shape[0], right.pixels.shape[0])
    parts = []
    for page in (left, right):
        missing = height - page.pixels.shape[0]
        pad = ((0, missing), (0, 0), (0, 0))[: page.pixels.ndim]
        parts.append(np.pad(page.pixels, pad, mode="edge"))
    picture = np.concatenate(parts, axis=1)
    middle = parts[0].shape[1]
    if not ((picture == 0) | (picture == 255)).all():
        x = np.abs(np.arange(picture.shape[1]) - middle) / (GUTTER_SHARE * middle)
        shade = 1 - dice.between(0.2, DARKEST) * np.exp(-x)
        picture = (picture * shade.reshape((1, -1) + (1,) * (picture.ndim - 2))).astype(np.uint8)
    quads = dict(left.quads) | {f: np.add(q, (middle, 0)) for f, q in right.quads.items()}
    a, b = left.verdict, right.verdict
    verdict = Verdict(a.illegible + b.illegible, a.masked + b.masked, min(a.worst, b.worst))
    return ScannedPage(picture, verdict, quads, left.sealed or right.sealed)


def spread_pages(dice: Dice, pages: list[ScannedPage]) -> list[ScannedPage]:
    """Join upright pages two by two; landscape pages and a last single page stay alone.

    The gutter's shadow falls on the inner margins only, so legibility is as measured on the single pages.
    """
    found: list[ScannedPage] = []
    waiting: ScannedPage | None = None
    for page in pages:
        wide = page.pixels.shape[1] > page.pixels.shape[0]
        if wide or waiting is None:
            found += [p for p in (waiting,) if p is not None and wide]
            waiting = None if wide else page
            found += [page] if wide else []
        else:
            found.append(_joined(waiting, page, dice))
            waiting = None
    return found + ([waiting] if waiting is not None else [])
