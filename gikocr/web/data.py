"""What the module of the pages asks for and sends, as JSON."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from gikocr.errors import EditConflict, SeniorNeeded, UsageError, WorkspaceError
from gikocr.review import Station
from gikocr.web import asking, wire
from gikocr.web.asking import ReportId
from gikocr.web.wire import BadRequest

router = APIRouter(prefix="/data")

#: Entries of one request to ``/data/decisions``.
MAX_ENTRIES = 100

#: In the place of a field's id: whichever was decided last.
NO_FIELD = "-"

_log = logging.getLogger(__name__)


@router.get("/queue")
def queue(request: Request) -> Response:
    """The next items for who asks, held for that person; with ``senior=1`` what others handed up, all of it at once."""
    after = asking.place(request)
    if request.query_params.get("senior") == "1":
        if not asking.station(request).people.is_senior(asking.person(request)):
            return JSONResponse({"code": "senior_needed"}, 403)
        handed_up = [] if after is not None else asking.station(request).disagreements()
        return JSONResponse({"items": [wire.item_json(item) for item in handed_up]})
    try:
        items = asking.station(request).queue(
            asking.order(request),
            asking.selection(request),
            person=asking.person(request),
            after=after,
            limit=asking.limit(request, 20, 100),
        )
    except ValueError as error:
        raise BadRequest("after") from error
    return JSONResponse({"items": [wire.item_json(item) for item in items]})


@router.get("/item/{report_id}/{field_id}")
def item(report_id: ReportId, field_id: str, request: Request) -> Response:
    """One item, whether or not it waits."""
    try:
        found = asking.station(request).item(report_id, field_id, person=asking.person(request))
    except WorkspaceError as error:
        return JSONResponse({"code": "not_found", "message": str(error)}, 404)
    return JSONResponse(wire.item_json(found))


@router.get("/heading/{report_id}/{field_id}")
async def heading(report_id: ReportId, field_id: str, request: Request) -> Response:
    """The headings of a field as they are printed, as far as they were read."""
    station = asking.station(request)
    try:
        found = await asking.in_time(request, partial(station.printed_heading, report_id, field_id))
    except WorkspaceError as error:
        return JSONResponse({"code": "not_found", "message": str(error)}, 404)
    return JSONResponse({"row": list(found.row), "column": list(found.column)})


@router.get("/counts")
def counts(request: Request) -> Response:
    """The queue in numbers, for who asks."""
    found = asking.station(request).counts(asking.selection(request), person=asking.person(request))
    return JSONResponse(wire.counts_json(found))


@router.post("/decisions")
async def decisions(request: Request) -> Response:
    """Decide fields, take decisions back, skip, ask a senior: a list, done one after the other.

    Each entry has its own ``id``. One that comes again, after an answer was lost, counts once. The answer has one result for each
    entry: ``ok``, ``conflict`` (409: somebody else decided; what stands is told), 403 (the field waits for a senior), ``refused`` (400)
    or ``later`` (503: try again; the entries after it were not done).

    ``let_go`` names the fields that wait no longer because of what anybody decided since the answer whose ``let_go.number`` is given
    as ``since``; they are reckoned in the background, so that decisions are answered at once.
    """
    since = asking.since(request)
    entries = wire.items_of(await asking.body(request), MAX_ENTRIES)
    station, person = asking.station(request), asking.person(request)
    results = await run_in_threadpool(lambda: [*_all(station, person, entries)])
    let_go = station.let_go(since)
    gone = {"number": let_go.number, "fields": [list(place) for place in let_go.fields]}
    return JSONResponse({"results": results, "let_go": gone})


def _all(station: Station, person: str, entries: list[object]) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = []
    for entry in entries:
        results.append(_one(station, person, entry))
        if results[-1]["status"] == 503:
            break
    return results


def _one(station: Station, person: str, sent: object) -> dict[str, Any]:
    try:
        entry = wire.mapping(sent)
        request = wire.text(entry.get("id"), 64)
        return {"status": 200} | _done(station, person, entry, request)
    except EditConflict as error:
        status = 403 if isinstance(error, SeniorNeeded) else 409
        return {"status": status, "code": error.code, "stands": _standing(station, person, error)}
    except (ValueError, UsageError) as error:
        return {"status": 400, "code": "bad_request", "message": str(error)}
    except WorkspaceError as error:
        if _is_gone(station, sent):
            return {"status": 400, "code": error.code, "message": error.message}
        _log.warning("A decision was not kept: %s", error)
        return {"status": 503, "code": error.code, "message": error.message}


def _standing(station: Station, person: str, error: EditConflict) -> dict[str, Any] | None:
    """The field as it is now, unless that would show a first answer to whom a second one is awaited from."""
    field = error.stands
    if field is None or not station.sees(person, field.report_id, field.field_id):
        return None
    return wire.field_json(field)


def _is_gone(station: Station, sent: object) -> bool:
    """Whether what was decided on is no longer there: then trying again does not help."""
    entry = wire.mapping(sent)
    if entry.get("action") not in ("settle", "hand_up", "withdraw"):
        return False
    try:
        station.workspace.reviews.count_waiting()
    except WorkspaceError:
        return False  # the database itself is out of order
    try:
        station.workspace.reviews.field(wire.whole(entry.get("report_id")), wire.text(entry.get("field_id")))
    except WorkspaceError:
        return True
    return False


def _done(station: Station, person: str, entry: dict[str, Any], request: str) -> dict[str, Any]:
    action = entry.get("action")
    if action == "sheet":
        confirmed, odd = wire.versions_of(entry.get("confirmed")), wire.versions_of(entry.get("odd"))
        seconds = wire.duration(entry.get("seconds"))
        return wire.sheet_settled_json(station.settle_sheet(person, confirmed, odd, request=request, seconds=seconds))
    if action == "confirm_form":
        report_id = wire.whole(entry.get("report_id"))
        fields = [(field, version) for _, field, version in wire.versions_of(entry.get("fields"))]
        return wire.sheet_settled_json(station.confirm_form(person, report_id, fields, request=request))
    wanted = wire.wanted(entry)
    place = (wanted.report_id, wanted.field_id)
    if wanted.action == "undo":
        # Without a field: what the person decided last, before this page was opened too.
        undone = station.undo(
            person, place=None if wanted.field_id == NO_FIELD else place, request=request, at_once=False
        )
        return {"undone": [wire.settled_json(s) for s in undone]}
    if wanted.action == "withdraw":
        return {"withdrawn": station.withdraw(person, *place)}
    if wanted.action == "hand_up":
        station.hand_up(person, *place, wanted.reason, version=wanted.version)
        return {}
    assert wanted.state is not None  # wire.wanted checked it
    settled = station.settle(
        person,
        *place,
        version=wanted.version,
        value=wanted.value,
        state=wanted.state,
        kind=wanted.kind,
        reason=wanted.reason,
        seconds=wanted.seconds,
        request=request,
        blind=wanted.blind,
        at_once=False,
    )
    return {"settled": wire.settled_json(settled)}


@router.post("/hold")
async def hold(request: Request) -> Response:
    """Hold fields for five minutes more; those are named that are still ours."""
    places = wire.fields_of(await asking.body(request))
    station, person = asking.station(request), asking.person(request)
    held = await run_in_threadpool(station.lease, person, places)
    return JSONResponse({"held": [list(place) for place in sorted(held)]})


@router.post("/release")
async def release(request: Request) -> Response:
    """Give fields back to the queue."""
    places = wire.fields_of(await asking.body(request))
    station, person = asking.station(request), asking.person(request)

    def give_back() -> None:
        for report_id, field_id in places:
            station.release(person, report_id, field_id)

    await run_in_threadpool(give_back)
    return JSONResponse({})
