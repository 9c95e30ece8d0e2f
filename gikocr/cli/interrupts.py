"""Ctrl-C: the first finishes what is in flight, the second stops at once."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

#: A terminal sends the first, a service manager the second.
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stop:
    """Whether the run should come to its end; ask it by calling it."""

    def __init__(self) -> None:
        self.interrupted = False
        self.too_many_errors = False

    def __call__(self) -> bool:
        """Whether no document should be begun any more."""
        return self.interrupted or self.too_many_errors


@contextmanager
def interrupts(stop: Stop, say: Callable[[str], None]) -> Iterator[None]:
    """Within this block the first signal sets ``stop``, and the second raises ``KeyboardInterrupt``.

    Does nothing outside the main thread, where Python lets nobody handle signals.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(number: int, frame: FrameType | None) -> None:
        if stop.interrupted:
            raise KeyboardInterrupt
        stop.interrupted = True
        say("interrupted; what was begun is finished. Once more stops at once.")

    before: dict[signal.Signals, Any] = {number: signal.signal(number, handle) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def say_on_stderr(message: str) -> None:
    """Write a line that a signal handler may write at any moment."""
    sys.stderr.write(f"gikocr: {message}\n")
    sys.stderr.flush()
