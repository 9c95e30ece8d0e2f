"""How agencies print numbers: marks for zero, signs, units, thousands commas, and their own mistakes."""

from __future__ import annotations

from dataclasses import dataclass

from scripts.scanmaker import form
from scripts.scanmaker.dice import Dice


@dataclass(frozen=True, slots=True)
class Printed:
    """What one cell of a table shows.

    Attributes:
        text: the characters as printed, "" for a blank cell.
        value: the number that they mean: int for counts, a string of digits for amounts, None without a number.
        state: read, blank, slash, dash or none_word.
    """

    text: str
    value: int | str | None
    state: str


MARKS = {"/": "slash", "-": "dash", "—": "dash", "－": "dash", "无": "none_word", "": "blank"}
ZERO_STYLES = {
    "zero": 72.0,
    "blank": 8.0,
    "slash": 5.0,
    "slash_rules": 4.0,
    "dash": 2.5,
    "long_dash": 2.0,
    "none_word": 1.0,
    "marked_rows": 3.0,
    "blank_rows": 1.5,
    "empty_form": 1.0,
}
SOURCE_ERRORS = 0.05
THOUSANDS = 0.02
FULL_WIDTH = 0.02
COUNT_WORDS = 0.01
_FULL = str.maketrans("0123456789", "０１２３４５６７８９")


def _mark(mark: str) -> Printed:
    return Printed(mark, None, MARKS[mark])


def _number(value: int | str) -> Printed:
    return Printed(str(value), value, "read")


def _is_zero(value: int | str) -> bool:
    return float(value) == 0


def _narrow(values: dict[str, int | str]) -> bool:
    """Return whether full-width digits fit the columns of table 三: no number has more than three digits."""
    return all(len(str(v)) <= 3 for f, v in values.items() if f.startswith("requests."))


def _rows(tables: dict[str, str]) -> list[list[str]]:
    """Return the ids of every printed row of numbers."""
    rows = [list(ids) for block in form.BLOCKS[tables["二"]] for _, ids in block.rows]
    rows += [[f"requests.{r.id}.{k}" for k in form.KINDS] for r in form.REQUEST_ROWS[tables["三"]]]
    return [*rows, form.field_ids("四", tables["四"])]


def _zero_marks(dice: Dice, values: dict[str, int | str], tables: dict[str, str], style: str) -> dict[str, Printed]:
    """Return the cells that show a mark instead of a zero."""
    zeros = [f for f, v in values.items() if _is_zero(v)]
    plain = {"blank": "", "slash": "/", "dash": dice.pick(("-", "－")), "long_dash": "—", "none_word": "无"}
    if style == "empty_form":
        return {f: _mark("") for f in values}
    if style in plain:
        # Many agencies mark only the result rows and leave sums and table 二 as zeros.
        scope = dice.weighted({"all": 3, "三": 2, "parts": 1})
        if scope == "三":
            zeros = [f for f in zeros if f.startswith("requests.")]
        elif scope == "parts":
            zeros = [f for f in zeros if f.startswith("requests.") and "total" not in f]
        return {f: _mark(plain[style]) for f in zeros}
    if style == "slash_rules":
        mark = dice.weighted({"/": 3, "-": 1, "—": 1, "": 1, "无": 0.5})
        return {f: _mark(mark) for f in zeros if f.startswith("disclosure.rules.")}
    if style in {"marked_rows", "blank_rows"}:
        mark = "" if style == "blank_rows" else dice.pick(("/", "-", "—"))
        empty = [row for row in _rows(tables) if all(_is_zero(values[f]) for f in row)]
        chosen = dice.some(empty, dice.whole(1, max(1, len(empty) // 2))) if empty else []
        return {f: _mark(mark) for row in chosen for f in row}
    return {}


def _written(dice: Dice, field: str, value: int | str, habits: dict[str, bool]) -> Printed:
    """Print one number after the habits of the document."""
    if field.endswith(".change") and isinstance(value, int) and value > 0 and habits["plus"]:
        return Printed(f"+{value}", value, "read")
    if field == "disclosure.procurement.amount" and habits["unit"] and not _is_zero(value):
        number = float(value)
        return Printed(f"{value}{'元' if number >= 10_000 else '万元'}", value, "read")
    text = str(value)
    if habits["thousands"] and isinstance(value, int) and value >= 1_000:
        text = f"{value:,}"
    if habits["words"] and field.endswith(".decisions") and not _is_zero(value):
        text += dice.pick(("件", "笔", "项"))
    if habits["full_width"] and field.startswith("requests."):
        text = text.translate(_FULL)
    return Printed(text, value, "read")


def source_error(dice: Dice, cells: dict[str, Printed], tables: dict[str, str]) -> str | None:
    """Make one mistake of the kind that authorities make; return its name, or None where the numbers allow none."""
    edition = tables["三"]
    filled = [
        f for f, c in cells.items() if f.startswith(("requests.", "remedies.")) and c.state == "read" and c.value != 0
    ]
    if not filled:
        return None
    kind = dice.weighted({"wrong_total": 3, "omitted_value": 2, "digit_typo": 3, "neighbour_column": 2})
    totals = [f for f in filled if "total" in f]
    if kind == "wrong_total" and totals:
        field = dice.pick(totals)
        old = int(cells[field].value or 0)
        cells[field] = _number(max(0, old + dice.pick((-10, -2, -1, 1, 1, 2, 10))))
        return kind
    field = dice.pick(filled)
    old = int(cells[field].value or 0)
    if kind == "omitted_value":
        cells[field] = dice.pick((_mark(""), _number(0)))
        return kind
    if kind == "neighbour_column" and field.startswith("requests."):
        _, row, column = field.split(".")
        here = form.KINDS.index(column)
        there = f"requests.{row}.{form.KINDS[here + 1 if here == 0 or (here < 6 and dice.chance(0.5)) else here - 1]}"
        if cells[there].value != cells[field].value:
            cells[field], cells[there] = cells[there], cells[field]
            return kind
    digits = list(str(old))
    place = dice.whole(0, len(digits) - 1)
    digits[place] = dice.pick([d for d in "0123456789" if d != digits[place] and not (place == 0 and d == "0")])
    cells[field] = _number(int("".join(digits)))
    assert field in form.field_ids("三", edition) or field.startswith("remedies.")
    return "digit_typo"


def print_figures(
    dice: Dice, values: dict[str, int | str], tables: dict[str, str]
) -> tuple[dict[str, Printed], tuple[str, ...]]:
    """Print all numbers of a document after one set of habits.

    Args:
        dice: the stream of the document's contents.
        values: field id → number (amounts as strings of digits), rule-consistent.
        tables: edition of each table.

    Returns:
        Field id → printed cell, and the traits for the tags.
    """
    habits = {
        "thousands": dice.chance(THOUSANDS),
        "full_width": dice.chance(FULL_WIDTH) and _narrow(values),
        "words": dice.chance(COUNT_WORDS),
        "plus": dice.chance(0.3),
        "unit": dice.chance(0.4),
    }
    style = dice.weighted(ZERO_STYLES)
    cells = {f: _written(dice, f, v, habits) for f, v in values.items()}
    cells.update(_zero_marks(dice, values, tables, style))
    traits = [f"zeros_{style}"]
    traits += [name for name in ("thousands", "full_width", "words") if habits[name]]
    if dice.chance(SOURCE_ERRORS) and style != "empty_form":
        mistake = source_error(dice, cells, tables)
        if mistake:
            traits += ["source_error", mistake]
    if all(c.state != "read" or _is_zero(c.value or 0) for f, c in cells.items() if f.startswith("requests.")):
        traits.append("no_requests")
    return cells, tuple(traits)
