"""Clients that are slow, or do nothing."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gikocr.web import Options, connections
from gikocr.web.server import MAX_CONNECTIONS
from tests.web.serving import Server

HEAD = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
POST = b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\nX-Gikocr: 1\r\nContent-Length: 1000\r\n\r\n"


@pytest.fixture
def hasty(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server with little patience."""
    for name, seconds in (("HEAD", 0.6), ("BODY", 0.6), ("WRITE", 0.6), ("CHECK", 0.1), ("IDLE", 0.3)):
        monkeypatch.setattr(connections, f"{name}_SECONDS", seconds)
    monkeypatch.setattr(connections, "BODY_RATE", 200.0)
    running = Server(workspace, Options(language="en"))
    yield running
    running.stop()


def opened(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=20)


def seconds_until_closed(raw: socket.socket) -> float:
    began = time.monotonic()
    with contextlib.suppress(ConnectionResetError):
        assert raw.recv(1) == b""
    return time.monotonic() - began


def answered(raw: socket.socket) -> bytes:
    """The whole answer of ``/healthz``."""
    answer = b""
    while not answer.endswith(b"ok"):
        part = raw.recv(4000)
        assert part, answer
        answer += part
    return answer


def test_connections_that_do_nothing_take_nobodys_place(hasty: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 600.0)  # only to make room for others
    with contextlib.ExitStack() as stack:
        idle = [stack.enter_context(opened(hasty)) for _ in range(MAX_CONNECTIONS + 20)]
        for raw in idle[::2]:
            raw.sendall(HEAD)  # and no more
        time.sleep(1)
        assert [hasty.get("/healthz").status for _ in range(30)] == [200] * 30
        idle[-1].sendall(HEAD + b"\r\n" if (MAX_CONNECTIONS + 19) % 2 else b"\r\n")
        assert idle[-1].recv(100).startswith(b"HTTP/1.1 200")  # room was made of the oldest ones


@pytest.mark.parametrize("sent", [b"", b"GET", HEAD])
def test_a_request_that_does_not_come_is_not_waited_for(hasty: Server, sent: bytes) -> None:
    with opened(hasty) as raw:
        raw.sendall(sent)
        assert seconds_until_closed(raw) < 15


def test_a_head_that_drips_is_not_waited_for(hasty: Server) -> None:
    with opened(hasty) as raw, pytest.raises(OSError):
        raw.sendall(HEAD)
        for _ in range(200):
            time.sleep(0.1)
            raw.sendall(b"x: y\r\n")


def test_a_second_head_that_drips_is_not_waited_for(hasty: Server) -> None:
    with opened(hasty) as raw:
        raw.sendall(HEAD + b"\r\n")
        assert answered(raw).startswith(b"HTTP/1.1 200")
        raw.sendall(b"G")
        assert seconds_until_closed(raw) < 15


def test_a_body_that_drips_is_not_waited_for(hasty: Server) -> None:
    with opened(hasty) as raw, pytest.raises(OSError):
        raw.sendall(POST)
        for _ in range(200):
            time.sleep(0.1)
            raw.sendall(b"x")


def test_a_body_that_comes_slowly_and_steadily_is_taken(hasty: Server) -> None:
    with opened(hasty) as raw:
        raw.sendall(POST)
        for _ in range(25):
            time.sleep(0.05)
            raw.sendall(b" " * 40)
        assert raw.recv(100).startswith(b"HTTP/1.1 400")  # blanks are no JSON


def test_answers_that_are_not_read_are_given_up(hasty: Server) -> None:
    """Pictures of pages, asked for one after the other: more than the system takes for a client that does not read."""
    item = next(i for i in hasty.get("/data/queue?limit=50").json["items"] if i["page"])
    path = f"/picture/{item['page']['id']}"
    whole = 40 * len(hasty.get(path).body)
    with socket.socket() as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.connect(("127.0.0.1", hasty.port))
        raw.settimeout(20)
        raw.sendall((HEAD.replace(b"/healthz", path.encode()) + b"\r\n") * 40)
        time.sleep(3)
        got = 0
        with contextlib.suppress(ConnectionResetError):
            while part := raw.recv(1 << 16):
                got += len(part)
    assert got < whole


def test_who_works_is_left_alone(hasty: Server) -> None:
    """A connection that is used now and then stays open, longer than a head may take."""
    with opened(hasty) as raw:
        for _ in range(8):
            raw.sendall(HEAD + b"\r\n")
            assert answered(raw).startswith(b"HTTP/1.1 200")
            time.sleep(0.25)
