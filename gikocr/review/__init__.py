"""Reviewing: what a person is asked, what was decided, and what follows from it. The pages stand in ``web``.

:class:`Station` does all of it for one workspace.
"""

from __future__ import annotations

from gikocr.errors import EditConflict
from gikocr.review.agreement import Agreement
from gikocr.review.formview import FormBlock, FormCell, FormRow, FormTable, FormView
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
    SheetSettled,
    Sum,
    Term,
)
from gikocr.review.people import People, Person, Role
from gikocr.review.plan import Plan
from gikocr.review.printed import PrintedHeading
from gikocr.review.sampling import Residual
from gikocr.review.station import Station
from gikocr.review.statistics import Pace

__all__ = [
    "Agreement",
    "Changed",
    "Choice",
    "Counts",
    "EditConflict",
    "FormBlock",
    "FormCell",
    "FormRow",
    "FormTable",
    "FormView",
    "Heading",
    "Hint",
    "Interval",
    "Item",
    "Pace",
    "Passage",
    "People",
    "Person",
    "Place",
    "Plan",
    "PrintedHeading",
    "Residual",
    "Role",
    "Settled",
    "Sheet",
    "SheetCell",
    "SheetSettled",
    "Station",
    "Sum",
    "Term",
]
