"""Who may use the REST API, and what was answered to requests that may come twice."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from gikocr.errors import UsageError
from gikocr.workspace.database import Database
from gikocr.workspace.schema_jobs import api_answer, api_token

SCOPES = ("read", "submit", "review", "admin")
"""What a token may allow; ``admin`` allows everything."""

#: Bytes of chance in a token.
TOKEN_BYTES = 32

#: Hours for which an answer is given again.
ANSWER_HOURS = 48.0


@dataclass(frozen=True, slots=True)
class Token:
    """A token without its secret."""

    id: int
    name: str
    scopes: frozenset[str]
    created_at: datetime
    revoked: bool

    def allows(self, scope: str) -> bool:
        """Whether it allows something."""
        return scope in self.scopes or "admin" in self.scopes


class Tokens:
    """The tokens of a workspace; only their SHA-256 is kept, so that the database gives nothing away."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, name: str, scopes: Collection[str]) -> tuple[Token, str]:
        """Make a token, and return it with its secret, which is shown this once.

        Raises:
            UsageError: there is no such scope, the name is empty, or it is taken.
        """
        wrong = sorted(set(scopes) - set(SCOPES))
        if wrong or not scopes:
            raise UsageError(
                f"There is no scope {', '.join(wrong) or '(none given)'}.", advice=f"Known: {', '.join(SCOPES)}."
            )
        if not name.strip():
            raise UsageError("A token needs a name.")
        secret = f"gikocr_{secrets.token_urlsafe(TOKEN_BYTES)}"
        row = {"name": name, "sha256": _digest(secret), "scopes": " ".join(sorted(set(scopes)))}
        statement = self._database.insert(api_token).values(**row, created_at=self._database.moment())
        with self._database.write() as connection:
            made = connection.execute(statement.on_conflict_do_nothing().returning(api_token)).mappings().one_or_none()
        if made is None:
            raise UsageError(
                f"There is a token named {name!r} already.", advice="Give another name, or revoke that one."
            )
        return _token(made), secret

    def find(self, secret: str) -> Token | None:
        """The token of a secret; None for a wrong or revoked one.

        It is looked up by its digest: how long that takes tells nothing about the secret, which cannot be made from a digest.
        """
        columns = api_token.c
        statement = sa.select(api_token).where(columns.sha256 == _digest(secret), columns.revoked_at.is_(None))
        with self._database.read() as connection:
            row = connection.execute(statement).mappings().one_or_none()
        return None if row is None else _token(row)

    def all(self) -> list[Token]:
        """All tokens, the revoked ones too."""
        with self._database.read() as connection:
            return [_token(row) for row in connection.execute(sa.select(api_token).order_by(api_token.c.id)).mappings()]

    def revoke(self, token_id: int) -> bool:
        """Make a token worthless from now on; returns whether it was worth something."""
        columns = api_token.c
        statement = sa.update(api_token).where(columns.id == token_id, columns.revoked_at.is_(None))
        with self._database.write() as connection:
            return bool(connection.execute(statement.values(revoked_at=self._database.moment())).rowcount)


class Answers:
    """Answers to requests that carried an ``Idempotency-Key``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, who: str, key: str) -> tuple[str, dict[str, Any]] | None:
        """The digest of the request and the answer that were kept under a key; None where there are none."""
        columns = api_answer.c
        fresh = columns.created_at > self._database.moment(ANSWER_HOURS * 3600)
        statement = sa.select(columns.request, columns.answer).where(columns.key == _digest(f"{who}\0{key}"), fresh)
        with self._database.read() as connection:
            row = connection.execute(statement).one_or_none()
        return None if row is None else (row.request, json.loads(row.answer))

    def keep(self, who: str, key: str, request: str, answer: Mapping[str, Any]) -> None:
        """Keep an answer, and forget old ones; where there is one already, that one stays."""
        columns = api_answer.c
        row = {"key": _digest(f"{who}\0{key}"), "request": request, "answer": json.dumps(dict(answer))}
        with self._database.write() as connection:
            connection.execute(
                sa.delete(api_answer).where(columns.created_at < self._database.moment(ANSWER_HOURS * 3600))
            )
            made = self._database.insert(api_answer).values(**row, created_at=self._database.moment())
            connection.execute(made.on_conflict_do_nothing())


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _token(row: sa.RowMapping) -> Token:
    created = datetime.fromisoformat(row["created_at"])
    return Token(row["id"], row["name"], frozenset(row["scopes"].split()), created, row["revoked_at"] is not None)
