"""Training crops: damaged sheets taken apart by the program itself, each found cell paired with what was printed there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from gikocr.elements import Page
from gikocr.geometry import Affine, BBox
from gikocr.ocr.cells import GridInk, grid_ink
from gikocr.ocr.ink import fainter_ink, find_ink
from gikocr.ocr.windows import cell_window, look_at
from gikocr.preprocess.upright import make_upright
from gikocr.settings import load_settings
from gikocr.table.grids import build_grids
from gikocr.table.lines import find_ruling_lines
from gikocr.table.mask import line_mask
from gikocr.table.streaks import without_streaks
from scripts.reader.faces import chinese, faces
from scripts.reader.sheets import SheetCell, draw_sheet, target_of
from scripts.scanmaker import light
from scripts.scanmaker.damage import ScannedPage, Sheet, damage_page
from scripts.scanmaker.dice import Dice
from scripts.scanmaker.legibility import ValueBox
from scripts.scanmaker.marks import Mark, draw_seal
from scripts.scanmaker.scan import Scan, draw_scan
from scripts.scanmaker.splits import load_splits

STREAM = 77
"""Names the reader's draws among those of the scan maker."""
GRADES = {"archive": 6.0, "hard": 3.0, "straight": 1.0}
COPIED = 0.3
"""Share of pages that are copies of copies: there strokes are lost, and readers fail most."""
DOTTED = 0.25
"""Share of further pages with dots of toner, which readers take for figures."""
HEIGHT_JITTER = 0.18
"""The height of print that the program measures depends on the labels beside the numbers; here it is drawn around it."""
BOX_JITTER = 0.12
"""Deviation of a cell's borders, in heights of print."""
SAME_CELL = 0.72
"""Least intersection over union of a found cell with the printed one."""


@dataclass(frozen=True, slots=True, eq=False)
class Crop:
    """A window as the program cuts it, uint8 (h, w), and what it shows."""

    picture: np.ndarray
    text: str


def _scan(dice: Dice) -> Scan:
    splits = load_splits()
    grade = dice.weighted(GRADES)
    scan = draw_scan(dice, splits.recipes[grade, "dev"], splits.legibility, dice.between(4.6, 8.0))
    effects = set(scan.effects)
    if grade != "straight" and dice.chance(COPIED):
        effects.add("copy_of_copy")
    if grade != "straight" and dice.chance(DOTTED):
        effects.add("toner_dots")
    if scan.kind in ("rotated", "spread"):
        scan = replace(scan, kind="", quarters=0)
    return replace(scan, effects=tuple(sorted(effects)), turn_wide=0, quarters=0)


def _stamps(dice: Dice, scan: Scan, shape: tuple[int, ...]) -> list[Mark]:
    count = 2 if scan.kind == "seal" else int(dice.chance(0.12))
    found = []
    for _ in range(count):
        stamp = draw_seal(dice, "临安阳市政务服务数据管理局", scan.dpi[0], dice.between(0.4, 1.0))
        half = stamp.opacity.shape[0] // 2
        x, y = dice.whole(half, shape[1] - half), dice.whole(half, shape[0] - half)
        found.append(Mark(stamp.colour, stamp.opacity, x - half, y - half))
    return found


def make_page(seed: int, number: int, *, watched: bool) -> list[Crop]:
    """Draw, damage and take apart one sheet.

    Args:
        seed: of the training set.
        number: of the sheet in it.
        watched: use the fonts that are held out of training.
    """
    dice = Dice(STREAM, seed, number, int(watched))
    scan = _scan(dice)
    figures = faces(watched=watched)
    clean, cells = draw_sheet(dice, scan.dpi[0], figures, chinese())
    values = [ValueBox(str(i), c.line) for i, c in enumerate(cells) if c.text]
    back = None
    if scan.kind == "bleed_through":
        back = light.to_grey(draw_sheet(dice, scan.dpi[0], figures, chinese())[0])
    sheet = Sheet(clean, values, _stamps(dice, scan, clean.shape), back)
    page = damage_page(scan, (STREAM, seed, number, 2), sheet, load_splits().legibility)
    pixels = page.pixels
    if not scan.bits:
        quality = [cv2.IMWRITE_JPEG_QUALITY, round(scan.levels["jpeg"])]
        pixels = cv2.imdecode(cv2.imencode(".jpg", pixels[..., ::-1] if pixels.ndim == 3 else pixels, quality)[1], -1)
        pixels = pixels[..., ::-1] if pixels.ndim == 3 else pixels
    if scan.dpi[0] != scan.dpi[1]:
        pixels = cv2.resize(pixels, (pixels.shape[1], round(pixels.shape[0] * scan.dpi[0] / scan.dpi[1])))
    return _taken_apart(dice, np.ascontiguousarray(pixels), page, scan, cells)


def _taken_apart(dice: Dice, pixels: np.ndarray, page: ScannedPage, scan: Scan, cells: list[SheetCell]) -> list[Crop]:
    height, width = pixels.shape[:2]
    upright = make_upright(Page(1, 0, 1, width, height, "px", pixels, Affine(), None), load_settings({}))
    lines = without_streaks(find_ruling_lines(upright.gray))
    grids = build_grids(lines, 1)
    to_clean = _to_clean(page, cells, scan.dpi[1] / scan.dpi[0])
    if not grids or to_clean is None:
        return []
    ink = find_ink(upright.gray, *line_mask(lines, grids))
    paler = fainter_ink(ink)
    masked = set(page.verdict.masked)
    boxes = np.array([c.box for c in cells])
    crops = []
    for grid in grids:
        found = grid_ink(grid, ink)
        for cell in grid.cells:
            box = cell.box
            corners = [(box.left, box.top), (box.right, box.top), (box.right, box.bottom), (box.left, box.bottom)]
            seen = np.array([[upright.to_view.apply(*p) for p in corners]])
            there = cv2.perspectiveTransform(seen, to_clean)[0]
            k = _same(np.r_[there.min(axis=0), there.max(axis=0)], boxes)
            if k is None or str(k) in masked:
                continue
            picture = _window(dice, found, replace(found, ink=paler), box)
            if picture is not None:
                crops.append(Crop(picture, target_of(cells[k].text)))
    return crops


def _window(dice: Dice, found: GridInk, paler: GridInk, box: BBox) -> np.ndarray | None:
    """Cut as the program does, with the little that it may be off."""
    height = found.height * float(np.exp(dice.rng.normal(0, HEIGHT_JITTER)))
    left, top, right, bottom = dice.rng.normal(0, BOX_JITTER * found.height * 0.5, 4)
    box = BBox(box.left + left, box.top + top, box.right + right, box.bottom + bottom)
    return cell_window(look_at(replace(found, height=height), replace(paler, height=height), box))


def _to_clean(page: ScannedPage, cells: list[SheetCell], squeeze: float) -> np.ndarray | None:
    """The map from the (squared) page to the clean sheet, from where the values came to stand."""
    names = sorted(page.quads, key=int)
    if len(names) < 12:
        return None
    there = np.array([page.quads[n].mean(axis=0) / (1.0, squeeze) for n in names])
    # The quads belong to the ink itself, whose middle may lie off the line's; over a page that averages out.
    here = np.array(
        [((c.line[0] + c.line[2]) / 2, (c.line[1] + c.line[3]) / 2) for c in (cells[int(n)] for n in names)]
    )
    matrix, _ = cv2.findHomography(there, here, cv2.RANSAC, 6.0)
    return matrix


def _same(box: np.ndarray, boxes: np.ndarray) -> int | None:
    low, high = np.maximum(boxes[:, :2], box[:2]), np.minimum(boxes[:, 2:], box[2:])
    both = np.prod(np.clip(high - low, 0, None), axis=1)
    area = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    share = both / (area + float(np.prod(box[2:] - box[:2])) - both)
    k = int(share.argmax())
    return k if share[k] >= SAME_CELL else None


def write_shard(folder: Path, seed: int, first: int, count: int, *, watched: bool) -> Path:
    """Make some sheets and store their crops, flattened, with shapes and texts; returns the file."""
    crops = [c for n in range(first, first + count) for c in make_page(seed, n, watched=watched)]
    return save_crops(folder / f"{'watched' if watched else 'crops'}-{seed}-{first:05d}.npz", crops)


def save_crops(target: Path, crops: list[Crop]) -> Path:
    """Store crops in one file, whole or not at all, and return it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(".part.npz")
    np.savez(
        unfinished,
        pixels=np.concatenate([c.picture.ravel() for c in crops]),
        shapes=np.array([c.picture.shape for c in crops], np.int32),
        texts=np.array([c.text for c in crops]),
    )
    unfinished.replace(target)
    return target


def read_shard(path: Path) -> list[Crop]:
    """The crops of one file."""
    with np.load(path) as stored:
        shapes, texts, pixels = stored["shapes"], stored["texts"], stored["pixels"]
    ends = np.cumsum(shapes[:, 0] * shapes[:, 1])
    return [
        Crop(pixels[end - h * w : end].reshape(h, w), str(text))
        for end, (h, w), text in zip(ends, shapes, texts, strict=True)
    ]
