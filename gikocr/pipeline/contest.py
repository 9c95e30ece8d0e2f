"""The contest between the grids of a page: how well each fits the form, alone and with others, and which of them are kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gikocr.elements import LabelledGrid
from gikocr.pipeline.grids import Fit, ReadGrid, place_of, share_in_common, touch

INSIDE = 0.1
"""A grid of which this share lies in another shows rows that the other shows too."""
SAME_ROWS = 0.5
"""A grid of which this share lies in another shows little else than rows that the other shows too."""

FitOfGrids = Callable[[Sequence[LabelledGrid]], Fit]


class Contest:
    """Says how well grids of one page fit the form, and keeps of those in one place the ones that hold more of it."""

    def __init__(self, fit: FitOfGrids) -> None:
        """Take what registers grids on the form; what it says of grids is kept until :meth:`forget`."""
        self._fit = fit
        self._fits: dict[tuple[int, ...], tuple[tuple[LabelledGrid, ...], Fit]] = {}

    def fit(self, labelled: Sequence[LabelledGrid]) -> Fit:
        """How well grids of one page fit the form; kept, since registering anew costs more than finding them."""
        key = tuple(id(g) for g in labelled)
        if key not in self._fits:
            # While the grids are kept, no other has their identity.
            self._fits[key] = (tuple(labelled), self._fit(labelled))
        return self._fits[key][1]

    def forget(self) -> None:
        """Let go of the grids of a page."""
        self._fits.clear()

    def fit_of(self, read: ReadGrid) -> Fit:
        """How well one grid fits the form."""
        return self.fit([read.labelled])

    def without_strays(self, grids: Sequence[ReadGrid]) -> list[ReadGrid]:
        """The grids but those that lie over one that holds more of the form and show its rows once more.

        One that holds nothing is a stray where it touches such a grid; one that holds something, where little of it lies elsewhere.
        Rows that are read twice make a table longer than it is, and an edition with more rows fits it.
        """
        kept = list[ReadGrid]()
        for read in sorted(grids, key=lambda r: self.fit_of(r).held, reverse=True):
            holds = self.fit_of(read).evidence > 0.0
            over = (k for k in kept if self.fit_of(k).evidence > 0.0)
            if not any(share_in_common(read, k) >= (SAME_ROWS if holds else INSIDE) for k in over):
                kept.append(read)
        return [r for r in grids if r in kept]

    def better(
        self, weak: Sequence[ReadGrid], strong: Sequence[ReadGrid], rivals: Sequence[ReadGrid]
    ) -> list[ReadGrid]:
        """Of the grids and their rivals, place by place, those that hold more of the form; strong ones where rivals reach them."""
        left, chosen = [*strong, *weak], list[ReadGrid]()
        while left:
            ours, theirs = [left.pop()], list[ReadGrid]()
            grown = True
            while grown:
                more = [r for r in rivals if r not in theirs and touch(r, ours)]
                also = [r for r in left if touch(r, [*theirs, *more])]
                theirs, ours = [*theirs, *more], [*ours, *also]
                left = [r for r in left if r not in also]
                grown = bool(also)
            if self.holds(theirs) > self.holds(ours):
                # What holds nothing of the form did not win; one of them does, or they would hold no more than ours.
                won = [r for r in theirs if self.fit_of(r).evidence > 0.0]
                # One that a rival hardly touches stays where it holds what they do not.
                aside = [o for o in ours if not any(share_in_common(o, r) >= INSIDE for r in won)]
                chosen += won + [o for o in aside if self.holds([*won, o]) > self.holds(won)]
            else:
                chosen += ours
        return chosen

    def holds(self, grids: Sequence[ReadGrid]) -> float:
        """What grids hold of the form together: pieces of a table fit it one by one more freely than they do in their order.

        What alone holds nothing of it is no part of it, and is asked about no further.
        """
        parts = [r.labelled for r in sorted(grids, key=place_of) if self.fit_of(r).evidence > 0.0]
        return max(0.0, self.fit(parts).held) if parts else 0.0
