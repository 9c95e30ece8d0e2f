"""For those who run the service: whether it works, what it does, and who may use it."""

from __future__ import annotations

import os
import tempfile
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Path
from starlette.responses import JSONResponse, PlainTextResponse, Response

from gikocr.errors import DependencyMissing, GikocrError
from gikocr.web.api.bodies import Health, TokenBody, TokenWish
from gikocr.web.api.metrics import exposition
from gikocr.web.api.problems import Problem, documented
from gikocr.web.api.service import Admin, Here, Reader, Service
from gikocr.workspace.access import Token, Tokens

router = APIRouter()

#: Where Prometheus' text format is described.
_METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@router.get("/healthz", response_model=Health)
def healthz() -> Health:
    """Whether the process answers."""
    return Health(status="ok")


@router.get(
    "/readyz", response_model=Health, responses={503: {"model": Health, "description": "Something does not work."}}
)
def readyz(here: Here) -> Response:
    """Whether database, folder and models can be used, and reading processes be started where this process starts them."""
    parts = (("database", _database), ("folder", _folder), ("models", _models), ("reading", _reading))
    failed = [name for name, works in parts if not works(here)]
    body = Health(status="failed" if failed else "ok", failed=failed)
    return JSONResponse(body.model_dump(), 503 if failed else 200)


def _database(here: Service) -> bool:
    try:
        with here.workspace.database.read() as connection:
            return connection.scalar(sa.select(1)) == 1
    except GikocrError:
        return False


def _folder(here: Service) -> bool:
    try:
        with tempfile.TemporaryFile(dir=here.workspace.folder.out / ".gikocr") as file:
            os.write(file.fileno(), b"gikocr")
    except OSError:
        return False
    return True


def _models(here: Service) -> bool:
    from gikocr.engines.manifest import load_manifest
    from gikocr.engines.registry import Engines

    try:
        manifest = load_manifest()
        return all(manifest[name].path.is_file() for name, _ in Engines(here.settings).models())
    except GikocrError:
        return False


def _reading(here: Service) -> bool:
    return here.broken() is None


@router.get(
    "/metrics",
    response_class=PlainTextResponse,
    responses=documented(400, 401, 403, 501, 503) | {200: {"description": "Prometheus' text format."}},
)
def metrics(here: Here, who: Reader) -> Response:
    """Numbers for Prometheus."""
    try:
        return Response(exposition(here.workspace), media_type=_METRICS_TYPE)
    except ImportError as error:
        raise DependencyMissing(
            "prometheus-client is not installed.", advice="Install it with: pip install 'gikocr[cluster]'"
        ) from error


@router.get("/v1/tokens", response_model=list[TokenBody], responses=documented(400, 401, 403, 503))
def tokens(here: Here, who: Admin) -> list[TokenBody]:
    """All tokens, without their secrets."""
    return [_body(token) for token in Tokens(here.workspace.database).all()]


@router.post(
    "/v1/tokens", status_code=201, response_model=TokenBody, responses=documented(400, 401, 403, 413, 422, 503)
)
def make_token(here: Here, who: Admin, wish: TokenWish) -> TokenBody:
    """Make a token. Its secret is shown this once."""
    token, secret = Tokens(here.workspace.database).create(wish.name, wish.scopes)
    return _body(token, secret)


@router.delete("/v1/tokens/{number}", status_code=204, responses=documented(400, 401, 403, 404, 422, 503))
def revoke_token(here: Here, who: Admin, number: Annotated[int, Path(ge=1, le=2**63 - 1)]) -> None:
    """Make a token worthless from now on."""
    if not Tokens(here.workspace.database).revoke(number):
        raise Problem(404, "not_found", "There is no such token, or it was revoked before.")


def _body(token: Token, secret: str | None = None) -> TokenBody:
    return TokenBody(
        id=token.id,
        name=token.name,
        scopes=sorted(token.scopes),
        created_at=token.created_at,
        revoked=token.revoked,
        secret=secret,
    )
