from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gikocr.ocr.ctc import forward
from gikocr.ocr.decoding import READER_SYMBOLS, forward_scores, greedy_strings, read_outputs, symbols_of

CLASSES = len(READER_SYMBOLS) + 1


def _outputs(printed: str, sure: float = 0.9999, frames: int = 16) -> np.ndarray:
    """Frames of a network that reads a string: each symbol for one frame, blanks between."""
    result = np.full((1, frames, CLASSES), (1 - sure) / (CLASSES - 1))
    result[0, :, 0] = sure
    for k, symbol in enumerate(symbols_of(printed) or ()):
        result[0, 2 * k + 1] = (1 - sure) / (CLASSES - 1)
        result[0, 2 * k + 1, symbol] = sure
    return result


@given(
    arrays(np.float64, (3, 6, CLASSES), elements=st.floats(1e-6, 1.0)),
    st.lists(st.lists(st.integers(1, CLASSES - 1), max_size=4).map(tuple), min_size=3, max_size=3),
)
@settings(max_examples=60, deadline=None)
def test_scores_of_many_crops_are_those_of_each(raw: np.ndarray, strings: list[tuple[int, ...]]) -> None:
    outputs = raw / raw.sum(axis=2, keepdims=True)
    together = forward_scores(outputs, strings)
    assert together == pytest.approx([forward(o, s) for o, s in zip(outputs, strings, strict=True)], rel=1e-9)


@pytest.mark.parametrize("printed", ["", "0", "11", "1,234", "75.9260", "-3", "/", "无", "12件"])
def test_a_sure_network_is_read_as_it_says(printed: str) -> None:
    outputs = _outputs(printed, sure=1 - 1e-7)
    assert greedy_strings(outputs) == [symbols_of(printed)]
    [found] = read_outputs(outputs)
    assert found[0].printed == printed
    assert math.exp(found[0].log_probability) > 0.999


def test_what_no_cell_can_hold_is_left_out_and_its_mass_stays_unlisted() -> None:
    [found] = read_outputs(_outputs("1.2.3", sure=0.99))
    assert all(c.printed != "1.2.3" for c in found)
    assert sum(math.exp(c.log_probability) for c in found) < 0.5


def test_an_unsure_network_names_rivals_in_order() -> None:
    outputs = _outputs("4", sure=0.999)
    four, one = symbols_of("4"), symbols_of("1")
    assert four and one
    outputs[0, 1, four[0]], outputs[0, 1, one[0]] = 0.6, 0.39
    [found] = read_outputs(outputs)
    assert [c.printed for c in found[:2]] == ["4", "1"]
    assert math.exp(found[0].log_probability) == pytest.approx(0.6, abs=0.02)
    assert sum(math.exp(c.log_probability) for c in found) <= 1 + 1e-9


def test_a_string_outside_the_alphabet_has_no_columns() -> None:
    assert symbols_of("12个") is None
