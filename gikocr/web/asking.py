"""What every route needs of a request: the station, who asks, a JSON body, a selection."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Annotated, TypeVar, cast

from fastapi import Path, Request
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from gikocr.review import Place, Station
from gikocr.web.wire import BadRequest
from gikocr.workspace import Order, Selection

_ORDERS: tuple[Order, ...] = ("harm", "doubt", "document", "field", "agency")

#: The id of a report in an address.
ReportId = Annotated[int, Path(ge=0, lt=2**63)]

#: Sent with a request for something that nobody waits for yet.
AHEAD_HEADER = "x-gikocr-ahead"

_Found = TypeVar("_Found")

#: Characters of a value in a query.
_LONGEST = 2000


def station(request: Request) -> Station:
    """The station of the workspace."""
    return cast(Station, request.app.state.station)


def person(request: Request) -> str:
    """Who asks: the guard let nobody else in."""
    return cast(str, request.state.person)


async def in_time(request: Request, task: Callable[[], _Found]) -> _Found:
    """What a task gives; done after what others wait for, where the request says that nobody waits for it yet.

    Raises:
        HTTPException: 503; the station is closed and gave the task up.
    """
    if AHEAD_HEADER not in request.headers:
        return await run_in_threadpool(task)
    ahead = station(request).ahead(task)
    try:
        return await asyncio.wrap_future(ahead)
    except asyncio.CancelledError:
        own = asyncio.current_task()
        if ahead.cancelled() and (own is None or not own.cancelling()):
            raise HTTPException(503) from None
        raise


async def body(request: Request) -> object:
    """The JSON that was sent.

    Raises:
        BadRequest: it is none.
    """
    try:
        return cast(object, json.loads(await request.body()))
    except (ValueError, RecursionError) as error:
        raise BadRequest("json") from error


def order(request: Request) -> Order:
    """The order that is asked for; the first where none is.

    Raises:
        BadRequest: there is no such order.
    """
    asked = request.query_params.get("order") or _ORDERS[0]
    if asked not in _ORDERS:
        raise BadRequest("order")
    return asked


def place(request: Request) -> Place | None:
    """Where the page before ended.

    Raises:
        BadRequest: it is no place.
    """
    asked = request.query_params.get("after")
    if not asked:
        return None
    try:
        return Place.parse(asked[:_LONGEST])
    except (ValueError, RecursionError) as error:
        raise BadRequest("after") from error


def selection(request: Request) -> Selection:
    """Which reports and fields are asked for.

    Raises:
        BadRequest: a year that is none.
    """
    # No name has a NUL in it, and PostgreSQL takes none.
    given = {key: value.replace("\0", "").strip()[:200] for key, value in request.query_params.items()}
    asked = {key: value for key, value in given.items() if value}
    year = asked.get("year")
    if year is not None and not (year.isascii() and year.isdecimal() and len(year) <= 4):
        raise BadRequest("year")
    return Selection(
        name=asked.get("name"),
        agency=asked.get("agency"),
        year=None if year is None else int(year),
        table=asked.get("table"),
        field_id=asked.get("field"),
    )


def limit(request: Request, default: int, most: int) -> int:
    """How many are asked for.

    Raises:
        BadRequest: it is no number from 1 to ``most``.
    """
    asked = request.query_params.get("limit", str(default))
    if not (asked.isascii() and asked.isdecimal() and len(asked) <= 6 and 1 <= int(asked) <= most):
        raise BadRequest("limit")
    return int(asked)


def since(request: Request) -> int | None:
    """The number of an earlier answer, if one is named.

    Raises:
        BadRequest: it is no number.
    """
    asked = request.query_params.get("since")
    if asked is None:
        return None
    if not (asked.isascii() and asked.isdecimal() and len(asked) <= 15):
        raise BadRequest("since")
    return int(asked)


def start(request: Request) -> int:
    """Where a list begins.

    Raises:
        BadRequest: it is no number.
    """
    asked = request.query_params.get("start", "0")
    if not (asked.isascii() and asked.isdecimal() and len(asked) <= 9):
        raise BadRequest("start")
    return int(asked)
