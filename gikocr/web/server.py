"""Running the pages with uvicorn."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

from gikocr.errors import UsageError
from gikocr.review import Station
from gikocr.web.app import Options, create_app
from gikocr.web.connections import BACKLOG, TimedProtocol, listen

#: Connections at the same time; more are answered with 503 at once, so that those that are served do not wait.
MAX_CONNECTIONS = 400

#: Seconds that an idle connection is kept, and that requests in flight are given when the server stops.
KEEP_ALIVE = 15
GRACE = 5


def is_loopback(host: str) -> bool:
    """Whether an address can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_options(station: Station, options: Options) -> None:
    """Refuse an address that others can reach, unless nobody comes in without a token and somebody has one.

    Raises:
        UsageError: it is one.
    """
    has_tokens = any(person.has_token for person in station.people.all())
    if is_loopback(options.host) and not options.tokens:
        return
    if not options.tokens:
        raise UsageError(
            f"{options.host!r} can be reached from other machines, and nobody would need a token.",
            advice="Give --token, or leave out --host.",
        )
    if not has_tokens:
        raise UsageError(
            "Nobody has a token yet.", advice="gikocr review WORKSPACE --add-person NAME makes a token and prints it."
        )


def serve(station: Station, options: Options, port: int, *, when_ready: Callable[[str], None]) -> None:
    """Serve the pages until interrupted.

    Args:
        station: of the workspace.
        options: how.
        port: 0 takes a free one.
        when_ready: told the address once the port is ours.

    Raises:
        UsageError: the address is taken, or may not be used.
    """
    check_options(station, options)
    app = create_app(station, options)
    bound = listen(options.host, port)
    name = f"[{options.host}]" if ":" in options.host else options.host
    when_ready(f"http://{name}:{bound.getsockname()[1]}/")
    with bound:
        uvicorn.Server(configured(app)).run(sockets=[bound])


def configured(app: ASGIApp) -> uvicorn.Config:
    """How uvicorn serves the pages."""
    return uvicorn.Config(
        app,
        http=TimedProtocol,
        log_level="error",  # a burst would write a warning for each request
        access_log=False,
        server_header=False,
        limit_concurrency=MAX_CONNECTIONS,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=GRACE,
        lifespan="off",
        ws="none",
        proxy_headers=False,
    )
