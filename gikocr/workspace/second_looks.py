"""Fields that are looked at for another reason than doubt: the random sample, second keyings, and what was handed up."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from gikocr.workspace import queries, schema
from gikocr.workspace.database import Database
from gikocr.workspace.review_queue import not_handed_up, not_held
from gikocr.workspace.rows import EVERYTHING, Selection, StoredField, Value, amount, now, stored_field


@dataclass(frozen=True, slots=True)
class Drawn:
    """A field of the random sample with its place in it, from 0."""

    ordinal: int
    field: StoredField


@dataclass(frozen=True, slots=True)
class Keying:
    """A field that two people decide without seeing each other's answer.

    Attributes:
        outcome: ``asked``, ``agreed``, ``differed``, or ``withdrawn`` when the first answer was taken back.
        first, second: value and state of the answers; ``second`` None until it is there.
    """

    document_id: int
    number: int
    field_id: str
    outcome: str
    first_by: str
    first: tuple[Value, str]
    second_by: str | None
    second: tuple[Value, str] | None
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class HandedUp:
    """A field that a senior has to decide, and the two answers where they differ."""

    field: StoredField
    by: str
    reason: str
    at: datetime
    keying: Keying | None


@dataclass(frozen=True, slots=True)
class OpenQuestions:
    """What is open on fields of some reports, by report and field.

    Attributes:
        handed_up: why a senior is asked.
        asked: who gave the first answer, where a second one is awaited from somebody who has not seen it.
    """

    handed_up: Mapping[tuple[int, str], str]
    asked: Mapping[tuple[int, str], str]

    def hidden_from(self, person: str) -> frozenset[tuple[int, str]]:
        """The fields of which a person must not see what was read and answered, so that a second answer is one of its own."""
        return frozenset(place for place, first_by in self.asked.items() if first_by != person)


class SecondLooks:
    """What a workspace's reviewers look at besides doubts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def plan(self) -> dict[str, str]:
        """What was agreed on, by name."""
        with self._database.read() as connection:
            return {
                name: value for name, value in connection.execute(sa.select(schema.plan.c.name, schema.plan.c.value))
            }

    def set_plan(self, **values: str) -> None:
        """Agree on something; what is not named stays as it is."""
        if not values:
            return
        statement = self._database.insert(schema.plan)
        statement = statement.on_conflict_do_update(
            index_elements=[schema.plan.c.name], set_={"value": statement.excluded.value}
        )
        with self._database.write() as connection:
            connection.execute(statement, [{"name": n, "value": v} for n, v in sorted(values.items())])

    def report_sizes(self) -> list[tuple[str, int, int, int]]:
        """Content hash, number, id and count of fields of every current report that has any, in the order of the first two."""
        report, document = schema.report.c, schema.document.c
        statement = (
            sa.select(document.sha256, report.number, report.id, report.fields)
            .join_from(schema.report, schema.document)
            .where(report.current, report.fields > 0)
            .order_by(document.sha256, report.number)
        )
        with self._database.read() as connection:
            return [
                (sha, number, report_id, fields) for sha, number, report_id, fields in connection.execute(statement)
            ]

    def at(self, places: Sequence[tuple[int, int]]) -> list[StoredField]:
        """The fields at positions of reports, given as pairs of both, in that order; those that are not there are left out."""
        found: dict[tuple[int, int], StoredField] = {}
        with self._database.read() as connection:
            for report_id, position in places:
                statement = queries.select_fields(Selection(report_ids=(report_id,)))
                statement = statement.where(schema.field.c.position == position)
                for row in connection.execute(statement).mappings():
                    found[report_id, position] = stored_field(row)
        return [found[place] for place in places if place in found]

    def add_sample(self, fields: Sequence[StoredField], seed: int) -> None:
        """Keep fields as drawn, after those that were drawn before."""
        columns, report = schema.sampled.c, schema.report.c
        with self._database.write() as connection:
            begin = int(connection.scalar(sa.select(sa.func.coalesce(sa.func.max(columns.ordinal), -1))) or 0) + 1
            rows: list[dict[str, Any]] = []
            for k, field in enumerate(fields):
                key = connection.execute(
                    sa.select(report.document_id, report.number, report.fingerprint).where(report.id == field.report_id)
                ).one()
                rows.append(
                    {
                        "document_id": key.document_id,
                        "number": key.number,
                        "field_id": field.field_id,
                        "fingerprint": key.fingerprint,
                        "ordinal": begin + k,
                        "seed": seed,
                        "drawn_at": now(),
                    }
                )
            if rows:
                statement = self._database.insert(schema.sampled)
                # Read anew with other settings and drawn again: it stands for the new reading.
                again = {n: statement.excluded[n] for n in ("fingerprint", "ordinal", "seed", "drawn_at")}
                connection.execute(
                    statement.on_conflict_do_update(
                        index_elements=[columns.document_id, columns.number, columns.field_id], set_=again
                    ),
                    rows,
                )

    def sample(
        self,
        *,
        open_for: str | None = None,
        after: int = -1,
        limit: int | None = None,
        selection: Selection = EVERYTHING,
    ) -> list[Drawn]:
        """The random sample, as far as the readings that it was drawn from are the current ones.

        Args:
            open_for: a person: only fields on which nobody decided and that nobody else holds.
            after: only those drawn later.
            limit: how many.
            selection: which reports and fields.
        """
        columns, report, field = schema.sampled.c, schema.report.c, schema.field.c
        statement = (
            queries.select_fields(selection)
            .add_columns(columns.ordinal)
            .join(
                schema.sampled,
                sa.and_(
                    columns.document_id == report.document_id,
                    columns.number == report.number,
                    columns.fingerprint == report.fingerprint,
                    columns.field_id == field.field_id,
                ),
            )
        )
        statement = statement.where(columns.ordinal > after, report.current).order_by(columns.ordinal)
        if open_for is not None:
            # What waits comes in the queue anyway.
            statement = statement.where(
                field.decided_state.is_(None), ~field.waiting, not_held(open_for), not_handed_up()
            )
        if limit is not None:
            statement = statement.limit(limit)
        with self._database.read() as connection:
            return [Drawn(row["ordinal"], stored_field(row)) for row in connection.execute(statement).mappings()]

    def second(self, person: str, *, after: str = "", limit: int = 20) -> list[tuple[str, StoredField]]:
        """Fields that wait for a second answer by this person, each with the moment since when, the oldest first."""
        columns, report, field = schema.keying.c, schema.report.c, schema.field.c
        statement = (
            queries.select_fields(EVERYTHING)
            .add_columns(columns.asked_at)
            .join(schema.keying, _same_field(columns, report, field))
            .where(columns.outcome == "asked", columns.first_by != person, report.current)
            .where(not_held(person), not_handed_up())
            .order_by(columns.asked_at)
            .limit(limit)
        )
        if after:
            statement = statement.where(columns.asked_at > after)
        with self._database.read() as connection:
            return [(row["asked_at"], stored_field(row)) for row in connection.execute(statement).mappings()]

    def open_questions(self, report_ids: Collection[int]) -> OpenQuestions:
        """What is open on the fields of current reports."""
        report, up, keyed = schema.report.c, schema.hand_up.c, schema.keying.c

        def of(table: sa.Table, told: sa.Column[Any], *conditions: sa.ColumnElement[bool]) -> sa.Select[Any]:
            same = sa.and_(table.c.document_id == report.document_id, table.c.number == report.number, report.current)
            wanted = sa.select(report.id, table.c.field_id, told).join_from(table, schema.report, same)
            return wanted.where(report.id.in_(sorted(report_ids)), *conditions)

        with self._database.read() as connection:
            handed_up = connection.execute(of(schema.hand_up, up.reason, up.closed_at.is_(None)))
            asked = connection.execute(of(schema.keying, keyed.first_by, keyed.outcome == "asked"))
            return OpenQuestions({(r, f): why for r, f, why in handed_up}, {(r, f): by for r, f, by in asked})

    def handed_up(self, *, place: tuple[int, str] | None = None, limit: int = 200) -> list[HandedUp]:
        """The fields that wait for a senior, the oldest first; ``place``: the one of that report and id only."""
        columns, report, field = schema.hand_up.c, schema.report.c, schema.field.c
        statement = (
            queries.select_fields(EVERYTHING)
            .add_columns(
                columns.by.label("up_by"),
                columns.reason,
                columns.at.label("up_at"),
                report.document_id,
                report.number,
            )
            .join(schema.hand_up, _same_field(columns, report, field))
            .where(columns.closed_at.is_(None), report.current)
            .order_by(columns.at)
            .limit(limit)
        )
        if place is not None:
            statement = statement.where(report.id == place[0], columns.field_id == place[1])
        with self._database.read() as connection:
            rows = connection.execute(statement).mappings().all()
            found = []
            for row in rows:
                keyed = connection.execute(
                    sa.select(schema.keying).where(
                        schema.keying.c.document_id == row["document_id"],
                        schema.keying.c.number == row["number"],
                        schema.keying.c.field_id == row["field_id"],
                        schema.keying.c.outcome == "differed",
                    )
                ).mappings()
                first = keyed.first()
                found.append(
                    HandedUp(
                        stored_field(row),
                        row["up_by"],
                        row["reason"],
                        datetime.fromisoformat(row["up_at"]),
                        None if first is None else _keying(first),
                    )
                )
        return found

    def keyings(self) -> Iterator[Keying]:
        """All fields that were to be decided twice, in the order in which they were asked."""
        statement = sa.select(schema.keying).order_by(schema.keying.c.asked_at)
        with self._database.read() as connection:
            for row in connection.execution_options(yield_per=queries.ROWS_AT_ONCE).execute(statement).mappings():
                yield _keying(row)

    def counts(self, person: str) -> tuple[int, int, int, int]:
        """Size of the sample, how much of it is decided, fields asked a second time of this person, and fields handed up."""
        columns, report, field = schema.sampled.c, schema.report.c, schema.field.c
        drawn = (
            sa.select(sa.func.count(), sa.func.count(field.decided_state))
            .select_from(schema.sampled)
            .join(
                schema.report,
                sa.and_(
                    report.document_id == columns.document_id,
                    report.number == columns.number,
                    report.fingerprint == columns.fingerprint,
                    report.current,
                ),
            )
            .join(schema.field, sa.and_(field.report_id == report.id, field.field_id == columns.field_id))
        )
        asked = _current(schema.keying).where(schema.keying.c.outcome == "asked", schema.keying.c.first_by != person)
        up = _current(schema.hand_up).where(schema.hand_up.c.closed_at.is_(None))
        with self._database.read() as connection:
            size, done = connection.execute(drawn).one()
            return int(size), int(done), int(connection.scalar(asked) or 0), int(connection.scalar(up) or 0)


def patterns(text: str) -> tuple[str, ...]:
    """A list of texts as a plan keeps it."""
    found = json.loads(text) if text else []
    return tuple(str(entry) for entry in found)


def _current(table: sa.Table) -> sa.Select[Any]:
    """How many rows of a table are of a content that is current: one to which a page was attached is another one."""
    columns, report = table.c, schema.report.c
    same = sa.and_(columns.document_id == report.document_id, columns.number == report.number, report.current)
    return sa.select(sa.func.count()).select_from(table).join(schema.report, same)


def _same_field(columns: Any, report: Any, field: Any) -> sa.ColumnElement[bool]:
    return sa.and_(
        columns.document_id == report.document_id,
        columns.number == report.number,
        columns.field_id == field.field_id,
    )


def _keying(row: sa.RowMapping) -> Keying:
    second = row["second_state"]
    return Keying(
        row["document_id"],
        row["number"],
        row["field_id"],
        row["outcome"],
        row["first_by"],
        (amount(row["first_value"]), row["first_state"]),
        row["second_by"],
        None if second is None else (amount(row["second_value"]), second),
        datetime.fromisoformat(row["asked_at"]),
    )
