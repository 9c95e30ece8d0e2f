"""Exact inference over one part of a form's rules: a trellis whose states are the residuals of the crossing rules.

The printed values are a code word of a block code over the integers with two kinds of noise, a reader's misreadings and the authority's
own errors. One step of the trellis is one line (a rule of the first family); its branches are the ways to explain the line. States are
packed into one integer, so that applying a branch is one addition. Forward-backward as by Bahl, Cocke, Jelinek and Raviv (1974) on the
syndrome trellis of Wolf (1978); running totals as states are Shevach and Zlotnick's (US 5,872,730).

All weights are relative to that of the reading in which every cell has its most probable value.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gikocr.reconcile.branches import Branch, branches_of
from gikocr.reconcile.branches import CellValues as CellValues
from gikocr.reconcile.calibration import Misreading, SourceParameters
from gikocr.reconcile.channel import slip
from gikocr.reconcile.rule_system import Line, Part, unpack

LEAST_SHARE = 1e-9
"""Paths with less than this share of the weight of a good explanation are left out; confidences end at 1 - 1e-5."""
MOST_MOVES = 150
"""Different effects of one line that are looked at, the heaviest."""
SCOUT, BEAM, WIDE_BEAM, MANY_BROKEN = 12, 60, 120, 5
"""States kept at each step: to find a good explanation, usually, and where more than so many rules fail as read."""
STEP_WORK = 2_500
"""States times effects of one step, so that a document in which nothing fits takes no longer than others."""
LARGEST = 10**9
"""Values must be smaller, so that residuals fit into a packed state."""


@dataclass(slots=True)
class PartPosterior:
    """What the trellis concludes.

    Attributes:
        values: for each field the probability of each value, listed or implied; they sum to 1.
        implied: for each field the values that no reader listed.
        source: for each field the probability that it is an error in print.
        broken: for each rule the probability that it is broken in print.
        evidence: natural log of the summed weight of all explanations, relative to the reading as it stands.
        unexplained: for each field the probability that it is misread to something that no sum tells.
    """

    values: dict[str, dict[int, float]]
    implied: dict[str, set[int]]
    source: dict[str, float]
    broken: dict[str, float]
    evidence: float
    unexplained: dict[str, float] = field(default_factory=dict)


def infer(part: Part, cells: Mapping[str, CellValues], source: SourceParameters, way: Misreading) -> PartPosterior:
    """Weigh all explanations of one part.

    Args:
        part: the rules. Every field of theirs must be in ``cells``, with values below ``LARGEST``.
        cells: what was read.
        source: how often print does not add up.
        way: how figures are misread.
    """
    trellis = _Trellis(part, cells, source, way)
    return trellis.posterior()


def most_probable(
    part: Part, cells: Mapping[str, CellValues], source: SourceParameters, way: Misreading
) -> tuple[dict[str, int], float]:
    """The values of the single most probable explanation, and its natural log weight relative to the reading as it stands."""
    return _Trellis(part, cells, source, way).best_path()


class _Trellis:
    def __init__(self, part: Part, cells: Mapping[str, CellValues], source: SourceParameters, way: Misreading) -> None:
        self.part, self.cells, self.source, self.way = part, cells, source, way
        base = sum(part.columns[i] * cells[i].best for line in part.lines for i, _ in line.fields)
        self.base = base
        self.residuals = unpack(base, len(part.crossing))
        failing = sum(r != 0 for r in self.residuals)
        failing += sum(line.rule is not None and self._residual(line) != 0 for line in part.lines)
        self.beam = WIDE_BEAM if failing > MANY_BROKEN else BEAM
        every = [(line, self._branches(line)) for line in part.lines]
        # Lines with one branch only do nothing to the state; the fewer branches, the earlier, so that states stay few.
        self.steps = sorted((s for s in every if len(s[1]) > 1 or s[1][0].broken), key=lambda s: len(s[1]))
        self.moves = [_by_effect(branches) for _, branches in self.steps]
        self._ends: dict[int, float] = {}

    def _residual(self, line: Line) -> int:
        return sum(sign * self.cells[i].best for i, sign in line.fields)

    def _branches(self, line: Line) -> tuple[Branch, ...]:
        cells = tuple(self.cells[i] for i, _ in line.fields)
        columns = tuple(self.part.columns[i] for i, _ in line.fields)
        residuals = tuple(self.residuals) if line.rule is None else ()
        return branches_of(line, cells, columns, residuals, self.source, self.way)

    def _end(self, state: int) -> float:
        """Weight of the crossing rules that are left open."""
        if state == 0:
            return 1.0
        if state not in self._ends:
            weight = 1.0
            for residual in unpack(state, len(self.part.crossing)):
                if residual:
                    weight *= self.source.column * (0.05 + slip(residual))
            self._ends[state] = weight
        return self._ends[state]

    def _forward(self) -> list[dict[int, float]]:
        scout = self._layers(SCOUT, 0.0)[-1]
        good = max(weight * self._end(state) for state, weight in scout.items())
        return self._layers(self.beam, LEAST_SHARE * good)

    def _layers(self, beam: int, least: float) -> list[dict[int, float]]:
        """The states after each step with the summed weight of the paths that lead there."""
        layers = [{self.base: 1.0}]
        for moves in self.moves:
            width = max(SCOUT, min(beam, STEP_WORK // len(moves)))
            after: dict[int, float] = {}
            for state, weight in layers[-1].items():
                for effect, move in moves:
                    path = weight * move
                    if path < least:
                        break  # moves come with the heaviest first
                    after[state + effect] = after.get(state + effect, 0.0) + path
            if len(after) > width:
                ranked = heapq.nlargest(4 * width, after.items(), key=_weight)
                kept = dict(ranked[:width])
                # A state with fewer open rules is worth more than its weight says so far.
                kept.update(heapq.nlargest(width, ranked, key=self._worth))
                after = kept
            layers.append(after or {s + moves[0][0]: w * moves[0][1] for s, w in layers[-1].items()})
        return layers

    def _worth(self, item: tuple[int, float]) -> float:
        return item[1] * self._end(item[0])

    def posterior(self) -> PartPosterior:
        layers = self._forward()
        beta = {state: self._end(state) for state in layers[-1]}
        total = sum(weight * beta[state] for state, weight in layers[-1].items())
        result = self._empty(total)
        for rule, position in zip(self.part.crossing, range(len(self.part.crossing)), strict=True):
            open_ = sum(
                weight * beta[s]
                for s, weight in layers[-1].items()
                if s and unpack(s, len(self.part.crossing))[position]
            )
            self._open(result, rule.id, (*rule.left, *rule.right), open_ / total)
        for index in range(len(self.steps) - 1, -1, -1):
            line, branches = self.steps[index]
            alpha, before = layers[index], {}
            mass: dict[int, float] = {}
            for state, weight in alpha.items():
                reached = 0.0
                for effect, move in self.moves[index]:
                    ahead = beta.get(state + effect)
                    if ahead is not None:
                        reached += move * ahead
                        mass[effect] = mass.get(effect, 0.0) + weight * ahead
                before[state] = reached
            for branch in branches:
                share = branch.weight * mass.get(branch.effect, 0.0) / total
                if share > 0.0:
                    self._add(result, line, branch, share)
            beta = before
        self._finish(result)
        return result

    def _empty(self, total: float) -> PartPosterior:
        ids = [i for line in self.part.lines for i, _ in line.fields]
        rules = [line.rule.id for line in self.part.lines if line.rule] + [r.id for r in self.part.crossing]
        return PartPosterior(
            {i: {} for i in ids},
            {i: set() for i in ids},
            dict.fromkeys(ids, 0.0),
            dict.fromkeys(rules, 0.0),
            math.log(max(total, 1e-300)),
            dict.fromkeys(ids, 0.0),
        )

    def _open(self, result: PartPosterior, rule_id: str, fields: Sequence[str], share: float) -> None:
        """A violation that one cell does not explain: part of it stands for several misreadings among its fields."""
        if share <= 0.0:
            return
        result.broken[rule_id] += share
        doubt = {i: self.cells[i].unlisted for i in fields if not self.cells[i].settled}
        whole = sum(doubt.values()) or 1.0
        for i, own in doubt.items():
            # Two cells are misread where none alone explains it.
            result.unexplained[i] += min(1.0, 2 * own / whole) * share * self.source.misread

    def _add(self, result: PartPosterior, line: Line, branch: Branch, share: float) -> None:
        for field_id, value, implied in branch.changes:
            values = result.values[field_id]
            values[value] = values.get(value, 0.0) + share
            if implied:
                result.implied[field_id].add(value)
        if branch.source is not None:
            result.source[branch.source] += share
            if branch.source_effect:
                for rule, moved in zip(
                    self.part.crossing, unpack(branch.source_effect, len(self.part.crossing)), strict=True
                ):
                    result.broken[rule.id] += share if moved else 0.0
        if line.rule is not None and branch.unexplained:
            self._open(result, line.rule.id, [i for i, _ in line.fields], share)
        elif line.rule is not None and branch.broken:
            result.broken[line.rule.id] += share

    def _finish(self, result: PartPosterior) -> None:
        """The best value has what the others leave: so its doubt keeps its precision."""
        for field_id, values in result.values.items():
            others = sum(values.values())
            values[self.cells[field_id].best] = max(0.0, 1.0 - others)
        result.broken = {i: min(1.0, p) for i, p in result.broken.items()}
        result.unexplained = {i: min(1.0, p) for i, p in result.unexplained.items()}

    def best_path(self) -> tuple[dict[str, int], float]:
        """Viterbi (1967) on the same branches, without a beam."""
        paths: dict[int, tuple[float, tuple[tuple[str, int, bool], ...]]] = {self.base: (1.0, ())}
        for _, branches in self.steps:
            after: dict[int, tuple[float, tuple[tuple[str, int, bool], ...]]] = {}
            for state, (weight, changes) in paths.items():
                for branch in branches:
                    path = weight * branch.weight
                    known = after.get(state + branch.effect)
                    if path > 0.0 and (known is None or path > known[0]):
                        after[state + branch.effect] = (path, changes + branch.changes)
            paths = after or paths
        state, (weight, changes) = max(paths.items(), key=lambda item: item[1][0] * self._end(item[0]))
        values = {i: self.cells[i].best for line in self.part.lines for i, _ in line.fields}
        values.update({i: v for i, v, _ in changes})
        return values, math.log(weight * self._end(state))


def _by_effect(branches: Sequence[Branch]) -> list[tuple[int, float]]:
    moves: dict[int, float] = {}
    for branch in branches:
        moves[branch.effect] = moves.get(branch.effect, 0.0) + branch.weight
    return heapq.nlargest(MOST_MOVES, moves.items(), key=_weight)


def _weight(item: tuple[int, float]) -> float:
    return item[1]
