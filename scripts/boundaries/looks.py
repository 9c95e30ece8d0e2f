"""Reports printed in random looks: rules of each direction drawn apart, pale, dashed, white on a fill, or not printed at all.

The styles of the split dev would teach a network those styles. Here every document has its own rules, fills, paddings and heights of
rows, so that what is left to be learned is where cells end.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from scripts.scanmaker.dice import Dice
from scripts.scanmaker.html_page import print_page, write_html
from scripts.scanmaker.report import ReportPlan, plan_report
from scripts.scanmaker.splits import load_splits

STREAM = 78
"""Names these draws among those of the scan maker."""
UNFILLED = "#fffffe"
"""The fill of cells that have none: all but white, and a rectangle of its own in the PDF."""
FILLS = ("", "", "#e7e6e6", "#d9e2f3", "#f2f2f2", "#fff2cc", "#e2efda", "#f8dfdc", "#cfe8f3", "#bdbdbd", "#5b84b1")
BANDS = ("", "", "", "", "#f2f2f2", "#eef3f8", "#f7f3e9", "#e4e4e4")
COLOURS = (
    *("#000000", "#000000", "#333333", "#7f7f7f", "#a6a6a6", "#bfbfbf", "#d0d0d0", "#4f81bd", "#548235", "#996633"),
    *("#9dc3e6", "#c55a11", "#1f3864", "#e0e0e0"),
)
KINDS = {"solid": 6.0, "dashed": 2.5, "dotted": 2.0, "double": 0.7}
RULES = {"grid": 3.0, "apart": 2.5, "level": 3.0, "three": 1.0, "none": 1.2, "upright": 0.4, "own": 1.5, "white": 0.6}
FRAMES = {"same": 3.0, "none": 1.5, "thick": 1.5, "double": 0.7}


def _line(dice: Dice) -> str:
    kind = dice.weighted(KINDS)
    width = dice.between(0.2, 1.0) if dice.chance(0.75) else dice.between(1.0, 1.75)
    if kind == "double":
        width = max(2.25, 2 * width)
    return f"{width:.2f}pt {kind} {dice.pick(COLOURS)}"


def _rules(dice: Dice) -> str:
    """CSS that draws the rules of all tables anew; empty where the design's own stay."""
    way = dice.weighted(RULES)
    if way == "own":
        return ""
    level, upright = _line(dice), _line(dice)
    if way == "grid":
        upright = level
    if way == "white":
        level = upright = f"{dice.between(0.5, 2.0):.2f}pt solid #ffffff"
    if way in ("level", "three", "none"):
        upright = "none"
    if way in ("three", "none", "upright"):
        level = "none"
    cells = f"td,td:first-child,td:last-child{{border-top:{level};border-bottom:{level};"
    cells += f"border-left:{upright};border-right:{upright}}}"
    frame = dice.weighted(FRAMES)
    around = {"same": level, "none": "none", "thick": "1.5pt solid #000", "double": "2.25pt double #000"}[frame]
    if way == "none":
        around = "none"
    if way == "three":
        around = f"{dice.between(0.75, 1.75):.2f}pt solid #000"
        cells += f"thead tr:last-child td,tr:first-child td{{border-bottom:{dice.between(0.3, 0.8):.2f}pt solid #000}}"
    sides = "" if upright != "none" and dice.chance(0.8) else "border-left:none;border-right:none"
    return f"table{{border:{around};{sides}}}{cells}"


def _drawn_anew(dice: Dice, plan: ReportPlan) -> ReportPlan:
    """The report with paddings, heights, fills and alignment from wider ranges than a style's."""
    fill = dice.chance(0.6)
    style = replace(
        plan.design.style,
        head_fill=dice.pick(FILLS) if fill else "",
        block_fill=dice.pick(FILLS) if fill else "",
        band_fill=dice.pick(BANDS),
        colour=dice.pick(COLOURS),
    )
    size = dice.between(7.5, 12.5)
    design = replace(
        plan.design,
        style=style,
        producer="html",
        rule_pt=dice.between(0.2, 1.5),
        font_pt=size,
        cell_pt=size + dice.pick((0.0, 0.0, 0.5, 1.0)),
        row_mm=dice.between(size * 0.42, size * 0.42 + 6.0),
        pad_mm=dice.between(0.15, 1.6),
        align=dice.pick(("center", "center", "right", "left")),
        table_width=dice.pick((1.0, 1.0, 0.96, 0.9, 0.84)),
    )
    return replace(plan, design=design)


def draw_report(seed: int, number: int, split: str) -> tuple[ReportPlan, str]:
    """Draw a report and its HTML.

    Args:
        seed: of the training set.
        number: of the document in it.
        split: dev or calibration; whose fonts and words are printed.
    """
    dice = Dice(STREAM, seed, number, 0)
    plan = plan_report(load_splits(), split, 900_000 + seed, number)
    plan = _drawn_anew(dice, plan) if dice.chance(0.9) else replace(plan, design=replace(plan.design, producer="html"))
    below = "" if dice.chance(0.9) else "td{vertical-align:" + dice.pick(("top", "bottom")) + "}"
    css = f"td{{background:{UNFILLED}}}{below}{_rules(dice)}"
    # The first rule with a fill comes after: fills of heads and bands win by their selectors.
    return plan, write_html(plan).replace("</style>", css + "</style>")


def print_report(html: str, target: Path) -> None:
    """Print drawn HTML to a PDF file; raises as :func:`scripts.scanmaker.html_page.print_page`."""
    print_page(html, target)


def _colour(text: str) -> tuple[int, ...]:
    return tuple(int(text[k : k + 2], 16) for k in (1, 3, 5))


def cell_boxes(document: pdfium.PdfDocument, number: int, plan: ReportPlan) -> np.ndarray:
    """The cells on a page, (n, 4) float: left, top, right, bottom in points from its top left, boundaries in the middle of rules.

    A cell that a page break cuts is one box on each page.
    """
    style = plan.design.style
    fills = {_colour(f) for f in (UNFILLED, style.head_fill, style.block_fill, style.band_fill) if f}
    page = document[number]
    height = page.get_height()
    red, green, blue, alpha = (pdfium_c.c_uint() for _ in range(4))
    boxes = []
    for thing in page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_PATH], max_depth=4):
        if not pdfium_c.FPDFPageObj_GetFillColor(thing.raw, red, green, blue, alpha):
            continue
        if (red.value, green.value, blue.value) in fills:
            left, bottom, right, top = thing.get_bounds()
            boxes.append((left, height - top, right, height - bottom))
    found = np.array(sorted(set(boxes)), np.float64).reshape(-1, 4)
    return _ended(found[(found[:, 2] - found[:, 0] > 4) & (found[:, 3] - found[:, 1] > 4)])


def _ended(boxes: np.ndarray) -> np.ndarray:
    """Boxes of cells over several rows end where the last row beside them does; Chromium runs them on to the end of the page."""
    ended = boxes.copy()
    for k, (_, top, right, bottom) in enumerate(boxes):
        beside = (boxes[:, 0] >= right - 1) & (boxes[:, 1] < bottom - 1) & (boxes[:, 3] > top + 1)
        if beside.any():
            ended[k, 3] = min(bottom, float(boxes[beside, 3].max()))
    return ended
