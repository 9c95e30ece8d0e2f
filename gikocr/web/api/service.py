"""What the routes share: the workspace, the queue or pool behind it, and limits."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request

from gikocr.web.api.guard import require

if TYPE_CHECKING:
    from gikocr.errors import GikocrError
    from gikocr.settings import Settings
    from gikocr.workspace import Workspace
    from gikocr.workspace.jobs import Enqueue


@dataclass(slots=True)
class Service:
    """One workspace as it is served.

    Attributes:
        workspace: an open one.
        settings: how documents are read unless a request says otherwise.
        enqueue: tells the queue, or the local pool, of jobs.
        max_queued: jobs that may wait; more are refused for a while.
        broken: why nothing can be read for now, where this process reads itself; None: it can.
        streams: places for clients that watch events.
    """

    workspace: Workspace
    settings: Settings
    enqueue: Enqueue
    max_queued: int = 100_000
    broken: Callable[[], GikocrError | None] = lambda: None
    streams: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(64))


def _service(request: Request) -> Service:
    found = request.app.state.service
    assert isinstance(found, Service)
    return found


Here = Annotated[Service, Depends(_service)]
"""The service, as an argument of a route."""


def _needs(scope: str) -> object:
    def check(request: Request) -> str:
        return require(request.state, scope)

    return Depends(check)


Reader = Annotated[str, _needs("read")]
"""The name of who asks, who may read."""
Submitter = Annotated[str, _needs("submit")]
"""The name of who asks, who may submit documents."""
Reviewer = Annotated[str, _needs("review")]
"""The name of who asks, who may decide on fields."""
Admin = Annotated[str, _needs("admin")]
"""The name of who asks, who may do everything."""
