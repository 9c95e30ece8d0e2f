"""What the API takes and gives, as the OpenAPI description shows it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from gikocr.elements import State
from gikocr.workspace import Job, StoredField, StoredReport
from gikocr.workspace.job_rows import JobState
from gikocr.workspace.rows import amount_text

#: No database keeps this character in a text.
NO_NUL = r"^[^\x00]*$"

Number = Annotated[str | None, Field(description="An integer, or a decimal with its digits as printed.")]


class DocumentBody(BaseModel):
    """A document and how far it is. ``reports``: where its results are, once there are some."""

    id: int
    name: str
    sha256: str
    state: JobState
    batch: str
    priority: int
    attempt: int
    error_code: str | None
    error: str | None
    submitted_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    result: str | None

    @classmethod
    def of(cls, job: Job) -> DocumentBody:
        """A job as the API shows it."""
        values = {name: getattr(job, name) for name in cls.model_fields if name not in ("sha256", "result")}
        done = job.document_id is not None and job.state in ("done", "failed", "set_aside")
        return cls(**values, sha256=job.content, result=f"/v1/documents/{job.id}/result" if done else None)


class DocumentPage(BaseModel):
    """A page of documents. ``next``: the cursor of the page after it; null on the last one."""

    items: list[DocumentBody]
    next: str | None


class ReportBody(BaseModel):
    """A current report, without its fields."""

    id: int
    name: str
    number: int
    sha256: str
    status: Literal["complete", "partial", "failed"]
    agency: str | None
    year: int | None
    edition: str | None
    pages: int
    fields: int
    waiting: int
    read_at: datetime

    @classmethod
    def of(cls, report: StoredReport) -> ReportBody:
        """A report as the API shows it."""
        return cls(**{name: getattr(report, name) for name in cls.model_fields})


class ReportPage(BaseModel):
    """A page of reports. ``next``: the cursor of the page after it; null on the last one."""

    items: list[ReportBody]
    next: str | None


class ReviewItemBody(BaseModel):
    """A field that waits for a person, or was decided. ``version`` has to be given back with a decision."""

    report_id: int
    field_id: str
    document: str
    agency: str | None
    year: int | None
    table: str
    value: Number
    printed: str | None
    state: State
    confidence: float | None
    suggestion: Number
    page: int | None
    bbox: tuple[float, float, float, float] | None
    box_unit: Literal["pt", "px"] | None
    checks: list[str]
    version: int
    waiting: bool
    decided_value: Number
    decided_state: State | None
    decided_by: str | None

    @classmethod
    def of(cls, field: StoredField) -> ReviewItemBody:
        """A field as the API shows it."""
        same = ("report_id", "field_id", "document", "agency", "year", "table", "printed", "state", "confidence")
        place = ("page", "bbox", "box_unit", "version", "waiting")
        decided = field.decided
        return cls(
            **{name: getattr(field, name) for name in (*same, *place)},
            value=amount_text(field.value),
            suggestion=amount_text(field.suggestion),
            checks=list(field.rules),
            decided_value=None if decided is None else amount_text(decided.value),
            decided_state=None if decided is None else decided.state,
            decided_by=None if decided is None else decided.by,
        )


class ReviewPage(BaseModel):
    """A page of fields that wait, the least sure first. ``next``: the cursor of the page after it; null on the last one."""

    items: list[ReviewItemBody]
    next: str | None
    waiting: int


class DecisionBody(BaseModel):
    """What is printed in a field: a value with the state ``read``, or another state without a value."""

    version: Annotated[int, Field(ge=0, le=2**31 - 1)]
    state: State
    value: Annotated[str | None, Field(max_length=40, pattern=r"^-?\d+(\.\d+)?$")] = None
    reason: Annotated[str, Field(max_length=1000, pattern=NO_NUL)] = ""
    seconds: Annotated[float | None, Field(ge=0, le=86_400)] = None


class TokenWish(BaseModel):
    """A token to be made."""

    name: Annotated[str, Field(min_length=1, max_length=100, pattern=NO_NUL)]
    scopes: Annotated[list[Literal["read", "submit", "review", "admin"]], Field(min_length=1)]


class TokenBody(BaseModel):
    """A token; ``secret`` is shown once, when it is made."""

    id: int
    name: str
    scopes: list[str]
    created_at: datetime
    revoked: bool
    secret: str | None = None


class Health(BaseModel):
    """Whether something works, and if not what."""

    status: Literal["ok", "failed"]
    failed: list[str] = []
