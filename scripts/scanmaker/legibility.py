"""Measures on a damaged page whether every value can still be read, by bounds fixed in splits.toml."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from scripts.scanmaker.splits import Legibility

INK = 128
CORE = 100
CORE_RANGE = 40
PAPER = 225
FAINT = 200
TRIM_SHARE = 0.1
STROKE = 160  # thin strokes of small type never get as dark as CORE
BANDS = 24
LEAST_BAND_INK = 0.002
PAD_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class ValueBox:
    """A value on the clean page.

    Attributes:
        field: its id.
        box: x0, y0, x1, y1 of its line of text in pixels of the clean page.
    """

    field: str
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the measurement says about a page.

    Attributes:
        illegible: values whose contrast, or whose ink on a 1-bit page, falls short.
        masked: values that a mark, a fold or a gap covers beyond the stated share.
        worst: least contrast of a value in grey levels (255 without values).
        page_lost: a 1-bit page lost too much of its text, or too much of it went black.
    """

    illegible: tuple[str, ...]
    masked: tuple[str, ...]
    worst: float
    page_lost: bool = False


def _window(box: np.ndarray, shape: tuple[int, ...]) -> tuple[slice, slice]:
    pad = PAD_SHARE * (box[3] - box[1])
    y0, y1 = max(0, int(box[1] - pad)), min(shape[0], int(np.ceil(box[3] + pad)))
    x0, x1 = max(0, int(box[0] - pad)), min(shape[1], int(np.ceil(box[2] + pad)))
    return slice(y0, y1), slice(x0, x1)


def _tight(box: np.ndarray, shape: tuple[int, ...]) -> tuple[slice, slice]:
    y0, x0 = max(0, int(box[1])), max(0, int(box[0]))
    return slice(y0, min(shape[0], int(np.ceil(box[3])) + 1)), slice(x0, min(shape[1], int(np.ceil(box[2])) + 1))


def ink_window(text: np.ndarray, box: tuple[float, float, float, float]) -> tuple[float, float, float, float] | None:
    """Return the tight box of the ink in a value's line, None where there is none.

    Args:
        text: uint8 grey, the clean page without ruling lines.
        box: x0, y0, x1, y1 of the line.
    """
    # In tight rows the line reaches beyond the cell, and rules that are dashed remain on the page.
    trim = TRIM_SHARE * (box[3] - box[1])
    top, left = max(0, int(box[1] + trim)), max(0, int(box[0]))
    part = text[top : int(np.ceil(box[3] - trim)), left : int(np.ceil(box[2]))] < FAINT
    if not part.any():
        return None
    ys, xs = np.flatnonzero(part.any(axis=1)), np.flatnonzero(part.any(axis=0))
    return float(left + xs[0]), float(top + ys[0]), float(left + xs[-1] + 1), float(top + ys[-1] + 1)


def judge(
    clean: np.ndarray,
    text: np.ndarray,
    damaged: np.ndarray,
    cover: np.ndarray,
    boxes: dict[str, np.ndarray],
    bounds: Legibility,
    grade: str,
) -> Verdict:
    """Measure all values of a page.

    Args:
        clean: uint8 grey, the clean page brought into the frame of the damaged one.
        text: the same without ruling lines.
        damaged: uint8 grey.
        cover: uint8, darkness of foreign marks and of lost paper in the same frame.
        boxes: field → tight x0, y0, x1, y1 in that frame.
        bounds: what must be left.
        grade: straight, archive or hard.
    """
    illegible, masked = [], []
    worst = 255.0
    bits = bool(((damaged == 0) | (damaged == 255)).all())
    for field, box in boxes.items():
        window = _window(box, clean.shape)
        part = clean[window]
        darkest = float(text[window].min())
        if darkest > PAPER:
            # A stroke so thin that it is paler than ink when the clean page is brought into this frame: only whether it is there tells.
            if bits and not (damaged[_tight(box, clean.shape)] == 0).any():
                illegible.append(field)
            continue
        # Thin strokes are pale already on the clean page: then their darkest parts count as the ink.
        ink = text[window] < max(CORE, darkest + CORE_RANGE)
        paper = cv2.erode((part > PAPER).astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
        seen = damaged[window].astype(np.float32)
        hidden = float((cover[window][ink] > INK).mean())
        if hidden > bounds.masked_share:
            masked.append(field)
            continue
        if not paper.any():
            continue
        if bits:
            kept, dirt = float((seen[ink] == 0).mean()), float((seen[paper] == 0).mean())
            if kept < bounds.ink_kept or dirt > bounds.dirt:
                illegible.append(field)
            continue
        contrast = float(np.median(seen[paper]) - np.percentile(seen[ink], 40))
        worst = min(worst, contrast)
        if contrast < bounds.contrast[grade]:
            illegible.append(field)
    lost = bits and _page_lost(clean, text, damaged, bounds)
    return Verdict(tuple(illegible), tuple(masked), worst, lost)


def _page_lost(clean: np.ndarray, text: np.ndarray, damaged: np.ndarray, bounds: Legibility) -> bool:
    """Tell whether any band of the page lost too much text, or the empty sheet went black."""
    ink, paper = text < STROKE, clean > PAPER
    kept = 1.0
    for rows in np.array_split(np.arange(len(ink)), BANDS):
        band = ink[rows[0] : rows[-1] + 1]
        if band.mean() > LEAST_BAND_INK:
            kept = min(kept, float((damaged[rows[0] : rows[-1] + 1][band] == 0).mean()))
    dirt = float((damaged[paper] == 0).mean()) if paper.any() else 0.0
    return kept < bounds.text_kept or dirt > bounds.page_dirt
