"""The running average of a network's weights, which is what training keeps: it errs less than the weights of any one step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def fold_in(average: dict[str, Any], state: Mapping[str, Any], step: int, most: float) -> None:
    """Take the weights of a step into their running average, in place.

    Args:
        average: tensors by name.
        state: those of the step; what is no floating-point number is taken as it is.
        step: from 1; the first ones count more.
        most: share of the average that is kept at most, in [0, 1].
    """
    decay = min(most, (step + 1) / (step + 10))
    for key, value in state.items():
        average[key] = average[key] * decay + value * (1 - decay) if value.dtype.is_floating_point else value
