"""Tables as exports write them: typed columns with Chinese headings, and rows that come as a stream."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from gikocr.export.archive import FieldRow, Value, value_of

#: ``integer`` and ``number`` are amounts, ``share`` a probability, ``text`` everything else.
Kind = Literal["text", "integer", "number", "share"]

#: How a value is to be looked at: ``decided`` by a person, ``sure``, ``doubtful``, or ``very_doubtful``.
Level = Literal["decided", "sure", "doubtful", "very_doubtful"]

#: Confidence below which a field that waits for review is very doubtful.
VERY_DOUBTFUL = 0.9

#: The largest amount that a column of integers holds, as Parquet has 64 bits for it. A larger one is left out of such columns;
#: the long table has it in ``printed``.
MOST_INTEGER = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Cell:
    """A value with its level, which a spreadsheet shows as a colour."""

    value: Value | float
    level: Level


Item = str | int | float | Decimal | Cell | None
Row = tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        key: its name for programs.
        heading: its name for people.
        width: in characters, for spreadsheets.
    """

    key: str
    heading: str
    kind: Kind = "text"
    width: int = 12


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table.

    Attributes:
        key: its name as a file, without suffix.
        title: its name as a sheet, at most 31 characters.
        rows: as long as the columns; can be gone through once.
    """

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: Iterable[Row]


def level_of(field: FieldRow) -> Level:
    """How a field is to be looked at. One that a person only moved here, and that is doubtful, is doubtful still."""
    if not field.waiting:
        return "sure" if field.decided is None else "decided"
    return "very_doubtful" if field.confidence is None or field.confidence < VERY_DOUBTFUL else "doubtful"


def integer_cell(field: FieldRow) -> Cell:
    """The field's value for a column of integers; None where it has none, or one that such a column cannot hold."""
    value = value_of(field)
    if value is None or value != int(value) or not -MOST_INTEGER <= value <= MOST_INTEGER:
        return Cell(None, level_of(field))
    return Cell(int(value), level_of(field))


def number_cell(field: FieldRow) -> Cell:
    """The field's value for a column of numbers."""
    return Cell(value_of(field), level_of(field))


def bare(item: Item) -> str | int | float | Decimal | None:
    """An item without its level."""
    return item.value if isinstance(item, Cell) else item
