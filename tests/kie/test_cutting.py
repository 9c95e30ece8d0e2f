"""Digits that run together: all ways that obey the sums."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from gikocr.kie.cutting import MOST_WAYS, ways_to_cut

ROW = [((6,), (0, 1, 2, 3, 4, 5))]


def cut(
    texts: list[str], wanted: int, rules: list[tuple[tuple[int, ...], tuple[int, ...]]]
) -> tuple[set[tuple[str, ...]], bool]:
    ways, obeyed = ways_to_cut(texts, wanted, rules)
    return {tuple(texts[k][a:b] for k, a, b in way) for way in ways}, obeyed


def test_one_way_obeys_the_row() -> None:
    assert cut(["640020470"], 7, ROW) == ({("64", "0", "0", "2", "0", "4", "70")}, True)


def test_boundaries_that_are_known_stay() -> None:
    assert cut(["20", "0", "0", "0", "02"], 7, ROW) == ({("2", "0", "0", "0", "0", "0", "2")}, True)


def test_no_number_begins_with_a_zero() -> None:
    assert cut(["000"], 3, [])[0] == {("0", "0", "0")}
    assert cut(["1003"], 3, [])[0] == {("10", "0", "3")} | {("1", "0", "03")} - {("1", "0", "03")}


def test_a_row_that_does_not_add_up_gives_all_ways() -> None:
    ways, obeyed = cut(["12345678"], 7, ROW)
    assert not obeyed and len(ways) == 7


def test_decimals_are_whole() -> None:
    assert cut(["9116.36", "12"], 3, [])[0] == {("9116.36", "1", "2")}


def test_noise_ends() -> None:
    assert len(ways_to_cut(["1234567890" * 4], 15, [])[0]) <= MOST_WAYS
    assert ways_to_cut(["1" * 5000], 7, ROW) == ([], False)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 300), min_size=6, max_size=6))
def test_the_true_way_is_among_those_found(parts: list[int]) -> None:
    numbers = [str(n) for n in [*parts, sum(parts)]]
    ways, obeyed = cut(["".join(numbers)], 7, ROW)
    assert obeyed and (tuple(numbers) in ways or len(ways) == MOST_WAYS)
