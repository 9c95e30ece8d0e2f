"""Pictures of pages and cells, by ids that say nothing of files."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response

from gikocr.web import asking

router = APIRouter()


_TYPES = {".png": "image/png", ".jpg": "image/jpeg"}


@router.get("/picture/{picture_id}")
async def picture(picture_id: str, request: Request) -> Response:
    """A picture. What an id shows never changes, so that a browser asks once."""
    station = asking.station(request)
    if len(picture_id) > 100:
        raise HTTPException(404)
    path = await asking.in_time(request, partial(station.picture, picture_id))
    if path is None:
        raise HTTPException(404)
    kept = {"cache-control": "private, max-age=604800, immutable"}
    return FileResponse(path, media_type=_TYPES[path.suffix], headers=kept)
