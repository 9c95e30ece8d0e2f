"""Connections of which the other side is slow, or does nothing: they must not take the places of those who work.

uvicorn counts connections and answers with 503 over its limit, but waits as long as a client likes for the head or the body of a
request, and for a client that does not read. Here each of these has its time, and where places become few, connections without a
request give way.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Any

from h11 import CLOSED, ERROR, ConnectionClosed
from uvicorn.protocols.http.h11_impl import H11Protocol

from gikocr.errors import UsageError

#: Connections that may wait until they are looked at: a burst of a few browsers.
BACKLOG = 2048

#: Seconds until the head of a request is there whole: from opening the connection, or from its first byte.
HEAD_SECONDS = 10.0

#: Seconds that the body of a request may take, and bytes a second that add to them: 64 MiB over a line of 1 Mbit/s take 9 minutes.
BODY_SECONDS = 15.0
BODY_RATE = 10_000.0

#: Seconds that a client may leave what was sent to it unread.
WRITE_SECONDS = 30.0

#: How often this is looked at, in seconds.
CHECK_SECONDS = 1.0

#: Over this share of the places, connections that have been without a request for so many seconds are closed for a new one.
CROWDED = 0.75
IDLE_SECONDS = 2.0


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens at an address, so that nobody else can; 0 takes a free port.

    Raises:
        UsageError: the address is taken, or is none of this machine.
    """
    bound = None
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        bound = socket.socket(family, kind, protocol)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.listen(BACKLOG)
    except OSError as error:
        if bound is not None:
            bound.close()
        raise UsageError(
            f"Cannot listen on {host} port {port}: {error.strerror or error}.", advice="Give another --port."
        ) from error
    return bound


class TimedProtocol(H11Protocol):
    """uvicorn's protocol with times."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._watch: asyncio.TimerHandle | None = None
        self._idle_since: float | None = None
        self._head_since: float | None = None
        self._body_since = self._write_since = 0.0
        self._received = 0
        self._seen: object = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client is there; where it is crowded, those without a request give way to it."""
        super().connection_made(transport)
        self._idle_since = self._head_since = self.loop.time()
        self._watch = self.loop.call_later(CHECK_SECONDS, self._check)
        self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        if self._watch is not None:
            self._watch.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes of a request."""
        now = self.loop.time()
        if self._idle_since is not None and self._head_since is None:
            self._head_since = now
        self._received += len(data)
        super().data_received(data)
        self._note_request(now)

    def on_response_complete(self) -> None:
        """A request was answered; the next one may have come already."""
        self._idle_since, self._head_since = self.loop.time(), None
        super().on_response_complete()
        self._note_request(self.loop.time())

    def pause_writing(self) -> None:
        """The client reads slower than is written."""
        self._write_since = self.loop.time()
        super().pause_writing()

    def _note_request(self, now: float) -> None:
        if self.cycle is not self._seen:
            self._seen, self._body_since, self._received = self.cycle, now, 0
            if not self.cycle.response_complete:
                self._idle_since = self._head_since = None

    def _make_room(self) -> None:
        places = self.limit_concurrency
        if places is None or len(self.connections) <= CROWDED * places:
            return
        limit = self.loop.time() - IDLE_SECONDS
        idle = [c for c in self.connections if isinstance(c, TimedProtocol) and (c._idle_since or limit) < limit]
        idle.sort(key=lambda c: c._idle_since or 0.0)
        for connection in idle[: len(self.connections) - int(CROWDED * places)]:
            connection._leave()

    def _check(self) -> None:
        if self.transport.is_closing():
            return
        now = self.loop.time()
        if self._idle_since is not None:
            if self._head_since is not None and now - self._head_since > HEAD_SECONDS:
                self._leave()
        elif self.cycle.more_body:
            if self.flow.read_paused:
                self._body_since, self._received = now, 0  # it is we who do not read
            elif now - self._body_since > BODY_SECONDS + self._received / BODY_RATE:
                self.transport.abort()
        elif self.flow.write_paused and now - self._write_since > WRITE_SECONDS:
            self.transport.abort()
        self._watch = self.loop.call_later(CHECK_SECONDS, self._check)

    def _leave(self) -> None:
        if self.conn.our_state not in (CLOSED, ERROR):
            self.conn.send(ConnectionClosed())
        self.transport.close()
