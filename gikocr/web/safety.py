"""What stands between the network and the pages: which hosts, which methods, how much, from where, and who.

One ASGI middleware looks at every request before anything else does. It answers hostile ones itself:

* 421 for a Host that is not ours (DNS rebinding: OWASP, "DNS rebinding" in the ASVS 5 chapter on web front ends),
* 405 for other methods than GET and POST,
* 413 for a body over the limit, counted while it comes, whatever Content-Length says,
* 403 for a POST that another site may have caused: it lacks our header, which a form cannot send, or its ``Sec-Fetch-Site`` or
  ``Origin`` (Fetch Metadata, W3C) names another site, and for data and pictures that a page of another site asks for: to give fields
  out holds them for a person,
* 401 (pages: 303 to the sign-in) for whoever is not signed in,
* 500, without a word about the inside, where the application fails.

Every answer carries a Content-Security-Policy without inline code, and headers that keep it out of frames and of guessing of types.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: A page may load scripts, styles and pictures of this server, and nothing else from anywhere.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

SECURITY_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}

#: A form of another site cannot send it, and a script of another site may not without being asked for leave, which is refused.
CSRF_HEADER = "x-gikocr"

#: Bytes of a request's body: a decision has about 300, a sheet of 300 cells about 30,000.
MAX_BODY = 1 << 20

_log = logging.getLogger(__name__)

_METHODS = frozenset({"GET", "POST"})
_INNER_PATHS = ("/data/", "/picture/")
_OPEN_PATHS = frozenset({"/sign-in", "/favicon.ico", "/healthz"})


@dataclass(frozen=True, slots=True)
class Hosts:
    """The names under which the server may be asked for.

    Attributes:
        names: lower-case, without ports; IPv6 addresses in brackets.
    """

    names: frozenset[str]

    @classmethod
    def of(cls, bound: str, others: Iterable[str] = ()) -> Hosts:
        """The loopback names, the address that the server is bound to, and others."""
        loopback = {"localhost", "127.0.0.1", "[::1]"}
        return cls(
            frozenset(loopback | {_in_brackets(name.lower()) for name in (bound, *others)} - {"0.0.0.0", "[::]"})
        )

    def knows(self, host: str) -> bool:
        """Whether a Host header names us."""
        return without_port(host.lower()) in self.names


def without_port(host: str) -> str:
    """``name:8000`` without the port; an IPv6 address keeps its brackets."""
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdecimal() and (not name.startswith("[") or name.endswith("]")) else host


def _in_brackets(name: str) -> str:
    return f"[{name}]" if ":" in name and not name.startswith("[") else name


class Guard:
    """The middleware.

    Args:
        app: what it stands before.
        hosts: the names under which the server may be asked for.
        person_of: who asks, by the request's headers; None: not signed in.
        max_upload: bytes of the body of a request whose path ends in ``/page`` (a file that is attached to a report).
    """

    def __init__(
        self, app: ASGIApp, *, hosts: Hosts, person_of: Callable[[Headers], Awaitable[str | None]], max_upload: int
    ) -> None:
        self._app = app
        self._hosts = hosts
        self._person_of = person_of
        self._max_upload = max_upload

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # no page of ours opens a web socket
            await send({"type": "websocket.close", "code": 1008})
            return
        headers = Headers(scope=scope)
        path = str(scope["path"])
        answer = _Answer(send, cacheable=path.startswith(("/static/", "/picture/")))
        limited = _Limited(receive, self._limit(path))
        try:
            refusal = self._refusal(scope, headers, path) or await self._stranger(scope, headers, path)
            if refusal is not None:
                await answer.refuse(*refusal)
                return
            await self._app(scope, limited, answer)
        except _TooMuch:
            if not answer.begun:
                await answer.refuse(413, "body_too_large")
        except ClientDisconnect:
            return  # nobody is there to be answered
        except Exception:
            _log.exception("A request to %s failed", path)
            if answer.begun:
                raise
            await answer.refuse(500, "internal")

    def _limit(self, path: str) -> int:
        return self._max_upload if path.startswith("/data/") and path.endswith("/page") else MAX_BODY

    def _refusal(self, scope: Scope, headers: Headers, path: str) -> tuple[int, str] | None:
        """Status and code for what nobody may ask for; None: the request may pass."""
        if not self._hosts.knows(headers.get("host", "")):
            return 421, "host_not_allowed"
        if scope["method"] not in _METHODS:
            return 405, "method_not_allowed"
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > self._limit(path):
            return 413, "body_too_large"
        if scope["method"] == "POST" and not self._is_ours(headers):
            return 403, "cross_site"
        if path.startswith(_INNER_PATHS) and headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
            return 403, "cross_site"
        return None

    async def _stranger(
        self, scope: Scope, headers: Headers, path: str
    ) -> tuple[int, str] | tuple[int, str, str] | None:
        """Status, code and for a redirect the place where nobody is signed in who has to be; notes who asks."""
        person = await self._person_of(headers)
        scope.setdefault("state", {})["person"] = person
        if person is not None or path in _OPEN_PATHS or path.startswith("/static/"):
            return None
        if path.startswith(_INNER_PATHS) or scope["method"] == "POST":
            return 401, "not_signed_in"
        return 303, "not_signed_in", "/sign-in"

    def _is_ours(self, headers: Headers) -> bool:
        """Whether a POST comes from a page of ours, or from no page at all, with our header."""
        if headers.get(CSRF_HEADER) != "1" or headers.get("sec-fetch-site", "same-origin") != "same-origin":
            return False
        origin = headers.get("origin")
        return origin is None or origin.partition("://")[2].lower() == headers.get("host", "").lower()


class _TooMuch(Exception):
    """A body went over its limit while it came."""


class _Limited:
    """``receive`` that counts."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive = receive
        self._left = limit

    async def __call__(self) -> Message:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise _TooMuch
        return message


class _Answer:
    """``send`` that adds the headers of safety."""

    def __init__(self, send: Send, *, cacheable: bool) -> None:
        self._send = send
        self._cacheable = cacheable
        self.begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY_HEADERS.items():
                headers[name] = value
            if not (self._cacheable and message["status"] in (200, 304)):
                headers["cache-control"] = "no-store"
        await self._send(message)

    async def refuse(self, status: int, code: str, location: str = "") -> None:
        """Answer without asking the application."""
        body = json.dumps({"code": code}).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        if location:
            headers.append((b"location", location.encode()))
        if status == 405:
            headers.append((b"allow", ", ".join(sorted(_METHODS)).encode()))
        await self({"type": "http.response.start", "status": status, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})
