"""Which blanks are cells of which the print was not seen: by how the document writes its zeros elsewhere.

A sum does not see a zero that was lost, and a reader that saw nothing is sure of it. But an authority has its ways: it writes zeros
throughout, leaves them out throughout, or in one table or some rows. So blanks are judged as a whole, by a tree of document, tables,
rows and cells with two hidden things at each node: the custom (zeros are printed, or left out, or it is told further down), and
whether all of it was lost. The rates at which single cells and rows are lost are a document's own. The tree is summed exactly; what
comes out for each blank is the probability that something is printed there.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from gikocr.reconcile.calibration import CELL_LOSSES, Losses

Seen = Literal["blank", "zero", "number"]
"""What was read in a cell; marks and words that stand for zero are ``zero``."""
Custom = Literal["printed", "blank"]

DOCUMENT = {"printed": 0.86, "blank": 0.05, "open": 0.09}
"""How often a whole document prints its zeros, leaves them out, or has no one way; stated, from how agencies print the form."""
TABLE = {"printed": 0.5, "blank": 0.2, "open": 0.3}
"""The same of a table of a document that has no one way."""
ROW = {"printed": 0.85, "blank": 0.15}
"""The same of a row of a table that has no one way."""
STRAY_ZERO, STRAY_BLANK = 0.005, 1e-4
"""Zeros printed where they are left out, and left out where they are printed."""
NEXT_ROW = 0.75
"""In a table that is lost, the probability that the next row is lost too: the more rows, the less likely that each of them was lost."""
TOGETHER, MANY = 0.5, 0.06
"""Share of lost rows that are lost in documents that lose many, and the share of rows that these lose: what hides one row, a boundary
through its dashes or a pale line, hides others like it."""
SEEN_ALL_THE_SAME = (0.5, 4.5)
"""Beta distribution of the share of cells in a lost row or table in which something was seen, such as what is left of a rule."""
IDLE = 0.01
"""Share of cells with numbers in a row in which nothing was counted."""
FEWEST = 2
"""A row with fewer cells is lost like a single cell."""


@dataclass(frozen=True, slots=True)
class Row:
    """What was read in one row: ids of its blank cells and of its others, and how many of these are zeros and other numbers."""

    blank: tuple[str, ...]
    others: tuple[str, ...]
    zeros: int
    numbers: int

    @property
    def cells(self) -> int:
        """How many cells of it were read."""
        return len(self.blank) + self.zeros + self.numbers


def row_of(cells: Mapping[str, Seen], totals: Collection[str] = ()) -> Row:
    """The row that holds these cells, by field; ``totals`` are often printed as 0 where other zeros are left out, and tell nothing."""
    seen = [s for i, s in cells.items() if not (s == "zero" and i in totals)]
    blank = tuple(i for i, s in cells.items() if s == "blank")
    return Row(blank, tuple(i for i in cells if i not in blank), seen.count("zero"), seen.count("number"))


def lost_print(tables: Sequence[Sequence[Row]], losses: Losses) -> dict[str, float]:
    """The probability that a cell is not blank, for all that is not seen in it.

    Args:
        tables: the rows of each table of one document.
        losses: how often print is not seen.

    Returns:
        By field id, in [0, 1]: of blank cells the probability that something is printed there; of other cells that a zero would not be
        left out there.
    """
    found = dict.fromkeys((i for table in tables for row in table for i in (*row.blank, *row.others)), 0.0)
    many = min(0.5, TOGETHER * losses.row / MANY)
    row_losses = ((1.0 - many, losses.row - many * MANY), (many, MANY))
    rates = [(a * b, rate, row) for a, rate in zip(losses.cells, CELL_LOSSES, strict=True) for b, row in row_losses]
    worlds = [_World(tables, losses.table, rate, row) for _, rate, row in rates]
    weights = [_log(share) + world.log_weight for (share, *_), world in zip(rates, worlds, strict=True)]
    whole = _log_sum(weights)
    for world, weight in zip(worlds, weights, strict=True):
        share = math.exp(weight - whole)
        for row, lost, printed in world.lost():
            for field_id in row.blank:
                found[field_id] += share * lost
            for field_id in row.others:
                found[field_id] += share * printed
    return {i: min(1.0, p) for i, p in found.items()}


class _World:
    """One document if its single cells are lost at one rate and its rows at another."""

    def __init__(self, tables: Sequence[Sequence[Row]], table_loss: float, rate: float, row_loss: float) -> None:
        self.tables = [_TableWeights(rows, table_loss, rate, row_loss) for rows in tables if rows]
        self._ways = {way: _log(p) + sum(t.weight(way) for t in self.tables) for way, p in DOCUMENT.items()}
        self.log_weight = _log_sum(self._ways.values())

    def lost(self) -> Iterator[tuple[Row, float, float]]:
        """Each row with the probability that something is printed in a blank cell of it, and that its zeros are printed."""
        for table in self.tables:
            shares = dict.fromkeys(TABLE, 0.0)
            for way, weight in self._ways.items():
                share = math.exp(weight - self.log_weight)
                for own, part in table.divided(way).items():
                    shares[own] += share * part
            yield from table.lost(shares)


class _TableWeights:
    """One table: log weights of what was read under each custom."""

    def __init__(self, rows: Sequence[Row], table_loss: float, rate: float, row_loss: float) -> None:
        # Numbers stand together in few rows: a row without any is no rarity where many others have some.
        busy = [r for r in rows if r.numbers]
        idle = (len(rows) - len(busy) + 1.0) / (len(rows) + 2.0)
        filled = (sum(r.numbers for r in busy) + 0.5) / (sum(r.cells for r in busy) + 1.0)
        self._rows = [_RowWeights(r, ((idle, IDLE), (1.0 - idle, filled)), row_loss, rate) for r in rows]
        together = Row(
            tuple(i for r in rows for i in r.blank), (), sum(r.zeros for r in rows), sum(r.numbers for r in rows)
        )
        loss = table_loss * NEXT_ROW ** (len(rows) - 1)
        gone = _log(loss) + _lost_weight(together)
        kept = math.log1p(-loss)
        self._own: dict[str, float] = {}
        self._gone: dict[str, float] = {}
        for custom in TABLE:
            seen = kept + sum(r.weight(custom) for r in self._rows)
            self._own[custom] = _log_sum((seen, gone))
            self._gone[custom] = math.exp(gone - self._own[custom])
        self._open = _log_sum(_log(TABLE[c]) + self._own[c] for c in TABLE)

    def weight(self, way: str) -> float:
        """Log weight of the table in a document with this way."""
        return self._open if way == "open" else self._own[way]

    def divided(self, way: str) -> dict[str, float]:
        """The probability of each custom of the table in a document with this way."""
        if way != "open":
            return {way: 1.0}
        return {c: TABLE[c] * math.exp(self._own[c] - self._open) for c in TABLE}

    def lost(self, shares: Mapping[str, float]) -> Iterator[tuple[Row, float, float]]:
        """What ``_World.lost`` says of its rows; ``shares``: of the customs."""
        for row in self._rows:
            lost = printed = 0.0
            for custom, share in shares.items():
                if share > 0.0:
                    gone = self._gone[custom]
                    lost += share * ((1.0 - gone) * row.lost(custom) + gone * row.lost(custom, gone=True))
                    printed += share * row.printed(custom)
            yield row.row, lost, printed


class _RowWeights:
    """One row: log weights of what was read under each custom. ``fillings``: probabilities of shares of cells with numbers."""

    def __init__(self, row: Row, fillings: Sequence[tuple[float, float]], row_loss: float, rate: float) -> None:
        self.row = row
        self._filled = math.fsum(p * filled for p, filled in fillings)
        loss = row_loss if row.cells >= FEWEST else 0.0
        gone = _log(loss) + _lost_weight(row)
        self._own: dict[str, float] = {}
        self._gone: dict[str, float] = {}
        self._lost: dict[str, float] = {}
        for custom in ROW:
            ways = [(_log(p) + _seen_weight(row, custom, f, rate), _missed(custom, f, rate)) for p, f in fillings]
            seen = _log_sum(w for w, _ in ways)
            self._lost[custom] = math.fsum(math.exp(w - seen) * missed for w, missed in ways)
            self._own[custom] = _log_sum((math.log1p(-loss) + seen, gone))
            self._gone[custom] = math.exp(gone - self._own[custom])
        self._open = _log_sum(_log(ROW[c]) + self._own[c] for c in ROW)

    def weight(self, custom: str) -> float:
        """Log weight of the row in a table with this custom."""
        return self._open if custom == "open" else self._own[custom]

    def printed(self, custom: str) -> float:
        """The probability that zeros are printed in the row, in a table with this custom."""
        if custom == "open":
            return ROW["printed"] * math.exp(self._own["printed"] - self._open)
        return 1.0 if custom == "printed" else 0.0

    def lost(self, custom: str, *, gone: bool = False) -> float:
        """The probability that something is printed in one of its blank cells; ``gone``: the whole table was lost."""
        if custom == "open":
            # Where the table is lost nothing tells the custom of a row.
            shares = {c: ROW[c] if gone else ROW[c] * math.exp(self._own[c] - self._open) for c in ROW}
            return math.fsum(share * self.lost(c, gone=gone) for c, share in shares.items())
        if_gone = 1.0 if custom == "printed" else self._filled
        lost = 1.0 if gone else self._gone[custom]
        return lost * if_gone + (1.0 - lost) * self._lost[custom]


def _seen_weight(row: Row, custom: str, filled: float, rate: float) -> float:
    """Log weight of what was read in a row that was not lost."""
    blank, zero, number = _chances(custom, filled, rate)
    return len(row.blank) * blank + row.zeros * zero + row.numbers * number


@lru_cache(maxsize=1024)
def _chances(custom: str, filled: float, rate: float) -> tuple[float, float, float]:
    """Log probability that a cell is read as blank, as zero and as another number."""
    left_out = 1.0 - STRAY_ZERO if custom == "blank" else STRAY_BLANK
    zeros, seen = 1.0 - filled, 1.0 - rate
    return (
        _log(zeros * left_out + rate * (1.0 - zeros * left_out)),
        _log(zeros * (1.0 - left_out) * seen),
        _log(filled * seen),
    )


def _missed(custom: str, filled: float, rate: float) -> float:
    """The probability that something is printed in a cell that was read as blank, in a row that was not lost."""
    left_out = (1.0 - filled) * (1.0 - STRAY_ZERO if custom == "blank" else STRAY_BLANK)
    return rate * (1.0 - left_out) / (left_out + rate * (1.0 - left_out))


def _lost_weight(row: Row) -> float:
    """Log weight of what was read where all print was lost; what the blank cells would have been does not matter."""
    return _unseen(len(row.blank), row.cells) + row.zeros * _log(0.5) + row.numbers * _log(0.5)


@lru_cache(maxsize=1024)
def _unseen(blank: int, cells: int) -> float:
    """Log probability of so many blank cells, in their places, among those of which the print was lost."""
    seen, unseen = SEEN_ALL_THE_SAME
    return _log_beta(seen + cells - blank, unseen + blank) - _log_beta(seen, unseen)


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def _log(p: float) -> float:
    return math.log(p) if p > 0.0 else -1e9


def _log_sum(weights: Iterable[float]) -> float:
    found = list(weights)
    top = max(found)
    return float(top + math.log(math.fsum(math.exp(w - top) for w in found)))
