"""What stands between the network and the API: which hosts, how much, from where, and who.

One ASGI middleware looks at every request before anything is parsed. Programs show a token (``Authorization: Bearer``); cookies are not
looked at, so that a page of another site cannot act for anybody. Where no token is asked for, on loopback, what a browser sends from
another site is refused by its ``Sec-Fetch-Site`` or ``Origin``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import anyio.to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gikocr.errors import GikocrError
from gikocr.web.api.problems import Problem, problem_of, response
from gikocr.web.safety import Hosts
from gikocr.workspace.access import SCOPES, Token

#: Bytes of a request that brings no document.
MOST_BODY = 1 << 20

#: Bytes around the files of a request that brings some: heads of parts, names, fields.
ROUND_FILES = 1 << 20

_OPEN_PATHS = frozenset({"/healthz", "/readyz", "/openapi.json"})
_UPLOADS = frozenset({"/v1/documents"})

#: Who everybody is where no token is asked for.
_ANYBODY = frozenset(SCOPES)


class Guard:
    """The middleware.

    Args:
        app: what it stands before.
        hosts: the names under which the server may be asked for.
        find: the token of a secret, None for a wrong one; None: nobody needs a token.
        max_files: bytes of the files of one request together.
    """

    def __init__(
        self, app: ASGIApp, *, hosts: Hosts, find: Callable[[str], Token | None] | None, max_files: int
    ) -> None:
        self._app, self._hosts, self._find, self._max_files = app, hosts, find, max_files

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        answer = _Answer(send)
        try:
            if "\0" in scope["path"] or b"%00" in scope["query_string"]:
                raise Problem(400, "bad_request", "The character NUL stands in the address.")
            await self._check(scope)
            limit = self._max_files + ROUND_FILES if scope["path"] in _UPLOADS else MOST_BODY
            _check_length(Headers(scope=scope), limit)
            await self._app(scope, answer.limited(receive, limit), answer)
        except _TooMuch:
            pass
        except Problem as problem:
            await response(problem)(scope, receive, answer)
            return
        if answer.too_much and not answer.begun:
            answer.too_much = False
            await response(_too_large())(scope, receive, answer)

    async def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        if not self._hosts.knows(headers.get("host", "")):
            raise Problem(421, "host_not_allowed", "This server does not answer to that name.")
        state = scope.setdefault("state", {})
        if self._find is None:
            if _is_of_another_site(headers):
                raise Problem(403, "cross_site", "A page of another site asked for this.")
            state["who"], state["scopes"] = "", _ANYBODY
            return
        if scope["path"] in _OPEN_PATHS:
            state["who"], state["scopes"] = "", frozenset()
            return
        kind, _, secret = headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not secret.strip():
            raise _unauthorized("token_missing", "Give a token: Authorization: Bearer gikocr_...")
        try:
            token = await anyio.to_thread.run_sync(functools.partial(self._find, secret.strip()))
        except GikocrError as error:
            raise problem_of(error) from error
        if token is None:
            raise _unauthorized("token_wrong", "This token is wrong, or was revoked.")
        state["who"] = token.name
        state["scopes"] = _ANYBODY if "admin" in token.scopes else token.scopes


def require(state: Any, scope: str) -> str:
    """The name of who asks, if that is allowed.

    Args:
        state: of the request.
        scope: one of :data:`SCOPES`.

    Raises:
        Problem: it is not.
    """
    if scope not in state.scopes:
        raise Problem(403, "scope_missing", f"The token does not allow this: it lacks the scope {scope!r}.")
    return str(state.who)


def _unauthorized(code: str, title: str) -> Problem:
    return Problem(401, code, title, headers={"WWW-Authenticate": "Bearer"})


def _is_of_another_site(headers: Headers) -> bool:
    if headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        return True
    origin = headers.get("origin")
    return origin is not None and origin.partition("://")[2].lower() != headers.get("host", "").lower()


def _too_large() -> Problem:
    return Problem(413, "body_too_large", "The request is larger than this server takes.")


def _check_length(headers: Headers, limit: int) -> None:
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > limit:
        raise _too_large()


class _TooMuch(Exception):
    """A body went over its limit while it came."""


class _Answer:
    """``receive`` that counts, and ``send`` that keeps answers out of pages and browsers from guessing what they are."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.begun = False
        self.too_much = False

    def limited(self, receive: Receive, limit: int) -> Receive:
        """Count the body as it comes, whatever Content-Length says."""
        left = limit

        async def counted() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                self.too_much = True
                raise _TooMuch
            return message

        return counted

    async def __call__(self, message: Message) -> None:
        if self.too_much and not self.begun:
            return  # the framework says that the body cannot be parsed; the reason is another
        if message["type"] == "http.response.start":
            self.begun = True
            headers = MutableHeaders(scope=message)
            headers["x-content-type-options"] = "nosniff"
            headers["content-security-policy"] = "default-src 'none'; frame-ancestors 'none'"
            headers["referrer-policy"] = "no-referrer"
            if "cache-control" not in headers:
                headers["cache-control"] = "no-store"
        await self._send(message)
