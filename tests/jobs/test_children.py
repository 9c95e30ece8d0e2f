"""Reading processes: their limits, what becomes of a document that breaks them, and what goes over the wire."""

from __future__ import annotations

import math
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gikocr.elements import Candidate, CellReading, LineText
from gikocr.errors import Exhausted
from gikocr.ingest import Input
from gikocr.ingest.isolation import Limits
from gikocr.jobs import children as children_module
from gikocr.jobs import wire
from gikocr.jobs.apart import ApartReader
from gikocr.jobs.children import Children, Died, GivenUp, Nursery, Read, ReadingChild, Recipe
from gikocr.settings import Settings
from tests.cli.commands import until

FOLDER = Path(__file__).parents[1]
MakeChild = Callable[..., ReadingChild]


@pytest.fixture
def recipe(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Recipe]:
    """Makes recipes with pipelines of the tests."""
    for folder in (FOLDER / "cli", FOLDER / "jobs"):
        monkeypatch.syspath_prepend(str(folder))
    import fake_pipeline
    import hungry_pipeline

    def make(*, hungry: bool = False, wall: float = 30, growth: int = 0, **limits: int) -> Recipe:
        kind = hungry_pipeline.HungryPipeline if hungry else fake_pipeline.FakePipeline
        return Recipe(kind, Limits(**limits), wall, growth)  # type: ignore[arg-type]

    return make


@pytest.fixture
def child(recipe: Callable[..., Recipe]) -> Iterator[MakeChild]:
    """Starts reading processes."""
    made: list[ReadingChild] = []

    def make(**options: float | bool) -> ReadingChild:
        made.append(ReadingChild(recipe(**options), Nursery()))
        return made[-1]

    yield make
    for each in made:
        each.end()


def task(folder: Path, name: str, settings: Settings = Settings()) -> wire.Task:  # noqa: B008
    path = folder / name
    path.write_bytes(b"%PDF-1.7 " + name.encode())
    return wire.Task(Input(name, (path,)), settings, "f")


def test_documents_are_read_one_after_the_other(child: MakeChild, tmp_path: Path) -> None:
    one = child()
    for name in ("brief1.pdf", "brief-bad2.pdf", "memory3.pdf", "bug4.pdf", "brief5.pdf"):
        reply = one.read(task(tmp_path, name))
        assert isinstance(reply, Read)
        assert reply.outcome.report.source.name == name
    assert reply.outcome.form_reading is not None
    assert not one.is_worn()


@pytest.mark.parametrize(("name", "code"), [("kill.pdf", -signal.SIGKILL), ("exit.pdf", 7)])
def test_a_death_is_told_with_its_exit_code(child: MakeChild, tmp_path: Path, name: str, code: int) -> None:
    one = child()
    assert one.read(task(tmp_path, name)) == Died(code)
    assert one.is_worn()


def test_a_document_is_given_up_in_time_whatever_its_process_does(child: MakeChild, tmp_path: Path) -> None:
    started = time.monotonic()
    assert child(wall=1).read(task(tmp_path, "stop.pdf")) == GivenUp(too_long=True)
    assert child(wall=30).read(task(tmp_path, "slow.pdf"), lambda: True) == GivenUp(too_long=False)
    assert time.monotonic() - started < 15


def test_cpu_time_is_limited_for_each_document_anew(child: MakeChild, tmp_path: Path) -> None:
    one = child(hungry=True, cpu_seconds=1)
    for number in range(3):
        assert isinstance(one.read(task(tmp_path, f"burn-0.8-{number}.pdf")), Read)
    assert one.read(task(tmp_path, "burn-30.pdf")) == Died(-signal.SIGXCPU)


def test_memory_is_limited(child: MakeChild, tmp_path: Path) -> None:
    reply = child(hungry=True, memory=1500).read(task(tmp_path, "hoard-3000.pdf"))
    assert isinstance(reply, Read)
    assert [i.code for i in reply.outcome.report.issues] == ["out_of_memory"]


def test_a_process_that_grew_is_replaced(recipe: Callable[..., Recipe], tmp_path: Path) -> None:
    children = Children(recipe(hungry=True, growth=100), 1)
    try:

        def where(name: str) -> object:
            reply = children.read(task(tmp_path, name), lambda: False)
            assert isinstance(reply, Read)
            return reply.outcome.report.document.agency

        first = where("hoard-1.pdf")
        assert where("hoard-2.pdf") == first
        assert where("hoard-300.pdf") == first
        assert where("hoard-3.pdf") != first
        alone = children.read(task(tmp_path, "hoard-4.pdf"), lambda: False, alone=True)
        assert isinstance(alone, Read)
        assert alone.outcome.report.document.agency not in (first, where("hoard-5.pdf"))
    finally:
        children.end()


def test_a_reading_process_has_no_network(child: MakeChild, tmp_path: Path) -> None:
    probe = "import sys; sys.path.insert(0, '.')\nfrom gikocr.ingest.isolation import leave_network\nsys.exit(not leave_network())"
    if subprocess.run([sys.executable, "-c", probe], cwd=FOLDER.parent, check=False).returncode:
        pytest.skip("this system lets no process leave the network")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        reply = child(hungry=True).read(task(tmp_path, f"connect-{port}.pdf"))
        assert isinstance(reply, Read)
        assert reply.outcome.report.document.agency == "unreachable"
        reply = child(hungry=True, network=True).read(task(tmp_path, f"connect-{port}.pdf"))
        assert isinstance(reply, Read)
        assert reply.outcome.report.document.agency == "connected"


def test_processes_die_with_the_thread_that_never_ends_and_not_with_others(
    recipe: Callable[..., Recipe], tmp_path: Path
) -> None:
    """Linux ends a child when the thread that started it ends; slots of a worker come and go."""
    children = Children(recipe(), 1)
    replies: list[object] = []
    try:
        for number in range(2):
            thread = threading.Thread(
                target=lambda n=number: replies.append(children.read(task(tmp_path, f"brief{n}.pdf"), lambda: False))
            )
            thread.start()
            thread.join()
            time.sleep(0.3)
        assert [type(r) for r in replies] == [Read, Read]
        (one,) = children._all
        assert not one.is_worn()
    finally:
        children.end()
    assert until(one.is_worn)


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff\x00",
        b'{"found": []}',
        b"[" * 100_000,
        b"!no such error",
        b'{"found": [{"report": 1}]}',
    ],
)
def test_an_answer_that_is_none_counts_as_a_death(child: MakeChild, tmp_path: Path, message: bytes) -> None:
    one = child(hungry=True)
    path = tmp_path / "answer.bin"
    path.write_bytes(message)
    assert not one.is_worn()
    assert isinstance(one.read(wire.Task(Input("say-it", (path,)), Settings(), "f")), Died)


pictures = st.lists(
    st.tuples(st.integers(1, 5), st.integers(1, 9)).map(lambda s: np.arange(s[0] * s[1], dtype=np.uint8).reshape(s)),
    max_size=4,
)


@given(pictures, st.lists(st.text(max_size=5), max_size=3))
def test_questions_come_as_they_were_sent(crops: list[np.ndarray], strings: list[str]) -> None:
    asked, got, words = wire.read_question(wire.question_bytes("cells", crops, strings))
    assert (asked, words) == ("cells", strings)
    assert len(got) == len(crops)
    assert all(np.array_equal(a, b) for a, b in zip(got, crops, strict=True))


@pytest.mark.parametrize(
    "message",
    [b"", b"{}\n", b'{"asked": "cells", "shapes": [[9, 9]], "strings": []}\nshort', b'{"asked": "x", "shapes": [], "strings": []}\n',
     b'{"asked": "cells", "shapes": [[-1, -9]], "strings": []}\n123456789'],
)  # fmt: skip
def test_questions_that_are_none_are_refused(message: bytes) -> None:
    with pytest.raises(ValueError):
        wire.read_question(message)


@given(st.lists(st.one_of(st.floats(max_value=0, allow_nan=False), st.just(-math.inf)), max_size=5))
def test_scores_keep_every_bit(scores: list[float]) -> None:
    assert wire.read_scores(wire.answer_bytes(scores)) == scores


def test_readings_keep_every_bit() -> None:
    cells = [CellReading((Candidate("1,234", "read", -0.1 / 3), Candidate("", "blank", -7.0, True)), "numerals")]
    assert wire.read_cells(wire.answer_bytes(cells)) == cells
    lines = [LineText("年度报告", 0.1 + 0.2)]
    assert wire.read_lines(wire.answer_bytes(lines)) == lines


def test_no_child_outlives_its_parent(tmp_path: Path) -> None:
    program = tmp_path / "parent.py"
    program.write_text(
        f"import sys, time\nsys.path[:0] = [{str(FOLDER / 'cli')!r}, {str(FOLDER.parent)!r}]\nimport fake_pipeline\n"
        "from gikocr.jobs.children import *\nfrom gikocr.ingest.isolation import Limits\n"
        "if __name__ == '__main__':\n"
        "    child = ReadingChild(Recipe(fake_pipeline.FakePipeline, Limits()), Nursery())\n"
        "    print(child.process_id, flush=True)\n    time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, str(program)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    process = int(parent.stdout.readline())
    os.kill(process, 0)
    parent.kill()
    parent.wait()
    assert until(lambda: not Path(f"/proc/{process}").exists())


def test_what_cannot_be_started_leaves_nothing_open(
    recipe: Callable[..., Recipe], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where files run short, each try would take some more."""
    nursery = Nursery()
    nursery.start(lambda: None)
    before = set(Path("/proc/self/fd").iterdir())
    kept = []
    with monkeypatch.context() as patch:
        patch.setattr("gikocr.jobs.children._started", lambda process: os.open("/nowhere", os.O_RDONLY))
        with pytest.raises(Exhausted) as caught:
            ReadingChild(recipe(), nursery, lambda connection: None)
        kept.append(caught)  # its traceback keeps all that was made
        assert set(Path("/proc/self/fd").iterdir()) == before

    def no_thread(*given: object, **named: object) -> object:
        raise RuntimeError("can't start new thread")

    children: list[int] = []
    started = children_module._started
    with monkeypatch.context() as patch:
        patch.setattr(children_module.threading, "Thread", no_thread)
        patch.setattr(children_module, "_started", lambda p: (started(p), children.append(p.pid))[0])
        with pytest.raises(Exhausted):
            ReadingChild(recipe(), nursery, lambda connection: None)
    assert until(lambda: not Path(f"/proc/{children[0]}").exists() or _is_zombie(children[0]))


def _is_zombie(process: int) -> bool:
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


def test_a_page_is_added_in_a_process_of_its_own(
    recipe: Callable[..., Recipe], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the review station reads anew cannot end it."""
    recipe()
    import fake_pipeline

    reader = ApartReader(Settings(), fake_pipeline.FakePipeline)
    good, deadly = task(tmp_path, "a.pdf").item, task(tmp_path, "kill.pdf").item
    assert reader.extract(good).report.status == "complete"
    dead = reader.extract(deadly).report
    assert (dead.status, [i.code for i in dead.issues]) == ("failed", ["worker_died"])
