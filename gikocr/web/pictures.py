"""Pictures of pages and cells, by ids that say nothing of files."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response

from gikocr.web import asking

router = APIRouter()


@router.get("/picture/{picture_id}")
def picture(picture_id: str, request: Request) -> Response:
    """A PNG. What an id shows never changes, so that a browser asks once."""
    path = asking.station(request).picture(picture_id) if len(picture_id) <= 100 else None
    if path is None:
        raise HTTPException(404)
    return FileResponse(path, media_type="image/png", headers={"cache-control": "private, max-age=604800, immutable"})
