"""Errors as ``application/problem+json`` (RFC 9457), each with a stable ``code`` that programs may rely on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from gikocr.errors import (
    DependencyMissing,
    DocumentError,
    EditConflict,
    GikocrError,
    TooLarge,
    UsageError,
    WorkspaceError,
)

MEDIA_TYPE = "application/problem+json"

#: Codes of errors that the framework finds, by status.
_CODES = {
    400: "bad_request",
    401: "token_missing",
    403: "not_allowed",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    413: "body_too_large",
    415: "unsupported_media_type",
    421: "host_not_allowed",
    422: "invalid_request",
    429: "queue_full",
    503: "unavailable",
}


class ProblemBody(BaseModel):
    """What every error looks like. ``code`` is stable; ``title`` and ``detail`` are for people and may change."""

    type: str = "about:blank"
    status: int
    code: str
    title: str
    detail: str = ""


class Problem(Exception):
    """An error for the one who asks."""

    def __init__(
        self, status: int, code: str, title: str, detail: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(title)
        self.body = ProblemBody(status=status, code=code, title=title, detail=detail)
        self.headers = dict(headers or {})


def response(problem: Problem) -> Response:
    """The answer that a problem is."""
    return JSONResponse(problem.body.model_dump(), problem.body.status, headers=problem.headers, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Have all errors of an application answered as problems."""

    async def own(request: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)
        return response(error)

    async def of_gikocr(request: Request, error: Exception) -> Response:
        assert isinstance(error, GikocrError)
        return response(problem_of(error))

    async def of_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        code = _CODES.get(error.status_code, "http_error")
        return response(Problem(error.status_code, code, str(error.detail), headers=error.headers))

    async def of_request(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return response(Problem(422, "invalid_request", "The request is not as the API wants it.", _wrong(error)))

    async def of_us(request: Request, error: Exception) -> Response:
        # What happened is in the log; it says nothing to whoever asked.
        return response(Problem(500, "internal_error", "This is an error in gikocr. The log of the server says more."))

    app.add_exception_handler(Problem, own)
    app.add_exception_handler(GikocrError, of_gikocr)
    app.add_exception_handler(HTTPException, of_http)
    app.add_exception_handler(RequestValidationError, of_request)
    app.add_exception_handler(Exception, of_us)


def problem_of(error: GikocrError) -> Problem:
    """An error of gikocr as a problem; paths and names of machines in it stay here."""
    if isinstance(error, EditConflict):
        return Problem(409, error.code, error.message, error.advice)
    if isinstance(error, TooLarge):
        return Problem(413, error.code, error.message, error.advice)
    if isinstance(error, DocumentError | UsageError):
        return Problem(422, error.code, error.message, error.advice)
    if isinstance(error, DependencyMissing):
        return Problem(501, error.code, "The server lacks something that this needs.", error.message)
    if isinstance(error, WorkspaceError):
        return Problem(
            503, error.code, "The workspace cannot be used now.", "Ask again later.", headers={"Retry-After": "5"}
        )
    return Problem(500, "internal_error", "This is an error in gikocr. The log of the server says more.")


def _wrong(error: RequestValidationError) -> str:
    """Where and what, without what was sent."""
    found = (f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in error.errors()[:10])
    return "; ".join(found)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Entries of the OpenAPI description for problems of these statuses; see :func:`described`."""
    return {status: {"model": ProblemBody, "description": _CODES.get(status, "error")} for status in statuses}


def described(whole: dict[str, Any]) -> dict[str, Any]:
    """The OpenAPI description with all problems under their own media type; the framework gives them that of the route's results."""
    for item in whole["paths"].values():
        for operation in item.values():
            for status, answer in operation["responses"].items():
                schemas = [content.get("schema", {}) for content in answer.get("content", {}).values()]
                if any(_is_problem(schema) for schema in schemas) or (status == "422" and schemas):
                    answer["content"] = {MEDIA_TYPE: {"schema": {"$ref": _REFERENCE}}}
    for unused in ("HTTPValidationError", "ValidationError"):
        whole["components"]["schemas"].pop(unused, None)
    return whole


_REFERENCE = f"#/components/schemas/{ProblemBody.__name__}"


def _is_problem(schema: Mapping[str, Any]) -> bool:
    return schema.get("$ref") == _REFERENCE
