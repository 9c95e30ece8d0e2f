"""Signing in and out."""

from __future__ import annotations

from typing import cast

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from gikocr.web import asking, pages
from gikocr.web.door import COOKIE_SECONDS, Door
from gikocr.web.throttle import Throttle
from gikocr.web.wire import mapping, text

router = APIRouter()


@router.get("/sign-in")
def page(request: Request) -> Response:
    """The page that asks for a token or a name."""
    door = cast(Door, request.app.state.door)
    return pages.render(request, "sign_in", asks_for_tokens=door.asks_for_tokens)


@router.post("/sign-in")
async def sign_in(request: Request) -> Response:
    """Exchange what was shown for a cookie, which no script can read and no other site can have sent."""
    door, throttle = cast(Door, request.app.state.door), cast(Throttle, request.app.state.throttle)
    address = "" if request.client is None else request.client.host
    wait = throttle.seconds_to_wait(address)
    if wait:
        return JSONResponse({"code": "too_often"}, 429, {"retry-after": str(wait)})
    shown = text(mapping(await asking.body(request)).get("shown"))
    cookie = await run_in_threadpool(door.cookie_for, shown)
    if cookie is None:
        throttle.failed(address)
        return JSONResponse({"code": "wrong_token"}, 403)
    answer = JSONResponse({})
    secure = request.url.scheme == "https"
    answer.set_cookie(
        door.cookie_name, cookie, max_age=COOKIE_SECONDS, httponly=True, samesite="strict", secure=secure, path="/"
    )
    return answer


@router.post("/sign-out")
def sign_out(request: Request) -> Response:
    """Forget the browser."""
    answer = JSONResponse({})
    answer.delete_cookie(cast(Door, request.app.state.door).cookie_name, httponly=True, samesite="strict", path="/")
    return answer
