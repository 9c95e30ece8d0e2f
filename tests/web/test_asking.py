from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any, cast

import pytest
from fastapi import Request
from starlette.exceptions import HTTPException

from gikocr.web.asking import AHEAD_HEADER, in_time


def request_to(future: Future[Any]) -> Request:
    """A request for something that nobody waits for yet, to a station that is given one answer."""
    station = SimpleNamespace(ahead=lambda task: future)
    state = SimpleNamespace(station=station)
    return cast(Request, SimpleNamespace(headers={AHEAD_HEADER: "1"}, app=SimpleNamespace(state=state)))


def in_a_loop_of_its_own(work: Coroutine[Any, Any, Any]) -> Any:
    """What `work` answers. In a thread of its own: a browser that another test keeps open holds this one's loop."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(asyncio.run, work).result()


def test_what_a_closed_station_gave_up_is_answered_with_503() -> None:
    given_up: Future[int] = Future()
    given_up.cancel()
    with pytest.raises(HTTPException) as raised:
        in_a_loop_of_its_own(in_time(request_to(given_up), lambda: 1))
    assert raised.value.status_code == 503


def test_a_request_that_is_cancelled_itself_stays_cancelled() -> None:
    async def cancelled() -> None:
        waiting: Future[int] = Future()
        task = asyncio.create_task(in_time(request_to(waiting), lambda: 1))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        in_a_loop_of_its_own(cancelled())
