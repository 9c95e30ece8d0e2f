"""Where the columns of a table stand on the lines of a text that kept its layout, and how well a value's place agrees with each.

Converters that draw tables with blanks (w3m, lynx, pandoc, pdftotext -layout) leave an empty cell as a gap. The columns are told by the
rows that are full and by the heads; whether a wide character counts once or twice, and whether cells are flush left, centred or flush
right, is what makes the rows of the text agree best.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Final

import numpy as np

from gikocr.forms import Section, normalise
from gikocr.kie.text_rows import FormRow
from gikocr.kie.text_tokens import WIDE, Token

if TYPE_CHECKING:
    from numpy.typing import NDArray

SPREAD: Final = 0.16
"""Standard deviation of a value's place about its column's, in distances between neighbouring columns."""
FARTHEST: Final = 12.0
"""Most that a place speaks against a column, in natural log."""
BEST_FIT: Final = 0.2
"""Mean distance of values from their columns up to which a text counts as one that kept its layout."""
GAPS: Final = 0.5
"""Share of the gaps in rows with lost cells that must be wider than one blank."""
TRUSTED: Final = 0.35
"""Distance of a value from its column, in those between neighbouring columns, from which on its row's places are not believed."""
EXACT_SHARE: Final = 0.9
"""Share of the values that must stand exactly under a head, or under values of full rows, for these to tell columns."""
SHORTEST_HEAD: Final = 2
"""Letters of a head broken over lines by which it is known."""

Group = tuple[int, int]
"""A section of the table and a page of the text."""


@dataclass(frozen=True, slots=True, eq=False)
class _Ruler:
    """Places of the columns of one group; ``wide``: wide characters count twice; ``edge``: 0 flush left, 0.5 centred, 1 right."""

    wide: bool
    edge: float
    at: NDArray[np.float64]
    pitch: NDArray[np.float64]

    def distances(self, tokens: Sequence[Token]) -> NDArray[np.float64]:
        """(tokens, columns) distances, in those between neighbouring columns."""
        places = np.array([place_of(t, self.wide, self.edge) for t in tokens])
        found: NDArray[np.float64] = np.abs(places[:, None] - self.at[None, :]) / self.pitch[None, :]
        return found


class Columns:
    """The columns of a table in a text.

    Args:
        rows: rows that stand alone in their run, with its values.
        heads: for each section the words before its first row.
    """

    def __init__(self, rows: Sequence[tuple[FormRow, Sequence[Token]]], heads: Mapping[int, Sequence[Token]]) -> None:
        self._rulers: dict[Group, _Ruler] = {}
        groups: dict[Group, list[tuple[FormRow, Sequence[Token]]]] = {}
        for row, values in rows:
            if row.n_values > 1 and values and on_one_line(values) and len(values) <= row.n_values:
                groups.setdefault((row.section, values[0].sheet), []).append((row, values))
        for group, own in groups.items():
            section = own[0][0].table.sections[group[0]]
            if any(len(v) < r.n_values for r, v in own) and keeps_gaps(own):
                ruler = _ruler(own, section, [t for t in heads.get(group[0], ()) if t.sheet == group[1]])
                if ruler is not None:
                    self._rulers[group] = ruler

    def of(self, row: FormRow, values: Sequence[Token]) -> NDArray[np.float64] | None:
        """(values, columns) log weight of each value's place for each column; None where the text does not say."""
        if not values or not on_one_line(values):
            return None
        ruler = self._rulers.get((row.section, values[0].sheet))
        if ruler is None or len(ruler.at) != row.n_values:
            return None
        distances = ruler.distances(values)
        if distances.min(axis=1).max() > TRUSTED:
            return None
        found: NDArray[np.float64] = -np.minimum(FARTHEST, (distances / SPREAD) ** 2 / 2)
        return found


def on_one_line(values: Sequence[Token]) -> bool:
    """Whether values stand on the same line of a text."""
    return values[0].place.line is not None and len({t.place.line for t in values}) == 1


def keeps_gaps(rows: Sequence[tuple[FormRow, Sequence[Token]]]) -> bool:
    """Whether lost cells left gaps; where no row can say, whether there are full rows enough to tell by their agreement."""
    wide = [
        (b.place.column or 0) - (a.place.column or 0) - len(a.text) > 1
        for row, values in rows
        if len(values) < row.n_values
        for a, b in itertools.pairwise(values)
    ]
    if wide:
        return sum(wide) >= GAPS * len(wide)
    return sum(len(values) == row.n_values for row, values in rows) > 2


def place_of(token: Token, wide: bool, edge: float) -> float:
    """Where a token stands on its line, in characters from 0; arguments as of the columns."""
    width = len(token.text) + (_wide(token.text) if wide else 0)
    return (token.place.column or 1) - 1 + (token.wide if wide else 0) + edge * width


def pitches(at: Sequence[float]) -> NDArray[np.float64]:
    """For each place in ascending order the distance to its nearer neighbour."""
    gaps = np.diff(at)
    nearer: NDArray[np.float64] = np.minimum(np.concatenate([gaps[:1], gaps]), np.concatenate([gaps, gaps[-1:]]))
    return nearer


def _wide(text: str) -> int:
    return sum(c > WIDE for c in text)


def _ruler(rows: Sequence[tuple[FormRow, Sequence[Token]]], section: Section, heads: Sequence[Token]) -> _Ruler | None:
    """The columns with which the rows agree best; None where they agree with none."""
    best: tuple[float, _Ruler] | None = None
    full = [values for row, values in rows if len(values) == row.n_values]
    for wide, edge in itertools.product((False, True), (0.0, 0.5, 1.0)):
        found = [matched_heads(section, heads, wide, edge)]
        if full:
            found.append([median(place_of(t, wide, edge) for t in column) for column in zip(*full, strict=True)])
        for at in (_exact(at, [v for _, v in rows], wide, edge) for at in found):
            if at is None or len(at) < 2 or any(b - a < 1 for a, b in itertools.pairwise(at)):
                continue
            ruler = _Ruler(wide, edge, np.array(at), pitches(at))
            cost = _cost(ruler, [values for _, values in rows])
            if best is None or cost < best[0]:
                best = cost, ruler
    return best[1] if best is not None and best[0] <= BEST_FIT else None


def _exact(at: list[float] | None, rows: Sequence[Sequence[Token]], wide: bool, edge: float) -> list[float] | None:
    """The places of columns if most values stand exactly at one of them."""
    places = [place_of(t, wide, edge) for values in rows for t in values]
    if at is None or sum(min(abs(x - a) for a in at) < 1 for x in places) < EXACT_SHARE * len(places):
        return None
    return at


def _cost(ruler: _Ruler, rows: Sequence[Sequence[Token]]) -> float:
    """Mean distance of values from columns, each row's in the order in which they agree best."""
    total, n = 0.0, 0
    for values in rows:
        distances = np.minimum(1.0, ruler.distances(values))
        best = np.zeros(distances.shape[1] + 1)
        for own in distances:
            best = np.concatenate([[np.inf], np.minimum.accumulate(best[:-1] + own)])
        total += float(best[-1])
        n += len(values)
    return total / n


def matched_heads(section: Section, heads: Sequence[Token], wide: bool, edge: float) -> list[float] | None:
    """The places of all columns' heads; None where some are not found."""
    placed = []
    for token, text in _parted(heads):
        fits = [k for k, c in enumerate(section.columns) if len(text) >= SHORTEST_HEAD and _names(text, c.label.all)]
        if fits:
            placed.append((place_of(token, wide, 0.0), place_of(token, wide, 1.0), token.place.line or 0, fits, token))
    # What stands below another one is the rest of a head broken over lines.
    upper = [p for p in placed if not any(q[2] < p[2] and q[0] < p[1] and p[0] < q[1] for q in placed)]
    upper.sort(key=lambda p: p[0])
    n = len(section.columns)
    if len(upper) != n or any(k not in p[3] for k, p in enumerate(upper)):
        return None
    return [place_of(p[4], wide, edge) for p in upper]


def _parted(heads: Sequence[Token]) -> list[tuple[Token, str]]:
    """Heads with their letters; letters set apart by one blank, or one under the other, are one head."""
    found: list[tuple[Token, str]] = []
    ends: list[tuple[int, float, float]] = []
    for token in heads:
        text, line = normalise(token.text), token.place.line or 0
        left, right = place_of(token, True, 0.0), place_of(token, True, 1.0)
        joins = [
            k
            for k, (bottom, start, end) in enumerate(ends)
            if len(text) == 1
            and len(found[k][0].text) == 1
            and ((line == bottom and left == end + 1) or (line == bottom + 1 and left < end and start < right))
        ]
        if joins:
            found[joins[0]] = (found[joins[0]][0], found[joins[0]][1] + text)
            ends[joins[0]] = (line, left, right)
        else:
            found.append((token, text))
            ends.append((line, left, right))
    return found


def _names(text: str, labels: Sequence[str]) -> bool:
    return any(normalise(label).startswith(text) for label in labels)
