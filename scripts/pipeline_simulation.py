"""Simulates one GPU that serves many CPU cores: how many cores keep it busy, and what a million pages cost.

``python -m scripts.pipeline_simulation``. What a document costs on a CPU and what it asks of the networks was measured (docs/scale.md
says how); what a batch costs on a GPU is assumed, and varied, since none was at hand.

Documents alternate between work on a core and questions to the networks, for whose answers they wait. Questions of all documents
gather; a batch leaves when it is full or its oldest picture has waited as long as it may.
"""

from __future__ import annotations

import heapq
import random
from collections import deque
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Document:
    """What one document asks for, all but ``pages`` for the whole document.

    Attributes:
        pages: of the document.
        cpu: seconds of a core beside the networks.
        questions: to the networks, each as the network and the number of pictures.
    """

    pages: float = 4.0
    cpu: float = 3.0
    questions: tuple[tuple[str, int], ...] = (("lines", 12),) * 14 + (("cells", 199),)


@dataclass(frozen=True, slots=True)
class Network:
    """``room`` of a batch, ``groups`` of widths among which pictures are spread, and the assumed ``seconds`` of a batch on the GPU."""

    room: int
    groups: int
    seconds: float


@dataclass(slots=True)
class _Gpu:
    """The batches in front of the GPU."""

    networks: dict[str, Network]
    wait: float
    queues: dict[tuple[str, int], deque[tuple[float, int]]] = field(default_factory=dict)
    free_at: float = 0.0
    busy: float = 0.0
    items: int = 0
    places: int = 0

    def next_batch(self, now: float) -> tuple[str, int] | None:
        """The fullest group, if it is full or has waited long enough."""
        ready = [k for k, q in self.queues.items() if q]
        if not ready:
            return None
        key = max(
            ready, key=lambda k: (min(1.0, len(self.queues[k]) / self.networks[k[0]].room), -self.queues[k][0][0])
        )
        full = len(self.queues[key]) >= self.networks[key[0]].room
        late = now - min(self.queues[k][0][0] for k in ready) >= self.wait - 1e-9
        return key if full or late else None


def simulate(
    cores: int,
    networks: dict[str, Network],
    document: Document,
    *,
    per_core: int = 2,
    wait: float = 0.05,
    seconds: float = 300.0,
) -> tuple[float, float, float]:
    """Documents an hour, share of the time for which the GPU was busy, and how full its batches were.

    Args:
        cores: of the machine.
        networks: with their costs.
        document: what each document asks for.
        per_core: documents in flight for each core: while one waits for an answer another one works.
        wait: seconds that a picture waits at most.
        seconds: of simulated time.
    """
    chance = random.Random(1)
    gpu = _Gpu(networks, wait)
    slots = cores * per_core
    step = [0] * slots  # which question comes next
    left = [0] * slots  # pictures that are not answered yet
    idle, ready, done = cores, deque(range(slots)), 0
    work = document.cpu / (len(document.questions) + 1)
    events: list[tuple[float, int, str, object]] = []
    count = 0

    def later(moment: float, kind: str, what: object) -> None:
        nonlocal count
        count += 1
        heapq.heappush(events, (moment, count, kind, what))

    now = 0.0
    while now < seconds:
        while idle and ready:
            idle -= 1
            later(now + work * chance.uniform(0.5, 1.5), "worked", ready.popleft())
        if gpu.free_at <= now and (key := gpu.next_batch(now)) is not None:
            network = networks[key[0]]
            queue = gpu.queues[key]
            taken = [queue.popleft()[1] for _ in range(min(len(queue), network.room))]
            gpu.free_at = now + network.seconds
            gpu.busy += network.seconds
            gpu.items, gpu.places = gpu.items + len(taken), gpu.places + network.room
            later(gpu.free_at, "answered", taken)
        now, _, kind, what = heapq.heappop(events)
        if kind == "worked":
            assert isinstance(what, int)
            idle += 1
            if step[what] == len(document.questions):
                step[what], done = 0, done + 1
                ready.append(what)
                continue
            name, pictures = document.questions[step[what]]
            step[what] += 1
            left[what] = pictures
            for _ in range(pictures):
                group = min(chance.randrange(networks[name].groups), chance.randrange(networks[name].groups))
                gpu.queues.setdefault((name, group), deque()).append((now, what))
            later(now + wait, "look", None)
        elif kind == "answered":
            assert isinstance(what, list)
            for slot in what:
                left[slot] -= 1
                if not left[slot]:
                    ready.append(slot)
    return done * 3600 / now, gpu.busy / now, gpu.items / max(1, gpu.places)


def main() -> None:
    """Print a table for several assumed costs of a batch."""
    document = Document()
    for name, scale in (("assumed", 1.0), ("three times slower", 3.0), ("ten times slower", 10.0)):
        networks = {"lines": Network(24, 6, 0.004 * scale), "cells": Network(64, 8, 0.003 * scale)}
        print(f"a batch of 24 lines takes {4 * scale:g} ms, one of 64 cells {3 * scale:g} ms ({name})")
        for cores in (4, 8, 16, 32, 64, 128):
            rate, busy, fill = simulate(cores, networks, document)
            pages = rate * document.pages
            print(
                f"  {cores:4} cores: {pages:8.0f} pages an hour, GPU busy {busy:5.1%}, batches {fill:5.1%} full; "
                f"a million pages: {1e6 / pages:7.1f} h, {1e6 / pages * cores:7.0f} core hours"
            )


if __name__ == "__main__":
    main()
