"""Names of files that are being written. They say who writes, so that what a killed process left is told from what another writes."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import time
from pathlib import Path

#: Seconds after which a file of a process that may live is given up too: its number may have gone to another process, and
#: processes of other machines cannot be asked.
GIVEN_UP = 24 * 3600.0

_NAME = re.compile(r"\.writing-([0-9a-f]{8})-(\d+)-")


def temporary_prefix() -> str:
    """How the name of a file begins that this process is writing; the machine is in it by a hash of its name."""
    return f".writing-{_machine()}-{os.getpid()}-"


def sweep(folder: Path) -> int:
    """Remove files that processes which ended were writing in a folder, and return how many; subfolders are not entered.

    Files of other machines, and of processes that live, go once they are a day old. What cannot be removed stays.
    """
    swept = 0
    with contextlib.suppress(OSError), os.scandir(folder) as listing:
        for entry in listing:
            match = _NAME.match(entry.name)
            if match is None:
                continue
            with contextlib.suppress(OSError):
                is_dead = match[1] == _machine() and not _is_alive(int(match[2]))
                if is_dead or time.time() - entry.stat(follow_symlinks=False).st_mtime > GIVEN_UP:
                    Path(entry.path).unlink()
                    swept += 1
    return swept


def _machine() -> str:
    return hashlib.blake2b(os.uname().nodename.encode(), digest_size=4).hexdigest()


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass  # another user's
    return True
