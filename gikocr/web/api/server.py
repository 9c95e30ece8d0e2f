"""Running the API with uvicorn."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable

import uvicorn

from gikocr.errors import UsageError
from gikocr.web.api.app import Options, create_app
from gikocr.web.api.service import Service
from gikocr.web.connections import TimedProtocol
from gikocr.workspace.access import Tokens

#: Connections at the same time; more are answered with 503 at once, so that those that are served do not wait.
MOST_CONNECTIONS = 200

#: Seconds that an idle connection is kept, and that requests in flight are given when the server stops.
KEEP_ALIVE = 15
GRACE = 10


def serve(service: Service, options: Options, bound: socket.socket, *, when_ready: Callable[[str], None]) -> None:
    """Serve until interrupted.

    Args:
        service: the workspace and what is behind it.
        options: how.
        bound: of :func:`gikocr.web.connections.listen`.
        when_ready: told the address before the first request is answered.

    Raises:
        UsageError: others can reach the address and no token is asked for, or there is none.
    """
    check_options(service, options)
    config = uvicorn.Config(
        create_app(service, options),
        http=TimedProtocol,
        log_level="warning",
        access_log=False,
        server_header=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=GRACE,
        lifespan="off",
        ws="none",
        proxy_headers=False,
    )
    host = f"[{options.host}]" if ":" in options.host else options.host
    when_ready(f"http://{host}:{bound.getsockname()[1]}")
    uvicorn.Server(config).run(sockets=[bound])


def check_options(service: Service, options: Options) -> None:
    """Refuse an address that others can reach, unless a token is asked for and there is one.

    Raises:
        UsageError: it is one.
    """
    if not options.tokens and not _is_loopback(options.host):
        raise UsageError(
            f"{options.host!r} can be reached from other machines, and nobody would need a token.",
            advice="Leave out --no-tokens, or --host.",
        )
    if options.tokens and not any(not token.revoked for token in Tokens(service.workspace.database).all()):
        raise UsageError(
            "There is no token yet.",
            advice="gikocr token create NAME --scope admin -w WORKSPACE makes one and prints it.",
        )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
