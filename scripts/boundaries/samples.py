"""Training pages: printed reports damaged by the scan maker, squared by the program itself, with the places of their cells."""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import pypdfium2 as pdfium

from gikocr.elements import Page
from gikocr.geometry import Affine
from gikocr.preprocess.upright import make_upright
from gikocr.settings import load_settings
from scripts.boundaries.looks import STREAM, cell_boxes, draw_report, print_report
from scripts.scanmaker import light
from scripts.scanmaker.damage import Sheet, damage_page
from scripts.scanmaker.dice import Dice
from scripts.scanmaker.marks import Mark, draw_seal
from scripts.scanmaker.render import POINTS_PER_INCH, page_picture
from scripts.scanmaker.scan import Scan, draw_scan
from scripts.scanmaker.splits import load_splits

LONGER = 1184
"""Longer side of a stored page in pixels: 101 a inch on A4."""
GRADES = {"archive": 5.0, "hard": 5.0, "straight": 0.7}
KINDS = {"broken_rules": 3.0, "bleed_through": 2.0, "phone": 0.6, "folds": 0.6, "fax": 1.0, "low_dpi": 1.0}
KINDS |= {"shadow": 0.7, "seal": 0.7, "pen": 0.7}
COPIED, FAINT = 0.25, 0.25
"""Chances that a page is a copy of a copy, or its rules pale, besides what its grade draws."""
DPI = (130.0, 200.0)
"""Resolution of the scans: the network sees half of it, and damage is dear."""
MOST_PAGES, PLAIN = 3, 0.35
"""Pages of a document that are kept, and the chance of one page without a table."""

THICK = 2
"""Boundaries are drawn so thick, in pixels of the output: half those of the page."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A page, uint8 (h, w), longer side LONGER, and its cells: (n, 4, 2) corners in its pixels, clockwise from the top left."""

    gray: np.ndarray
    cells: np.ndarray


def _scan(dice: Dice, split: str) -> Scan:
    splits = load_splits()
    grade = dice.weighted(GRADES)
    kind = dice.weighted(KINDS) if grade == "hard" else ""
    scan = draw_scan(dice, splits.recipes[grade, split], splits.legibility, 20.0, kind)
    effects = set(scan.effects)
    if dice.chance(COPIED):
        effects.add("copy_of_copy")
    if dice.chance(FAINT):
        effects.add("faint_rules")
    dpi = dice.span(DPI) if kind != "low_dpi" else dice.between(100, 125)
    return replace(scan, effects=tuple(sorted(effects)), turn_wide=0, quarters=0, dpi=(dpi, dpi))


def _stamps(dice: Dice, scan: Scan, shape: tuple[int, ...]) -> list[Mark]:
    if not (scan.kind == "seal" or dice.chance(0.1)):
        return []
    stamp = draw_seal(dice, "临安阳市政务服务数据管理局", scan.dpi[0], dice.between(0.4, 1.0))
    half = stamp.opacity.shape[0] // 2
    x, y = dice.whole(half, shape[1] - half), dice.whole(half, shape[0] - half)
    return [Mark(stamp.colour, stamp.opacity, x - half, y - half)]


def _sides(cells: np.ndarray, dpi: float) -> np.ndarray:
    """Corners (n, 4, 2) in pixels of cells in points."""
    x0, y0, x1, y1 = (cells * (dpi / POINTS_PER_INCH)).T
    return np.stack([np.c_[x0, y0], np.c_[x1, y0], np.c_[x1, y1], np.c_[x0, y1]], axis=1)


def damaged(key: tuple[int, ...], pictures: list[np.ndarray], number: int, cells: np.ndarray, scan: Scan) -> Sample:
    """Damage a page and square it as the program does.

    Args:
        key: names the draws.
        pictures: uint8 RGB pages of the document at the resolution of the scan.
        number: of the page.
        cells: its cells in points, (n, 4).
        scan: the damage.
    """
    clean = pictures[number]
    back = light.to_grey(pictures[number ^ 1]) if (number ^ 1) < len(pictures) else None
    if back is not None and back.shape != clean.shape[:2]:
        back = None
    if scan.kind == "bleed_through" and back is None:
        back = light.to_grey(clean[:, ::-1])
    sheet = Sheet(clean, [], _stamps(Dice(*key, 1), scan, clean.shape), back)
    page = damage_page(scan, (*key, 2), sheet, load_splits().legibility)
    pixels = page.pixels
    if not scan.bits:
        quality = [cv2.IMWRITE_JPEG_QUALITY, round(scan.levels["jpeg"])]
        pixels = cv2.imdecode(cv2.imencode(".jpg", pixels[..., ::-1] if pixels.ndim == 3 else pixels, quality)[1], -1)
        pixels = np.ascontiguousarray(pixels[..., ::-1] if pixels.ndim == 3 else pixels)
    height, width = pixels.shape[:2]
    settings = load_settings({"working_dpi": 170})
    upright = make_upright(Page(1, 0, 1, width, height, "px", pixels, Affine(), None), settings)
    assert page.warp is not None
    corners = page.warp.points(_sides(cells, scan.dpi[0]).reshape(-1, 2))
    corners = _found(upright.to_view, corners) if len(corners) else corners
    factor = LONGER / max(upright.gray.shape)
    size = (round(upright.gray.shape[1] * factor), round(upright.gray.shape[0] * factor))
    gray = cv2.resize(upright.gray, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR)
    return Sample(np.asarray(gray, np.uint8), (corners * factor).reshape(-1, 4, 2).astype(np.float32))


def _found(to_view: object, points: np.ndarray) -> np.ndarray:
    """Points of the scan on the squared page: by the inverse of an affine map, by Newton's steps for a bent one."""
    if isinstance(to_view, Affine):
        back = np.array(to_view.inverse().rows())
        return points @ back[:, :2].T + back[:, 2]
    out = points.copy()
    for _ in range(8):
        there = np.array([to_view.apply(float(x), float(y)) for x, y in out])  # type: ignore[attr-defined]
        out += points - there
    return out


def make_samples(seed: int, number: int, split: str) -> list[Sample]:
    """Draw, print and damage one document; some of its pages."""
    plan, html = draw_report(seed, number, split)
    dice = Dice(STREAM, seed, number, 1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.pdf"
        print_report(html, path)
        document = pdfium.PdfDocument(path)
        try:
            cells = [cell_boxes(document, n, plan) for n in range(len(document))]
            ruled = [n for n, c in enumerate(cells) if len(c)]
            chosen = dice.some(ruled, MOST_PAGES)
            plain = [n for n, c in enumerate(cells) if not len(c)]
            if plain and dice.chance(PLAIN):
                chosen.append(dice.pick(plain))
            samples = []
            for n in chosen:
                # Every page its own scan: pages are dear, and pages of one scan are alike.
                scan = _scan(dice, split)
                needed = {n, n ^ 1} & set(range(len(document)))
                pictures = [
                    page_picture(document, k, scan.dpi[0]) if k in needed else np.zeros((1, 1, 3), np.uint8)
                    for k in range(len(document))
                ]
                samples.append(damaged((STREAM, seed, number, 2, n), pictures, n, cells[n], scan))
            return samples
        finally:
            document.close()


def targets(cells: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Boundaries of cells, uint8 (3, h / 2, w / 2): level, upright, inside of a table; 255 where they are.

    Args:
        cells: corners (n, 4, 2) in pixels of the page, clockwise from the top left.
        shape: h, w of the page.
    """
    out = np.zeros((3, shape[0] // 2, shape[1] // 2), np.uint8)
    # Centres of pixels of both pictures; four more bits of a pixel keep the lines where they are.
    scaled = np.rint(((cells + 0.5) / 2 - 0.5) * 16).astype(np.int32)
    for box in scaled:
        cv2.fillConvexPoly(out[2], box, (255,), shift=4)
    for a, b, c, d in scaled:
        for channel, start, end in ((0, a, b), (0, d, c), (1, a, d), (1, b, c)):
            cv2.line(out[channel], start.tolist(), end.tolist(), (255,), THICK, cv2.LINE_AA, 4)
    return out


def write_samples(target: Path, samples: list[Sample]) -> None:
    """Store pages in one file, whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(".part.npz")
    arrays = {f"gray{k}": s.gray for k, s in enumerate(samples)} | {f"cells{k}": s.cells for k, s in enumerate(samples)}
    np.savez_compressed(unfinished, allow_pickle=False, **arrays)
    unfinished.replace(target)


def read_samples(path: Path) -> list[Sample]:
    """The pages of one file."""
    with np.load(path) as stored:
        return [Sample(stored[f"gray{k}"], stored[f"cells{k}"]) for k in range(len(stored.files) // 2)]


def main() -> None:
    """Make files of training pages, one for each document; those that are there are left."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("build/boundary-pages"))
    parser.add_argument("--split", choices=("dev", "calibration"), default="dev")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=200)
    a = parser.parse_args()
    cv2.setNumThreads(1)
    for number in range(a.first, a.first + a.count):
        target = a.folder / f"{a.split}-{a.seed}-{number:05d}.npz"
        if not target.exists():
            write_samples(target, make_samples(a.seed, number, a.split))
            print(target, flush=True)


if __name__ == "__main__":
    main()
