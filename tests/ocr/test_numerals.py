"""What a printed cell means: numbers, marks, words and units."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gikocr.ocr.numerals import ALIASES, SYMBOLS, plausible, state_of, unit_of, value_of


@pytest.mark.parametrize(
    ("printed", "value"),
    [
        ("0", "0"),
        ("18", "18"),
        ("９４８７", "9487"),
        ("-18", "-18"),
        ("－18", "-18"),
        ("+19", "19"),
        ("＋１９", "19"),
        ("1,234", "1234"),
        ("1，234", "1234"),
        ("12,345,678", "12345678"),
        ("1,234.50", "1234.50"),
        ("75.9260", "75.9260"),
        ("0.0", "0.0"),
        ("984361元", "984361"),
        ("1,234.56万元", "1234.56"),
        ("3件", "3"),
        ("2 笔", "2"),
        ("1 234", "1234"),
        ("100%", "100"),
    ],
)
def test_numbers(printed: str, value: str) -> None:
    found = value_of(printed)
    assert found == Decimal(value)
    assert str(found) == str(Decimal(value)), "the digits behind the point stay as printed"
    assert state_of(printed) == "read"


@pytest.mark.parametrize(
    "printed",
    [
        "1,23",
        "12,34",
        ",123",
        "1,2345",
        "1,,234",
        "1.2.3",
        "5-",
        "--5",
        "+-5",
        ".5",
        "5.",
        "1/2",
        "元",
        "一二",
        "３，４",
        "12a",
        "1e5",
        "0x10",
        "NaN",
        "Infinity",
        "1_000",
        "²",
        "①",
    ],
)
def test_texts_that_are_no_numbers(printed: str) -> None:
    assert value_of(printed) is None
    assert state_of(printed) == "other_text"


@pytest.mark.parametrize(
    ("printed", "state"),
    [
        ("", "blank"),
        ("/", "slash"),
        ("／", "slash"),
        ("//", "slash"),
        ("\\", "slash"),
        ("-", "dash"),
        ("—", "dash"),
        ("——", "dash"),
        ("－", "dash"),
        ("无", "none_word"),
        ("無", "none_word"),
        ("不适用", "none_word"),
        ("暂无", "none_word"),
        ("见附件", "other_text"),
        ("无。", "other_text"),
    ],
)
def test_states_without_a_number(printed: str, state: str) -> None:
    assert state_of(printed) == state
    assert value_of(printed) is None


@pytest.mark.parametrize(
    ("printed", "unit"),
    [
        ("984361元", "元"),
        ("7545万元", "万元"),
        ("1.5 亿元", "亿元"),
        ("3件", "件"),
        ("12 ", None),
        ("0", None),
        ("", None),
        ("/", None),
        ("元宵", None),
    ],
)
def test_units(printed: str, unit: str | None) -> None:
    assert unit_of(printed) == unit


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=4, allow_nan=False))
def test_a_number_printed_and_read_is_the_same_number(value: Decimal) -> None:
    assert value_of(str(value)) == value
    assert value_of(f"{value:,}") == value
    assert str(value_of(str(value))) == str(value)


@given(st.text(alphabet=SYMBOLS + "０１,.元 ", max_size=8))
def test_a_value_is_given_exactly_where_the_state_is_read(printed: str) -> None:
    assert (state_of(printed) == "read") == (value_of(printed) is not None)


@given(st.text(max_size=10))
def test_no_text_breaks_the_parser(printed: str) -> None:
    state_of(printed), value_of(printed), unit_of(printed), plausible(printed)


@pytest.mark.parametrize("printed", ["0", "10", "0.5", "-3", "+3", "1,234", "/", "-", "无"])
def test_plausible_cells(printed: str) -> None:
    assert plausible(printed)


@pytest.mark.parametrize("printed", ["01", "007", "-01", "1,23", "5-", "1.2.3", "无1", "/5"])
def test_implausible_cells(printed: str) -> None:
    assert not plausible(printed)


def test_no_glyph_stands_for_two_symbols() -> None:
    assert set(ALIASES) == set(SYMBOLS)
    glyphs = [glyph for symbol in SYMBOLS for glyph in dict.fromkeys(ALIASES[symbol])]
    twice = {glyph for glyph in glyphs if glyphs.count(glyph) > 1}
    assert not twice, "the probability of such a glyph would count for both"
