"""The application: the routes behind the guard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import FastAPI

from gikocr import __version__
from gikocr.web.api import documents, events, exports, operations, problems, review
from gikocr.web.api.guard import Guard
from gikocr.web.api.service import Service
from gikocr.web.safety import Hosts
from gikocr.workspace.access import Tokens

_DESCRIPTION = """Brings scans and exports of 政府信息公开工作年度报告 to gikocr, and fetches what is printed in their tables.

Errors are `application/problem+json` (RFC 9457); programs may rely on their `code`. Lists are read page by page: `next` of one page is
`after` of the following.
"""


@dataclass(frozen=True, slots=True)
class Options:
    """How the API is served.

    Attributes:
        host: address that the server is bound to.
        allowed_hosts: other names under which it may be asked for.
        tokens: whether nobody is served without a token.
    """

    host: str = "127.0.0.1"
    allowed_hosts: Sequence[str] = ()
    tokens: bool = True


def create_app(service: Service, options: Options) -> FastAPI:
    """The application for one workspace."""
    app = bare_app()
    app.state.service = service
    app.add_middleware(
        Guard,
        hosts=Hosts.of(options.host, options.allowed_hosts),
        find=Tokens(service.workspace.database).find if options.tokens else None,
        max_files=service.settings.max_bytes,
    )
    return app


def bare_app() -> FastAPI:
    """The routes without a workspace, from which the OpenAPI description is made."""
    app = FastAPI(
        title="gikocr",
        version=__version__,
        description=_DESCRIPTION,
        # The pages that show it would load scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
    )
    problems.install(app)
    for part in (operations, documents, events, review, exports):
        app.include_router(part.router)
    plain = app.openapi
    app.openapi = lambda: problems.described(plain())  # type: ignore[method-assign]
    return app
