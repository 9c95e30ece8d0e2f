"""Workers that are killed and stopped, and a database that goes away. ``make chaos`` runs the long form; the short one is in every run.

The reader is a stub behind the pipeline's interface; workers, reading processes, queue, database and files are real.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from gikocr.cli.main import main
from gikocr.report import Report, equal
from gikocr.workspace import Workspace
from tests.cli.commands import living, start, until
from tests.servers import PostgreSQL, running_server

SEED = 20261125

#: Written by the database itself, so that no look comes too late.
HISTORY = """
CREATE TABLE history (job bigint, attempt int, state text, worker text, at timestamptz DEFAULT clock_timestamp());
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO history VALUES (NEW.id, NEW.attempt, NEW.state, NEW.worker); RETURN NEW; END $$;
CREATE TRIGGER note AFTER INSERT OR UPDATE ON job FOR EACH ROW EXECUTE FUNCTION note();
"""


@dataclass(frozen=True)
class Plan:
    """``kill_every`` seconds, for ``kills`` times; one worker is stopped for ``stop_for`` seconds; ``restarts`` of the server.

    Each worker reads ``slots`` documents at a time, all of which are suspects after its death and are read alone, one after the other.
    """

    documents: int
    workers: int
    kills: int
    kill_every: float
    stop_for: float
    restarts: int
    poison: int
    slots: int = 1


SHORT = Plan(documents=24, workers=2, kills=3, kill_every=4, stop_for=16, restarts=1, poison=1)
WIDE = Plan(documents=60, workers=3, kills=2, kill_every=10, stop_for=20, restarts=0, poison=1, slots=3)
LONG = Plan(documents=300, workers=4, kills=20, kill_every=15, stop_for=60, restarts=2, poison=2)


@dataclass
class Crew:
    """Workers under a supervisor that starts a new one when one ends."""

    work: Path
    arguments: list[str]
    count: int
    slots: int
    running: dict[int, tuple[object, Path]] = field(default_factory=dict)
    started: int = 0
    over: bool = False
    stopped: str = ""

    def __post_init__(self) -> None:
        self.lock = threading.Lock()
        for place in range(self.count):
            self._start(place)
        self.thread = threading.Thread(target=self._supervise, daemon=True)
        self.thread.start()

    def _start(self, place: int) -> None:
        self.started += 1
        log = self.work / f"worker-{self.started}.log"
        self.running[place] = (start(self.work, "worker", *self.arguments, "--slots", str(self.slots), log=log), log)

    def _supervise(self) -> None:
        while not self.over:
            with self.lock:
                for place, (process, _) in list(self.running.items()):
                    if process.poll() is not None and not self.over:
                        self._start(place)
            time.sleep(0.3)

    def name(self, place: int) -> str | None:
        text = self.running[place][1].read_text()
        return text.split("worker ", 1)[1].split()[0] if "worker " in text else None

    def end(self) -> list[int]:
        """Stop all gracefully, and return their exit codes."""
        self.over = True
        self.thread.join()
        for process, _ in self.running.values():
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
        return [process.wait(60) for process, _ in self.running.values()]


@pytest.fixture(scope="module")
def own_server() -> Iterator[PostgreSQL]:
    """A server for this module alone, which survives a power cut."""
    with running_server(durable=True) as server:
        yield server


def make_scans(folder: Path, plan: Plan) -> None:
    folder.mkdir()
    for number in range(plan.documents - plan.poison):
        kind = ("steady", "steady-doubt", "steady-bad")[number % 3]
        (folder / f"{kind}{number:03}.pdf").write_bytes(b"%PDF-1.7 " + str(number).encode())
    for number in range(plan.poison):
        (folder / f"kill{number}.pdf").write_bytes(b"%PDF-1.7 poison" + str(number).encode())


@pytest.mark.parametrize(
    "plan", [SHORT, WIDE, pytest.param(LONG, marks=pytest.mark.slow)], ids=["short", "wide", "long"]
)
def test_workers_die_and_nothing_is_lost(
    tmp_path: Path, own_server: PostgreSQL, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    scans, out = tmp_path / "scans", tmp_path / "out"
    make_scans(scans, plan)
    starts = tmp_path / "starts"
    monkeypatch.setenv("FAKE_STARTS", str(starts))
    chance = random.Random(SEED)
    with own_server.database() as url:
        arguments = ["-w", str(out), "--database", url]
        assert main(["db", "upgrade", *arguments]) == 0
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(HISTORY)
        assert main(["submit", str(scans), *arguments]) == 0
        crew = Crew(tmp_path, arguments, plan.workers, plan.slots)
        deaths = _torment(crew, plan, own_server, url, chance)
        over = until(lambda: _left(url) == 0, 240)
        codes = crew.end()
        assert over, f"{_left(url)} jobs never came to an end"
        assert set(codes) <= {0, -signal.SIGKILL}, codes
        assert until(lambda: not any(living(process.pid) for process, _ in crew.running.values()))
        assert len(deaths) == plan.kills + 1
        waits = _waits(url, deaths, starts, crew.stopped)
        held = sum(len(found) for found in waits)
        longest = max((wait for found in waits for wait in found), default=0.0)
        print(f"\nkills and stops: {len(deaths)}, jobs in their hands: {held}, longest wait: {longest:.1f} s")
        assert any(found for (name, _), found in zip(deaths, waits, strict=True) if name != crew.stopped)
        assert longest <= _most_seconds()
        _compare(tmp_path, scans, out, url, plan, monkeypatch)


def _torment(crew: Crew, plan: Plan, server: PostgreSQL, url: str, chance: random.Random) -> list[tuple[str, float]]:
    """Do to the workers what the plan says; returns which died, or were stopped, and when."""
    deaths: list[tuple[str, float]] = []
    until(lambda: all(crew.name(place) for place in crew.running), 60)
    restarts = {round((k + 1) * plan.kills / (plan.restarts + 1)) for k in range(plan.restarts)}
    stopped = threading.Thread(target=_stop_for_a_while, args=(crew, 0, plan.stop_for, deaths, url))
    stopped.start()
    for number in range(plan.kills):
        time.sleep(plan.kill_every)
        # The first place belongs to the one that is stopped.
        place = chance.randrange(1, plan.workers)
        with crew.lock:
            name, (process, _) = crew.name(place), crew.running[place]
            if name is None:
                until(lambda p=place: crew.name(p) is not None, 30)  # type: ignore[misc]
                name = crew.name(place)
            # Amid its work, as long as there is some.
            until(lambda w=name: _holds(url, str(w)), 5)  # type: ignore[misc]
            if chance.random() < 0.5:
                process.kill()
            else:
                os.killpg(process.pid, signal.SIGKILL)
            deaths.append((str(name), time.time()))
        if number in restarts:
            server.stop(chance.choice(("immediate", "fast")))
            time.sleep(1.0)
            server.start()
    stopped.join()
    return deaths


def _stop_for_a_while(crew: Crew, place: int, seconds: float, deaths: list[tuple[str, float]], url: str) -> None:
    """Stop a worker amid its work."""
    assert until(lambda: _holds(url, str(crew.name(place))), 20)
    process = crew.running[place][0]
    crew.stopped = str(crew.name(place))
    deaths.append((crew.stopped, time.time()))
    process.send_signal(signal.SIGSTOP)
    time.sleep(seconds)
    process.send_signal(signal.SIGCONT)


def _most_seconds() -> float:
    """30 s; up to twice that where others keep the cores busy: the processes that must start at each kill wait for these then."""
    return 30.0 * min(2.0, max(1.0, os.getloadavg()[1] / len(os.sched_getaffinity(0))))


def _holds(url: str, worker: str) -> bool:
    with contextlib.suppress(psycopg.OperationalError), psycopg.connect(url) as connection:
        return bool(
            connection.execute("SELECT 1 FROM job WHERE state = 'running' AND worker = %s", (worker,)).fetchall()
        )
    return False


def _left(url: str) -> int:
    try:
        with psycopg.connect(url) as connection:
            statement = "SELECT count(*) FROM job WHERE state IN ('queued', 'running')"
            return connection.execute(statement).fetchone()[0]  # type: ignore[index]
    except psycopg.OperationalError:
        return -1


def _waits(url: str, deaths: list[tuple[str, float]], starts: Path, stopped: str) -> list[list[float]]:
    """For each death the seconds until each job in the worker's hands was read again: until its reader began, not its claim.

    The worker that is stopped may wake up before it is missed, when the server's own restart has hidden that, and finish what it had.
    """
    read = [(float(line.split()[0]), line.split()[1]) for line in starts.read_text().splitlines()]
    waits: list[list[float]] = []
    with psycopg.connect(url) as connection:
        for worker, moment in deaths:
            waits.append([])
            held = connection.execute(
                "SELECT h.job, h.attempt FROM history h WHERE h.worker = %s AND h.state = 'running' AND extract(epoch FROM h.at) <= %s "
                "AND NOT EXISTS (SELECT 1 FROM history e WHERE e.job = h.job AND e.attempt = h.attempt AND e.state <> 'running' "
                "AND e.at > h.at AND extract(epoch FROM e.at) <= %s)",
                (worker, moment, moment),
            ).fetchall()
            for job, attempt in set(held):
                found = connection.execute(
                    "SELECT j.name FROM job j JOIN history h ON h.job = j.id "
                    "WHERE j.id = %s AND h.attempt > %s AND h.state = 'running' LIMIT 1",
                    (job, attempt),
                ).fetchone()
                if found is None:
                    assert worker == stopped, f"job {job} was never begun again"
                    continue
                # A claim may be written a little after its reader began, so it is the death that counts.
                begun = [at for at, document in read if document == found[0] and at > moment]
                # Deaths may have set a poison document aside before anybody began to read it again.
                assert begun or worker == stopped or found[0].startswith("kill"), f"{found[0]} was never read again"
                waits[-1] += [min(begun) - moment] if begun else []
    return waits


def _compare(work: Path, scans: Path, out: Path, url: str, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each document has one current report, equal to that of one process; only the poison is set aside."""
    with Workspace.open(out, database=url) as workspace:
        stored = {r.name: (r, report) for r, report in workspace.full_reports()}
        assert len(list(workspace.reports())) == len(stored) == plan.documents
        aside = {job.name for job in workspace.jobs.jobs(_aside())}
        assert workspace.workers.numbers().states.get("set_aside") == plan.poison
    assert aside == {f"kill{n}.pdf" for n in range(plan.poison)}
    for name in aside:
        assert [i.code for i in stored[name][1].issues] == ["worker_died"]
    monkeypatch.setenv("FAKE_IN_A_HURRY", "1")
    process = start(work, "extract", str(scans), "-o", str(work / "calm"), "--workers", "2")
    process.communicate(timeout=300)
    calm = {p.stem: Report.from_json(p.read_bytes()) for p in (work / "calm").glob("*.json")}
    assert calm.keys() == stored.keys()
    by_file = {name: Report.from_json((out / r.path).read_bytes()) for name, (r, _) in stored.items()}
    assert [n for n in calm.keys() - aside if not (equal(calm[n], stored[n][1]) and equal(calm[n], by_file[n]))] == []
    assert not [p for p in out.rglob(".writing-*") if p.stat().st_mtime < time.time() - 600]


def _aside() -> object:
    from gikocr.workspace import JobSelection

    return JobSelection(states=("set_aside",))
