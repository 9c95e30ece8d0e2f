from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gikocr.reconcile import reconcile
from gikocr.reconcile.blanks import (
    DOCUMENT,
    FEWEST,
    IDLE,
    MANY,
    NEXT_ROW,
    ROW,
    SEEN_ALL_THE_SAME,
    STRAY_BLANK,
    STRAY_ZERO,
    TABLE,
    TOGETHER,
    Row,
    lost_print,
    row_of,
)
from gikocr.reconcile.calibration import CELL_LOSSES, Losses
from tests.reconcile.readings import FORM, consistent_values, proposals, reading

LOSSES = Losses(row=0.01, table=0.02, cells=(0.4, 0.3, 0.2, 0.1))


def row(name: str, text: str) -> Row:
    """A row from letters: ``b`` blank, ``0`` zero, ``n`` another number."""
    kinds = {"b": "blank", "0": "zero", "n": "number"}
    return row_of({f"{name}{k}": kinds[letter] for k, letter in enumerate(text)})  # type: ignore[misc]


def table(name: str, *rows: str) -> list[Row]:
    return [row(f"{name}{k}.", text) for k, text in enumerate(rows)]


def unseen(rows: Sequence[Row]) -> float:
    a, b = SEEN_ALL_THE_SAME
    blank, cells = sum(len(r.blank) for r in rows), sum(r.cells for r in rows)
    beta = [math.gamma(x) * math.gamma(y) / math.gamma(x + y) for x, y in ((a + cells - blank, b + blank), (a, b))]
    return beta[0] / beta[1] * 0.5 ** (cells - blank)


def worlds(tables: Sequence[Sequence[Row]], rate: float, row_loss: float) -> Iterator[tuple[float, dict[str, float]]]:
    """Every way in which a document came about: its weight, and for each blank cell the probability of print."""
    for way, per_table in product(DOCUMENT, product(TABLE, repeat=len(tables))):
        weight = DOCUMENT[way]
        for custom in per_table:
            weight *= TABLE[custom] if way == "open" else float(custom == way)
        if weight == 0.0:
            continue
        parts = [list(of_table(rows, custom, rate, row_loss)) for rows, custom in zip(tables, per_table, strict=True)]
        for chosen in product(*parts):
            found: dict[str, float] = {}
            for _, lost in chosen:
                found |= lost
            yield weight * math.prod(w for w, _ in chosen), found


def of_table(
    rows: Sequence[Row], custom: str, rate: float, row_loss: float
) -> Iterator[tuple[float, dict[str, float]]]:
    busy = [r for r in rows if r.numbers]
    idle = (len(rows) - len(busy) + 1) / (len(rows) + 2)
    filled = (sum(r.numbers for r in busy) + 0.5) / (sum(r.cells for r in busy) + 1)
    mean = idle * IDLE + (1 - idle) * filled
    table_loss = LOSSES.table * NEXT_ROW ** (len(rows) - 1)
    each = []
    for one in rows:
        loss = row_loss if one.cells >= FEWEST else 0.0
        ways = []
        for own, share in ROW.items() if custom == "open" else ((custom, 1.0),):
            ways.append((share * loss * unseen([one]), 1.0 if own == "printed" else mean))
            for p, full in ((idle, IDLE), (1 - idle, filled)):
                left_out = STRAY_BLANK if own == "printed" else 1 - STRAY_ZERO
                blank = (1 - full) * left_out
                seen = (blank + rate * (1 - blank)) ** len(one.blank)
                seen *= ((1 - full) * (1 - left_out) * (1 - rate)) ** one.zeros * (full * (1 - rate)) ** one.numbers
                ways.append((share * (1 - loss) * p * seen, rate * (1 - blank) / (blank + rate * (1 - blank))))
        each.append([(w, dict.fromkeys(one.blank, lost)) for w, lost in ways])
    for chosen in product(*each):
        merged: dict[str, float] = {}
        for _, lost in chosen:
            merged |= lost
        yield (1 - table_loss) * math.prod(w for w, _ in chosen), merged
    printed = {"printed": 1.0, "blank": mean, "open": ROW["printed"] + ROW["blank"] * mean}[custom]
    yield table_loss * unseen(rows), {i: printed for r in rows for i in r.blank}


@pytest.mark.parametrize(
    "tables",
    [
        [table("a", "bb", "0n"), table("b", "bbb")],
        [table("a", "b", "bn"), table("b", "0b")],
        [table("a", "nn", "00"), table("b", "bbbb"), table("c", "0")],
    ],
)
def test_the_tree_is_summed_as_by_enumeration(tables: list[list[Row]]) -> None:
    whole, lost = 0.0, dict.fromkeys((i for t in tables for r in t for i in r.blank), 0.0)
    many = TOGETHER * LOSSES.row / MANY
    rates = ((1 - many, LOSSES.row * (1 - TOGETHER)), (many, MANY))
    for (share, rate), (part, row_loss) in product(zip(LOSSES.cells, CELL_LOSSES, strict=True), rates):
        share *= part
        for weight, found in worlds(tables, rate, row_loss):
            whole += share * weight
            for i, p in found.items():
                lost[i] += share * weight * p
    got = lost_print(tables, LOSSES)
    assert {i: got[i] for i in lost} == pytest.approx({i: p / whole for i, p in lost.items()}, rel=1e-6)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.text("b0n", min_size=1, max_size=7), min_size=1, max_size=6), min_size=1, max_size=3))
def test_the_order_of_rows_and_tables_changes_nothing(letters: list[list[str]]) -> None:
    tables = [table(str(k), *rows) for k, rows in enumerate(letters)]
    one = lost_print(tables, LOSSES)
    other = lost_print([t[::-1] for t in tables[::-1]], LOSSES)
    assert one == pytest.approx(other, rel=1e-6, abs=1e-9)
    assert all(0.0 <= p <= 1.0 for p in one.values())


def of(found: dict[str, float], name: str) -> float:
    return max(p for i, p in found.items() if i.startswith(name))


def test_an_empty_form_is_sure() -> None:
    tables = [table("a", *["bbb"] * 6), table("b", *["b" * 7] * 25), table("c", "b" * 15)]
    assert max(lost_print(tables, Losses()).values()) < 0.01


def test_a_form_that_leaves_its_zeros_out_is_sure() -> None:
    tables = [
        table("a", "bbn", "nnn", "bb"),
        table("b", *["nbbbbbn"] * 5, *["b" * 7] * 20),
        table("c", "b" * 12 + "nnn"),
    ]
    assert max(lost_print(tables, Losses()).values()) < 0.01


def test_a_table_of_blanks_is_doubted_where_all_others_print_their_zeros() -> None:
    tables = [table("a", "000", "nnn", "0"), table("b", *["n00000n"] * 5, *["0" * 7] * 20), table("c", "b" * 15)]
    assert 0.1 < of(lost_print(tables, Losses()), "c") < 0.95


def test_a_custom_of_one_table_is_believed_where_it_is_seen_in_many_rows() -> None:
    tables = [table("a", "000", "nnn", "0"), table("b", *["nbbbbbn"] * 5, *["b" * 7] * 20), table("c", "0" * 15)]
    assert of(lost_print(tables, Losses()), "b") < 0.01


def test_several_rows_left_blank_are_a_custom_and_single_blanks_among_zeros_are_not() -> None:
    rows = ["n00000n"] * 5 + ["0" * 7] * 12
    tables = [table("a", "000", "nnn", "0"), table("b", *rows, *["b" * 7] * 8), table("c", "0" * 15)]
    found = lost_print(tables, Losses())
    assert max(found[i] for r in tables[1][-8:] for i in r.blank) < 0.02
    tables[1] = table("b", *rows, *["0" * 7] * 8, "000b000")
    assert of(lost_print(tables, Losses()), "b25.3") > 0.5


@pytest.mark.parametrize("lost", [1, 2])
def test_rows_of_blanks_among_zeros_are_doubted(lost: int) -> None:
    """What hides one row hides others like it: two are no custom yet."""
    rows = ["n00000n"] * 5 + ["0" * 7] * (20 - lost)
    tables = [table("a", "000", "nnn", "0"), table("b", *rows, *["b" * 7] * lost), table("c", "0" * 15)]
    found = lost_print(tables, replace(Losses(), row=4e-4))
    assert min(found[i] for r in tables[1][-lost:] for i in r.blank) > 0.05


def test_a_total_that_is_printed_as_zero_tells_nothing() -> None:
    assert row_of({"a": "blank", "b": "zero"}, totals={"b"}).cells == 1
    assert row_of({"a": "blank", "b": "zero"}).cells == 2


def test_blanks_out_of_style_in_their_document_wait_and_those_in_style_do_not() -> None:
    values = dict.fromkeys((i for t in FORM.table_keys for i in FORM.table(t, "2021").fields), 0) | consistent_values()
    remedies = [i for i in values if i.startswith("remedies.")]

    def sure(given: dict[str, list[tuple[str, float]]]) -> dict[str, float]:
        tables = {t: ("2021", {i: given[i] for i in FORM.table(t, "2021").fields}) for t in FORM.table_keys}
        return {f.field_id: f.candidates[0][1] for f in reconcile(reading(tables), FORM).fields}

    odd = sure({**proposals(values), **{i: [("", 0.9995)] for i in remedies}})
    assert max(odd[i] for i in remedies) < 0.95
    zeros = [i for i, v in values.items() if v == 0]
    even = sure({**proposals(values), **{i: [("", 0.9995)] for i in zeros}})
    assert min(even[i] for i in zeros) > 0.97


def test_a_blank_out_of_style_gives_way_to_what_was_read_beside_it() -> None:
    values = consistent_values()
    one = next(i for i in values if values[i] == 0 and i.startswith("requests."))
    given = {**proposals(values), one: [("", 0.6), ("0", 0.39)]}
    made = reading({"三": ("2021", {i: given[i] for i in FORM.table("三", "2021").fields})})
    field = next(f for f in reconcile(made, FORM).fields if f.field_id == one)
    assert field.candidates[0][0].printed == "0"
