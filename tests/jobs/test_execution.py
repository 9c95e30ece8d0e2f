from __future__ import annotations

from pathlib import Path

import pytest

from gikocr.jobs.execution import Execution
from gikocr.jobs.submitting import Order, submit
from gikocr.settings import Settings
from gikocr.workspace import Job, Workspace
from gikocr.workspace.jobs import no_queue
from tests.workspace.reports import make_input


def test_an_attempt_that_began_while_the_table_was_read_is_not_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A document that dies quickly is claimed again between two steps of a look; that look speaks of the attempt before."""
    with Workspace.open(tmp_path / "own") as workspace:
        list(submit(workspace, [make_input(tmp_path, "a.pdf", "a")], Settings(), Order(), no_queue))
        execution = Execution(workspace, None, worker="w", enqueue=no_queue)  # type: ignore[arg-type]
        first = workspace.jobs.claim(1, "w")
        assert first is not None
        execution.in_hand[first.id] = first.attempt
        read = workspace.jobs.running

        def again(worker: str) -> dict[int, int]:
            workspace.jobs.give_back(first, no_queue)
            second = workspace.jobs.claim(1, "w")
            assert second is not None
            execution.in_hand[second.id] = second.attempt
            return read(worker)

        monkeypatch.setattr(workspace.jobs, "running", again)
        assert execution.look(set()) == set()
        assert execution.unwanted == {(1, 1)}


def test_who_gives_a_job_back_does_not_take_it_out_of_the_next_hands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Workspace.open(tmp_path / "own") as workspace:
        list(submit(workspace, [make_input(tmp_path, "a.pdf", "a")], Settings(), Order(), no_queue))
        execution = Execution(workspace, None, worker="w", enqueue=no_queue)  # type: ignore[arg-type]
        first = workspace.jobs.claim(1, "w")
        assert first is not None

        def run(job: Job) -> None:
            workspace.jobs.give_back(job, no_queue)
            second = workspace.jobs.claim(1, "w")
            assert second is not None
            execution.in_hand[second.id] = second.attempt  # another thread begins before this one is done

        monkeypatch.setattr(execution, "_run", run)
        execution.run_claimed(first)
        assert execution.in_hand == {1: 2}
        assert execution.look(set()) == set()
