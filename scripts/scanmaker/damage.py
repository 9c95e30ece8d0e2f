"""Draws the damage of a document and applies it to its pages, within the recipe of its grade and split."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from scripts.scanmaker import ink, light, marks
from scripts.scanmaker.dice import Dice
from scripts.scanmaker.legibility import ValueBox, Verdict, ink_window, judge
from scripts.scanmaker.photo import photo_matrix
from scripts.scanmaker.scan import Scan
from scripts.scanmaker.splits import Legibility
from scripts.scanmaker.warp import Bend, Warp, quarter_turn, skew_matrix, smooth_curve

MILDER = (1.0, 0.6, 0.35, 0.15)
WHITE = 255


@dataclass(frozen=True, slots=True)
class ScannedPage:
    """A damaged page.

    Attributes:
        pixels: uint8, grey (height, width) or RGB (height, width, 3); only 0 and 255 on 1-bit pages.
        verdict: legibility of its values.
        quads: field → four corners (4, 2) of its line in pixels of this picture.
        sealed: a seal is on the page.
        warp: from the clean page to this picture; None where two pages were put together.
    """

    pixels: np.ndarray
    verdict: Verdict
    quads: dict[str, np.ndarray]
    sealed: bool = False
    warp: Warp | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """A printed page before it is scanned.

    Attributes:
        clean: uint8 RGB at the horizontal resolution of the scan.
        values: where the values stand on it, in pixels.
        stamps: seals on this page.
        back: clean grey picture of the other side, None where nothing can shine through.
    """

    clean: np.ndarray
    values: list[ValueBox]
    stamps: list[marks.Mark]
    back: np.ndarray | None


def _geometry(dice: Dice, scan: Scan, width: int, height: int, mild: float) -> Warp:
    """Draw the map from the clean page (at the horizontal resolution) to the scan."""
    recipe = scan.recipe
    skew = dice.span(recipe.skew) * mild
    shift = (dice.between(-0.008, 0.008) * width, dice.between(-0.008, 0.008) * height)
    matrix = skew_matrix(width, height, skew, dice.between(0.992, 1.004), shift)
    size = (width, height)
    if scan.kind == "phone":
        push, size = photo_matrix(dice, width, height, scan.strength * mild)
        matrix = push @ matrix
    if scan.dpi[0] != scan.dpi[1]:
        squeeze = scan.dpi[1] / scan.dpi[0]
        matrix = np.diag([1.0, squeeze, 1.0]) @ matrix
        size = (width, round(height * squeeze))
    quarters = scan.quarters or (scan.turn_wide if width > height else 0)
    turn, size = quarter_turn(*size, quarters)
    bend = scan.levels["bend"] * mild
    curl = 0.0
    if scan.kind == "phone":
        curl = (0.004 + 0.008 * scan.strength) * size[1] * mild
    along = smooth_curve(dice.rng, size[0], bend, 4) + smooth_curve(dice.rng, size[0], curl, 1)
    across = smooth_curve(dice.rng, size[1], bend * 0.5, 4)
    if scan.kind == "folds":
        along = along + _crease(dice, size[0], scan.strength * mild, scan.dpi[0])
    return Warp(turn @ matrix, size, Bend(along, across) if bend or curl or scan.kind == "folds" else None)


def _crease(dice: Dice, length: int, strength: float, dpi: float) -> np.ndarray:
    """Return shifts of a line that jumps at one to three creases, by up to half a millimetre."""
    line = np.zeros(length, dtype=np.float32)
    for _ in range(dice.whole(1, 3)):
        at = dice.whole(length // 6, length * 5 // 6)
        line[at:] += dice.between(-1, 1) * 0.02 * dpi * strength
    return cv2.GaussianBlur(line[None, :], (0, 0), 3.0)[0]


def _print_marks(
    dice: Dice,
    scan: Scan,
    page: np.ndarray,
    cover: np.ndarray,
    boxes: dict[str, tuple[float, float, float, float]],
    mild: float,
) -> None:
    """Break or fade rules and add pens and folds in place, before the sheet is scanned."""
    dpi = scan.dpi[0]
    if "faint_rules" in scan.effects or scan.kind == "broken_rules":
        rules = ink.rule_mask(light.to_grey(page), dpi)
        if scan.kind == "broken_rules":
            ink.break_rules(dice, page, rules, 0.12 + 0.45 * scan.strength * mild, dpi)
        else:
            # Thresholding breaks pale rules further; on 1-bit pages they start less pale and with more gaps.
            ink.fade_rules(page, rules, dice.between(0.05, 0.25) if scan.bits else dice.between(0.25, 0.7))
            ink.break_rules(dice, page, rules, dice.between(0.0, 0.25 if scan.bits else 0.06) * mild, dpi)
    if scan.kind == "pen":
        for mark in marks.pen_marks(dice, boxes, dpi, scan.strength * mild):
            marks.put_mark(page, cover, mark)
    if scan.kind == "folds":
        height, width = page.shape[:2]
        for _ in range(dice.whole(1, 2)):
            y = dice.whole(height // 5, height * 4 // 5)
            thick = max(1, round(dice.between(0.15, 0.5) * scan.strength * mild / 25.4 * dpi))
            wave = smooth_curve(dice.rng, width, 0.03 * dpi, 5)
            path = np.c_[np.arange(0, width, 8), y + wave[::8]].astype(np.int32)
            lost = np.zeros((height, width), np.uint8)
            cv2.polylines(lost, [path], False, (WHITE,), thick)
            page[lost > 0] = dice.whole(225, 255)
            cover[lost > 0] = WHITE
            shade = np.clip(1 - np.abs(np.arange(height, dtype=np.float32) - y) / (0.35 * dpi), 0, 1)
            page[:] = (page * (1 - 0.22 * scan.strength * shade)[:, None, None]).astype(np.uint8)


def _scanner(dice: Dice, scan: Scan, page: np.ndarray, mild: float) -> np.ndarray:
    """Apply light, dirt and noise to the warped page."""
    levels, effects, dpi = scan.levels, scan.effects, scan.dpi[0]
    if "paper_grain" in effects:
        page = light.paper_grain(dice, page, dice.between(2, 7))
    if levels["uneven"] > 1:
        page = light.uneven_light(dice, page, levels["uneven"] * mild)
    if scan.kind in {"shadow", "phone"}:
        page = light.cast_shadow(dice, page, scan.strength * mild * (1.0 if scan.kind == "shadow" else 0.5))
    if "edge_shadow" in effects and scan.kind != "phone":
        page = light.edge_shadow(dice, page, mild)
    if "specks" in effects:
        light.specks(dice, page, dice.between(0.1, 2.0) * mild, dpi)
    if "toner_dots" in effects:
        light.toner_dots(dice, page, dice.between(0.00005, 0.0006) * mild)
    if "drum_spots" in effects:
        light.drum_spots(dice, page, mild, dpi)
    if "water_stain" in effects:
        page = light.water_stain(dice, page, mild)
    if "roller_ticks" in effects:
        light.roller_ticks(dice, page, mild, dpi)
    if "halftone" in effects:
        page = light.halftone(dice, page, mild, dpi)
    if "received_stamp" in effects:
        marks.received_stamp(dice, page, mild, dpi)
    if "archive_stamp" in effects:
        marks.archive_stamp(dice, page, mild, dpi)
    if "highlighter" in effects:
        marks.highlighter(dice, page, mild, dpi)
    if "watermark" in effects:
        marks.watermark(dice, page, mild, dpi)
    if "pencil_ticks" in effects:
        marks.pencil_ticks(dice, page, mild, dpi)
    if "lint" in effects and scan.kind != "phone":
        marks.lint(dice, page, mild, dpi)
    if "dog_ear" in effects and scan.kind != "phone":
        ink.dog_ear(dice, page, mild, dpi)
    if "white_scratches" in effects:
        light.white_scratches(dice, page, mild, dpi)
    if "toner_ghost" in effects:
        page = light.toner_ghost(dice, page, mild, dpi)
    if "feed_jog" in effects:
        page = light.feed_jog(dice, page, mild, dpi)
    if "comb_holes" in effects and scan.kind != "phone":
        light.comb_holes(dice, page, dpi)
    if "smears" in effects:
        page = light.smears(dice, page, mild, dpi)
    if "scan_lines" in effects:
        light.scan_lines(dice, page, dice.whole(1, 3))
    if "punch_holes" in effects and scan.kind != "phone":
        light.punch_holes(dice, page, dpi)
    return light.add_noise(dice, page, levels["noise"] * mild, levels["salt"] * mild)


def damage_page(scan: Scan, key: tuple[int, ...], sheet: Sheet, bounds: Legibility) -> ScannedPage:
    """Damage one page; where values become illegible, again and more mildly.

    Values that stay illegible in the mildest form count as masked.

    Args:
        scan: the damage of the document.
        key: names the page's stream of draws.
        sheet: the page and what lies on it.
        bounds: what must be left.
    """
    grey = light.to_grey(sheet.clean)
    text = grey.copy()
    text[ink.rule_mask(grey, scan.dpi[0])] = WHITE
    tight = {v.field: box for v in sheet.values if (box := ink_window(text, v.box)) is not None}
    for mild in MILDER:
        page = _damage_once(scan, Dice(*key), sheet, (grey, text), tight, bounds, mild)
        if not page.verdict.illegible and not page.verdict.page_lost:
            return page
    lost = page.verdict.masked + page.verdict.illegible
    return replace(page, verdict=Verdict((), lost, page.verdict.worst))


def _printed(
    dice: Dice, scan: Scan, sheet: Sheet, tight: dict[str, tuple[float, float, float, float]], mild: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the sheet as it lies on the glass, and how dark foreign marks are on it."""
    page, cover = sheet.clean.copy(), np.zeros(sheet.clean.shape[:2], np.uint8)
    _print_marks(dice, scan, page, cover, tight, mild)
    if "uneven_toner" in scan.effects:
        page = ink.uneven_toner(dice, page, dice.between(0.15, 0.6) * mild)
    if "banding" in scan.effects:
        page = light.banding(dice, page, dice.between(0.2, 0.5) * mild, scan.dpi[0])
    if "worn_edge" in scan.effects:
        page = light.worn_edge(dice, page, dice.between(0.2, 0.6) * mild)
    if "copy_of_copy" in scan.effects:
        copied = cv2.cvtColor(ink.copy_of_copy(dice, light.to_grey(page), scan.dpi[0]), cv2.COLOR_GRAY2RGB)
        page = cv2.addWeighted(copied, mild, page, 1 - mild, 0)
    for stamp in sheet.stamps:
        marks.put_mark(page, cover, stamp)
    if not scan.colour:
        page = light.to_grey(page)
    if sheet.back is not None and scan.kind == "bleed_through":
        page = ink.bleed_through(page, sheet.back, scan.strength * mild, scan.dpi[0])
    return page, cover


def _damage_once(
    scan: Scan,
    dice: Dice,
    sheet: Sheet,
    clean: tuple[np.ndarray, np.ndarray],
    tight: dict[str, tuple[float, float, float, float]],
    bounds: Legibility,
    mild: float,
) -> ScannedPage:
    """Damage a page once; `clean` is its grey picture with and without ruling lines."""
    grey, text = clean
    page, cover = _printed(dice, scan, sheet, tight, mild)
    warp = _geometry(dice, scan, grey.shape[1], grey.shape[0], mild)
    beyond = WHITE if scan.kind == "phone" or dice.chance(0.7) else dice.whole(0, 90)
    page = _scanner(dice, scan, _on_table(dice, scan, warp.apply(page, beyond), warp, grey.shape, mild), mild)
    if scan.bits:
        place = dice.between(0.45, 0.68)
        page = light.to_bits(page, 0.5 + (place - 0.5) * mild, local=dice.chance(0.4), dpi=scan.dpi[0])
    quads = {}
    for field, (x0, y0, x1, y1) in tight.items():
        quads[field] = warp.points(np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], dtype=float))
    boxes = {f: np.r_[q.min(axis=0), q.max(axis=0)] for f, q in quads.items()}
    warped_cover = warp.apply(cover, 0) if cover.any() else np.zeros(page.shape[:2], np.uint8)
    verdict = judge(
        warp.apply(grey, WHITE),
        warp.apply(text, WHITE),
        light.to_grey(page),
        warped_cover,
        boxes,
        bounds,
        scan.recipe.grade,
    )
    return ScannedPage(page, verdict, quads, bool(sheet.stamps), warp)


def _on_table(
    dice: Dice, scan: Scan, page: np.ndarray, warp: Warp, clean_shape: tuple[int, ...], mild: float
) -> np.ndarray:
    """Give ink and paper their grey levels, and put a photographed sheet on a table top."""
    levels = scan.levels
    page = light.soften(page, levels["blur"] * (0.5 + 0.5 * mild))
    page = light.tone(page, levels["black"] * mild, levels["paper"] + (WHITE - levels["paper"]) * (1 - mild))
    page = light.tint(page, scan.cast)
    if scan.kind != "phone":
        return page
    inside = warp.apply(np.full(clean_shape, WHITE, np.uint8), 0).astype(np.float32) / WHITE
    table = light.desk(dice, scan.surface, page.shape[0], page.shape[1])
    if page.ndim == 2:
        table = light.to_grey(table)
    else:
        inside = inside[..., None]
    return (page * inside + table * (1 - inside)).astype(np.uint8)
