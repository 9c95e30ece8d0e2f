"""Events of a document as a stream (Server-Sent Events, HTML Living Standard section 9.2)."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import AsyncIterator

import anyio.to_thread
from fastapi import APIRouter
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from gikocr.errors import WorkspaceError
from gikocr.web.api.bodies import DocumentBody
from gikocr.web.api.documents import Number, job_of
from gikocr.web.api.problems import Problem, documented, response
from gikocr.web.api.service import Here, Reader, Service
from gikocr.workspace.job_rows import FINAL

router = APIRouter(prefix="/v1")

#: Seconds between two looks at a document that somebody watches.
LOOK_EVERY = 1.0

#: Seconds after which a sign goes to a client of a document that does not change, so that nothing in between cuts the connection.
SIGN_EVERY = 15.0

#: Seconds after which a stream ends; clients come again by themselves.
LONGEST = 3600.0


@router.get(
    "/documents/{number}/events",
    response_class=StreamingResponse,
    responses=documented(400, 401, 403, 404, 422, 503)
    | {
        200: {
            "description": "An event `state` with the document for each change, until it came to an end.",
            "content": {"text/event-stream": {}},
        }
    },
)
async def events(here: Here, who: Reader, number: Number) -> StreamingResponse:
    """Watch a document until it has come to its end."""
    await anyio.to_thread.run_sync(functools.partial(job_of, here, number))
    return _Stream(here, number)


class _Stream(StreamingResponse):
    """A stream that has its place for as long as it is answered, whenever and however its client leaves."""

    def __init__(self, here: Service, number: int) -> None:
        super().__init__(_events(here, number), media_type="text/event-stream")
        self._places = here.streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._places.acquire(blocking=False):
            full = Problem(503, "too_many_streams", "Too many clients watch already.", headers={"Retry-After": "10"})
            await response(full)(scope, receive, send)
            return
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._places.release()


async def _events(here: Service, number: int) -> AsyncIterator[bytes]:
    last: tuple[str, int] | None = None
    began = signed = time.monotonic()
    while time.monotonic() - began < LONGEST:
        try:
            job = await anyio.to_thread.run_sync(functools.partial(job_of, here, number))
        except WorkspaceError:
            await asyncio.sleep(LOOK_EVERY)
            continue
        if (job.state, job.attempt) != last:
            last = (job.state, job.attempt)
            signed = time.monotonic()
            yield f"event: state\nid: {job.attempt}\ndata: {DocumentBody.of(job).model_dump_json()}\n\n".encode()
        if job.state in FINAL:
            return
        if time.monotonic() - signed > SIGN_EVERY:
            signed = time.monotonic()
            yield b": still there\n\n"
        await asyncio.sleep(LOOK_EVERY)
