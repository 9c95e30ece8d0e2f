"""What a worker's machine lacks is not the document's fault: it is said, waited for, and no document is given up for it."""

from __future__ import annotations

import errno
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gikocr.cli.main import main
from gikocr.errors import DependencyMissing, GikocrError, WorkspaceError
from gikocr.ingest.isolation import Limits
from gikocr.jobs import children as children_module
from gikocr.jobs import execution as execution_module
from gikocr.jobs import local as local_module
from gikocr.jobs.children import Recipe
from gikocr.jobs.execution import Execution
from gikocr.jobs.local import LocalPool
from gikocr.jobs.submitting import Order, submit
from gikocr.report import Report
from gikocr.settings import Settings
from gikocr.workspace import JobSelection, Workspace
from gikocr.workspace.jobs import MOST_ATTEMPTS, no_queue
from tests.cli.commands import until
from tests.workspace.reports import make_input

FORM = Path(execution_module.__file__).parents[1] / "forms" / "annual_report.toml"
MakePool = Callable[[], LocalPool]


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """A workspace with SQLite."""
    with Workspace.open(tmp_path / "out") as opened:
        yield opened


@pytest.fixture
def pool(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Iterator[MakePool]:
    """Makes a pool of one slot that reads with the fake pipeline; rests are short."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "cli"))
    monkeypatch.setattr(local_module, "LOOK_EVERY", 0.1)
    monkeypatch.setattr(execution_module, "FIRST_REST", 0.05, raising=False)
    monkeypatch.setattr(execution_module, "LONGEST_REST", 0.05, raising=False)
    import fake_pipeline

    made: list[LocalPool] = []

    def make() -> LocalPool:
        made.append(LocalPool(workspace, Recipe(fake_pipeline.FakePipeline, Limits(), 20), 1))
        return made[-1]

    yield make
    for each in made:
        each.stop(0.5)


def put(workspace: Workspace, folder: Path, name: str, *again: str, form: str = "annual_report") -> int:
    item = make_input(folder, name, f"%PDF-1.7 {name}")
    ((_, (done,)),) = submit(workspace, [item], Settings(form=form), Order(again=("cancelled", *again)), no_queue)
    return done.id


def states(workspace: Workspace) -> dict[str, str]:
    return {job.name: job.state for job in workspace.jobs.jobs(JobSelection())}


def test_a_form_that_is_not_on_this_machine_fails_its_documents_and_no_others(
    workspace: Workspace, pool: MakePool, tmp_path: Path
) -> None:
    form = tmp_path / "forms" / "own.toml"
    form.parent.mkdir()
    shutil.copy(FORM, form)
    number = put(workspace, tmp_path, "a.pdf", form=str(form))
    form.unlink()
    put(workspace, tmp_path, "b.pdf")
    pool().start()
    assert until(lambda: states(workspace) == {"a.pdf": "failed", "b.pdf": "done"}, 15)
    job = workspace.jobs.job(number)
    assert (job.error_code, job.attempt) == ("form_invalid", 1)
    assert str(form) in str(job.error)
    assert "--do resubmit" in str(job.error)
    assert [i.code for i in Report.from_json((tmp_path / "out" / "a.pdf.json").read_bytes()).issues] == ["form_invalid"]
    shutil.copy(FORM, form)
    assert workspace.jobs.queue_again(JobSelection(), ("failed",), no_queue) == 1
    assert until(lambda: states(workspace)["a.pdf"] == "done", 15)


@pytest.mark.parametrize("lack", [errno.EMFILE, errno.ENOMEM])
def test_a_process_that_cannot_be_started_is_waited_for(
    workspace: Workspace, pool: MakePool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lack: int
) -> None:
    """For longer than a document may be begun in vain."""
    number, tries = put(workspace, tmp_path, "a.pdf"), 0
    start = children_module._started

    def lacks(process: object) -> object:
        nonlocal tries
        tries += 1
        if tries <= MOST_ATTEMPTS + 3:
            raise OSError(lack, "lacking")
        return start(process)

    monkeypatch.setattr(children_module, "_started", lacks)
    pool().start()
    assert until(lambda: workspace.jobs.job(number).state in ("done", "failed", "set_aside"), 60)
    job = workspace.jobs.job(number)
    assert (job.state, job.error_code, job.suspect, job.deaths) == ("done", None, False, 0)


def test_who_lacks_something_rests_longer_and_longer_and_stops_at_once(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Lacking:
        def read(self, *given: object, **named: object) -> object:
            raise execution_module.Exhausted("No process can be started.")

    monkeypatch.setattr(execution_module, "FIRST_REST", 0.1)
    monkeypatch.setattr(execution_module, "LONGEST_REST", 0.4)
    number = put(workspace, tmp_path, "a.pdf")
    execution = Execution(workspace, Lacking(), worker="w", enqueue=no_queue)  # type: ignore[arg-type]
    took = []
    for _ in range(4):
        began = time.monotonic()
        execution.rest(execution.run(number))
        took.append(time.monotonic() - began)
    assert took == pytest.approx([0.1, 0.2, 0.4, 0.4], abs=0.09)
    assert (workspace.jobs.job(number).state, execution.in_hand) == ("queued", {})
    monkeypatch.setattr(execution_module, "LONGEST_REST", 60.0)
    thread = threading.Thread(target=lambda: execution.rest(execution.run(number)), daemon=True)
    thread.start()
    execution.no_more.set()
    thread.join(5)
    assert not thread.is_alive()


@pytest.mark.parametrize(
    "lack", [WorkspaceError("A reading process did not start."), DependencyMissing("model x: not there.")]
)
def test_a_pool_that_can_read_nothing_sets_no_document_aside(
    workspace: Workspace, pool: MakePool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lack: GikocrError
) -> None:
    """It claims only to see whether it can read again, and says meanwhile what it lacks."""
    number, made = put(workspace, tmp_path, "a.pdf"), pool()
    read, claims = made._children.read, 0
    claim_next = workspace.jobs.claim_next
    waits: list[GikocrError | None] = []

    def lacks(*given: object, **named: object) -> object:
        raise lack

    def counted(worker: str, *, suspects: bool) -> object:
        nonlocal claims
        claims += 1
        return claim_next(worker, suspects=suspects)

    monkeypatch.setattr(execution_module, "LONGEST_REST", 0.3)
    monkeypatch.setattr(made._children, "read", lacks)
    monkeypatch.setattr(workspace.jobs, "claim_next", counted)
    made.start()
    assert until(lambda: made.broken is lack, 5)
    time.sleep(2.0)
    assert 2 <= claims <= 10
    monkeypatch.setattr(execution_module, "LONGEST_REST", 0.01)
    assert until(lambda: claims > MOST_ATTEMPTS + 3, 30)
    waits.append(made.broken)
    assert workspace.jobs.job(number).state in ("queued", "running")
    monkeypatch.setattr(made._children, "read", read)
    assert until(lambda: workspace.jobs.job(number).state == "done", 15)
    assert waits == [lack]
    assert until(lambda: made.broken is None, 5), "what was lacking is told until the next look"


def test_a_slot_outlives_what_nobody_foresaw(
    workspace: Workspace, pool: MakePool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(workspace, tmp_path, "a.pdf")
    claim_next, failures = workspace.jobs.claim_next, iter([ValueError("a row of another version")])

    def fails_once(worker: str, *, suspects: bool) -> object:
        for error in failures:
            raise error
        return claim_next(worker, suspects=suspects)

    monkeypatch.setattr(workspace.jobs, "claim_next", fails_once)
    pool().start()
    assert until(lambda: states(workspace) == {"a.pdf": "done"}, 15)


def test_what_was_begun_too_often_starts_afresh_when_it_is_submitted_again(
    workspace: Workspace, tmp_path: Path
) -> None:
    number = put(workspace, tmp_path, "a.pdf")
    execution = Execution(workspace, None, worker="w", enqueue=no_queue)  # type: ignore[arg-type]
    for _ in range(MOST_ATTEMPTS):
        job = workspace.jobs.claim(number, "w")
        assert job is not None
        workspace.jobs.give_back(job, no_queue)
    execution.run(number)
    job = workspace.jobs.job(number)
    assert (job.state, job.error_code) == ("set_aside", "too_many_attempts")
    late = job
    assert workspace.jobs.queue_again(JobSelection(), ("set_aside",), no_queue) == 1
    again = workspace.jobs.claim(number, "w")
    assert again is not None
    assert (again.tries, again.attempt) == (1, late.attempt + 1)  # what fences goes on counting
    workspace.jobs.give_back(again, no_queue)
    workspace.jobs.cancel(JobSelection())
    assert put(workspace, tmp_path, "a.pdf", "failed") == number
    third = workspace.jobs.claim(number, "w")
    assert third is not None
    assert (third.tries, third.attempt) == (1, late.attempt + 2)


def test_jobs_of_a_workspace_without_a_server_are_resumed_and_resubmitted(
    workspace: Workspace, pool: MakePool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """There is no queue to tell: whoever serves the workspace looks into its table."""
    put(workspace, tmp_path, "a.pdf")

    def jobs(action: str) -> str:
        code = main(["jobs", "-w", str(tmp_path / "out"), "--all", "--do", action])
        return f"{code} {capsys.readouterr().out.strip()}"

    assert jobs("pause") == "0 Paused: 1."
    assert jobs("resume") == "0 Resumed: 1."
    assert jobs("cancel") == "0 Cancelled: 1."
    assert jobs("resubmit") == "0 Submitted again: 1."
    pool().start()
    assert until(lambda: states(workspace) == {"a.pdf": "done"}, 15)
