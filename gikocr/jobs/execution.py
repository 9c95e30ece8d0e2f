"""One job from its claim to its end: the one body that workers of a queue and the embedded pool call."""

from __future__ import annotations

import contextlib
import logging
import signal
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from gikocr.errors import DependencyMissing, Exhausted, FormError, GikocrError, Overtaken, WorkspaceError
from gikocr.forms import Form, load_form
from gikocr.ingest import Input
from gikocr.jobs.children import Died, GivenUp, Read, Reply
from gikocr.jobs.reading import Outcome, failed, obituary
from gikocr.jobs.turns import POSTPONED_FOR, NotNow, Turns
from gikocr.jobs.wire import Task
from gikocr.settings import Settings
from gikocr.workspace import NewReport
from gikocr.workspace.jobs import MOST_ATTEMPTS, MOST_DEATHS

if TYPE_CHECKING:
    import sqlalchemy as sa

    from gikocr.jobs.children import Children
    from gikocr.workspace import Job, JobState, Workspace
    from gikocr.workspace.jobs import Enqueue

#: Seconds for which a database that does not answer is asked again before a result is given up; its job is then read anew.
PATIENCE = 120.0

#: Longest pause between two attempts to write.
LONGEST_PAUSE = 5.0

#: Seconds that nothing is begun after something was given back for what this machine lacks, the first time and at most.
FIRST_REST = 1.0
LONGEST_REST = 30.0

_FORM_ADVICE = (
    "Each worker reads the form's file on its own machine: put it there at this path, as it was submitted, and submit the "
    "document again (gikocr jobs --do resubmit)."
)

_log = logging.getLogger(__name__)

_T = TypeVar("_T")


@dataclass(slots=True)
class Work:
    """What a worker has done since it started; guarded by a lock, since jobs run in threads.

    ``stages`` holds CPU seconds by stage, ``cpu_reading`` those of the reading processes.
    """

    documents: int = 0
    pages: int = 0
    cpu_reading: float = 0.0
    stages: dict[str, float] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, outcome: Outcome, cpu_seconds: float) -> None:
        """Count a document."""
        with self.lock:
            self.documents += 1
            self.pages += outcome.report.source.pages
            self.cpu_reading += cpu_seconds
            for stage, seconds in outcome.report.provenance.seconds.items():
                self.stages[stage] = self.stages.get(stage, 0.0) + float(seconds)


class Execution:
    """Runs jobs of a workspace with the reading processes of a worker. Jobs may run in several threads at once.

    Attributes:
        work: what was done so far.
        in_hand: number and attempt of the jobs that are being run.
        unwanted: number and attempt of jobs whose reading should be given up: cancelled, or another worker's by now.
        no_more: set when nothing further should be begun, so that nobody goes on resting.
        stopping: set when the reading processes are ended with their documents.
    """

    def __init__(
        self, workspace: Workspace, children: Children, *, worker: str, enqueue: Enqueue, patience: float = PATIENCE
    ) -> None:
        self._workspace = workspace
        self._children = children
        self._worker = worker
        self._enqueue = enqueue
        self._patience = patience
        self._forms: dict[str, Form] = {}
        self.work = Work()
        self.in_hand: dict[int, int] = {}
        self._hands = threading.Lock()
        self._turns = Turns()
        self.unwanted: set[tuple[int, int]] = set()
        self.no_more = threading.Event()
        self.stopping = threading.Event()
        self._rest = 0.0

    def run(self, job_id: int) -> GikocrError | None:
        """Claim a job and bring it to its end; nothing happens where it does not wait any more.

        Returns:
            As :meth:`run_claimed`.

        Raises:
            NotNow: it is a suspect, and another one is being read alone here. It was not begun.
            WorkspaceError: the database did not answer for too long. The job is then found running in no one's hands.
        """
        jobs = self._workspace.jobs
        with self._turns.take() as turn:
            job = self._insist(lambda: jobs.claim(job_id, self._worker, suspects=turn.may))
            if job is not None:
                turn.needed_for(job)
                lack = self.run_claimed(job)
                while turn.may and lack is None and not self.no_more.is_set() and (job := self._next_suspect()):
                    lack = self.run_claimed(job)
                return lack
            at = None if turn.may else self._insist(lambda: jobs.later(job_id, POSTPONED_FOR))
        if at is not None:
            self._turns.postpone(job_id)
            raise NotNow(at)
        return None

    def _next_suspect(self) -> Job | None:
        """Claim what came while a suspect was read, and still waits."""
        while (number := self._turns.came_first()) is not None:
            job = self._insist(partial(self._workspace.jobs.claim, number, self._worker))
            if job is not None:
                return job
        return None

    def run_next(self) -> tuple[bool, GikocrError | None]:
        """Claim the job whose turn it is straight from the table, and bring it to its end.

        Returns:
            Whether there was one, and as :meth:`run_claimed`.

        Raises:
            WorkspaceError: the database fails.
        """
        with self._turns.take() as turn:
            job = self._workspace.jobs.claim_next(self._worker, suspects=turn.may)
            if job is None:
                return False, None
            turn.needed_for(job)
            return True, self.run_claimed(job)

    def run_claimed(self, job: Job) -> GikocrError | None:
        """Bring a claimed job to its end.

        Returns:
            What this machine lacks for reading, after which the job was given back: :class:`Exhausted` may pass, others stay until
            somebody does something. None: it lacks nothing.

        Raises:
            WorkspaceError: the database did not answer for too long.
        """
        with self._hands:
            self.in_hand[job.id] = job.attempt
        try:
            try:
                return self._run(job)
            except WorkspaceError:
                raise
            except Exception as error:
                # It would happen again each time: no such form, settings of another version, or an error of ours.
                self._fail(job, error)
                return None
        except Overtaken:
            return None  # another worker has it, or nobody wants it: what was read here is not needed
        finally:
            with self._hands:
                # What was given back may be in another thread's hands already.
                if self.in_hand.get(job.id) == job.attempt:
                    del self.in_hand[job.id]
            self.unwanted.discard((job.id, job.attempt))

    def rest(self, lack: GikocrError | None) -> None:
        """Wait, each time in a row twice as long, where this machine lacks something; others may read meanwhile.

        Args:
            lack: what :meth:`run` returned; None ends the row.
        """
        with self._hands:
            self._rest = 0.0 if lack is None else min(LONGEST_REST, 2 * self._rest or FIRST_REST)
            seconds = self._rest
        if lack is not None and not self.no_more.is_set():
            _log.warning("%s Nothing is begun for %g seconds.", lack, seconds)
            self.no_more.wait(seconds)

    def look(self, missing: set[tuple[int, int]]) -> set[tuple[int, int]]:
        """Compare what is in hand with what the table says, and give back what only the table knows of.

        Args:
            missing: what the last look returned; only what is missing twice is given back.

        Returns:
            Number and attempt of the jobs that should be in hand and are not.

        Raises:
            WorkspaceError: the database fails.
        """
        with self._hands:
            in_hand = dict(self.in_hand)
        by_table = self._workspace.jobs.running(self._worker)
        self.unwanted.update(pair for pair in in_hand.items() if by_table.get(pair[0]) != pair[1])
        with self._hands:
            lost = set(by_table.items()) - set(self.in_hand.items())
        for number, attempt in lost & missing:
            # Its task ended by an error, most often since the server was away for too long.
            job = self._workspace.jobs.job(number)
            if job.attempt == attempt:
                with contextlib.suppress(Overtaken):
                    self._workspace.jobs.give_back(job, self._enqueue)
        return lost

    def write_down(self, more: Mapping[str, int] | None = None) -> None:
        """Write what was done so far into the worker's row, with further columns.

        Raises:
            WorkspaceError: the database fails.
        """
        with self.work.lock:
            numbers: dict[str, Any] = {
                "documents": self.work.documents,
                "pages": self.work.pages,
                "cpu_reading": self.work.cpu_reading,
                "cpu_own": time.process_time(),
            }
            stages = dict(self.work.stages)
        self._workspace.workers.count(self._worker, {**numbers, **(more or {})}, stages)

    def _run(self, job: Job) -> GikocrError | None:
        settings = Settings(**job.settings)
        item = Input(job.name, job.paths)
        self._form(settings.form)  # before anything is read in vain
        if job.attempt == 1 and self._end_as_copy(job, item, settings):
            return None
        blobs = self._workspace.blobs
        places = [(f.name, p if f.sha256 and (p := blobs.path(f.sha256)).exists() else Path(f.path)) for f in job.files]
        try:
            with blobs.linked(places) as paths:
                lack = self._read(job, item, Input(job.name, paths), settings)
        except Exhausted as error:
            lack = error
        if lack is not None:
            # That says nothing about the document, which may be given back so as often as it takes.
            self._give_back(job, counts=False)
        return lack

    def _read(self, job: Job, item: Input, local: Input, settings: Settings) -> GikocrError | None:
        if job.tries > MOST_ATTEMPTS:
            message = f"It was begun {job.tries - 1} times and never came to an end. The logs of the workers say more."
            outcome = self._failed(job, local, settings, "too_many_attempts", message)
            self._record(job, item, settings, outcome, "set_aside")
            return None
        if job.deaths >= MOST_DEATHS:
            message = f"The worker that was reading it alone, or its process, died {job.deaths} times."
            outcome = self._failed(job, local, settings, "worker_died", message)
            self._record(job, item, settings, outcome, "set_aside")
            return None
        try:
            task = Task(local, settings, job.fingerprint, job.overlay)
            reply = self._children.read(task, lambda: (job.id, job.attempt) in self.unwanted, alone=job.suspect)
        except (WorkspaceError, DependencyMissing) as lack:
            return lack
        except GikocrError as error:
            self._record(job, item, settings, self._failed(job, local, settings, *_reason(error)), "failed")
            return None
        self._conclude(job, item, local, settings, reply)
        return None

    def _conclude(self, job: Job, item: Input, local: Input, settings: Settings, reply: Reply) -> None:
        match reply:
            case Read(outcome, cpu):
                self._record(job, item, settings, outcome, "failed" if outcome.report.status == "failed" else "done")
                self.work.add(outcome, cpu)
            case GivenUp(too_long=True):
                self._too_long(job, item, local, settings)
            case Died(exit_code) if exit_code == -signal.SIGXCPU:
                self._too_long(job, item, local, settings)
            case Died(exit_code) if not self.stopping.is_set():
                self._after_death(job, item, local, settings, exit_code)
            case _:
                # The worker stops at once, or the job is no longer its own, which shows when it is given back.
                self._give_back(job)

    def _give_back(self, job: Job, *, suspect: bool = False, counts: bool = True) -> None:
        self._insist(lambda: self._workspace.jobs.give_back(job, self._enqueue, suspect=suspect, counts=counts))

    def _fail(self, job: Job, error: Exception) -> None:
        """Record why nothing can be read of it with its settings, which may be unusable themselves."""
        item, name = Input(job.name, job.paths), str(job.settings.get("form", Settings().form))
        try:
            form = self._form(name)
        except FormError:
            form = Form(Path(name).stem, name, {})  # nothing was found that would belong to one of its tables
        outcome = self._failed(job, item, Settings(), *_reason(error))
        self._record(job, item, Settings(form=name), outcome, "failed", form)

    def _too_long(self, job: Job, item: Input, local: Input, settings: Settings) -> None:
        message = "It took longer than a worker allows and was given up. Give only the pages with the tables (--pages)."
        self._record(job, item, settings, self._failed(job, local, settings, "time_limit", message), "failed")

    def _after_death(self, job: Job, item: Input, local: Input, settings: Settings, exit_code: int | None) -> None:
        """A death among others makes a suspect; deaths of a process that read nothing else are counted, and three are enough."""
        if not job.suspect:
            self._give_back(job, suspect=True)
            return
        deaths = self._insist(lambda: self._workspace.jobs.count_death(job))
        if deaths < MOST_DEATHS:
            self._give_back(job)
            return
        message = f"{obituary(exit_code)} That happened {deaths} times while it was read alone."
        self._record(job, item, settings, self._failed(job, local, settings, "worker_died", message), "set_aside")

    def _failed(self, job: Job, item: Input, settings: Settings, code: str, message: str) -> Outcome:
        return failed(item, settings, fingerprint=job.fingerprint, code=code, message=message, seconds=0.0)

    def _end_as_copy(self, job: Job, item: Input, settings: Settings) -> bool:
        """Whether the content was read under these settings meanwhile, under another name; it then gets these reports."""
        found = self._insist(lambda: self._workspace.sources.known_content(job.content, job.fingerprint))
        if found is None or found.status == "failed":
            return False
        form = self._form(settings.form)
        self._insist(
            lambda: self._workspace.record_again(
                item,
                found.document_id,
                fingerprint=job.fingerprint,
                form=form,
                current=found.current,
                seen=job.stamp,
                end=self._end(job, "done", None),
            )
        )
        return True

    def _record(
        self, job: Job, item: Input, settings: Settings, outcome: Outcome, state: JobState, form: Form | None = None
    ) -> None:
        new = [NewReport(o.report, o.form_reading, o.overlays, o.seconds) for o in (outcome, *outcome.more)]
        form = form or self._form(settings.form)
        end = self._end(job, state, _first_error(outcome) if state != "done" else None)
        self._insist(
            lambda: self._workspace.record(item, new, fingerprint=job.fingerprint, form=form, seen=job.stamp, end=end)
        )

    def _end(self, job: Job, state: JobState, error: tuple[str, str] | None) -> Callable[[sa.Connection, int], None]:
        jobs = self._workspace.jobs
        return lambda connection, document_id: jobs.end(connection, job, state, document_id=document_id, error=error)

    def _form(self, name: str) -> Form:
        if name not in self._forms:
            self._forms[name] = load_form(name)
        return self._forms[name]

    def _insist(self, attempt: Callable[[], _T]) -> _T:
        """Do something with the database, again and again while it does not answer."""
        deadline, pause = time.monotonic() + self._patience, 0.2
        while True:
            try:
                return attempt()
            except WorkspaceError as error:
                if not error.can_retry or time.monotonic() > deadline:
                    raise
            time.sleep(pause)
            pause = min(LONGEST_PAUSE, 2 * pause)


def _reason(error: Exception) -> tuple[str, str]:
    """Code and message for a document of which nothing can be read with its settings."""
    if isinstance(error, FormError):
        return error.code, f"{error} {_FORM_ADVICE}"
    if isinstance(error, GikocrError):
        return error.code, str(error)
    message = f"{type(error).__name__}: {error}. This is an error in gikocr, or the job is of another version."
    return "internal_error", message


def _first_error(outcome: Outcome) -> tuple[str, str]:
    for issue in outcome.report.issues:
        if issue.severity == "error":
            return issue.code, issue.message
    return "failed", "Nothing could be read."
