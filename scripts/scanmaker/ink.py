"""Damage to what is printed: toner that is pale or uneven, rules that break, copies of copies, the back, folded corners."""

from __future__ import annotations

import cv2
import numpy as np

from scripts.scanmaker.dice import Dice
from scripts.scanmaker.warp import smooth_field

RULE_MM = 8.0


def rule_mask(grey: np.ndarray, dpi: float) -> np.ndarray:
    """Return the pixels of ruling lines: dark runs longer than RULE_MM along a row or a column (bool)."""
    dark = (grey < 170).astype(np.uint8)
    length = int(RULE_MM / 25.4 * dpi)
    across = cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((1, length), np.uint8))
    down = cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((length, 1), np.uint8))
    return cv2.dilate(np.maximum(across, down), np.ones((3, 3), np.uint8)).astype(bool)


def break_rules(dice: Dice, page: np.ndarray, rules: np.ndarray, share: float, dpi: float) -> None:
    """Whiten stretches of the ruling lines in place.

    Args:
        dice: the stream of the document's damage.
        page: uint8 RGB or grey.
        rules: pixels that belong to rules.
        share: 0 to 1, about this much of the rules goes.
        dpi: of the page; gaps are 1 to 15 mm long.
    """
    height, width = page.shape[:2]
    cell = max(2, int(dice.between(1.0, 4.0) / 25.4 * dpi))
    noise = dice.rng.random((height // cell + 2, width // cell + 2)).astype(np.float32)
    field = cv2.resize(noise, (width, height), interpolation=cv2.INTER_LINEAR)
    gone = rules & (field < np.quantile(noise, share))
    page[gone] = 255


def fade_rules(page: np.ndarray, rules: np.ndarray, level: float) -> None:
    """Lighten the ruling lines in place to the given share (0 to 1) of the way to white."""
    part = page[rules].astype(np.float32)
    page[rules] = (part + (255 - part) * level).astype(np.uint8)


def uneven_toner(dice: Dice, page: np.ndarray, amount: float) -> np.ndarray:
    """Lighten ink in patches and streaks as a worn drum does; `amount` 0 to 1. Returns a new picture."""
    height, width = page.shape[:2]
    patches = smooth_field(dice.rng, height, width, 6)
    streaks = cv2.resize(dice.rng.random((1, 40)).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    lighter = np.clip(amount * (0.7 * patches + 0.3 * streaks), 0, 1)
    if page.ndim == 3:
        lighter = lighter[..., None]
    return (page + (255 - page.astype(np.float32)) * lighter * 0.6).astype(np.uint8)


def copy_of_copy(dice: Dice, grey: np.ndarray, dpi: float) -> np.ndarray:
    """Return what a copier makes of a page: blurred, hardened, slightly fatter or thinner strokes (grey)."""
    soft = cv2.GaussianBlur(grey, (0, 0), dice.between(0.004, 0.007) * dpi).astype(np.float32)
    middle = dice.between(120, 190)
    hard = np.clip((soft - middle) * dice.between(2.0, 3.5) + middle, 0, 255)
    return hard.astype(np.uint8)


def bleed_through(page: np.ndarray, back: np.ndarray, strength: float, dpi: float) -> np.ndarray:
    """Let the mirrored back of the sheet shine through.

    Args:
        page: uint8 RGB or grey.
        back: uint8 grey picture of the page on the back, any size.
        strength: 0 to 1; at 1 the back is a third as dark as the front.
        dpi: of the page.
    """
    height, width = page.shape[:2]
    mirrored = cv2.flip(cv2.resize(back, (width, height), interpolation=cv2.INTER_AREA), 1)
    soft = 255 - cv2.GaussianBlur(mirrored, (0, 0), 0.008 * dpi).astype(np.float32)
    light = 1 - soft / 255 * (0.1 + 0.25 * strength)
    return (page * (light[..., None] if page.ndim == 3 else light)).astype(np.uint8)


def dog_ear(dice: Dice, page: np.ndarray, strength: float, dpi: float) -> None:
    """Fold one corner of the sheet over in place: the glass shows the lid behind it, the flap's pale back and its shadow.

    Args:
        dice: the stream of the document's damage.
        page: uint8 RGB or grey.
        strength: 0 to 1; how large the corner is (up to 25 mm) and how dark the lid.
        dpi: of the page.
    """
    height, width = page.shape[:2]
    mm = dpi / 25.4
    wide, high = (max(1, round(dice.between(8, 25) * mm * strength)) for _ in range(2))
    right, low = dice.chance(0.5), dice.chance(0.5)
    x, dx = (width, -wide) if right else (0, wide)
    y, dy = (height, -high) if low else (0, high)
    crease = [(x + dx, y), (x, y + dy)]
    lid = round(255 - dice.between(10, 150) * strength)
    cv2.fillPoly(page, [np.array([(x, y), *crease], np.int32)], (lid,) * 3)
    # The flap lies on the sheet, mirrored in its crease.
    share = 2 * wide * high / (wide**2 + high**2)
    tip = (x + round(dx * share * high / wide), y + round(dy * share * wide / high))
    paper = round(dice.between(200, 240))
    flap = np.array([*crease, tip], np.int32)
    cv2.fillPoly(page, [flap], (paper,) * 3)
    cv2.polylines(page, [flap], True, (round(paper - 70 * strength),) * 3, max(1, round(0.25 * mm)), cv2.LINE_AA)
