"""Sheets of tables that hold nothing but short labels and numbers, as dense as training wants them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import cv2
import numpy as np
from fontTools.ttLib import TTFont
from PIL import Image, ImageDraw, ImageFont, features

from scripts.reader.faces import Face
from scripts.scanmaker.dice import Dice

SUPER = 2
"""Print is drawn this many times larger and reduced, so that it falls between pixels as a scanner sees it."""
WIDTH_IN, HEIGHT_IN = 8.27, 11.69
DASHES = "-－—―–─−"
UNITS = "件笔项元"
LABELS = "自然人法律服务机构其他总计予以公开部分不属于国家秘密三安全稳定行政许可处罚强制收费本年新收信息申请结转结果维持纠正尚未审结"
_FULL = str.maketrans("0123456789", "０１２３４５６７８９")
_OLD = bool(features.check("raqm"))


@dataclass(frozen=True, slots=True)
class SheetCell:
    """A cell of a sheet: its box (x0, y0, x1, y1) and the line box of its text in pixels of the clean sheet, and what it shows."""

    box: tuple[float, float, float, float]
    line: tuple[float, float, float, float]
    text: str


@dataclass(frozen=True, slots=True)
class _Look:
    figures: Face
    words: Face
    size: float
    align: str
    pad: float
    ink: int
    rule: int
    zeros: str
    full: bool
    old: bool


def number(dice: Dice) -> str:
    """A number as tables hold it."""
    kind = dice.weighted(
        {"one": 34, "two": 17, "three": 14, "long": 13, "decimal": 12, "comma": 3, "signed": 5, "unit": 2}
    )
    if kind in ("one", "two", "three"):
        digits = {"one": 1, "two": 2, "three": 3}[kind]
        return str(dice.whole(0 if digits == 1 else 10 ** (digits - 1), 10**digits - 1))
    if kind == "long":
        digits = dice.whole(4, 7)
        return str(dice.whole(10 ** (digits - 1), 10**digits - 1))
    if kind == "decimal":
        whole = dice.pick(("0", str(dice.whole(1, 9)), str(dice.whole(10, 9_999)), str(dice.whole(10_000, 9_999_999))))
        places = dice.weighted({1: 2, 2: 6, 4: 4, 6: 2})
        return whole + "." + "".join(str(dice.whole(0, 9)) for _ in range(places))
    if kind == "comma":
        return f"{dice.whole(1_000, 9_999_999):,}"
    if kind == "signed":
        return dice.weighted({"-": 3, "+": 2}) + str(dice.whole(1, 300))
    return number_with_unit(dice)


def number_with_unit(dice: Dice) -> str:
    """A number with 件, 元 or 万元 behind it."""
    if dice.chance(0.5):
        return str(dice.whole(1, 99_999)) + dice.pick("件笔项")
    amount = dice.between(0.1, 9_999)
    return f"{amount:.{dice.pick((2, 4, 6))}f}万元" if dice.chance(0.5) else f"{dice.whole(10_000, 9_999_999)}元"


def content(dice: Dice, zeros: str) -> str:
    """What one cell shows; ``zeros`` is how its table writes most of its zeros."""
    if dice.chance(0.22):
        return dice.pick(DASHES) if zeros == "dash" else {"zero": "0", "blank": "", "slash": "/", "none": "无"}[zeros]
    kind = dice.weighted({"number": 82, "blank": 7, "slash": 3.5, "dash": 4.5, "none": 2.5})
    if kind == "number":
        return number(dice)
    return {"blank": "", "slash": "/", "none": "无", "dash": dice.pick(DASHES)}[kind]


def target_of(text: str) -> str:
    """The string that the network is to read: full-width forms folded, all dashes one."""
    folded = text.translate({ord("０") + i: str(i) for i in range(10)})
    return "-" if folded and set(folded) <= set(DASHES) else folded


def _font(face: Face, size: float) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(face.path, max(6, round(size)), index=face.index)


def _chinese(text: str) -> bool:
    return any(c > "\u2e7f" or c in "―─—" for c in text)


def _look(dice: Dice, figures: list[Face], words: list[Face], scale: float) -> _Look:
    point = dice.weighted({7.5: 1, 8.5: 2, 9.0: 3, 10.5: 4, 12.0: 2, 14.0: 1}) * dice.between(0.95, 1.05)
    return _Look(
        dice.pick(figures),
        dice.pick(words),
        point / 72 * scale,
        dice.weighted({"center": 5, "right": 2, "left": 1.5}),
        dice.between(0.15, 1.1) / 25.4 * scale,
        dice.weighted({0: 6, 34: 2, 51: 1, 80: 0.5}),
        dice.weighted({0: 6, 80: 2, 150: 1}),
        dice.weighted({"zero": 6, "blank": 2, "slash": 1, "dash": 1, "none": 0.6}),
        dice.chance(0.06),
        _OLD and dice.chance(0.08),
    )


def draw_sheet(dice: Dice, dpi: float, figures: list[Face], words: list[Face]) -> tuple[np.ndarray, list[SheetCell]]:
    """Draw a page full of tables.

    Args:
        dice: the stream of this sheet.
        dpi: of the picture.
        figures: faces for numbers.
        words: faces for labels and marks.

    Returns:
        uint8 RGB (height, width, 3) and the cells with numbers, marks or nothing in them.
    """
    scale = dpi * SUPER
    width, height = round(WIDTH_IN * scale), round(HEIGHT_IN * scale)
    picture = Image.new("L", (width, height), 255)
    pen = ImageDraw.Draw(picture)
    cells: list[SheetCell] = []
    y = dice.between(0.5, 0.9) * scale
    while y < height - 1.2 * scale:
        look = _look(dice, figures, words, scale)
        y = _table(dice, pen, look, y, width, height, scale, cells) + dice.between(0.12, 0.35) * scale
    small = cv2.resize(
        np.asarray(picture), (round(WIDTH_IN * dpi), round(HEIGHT_IN * dpi)), interpolation=cv2.INTER_AREA
    )
    return cv2.cvtColor(small, cv2.COLOR_GRAY2RGB), [_reduced(c) for c in cells]


def _reduced(cell: SheetCell) -> SheetCell:
    b, ln = cell.box, cell.line
    return SheetCell(
        (b[0] / SUPER, b[1] / SUPER, b[2] / SUPER, b[3] / SUPER),
        (ln[0] / SUPER, ln[1] / SUPER, ln[2] / SUPER, ln[3] / SUPER),
        cell.text,
    )


def _table(
    dice: Dice,
    pen: ImageDraw.ImageDraw,
    look: _Look,
    top: float,
    width: int,
    height: int,
    scale: float,
    cells: list[SheetCell],
) -> float:
    """Draw one table and return where it ends."""
    left, right = 0.55 * scale, width - dice.between(0.5, 0.8) * scale
    columns = dice.weighted({2: 0.8, 4: 2, 7: 3, 10: 4, 14: 4})
    edges = [left, left + dice.between(0.12, 0.3) * (right - left)]
    shares = dice.rng.dirichlet(np.full(columns, 40.0)) * (right - edges[1])
    edges += [edges[1] + float(s) for s in np.cumsum(shares)]
    row = look.size * dice.between(1.3, 2.6)
    rows = min(dice.whole(5, 14), int((height - 0.6 * scale - top) / row))
    if rows < 2:
        return float(height)
    weight = max(1, round(dice.between(0.3, 1.3) / 72 * scale))
    for i in range(rows + 1):
        pen.line((edges[0], top + i * row, edges[-1], top + i * row), fill=look.rule, width=weight)
    for x in edges:
        pen.line((x, top, x, top + rows * row), fill=look.rule, width=weight)
    for i in range(rows):
        y0, y1 = top + i * row, top + (i + 1) * row
        label = "".join(dice.pick(LABELS) for _ in range(dice.whole(2, 7)))
        font = _font(look.words, look.size)
        if font.getlength(label) < edges[1] - edges[0] - 2 * look.pad:
            pen.text((edges[0] + look.pad, (y0 + y1) / 2), label, fill=look.ink, font=font, anchor="lm")
        for x0, x1 in pairwise(edges[1:]):
            cells.append(_cell(dice, pen, look, (x0, y0, x1, y1)))
    return top + rows * row


def _cell(dice: Dice, pen: ImageDraw.ImageDraw, look: _Look, box: tuple[float, float, float, float]) -> SheetCell:
    x0, y0, x1, y1 = box
    text = content(dice, look.zeros)
    if not _printable(look, text):
        text = "-"
    if look.full and text.isdigit() and len(text) <= 3:
        text = text.translate(_FULL)
    room = x1 - x0 - 2 * look.pad
    while text and _length(look, text) > room:
        text = (
            text[: len(text) // 2]
            if text[: len(text) // 2].isdigit()
            else str(dice.whole(0, 9))
            if len(text) > 1
            else ""
        )
    if not text:
        return SheetCell(box, box, "")
    size = _length(look, text)
    x = {"center": (x0 + x1 - size) / 2, "right": x1 - look.pad - size, "left": x0 + look.pad}[look.align]
    y = (y0 + y1) / 2 + dice.between(-0.06, 0.06) * look.size
    start = x
    for piece in _pieces(text):
        face = look.words if _chinese(piece) else look.figures
        font = _font(face, look.size)
        old = ["onum"] if look.old and not _chinese(piece) else None
        pen.text((x, y + 0.36 * look.size), piece, fill=look.ink, font=font, anchor="ls", features=old)
        x += font.getlength(piece)
    return SheetCell(box, (start, y - 0.62 * look.size, x, y + 0.62 * look.size), text)


def _pieces(text: str) -> list[str]:
    """The text cut where the face changes."""
    pieces: list[str] = []
    for c in text:
        if pieces and _chinese(pieces[-1]) == _chinese(c):
            pieces[-1] += c
        else:
            pieces.append(c)
    return pieces


@cache
def _codes(face: Face) -> frozenset[int]:
    return frozenset(TTFont(face.path, fontNumber=face.index, lazy=True).getBestCmap())


def _printable(look: _Look, text: str) -> bool:
    """Whether the faces have all characters of the text."""
    return all(ord(c) in _codes(look.words if _chinese(c) else look.figures) for c in text)


def _length(look: _Look, text: str) -> float:
    return sum(_font(look.words if _chinese(p) else look.figures, look.size).getlength(p) for p in _pieces(text))
