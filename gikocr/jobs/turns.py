"""Who may be read alone now: of the suspects in a worker one at a time.

A suspect that waited for another one in a slot would keep ordinary documents from being read there. So nobody waits: who comes while
one is being read is not begun, and is offered again a little later, to any worker; whoever has read one takes what came meanwhile next.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gikocr.workspace import Job

#: Seconds after which a suspect is offered again that came while another one was read alone.
POSTPONED_FOR = 1.0


class NotNow(Exception):
    """A job that waits cannot be begun here before ``at``, by the server's clock."""

    def __init__(self, at: datetime) -> None:
        super().__init__(f"not before {at}")
        self.at = at


class Turn:
    """The right to read a suspect; ``may``: whether it is held."""

    def __init__(self, lock: threading.Lock) -> None:
        self._lock = lock
        self.may = lock.acquire(blocking=False)

    def needed_for(self, job: Job) -> None:
        """Let others have it where this job is no suspect."""
        if not job.suspect:
            self.end()

    def end(self) -> None:
        """Let others have it."""
        if self.may:
            self.may = False
            self._lock.release()


class Turns:
    """Hands out the right of one worker."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._came: dict[int, None] = {}
        self._came_lock = threading.Lock()

    def postpone(self, job_id: int) -> None:
        """Note a suspect that came while another one was read."""
        with self._came_lock:
            self._came[job_id] = None

    def came_first(self) -> int | None:
        """Of the suspects that came meanwhile the first; it is noted no more. Another worker may have it by now."""
        with self._came_lock:
            number = next(iter(self._came), None)
            if number is not None:
                del self._came[number]
        return number

    @contextmanager
    def take(self) -> Iterator[Turn]:
        """Within this block the right is held, unless another thread holds it."""
        turn = Turn(self._lock)
        try:
            yield turn
        finally:
            turn.end()
