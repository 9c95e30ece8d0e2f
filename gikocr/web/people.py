"""The page of reviewers: pace, agreement, what a senior has to settle, and the audit trail."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from gikocr.web import asking, pages

router = APIRouter()

#: Entries that are sent together.
_TOGETHER = 500


@router.get("/people")
def people(request: Request) -> Response:
    """The page."""
    station = asking.station(request)
    return pages.render(
        request,
        "people",
        paces=station.pace(),
        agreements=station.agreement(),
        disagreements=station.disagreements(),
        senior=station.people.is_senior(asking.person(request)),
    )


@router.get("/data/audit.jsonl")
def audit_lines(request: Request) -> Response:
    """The audit trail, a JSON object a line."""
    lines = (
        json.dumps(e, ensure_ascii=False, default=str) + "\n"
        for e in asking.station(request).audit(person=asking.person(request))
    )
    return _download(lines, "application/x-ndjson", "audit.jsonl")


@router.get("/data/audit.csv")
def audit_table(request: Request) -> Response:
    """The audit trail as a table."""
    return _download(_csv(asking.station(request).audit(person=asking.person(request))), "text/csv", "audit.csv")


def _csv(entries: Iterable[dict[str, Any]]) -> Iterator[str]:
    yield "\ufeff"  # without it Excel takes UTF-8 for something else
    buffer = io.StringIO()
    writer = None
    for entry in entries:
        if writer is None:
            writer = csv.DictWriter(buffer, entry.keys())
            writer.writeheader()
        writer.writerow({key: _harmless(value) for key, value in entry.items()})
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def _harmless(value: object) -> object:
    """A text that a spreadsheet does not take for a formula (OWASP, CSV injection)."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "@", "\t", "\r") else value


def _download(parts: Iterator[str], kind: str, name: str) -> Response:
    def together() -> Iterator[bytes]:
        held: list[str] = []
        for part in parts:
            held.append(part)
            if len(held) >= _TOGETHER:
                yield "".join(held).encode()
                held.clear()
        yield "".join(held).encode()

    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(together(), media_type=f"{kind}; charset=utf-8", headers=headers)
