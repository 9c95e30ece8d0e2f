"""Who may come in, and how a browser is known again.

Who shows a token gets a cookie: the name, the end of its validity, and a digest of both with what marks the token, keyed with a
secret of the workspace (HMAC-SHA-256, RFC 2104). Nothing is kept in memory, so that whoever was signed in still is after the server was
restarted, and a cookie is worth nothing once its person has left or has another token.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path

from starlette.datastructures import Headers
from starlette.requests import cookie_parser

from gikocr.errors import WorkspaceError

#: How long a browser is known, in seconds.
COOKIE_SECONDS = 30 * 24 * 3600

#: Characters of a name.
MAX_NAME = 80


class Door:
    """Signs people in.

    Args:
        secret: of the workspace, at least 32 bytes.
        person_of: the name of the person whose token this is, None for a wrong one.
        token_mark: what changes when a person is given another token; None for who has none, or is not known.
        open_as: who everybody is that has not signed in; None: nobody comes in without a token.
    """

    def __init__(
        self,
        secret: bytes,
        *,
        person_of: Callable[[str], str | None],
        token_mark: Callable[[str], str | None],
        open_as: str | None,
    ) -> None:
        self._secret = secret
        self._person_of = person_of
        self._token_mark = token_mark
        self.open_as = open_as
        # Browsers send the cookies of all ports of a host together, and two workspaces may be open at once.
        self.cookie_name = f"gikocr-{hashlib.sha256(secret).hexdigest()[:8]}"

    @property
    def asks_for_tokens(self) -> bool:
        """Whether a name alone does not do."""
        return self.open_as is None

    def cookie_for(self, shown: str) -> str | None:
        """The cookie for who shows a token (or, where the door is open, a name); None when it is wrong."""
        name = self._person_of(shown) if self.asks_for_tokens else clean_name(shown)
        return None if not name else self._signed(name, int(time.time()) + COOKIE_SECONDS)

    def person(self, headers: Headers) -> str | None:
        """Who asks; None for who is not signed in."""
        cookie = cookie_parser(headers.get("cookie", "")).get(self.cookie_name)
        return (None if cookie is None else self._checked(cookie)) or self.open_as

    def _signed(self, name: str, until: int) -> str:
        body = base64.urlsafe_b64encode(json.dumps([name, until]).encode()).decode().rstrip("=")
        return f"{body}.{self._digest(body, name)}"

    def _checked(self, cookie: str) -> str | None:
        body, _, digest = cookie.partition(".")
        try:
            name, until = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        except (ValueError, TypeError, RecursionError):
            return None
        if not isinstance(name, str) or not isinstance(until, int) or until < time.time():
            return None
        if self.asks_for_tokens and self._token_mark(name) is None:
            return None
        return name if hmac.compare_digest(digest.encode(), self._digest(body, name).encode()) else None

    def _digest(self, body: str, name: str) -> str:
        token = (self._token_mark(name) or "") if self.asks_for_tokens else ""
        return hmac.new(self._secret, f"{body}\n{token}".encode(), hashlib.sha256).hexdigest()


def clean_name(text: str) -> str:
    """A name as it is kept: without control characters, single blanks, at most :data:`MAX_NAME` characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:MAX_NAME]


def workspace_secret(folder: Path) -> bytes:
    """The secret of a workspace, made when it is first asked for, in a file that only its owner may read.

    Args:
        folder: of the workspace.

    Raises:
        WorkspaceError: it cannot be read or written.
    """
    path = folder / ".gikocr" / "session.key"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(secrets.token_bytes(32))
        secret = path.read_bytes()
    except OSError as error:
        raise WorkspaceError(f"Cannot keep the key of sessions in {str(path)!r}: {error.strerror}.") from error
    if len(secret) < 32:
        raise WorkspaceError(f"{str(path)!r} is damaged.", advice="Delete it; everybody then signs in again.")
    return secret
