"""What a candidate's text is worth in a sum."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache

from gikocr.elements import Candidate
from gikocr.forms import Field

_FULL_WIDTH = str.maketrans("０１２３４５６７８９", "0123456789")


# The same few hundred texts come again and again within a document.
@lru_cache(maxsize=4096)
def number(printed: str) -> Decimal | None:
    """The number that a candidate's text stands for; texts of state ``read`` always have one."""
    digits = "".join(c for c in printed if c.isdigit() or c in ".-+").translate(_FULL_WIDTH)
    return Decimal(digits) if any(c.isdigit() for c in digits) else None


def amount(candidate: Candidate) -> Decimal | None:
    """The number of a candidate; None for blanks, marks and words."""
    return number(candidate.printed) if candidate.state == "read" else None


def of_kind(printed: str, spec: Field) -> bool:
    """Whether a printed number is of the kind that the form prints in a field: no sign or decimal point in a count."""
    if spec.kind == "decimal":
        return not printed.startswith(("+", "-"))
    if "." in printed:
        return False
    return spec.kind == "signed_integer" or not printed.startswith(("+", "-"))
