"""The table of jobs and the queue on a real PostgreSQL: one transaction, fencing, and what the reaper brings back."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from gikocr.cli.main import main
from gikocr.errors import Overtaken, WorkspaceError
from gikocr.ingest import Input
from gikocr.jobs import queue as queue_module
from gikocr.jobs.children import GivenUp
from gikocr.jobs.execution import Execution
from gikocr.jobs.queue import Queue, install, is_installed
from gikocr.jobs.reaper import reap
from gikocr.jobs.submitting import Order, submit
from gikocr.jobs.turns import NotNow
from gikocr.jobs.wire import Task
from gikocr.settings import Settings
from gikocr.workspace import Job, JobSelection, NewReport, Workspace
from gikocr.workspace.jobs import ONCE_BEGUN
from tests.workspace.reports import FORM, make_input, make_report


def entries(workspace: Workspace) -> list[tuple[int, str, int]]:
    """Job, status and priority of the queue's entries."""
    statement = sa.text(
        "SELECT (args->>'job')::bigint, status::text, priority FROM procrastinate.procrastinate_jobs ORDER BY id"
    )
    with workspace.database.read() as connection:
        return [tuple(row) for row in connection.execute(statement)]


def put(workspace: Workspace, folder: Path, *names: str, order: Order = Order()) -> list[int]:  # noqa: B008
    items = [make_input(folder, name, name) for name in names]
    queue = Queue(workspace.database)
    return [s.id for _, done in submit(workspace, items, Settings(), order, queue.enqueue) for s in done if s.queued]


def fetch(workspace: Workspace) -> int:
    """Take the next entry out of the queue, as Procrastinate's worker does."""
    with workspace.database.write() as connection:
        connection.execute(sa.text("SET LOCAL search_path TO procrastinate"))
        worker = connection.scalar(sa.text("SELECT worker_id FROM procrastinate_register_worker_v1()"))
        statement = sa.text("SELECT (args->>'job')::bigint FROM procrastinate_fetch_job_v2(NULL, :worker)")
        return int(connection.scalar(statement, {"worker": worker}))


def silence(workspace: Workspace, worker: str) -> None:
    with workspace.database.write() as connection:
        connection.execute(
            sa.text("UPDATE job_worker SET beat_at = '2020-01-01T00:00:00.000000+00:00' WHERE id = :w"), {"w": worker}
        )


def age(workspace: Workspace) -> None:
    """Everything happened a minute ago, and the server has been up for long."""
    past = "2020-01-01T00:00:00.000000+00:00"
    with workspace.database.write() as connection:
        connection.execute(sa.text("UPDATE job SET queued_at = :p, finished_at = :p"), {"p": past})
        connection.execute(sa.text("UPDATE procrastinate.procrastinate_events SET at = now() - interval '1 minute'"))


def record(workspace: Workspace, folder: Path, job: Job) -> None:
    """Write a result for a claimed job, as a worker does."""
    item = make_input(folder, job.name, job.name)
    new = NewReport(make_report(item))

    def end(connection: sa.Connection, document_id: int) -> None:
        workspace.jobs.end(connection, job, "done", document_id=document_id)

    workspace.record(Input(job.name, job.paths), [new], fingerprint=job.fingerprint, form=FORM, end=end)


@pytest.fixture(autouse=True)
def _server_is_up_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gikocr.jobs.reaper.UP_FOR", 0.0)


def test_jobs_and_their_entries_are_recorded_together(workspace: Workspace, tmp_path: Path) -> None:
    numbers = put(workspace, tmp_path, "a.pdf", "b.pdf", order=Order(priority=7))
    assert entries(workspace) == [(n, "todo", 7) for n in numbers]
    queue = Queue(workspace.database)

    def fails(connection: sa.Connection, jobs: object) -> None:
        queue.enqueue(connection, jobs)  # type: ignore[arg-type]
        raise WorkspaceError("the power went")

    with pytest.raises(WorkspaceError):
        list(submit(workspace, [make_input(tmp_path, "c.pdf", "c")], Settings(), Order(), fails))
    assert len(entries(workspace)) == 2
    assert [j.name for j in workspace.jobs.jobs(JobSelection())] == ["a.pdf", "b.pdf"]


def test_the_search_path_of_the_connection_stays(workspace: Workspace, tmp_path: Path) -> None:
    queue = Queue(workspace.database)
    with workspace.database.write() as connection:
        before = connection.scalar(sa.text("SHOW search_path"))
        queue.enqueue(connection, [(1, 0)])
        assert connection.scalar(sa.text("SHOW search_path")) == before
        connection.execute(sa.text("SELECT count(*) FROM job"))


def test_the_same_document_is_submitted_once_for_each_settings(workspace: Workspace, tmp_path: Path) -> None:
    item, queue = make_input(tmp_path, "a.pdf", "x"), Queue(workspace.database)

    def again(settings: Settings, order: Order = Order()) -> tuple[int, int]:  # noqa: B008
        (counts, _), *_ = submit(workspace, [item], settings, order, queue.enqueue)
        return counts.queued, counts.waiting

    assert again(Settings()) == (1, 0)
    assert again(Settings()) == (0, 1)
    assert again(Settings(render_dpi=300)) == (1, 0)
    item.paths[0].write_text("other")
    assert again(Settings()) == (1, 0)
    assert len(entries(workspace)) == 3
    workspace.jobs.cancel(JobSelection())
    assert again(Settings()) == (1, 0)


def test_what_was_read_is_not_submitted_until_it_is_forced(workspace: Workspace, tmp_path: Path) -> None:
    (number,) = put(workspace, tmp_path, "a.pdf")
    job = workspace.jobs.claim(number, "w")
    assert job is not None
    record(workspace, tmp_path, job)
    assert put(workspace, tmp_path, "a.pdf") == []
    assert put(workspace, tmp_path, "a.pdf", order=Order(force=True)) == [number]
    assert workspace.jobs.job(number).attempt == 1


def test_an_attempt_is_counted_before_the_work_and_only_one_claims(workspace: Workspace, tmp_path: Path) -> None:
    (number,) = put(workspace, tmp_path, "a.pdf")
    job = workspace.jobs.claim(number, "one")
    assert job is not None
    assert (job.attempt, job.state, job.worker) == (1, "running", "one")
    assert workspace.jobs.claim(number, "two") is None


@pytest.mark.parametrize("by", ["another worker", "a cancellation"])
def test_who_was_overtaken_writes_nothing(workspace: Workspace, tmp_path: Path, by: str) -> None:
    (number,) = put(workspace, tmp_path, "a.pdf")
    late = workspace.jobs.claim(number, "late")
    assert late is not None
    if by == "another worker":
        workspace.jobs.give_back(late, Queue(workspace.database).enqueue)
        quick = workspace.jobs.claim(number, "quick")
        assert quick is not None
        record(workspace, tmp_path, quick)
    else:
        workspace.jobs.cancel(JobSelection())
    out = workspace.folder.out
    before = {p: p.stat().st_mtime_ns for p in out.rglob("*") if p.is_file()}
    with pytest.raises(Overtaken):
        record(workspace, tmp_path, late)
    with pytest.raises(Overtaken):
        workspace.jobs.give_back(late, Queue(workspace.database).enqueue)
    assert {p: p.stat().st_mtime_ns for p in out.rglob("*") if p.is_file()} == before
    assert len(list(workspace.reports())) == (1 if by == "another worker" else 0)


def test_a_writer_that_is_stopped_lets_go_of_its_job(workspace: Workspace, tmp_path: Path, postgresql: str) -> None:
    """SIGSTOP between the lock and the end of the transaction: the server ends it, and another worker gets the job."""
    (number,) = put(workspace, tmp_path, "a.pdf")
    late = workspace.jobs.claim(number, "late")
    assert late is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gikocr.workspace.jobs.LONGEST_WRITE_MS", 300)

        def sleeps(connection: sa.Connection, document_id: int) -> None:
            workspace.jobs.end(connection, late, "done", document_id=document_id)
            time.sleep(1.0)

        item = make_input(tmp_path, "a.pdf", "a.pdf")
        with pytest.raises(WorkspaceError):
            workspace.record(item, [NewReport(make_report(item))], fingerprint="f", form=FORM, end=sleeps)
    assert list(workspace.reports()) == []
    assert workspace.jobs.job(number).state == "running"


def test_jobs_of_a_silent_worker_come_first_and_are_read_alone(workspace: Workspace, tmp_path: Path) -> None:
    first, second, third = put(workspace, tmp_path, "a.pdf", "b.pdf", "c.pdf")
    queue = Queue(workspace.database)
    workspace.workers.register("w", device="cpu", slots=2)
    for _ in range(2):
        workspace.jobs.claim(fetch(workspace), "w")
    done = reap(workspace.database, queue)
    assert done is not None
    assert done.orphans == []
    silence(workspace, "w")
    done = reap(workspace.database, queue)
    assert done is not None
    assert sorted(done.orphans) == [first, second]
    assert sorted(entries(workspace)) == sorted(
        [(third, "todo", 0), (first, "todo", ONCE_BEGUN), (second, "todo", ONCE_BEGUN)]
    )
    found = workspace.jobs.job(first)
    assert (found.state, found.suspect, found.deaths, found.attempt) == ("queued", True, 0, 1)
    assert not workspace.jobs.job(third).suspect
    assert fetch(workspace) in (first, second)


def test_a_suspect_that_takes_its_worker_along_is_set_aside_after_three_deaths(
    workspace: Workspace, tmp_path: Path
) -> None:
    """The reader itself never comes to say so: its whole group was killed, or the system ended the unit."""
    (number,) = put(workspace, tmp_path, "a.pdf")
    queue = Queue(workspace.database)
    for death in range(4):
        workspace.workers.register(f"w{death}", device="cpu", slots=1)
        claimed = workspace.jobs.claim(fetch(workspace), f"w{death}")
        assert claimed is not None
        assert (claimed.suspect, claimed.deaths) == (death > 0, max(0, death - 1))
        silence(workspace, f"w{death}")
        assert reap(workspace.database, queue)
    execution = Execution(workspace, None, worker="w", enqueue=queue.enqueue)  # type: ignore[arg-type]
    execution.run(fetch(workspace))
    job = workspace.jobs.job(number)
    assert (job.state, job.error_code, job.deaths) == ("set_aside", "worker_died", 3)
    assert "died 3 times" in str(job.error)


def test_a_suspect_is_not_begun_where_another_one_is_read_alone(workspace: Workspace, tmp_path: Path) -> None:
    """It keeps its attempt and its entry of the queue; others are begun meanwhile."""
    first, second, third = put(workspace, tmp_path, "a.pdf", "b.pdf", "c.pdf")
    with workspace.database.write() as connection:
        connection.execute(sa.text("UPDATE job SET suspect = true WHERE id <> :n"), {"n": third})
    begun, go_on = threading.Semaphore(0), threading.Event()
    at_once: list[str] = []

    class Children:
        def read(self, task: Task, unwanted: object, *, alone: bool) -> GivenUp:
            at_once.append(task.item.name)
            begun.release()
            assert go_on.wait(20)
            return GivenUp(too_long=True)

    execution = Execution(workspace, Children(), worker="w", enqueue=Queue(workspace.database).enqueue)  # type: ignore[arg-type]
    threads = [threading.Thread(target=execution.run, args=(n,)) for n in (first, third)]
    threads[0].start()
    assert begun.acquire(timeout=20)
    with pytest.raises(NotNow):
        execution.run(second)
    waiting = workspace.jobs.job(second)
    assert (waiting.state, waiting.attempt, waiting.tries) == ("queued", 0, 0)
    threads[1].start()
    assert begun.acquire(timeout=20)
    assert at_once == ["a.pdf", "c.pdf"]
    go_on.set()
    for thread in threads:
        thread.join(20)
    # Whoever has read a suspect takes the next one.
    assert at_once == ["a.pdf", "c.pdf", "b.pdf"]
    assert workspace.jobs.job(second).attempt == 1
    execution.run(second)  # its entry of the queue, which does nothing any more
    assert len(at_once) == 3


def test_a_worker_that_stopped_in_good_order_makes_no_suspects(workspace: Workspace, tmp_path: Path) -> None:
    (number,) = put(workspace, tmp_path, "a.pdf")
    workspace.workers.register("w", device="cpu", slots=1)
    workspace.jobs.claim(fetch(workspace), "w")
    workspace.workers.stop("w")
    done = reap(workspace.database, Queue(workspace.database))
    assert done is not None
    assert done.orphans == [number]
    assert not workspace.jobs.job(number).suspect


def test_entries_that_nobody_works_on_are_cleared_and_jobs_without_one_get_one(
    workspace: Workspace, tmp_path: Path
) -> None:
    """A worker that died between taking an entry and its job, or between its result and the entry's end."""
    put(workspace, tmp_path, "a.pdf", "b.pdf")
    queue = Queue(workspace.database)
    never_begun, over = fetch(workspace), fetch(workspace)
    job = workspace.jobs.claim(over, "w")
    assert job is not None
    record(workspace, tmp_path, job)
    assert reap(workspace.database, queue) == reap(workspace.database, queue)  # both are young
    assert [status for _, status, _ in entries(workspace)] == ["doing", "doing"]
    age(workspace)
    done = reap(workspace.database, queue)
    assert done is not None
    assert (done.orphans, done.strays, done.lost) == ([], 2, 1)
    assert entries(workspace) == [(never_begun, "todo", 0)]


def test_a_job_whose_entry_failed_is_found_by_the_search(workspace: Workspace, tmp_path: Path) -> None:
    (number,) = put(workspace, tmp_path, "a.pdf")
    with workspace.database.write() as connection:
        connection.execute(sa.text("SET LOCAL search_path TO procrastinate"))
        connection.execute(sa.text("UPDATE procrastinate_jobs SET status = 'failed'"))
    age(workspace)
    queue = Queue(workspace.database)
    done = reap(workspace.database, queue)
    assert done is not None
    assert done.lost == 0
    done = reap(workspace.database, queue, search=True)
    assert done is not None
    assert done.lost == 1
    assert entries(workspace) == [(number, "failed", 0), (number, "todo", 0)]
    with workspace.database.write() as connection:
        connection.execute(sa.text("UPDATE procrastinate.procrastinate_events SET at = now() - interval '100 hours'"))
    reap(workspace.database, queue, search=True)
    assert entries(workspace) == [(number, "todo", 0)]


def test_only_one_reaper_works_at_a_time(workspace: Workspace, postgresql: str) -> None:
    queue = Queue(workspace.database)
    with workspace.database.write() as connection:
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(1734962033)"))
        assert reap(workspace.database, queue) is None
    assert reap(workspace.database, queue) is not None


def test_pause_resume_cancel_and_resubmit_from_the_command(
    workspace: Workspace, tmp_path: Path, postgresql: str, capsys: pytest.CaptureFixture[str]
) -> None:
    put(workspace, tmp_path, "a.pdf", "b.pdf", order=Order(batch="one"))
    put(workspace, tmp_path, "c.pdf", order=Order(batch="two"))

    def jobs(*options: str) -> str:
        code = main(["jobs", "-w", str(workspace.folder.out), "--database", postgresql, *options])
        return f"{code} {capsys.readouterr().out.strip()}"

    assert jobs("--do", "pause").startswith("2")
    assert jobs("--do", "pause", "--batch", "one") == "0 Paused: 2."
    assert workspace.workers.numbers().states == {"paused": 2, "queued": 1}
    assert jobs("--do", "resume", "--name", "a*") == "0 Resumed: 1."
    assert jobs("--do", "cancel", "--all") == "0 Cancelled: 3."
    assert jobs("--do", "resubmit", "--batch", "two") == "0 Submitted again: 1."
    assert "1 queued, 0 running" in jobs()
    assert '"cancelled": 2' in jobs("--json")


def test_a_database_without_a_queue_says_what_to_do(tmp_path: Path, postgresql: str) -> None:
    with Workspace.open(tmp_path / "out", database=postgresql) as workspace:
        assert not is_installed(workspace.database)
        with pytest.raises(WorkspaceError, match="has no queue yet") as caught:
            Queue(workspace.database)
        assert "gikocr db upgrade" in caught.value.advice
        assert install(workspace.database)
        assert not install(workspace.database)
        Queue(workspace.database)


@pytest.mark.parametrize("fault", ["function", "right", "connection"])
def test_a_queue_that_fails_is_said_in_a_line_and_leaves_no_job(
    workspace: Workspace,
    tmp_path: Path,
    postgresql: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
) -> None:
    """The queue's statements do not go through SQLAlchemy, which would name their errors."""
    put(workspace, tmp_path, "before.pdf")
    if fault == "connection":
        look = queue_module.search_path

        @contextmanager
        def cut(connection: sa.Connection) -> Iterator[None]:
            with look(connection):
                number = connection.scalar(sa.text("SELECT pg_backend_pid()"))
                with workspace.database.write() as other:
                    other.execute(sa.text("SELECT pg_terminate_backend(:number, 5000)"), {"number": number})
                yield

        monkeypatch.setattr(queue_module, "search_path", cut)
    else:
        wreck = {
            "function": "ALTER FUNCTION procrastinate.procrastinate_defer_jobs_v1 RENAME TO gone",
            "right": "ALTER TABLE procrastinate.procrastinate_jobs ADD CHECK (args->>'job' = '1')",
        }[fault]
        with workspace.database.write() as connection:
            connection.exec_driver_sql(wreck)
    scan = make_input(tmp_path, "a.pdf", "a").paths[0]
    assert main(["submit", str(scan), "-w", str(workspace.folder.out), "--database", postgresql]) == 4
    first, *rest = capsys.readouterr().err.splitlines()
    assert first.startswith("gikocr: The database " if fault == "connection" else "gikocr: The queue in the database ")
    assert len(rest) == 1
    assert [j.name for j in workspace.jobs.jobs(JobSelection())] == ["before.pdf"]
    assert len(entries(workspace)) == 1


def test_a_schema_that_cannot_be_made_is_said_in_a_line(
    tmp_path: Path, postgresql: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with Workspace.open(tmp_path / "out", database=postgresql) as workspace, workspace.database.write() as connection:
        connection.exec_driver_sql("CREATE SCHEMA procrastinate; CREATE TABLE procrastinate.procrastinate_workers ()")
    assert main(["db", "upgrade", "-w", str(tmp_path / "out"), "--database", postgresql]) == 4
    assert capsys.readouterr().err.startswith("gikocr: The queue in the database ")


@pytest.mark.parametrize("in_place", [False, True])
def test_a_new_file_is_read_once(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_place: bool
) -> None:
    """To tell whether it is known and to copy it, one reading is enough; one that stands there unchanged needs none."""
    opened: list[str] = []
    how = Path.open

    def counted(self: Path, mode: str = "r", *given: object, **named: object) -> object:
        if self.parent == tmp_path and mode == "rb":
            opened.append(self.name)
        return how(self, mode, *given, **named)

    monkeypatch.setattr(Path, "open", counted)
    order = Order(in_place=in_place)
    (number,) = put(workspace, tmp_path, "a.pdf", order=order)
    files = [*workspace.jobs.job(number).files]
    assert (opened.count("a.pdf"), files[0].sha256) == (1, hashlib.sha256(b"a.pdf").hexdigest())
    assert workspace.blobs.path(files[0].sha256).exists() is not in_place
    job = workspace.jobs.claim(number, "w")
    assert job is not None
    record(workspace, tmp_path, job)
    opened.clear()
    scan, queue = tmp_path / "a.pdf", Queue(workspace.database)
    # As the worker wrote it down: the file was not touched since.
    (after,) = [s for _, s in submit(workspace, [Input("a.pdf", (scan,))], Settings(), order, queue.enqueue)]
    assert after == []
    # A copy elsewhere is read, once, and known by its content.
    scan.rename(tmp_path / "b.pdf")
    opened.clear()
    moved = Input("b.pdf", (tmp_path / "b.pdf",))
    ((counts, _),) = submit(workspace, [moved], Settings(), order, queue.enqueue)
    assert (counts.read, opened) == (1, ["b.pdf"])


def test_what_is_too_large_to_be_held_is_copied_all_the_same(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gikocr.jobs.submitting.MOST_HELD", 7)
    monkeypatch.setattr("gikocr.jobs.submitting._READ_AT_ONCE", 2)
    names = ("a.pdf", "b.pdf", "", "larger.pdf")
    items = [make_input(tmp_path, f"{n}.pdf", name) for n, name in enumerate(names)]
    ((_, done),) = submit(workspace, items, Settings(), Order(), Queue(workspace.database).enqueue)
    for number, name in zip([s.id for s in done], names, strict=True):
        (file,) = workspace.jobs.job(number).files
        assert file.sha256 == hashlib.sha256(name.encode()).hexdigest()
        assert workspace.blobs.path(file.sha256).read_text() == name
