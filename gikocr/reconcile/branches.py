"""The ways to explain one line of the trellis: other listed values, a misreading that no reader listed, an error in print."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from gikocr.reconcile.calibration import Misreading, SourceParameters
from gikocr.reconcile.channel import misprint, misread, slip
from gikocr.reconcile.rule_system import Line, unpack

LEAST_RATIO = 1e-6
"""Alternatives less probable than this in relation to the best value are left out."""
LEAST_BRANCH = 1e-11
"""Branches with less weight than this, in relation to the reading as it stands, are left out."""
EXPLAINED_ABOVE = 1e-8
"""Combinations of alternatives with less weight are not explained further by an unlisted misreading or an error in print."""
MOST_CHANGES = 4
"""Cells of one line that change together."""
MOST_COMBINATIONS = 400
"""Combinations of one line that are looked at, the heaviest."""
LINES_KEPT = 256
"""Lines whose branches are kept, those of some documents: what is inferred anew after a person settled a cell differs in one line."""


@dataclass(frozen=True, slots=True)
class CellValues:
    """What a reader says of one field's value.

    Attributes:
        values: value and probability, most probable first, at least one; they sum to at most 1.
        unlisted: probability that the value is none of these.
        blank: whether the best reading is an empty cell.
        settled: whether a person has settled the value; then nothing explains a violation by a misreading of it.
    """

    values: tuple[tuple[int, float], ...]
    unlisted: float
    blank: bool = False
    settled: bool = False

    @property
    def best(self) -> int:
        """The most probable value."""
        return self.values[0][0]


@dataclass(frozen=True, slots=True)
class Branch:
    """One way to explain a line: its effect on the crossing rules, weight, changed values, and what is wrong in print."""

    effect: int
    weight: float
    changes: tuple[tuple[str, int, bool], ...]
    source: str | None = None
    source_effect: int = 0
    broken: bool = False
    unexplained: bool = False


@lru_cache(maxsize=LINES_KEPT)
def branches_of(
    line: Line,
    cells: tuple[CellValues, ...],
    columns: tuple[int, ...],
    residuals: tuple[int, ...],
    source: SourceParameters,
    way: Misreading,
) -> tuple[Branch, ...]:
    """The ways to explain a line. They depend on its own cells alone, so that a settled cell leaves the other lines' ways as they were.

    ``columns``: of its fields, as in ``Part``. ``residuals``: of the crossing rules as read, for a line without a rule.
    """
    return tuple(_Ways(line, cells, columns, residuals, source, way).all())


class _Ways:
    """The ways to explain one line; see :func:`branches_of`."""

    def __init__(
        self,
        line: Line,
        cells: tuple[CellValues, ...],
        columns: tuple[int, ...],
        residuals: tuple[int, ...],
        source: SourceParameters,
        way: Misreading,
    ) -> None:
        ids = [i for i, _ in line.fields]
        self.line, self.source, self.way, self.residuals = line, source, way, residuals
        self.cells, self.columns = dict(zip(ids, cells, strict=True)), dict(zip(ids, columns, strict=True))
        self.signs = dict(line.fields)

    def all(self) -> Iterator[Branch]:
        residual = sum(sign * self.cells[i].best for i, sign in self.line.fields)
        for changes, weight in _combinations(self.line, self.cells):
            after = residual
            effect = 0
            for field_id, value, _ in changes:
                delta = value - self.cells[field_id].best
                after += delta * self.signs[field_id]
                effect += delta * self.columns[field_id]
            if self.line.rule is None:
                yield Branch(effect, weight, changes)
                if weight >= EXPLAINED_ABOVE:
                    yield from self._crossed(self.line.fields[0][0], changes, effect, weight)
            elif after == 0:
                yield Branch(effect, weight, changes)
            else:
                cost = weight * self.source.row * (0.05 + slip(after))
                yield Branch(effect, cost, changes, broken=True, unexplained=True)
                if weight >= EXPLAINED_ABOVE:
                    yield from self._closing(changes, effect, after, weight)

    def _closing(
        self, changes: tuple[tuple[str, int, bool], ...], effect: int, after: int, weight: float
    ) -> Iterator[Branch]:
        """Ways in which one cell closes the line: misread without being listed, or wrong in print."""
        changed = {i: v for i, v, _ in changes}
        for field_id, sign in self.line.fields:
            printed = changed.get(field_id, self.cells[field_id].best)
            closing = printed - after * sign
            if closing < 0 <= printed:
                continue
            yield from self._single(field_id, printed, closing, changes, effect, weight)

    def _crossed(
        self, field_id: str, changes: tuple[tuple[str, int, bool], ...], effect: int, weight: float
    ) -> Iterator[Branch]:
        """The same for a field that only crossing rules hold: it may close any of those that fail."""
        printed = changes[0][1] if changes else self.cells[field_id].best
        signs = unpack(self.columns[field_id], len(self.residuals))
        for closing in {printed - r * s for r, s in zip(self.residuals, signs, strict=True) if r and s}:
            if closing >= 0 or printed < 0:
                yield from self._single(field_id, printed, closing, changes, effect, weight)

    def _single(
        self,
        field_id: str,
        printed: int,
        closing: int,
        changes: tuple[tuple[str, int, bool], ...],
        effect: int,
        weight: float,
    ) -> Iterator[Branch]:
        shift = (closing - printed) * self.columns[field_id]
        in_print = weight * self.source.cell * misprint(printed, closing)
        if in_print >= LEAST_BRANCH:
            yield Branch(effect + shift, in_print, changes, source=field_id, source_effect=-shift, broken=True)
        cell = self.cells[field_id]
        if cell.settled or any(i == field_id for i, _, _ in changes) or any(v == closing for v, _ in cell.values):
            return
        unlisted = weight * cell.unlisted / cell.values[0][1] * misread(self.way, closing, cell.best, cell.blank)
        if unlisted >= LEAST_BRANCH:
            yield Branch(effect + shift, unlisted, (*changes, (field_id, closing, True)))


def _combinations(line: Line, cells: Mapping[str, CellValues]) -> list[tuple[tuple[tuple[str, int, bool], ...], float]]:
    """Choices among the listed values of a line, the reading as it stands first, then by weight."""
    found: list[tuple[tuple[tuple[str, int, bool], ...], float]] = [((), 1.0)]
    for field_id, _ in line.fields:
        cell = cells[field_id]
        top = cell.values[0][1]
        options = [(v, p / top) for v, p in cell.values[1:] if p / top >= LEAST_RATIO] if not cell.settled else []
        if options:
            found += [
                ((*changes, (field_id, value, False)), weight * ratio)
                for changes, weight in found
                if len(changes) < MOST_CHANGES
                for value, ratio in options
                if weight * ratio >= LEAST_BRANCH
            ]
    if len(found) > MOST_COMBINATIONS:
        found = [found[0], *sorted(found[1:], key=lambda item: -item[1])[: MOST_COMBINATIONS - 1]]
    return found
