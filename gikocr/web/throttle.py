"""How often somebody may try a wrong token."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict

#: Wrong tokens of one address in a minute; after that it waits.
WRONG_PER_MINUTE = 10

#: Addresses that are remembered.
_KEPT = 10_000


class Throttle:
    """Counts what failed, by address: a bucket that empties by :data:`WRONG_PER_MINUTE` a minute. Safe in several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._full: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def seconds_to_wait(self, address: str) -> int:
        """How long an address has to wait; 0: it may try."""
        with self._lock:
            over = self._level(address) - (WRONG_PER_MINUTE - 1)
        return 0 if over <= 0 else int(over * 60 / WRONG_PER_MINUTE) + 1

    def failed(self, address: str) -> None:
        """Note that an address failed once more."""
        with self._lock:
            self._full[address] = (self._level(address) + 1, time.monotonic())
            self._full.move_to_end(address)
            while len(self._full) > _KEPT:
                self._full.popitem(last=False)

    def _level(self, address: str) -> float:
        level, at = self._full.get(address, (0.0, 0.0))
        return max(0.0, level - (time.monotonic() - at) * WRONG_PER_MINUTE / 60)
