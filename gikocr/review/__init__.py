"""Reviewing: what a person is asked, what was decided, and what follows from it. The pages stand in ``web``.

:class:`Station` does all of it for one workspace.
"""

from __future__ import annotations

from gikocr.errors import EditConflict
from gikocr.review.intervals import Interval
from gikocr.review.items import (
    Changed,
    Choice,
    Counts,
    Heading,
    Hint,
    Item,
    Passage,
    Place,
    Settled,
    Sheet,
    SheetCell,
    Sum,
    Term,
)
from gikocr.review.people import People, Person, Role
from gikocr.review.plan import Plan
from gikocr.review.sampling import Residual
from gikocr.review.station import Station

__all__ = [
    "Changed",
    "Choice",
    "Counts",
    "EditConflict",
    "Heading",
    "Hint",
    "Interval",
    "Item",
    "Passage",
    "People",
    "Person",
    "Place",
    "Plan",
    "Residual",
    "Role",
    "Settled",
    "Sheet",
    "SheetCell",
    "Station",
    "Sum",
    "Term",
]
