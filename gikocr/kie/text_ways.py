"""The ways to share the tokens of a run out over the columns of its rows, with their probabilities."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final

from gikocr.kie.cutting import Sums, ways_to_cut
from gikocr.kie.joint import SOURCE_ERROR
from gikocr.kie.text_lost import obeys, placements
from gikocr.kie.text_tokens import Token
from gikocr.markup import TextPlace

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

USUAL_PLACE: Final = 0.9
"""Probability that a row's values stand where those of the table's full rows do, when empty cells leave a choice."""
ALL_BLANK: Final = 0.995
"""Probability that a row is blank that shows empty cells only, though not as many as it should."""
LOST_ORDER, LOST_MOST = 0.4, 0.9
"""Least and greatest probability of the places of values that differ, when some of the row are lost."""
EXTRA: Final = 0.95
"""Probability that the values taken are the row's, where there are more than it has columns."""
TORN_ROW: Final = 0.9
"""Probability of the order of a row's values that stand on several lines, when left to right is another one."""
LOST_CELLS: Final = 4
"""From so many numbers too few on, numbers parted by blanks are taken to run together rather than to lack empty cells."""
LOST_CELLS_SURE: Final = 0.998
"""Probability of a placement of a row's values, given that it is the right one by sums and layout: no cell but empty ones was lost."""
FIRST_LEADS: Final = 3.0
"""How much more probable a way to cut is for each digit more of a sum's first part. In reports natural persons and upheld decisions,
which are printed first, are by far the most."""
CUT_DOUBT: Final = 2e-3
"""What is always left to ways of cutting digits that break a rule."""
FREE_DOUBT: Final = 0.02
"""The same for numbers in no rule that are cut in the only way there is."""


@dataclass(frozen=True, slots=True)
class Slot:
    """What stands in one column: its characters ("" for an empty cell), its place, and how sure it is that they are the column's."""

    printed: str
    place: TextPlace
    certainty: float = 1.0


def slot_of(token: Token, certainty: float = 1.0) -> Slot:
    """A token as the content of a column."""
    return Slot(token.text if token.kind == "value" else "", token.place, certainty)


@dataclass(frozen=True, slots=True, eq=False)
class RowSpace:
    """What is known of the columns of a row apart from its tokens.

    Attributes:
        lead: how many empty cells stand before the values of full rows.
        shares: how often something is counted in each column; empty where that is asked of another row, or not known.
        places: (values, columns) log weights of the values' places; None where the text kept no layout.
        parted: whether other rows show values apart from each other.
        alone: whether the tokens are those of one row.
    """

    lead: int = 0
    shares: tuple[float, ...] = ()
    places: NDArray[np.float64] | None = None
    parted: bool = False
    alone: bool = True


def share_out(
    tokens: Sequence[Token], wanted: int, sums: Sequence[Sums], space: RowSpace
) -> list[tuple[float, tuple[Slot, ...]]]:
    """The ways to share tokens out over the columns of one row or run, with their probabilities."""
    values = [t for t in tokens if t.kind == "value"]
    cells = [t for t in tokens if t.kind != "pad"]
    if len(values) == wanted:
        orders = [values, *_by_column(values)]
        if len(orders) == 1:
            return [(1.0, tuple(slot_of(t) for t in values))]
        return _weighed([(1.0, tuple(slot_of(t, TORN_ROW) for t in order)) for order in orders], sums)
    if not values:
        place = tokens[0].place if tokens else TextPlace()
        sure = 1.0 if len(cells) >= wanted else ALL_BLANK
        return [(1.0, tuple(Slot("", place, sure) for _ in range(wanted)))]
    if len(values) < wanted:
        for trial in (cells, list(tokens)):
            if len(trial) == wanted:
                return [(1.0, tuple(slot_of(t) for t in trial))]
            if len(trial) > wanted:
                windows = _windows(trial, wanted, space.lead)
                if windows:
                    return _weighed(windows, sums)
        whole = space.places is not None or (space.parted and not sums) or _add_up(values, wanted, sums)
        if len(cells) == len(values) and not whole and runs_together(values, wanted):
            cut = _cut(values, wanted, sums)
            if cut:
                return cut
        return _with_lost(tokens, wanted, sums, space)
    return _weighed(
        [(EXTRA, tuple(slot_of(t, EXTRA) for t in values[k : k + wanted])) for k in range(len(values) - wanted + 1)],
        sums,
    )


def _add_up(values: Sequence[Token], wanted: int, sums: Sequence[Sums]) -> bool:
    """Whether several numbers as they stand obey the sums of a row that lost its empty cells: then they are whole."""
    if len(values) < 2 or not sums:
        return False
    numbers = [number(t.text) for t in values]
    return any(numbers) and obeys(numbers, wanted, sums)


def _by_column(values: Sequence[Token]) -> list[list[Token]]:
    """The values from left to right, where a row was torn over lines and its lines do not follow each other that way; else nothing.

    Converters that keep the layout put a bold total or a number beside a long label on a line of its own, above the others.
    """
    lines: dict[int, int] = {}
    for token in values:
        if token.place.line is None:
            return []
        lines[token.place.line] = lines.get(token.place.line, 0) + 1
    if len(lines) == 1 or max(lines.values()) == 1:
        return []
    ordered = sorted(values, key=lambda t: t.place.column or 0)
    return [ordered] if [t.text for t in ordered] != [t.text for t in values] else []


def runs_together(values: Sequence[Token], wanted: int) -> bool:
    """Whether the digits of fewer numbers than columns may be cut up: cells that are parted by more than blanks are whole."""
    if sum(len(t.text) if t.text.isdigit() else 1 for t in values) < wanted:
        return False
    if len(values) == 1 or any(len(t.text) > 1 and t.text.startswith("0") and t.text.isdigit() for t in values):
        return True
    # 2 10 0 0 0 12 for seven columns lost an empty cell; only much fewer numbers than columns are sure to run together.
    return all(t.before in ("none", "space") for t in values[1:]) and len(values) <= wanted - LOST_CELLS


def _windows(tokens: Sequence[Token], wanted: int, lead: int) -> list[tuple[float, tuple[Slot, ...]]]:
    """All places of a row's columns among more cells than it has, such that no value is left out."""
    filled = [k for k, t in enumerate(tokens) if t.kind == "value"]
    starts = [s for s in range(len(tokens) - wanted + 1) if s <= filled[0] and filled[-1] < s + wanted]
    usual = lead if lead in starts else (starts[0] if starts else 0)
    rest = (1 - USUAL_PLACE) / max(1, len(starts) - 1)
    return [(USUAL_PLACE if s == usual else rest, tuple(slot_of(t) for t in tokens[s : s + wanted])) for s in starts]


def _weighed(
    ways: Sequence[tuple[float, tuple[Slot, ...]]], sums: Sequence[Sums]
) -> list[tuple[float, tuple[Slot, ...]]]:
    weights = [p * SOURCE_ERROR ** sums_broken(slots, sums) for p, slots in ways]
    total = sum(weights)
    return [(w / total, slots) for w, (_, slots) in zip(weights, ways, strict=True)]


def sums_broken(slots: Sequence[Slot], sums: Sequence[Sums]) -> int:
    """How many sums of a row do not hold."""
    return _broken([s.printed for s in slots], sums)


def _broken(printed: Sequence[str], sums: Sequence[Sums]) -> int:
    numbers = [number(text) for text in printed]
    broken = 0
    for left, right in sums:
        if all(numbers[i] is None for i in left):
            # A total that is left out says nothing, unless parts without one are odd.
            broken += any(numbers[i] for i in right)
            continue
        broken += sum(numbers[i] or 0 for i in left) != sum(numbers[i] or 0 for i in right)
    return broken


def _cut(values: Sequence[Token], wanted: int, sums: Sequence[Sums]) -> list[tuple[float, tuple[Slot, ...]]]:
    """Digits that run together, cut in all ways that obey the rules, else in all ways."""
    found, obeyed = ways_to_cut([t.text for t in values], wanted, sums)
    if not found:
        return []
    sure = 1.0
    if len(found) == 1 and any(end - start > 1 for _, start, end in found[0]):
        sure = 1 - (CUT_DOUBT if sums else FREE_DOUBT)
    elif not obeyed and len(found) > 1:
        sure = 0.9
    elif len(found) > 1:
        sure = 1 - CUT_DOUBT
    slots = [tuple(_piece(values[k], start, end, sure) for k, start, end in way) for way in found]
    leading = [right[0] for left, right in sums if len(left) == 1 and right]
    weights = [FIRST_LEADS ** sum(len(s[k].printed) for k in leading) for s in slots]
    return [(w / sum(weights), s) for w, s in zip(weights, slots, strict=True)]


def _piece(token: Token, start: int, end: int, certainty: float) -> Slot:
    place = token.place
    if start and place.line is not None and place.column is not None:
        place = TextPlace(line=place.line, column=place.column + start)
    return Slot(token.text[start:end], place, certainty)


def _with_lost(
    tokens: Sequence[Token], wanted: int, sums: Sequence[Sums], space: RowSpace
) -> list[tuple[float, tuple[Slot, ...]]]:
    """Fewer cells than columns: which ones were lost is told by the sums and the layout, as far as they do."""
    here = [t for t in tokens if t.kind == "value"]
    # Equal zeros obey every sum wherever they stand; of other equal numbers the sums say where.
    alike = len(here) > 1 and len({t.text for t in here}) == 1 and not number(here[0].text)
    share = len(here) / wanted
    if alike and space.places is None:
        return [(1.0, tuple(Slot(here[0].text, here[min(k, len(here) - 1)].place, share) for k in range(wanted)))]
    sure = max(LOST_ORDER, min(share, LOST_MOST))
    found = placements([number(t.text) for t in here], wanted, sums, space.shares, space.places)
    top = found[0][0]
    ways = []
    for weight, columns in found:
        at = dict(zip(columns, here, strict=True))
        printed = [at[k].text if k in at else "" for k in range(wanted)]
        whole = space.alone and len(here) == len(tokens)
        slots = [slot_of(at[k]) if k in at else Slot("", here[-1].place) for k in range(wanted)]
        certain = LOST_CELLS_SURE if whole and not _broken(printed, sums) else sure
        ways.append((math.exp(weight - top), tuple(replace(s, certainty=certain) for s in slots)))
    total = sum(p for p, _ in ways)
    return [(p / total, slots) for p, slots in ways]


def number(printed: str) -> Decimal | None:
    """The number in a cell's text, a unit behind it left out; None for marks and words."""
    digits = printed.replace(",", "").replace("−", "-").rstrip("万亿元件笔项个宗份条起")
    try:
        found = Decimal(digits)
    except InvalidOperation:
        return None
    return found if found.is_finite() else None
