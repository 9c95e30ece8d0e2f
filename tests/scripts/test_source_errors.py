from __future__ import annotations

import pytest

from gikocr.reconcile.numbers import amount
from scripts.scanmaker.dice import Dice
from scripts.source_errors import Bank, Base, _auroc, _misprinted, _misread
from tests.reconcile.readings import consistent_values, proposals, reading


def base() -> Base:
    values = consistent_values()
    made = reading({"三": ("2021", proposals(values))})
    cells = {f.field_id: f.cell for f in made.tables[0].placements[0].fields if f.cell is not None}
    return Base(made, {"三": "2021"}, cells, values)


def bank_of(one: Base) -> Bank:
    bank: Bank = {}
    for field_id, value in one.values.items():
        bank.setdefault(value, []).append(one.reading.cells[one.cells[field_id]].reading)
    return bank


@pytest.mark.parametrize("seed", range(20))
def test_a_misprinted_number_is_read_as_it_is_printed(seed: int) -> None:
    document = base()
    made = _misprinted(Dice(seed), document, bank_of(document))
    if made is None:
        return  # the wrong number was read nowhere
    changed, printed = made
    assert printed != document.values
    for field_id, cell in document.cells.items():
        assert amount(changed.cells[cell].reading.best) == printed[field_id]


def test_some_misprints_find_a_reading() -> None:
    document = base()
    assert any(_misprinted(Dice(seed), document, bank_of(document)) is not None for seed in range(20))


def test_a_misreading_goes_where_the_same_number_stands_and_print_stays() -> None:
    document = base()
    value = next(v for v in document.values.values() if v)
    wrong = bank_of(document)[next(v for v in document.values.values() if v != value)][0]
    made = _misread(Dice(1), document, {value: [wrong]})
    assert made is not None
    changed, printed = made
    assert printed == document.values
    differs = [i for i, c in document.cells.items() if changed.cells[c].reading != document.reading.cells[c].reading]
    assert [document.values[i] for i in differs] == [value]


def test_the_area_under_the_curve() -> None:
    assert _auroc([0.9, 0.8], [0.1, 0.2]) == 1.0
    assert _auroc([0.5, 0.5], [0.5, 0.5]) == 0.5
    assert _auroc([0.2, 0.9], [0.5]) == 0.5
