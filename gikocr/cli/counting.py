"""Counting the documents of an archive while it is being read, so that the run can tell how long it will take."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from gikocr.cli.feed import in_shard
from gikocr.errors import GikocrError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gikocr.cli.progress import Tally
    from gikocr.ingest import Input


@contextmanager
def counting(walk: Callable[[], Iterable[Input]], shard: tuple[int, int] | None, tally: Tally) -> Iterator[None]:
    """Count in a thread what a second walk finds, and set ``tally.found`` at its end. Nothing is kept in memory.

    The walk looks at names; it is given up when the block ends, and when a folder cannot be listed: the run itself says why.

    Args:
        walk: begins a walk over all documents.
        shard: which of them count.
        tally: gets the number.
    """
    ended = threading.Event()

    def count() -> None:
        found = 0
        try:
            for item in walk():
                if ended.is_set():
                    return
                found += in_shard(item, shard)
        except (GikocrError, OSError):
            return
        tally.found = found

    thread = threading.Thread(target=count, name="gikocr-counting", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
