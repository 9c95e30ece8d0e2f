"""What may stand in a cell: numerals and marks, how they are spelt, and what they mean."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Final

from gikocr.elements import State

SYMBOLS: Final = "0123456789.,-+/无"
"""The numeral alphabet; index 0 of a CTC output over it is the blank, symbol i stands at i + 1."""

ALIASES: Final[dict[str, str]] = {
    "0": "0oO〇○。°Ｏｏ０QＱ◯OОо口",
    "1": "1lI|丨１ｌＩ｜!ⅠіІ",
    "2": "2２zZ",
    "3": "3３",
    "4": "4４",
    "5": "5５sS",
    "6": "6６b",
    "7": "7７",
    "8": "8８B",
    "9": "9９g",
    ".": ".．·•",
    ",": ",，、'",
    "-": "-－–−—―─一ー_﹣~～",
    "+": "+＋",
    "/": "/／丿ノ╱∕",
    "无": "无無",
}
"""Glyphs of a full recogniser that stand for a symbol when they are found in a cell of numbers."""

_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?")
_UNIT = re.compile(r"(万元|亿元|元|件|笔|项|个|宗|份|条|起|％|%)+$")
_NONE_WORDS = ("无", "無", "不适用", "暂无", "没有")


def state_of(printed: str) -> State:
    """The state of a cell that holds this text (already stripped of outer blanks)."""
    if printed == "":
        return "blank"
    if set(printed) <= set("/／\\"):
        return "slash"
    if set(printed) <= set("-－–−—―─_"):
        return "dash"
    if printed in _NONE_WORDS:
        return "none_word"
    return "read" if value_of(printed) is not None else "other_text"


def value_of(printed: str) -> Decimal | None:
    """The number that a text stands for, or None.

    Thousands commas must stand in their places, a unit may follow, full-width digits count; ``1.2.3`` or ``5-`` is no number.
    """
    text = printed.translate(_FULL_WIDTH).replace(" ", "")
    text = _UNIT.sub("", text)
    if "," in text:
        if not re.fullmatch(r"[-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?", text):
            return None
        text = text.replace(",", "")
    if not _NUMBER.fullmatch(text):
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def unit_of(printed: str) -> str | None:
    """The unit printed behind a number, such as 元 or 万元."""
    found = _UNIT.search(printed.strip())
    return found.group(0) if found else None


def plausible(printed: str) -> bool:
    """Whether a string of :data:`SYMBOLS` is something that a cell can hold: one mark, or a number without leading zeros."""
    digits = printed.lstrip("+-")
    return state_of(printed) != "other_text" and not (len(digits) > 1 and digits[0] == "0" and digits[1] != ".")


_FULL_WIDTH = {ord("０") + i: str(i) for i in range(10)} | {
    ord("．"): ".",
    ord("，"): ",",
    ord("－"): "-",
    ord("＋"): "+",
    ord("−"): "-",
}
