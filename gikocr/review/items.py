"""What the review station gives out: one field with all that a person needs to decide it, and what came of a decision."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Self

from gikocr.elements import State
from gikocr.errors import EditConflict
from gikocr.report import Verdict
from gikocr.workspace import Cursor, Keying, StoredField, StoredReport
from gikocr.workspace.review_queue import is_integer, is_text
from gikocr.workspace.rows import Value

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of the queue ended, in each of the streams that are mixed in it; ``str`` and ``parse`` carry it over HTTP."""

    main: Cursor | None = None
    sample: int = -1
    second: str = ""

    def __str__(self) -> str:
        return json.dumps([None if self.main is None else str(self.main), self.sample, self.second])

    @classmethod
    def parse(cls, text: str) -> Self:
        """What ``str`` wrote.

        Raises:
            ValueError: it did not write that.
        """
        whole = json.loads(text)
        if (
            not isinstance(whole, list)
            or len(whole) != 3
            or not isinstance(whole[0], str | None)
            or not is_integer(whole[1], 32)
            or not is_text(whole[2])
        ):
            raise ValueError(f"no place in a queue: {text!r}")
        return cls(None if whole[0] is None else Cursor.parse(whole[0]), whole[1], whole[2])


@dataclass(frozen=True, slots=True)
class Choice:
    """A reading of a field.

    Attributes:
        printed: the characters as printed; empty for a blank.
        probability: in [0, 1].
    """

    value: Value
    printed: str
    state: State
    probability: float


@dataclass(frozen=True, slots=True)
class Heading:
    """A row's or a column's heading: as the form prints it, and in English words."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Term:
    """One number of a sum: ``coefficient`` 1 on the left side, -1 on the right; value and state as they stand now.

    ``hidden``: a second answer is awaited from who looks at it; then it has no value, and its sums cannot be checked.
    """

    coefficient: int
    field_id: str
    label: str
    value: Value
    state: State
    decided: bool
    doubtful: bool
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Sum:
    """One rule of the form with the values that stand now.

    Attributes:
        terms: those of the left side first.
        left, right: the totals of both sides; None where it cannot be checked.
        difference: ``left - right``.
        holds: None where it cannot be checked: a part of it is not known, its total is no number, or there is no number at all.
        verdict: as last inferred.
        weight: the probability that it is broken in print, as last inferred.
        unread: the fields of which nobody knows what they add to it: not read, or words.
    """

    rule_id: str
    terms: tuple[Term, ...]
    left: Value
    right: Value
    difference: Value
    holds: bool | None
    verdict: Verdict | None
    weight: float | None
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hint:
    """The value that would make sums hold, never applied by itself.

    Attributes:
        rules: the sums that ask for it.
        seen: whether a reader proposed it too.
    """

    value: Value
    rules: tuple[str, ...]
    seen: bool


@dataclass(frozen=True, slots=True)
class Passage:
    """Where a field of a source without pages was read: its text around that place, and the place in it (characters)."""

    text: str
    start: int
    end: int
    line: int | None = None
    column: int | None = None
    table: int | None = None
    row: int | None = None
    cell: int | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One field to decide.

    Attributes:
        field: as it stands; with ``blind`` as if nobody had read or decided it.
        version: to be given back with the decision.
        alternatives: all readings with their probabilities, the one read first, then by probability.
        row, column: the headings of the form.
        crop_id, page_id: for :meth:`Station.picture`; None for a source without pages.
        page: its number, from 1.
        bbox: left, top, right, bottom of the cell as shares of the page, 0 to 1; None where it is not known.
        sample: drawn at random among fields that were not doubtful. The page does not tell it from others.
        blind: a second answer, without seeing the first or what was read: it has no alternatives, sums or suggestion. The answer is
            given with ``blind`` too.
        handed_up: why a senior is asked.
        locked: it waits for a senior, and who looks at it is none.
        keying: the two answers that differ, where that is why; for seniors only.
        place: where the queue goes on after it.
        signed: its number may be negative.
    """

    field: StoredField
    report: StoredReport
    version: int
    alternatives: tuple[Choice, ...]
    row: Heading
    column: Heading
    sums: tuple[Sum, ...]
    suggestion: Hint | None
    crop_id: str | None
    page_id: str | None
    page: int | None
    bbox: Box | None
    passage: Passage | None
    sample: bool
    blind: bool
    handed_up: str | None
    keying: Keying | None
    place: Place
    locked: bool = False
    signed: bool = False


@dataclass(frozen=True, slots=True)
class Changed:
    """Another field of the report of which inference thinks otherwise now.

    Attributes:
        before, now: its confidence.
        waited, waiting: whether it waited for a person before, and does now.
    """

    field_id: str
    before: float | None
    now: float | None
    waited: bool
    waiting: bool


@dataclass(frozen=True, slots=True)
class Settled:
    """What came of a decision.

    Attributes:
        field: as it is now.
        changed: the other fields of its report whose confidence changed.
        sums: those that the field takes part in, with the values that stand now.
        waiting: how many fields of the report still wait; None where that is still being reckoned.
        differs: this was a second answer, and the first was another: a senior decides.
    """

    field: StoredField
    changed: tuple[Changed, ...]
    sums: tuple[Sum, ...]
    waiting: int | None
    differs: bool


@dataclass(frozen=True, slots=True)
class Counts:
    """The queue in numbers.

    Attributes:
        waiting: fields that wait.
        settled: fields that somebody decided.
        sample_asked, sample_done: of the random sample.
        second_asked: fields that wait for a second answer of this person.
        handed_up: fields that wait for a senior.
        seconds_per_field: the median that this person took lately; of all people where it is too few; None without any.
        seconds_left: estimated for what waits.
    """

    waiting: int
    settled: int
    sample_asked: int
    sample_done: int
    second_asked: int
    handed_up: int
    seconds_per_field: float | None
    seconds_left: float | None


@dataclass(frozen=True, slots=True)
class SheetCell:
    """A cell on a sheet of cells that were read alike.

    ``unlikeness``: how far its print is from what most on the sheet look like, in [0, 1]; None where its picture is not made yet.
    """

    field: StoredField
    version: int
    probability: float
    unlikeness: float | None
    crop_id: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """Cells that were read as one numeral, those first that look least like the others; ``after``: where the next sheet begins."""

    printed: str
    cells: tuple[SheetCell, ...]
    after: str | None


@dataclass(frozen=True, slots=True)
class SheetSettled:
    """What came of decisions on many cells: the fields as they are now, and those that somebody else had decided meanwhile."""

    fields: tuple[StoredField, ...]
    conflicts: tuple[EditConflict, ...]
