"""Documents: bringing them, asking how far they are, their results."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Annotated

from fastapi import APIRouter, File, Form, Header, Query, UploadFile
from fastapi import Path as InPath
from starlette.responses import JSONResponse, Response

from gikocr.ingest import Input
from gikocr.jobs.submitting import content_of, run_fingerprint, settings_for_workers
from gikocr.web.api.bodies import NO_NUL, DocumentBody, DocumentPage, ReportBody, ReportPage
from gikocr.web.api.problems import Problem, documented
from gikocr.web.api.service import Here, Reader, Service, Submitter
from gikocr.workspace import Job, JobFile, JobSelection, NewJob, Selection
from gikocr.workspace.access import Answers
from gikocr.workspace.job_rows import FINAL, JobState
from gikocr.workspace.names import MAX_NAME_BYTES
from gikocr.workspace.sources import source_key

router = APIRouter(prefix="/v1")

#: Files of one document in one request.
MOST_FILES = 200

#: Seconds after which a refused client may ask again.
ASK_AGAIN = 30

_AT_ONCE = 2**20

Number = Annotated[int, InPath(ge=1, le=2**63 - 1)]
Limit = Annotated[int, Query(ge=1, le=500, description="How many at most.")]
After = Annotated[str | None, Query(max_length=20, description="The cursor `next` of the page before.")]
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key", min_length=1, max_length=200, description="The same request again with it counts once."
    ),
]


@router.post(
    "/documents",
    status_code=202,
    response_model=DocumentBody,
    responses=documented(400, 401, 403, 413, 422, 429, 503),
)
def submit(
    here: Here,
    who: Submitter,
    files: Annotated[list[UploadFile], File(description="The files of one document, in page order.")],
    name: Annotated[
        str | None, Form(max_length=500, pattern=NO_NUL, description="Its name; else that of the first file.")
    ] = None,
    batch: Annotated[str, Form(max_length=200, pattern=NO_NUL)] = "",
    priority: Annotated[int, Form(ge=-1000, le=1000)] = 0,
    pages: Annotated[str | None, Form(max_length=200, pattern=r"^[0-9,\- ]*$", description="Such as 1-3,7.")] = None,
    key: Key = None,
) -> Response:
    """Bring a document. It is read as soon as it is its turn; ask for it at the address in `Location`."""
    if not 1 <= len(files) <= MOST_FILES:
        raise Problem(422, "invalid_request", f"A document has 1 to {MOST_FILES} files.")
    waiting = here.workspace.workers.waiting()
    if waiting >= here.max_queued:
        raise Problem(
            429, "queue_full", f"{waiting} documents are waiting already.", headers={"Retry-After": str(ASK_AGAIN)}
        )
    kept = [_kept(here, file) for file in files]
    whole = name if name and name.strip() else kept[0].name
    asked = hashlib.sha256(repr((whole, batch, priority, pages, kept)).encode("utf-8", "surrogatepass")).hexdigest()
    answers = Answers(here.workspace.database)
    found = None if key is None else answers.find(who, key)
    if found is not None:
        if found[0] != asked:
            raise Problem(422, "idempotency_key_reused", "This Idempotency-Key was used for another request.")
        return _accepted(DocumentBody.of(here.workspace.jobs.job(found[1]["id"])), again=True)
    job = _submitted(here, whole, tuple(kept), batch, priority, pages)
    if key is not None:
        answers.keep(who, key, asked, {"id": job.id})
    return _accepted(DocumentBody.of(job), again=False)


def _kept(here: Service, file: UploadFile) -> JobFile:
    def blocks() -> Iterator[bytes]:
        while block := file.file.read(_AT_ONCE):
            yield block

    name = clean_name(file.filename or "")
    digest = here.workspace.blobs.add(blocks(), most=here.settings.max_bytes)
    # Where it came from is told by what it holds: two uploads of one name are two documents, and one twice is one.
    return JobFile(name, digest, f"/upload/{digest}/{name}", "upload")


def clean_name(name: str) -> str:
    """The last part of a client's file name, printable and short enough for any file system."""
    last = PurePosixPath(re.sub(r"[\\/]+", "/", name)).name
    last = "".join(c if c.isprintable() else "_" for c in last).strip().lstrip(".")
    while len(last.encode("utf-8", "replace")) > MAX_NAME_BYTES:
        last = last[1:]
    return last.encode("utf-8", "replace").decode("utf-8") or "document"


def _submitted(
    here: Service, name: str, files: tuple[JobFile, ...], batch: str, priority: int, pages: str | None
) -> Job:
    settings = here.settings if pages is None else dataclasses.replace(here.settings, pages=pages)
    name = clean_name(name)
    new = NewJob(
        name=name,
        content=content_of(name, files),
        source_key=source_key(Input(name, tuple(Path(file.path) for file in files))),
        files=files,
        batch=batch,
        priority=priority,
    )
    (done,) = here.workspace.jobs.submit(
        [new],
        fingerprint=run_fingerprint(settings),
        settings=settings_for_workers(settings),
        enqueue=here.enqueue,
    )
    return here.workspace.jobs.job(done.id)


def _accepted(body: DocumentBody, *, again: bool) -> Response:
    headers = {"Location": f"/v1/documents/{body.id}"}
    if again:
        headers["Idempotent-Replayed"] = "true"
    return JSONResponse(body.model_dump(mode="json"), 202, headers=headers)


@router.get("/documents", response_model=DocumentPage, responses=documented(400, 401, 403, 422, 503))
def documents(
    here: Here,
    who: Reader,
    state: Annotated[JobState | None, Query()] = None,
    batch: Annotated[str | None, Query(max_length=200)] = None,
    after: After = None,
    limit: Limit = 100,
) -> DocumentPage:
    """Documents in the order in which they were submitted."""
    selection = JobSelection(batch=batch, states=() if state is None else (state,))
    items = [DocumentBody.of(job) for job in here.workspace.jobs.jobs(selection, after=cursor(after), limit=limit)]
    return DocumentPage(items=items, next=str(items[-1].id) if len(items) == limit else None)


def cursor(text: str | None) -> int:
    """The place that a cursor of a list names.

    Raises:
        Problem: it is none.
    """
    if text is None:
        return 0
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise Problem(422, "invalid_request", "This cursor is none of ours.")
    return int(text)


@router.get("/documents/{number}", response_model=DocumentBody, responses=documented(400, 401, 403, 404, 422, 503))
def document(here: Here, who: Reader, number: Number) -> DocumentBody:
    """How far a document is."""
    return DocumentBody.of(job_of(here, number))


def job_of(here: Service, number: int) -> Job:
    """The job of a number.

    Raises:
        Problem: there is none.
    """
    found = list(here.workspace.jobs.jobs(JobSelection(ids=(number,)), limit=1))
    if not found:
        raise Problem(404, "not_found", f"There is no document {number}.")
    return found[0]


@router.get(
    "/documents/{number}/result",
    responses=documented(400, 401, 403, 404, 409, 422, 503)
    | {200: {"description": "The report, as `gikocr schema` describes it."}, 304: {"description": "As it was."}},
)
def result(
    here: Here,
    who: Reader,
    number: Number,
    report: Annotated[int, Query(ge=1, le=1000, description="2 for the second report in the same file.")] = 1,
    if_none_match: Annotated[str | None, Header(max_length=1000)] = None,
) -> Response:
    """The report on a document, with what people decided on it."""
    job = job_of(here, number)
    if job.state not in FINAL:
        raise Problem(409, "not_finished", "The document has not been read yet.", headers={"Retry-After": "2"})
    # A job that was cancelled before it was read has no document, and a selection without one is of everything.
    stored = here.workspace.reports(Selection(document_id=job.document_id)) if job.document_id is not None else ()
    found = [s for s in stored if s.number == report]
    if not found:
        raise Problem(404, "no_result", "There is no such report on this document.")
    text = here.workspace.report(found[0].id).to_json().encode("utf-8")
    tag = f'"{hashlib.sha256(text).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if if_none_match is not None and ("*" in if_none_match or tag in if_none_match):
        return Response(status_code=304, headers=headers)
    return Response(text, media_type="application/json", headers=headers)


@router.delete(
    "/documents/{number}", response_model=DocumentBody, responses=documented(400, 401, 403, 404, 409, 422, 503)
)
def cancel(here: Here, who: Submitter, number: Number) -> DocumentBody:
    """Cancel a document that has not come to an end."""
    job_of(here, number)
    if not here.workspace.jobs.cancel(JobSelection(ids=(number,))):
        raise Problem(409, "already_ended", "The document has come to an end already.")
    return DocumentBody.of(job_of(here, number))


@router.post(
    "/documents/{number}/resubmit",
    status_code=202,
    response_model=DocumentBody,
    responses=documented(400, 401, 403, 404, 409, 422, 503),
)
def resubmit(here: Here, who: Submitter, number: Number) -> DocumentBody:
    """Have a document read again that failed, was set aside, or cancelled."""
    job_of(here, number)
    states = ("failed", "set_aside", "cancelled")
    if not here.workspace.jobs.queue_again(JobSelection(ids=(number,)), states, here.enqueue):
        raise Problem(409, "not_failed", "Only what failed, was set aside or cancelled is read again.")
    return DocumentBody.of(job_of(here, number))


@router.get("/reports", response_model=ReportPage, responses=documented(400, 401, 403, 422, 503))
def reports(
    here: Here,
    who: Reader,
    agency: Annotated[str | None, Query(max_length=500)] = None,
    year: Annotated[int | None, Query(ge=1900, le=2200)] = None,
    after: After = None,
    limit: Limit = 100,
) -> ReportPage:
    """Current reports, whoever had them read."""
    found = here.workspace.reports(Selection(agency=agency, year=year), after=cursor(after), limit=limit)
    items = [ReportBody.of(report) for report in found]
    return ReportPage(items=items, next=str(items[-1].id) if len(items) == limit else None)
