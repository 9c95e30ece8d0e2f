"""Networks shared by many readers: order, fullness, patience, back-pressure, memory that is not enough."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from gikocr.ingest import Input
from gikocr.ingest.isolation import Limits
from gikocr.jobs.batching import Batches, Kind, is_out_of_memory, make_batches
from gikocr.jobs.children import Nursery, Read, ReadingChild, Recipe
from gikocr.jobs.reading import drawing_pipeline
from gikocr.jobs.wire import Task
from gikocr.report import equal
from gikocr.settings import Settings

ROOM = 8
Make = Callable[..., Batches]


def picture(value: int, width: int = 10) -> np.ndarray:
    return np.full((4, width), value, np.uint8)


class Network:
    """Reads a picture as its first pixel; notes what it was given."""

    def __init__(self, seconds: float = 0.0, most: int = 10**6) -> None:
        self.seconds, self.most = seconds, most
        self.sizes: list[int] = []
        self.widths: list[set[int]] = []
        self.waiting: Callable[[], int] = lambda: 0
        self.most_waiting = 0

    def read(self, pictures: Sequence[np.ndarray]) -> list[int]:
        self.most_waiting = max(self.most_waiting, self.waiting())
        time.sleep(self.seconds)
        if len(pictures) > self.most:
            raise RuntimeError("CUDA out of memory. Tried to allocate 20.00 MiB")
        self.sizes.append(len(pictures))
        self.widths.append({p.shape[1] for p in pictures})
        return [int(p[0, 0]) for p in pictures]


@pytest.fixture
def batches() -> Iterator[Make]:
    made: list[Batches] = []

    def make(network: Network, *, wait: float = 0.02, most_waiting: int = 4096) -> Batches:
        kind = Kind(network.read, lambda p: p.shape[1], lambda width: ROOM, lambda p, s: [float(len(x)) for x in s])
        made.append(Batches({"cells": kind}, wait=wait, most_waiting=most_waiting))
        return made[-1]

    yield make
    for each in made:
        each.end()


def test_each_caller_gets_his_answers_in_his_order(batches: Make) -> None:
    network = Network(0.002)
    shared = batches(network)

    def ask(seed: int) -> bool:
        chance = random.Random(seed)
        values = [chance.randrange(256) for _ in range(chance.randrange(40))]
        widths = [chance.choice((10, 20, 30)) for _ in values]
        return shared.read("cells", [picture(v, w) for v, w in zip(values, widths, strict=True)]) == values

    with ThreadPoolExecutor(12) as callers:
        assert all(callers.map(ask, range(60)))
    assert max(network.sizes) <= ROOM
    assert all(len(widths) == 1 for widths in network.widths)


def test_under_load_batches_are_full_and_mix_callers(batches: Make) -> None:
    network = Network(0.01)
    shared = batches(network)
    with ThreadPoolExecutor(12) as callers:
        list(callers.map(lambda n: shared.read("cells", [picture(n)] * 5), range(200)))
    filled = shared.filled()
    assert filled.items == 1000
    assert filled.items / filled.room >= 0.8


def test_one_picture_alone_does_not_wait_for_ever(batches: Make) -> None:
    shared = batches(Network(), wait=0.1)
    started = time.monotonic()
    assert shared.read("cells", [picture(3)]) == [3]
    assert 0.05 < time.monotonic() - started < 2.0


def test_a_rare_width_is_not_starved_by_full_batches(batches: Make) -> None:
    shared = batches(Network(0.005), wait=0.02)
    over = threading.Event()

    def flood() -> None:
        with contextlib.suppress(RuntimeError):
            while not over.is_set():
                shared.read("cells", [picture(1)] * (3 * ROOM))

    floods = [threading.Thread(target=flood, daemon=True) for _ in range(4)]
    for thread in floods:
        thread.start()
    started = time.monotonic()
    assert shared.read("cells", [picture(9, 99)]) == [9]
    waited = time.monotonic() - started
    over.set()
    assert waited < 1.0


def test_no_more_than_a_bound_waits(batches: Make) -> None:
    network = Network(0.005)
    shared = batches(network, most_waiting=20)
    network.waiting = lambda: shared._count
    with ThreadPoolExecutor(8) as callers:
        assert all(callers.map(lambda n: len(shared.read("cells", [picture(n)] * 50)) == 50, range(16)))
    assert 0 < network.most_waiting <= 20


def test_memory_that_is_not_enough_makes_batches_smaller(batches: Make) -> None:
    network = Network(most=3)
    shared = batches(network)
    values = list(range(64))
    assert shared.read("cells", [picture(v) for v in values]) == values
    assert max(network.sizes) <= 3
    halved = shared.filled().halved
    assert halved > 0
    assert shared.read("cells", [picture(v) for v in values]) == values
    assert shared.filled().halved == halved  # learnt once


def test_a_picture_that_is_too_much_alone_fails_alone(batches: Make) -> None:
    shared = batches(Network(most=0))
    with pytest.raises(RuntimeError, match="out of memory"):
        shared.read("cells", [picture(1)])


def test_scores_are_asked_for_between_batches(batches: Make) -> None:
    assert batches(Network()).score("cells", picture(1), ["a", "bcd"]) == [1.0, 3.0]


def test_who_waits_when_it_ends_gets_an_error(batches: Make) -> None:
    shared = batches(Network(), wait=60.0)
    with ThreadPoolExecutor(1) as caller:
        waiting = caller.submit(shared.read, "cells", [picture(1)])
        time.sleep(0.2)
        shared.end()
        with pytest.raises(RuntimeError, match="ended"):
            waiting.result(5)
    with pytest.raises(RuntimeError, match="ended"):
        shared.read("cells", [picture(1)])


@pytest.mark.parametrize(
    ("error", "is_one"),
    [
        (MemoryError(), True),
        (
            RuntimeError("[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : Failed to allocate memory for requested buffer"),
            True,
        ),
        (type("OutOfMemoryError", (RuntimeError,), {})("x"), True),
        (RuntimeError("shape mismatch"), False),
    ],
)
def test_errors_of_memory_are_recognised(error: Exception, is_one: bool) -> None:
    assert is_out_of_memory(error) == is_one


def test_a_scan_read_through_shared_networks_is_read_the_same() -> None:
    """The real pipeline: cells and lines go to the parent's networks and back, and the report is that of one process."""
    path = Path(__file__).parents[2] / "samples" / "straight.pdf"
    settings = Settings(pages="2")
    item = Input(path.name, (path,))
    alone = drawing_pipeline(settings).extract(item).report
    assert alone.fields
    shared = make_batches(settings, "cpu")
    child = ReadingChild(Recipe(drawing_pipeline, Limits(memory=4000)), Nursery(), shared.answer)
    try:
        reply = child.read(Task(item, settings, "f"))
        assert isinstance(reply, Read)
        assert equal(reply.outcome.report, alone)
        assert shared.filled().items > 50
    finally:
        child.end()
        shared.end()
