"""Copies of damaged texts with other numbers: the damage stays, the zeros give way to values that add up and mostly differ."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from scripts.scanmaker import form
from scripts.scanmaker.dice import Dice

SHORT_ROWS = 7
"""Columns of table 三; rows of a text with fewer numbers lost some of theirs."""
ZERO = 0.08
"""Share of zeros among the parts."""
LARGEST = 4.5
"""Natural logarithm of the largest part."""

_FIRST = re.compile(r"^二、.*公开政府信息情况\s*$", re.MULTILINE)
_LAST = re.compile(r"^五、.*(?:问题|改进)", re.MULTILINE)
_CELL = re.compile(r"(?<![^\s|])\d+(?![^\s|])")


def draw_values(dice: Dice, blank: set[str]) -> dict[str, int | str]:
    """Draw all fields of the edition of 2021; fields in ``blank`` count as nothing in the sums and get no value."""
    values: dict[str, int | str] = {f: dice.whole(0, 900) for f in form.field_ids("二", "2021")}
    values["disclosure.fees.amount"] = f"{dice.between(0, 20_000):.{dice.whole(0, 6)}f}"
    rows = form.result_rows("2021")
    for kind in form.KINDS[:-1]:
        parts = {f"requests.{r}.{kind}": _part(dice) for r in rows}
        for field in parts.keys() & blank:
            parts[field] = 0
        total = sum(parts.values())
        left = _part(dice)
        old = min(_part(dice), total + left)
        values |= parts
        values |= {
            f"requests.total.{kind}": total,
            f"requests.carried_out.{kind}": left,
            f"requests.carried_in.{kind}": old,
            f"requests.received.{kind}": total + left - old,
        }
    for row in [*rows, "total", "carried_out", "carried_in", "received"]:
        values[f"requests.{row}.total"] = sum(int(values[f"requests.{row}.{k}"]) for k in form.KINDS[:-1])
    for remedy in form.REMEDIES:
        parts = {f"remedies.{remedy}.{o}": _part(dice) for o in form.OUTCOMES[:-1]}
        values |= parts | {f"remedies.{remedy}.total": sum(parts.values())}
    return {f: v for f, v in values.items() if f not in blank}


def _part(dice: Dice) -> int:
    return 0 if dice.chance(ZERO) else int(np.exp(dice.between(0, LARGEST)))


def refill(text: str, truth: dict[str, object], dice: Dice) -> tuple[str, dict[str, object]]:
    """Put drawn values in the place of a text's numbers.

    Args:
        text: a whole report of the edition of 2021 as text, each number parted from the others.
        truth: what it prints.
        dice: the stream of the copy.

    Returns:
        The new text and its truth.

    Raises:
        ValueError: the numbers of the text are neither as many as the truth's nor rows that lost some.
    """
    first, last = _FIRST.search(text), _LAST.search(text)
    if first is None or last is None:
        raise ValueError("the headings of parts 二 and 五 were not found")
    spots = [m.span() for m in _CELL.finditer(text, first.end(), last.start())]
    fields = truth["fields"]
    assert isinstance(fields, dict)
    order = [f for table in "二三四" for f in form.field_ids(table, "2021")]
    blank = {f for f in order if isinstance(fields[f], dict) and fields[f]["state"] == "blank"}
    values = draw_values(dice, blank)
    printed = [f for f in order if f not in blank]
    inferred: set[str] = set()
    if len(spots) != len(printed):
        printed, inferred = _with_losses(text, spots, printed, dice)
    for (start, end), field in reversed(list(zip(spots, printed, strict=True))):
        text = text[:start] + str(values[field]) + text[end:]
    new = {
        f: {"value": None, "state": "blank"} if f in blank else {"value": _as_json(values[f]), "state": "read"}
        for f in order
    }
    return text, {**truth, "fields": new, "inferred": sorted(inferred)}


def _as_json(value: int | str) -> int | float:
    return value if isinstance(value, int) else float(value)


def _with_losses(
    text: str, spots: Sequence[tuple[int, int]], printed: Sequence[str], dice: Dice
) -> tuple[list[str], set[str]]:
    """Decide which columns the short rows of table 三 lost: the numbers that are left, in order, and the fields that are uncertain."""
    rows: list[list[tuple[int, int]]] = []
    for spot in spots:
        between = text[rows[-1][-1][1] : spot[0]] if rows else "x"
        if re.search(r"[^\s|\d]|\|\||\|\s*\|", between):
            rows.append([])
        rows[-1].append(spot)
    kept: list[str] = []
    uncertain: set[str] = set()
    at = 0
    for row in rows:
        requests = printed[at].startswith("requests.")
        columns = SHORT_ROWS if requests else len(row)
        fields = printed[at : at + columns]
        if len(row) < columns:
            uncertain |= set(fields)
        # Where a merged label lost a column, the first number stands twice.
        kept += [fields[0]] * (len(row) - columns) + dice.some(fields, len(row))
        at += columns
    if at != len(printed):
        raise ValueError(f"{len(spots)} numbers, {len(printed)} fields, {at} of them in rows")
    return kept, uncertain


def write_copies(sources: Sequence[Path], truths: Path, out: Path, copies: int, seed: int) -> None:
    """Write refilled copies of texts, in turn, with their truth, to ``out/docs`` and ``out/truth``."""
    (out / "docs").mkdir(parents=True, exist_ok=True)
    (out / "truth").mkdir(parents=True, exist_ok=True)
    for k in range(copies):
        source = sources[k % len(sources)]
        truth = json.loads((truths / f"{source.stem}.json").read_text(encoding="utf-8"))
        text, told = refill(source.read_text(encoding="utf-8"), truth, Dice(seed, k))
        name = f"{source.stem}-{k:04d}"
        told["file"] = f"{name}.txt"
        (out / "docs" / f"{name}.txt").write_text(text, encoding="utf-8")
        (out / "truth" / f"{name}.json").write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")
