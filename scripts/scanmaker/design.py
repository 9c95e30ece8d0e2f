"""Draws how one document looks, within the visual styles and fonts of its split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from scripts.scanmaker import form
from scripts.scanmaker.dice import Dice
from scripts.scanmaker.splits import Splits, Style

DOCX_SHARE = 0.25
LANDSCAPE_SHARE = 0.14
VARIANT_CHANCE = 0.08
MIXED = (
    ("rule_pt", "colour"),
    ("inner",),
    ("outer",),
    ("sides", "rules"),
    ("font_pt", "row_mm", "pad_mm"),
    ("label_share", "stack"),
    ("block_fill", "head_fill", "band_fill", "text_colour"),
    ("align",),
    ("labels",),
    ("group",),
    ("bold_labels",),
    ("web",),
)
"""Properties of a style that are drawn together for a mixed one: row height and type size must fit."""


@dataclass(frozen=True, slots=True)
class Design:
    """Every choice about the looks of one document; lengths in points or millimetres as named."""

    style: Style
    producer: str
    cell_font: str
    label_font: str
    title_font: str
    rule_pt: float
    font_pt: float
    cell_pt: float
    body_pt: float
    line_height: float
    row_mm: float
    pad_mm: float
    align: str
    labels: str
    group: str
    label_share: float
    kind_widths: tuple[float, ...]
    block_widths: tuple[float, ...]
    stack_kinds: bool
    stack_outcomes: bool
    break_heads: bool
    bold_labels: bool
    bold_totals: bool
    corner: bool
    split_blocks: bool
    skip_first_block: bool
    gap_in_blocks: bool
    repeat_heads: bool
    break_row: int
    break_label: str
    whole_groups: bool
    landscape: tuple[str, ...]
    table_width: float
    margins_mm: tuple[float, float, float, float]
    page_numbers: str
    numerals_mark: str
    shift: int
    wording: dict[str, str]
    seal: str
    red_head: bool
    title_lines: int
    old_style: bool
    decoy: str
    unit_note: bool


def _wording(dice: Dice) -> dict[str, str]:
    """Draw this document's variants of labels, and its habits of punctuation."""
    found = {}
    for label, variants in form.LABEL_VARIANTS.items():
        if dice.chance(VARIANT_CHANCE):
            found[label] = dice.pick(variants)
    labels = {r.label for rows in form.REQUEST_ROWS.values() for r in rows} | {
        r.group for rows in form.REQUEST_ROWS.values() for r in rows if r.group
    }
    half = dice.chance(0.15)
    comma = dice.chance(0.1)
    for label in sorted(labels):
        text = found.get(label, label)
        if half and text.startswith("（"):
            text = "(" + text[1:].replace("）", ")", 1)
        if comma and text[1:2] == ".":
            text = text[0] + "、" + text[2:]
        if text != label:
            found[label] = text
    return found


def _kind_widths(dice: Dice) -> tuple[float, ...]:
    """Draw the relative widths of the seven columns of numbers in table 三."""
    total = dice.between(0.9, 1.6)
    jitter = dice.chance(0.3)
    kinds = [dice.between(0.8, 1.25) if jitter else 1.0 for _ in form.KINDS]
    kinds[0], kinds[6] = kinds[0] * dice.between(0.9, 1.3), kinds[6] * total
    return tuple(kinds)


def _landscape(dice: Dice) -> tuple[str, ...]:
    """Draw which tables stand on landscape pages."""
    if not dice.chance(LANDSCAPE_SHARE):
        return ()
    return dice.weighted({("三",): 2, ("四",): 2, ("三", "四"): 2, ("二", "三", "四"): 1})


def _mixed(dice: Dice, style: Style, styles: Sequence[Style]) -> Style:
    """Give a style the properties of others, each group of them from one drawn by weight."""
    weights = {s: s.weight for s in styles if not s.mixed}
    drawn = {}
    for group in MIXED:
        other = dice.weighted(weights)
        drawn.update({name: getattr(other, name) for name in group})
    return replace(style, **drawn)


def draw_design(dice: Dice, splits: Splits, split: str) -> Design:
    """Draw the looks of one document.

    Args:
        dice: the stream of the document's design.
        splits: the contents of splits.toml.
        split: dev, calibration or test.
    """
    styles = {s: s.weight for s in splits.styles if s.split == split}
    style = dice.weighted(styles)
    if style.mixed:
        style = _mixed(dice, style, list(styles))
    fonts = splits.fonts[split]
    label_font = dice.weighted(fonts.labels)
    cell_font = label_font if label_font in fonts.cells and dice.chance(0.2) else dice.weighted(fonts.cells)
    font_pt = dice.span(style.font_pt)
    kinds = _kind_widths(dice)
    left = dice.between(18, 28)
    return Design(
        style=style,
        producer="docx" if not style.web and style.rules == "grid" and dice.chance(DOCX_SHARE * 1.35) else "html",
        cell_font=cell_font,
        label_font=label_font,
        title_font=dice.weighted(fonts.titles),
        rule_pt=dice.span(style.rule_pt),
        font_pt=font_pt,
        cell_pt=font_pt + dice.pick((0.0, 0.0, 0.5, 1.0, 1.5)),
        body_pt=dice.pick((12.0, 14.0, 15.0, 16.0, 16.0)),
        line_height=dice.between(1.45, 1.9),
        row_mm=dice.span(style.row_mm),
        pad_mm=dice.span(style.pad_mm),
        align=style.align[0] if dice.chance(0.6) else dice.pick(style.align),
        labels=style.labels[0] if dice.chance(0.5) else dice.pick(style.labels),
        group=style.group,
        label_share=dice.span(style.label_share),
        kind_widths=kinds,
        block_widths=dice.pick(((0.25, 0.25, 0.25, 0.25), (0.34, 0.22, 0.22, 0.22), (0.4, 0.2, 0.2, 0.2))),
        stack_kinds=dice.chance(style.stack * 0.4),
        stack_outcomes=dice.chance(style.stack),
        break_heads=dice.chance(0.4),
        bold_labels=dice.chance(style.bold_labels),
        bold_totals=dice.chance(0.12),
        corner=dice.chance(0.8),
        split_blocks=dice.chance(0.08),
        skip_first_block=dice.chance(0.015),
        gap_in_blocks=dice.chance(0.1),
        repeat_heads=dice.chance(0.35),
        break_row=dice.whole(5, 24) if dice.chance(0.3) else 0,
        break_label=dice.weighted({"blank": 5, "repeated": 2, "halved": 1}),
        whole_groups=dice.chance(0.35),
        landscape=_landscape(dice),
        table_width=dice.weighted({1.0: 5, 0.96: 1, 0.92: 1}),
        margins_mm=(dice.between(20, 36), left, dice.between(18, 32), dice.between(16, 28)),
        page_numbers=dice.weighted({"dashes": 4, "plain": 2, "of": 1, "none": 2, "alternating": 1}),
        numerals_mark=dice.weighted({"、": 12, "，": 0.5, ".": 0.5}),
        shift=1 if dice.chance(0.03) else 0,
        wording=_wording(dice),
        seal=dice.weighted({"none": 5, "signature": 4, "table": 0.8}),
        red_head=dice.chance(0.08),
        title_lines=dice.weighted({2: 6, 1: 3, 0: 1}),
        old_style=dice.chance(0.5),
        decoy=dice.weighted({"metadata": 1.0, "none": 1.0})
        if style.web
        else ("counts" if dice.chance(0.08) else "none"),
        unit_note=dice.chance(0.1),
    )
