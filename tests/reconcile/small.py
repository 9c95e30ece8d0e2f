"""Small systems of rules with every explanation spelt out: what the trellis must agree with."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Mapping

from gikocr.forms import Rule
from gikocr.reconcile.calibration import Misreading, SourceParameters
from gikocr.reconcile.channel import slip
from gikocr.reconcile.trellis import CellValues

NO_SOURCE = SourceParameters(cell=0.0, row=2e-3, column=3e-3, misread=0.0, leak=0.0)
"""Violations only: each broken rule costs its weight, and nothing else explains it."""
WAY = Misreading()


def table(rows: int, columns: int) -> list[Rule]:
    """Rules of a table with a total column and a total row, of which the columns are one."""
    parts = [f"p{c}" for c in range(columns)]
    rules = [Rule(f"row.{r}", "t", (f"r{r}.all",), tuple(f"r{r}.{p}" for p in parts)) for r in [*range(rows), "sum"]]
    rules += [
        Rule(f"column.{p}", "t", (f"rsum.{p}",), tuple(f"r{r}.{p}" for r in range(rows))) for p in [*parts, "all"]
    ]
    return rules


def members(rules: list[Rule]) -> list[str]:
    return list(dict.fromkeys(i for r in rules for i in (*r.left, *r.right)))


def consistent(rows: int, columns: int, dice: random.Random) -> dict[str, int]:
    """Values that fulfil all rules of :func:`table`."""
    values = {f"r{r}.p{c}": dice.choice([0, 0, 1, 3, 7, 12, 40]) for r in range(rows) for c in range(columns)}
    for c in range(columns):
        values[f"rsum.p{c}"] = sum(values[f"r{r}.p{c}"] for r in range(rows))
    for r in [*range(rows), "sum"]:
        values[f"r{r}.all"] = sum(values[f"r{r}.p{c}"] for c in range(columns))
    return values


def read(values: Mapping[str, int], dice: random.Random, doubtful: float) -> dict[str, CellValues]:
    """Readings with one or two alternatives in some cells; the best is wrong in some of these. Nothing is unlisted."""
    cells = {}
    for field_id, value in values.items():
        if dice.random() >= doubtful:
            cells[field_id] = CellValues(((value, 1.0),), 0.0)
            continue
        others = dice.sample([v for v in (0, 1, 2, 3, 8, 13, 42) if v != value], dice.randint(1, 2))
        weights = sorted((dice.random() + 0.01 for _ in range(len(others) + 1)), reverse=True)
        order = [value, *others]
        dice.shuffle(order)
        cells[field_id] = CellValues(tuple(zip(order, (w / sum(weights) for w in weights), strict=True)), 0.0)
    return cells


def cost_of(rules: list[Rule], lines: set[str], values: Mapping[str, int], source: SourceParameters) -> float:
    """Weight of the violations: ``lines`` are the rules of the first family."""
    weight = 1.0
    for rule in rules:
        off = sum(values[i] for i in rule.left) - sum(values[i] for i in rule.right)
        if off:
            weight *= (source.row if rule.id in lines else source.column) * (0.05 + slip(off))
    return weight


def enumerated(
    rules: list[Rule], lines: set[str], cells: Mapping[str, CellValues], source: SourceParameters
) -> tuple[dict[str, dict[int, float]], float]:
    """Marginals and log evidence by listing everything."""
    ids = [i for i in members(rules)]
    total = 0.0
    marginals: dict[str, dict[int, float]] = {i: {} for i in ids}
    for choice in itertools.product(*(cells[i].values for i in ids)):
        values = {i: v for i, (v, _) in zip(ids, choice, strict=True)}
        weight = cost_of(rules, lines, values, source)
        for i, (_, p) in zip(ids, choice, strict=True):
            weight *= p / cells[i].values[0][1]
        total += weight
        for i in ids:
            marginals[i][values[i]] = marginals[i].get(values[i], 0.0) + weight
    return {i: {v: w / total for v, w in own.items()} for i, own in marginals.items()}, math.log(total)
