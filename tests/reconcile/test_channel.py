from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gikocr.reconcile.calibration import Misreading
from gikocr.reconcile.channel import misprint, misread

numbers = st.integers(0, 99_999)


@settings(deadline=None)
@given(st.integers(0, 400))
def test_misprints_of_a_number_are_no_more_than_all(meant: int) -> None:
    assert sum(misprint(printed, meant) for printed in range(5_000) if printed != meant) <= 1.0


@pytest.mark.parametrize(
    ("likely", "unlikely", "meant"),
    [(11, 24, 1), (73, 65, 78), (5, 41, 50), (0, 7, 38), (551, 631, 51)],
    ids=["one digit too many", "another digit", "one too few", "left out", "doubled"],
)
def test_ways_in_which_authorities_err_are_likelier_than_others(likely: int, unlikely: int, meant: int) -> None:
    assert misprint(likely, meant) > misprint(unlikely, meant)


@given(numbers, numbers)
def test_channels_give_probabilities(a: int, b: int) -> None:
    if a != b:
        assert 0.0 < misprint(a, b) <= 1.0
    assert 0.0 <= misread(Misreading(), a, b, blank=False) <= 1.0


@given(numbers, st.integers(0, 9))
def test_a_digit_is_lost_and_added_by_the_same_rule(value: int, digit: int) -> None:
    longer = int(f"{value}{digit}") if value else 10 + digit
    shorter = value if value else 1
    way = Misreading(swapped=0.0, dropped=1.0, added=0.0, emptied=0.0)
    assert misread(way, longer, shorter, blank=False) > misread(way, longer + 100_000_000, shorter, blank=False)
