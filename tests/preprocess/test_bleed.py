from __future__ import annotations

import numpy as np
import pytest

from gikocr.preprocess.bleed import without_bleed
from tests.drawing import blank_page, noisy, write

LINE = "二、主动公开政府信息情况第二十条第五项"


def printed(ink: int) -> np.ndarray:
    page = blank_page()
    for k in range(14):
        write(page, LINE, (800, 250 + 130 * k), 30, ink)
    return page


def other_side(ink: int) -> np.ndarray:
    page = blank_page()
    for k in range(14):
        write(page, LINE[::-1], (790, 315 + 130 * k), 30, ink)
    return np.ascontiguousarray(page[:, ::-1])


@pytest.mark.parametrize("ghost", [200, 210, 220])
def test_the_other_sides_print_goes_and_the_pages_own_stays(ghost: int) -> None:
    own = printed(40)
    page = noisy(np.minimum(own, other_side(ghost)), 2.0)
    clean, taken = without_bleed(page)
    assert taken is not None
    assert (clean[own < 120] == page[own < 120]).mean() > 0.99
    only_ghost = (other_side(ghost) < 240) & (own > 250)
    assert (clean[only_ghost] > 230).mean() > 0.95
    assert taken[only_ghost].mean() > 0.3


@pytest.mark.parametrize("ink", [40, 120, 190])
def test_a_page_with_one_kind_of_print_is_left_alone(ink: int) -> None:
    page = noisy(printed(ink), 2.0)
    clean, taken = without_bleed(page)
    assert taken is None
    assert clean is page


def test_toner_that_fades_down_the_page_is_not_another_sides_print() -> None:
    page = blank_page()
    for k in range(14):
        write(page, LINE, (800, 250 + 130 * k), 30, 40 + 13 * k)
    assert without_bleed(noisy(page, 2.0))[1] is None


def test_values_paler_than_labels_stay_beside_what_shines_through() -> None:
    own = printed(30)
    values = blank_page()
    for k in range(14):
        write(values, "0 12 7 35 0 4 18 0 6", (1100, 290 + 130 * k), 26, 150)
    page = noisy(np.minimum(np.minimum(own, values), other_side(220)), 2.0)
    clean, taken = without_bleed(page)
    assert taken is not None
    assert (clean[values < 170] == page[values < 170]).mean() > 0.9
