"""Makes scanned documents with ground truth."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
import pypdfium2 as pdfium
from PIL import Image

from scripts.scanmaker import light
from scripts.scanmaker.container import PageImage, write_folder, write_pdf, write_tiff
from scripts.scanmaker.damage import ScannedPage, Sheet, damage_page
from scripts.scanmaker.dice import Dice
from scripts.scanmaker.legibility import ValueBox
from scripts.scanmaker.marks import Mark, draw_seal
from scripts.scanmaker.render import POINTS_PER_INCH, Spot, digit_height, page_picture, rendered_pdf, spots
from scripts.scanmaker.report import DAMAGE_STREAM, ReportPlan, plan_report
from scripts.scanmaker.scan import Scan, draw_scan
from scripts.scanmaker.splits import GRADES, Splits, load_splits
from scripts.scanmaker.spread import spread_pages
from scripts.scanmaker.truth import truth_of

SEALED_SHARE = {"straight": 0.6, "archive": 1.0, "hard": 1.0}


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be made.

    Attributes:
        split, grade: dev, calibration or test; straight, archive or hard.
        seed: of the series.
        index: of the document.
        out: folder of the result.
        kind: a hard kind to force, "" to draw one.
        keep_pages: also write each page as PNG into damage_pages.
        keep_boxes: also write the place and print of every value into boxes.
        container: a container to force, "" to draw one.
        bits: force black-and-white pages or forbid them; None draws.
        levels: levels of the scan to set instead of drawing them.
    """

    split: str
    grade: str
    seed: int
    index: int
    out: Path
    kind: str = ""
    keep_pages: bool = False
    keep_boxes: bool = False
    container: str = ""
    bits: bool | None = None
    levels: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Made:
    """A finished document: the name of its file or folder, its truth and its pages."""

    name: str
    truth: dict[str, object]
    pages: list[ScannedPage]

    @property
    def tags(self) -> list[str]:
        """The tags of the truth."""
        return list(self.truth["tags"])  # type: ignore[call-overload]


def _seals(dice: Dice, plan: ReportPlan, scan: Scan, places: list[Spot], pages: int) -> dict[int, list[Mark]]:
    """Return the seals of each page, at the signature or over the last rows of a table."""
    wanted = plan.design.seal
    if scan.kind == "seal":
        wanted = dice.weighted({"table": 3, "both": 1})
    elif wanted != "none" and not dice.chance(SEALED_SHARE[scan.recipe.grade]):
        wanted = "none"
    found: dict[int, list[Mark]] = {n: [] for n in range(pages)}

    def put(page: int, x: float, y: float) -> None:
        stamp = draw_seal(dice, plan.agency.name, scan.dpi[0], 0.4 + 0.6 * max(scan.strength, dice.between(0, 1)))
        scale = scan.dpi[0] / POINTS_PER_INCH
        half = stamp.opacity.shape[0] / 2
        found[page].append(Mark(stamp.colour, stamp.opacity, int(x * scale - half), int(y * scale - half)))

    if wanted in {"signature", "both"}:
        for spot in (s for s in places if s.name == "signature"):
            x0, y0, x1, y1 = spot.box
            put(spot.page, (x0 + x1) / 2 + dice.between(-15, 15), (y0 + y1) / 2 + dice.between(-5, 25))
    values = [s for s in places if s.name.startswith(("requests.", "remedies."))]
    if wanted in {"table", "both"} and values:
        page = max(s.page for s in values) if dice.chance(0.6) else dice.pick(sorted({s.page for s in values}))
        low = sorted((s.box[3], s.box[2]) for s in values if s.page == page)[-dice.whole(1, min(30, len(values))) :]
        y, x = low[0]
        put(page, x - dice.between(0, 160), y + dice.between(-10, 25))
    return found


def _scan_pages(plan: ReportPlan, scan: Scan, splits: Splits, key: tuple[int, ...]) -> list[ScannedPage]:
    document = pdfium.PdfDocument(rendered_pdf(plan))
    try:
        places = spots(document)
        stamps = _seals(Dice(*key, 1), plan, scan, places, len(document))
        scale = scan.dpi[0] / POINTS_PER_INCH
        pictures = [page_picture(document, n, scan.dpi[0]) for n in range(len(document))]
        pages = []
        for number, clean in enumerate(pictures):
            here = [s for s in places if s.page == number and s.name != "signature"]
            boxes = [
                ValueBox(s.name, (s.box[0] * scale, s.box[1] * scale, s.box[2] * scale, s.box[3] * scale)) for s in here
            ]
            back = light.to_grey(pictures[number ^ 1]) if (number ^ 1) < len(pictures) else None
            sheet = Sheet(clean, boxes, stamps[number], back)
            pages.append(damage_page(scan, (*key, 2, number), sheet, splits.legibility))
        return spread_pages(Dice(*key, 3), pages) if scan.kind == "spread" else pages
    finally:
        document.close()


def _container(dice: Dice, scan: Scan, splits: Splits) -> str:
    if scan.bits:
        return dice.weighted(splits.containers["bits1"])
    choices = dict(splits.containers[scan.recipe.grade])
    if scan.quarters:  # a turned page that says so would not be turned
        choices = {c: w for c, w in choices.items() if not c.endswith(("turned", "exif"))}
    return dice.weighted(choices)


def _store(out: Path, name: str, container: str, pages: list[PageImage], quality: int, turned: int) -> str:
    """Write the document; return the name of its file or folder."""
    shape, _, coding = container.partition("_")
    if shape == "folder":
        write_folder(out / name, pages, coding.split("_")[0], quality, turned)
        return name
    if shape == "tif":
        write_tiff(out / f"{name}.tif", pages, coding, quality)
        return f"{name}.tif"
    write_pdf(out / f"{name}.pdf", pages, coding.split("_")[0], quality, turned)
    return f"{name}.pdf"


def make_document(order: Order, name: str = "") -> Made:
    """Make one document with its truth.

    Args:
        order: what to make.
        name: of the file without suffix; by default split, grade, seed and number.

    Raises:
        FileNotFoundError: if Chromium, LibreOffice or the fonts are missing.
        ValueError: if the seed is out of range.
    """
    cv2.setNumThreads(1)
    splits = load_splits()
    plan = plan_report(splits, order.split, order.seed, order.index)
    key = (*plan.seed, DAMAGE_STREAM, GRADES.index(order.grade))
    dice = Dice(*key, 0)
    recipe = splits.recipes[order.grade, order.split]
    scan = draw_scan(dice, recipe, splits.legibility, digit_height(rendered_pdf(plan)), order.kind)
    if order.bits is not None:
        scan = replace(scan, bits=order.bits, colour=scan.colour and not order.bits)
    scan = replace(scan, levels=scan.levels | dict(order.levels))
    container = order.container or _container(dice, scan, splits)
    turned = dice.pick((1, 2, 3)) if container.endswith(("turned", "exif")) else 0
    pages = _scan_pages(plan, scan, splits, key)
    images = [PageImage(np.ascontiguousarray(np.rot90(p.pixels, -turned)), scan.dpi, scan.bits) for p in pages]
    name = name or f"{order.split}-{order.grade}-{order.seed}-{order.index:04d}"
    order.out.mkdir(parents=True, exist_ok=True)
    stored = _store(order.out, name, container, images, round(scan.levels["jpeg"]), turned)
    truth = truth_of(plan, scan, pages, container, stored)
    (order.out / "truth").mkdir(exist_ok=True)
    text = json.dumps(truth, ensure_ascii=False, indent=1) + "\n"
    (order.out / "truth" / f"{stored}.json").write_text(text, encoding="utf-8")
    _keep(order, plan, name, stored, pages)
    return Made(stored, truth, pages)


def _keep(order: Order, plan: ReportPlan, name: str, stored: str, pages: list[ScannedPage]) -> None:
    """Write what is only for looking at and for training."""
    if order.keep_pages:
        folder = order.out / "damage_pages"
        folder.mkdir(exist_ok=True)
        for number, page in enumerate(pages, 1):
            Image.fromarray(page.pixels).save(folder / f"{name}-{number}.png")
    if order.keep_boxes:
        (order.out / "boxes").mkdir(exist_ok=True)
        rows = [
            {"field": f, "page": n, "printed": plan.figures.cells[f].text, "quad": np.round(q, 1).tolist()}
            for n, page in enumerate(pages, 1)
            for f, q in page.quads.items()
        ]
        (order.out / "boxes" / f"{stored}.json").write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")


def make_series(orders: list[Order], workers: int) -> Iterator[Made | str]:
    """Make documents one after another or in processes; yields each in order, or only its name with several workers."""
    if workers <= 1:
        yield from map(make_document, orders)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(_made_name, orders)


def _made_name(order: Order) -> str:
    return make_document(order).name
