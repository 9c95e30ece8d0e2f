"""The trellis against listing everything, against an integer program, and under changes that must not matter."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gikocr.forms import Rule
from gikocr.reconcile.calibration import SourceParameters
from gikocr.reconcile.channel import misprint, misread
from gikocr.reconcile.rule_system import Part, parts_of, unpack
from gikocr.reconcile.trellis import CellValues, infer, most_probable
from tests.reconcile.readings import FORM, consistent_values
from tests.reconcile.small import NO_SOURCE, WAY, consistent, cost_of, enumerated, members, read, table


def only(rules: list[Rule]) -> Part:
    (part,) = parts_of(rules)
    return part


def lines_of(part: Part) -> set[str]:
    return {line.rule.id for line in part.lines if line.rule is not None}


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(0, 10**6), st.integers(1, 2), st.integers(1, 3))
def test_marginals_are_those_of_listing_everything(seed: int, rows: int, columns: int) -> None:
    dice = random.Random(seed)
    rules = table(rows, columns)
    cells = read(consistent(rows, columns, dice), dice, 0.4)
    while math.prod(len(c.values) for c in cells.values()) > 40_000:
        cells = read(consistent(rows, columns, dice), dice, 0.3)
    part = only(rules)
    wanted, evidence = enumerated(rules, lines_of(part), cells, NO_SOURCE)
    found = infer(part, cells, NO_SOURCE, WAY)
    assert found.evidence == pytest.approx(evidence, abs=1e-4)
    for field_id, marginal in wanted.items():
        for value, probability in marginal.items():
            assert found.values[field_id].get(value, 0.0) == pytest.approx(probability, abs=1e-4)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.integers(0, 10**6))
def test_the_most_probable_explanation_is_that_of_an_integer_program(seed: int) -> None:
    """Choices are binary variables; a violation of known size is a constant cost here, so that the program is linear."""
    dice = random.Random(seed)
    rules = table(4, 3)
    cells = read(consistent(4, 3, dice), dice, 0.5)
    part = only(rules)
    values, weight = most_probable(part, cells, NO_SOURCE, WAY)
    by_program = integer_program(rules, cells)
    hard = all(sum(by_program[i] for i in r.left) == sum(by_program[i] for i in r.right) for r in rules)
    assert hard
    log_weight = sum(math.log(dict(cells[i].values)[v] / cells[i].values[0][1]) for i, v in by_program.items())
    # The program keeps every rule. Where that is dearer than leaving rules open, the trellis may do better, never worse.
    assert weight >= log_weight - 1e-6
    if all(sum(values[i] for i in r.left) == sum(values[i] for i in r.right) for r in rules):
        assert weight == pytest.approx(log_weight, abs=1e-6)


def integer_program(rules: list[Rule], cells: dict[str, CellValues]) -> dict[str, int]:
    from scipy.optimize import Bounds, LinearConstraint, milp

    choices = [(i, v, p) for i in members(rules) for v, p in cells[i].values]
    cost = np.array([-math.log(p) for _, _, p in choices])
    one = np.array([[float(i == j) for i, _, _ in choices] for j in members(rules)])
    sums = np.array([[float(v * ((i in r.left) - (i in r.right))) for i, v, _ in choices] for r in rules])
    found = milp(
        cost,
        integrality=np.ones(len(choices)),
        bounds=Bounds(0, 1),
        constraints=[LinearConstraint(one, 1, 1), LinearConstraint(sums, 0, 0)],
    )
    assert found.x is not None  # the true values are always among the choices
    return {i: v for (i, v, _), x in zip(choices, found.x, strict=True) if x > 0.5}


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.integers(0, 10**6))
def test_the_order_of_rules_and_more_rows_of_zeros_change_nothing(seed: int) -> None:
    dice = random.Random(seed)
    rules = table(3, 3)
    cells = read(consistent(3, 3, dice), dice, 0.3)
    base = infer(only(rules), cells, NO_SOURCE, WAY)
    shuffled = list(rules)
    dice.shuffle(shuffled)
    again = infer(only(shuffled), cells, NO_SOURCE, WAY)
    longer = table(4, 3)
    padded = cells | {i: CellValues(((0, 1.0),), 0.0) for i in members(longer) if i.startswith("r3.")}
    with_zeros = infer(only(longer), padded, NO_SOURCE, WAY)
    assert again.evidence == pytest.approx(base.evidence, abs=1e-5)
    for field_id in cells:
        for value, probability in base.values[field_id].items():
            assert again.values[field_id].get(value, 0.0) == pytest.approx(probability, abs=1e-6)
    if not any(base.broken.values()):
        for field_id in cells:
            for value, probability in base.values[field_id].items():
                assert with_zeros.values[field_id].get(value, 0.0) == pytest.approx(probability, abs=1e-6)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.integers(0, 10**6), st.floats(0.1, 0.9))
def test_scaling_the_scores_of_a_cell_changes_nothing(seed: int, factor: float) -> None:
    """Weights are relative: that a reader left a constant share of its mass elsewhere says nothing about its candidates."""
    dice = random.Random(seed)
    part = only(table(3, 3))
    cells = read(consistent(3, 3, dice), dice, 0.4)
    scaled = {i: replace(c, values=tuple((v, p * factor) for v, p in c.values)) for i, c in cells.items()}
    there, again = infer(part, cells, NO_SOURCE, WAY), infer(part, scaled, NO_SOURCE, WAY)
    for field_id, values in there.values.items():
        for value, probability in values.items():
            assert again.values[field_id][value] == pytest.approx(probability, rel=1e-6, abs=1e-12)


def test_an_unlisted_misreading_and_an_error_in_print_share_what_their_rates_say() -> None:
    values = consistent(4, 3, random.Random(5))
    part = only(table(4, 3))
    target = next(i for i, v in values.items() if v == 40)
    source = SourceParameters(cell=1e-3)
    cells = {i: CellValues(((v, 0.999),), 1e-3) for i, v in values.items()} | {target: CellValues(((46, 0.99),), 1e-2)}
    found = infer(part, cells, source, WAY)
    misreading = 1e-2 / 0.99 * misread(WAY, 40, 46, False)
    print_error = 1e-3 * misprint(46, 40)
    whole = misreading + print_error
    assert found.values[target][40] == pytest.approx(misreading / whole, rel=0.05)
    assert found.source[target] == pytest.approx(print_error / whole, rel=0.05)
    assert found.implied[target] == {40}
    broken = {r for r, p in found.broken.items() if p > 1e-3}
    assert broken == {r.id for r in table(4, 3) if target in (*r.left, *r.right)}


def test_what_is_settled_is_never_a_misreading() -> None:
    values = consistent(4, 3, random.Random(5))
    part = only(table(4, 3))
    target = next(i for i, v in values.items() if v == 40)
    cells = {i: CellValues(((v, 0.999),), 1e-3) for i, v in values.items()}
    cells[target] = CellValues(((46, 1.0),), 0.0, settled=True)
    found = infer(part, cells, SourceParameters(), WAY)
    assert set(found.values[target]) == {46}
    assert found.source[target] > 0.5


def test_parts_of_the_form() -> None:
    """Table 三 hangs together, table 四 falls into three; a packed state holds the residual of each crossing rule."""
    parts = parts_of(FORM.editions["2021"].rules)
    assert sorted(len(p.columns) for p in parts) == [5, 5, 5, 175]
    large = max(parts, key=lambda p: len(p.columns))
    fields = [i for line in large.lines for i, _ in line.fields]
    assert len(fields) == len(set(fields)) == 175
    values = consistent_values()
    state = sum(large.columns[i] * v for i, v in values.items())
    assert state == 0
    changed = dict(values)
    field_id = next(i for i in values if large.columns[i])
    changed[field_id] += 5
    residuals = unpack(sum(large.columns[i] * v for i, v in changed.items()), len(large.crossing))
    wanted = [5 * ((field_id in r.left) - (field_id in r.right)) for r in large.crossing]
    assert residuals == wanted


def test_costs_of_violations_are_counted_as_stated() -> None:
    rules = table(2, 2)
    values = consistent(2, 2, random.Random(1))
    part = only(rules)
    cells = {i: CellValues(((v, 1.0),), 0.0) for i, v in values.items()}
    cells["r0.p0"] = CellValues(((values["r0.p0"] + 4, 1.0),), 0.0)
    found = infer(part, cells, NO_SOURCE, WAY)
    read_values = {i: c.best for i, c in cells.items()}
    assert found.evidence == pytest.approx(math.log(cost_of(rules, lines_of(part), read_values, NO_SOURCE)), rel=1e-9)
