"""Fields that wait for a person, and decisions on them."""

from __future__ import annotations

import base64
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request

from gikocr.errors import SeniorNeeded
from gikocr.web.api.bodies import DecisionBody, ReviewItemBody, ReviewPage
from gikocr.web.api.documents import Limit
from gikocr.web.api.problems import Problem, documented
from gikocr.web.api.service import Here, Reader, Reviewer
from gikocr.workspace import Cursor, Selection
from gikocr.workspace.rows import Value

router = APIRouter(prefix="/v1/review")

Report = Annotated[int, Path(ge=1, le=2**63 - 1)]
FieldId = Annotated[str, Path(max_length=200)]


@router.get("/items", response_model=ReviewPage, responses=documented(400, 401, 403, 422, 503))
def items(
    here: Here,
    who: Reader,
    agency: Annotated[str | None, Query(max_length=500)] = None,
    year: Annotated[int | None, Query(ge=1900, le=2200)] = None,
    after: Annotated[str | None, Query(max_length=2000)] = None,
    limit: Limit = 100,
) -> ReviewPage:
    """Fields that wait for review, the least sure first."""
    selection = Selection(agency=agency, year=year)
    found = here.workspace.reviews.waiting(selection, after=_place(after), limit=limit)
    last = None
    if len(found) == limit:
        last = base64.urlsafe_b64encode(str(Cursor.of(found[-1])).encode()).decode()
    waiting = here.workspace.reviews.count_waiting(selection)
    return ReviewPage(items=[ReviewItemBody.of(field) for field in found], next=last, waiting=waiting)


@router.get(
    "/items/{report_id}/{field_id}", response_model=ReviewItemBody, responses=documented(400, 401, 403, 404, 422, 503)
)
def item(here: Here, who: Reader, report_id: Report, field_id: FieldId) -> ReviewItemBody:
    """One field of a current report, whether it waits or not."""
    found = here.workspace.reviews.fields([(report_id, field_id)])
    if not found:
        raise Problem(404, "not_found", "There is no such field.")
    return ReviewItemBody.of(found[0])


@router.post(
    "/items/{report_id}/{field_id}",
    response_model=ReviewItemBody,
    responses=documented(400, 401, 403, 404, 409, 413, 422, 503),
)
def decide(
    here: Here, who: Reviewer, request: Request, report_id: Report, field_id: FieldId, decision: DecisionBody
) -> ReviewItemBody:
    """Decide what is printed in a field. Refused with 409 where somebody decided since the version that was given."""
    found = here.workspace.reviews.fields([(report_id, field_id)])
    if not found:
        raise Problem(404, "not_found", "There is no such field.")
    before, value = found[0], _value(decision.value)
    same = (value, decision.state) == (before.value, before.state)
    try:
        after = here.workspace.reviews.settle(
            report_id,
            field_id,
            version=decision.version,
            value=value,
            state=decision.state,
            kind="accept" if same else "correct",
            by=who or "api",
            reason=decision.reason,
            seconds=decision.seconds,
            senior="admin" in request.state.scopes,
        )
    except SeniorNeeded as error:
        raise Problem(
            403, error.code, "The field waits for a senior: a token of the scope 'admin' decides it."
        ) from error
    except ValueError as error:
        raise Problem(422, "invalid_decision", "A value goes with the state 'read', and with no other.") from error
    here.workspace.write_json(report_id)
    return ReviewItemBody.of(after)


def _value(text: str | None) -> Value:
    if text is None:
        return None
    return Decimal(text) if "." in text else int(text)


def _place(text: str | None) -> Cursor | None:
    if text is None:
        return None
    try:
        return Cursor.parse(base64.urlsafe_b64decode(text.encode("ascii", "strict")).decode(), "doubt")
    except (ValueError, RecursionError) as error:
        raise Problem(422, "invalid_request", "This cursor is none of ours.") from error
