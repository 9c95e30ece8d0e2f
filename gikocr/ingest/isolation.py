"""Limits of a process that decodes files of strangers: memory, CPU time, no network, and no life of its own.

The wall limit is kept by the parent, which ends the process. What is not possible here (no user namespaces, another system than Linux)
is left out: :func:`confine` says what was done.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
from dataclasses import dataclass
from pathlib import Path

#: Libraries that start threads of their own; with one process for each core these would only get in each other's way.
THREAD_LIMITS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

_PR_SET_PDEATHSIG = 1
"""From ``linux/prctl.h``."""
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
"""From ``linux/sched.h``."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a reading process may use.

    Attributes:
        memory: address space in MiB; 0: no limit.
        cpu_seconds: CPU time for one document; 0: no limit. The system kills a process that uses more.
        network: whether it keeps its network.
    """

    memory: int = 0
    cpu_seconds: int = 0
    network: bool = False


def confine(limits: Limits) -> bool:
    """Put the limits on this process, for good. Call it before any library starts a thread.

    Returns:
        Whether the process is without a network now.
    """
    die_with_parent()
    for name in THREAD_LIMITS:
        os.environ.setdefault(name, "1")
    # No core files of other people's documents.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if limits.memory:
        most = limits.memory * 2**20
        resource.setrlimit(resource.RLIMIT_AS, (most, resource.getrlimit(resource.RLIMIT_AS)[1]))
    return not limits.network and leave_network()


def allow_cpu(seconds: int) -> None:
    """From now on this process may use so many seconds of CPU time more; 0: any number. Call it before each document."""
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    soft = resource.RLIM_INFINITY
    if seconds:
        used = resource.getrusage(resource.RUSAGE_SELF)
        soft = int(used.ru_utime + used.ru_stime) + seconds + 1
    if hard != resource.RLIM_INFINITY and (soft == resource.RLIM_INFINITY or soft > hard):
        soft = hard
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def die_with_parent() -> None:
    """Ask Linux to end this process when the one that started it is killed, so that none is left behind reading."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def leave_network() -> bool:
    """Move this process into a network of its own in which there is nothing, not even loopback. Sockets that are open stay.

    A user without rights needs a user namespace for that, which some systems refuse; then nothing changes.

    Returns:
        Whether it is there.
    """
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        user, group = os.getuid(), os.getgid()
        if user == 0 and libc.unshare(_CLONE_NEWNET) == 0:
            return True
        if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) != 0:
            return False
    except (OSError, AttributeError):
        return False
    # The same user inside as outside: without a map files would seem to belong to nobody.
    own = Path("/proc/self")
    with contextlib.suppress(OSError):
        (own / "setgroups").write_text("deny")
        (own / "uid_map").write_text(f"{user} {user} 1")
        (own / "gid_map").write_text(f"{group} {group} 1")
    return True
