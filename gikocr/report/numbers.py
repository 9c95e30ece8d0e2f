"""The number types of a report: exact amounts, probabilities, coordinates."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

#: No field is ever said to be surer than this.
MAX_CONFIDENCE = 0.99999

#: Decimal places kept of a probability. Two runs are equal within 1e-4 of 1 - p, and 1 - p is at least 1e-5.
PROBABILITY_PLACES = 10

#: Decimal places kept of a coordinate: a hundredth of a point or pixel is far below what can be seen.
COORDINATE_PLACES = 2

#: Longest amount in digits. A longer one is noise of a reader, and "1e999999" is a way to fill the memory.
MAX_DIGITS = 28


def _exact(value: Any) -> Any:
    """Let through only what kept its digits: int and Decimal, never a binary float, a bool or text."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError(f"an amount must be an int or a Decimal, not {type(value).__name__}")
    if isinstance(value, int):
        fits = abs(value) < 10**MAX_DIGITS
    else:
        _, digits, exponent = value.as_tuple()
        fits = isinstance(exponent, int) and abs(exponent) < MAX_DIGITS and len(digits) <= MAX_DIGITS
    if not fits:
        raise ValueError(f"an amount must be finite and have at most {MAX_DIGITS} digits")
    return value


def difference(left: int | Decimal, right: int | Decimal) -> int | Decimal:
    """``left - right`` without rounding, whatever the precision of the caller's decimal context."""
    with localcontext(prec=4 * MAX_DIGITS):
        return left - right


def _rounded(places: int) -> AfterValidator:
    return AfterValidator(lambda value: round(value, places))


def capped(probability: float) -> float:
    """A probability as the confidence of a field: at most :data:`MAX_CONFIDENCE`, at least 0.

    Raises:
        ValueError: the number is not finite.
    """
    if not math.isfinite(probability):
        raise ValueError(f"a probability that is not finite: {probability}")
    return min(max(probability, 0.0), MAX_CONFIDENCE)


#: An integer, or a decimal with the digits as printed. In JSON it is a number with exactly these digits.
Amount = Annotated[int | Decimal, BeforeValidator(_exact), WithJsonSchema({"type": "number"})]

#: A probability in [0, 1].
Probability = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False), _rounded(PROBABILITY_PLACES)]

#: The probability that a field's value and state are what is printed; in [0, 0.99999].
Confidence = Annotated[float, Field(ge=0, le=MAX_CONFIDENCE, allow_inf_nan=False), _rounded(PROBABILITY_PLACES)]

#: A coordinate in points or pixels of the frame that a viewer shows.
Coordinate = Annotated[float, Field(allow_inf_nan=False), _rounded(COORDINATE_PLACES)]
