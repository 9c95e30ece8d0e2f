"""Who reviews: names and roles, and tokens of which only the SHA-256 is kept."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast, get_args

import sqlalchemy as sa

from gikocr.errors import UsageError
from gikocr.workspace import Workspace, schema
from gikocr.workspace.rows import now

#: ``reviewer`` decides fields; ``senior`` and ``admin`` also those that were handed up.
Role = Literal["reviewer", "senior", "admin"]

TOKEN_BYTES = 32
LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Person:
    """A reviewer."""

    name: str
    role: Role
    made_at: datetime
    has_token: bool


class People:
    """The reviewers of a workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._database = workspace.database

    def add(self, name: str, role: Role = "reviewer") -> str:
        """Add a person, or give one a new token and role; the old token is worth nothing from then on.

        Returns:
            The token: 43 characters that are shown this once.

        Raises:
            UsageError: the name is empty, too long, or holds control characters, or there is no such role.
        """
        name = name.strip()
        if not name or len(name) > LONGEST_NAME or not name.isprintable():
            raise UsageError(
                f"{name!r} is no name of a reviewer.", advice=f"Give 1 to {LONGEST_NAME} printable characters."
            )
        if role not in get_args(Role):
            raise UsageError(f"There is no role {role!r}.", advice=f"Roles: {', '.join(get_args(Role))}.")
        token = secrets.token_urlsafe(TOKEN_BYTES)
        row = {"name": name, "token_hash": _hash(token), "role": role, "made_at": now(), "retired_at": None}
        statement = self._database.insert(schema.person).values(**row)
        statement = statement.on_conflict_do_update(index_elements=[schema.person.c.name], set_=row)
        with self._database.write() as connection:
            connection.execute(statement)
        return token

    def retire(self, name: str) -> None:
        """A person's token is worth nothing any more; what the person decided stays.

        Raises:
            UsageError: there is no such person.
        """
        columns = schema.person.c
        with self._database.write() as connection:
            done = connection.execute(
                sa.update(schema.person)
                .where(columns.name == name, columns.retired_at.is_(None))
                .values(token_hash=None, retired_at=now())
            )
            if not done.rowcount:
                raise UsageError(f"There is no reviewer {name!r}.")

    def of_token(self, token: str) -> Person | None:
        """Whose token this is; None when it is nobody's."""
        # The look-up is by hash: its time says nothing about the token.
        return self._one(schema.person.c.token_hash == _hash(token))

    def is_senior(self, name: str) -> bool:
        """Whether a person may settle what was handed up: a senior or an admin; everybody where the workspace has neither."""
        columns = schema.person.c
        seniors = sa.select(columns.name).where(columns.role.in_(("senior", "admin")), columns.retired_at.is_(None))
        with self._database.read() as connection:
            names = set(connection.scalars(seniors))
        return not names or name in names

    def get(self, name: str) -> Person | None:
        """The person of that name; None when there is none, or is no more."""
        return self._one(schema.person.c.name == name)

    def all(self) -> list[Person]:
        """Everybody who reviews, by name."""
        with self._database.read() as connection:
            statement = sa.select(schema.person).where(schema.person.c.retired_at.is_(None))
            return [_person(row) for row in connection.execute(statement.order_by(schema.person.c.name)).mappings()]

    def _one(self, condition: sa.ColumnElement[bool]) -> Person | None:
        with self._database.read() as connection:
            statement = sa.select(schema.person).where(condition, schema.person.c.retired_at.is_(None))
            row = connection.execute(statement).mappings().first()
        return None if row is None else _person(row)


def _person(row: sa.RowMapping) -> Person:
    return Person(
        row["name"], cast(Role, row["role"]), datetime.fromisoformat(row["made_at"]), row["token_hash"] is not None
    )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
