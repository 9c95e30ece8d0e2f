"""Tables of the whole workspace as files."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from starlette.background import BackgroundTask
from starlette.responses import FileResponse

from gikocr.forms import load_form
from gikocr.jobs.exports import Wanted, write_exports
from gikocr.web.api.problems import Problem, documented
from gikocr.web.api.service import Here, Reader

router = APIRouter(prefix="/v1")

Format = Literal["csv", "xlsx", "parquet", "json"]
Table = Literal["fields", "errors", "years"]

_TYPES: dict[Format, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
    "json": "application/json",
}

#: One export at a time: it reads the whole workspace.
_one_at_a_time = threading.Lock()


@router.get(
    "/exports/{table}",
    response_class=FileResponse,
    responses=documented(400, 401, 403, 422, 429, 503)
    | {200: {"description": "The file.", "content": {kind.partition(";")[0]: {} for kind in _TYPES.values()}}},
)
def export(
    here: Here,
    who: Reader,
    table: Table,
    file_format: Annotated[Format, Query(alias="format")] = "csv",
    agency: Annotated[str | None, Query(max_length=500)] = None,
    year: Annotated[int | None, Query(ge=1900, le=2200)] = None,
) -> FileResponse:
    """All fields in long form, the sums that do not hold, or what one year carries over against the next (`docs/exports.md`)."""
    if not _one_at_a_time.acquire(blocking=False):
        raise Problem(429, "export_running", "Another export is being written.", headers={"Retry-After": "10"})
    try:
        folder = tempfile.TemporaryDirectory(prefix="gikocr-export-")
        try:
            wanted = Wanted(file_format, (table,), agency, year)
            (path,) = write_exports(here.workspace, Path(folder.name), load_form(here.settings.form), wanted)
        except BaseException:
            folder.cleanup()
            raise
    finally:
        _one_at_a_time.release()
    name = f"gikocr-{table}.{file_format}"
    return FileResponse(path, media_type=_TYPES[file_format], filename=name, background=BackgroundTask(folder.cleanup))
