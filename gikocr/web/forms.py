"""The pages of all reports and of one whole report."""

from __future__ import annotations

import json
import tempfile
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from gikocr.errors import WorkspaceError
from gikocr.review.formview import FormView
from gikocr.web import asking, layout, pages, wire
from gikocr.web.asking import ReportId
from gikocr.web.words import script_words
from gikocr.workspace import Selection

router = APIRouter()

#: Reports on a page of their list.
_LISTED = 200


@router.get("/documents")
def documents(request: Request) -> Response:
    """The reports."""
    chosen, start = asking.selection(request), asking.start(request)
    found = [*islice(asking.station(request).workspace.reports(chosen), start, start + _LISTED + 1)]
    more = f"/documents?{urlencode(_filters(chosen) | {'start': start + _LISTED})}" if len(found) > _LISTED else None
    return pages.render(request, "documents", reports=found[:_LISTED], selection=chosen, more=more)


@router.get("/form/{report_id}")
def form(report_id: ReportId, request: Request) -> Response:
    """One report as the national form, beside its pages."""
    view = _view(request, report_id)
    words = script_words(pages.language(request))
    return pages.render(
        request,
        "form",
        report=view.report,
        tables=view.tables,
        blocks=layout.blocks(view, words),
        missing=view.missing,
        view_pages=len(view.pages),
        pages=json.dumps([{"number": number, "id": page_id} for number, page_id in view.pages]),
    )


@router.get("/data/form/{report_id}")
def form_data(report_id: ReportId, request: Request) -> Response:
    """What changes in the cells of a report with a decision."""
    view = _view(request, report_id)
    return JSONResponse({"cells": layout.cells(view, script_words(pages.language(request)))})


@router.post("/data/form/{report_id}/shift")
async def shift(report_id: ReportId, request: Request) -> Response:
    """Move rows or columns that were registered wrongly."""
    sent = wire.mapping(await asking.body(request))
    station, person = asking.station(request), asking.person(request)

    def move() -> int:
        moved = station.shift(
            person,
            report_id,
            wire.text(sent.get("table")),
            wire.whole(sent.get("block")),
            rows=wire.wholes(sent.get("rows")),
            columns=wire.wholes(sent.get("columns")),
            down=wire.step(sent.get("down")),
            right=wire.step(sent.get("right")),
        )
        return len(moved.fields)

    return JSONResponse({"moved": await run_in_threadpool(move)})


@router.post("/data/form/{report_id}/page")
async def attach(report_id: ReportId, request: Request) -> Response:
    """Attach a missing page: the body is the file. The report is read anew, and gets another id."""
    station, person = asking.station(request), asking.person(request)
    with tempfile.TemporaryDirectory(prefix="gikocr-page-") as folder:
        path = Path(folder) / "page"  # what it is, its content tells; a name from outside never becomes one of ours
        with path.open("wb") as file:
            async for chunk in request.stream():
                await run_in_threadpool(file.write, chunk)
        report = await run_in_threadpool(station.attach_page, person, report_id, path)
    return JSONResponse({"report_id": report.id})


def _view(request: Request, report_id: int) -> FormView:
    try:
        return asking.station(request).form_view(report_id, person=asking.person(request))
    except WorkspaceError as error:
        raise HTTPException(404) from error


def _filters(chosen: Selection) -> dict[str, Any]:
    found = {"name": chosen.name, "agency": chosen.agency, "year": chosen.year}
    return {key: value for key, value in found.items() if value is not None}
