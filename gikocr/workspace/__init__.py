"""Where results are kept: a folder of JSON reports, with a database that knows them all, and what people decided on them.

:meth:`Workspace.open` opens the folder given with ``-o``. ``workspace.record`` keeps what was read, ``workspace.sources`` tells what
need not be read again, ``workspace.fields`` and ``workspace.reports`` stream what is there, ``workspace.reviews`` serves the review
station, and :class:`Pictures` shows what it asks about.
"""

from __future__ import annotations

from gikocr.workspace.folder import ReportFolder
from gikocr.workspace.job_rows import Job, JobFile, JobState, NewJob, WorkerLine
from gikocr.workspace.jobs import JobLog, JobSelection, Submitted
from gikocr.workspace.pictures import Pictures
from gikocr.workspace.review_log import Cursor, ReviewLog
from gikocr.workspace.rows import BrokenCheck, Decided, Decision, Selection, StoredField, StoredReport
from gikocr.workspace.sources import Known, Sources, stamp
from gikocr.workspace.store import NewReport, Workspace

__all__ = [
    "BrokenCheck",
    "Cursor",
    "Decided",
    "Decision",
    "Job",
    "JobFile",
    "JobLog",
    "JobSelection",
    "JobState",
    "Known",
    "NewJob",
    "NewReport",
    "Pictures",
    "ReportFolder",
    "ReviewLog",
    "Selection",
    "Sources",
    "StoredField",
    "StoredReport",
    "Submitted",
    "WorkerLine",
    "Workspace",
    "stamp",
]
