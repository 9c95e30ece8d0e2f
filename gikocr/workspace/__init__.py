"""Where results are kept: a folder of JSON reports, with a database that knows them all, and what people decided on them.

:meth:`Workspace.open` opens the folder given with ``-o``. ``workspace.record`` keeps what was read, ``workspace.sources`` tells what
need not be read again, ``workspace.fields`` and ``workspace.reports`` stream what is there, ``workspace.reviews`` serves the review
station, and :class:`Pictures` shows what it asks about.
"""

from __future__ import annotations

from gikocr.workspace.decisions import Entry
from gikocr.workspace.folder import ReportFolder
from gikocr.workspace.job_rows import Job, JobFile, JobState, NewJob, WorkerLine
from gikocr.workspace.jobs import JobLog, JobSelection, Submitted
from gikocr.workspace.pictures import Pictures
from gikocr.workspace.review_log import LEASE_SECONDS, ReviewLog
from gikocr.workspace.review_queue import Cursor, Order, ReviewQueue
from gikocr.workspace.rows import BrokenCheck, Decided, Decision, Selection, StoredField, StoredReport
from gikocr.workspace.second_looks import Drawn, HandedUp, Keying, SecondLooks
from gikocr.workspace.sources import Known, Sources, stamp
from gikocr.workspace.store import NewReport, Workspace

__all__ = [
    "LEASE_SECONDS",
    "BrokenCheck",
    "Cursor",
    "Decided",
    "Decision",
    "Drawn",
    "Entry",
    "HandedUp",
    "Job",
    "JobFile",
    "JobLog",
    "JobSelection",
    "JobState",
    "Keying",
    "Known",
    "NewJob",
    "NewReport",
    "Order",
    "Pictures",
    "ReportFolder",
    "ReviewLog",
    "ReviewQueue",
    "SecondLooks",
    "Selection",
    "Sources",
    "StoredField",
    "StoredReport",
    "Submitted",
    "WorkerLine",
    "Workspace",
    "stamp",
]
