"""The application: the pages, their data and pictures, behind the guard."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib import resources

from fastapi import FastAPI, Request
from fastapi.telemetry import TelemetryConfig
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, PlainTextResponse, Response

from gikocr.errors import EditConflict, GikocrError
from gikocr.review import Person, Station
from gikocr.web import data, forms, pages, people, pictures, sheets, signing_in
from gikocr.web.door import Door, workspace_secret
from gikocr.web.safety import Guard, Hosts
from gikocr.web.throttle import Throttle
from gikocr.web.wire import BadRequest

#: What is served under /static/, and as what. Nothing else of the package can be asked for.
_STATIC = {
    "station.js": "text/javascript; charset=utf-8",
    "station.css": "text/css; charset=utf-8",
    "icon.svg": "image/svg+xml",
}


#: FastAPI can report to others what it serves, and a variable of the environment would make it do so.
_NO_TELEMETRY = TelemetryConfig(tracing=False, metrics=False, logs=False, operation_spans=False, auto_configure=False)


@dataclass(frozen=True, slots=True)
class Options:
    """How the pages are served.

    Attributes:
        host: address that the server is bound to.
        allowed_hosts: other names under which it may be asked for.
        language: ``zh``, ``en``, or ``auto``: by the browser.
        name: who everybody is that has not signed in, where nobody needs a token.
        tokens: whether nobody comes in without a token.
    """

    host: str = "127.0.0.1"
    allowed_hosts: tuple[str, ...] = ()
    language: str = "auto"
    name: str = "reviewer"
    tokens: bool = False


def create_app(station: Station, options: Options) -> FastAPI:
    """The application for one workspace.

    Raises:
        WorkspaceError: the key of sessions cannot be kept in the workspace.
    """
    secret = workspace_secret(station.workspace.folder.out)
    door = Door(
        secret,
        person_of=lambda token: _name(station.people.of_token(token)),
        token_mark=lambda name: _mark(station.people.get(name)),
        open_as=None if options.tokens else options.name,
    )
    app = FastAPI(title="gikocr", docs_url=None, redoc_url=None, openapi_url=None, telemetry=_NO_TELEMETRY)
    app.state.station = station
    app.state.door = door
    app.state.throttle = Throttle()
    app.state.language = options.language
    # Under this name browsers keep what is not saved yet. Another workspace that is made in the same folder must not be given it.
    app.state.workspace_id = hashlib.sha256(b"workspace" + secret).hexdigest()[:12]
    for module in (signing_in, data, pictures, pages, sheets, forms, people):
        app.include_router(module.router)
    _serve_static(app)
    _answer_errors(app)
    hosts = Hosts.of(options.host, options.allowed_hosts)
    app.add_middleware(Guard, hosts=hosts, person_of=_person_of(door), max_upload=station.settings.max_bytes)
    return app


def _person_of(door: Door) -> Callable[[Headers], Awaitable[str | None]]:
    async def person_of(headers: Headers) -> str | None:
        # A token's mark stands in the database, for which the event loop must not wait.
        return await run_in_threadpool(door.person, headers) if door.asks_for_tokens else door.person(headers)

    return person_of


def _name(person: Person | None) -> str | None:
    return None if person is None else person.name


def _mark(person: Person | None) -> str | None:
    return None if person is None or not person.has_token else person.made_at.isoformat()


def _serve_static(app: FastAPI) -> None:
    folder = resources.files(__package__).joinpath("static")
    files = {name: folder.joinpath(name).read_bytes() for name in _STATIC}
    app.state.stamp = hashlib.sha256(b"".join(files.values())).hexdigest()[:10]

    @app.get("/static/{name}")
    def static(name: str, request: Request) -> Response:
        if name not in files:
            raise HTTPException(404)
        # The address changes with the content: pages ask for it with its digest.
        fresh = request.url.query == app.state.stamp
        kept = "public, max-age=31536000, immutable" if fresh else "no-cache"
        return Response(files[name], media_type=_STATIC[name], headers={"cache-control": kept})

    @app.get("/favicon.ico")
    def favicon() -> Response:
        return Response(files["icon.svg"], media_type=_STATIC["icon.svg"])

    @app.get("/healthz")
    def healthz() -> Response:
        return PlainTextResponse("ok")


def _answer_errors(app: FastAPI) -> None:
    async def bad_request(request: Request, error: Exception) -> Response:
        return JSONResponse({"code": "bad_request", "message": str(error)}, 400)

    async def known(request: Request, error: Exception) -> Response:
        assert isinstance(error, GikocrError)
        status = 409 if isinstance(error, EditConflict) else 503 if error.can_retry else 400
        return _problem(request, status, error.code, str(error))

    async def of_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return _problem(request, error.status_code, "not_found" if error.status_code == 404 else "http", "")

    handlers: dict[type[Exception], Callable[[Request, Exception], Awaitable[Response]]] = {
        BadRequest: bad_request,
        GikocrError: known,
        HTTPException: of_http,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)


def _problem(request: Request, status: int, code: str, message: str) -> Response:
    """A page for who looks at pages, else JSON."""
    if "text/html" in request.headers.get("accept", ""):
        return pages.problem(request, status, message)
    return JSONResponse({"code": code, "message": message}, status)


__all__ = ["Options", "create_app"]
