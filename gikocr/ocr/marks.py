"""Slash, dash and bar told by their shape: the axis and the length of a single straight stroke.

Recognisers trained on text read a leaning stroke as ``1`` and a short level one as anything; its second moments leave no doubt.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import cv2
import numpy as np

from gikocr.elements import Candidate, CellReading
from gikocr.ocr.numerals import state_of

if TYPE_CHECKING:
    from gikocr.elements import Image
    from gikocr.ocr.ink import CellInk, PageInk

STRAIGHT = 4.2
"""Least ratio of the axes of a stroke that is straight and thin; a 7 or an italic 1 with serifs has less."""
UNBROKEN = 0.6
"""Share of its height on which a broken slash shows ink."""
HIGH_SLASH = 0.7
"""Least height of a slash, in heights of print: it is as high as a figure, pieces of a dash are not."""
BARE, LEANING_BARE = 7.5, 11.5
"""A stroke this long and thin has neither flag nor serif, so that it is a slash from this angle on; a bare 1 stands upright."""
STRAIGHT_BROKEN, MOST_PIECES = 5.0, 4
"""The same for pieces that lie on one line, and how many of them there are at most."""
STRAIGHT_DASH = 2.2
LEANING = (17.0, 66.0)
"""Degrees from upright between which a straight stroke is a slash. Italic figures lean by at most 15."""
FULL_DASH, LOW_DASH = 0.45, 0.5
"""Share of its box that a dash covers, and its greatest height in heights of print: figures that touch each other are as long."""
LEVEL = 78.0
MOST_TILTED = 15.0
"""A tick beside a number leans by no more degrees than this; a slash does."""
UPRIGHT = 10.0
"""Degrees from upright above which a stroke is a dash, and below which it cannot be a slash."""
MOST_BESIDE = 0.25
"""Ink beside the stroke, as a share of it, that may be dirt."""
SURE = 0.985
"""Probability given to what the shape says."""


def stroke_of(ink: PageInk, content: CellInk, height: float) -> str | None:
    """``/``, ``-`` or ``|`` when the cell holds one straight stroke, else None; ``height`` is that of print in pixels."""
    if not content.parts or content.box is None:
        return None
    stroke = max(content.parts, key=lambda p: int(ink.areas[p]))
    rest = sum(int(ink.areas[p]) for p in content.parts) - int(ink.areas[stroke])
    if rest > MOST_BESIDE * int(ink.areas[stroke]):
        return _broken_slash(ink, content, height)
    x0, y0, x1, y1 = (int(v) for v in ink.boxes[stroke])
    mask = (ink.labels[y0:y1, x0:x1] == stroke + 1).astype(np.uint8)
    angle, ratio = _axis(mask)
    flat = y1 - y0 <= LOW_DASH * height and int(ink.areas[stroke]) >= FULL_DASH * mask.size
    if angle >= LEVEL and ratio >= STRAIGHT_DASH and flat:
        return "-"
    if ratio < STRAIGHT:
        return None
    high = y1 - y0 >= HIGH_SLASH * height
    leaning = LEANING[0] if ratio < BARE else LEANING_BARE
    if high and leaning <= angle <= LEANING[1] and _rises_to_the_right(mask):
        return "/"
    return "|" if angle <= UPRIGHT else None


def is_bare_stroke(mask: Image) -> bool:
    """Whether a component, (H, W) uint8, is one straight stroke that about stands: a tick, a scratch, a bar, or a 1 without flag."""
    angle, ratio = _axis(mask)
    return ratio >= STRAIGHT and angle <= MOST_TILTED


def _broken_slash(ink: PageInk, content: CellInk, height: float) -> str | None:
    """``/`` when the pieces of a cell's ink lie on one leaning line, as a pale stroke does that broke up in copying."""
    if len(content.parts) > MOST_PIECES:
        return None
    boxes = ink.boxes[list(content.parts)]
    x0, y0 = boxes[:, :2].min(axis=0)
    x1, y1 = boxes[:, 2:].max(axis=0)
    mask = np.isin(ink.labels[y0:y1, x0:x1], np.array(content.parts) + 1).astype(np.uint8)
    angle, ratio = _axis(mask)
    whole = y1 - y0 >= HIGH_SLASH * height and float(mask.any(axis=1).mean()) >= UNBROKEN
    leaning = whole and ratio >= STRAIGHT_BROKEN and LEANING[0] <= angle <= LEANING[1]
    return "/" if leaning and _rises_to_the_right(mask) else None


def weigh_by_shape(reading: CellReading, stroke: str | None) -> CellReading:
    """Let the shape of a single stroke speak: a slash or dash that it shows takes most of the probability."""
    if stroke is None:
        return reading
    if stroke == "|":
        moved = [c for c in reading.candidates if c.state != "slash"]
        return CellReading(tuple(moved), reading.reader) if moved else reading
    others = [
        Candidate(c.printed, c.state, c.log_probability + math.log(1 - SURE))
        for c in reading.candidates
        if c.printed != stroke
    ]
    shown = Candidate(stroke, state_of(stroke), math.log(SURE))
    return CellReading(tuple(sorted([shown, *others], key=lambda c: -c.log_probability)), reading.reader)


def _axis(mask: Image) -> tuple[float, float]:
    """Angle of the long axis from upright in degrees (0 to 90), and the ratio of the axes."""
    m = cv2.moments(mask, binaryImage=True)
    xx, yy, xy = m["mu20"] / m["m00"] + 1 / 12, m["mu02"] / m["m00"] + 1 / 12, m["mu11"] / m["m00"]
    spread = math.hypot((xx - yy) / 2, xy)
    mean = (xx + yy) / 2
    ratio = math.sqrt((mean + spread) / max(mean - spread, 1e-6))
    level = math.degrees(0.5 * math.atan2(2 * xy, xx - yy))
    return 90.0 - abs(level), ratio


def _rises_to_the_right(mask: Image) -> bool:
    ys, xs = np.nonzero(mask)
    return float(np.cov(xs, ys)[0, 1]) < 0
