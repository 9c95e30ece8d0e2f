"""How well the tokens of a run fit rows of the form by their number, and how rows are divided over the groups of a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from gikocr.kie.alignment import NEVER
from gikocr.kie.text_tokens import Token

FITS, FILLED, CUT_UP = 1.5, 1.0, 0.5
"""Log weights of a row with the right number of values, with empty cells among them, and with digits that can be cut up to fit."""
OFF_BY_ONE: Final = -1.2
"""Log weight per value too many or too few."""
OFF_LOSSY: Final = -0.3
"""The same for a value too few where a text lost its empty cells."""
LONGEST_OFF: Final = 5
EXTRA_ROW: Final = -4.0
"""Log weight of a row of values, told by its end, that belongs to no row of the form."""


class RunFits:
    """How well the tokens of a run fit rows of given lengths, computed once for each; ``lossy``: the text lost its empty cells."""

    def __init__(self, run: Sequence[Token], *, lossy: bool = False) -> None:
        self._lossy, self._off = lossy, OFF_LOSSY if lossy else OFF_BY_ONE
        self.counts = counts_of(run)
        self._groups = [(group, counts_of(group)) for group in row_groups(run)]
        self._known: dict[tuple[int, ...], float] = {}

    def of(self, wanted: tuple[int, ...]) -> float:
        """Log weight of rows with so many values each."""
        if wanted not in self._known:
            n = len(wanted)
            if len(self._groups) <= 1 or n == 1:
                extra = EXTRA_ROW * max(0, len(self._groups) - n)
                # One row alone is short by its empty cells; several with too few values are mostly not what a run stands for.
                off = self._off if n == 1 else OFF_BY_ONE
                values, blanks, room = self.counts
                room = values if self._lossy and n > 1 and values > 1 else room
                self._known[wanted] = n * row_fit(values, blanks, room, sum(wanted), spread=n, off=off) + extra
            else:
                self._known[wanted] = divide_groups([group for group, _ in self._groups], wanted)[0]
        return self._known[wanted]


def counts_of(run: Sequence[Token]) -> tuple[int, int, int]:
    """Values, empty cells, and the values that there would be if every digit were one."""
    values = [t.text for t in run if t.kind == "value"]
    return len(values), sum(t.kind in ("blank", "pad") for t in run), sum(_most_pieces(v) for v in values)


def _most_pieces(text: str) -> int:
    return len(text) if text.isdigit() else 1


def row_groups(run: Sequence[Token]) -> list[list[Token]]:
    """The tokens of a run between the ends of rows, without groups in which nothing stands."""
    groups: list[list[Token]] = [[]]
    for token in run:
        if token.kind == "break":
            groups.append([])
        else:
            groups[-1].append(token)
    filled = [g for g in groups if any(t.kind == "value" for t in g)]
    return filled or [g for g in groups if g][:1]


def divide_groups(groups: Sequence[Sequence[Token]], wanted: Sequence[int]) -> tuple[float, tuple[int, ...]]:
    """Divide rows over the groups of a run, at least one row each as long as there are enough.

    Returns:
        The log weight, and for each group how many rows it holds (0: it is none of the form's).
    """
    n = len(wanted)
    best: list[tuple[float, tuple[int, ...]]] = [(0.0, ()), *[(NEVER, ())] * n]
    for group in groups:
        values, blanks, room = counts_of(group)
        following = [(w + EXTRA_ROW, (*path, 0)) for w, path in best]
        for taken, (weight, path) in enumerate(best):
            if weight <= NEVER / 2:
                continue
            slots = 0
            for end in range(taken + 1, n + 1):
                slots += wanted[end - 1]
                m = end - taken
                if m > 1 and slots - wanted[end - 1] >= max(values + blanks, room):
                    break
                gain = weight + m * row_fit(values, blanks, room, slots, spread=m)
                if gain > following[end][0]:
                    following[end] = (gain, (*path, m))
        best = following
    return best[n]


def row_fit(values: int, blanks: int, room: int, wanted: int, *, spread: int = 1, off: float = OFF_BY_ONE) -> float:
    """Log weight of a row with so many values and empty cells where ``wanted`` values are due.

    ``spread``: over so many rows; ``off``: log weight of each value too few.
    """
    if values == wanted:
        return FITS
    if values < wanted <= values + blanks:
        return FILLED
    if values < wanted <= room:
        return CUT_UP
    if values == 0:
        return FILLED / 2 if blanks else OFF_BY_ONE
    if values < wanted:
        return max(LONGEST_OFF * OFF_BY_ONE, off * (wanted - values - blanks) / spread)
    return max(LONGEST_OFF * OFF_BY_ONE, OFF_BY_ONE * (values - wanted) / spread)
