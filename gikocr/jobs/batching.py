"""Reading the cells and lines of many documents together, in one thread in front of the networks.

Whoever asks waits for the answer, and no more is taken in than a bound allows: a network that is behind slows down the processes in
front of it, and memory stays where it is. Pictures of one padded width go together, since the networks take nothing else; a batch
leaves when it is full, or when its oldest picture has waited as long as it may.
"""

from __future__ import annotations

import dataclasses
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gikocr.jobs import wire

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from gikocr.elements import Image
    from gikocr.settings import Settings

#: Seconds that a picture waits at most for others of its width.
WAIT = 0.05

#: Fuller batches in a row that may leave before a picture of another width that has waited longer.
MOST_PASSED = 8

#: Pictures that may wait in all; who brings more has to wait.
MOST_WAITING = 4096


@dataclass(frozen=True, slots=True)
class Kind:
    """One network and what goes into it together.

    Attributes:
        read: reads pictures of one group; the answers come in the same order.
        group: which pictures go together: their padded width.
        room: how many of a group go through the network at once.
        score: scores strings on a picture; None where nobody asks for that.
    """

    read: Callable[[Sequence[Image]], Sequence[Any]]
    group: Callable[[Image], int]
    room: Callable[[int], int]
    score: Callable[[Image, Sequence[str]], list[float]] | None = None


@dataclass(frozen=True, slots=True)
class Filled:
    """How full the batches were: ``items`` of ``room`` places in ``batches``; ``halved``: how often the memory was not enough."""

    batches: int = 0
    items: int = 0
    room: int = 0
    halved: int = 0


@dataclass(slots=True, eq=False)
class _Request:
    """What one caller asks for; ``left`` counts what is not answered yet."""

    answers: list[Any]
    left: int
    done: threading.Event = field(default_factory=threading.Event)
    error: BaseException | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Item:
    picture: Image
    place: int
    request: _Request
    since: float


class Batches:
    """The networks of a worker, and the one thread that uses them."""

    def __init__(self, kinds: Mapping[str, Kind], *, wait: float = WAIT, most_waiting: int = MOST_WAITING) -> None:
        self._kinds = dict(kinds)
        self._wait = wait
        self._most = most_waiting
        self._waiting: dict[tuple[str, int], deque[_Item]] = {}
        self._count = 0
        self._calls: deque[tuple[Callable[[], Any], _Request]] = deque()
        self._rooms: dict[tuple[str, int], int] = {}
        self._filled = Filled()
        self._by_kind: dict[str, tuple[int, int]] = {}
        self._change = threading.Condition()
        self._passed = 0
        self._ended = False
        self._thread = threading.Thread(target=self._work, name="networks", daemon=True)
        self._thread.start()

    def read(self, kind: str, pictures: Sequence[Image]) -> list[Any]:
        """Have pictures read, and wait for it.

        Raises:
            RuntimeError: the networks were ended.
            Exception: whatever the network raised.
        """
        if not pictures:
            return []
        request = _Request([None] * len(pictures), len(pictures))
        groups = [self._kinds[kind].group(picture) for picture in pictures]
        for place, (picture, group) in enumerate(zip(pictures, groups, strict=True)):
            with self._change:
                while self._count >= self._most and not self._ended:
                    self._change.wait()
                if self._ended:
                    raise RuntimeError("the networks were ended")
                item = _Item(picture, place, request, time.monotonic())
                self._waiting.setdefault((kind, group), deque()).append(item)
                self._count += 1
                self._change.notify_all()
        return self._answers(request)

    def score(self, kind: str, picture: Image, strings: Sequence[str]) -> list[float]:
        """Have strings scored on a picture, and wait for it."""
        score = self._kinds[kind].score
        if score is None:
            raise ValueError(f"{kind} scores nothing")
        request = _Request([None], 1)
        with self._change:
            if self._ended:
                raise RuntimeError("the networks were ended")
            self._calls.append((lambda: score(picture, strings), request))
            self._change.notify_all()
        return list(self._answers(request)[0])

    def _answers(self, request: _Request) -> list[Any]:
        request.done.wait()
        if request.error is not None:
            raise request.error
        return request.answers

    def answer(self, connection: Connection) -> None:
        """Answer a reading process until it is gone."""
        try:
            while True:
                asked, pictures, strings = wire.read_question(connection.recv_bytes(wire.MOST_BYTES))
                if asked in ("score", "second_score"):
                    kind = "cells" if asked == "score" else "second"
                    connection.send_bytes(wire.answer_bytes(self.score(kind, pictures[0], strings)))
                else:
                    connection.send_bytes(wire.answer_bytes(self.read(asked, pictures)))
        except (EOFError, OSError):
            pass
        finally:
            # A question that cannot be answered ends the process that asked: it would wait for ever.
            connection.close()

    def filled(self) -> Filled:
        """How full the batches were so far."""
        with self._change:
            return self._filled

    def filled_by_kind(self) -> dict[str, tuple[int, int]]:
        """For each network the places that were filled, and all places."""
        with self._change:
            return dict(self._by_kind)

    def end(self) -> None:
        """End the thread; whoever waits gets an error."""
        with self._change:
            self._ended = True
            self._change.notify_all()
        self._thread.join(30)

    def _work(self) -> None:
        while True:
            with self._change:
                while not self._ended and not self._calls and (pause := self._pause()) > 0:
                    self._change.wait(pause if pause < float("inf") else None)
                if self._ended:
                    self._fail_all()
                    return
                call = self._calls.popleft() if self._calls else None
                key, items = (None, []) if call is not None else self._next()
            if call is not None:
                self._call(*call)
            elif key is not None:
                self._run(key, items)

    def _room(self, key: tuple[str, int]) -> int:
        return self._rooms.get(key) or self._kinds[key[0]].room(key[1])

    def _pause(self) -> float:
        """Seconds until a batch should leave; infinite where nothing waits."""
        oldest = float("inf")
        for key, items in self._waiting.items():
            if len(items) >= self._room(key):
                return 0.0
            if items:
                oldest = min(oldest, items[0].since)
        return max(0.0, oldest + self._wait - time.monotonic())

    def _next(self) -> tuple[tuple[str, int] | None, list[_Item]]:
        """The fullest batch, of several the one that waited longest; but others do not go before it for ever."""
        ready = [key for key, items in self._waiting.items() if items]
        if not ready:
            return None, []
        key = max(ready, key=lambda k: (min(1.0, len(self._waiting[k]) / self._room(k)), -self._waiting[k][0].since))
        oldest = min(ready, key=lambda k: self._waiting[k][0].since)
        self._passed = 0 if key == oldest else self._passed + 1
        if self._passed > MOST_PASSED:
            key, self._passed = oldest, 0
        group = self._waiting[key]
        items = [group.popleft() for _ in range(min(len(group), self._room(key)))]
        self._count -= len(items)
        self._change.notify_all()
        return key, items

    def _call(self, call: Callable[[], Any], request: _Request) -> None:
        try:
            request.answers[0] = call()
        except Exception as error:
            request.error = error
        request.done.set()

    def _run(self, key: tuple[str, int], items: list[_Item]) -> None:
        """Read a batch; where the memory is not enough, in halves, and from then on in smaller ones."""
        room = self._room(key)
        try:
            answers = list(self._kinds[key[0]].read([item.picture for item in items]))
        except Exception as error:
            if len(items) > 1 and is_out_of_memory(error):
                middle = (len(items) + 1) // 2
                with self._change:
                    self._rooms[key] = min(room, middle)
                    self._filled = Filled(
                        self._filled.batches, self._filled.items, self._filled.room, self._filled.halved + 1
                    )
                self._run(key, items[:middle])
                self._run(key, items[middle:])
                return
            for item in items:
                item.request.error = error
                item.request.done.set()
            return
        for item, answer in zip(items, answers, strict=True):
            item.request.answers[item.place] = answer
            item.request.left -= 1
            if not item.request.left:
                item.request.done.set()
        with self._change:
            f = self._filled
            self._filled = Filled(f.batches + 1, f.items + len(items), f.room + room, f.halved)
            taken, places = self._by_kind.get(key[0], (0, 0))
            self._by_kind[key[0]] = (taken + len(items), places + room)

    def _fail_all(self) -> None:
        requests = {item.request for items in self._waiting.values() for item in items}
        for request in [*requests, *(request for _, request in self._calls)]:
            request.error = RuntimeError("the networks were ended")
            request.done.set()


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory, of the machine or of a GPU, was not enough."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    text = str(error).lower()
    return "out of memory" in text or "failed to allocate memory" in text or "bad allocation" in text


def make_batches(settings: Settings, device: str, *, wait: float = WAIT) -> Batches:
    """The networks that the settings name, on a device.

    Raises:
        DependencyMissing: a model or a package is missing.
    """
    from gikocr.engines.devices import onnx_providers
    from gikocr.engines.groups import CELL_GROUPS, LINE_GROUPS
    from gikocr.engines.registry import Engines

    if device.startswith("cuda") and settings.cell_engine == "numerals" and len(onnx_providers(device)) == 1:
        # The same weights; their reader goes by the same name.
        settings = dataclasses.replace(settings, cell_engine="numerals_torch")
    engines = Engines(settings, device=device)
    lines, labels = engines.line_reader(), engines.label_reader()
    cells, second = engines.cell_reader(), engines.second_reader()
    kinds = {
        "lines": Kind(lines.read, *LINE_GROUPS[lines.name]),
        "cells": Kind(cells.read, *CELL_GROUPS[cells.name], cells.score),
    }
    if labels is not None:
        kinds["labels"] = Kind(labels.read, *LINE_GROUPS[labels.name])
    if second is not None:
        kinds["second"] = Kind(second.read, *CELL_GROUPS[second.name], second.score)
    return Batches(kinds, wait=wait)
