"""What all commands share: exit codes, and whether tracebacks are wanted."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated

import typer

#: MiB of address space of a process of ``extract``. One that read six scans of ``samples/`` had 1,444 at most (2026-12-01).
MEMORY_LIMIT = 4096


class ExitCode(IntEnum):
    """The exit codes of the output contract."""

    DONE = 0
    SOME_FAILED = 1
    USAGE = 2
    DEPENDENCY_MISSING = 3
    WORKSPACE_UNUSABLE = 4
    REVIEW_WAITS = 5
    INTERRUPTED = 130


@dataclass(slots=True)
class RunState:
    """Handed to every command as ``ctx.obj``."""

    debug: bool = False


def _note_debug(ctx: typer.Context, value: bool) -> bool:
    if value and isinstance(ctx.obj, RunState):
        ctx.obj.debug = True
    return value


Debug = Annotated[
    bool, typer.Option("--debug", help="Show the traceback of an error.", is_eager=True, callback=_note_debug)
]
"""An option of every command, so that it can be appended to the line that failed."""
