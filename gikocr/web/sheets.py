"""The page of cells that were read alike."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from gikocr.web import asking, pages, wire
from gikocr.web.wire import BadRequest

router = APIRouter()

#: Numerals that are offered; any other can be typed.
_OFFERED = 24


@router.get("/sheet")
def sheet_page(request: Request) -> Response:
    """The page; the module asks for its cells."""
    printed = request.query_params.get("printed")
    numerals = [(text, count) for text, count in asking.station(request).sheets() if count > 1]
    return pages.render(
        request, "sheet", printed=None if printed is None else printed[:30].strip(), numerals=numerals[:_OFFERED]
    )


@router.get("/data/sheet")
def sheet(request: Request) -> Response:
    """One sheet, held for who asks."""
    printed = request.query_params.get("printed", "").replace("\0", "")[:30]
    after = request.query_params.get("after") or None
    try:
        found = asking.station(request).sheet(
            printed, person=asking.person(request), after=after, limit=asking.limit(request, 300, 500)
        )
    except (ValueError, RecursionError) as error:
        raise BadRequest("after") from error
    return JSONResponse(wire.sheet_json(found))
