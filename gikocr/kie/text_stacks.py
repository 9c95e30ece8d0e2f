"""Rows of one part of a table in a text that kept its layout: their values stand in stacks, and a stack is one column.

A page break or a second table moves all columns, and may leave its part without heads and without a full row. Then no place tells its
column, but values right under each other are of the same one, so that few ways are left to read the whole part.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from gikocr.forms import Section
from gikocr.kie.text_columns import FARTHEST, SPREAD, matched_heads, on_one_line, pitches, place_of
from gikocr.kie.text_tokens import Token

EXACT: Final = 0.75
"""Characters by which places of one stack may differ. Converters that draw tables put cells of a column exactly under each other; what
pdftotext -layout draws from a page is off by more, and stands in no column for sure."""
LEAST_ROWS: Final = 2
"""Rows of the least part: one row alone has no stacks."""


@dataclass(frozen=True, slots=True)
class Stacks:
    """A part of a table.

    Attributes:
        rows: indices of its rows among those given.
        of: for each row the stack of each of its values.
        ways: natural log weight, and the column of each stack, as far as heads and full rows tell.
    """

    rows: tuple[int, ...]
    of: tuple[tuple[int, ...], ...]
    ways: tuple[tuple[float, tuple[int, ...]], ...]


def stacks_of(rows: Sequence[Sequence[Token]], section: Section, heads: Sequence[Token]) -> list[Stacks]:
    """Find the parts of a table whose last column holds totals, and the stacks of each.

    Args:
        rows: the values of rows with the section's columns, in the order of the text.
        section: whose columns they are.
        heads: the words before the first of them.

    Returns:
        The parts whose stacks are clear, and in which rows lost cells; none where the text kept no layout.
    """
    here = [k for k, values in enumerate(rows) if values and on_one_line(values)]
    n = len(section.columns)
    best: tuple[tuple[int, float], list[Stacks]] | None = None
    for wide, edge in itertools.product((False, True), (0.0, 0.5, 1.0)):
        places = {k: [place_of(t, wide, edge) for t in rows[k]] for k in here}
        anchors = matched_heads(section, heads, wide, edge)
        found, spread = [], 0.0
        for part in _parts(here, places, {k: rows[k][0].sheet for k in here}):
            stacks = _clear_stacks([places[k] for k in part], n)
            if stacks is None:
                continue
            at, of = stacks
            spread += sum(
                abs(x - at[s]) for k, own in zip(part, of, strict=True) for x, s in zip(places[k], own, strict=True)
            )
            own_heads = anchors if heads and heads[-1].sheet == rows[part[0]][0].sheet else None
            found.append(Stacks(tuple(part), tuple(of), tuple(_ways(at, n, own_heads))))
        covered = sum(len(s.rows) for s in found)
        score = (-covered, spread)
        if found and (best is None or score < best[0]):
            best = score, found
    return best[1] if best is not None else []


def _parts(here: Sequence[int], places: dict[int, list[float]], sheets: dict[int, int]) -> list[list[int]]:
    """Rows that follow each other and end at the same place, where the totals stand."""
    parts: list[list[int]] = []
    for k in here:
        end = places[k][-1]
        if (
            parts
            and sheets[parts[-1][-1]] == sheets[k]
            and abs(median(places[j][-1] for j in parts[-1]) - end) <= EXACT
        ):
            parts[-1].append(k)
        else:
            parts.append([k])
    return [p for p in parts if len(p) >= LEAST_ROWS]


def _clear_stacks(rows: Sequence[Sequence[float]], n_columns: int) -> tuple[list[float], list[tuple[int, ...]]] | None:
    """The places of the stacks and the stack of each value; None where they are not clear of each other."""
    every = sorted(x for row in rows for x in row)
    groups = [[every[0]]]
    for x in every[1:]:
        if x - groups[-1][-1] <= EXACT:
            groups[-1].append(x)
        else:
            groups.append([x])
    if len(groups) > n_columns or any(g[-1] - g[0] > EXACT for g in groups):
        return None
    bounds = [g[0] for g in groups]
    of = [tuple(sum(b <= x for b in bounds) - 1 for x in row) for row in rows]
    if any(len(set(own)) < len(own) for own in of):
        return None
    return [median(g) for g in groups], of


def _ways(at: Sequence[float], n_columns: int, heads: Sequence[float] | None) -> list[tuple[float, tuple[int, ...]]]:
    """The columns of stacks from left to right, the last one those of the totals."""
    ways = [(*front, n_columns - 1) for front in itertools.combinations(range(n_columns - 1), len(at) - 1)]
    if heads is None or any(b - a < 1 for a, b in itertools.pairwise(heads)):
        return [(0.0, way) for way in ways]
    pitch = pitches(heads)
    if abs(at[-1] - heads[-1]) > pitch[-1] / 2:
        return [(0.0, way) for way in ways]  # heads of another part
    weighed = []
    for way in ways:
        off = [min(FARTHEST, ((x - heads[c]) / pitch[c] / SPREAD) ** 2 / 2) for x, c in zip(at, way, strict=True)]
        weighed.append((-math.fsum(off), way))
    if any(abs(x - heads[c]) > EXACT for x, c in zip(at, max(weighed)[1], strict=True)):
        return [(0.0, way) for way in ways]
    return weighed
