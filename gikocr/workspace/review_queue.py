"""The fields that wait for a person, page by page, in the order that is asked for.

Each order runs along an index of the fields that wait, so that a page costs the same whether ten fields wait or a million.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal, Self

import sqlalchemy as sa

from gikocr.workspace import queries, schema
from gikocr.workspace.database import Database
from gikocr.workspace.rows import EVERYTHING, Selection, StoredField, now, stored_field

#: ``harm``: fields in sums that do not hold first, those of one sum together; then by doubt. ``doubt``: the least sure first.
#: ``document``: one report after the other. ``field``: one field of the form in all reports, then the next. ``agency``.
Order = Literal["harm", "doubt", "document", "field", "agency"]

_Key = tuple[float | int | str | None, ...]

_COLUMNS: dict[Order, tuple[str, ...]] = {
    "harm": ("harm", "rank", "report_id", "position"),
    "doubt": ("rank", "report_id", "position"),
    "document": ("report_id", "position"),
    "field": ("field_id", "report_id"),
}


_BY_AGENCY = ("agency", "report_id", "position")


def is_integer(value: object, bits: int) -> bool:
    """Whether a value that somebody sent is a whole number that a column of so many bits holds."""
    return type(value) is int and -(2 ** (bits - 1)) <= value < 2 ** (bits - 1)


def is_text(value: object) -> bool:
    """Whether a value that somebody sent is text that a database takes: no NUL, no half of a surrogate pair."""
    return isinstance(value, str) and not any(c == "\0" or "\ud800" <= c <= "\udfff" for c in value)


def _can_be(column: str, value: object) -> bool:
    if column in ("harm", "rank"):
        # Probabilities and what is reckoned of them; comparing also tells what is no number, and what no float can hold.
        return type(value) in (int, float) and abs(value) < 2**53  # type: ignore[arg-type]
    if column in ("report_id", "position"):
        return is_integer(value, 64 if column == "report_id" else 32)
    return is_text(value) or (column == "agency" and value is None)


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in the queue: that of the last field of a page."""

    order: Order
    key: _Key

    @classmethod
    def of(cls, field: StoredField, order: Order = "doubt") -> Self:
        """The place of a field in an order."""
        whole: dict[str, float | int | str | None] = {
            "harm": field.harm,
            "rank": field.confidence or 0.0,
            "report_id": field.report_id,
            "position": field.position,
            "field_id": field.field_id,
            "agency": field.agency,
        }
        names = _COLUMNS.get(order, _BY_AGENCY)
        return cls(order, tuple(whole[name] for name in names))

    def __str__(self) -> str:
        return json.dumps([self.order, *self.key], ensure_ascii=False)

    @classmethod
    def parse(cls, text: str, expected: Order | None = None) -> Self:
        """What ``str`` wrote.

        Args:
            text: it, perhaps changed on its way by anybody.
            expected: the order that it must be of; None: any.

        Raises:
            ValueError: it did not write that, or in another order.
        """
        whole = json.loads(text)
        if not isinstance(whole, list) or not whole or whole[0] not in (*_COLUMNS, "agency"):
            raise ValueError(f"no place in a queue: {text!r}")
        order, key = whole[0], tuple(whole[1:])
        names = _COLUMNS.get(order, _BY_AGENCY)
        if expected not in (None, order) or len(key) != len(names) or not all(map(_can_be, names, key)):
            raise ValueError(f"no place in the order {expected or order!r}: {text!r}")
        return cls(order, key)


class ReviewQueue:
    """The queue of one workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(
        self,
        order: Order,
        selection: Selection = EVERYTHING,
        *,
        after: Cursor | None = None,
        limit: int = 20,
        free_for: str | None = None,
    ) -> list[StoredField]:
        """A page of the fields that wait.

        Args:
            order: of the queue.
            selection: which.
            after: where the page before ended, ``Cursor.of`` its last field in the same order.
            limit: fields of a page.
            free_for: a person; fields that others hold by a lease, and those that were handed up, are left out.

        Raises:
            ValueError: ``after`` is a place in another order.
        """
        if after is not None and after.order != order:
            raise ValueError(f"a place in the order {after.order!r} is none in the order {order!r}")
        statement = queries.select_fields(selection).where(schema.field.c.waiting)
        if free_for is not None:
            statement = statement.where(not_held(free_for), not_handed_up())
        with self._database.read() as connection:
            if order == "agency":
                return _by_agency(connection, statement, after, limit)
            columns = [schema.field.c[name] for name in _COLUMNS[order]]
            statement = statement.order_by(*columns).limit(limit)
            if after is not None:
                statement = statement.where(sa.tuple_(*columns) > _literals(after.key))
            return [stored_field(row) for row in connection.execute(statement).mappings()]

    def count(self, selection: Selection = EVERYTHING) -> int:
        """How many fields wait."""
        of_fields = queries.field_conditions(selection)
        if of_fields:
            chosen = queries.select_fields(selection).where(schema.field.c.waiting).subquery()
            statement = sa.select(sa.func.count()).select_from(chosen)
        else:
            report = schema.report.c
            statement = sa.select(sa.func.coalesce(sa.func.sum(report.waiting), 0)).where(
                report.waiting > 0, report.current, *queries.report_conditions(selection)
            )
        with self._database.read() as connection:
            return int(connection.scalar(statement) or 0)


def sheet(
    connection: sa.Connection, printed: str, selection: Selection, *, after: Cursor | None, limit: int, free_for: str
) -> list[StoredField]:
    """Cells that were read as one text and that nobody decided on, the most doubtful first, except very sure ones."""
    columns = schema.field.c
    keys = (columns.rank, columns.report_id, columns.position)
    statement = (
        queries.select_fields(selection)
        .where(columns.printed == printed, *_on_sheet(), not_held(free_for), not_handed_up())
        .order_by(*keys)
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(sa.tuple_(*keys) > _literals(after.key))
    return [stored_field(row) for row in connection.execute(statement).mappings()]


def sheet_sizes(connection: sa.Connection, limit: int) -> list[tuple[str, int]]:
    """The texts of which sheets can be made with the number of their cells, the most frequent first."""
    columns = schema.field.c
    count = sa.func.count()
    statement = (
        sa.select(columns.printed, count)
        .where(columns.printed.is_not(None), *_on_sheet())
        .group_by(columns.printed)
        .order_by(count.desc(), columns.printed)
        .limit(limit)
    )
    return [(printed, number) for printed, number in connection.execute(statement)]


def _on_sheet() -> tuple[sa.ColumnElement[bool], ...]:
    columns = schema.field.c
    return columns.decided_state.is_(None), columns.page.is_not(None), columns.rank < sa.text(str(schema.SHEET_BELOW))


def not_held(person: str) -> sa.ColumnElement[bool]:
    """Nobody but that person holds the field by a lease."""
    held, field = schema.lease.c, schema.field.c
    others = sa.select(sa.literal(1)).where(
        held.report_id == field.report_id,
        held.field_id == field.field_id,
        held.holder != person,
        held.expires_at > now(),
    )
    return ~others.exists()


def not_handed_up() -> sa.ColumnElement[bool]:
    """The field does not wait for a senior."""
    up, field, report = schema.hand_up.c, schema.field.c, schema.report.c
    open_ones = sa.select(sa.literal(1)).where(
        up.document_id == report.document_id,
        up.number == report.number,
        up.field_id == field.field_id,
        up.closed_at.is_(None),
    )
    return ~open_ones.exists()


def _literals(key: _Key) -> sa.Tuple:
    return sa.tuple_(*(sa.literal(v) for v in key))


def _by_agency(
    connection: sa.Connection, statement: sa.Select[Any], after: Cursor | None, limit: int
) -> list[StoredField]:
    """Agencies in their order, those of unknown agency at the end; NULL has no place in a comparison of rows."""
    report, field = schema.report.c, schema.field.c
    named, place = report.agency, (field.report_id, field.position)
    found: list[StoredField] = []
    statement = statement.where(report.waiting > 0, report.current)
    if after is None or after.key[0] is not None:
        # Ordered by the report's own id, so that the database may walk along its index on agency and id.
        keys = (named, report.id, field.position)
        # Not "is not null", for which SQLite does not walk along the index.
        known = statement.where(named >= "").order_by(*keys).limit(limit)
        if after is not None:
            known = known.where(sa.tuple_(*keys) > _literals(after.key))
        found = [stored_field(row) for row in connection.execute(known).mappings()]
    if len(found) < limit:
        unknown = statement.where(named.is_(None)).order_by(*place).limit(limit - len(found))
        if after is not None and after.key[0] is None:
            unknown = unknown.where(sa.tuple_(*place) > _literals(after.key[1:]))
        found += [stored_field(row) for row in connection.execute(unknown).mappings()]
    return found
