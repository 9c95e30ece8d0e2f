from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from gikocr.export.broken_sums import Change, single_changes, sum_or_nothing
from gikocr.forms import Rule

SIDE = 3
CELLS = [f"{r}.{c}" for r in range(SIDE) for c in range(SIDE)]
RULES = tuple(
    [Rule(f"row.{r}", "t", (f"{r}.sum",), tuple(f"{r}.{c}" for c in range(SIDE))) for r in range(SIDE)]
    + [Rule(f"column.{c}", "t", (f"sum.{c}",), tuple(f"{r}.{c}" for r in range(SIDE))) for c in range(SIDE)]
)


@dataclass
class Row:
    field_id: str
    value: int | None
    state: str = "read"
    confidence: float | None = 0.9
    decided: None = field(default=None)


def table(values: list[int]) -> dict[str, Row]:
    cells = dict(zip(CELLS, values, strict=True))
    rows = {i: Row(i, v) for i, v in cells.items()}
    for rule in RULES:
        rows[rule.left[0]] = Row(rule.left[0], sum(cells[i] for i in rule.right))
    return rows


@given(
    st.lists(st.integers(0, 99), min_size=9, max_size=9),
    st.sampled_from(CELLS),
    st.integers(-99, 99).filter(bool),
)
def test_a_cell_that_is_wrong_in_its_row_and_column_is_found_and_no_other(
    values: list[int], cell: str, step: int
) -> None:
    rows = table(values)
    right = rows[cell].value
    assert right is not None
    rows[cell].value = right + step
    row, column = cell.split(".")
    for rule in RULES:
        found = single_changes(rule, RULES, rows, {})
        if rule.id in (f"row.{row}", f"column.{column}"):
            # The total alone may have been misread as well; it is in one sum only.
            expected = {Change(cell, right)}
            total = rule.left[0]
            expected.add(Change(total, (rows[total].value or 0) + step))
            assert {c for c in found if c.value is not None and c.value >= 0} == {
                c for c in expected if c.value is not None and c.value >= 0
            }


@given(st.lists(st.integers(0, 99), min_size=9, max_size=9), st.sampled_from(CELLS))
def test_the_least_sure_cell_comes_first(values: list[int], cell: str) -> None:
    rows = table(values)
    rows[cell].value = (rows[cell].value or 0) + 7
    rows[cell].confidence = 0.2
    rule = next(r for r in RULES if cell in r.right)
    assert single_changes(rule, RULES, rows, {})[0].field_id == cell


def test_no_change_to_below_nothing() -> None:
    rows = table([1, 2, 3, 0, 0, 0, 0, 0, 0])
    rows["0.sum"].value = 0
    changes = single_changes(RULES[0], RULES, rows, {})
    assert changes == [Change("0.sum", 6)]


def test_a_side_of_blanks_is_nothing_and_one_that_was_not_read_is_unknown() -> None:
    rows = table([0, 0, 0] * SIDE)
    for cell in RULES[0].right:
        rows[cell] = Row(cell, None, "blank")
    rows["0.sum"].value = 5
    assert sum_or_nothing(RULES[0].right, rows) == 0
    assert Change("0.sum", 0) in single_changes(RULES[0], RULES, rows, {})
    rows["0.1"].state = "unreadable"
    assert sum_or_nothing(RULES[0].right, rows) is None
    assert single_changes(RULES[0], RULES, rows, {}) == []
