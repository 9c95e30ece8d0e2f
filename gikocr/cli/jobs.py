"""``gikocr jobs``."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gikocr.cli.db import Folder, Url
from gikocr.cli.state import Debug

if TYPE_CHECKING:
    from gikocr.workspace import JobSelection, Workspace

#: Jobs that were set aside, and that are listed.
MOST_LISTED = 20

#: Seconds over which the rate is counted.
RATE_SECONDS = 600.0


class Action(StrEnum):
    """What can be done with jobs."""

    CANCEL = "cancel"
    PAUSE = "pause"
    RESUME = "resume"
    RESUBMIT = "resubmit"


def jobs(
    *,
    workspace: Folder,
    database: Url = None,
    action: Annotated[
        Action | None,
        typer.Option(
            "--do",
            help="cancel what has not ended; pause what waits, resume it; resubmit what failed or was set aside or cancelled.",
        ),
    ] = None,
    name: Annotated[str | None, typer.Option(help="Only documents of this name; * for any characters.")] = None,
    batch: Annotated[str | None, typer.Option(help="Only those submitted under this name.")] = None,
    number: Annotated[list[int] | None, typer.Option("--id", help="Only jobs of these numbers.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="With --do: all jobs.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    debug: Debug = False,
) -> None:
    """Show the queue of a workspace, its workers, how fast they are, and what was set aside; or do something with jobs.

    Example: gikocr jobs -w /srv/gikocr --database postgresql://gikocr@db/gikocr --do resubmit --batch 2023
    """
    from gikocr.errors import UsageError
    from gikocr.settings import load_settings
    from gikocr.workspace import JobSelection, Workspace

    settings = load_settings({"database": database})
    selection = JobSelection(tuple(number or ()), name, batch)
    with Workspace.open(workspace, database=settings.database or None, must_exist=True) as opened:
        if action is not None:
            if selection == JobSelection() and not everything:
                raise UsageError("Which jobs?", advice="Give --name, --batch, --id, or --all.")
            print(f"{_DONE[action]}: {_do(opened, action, selection)}.")
            return
        if as_json:
            import json

            print(json.dumps(numbers(opened), ensure_ascii=False, indent=2))
            return
        _print(opened, selection)


_DONE = {
    Action.CANCEL: "Cancelled",
    Action.PAUSE: "Paused",
    Action.RESUME: "Resumed",
    Action.RESUBMIT: "Submitted again",
}


def _do(workspace: Workspace, action: Action, selection: JobSelection) -> int:
    if action == Action.CANCEL:
        return workspace.jobs.cancel(selection)
    if action == Action.PAUSE:
        return workspace.jobs.pause(selection)
    from gikocr.jobs.queue import Queue
    from gikocr.workspace.jobs import no_queue

    states = ("paused",) if action == Action.RESUME else ("failed", "set_aside", "cancelled")
    # With SQLite whoever serves the workspace looks into the table itself.
    enqueue = no_queue if workspace.database.is_sqlite else Queue(workspace.database).enqueue
    return workspace.jobs.queue_again(selection, states, enqueue)


def numbers(workspace: Workspace) -> dict[str, Any]:
    """The queue and the workers as plain values."""
    found = workspace.workers.numbers()
    return {
        "jobs": dict(found.states),
        "oldest_waits_since": None if found.oldest is None else found.oldest.isoformat(),
        "redeliveries": found.redeliveries,
        "suspects": found.suspects,
        "errors": dict(found.errors),
        "ended_per_minute": workspace.workers.ended(RATE_SECONDS) * 60 / RATE_SECONDS,
        "workers": [
            {
                "name": line.id,
                "host": line.host,
                "process": line.process,
                "device": line.device,
                "slots": line.slots,
                "alive": line.alive,
                "stopped": line.stopped_at is not None,
                "running": line.running,
                "documents": line.documents,
                "pages": line.pages,
                "batch_fill": line.batch_items / line.batch_room if line.batch_room else None,
                "cpu_own": line.cpu_own,
                "cpu_reading": line.cpu_reading,
            }
            for line in workspace.workers.lines()
        ],
    }


def _print(workspace: Workspace, selection: JobSelection) -> None:
    from dataclasses import replace

    from rich import box
    from rich.table import Table

    from gikocr.cli.terminal import console, visible

    screen = console()
    found = numbers(workspace)
    states = ("queued", "running", "paused", "done", "failed", "set_aside", "cancelled")
    screen.print("Jobs: " + ", ".join(f"{found['jobs'].get(s, 0)} {s.replace('_', ' ')}" for s in states) + ".")
    screen.print(
        f"Ended in the last ten minutes: {found['ended_per_minute']:.1f} a minute. Begun again: {found['redeliveries']}; "
        f"read alone now: {found['suspects']}."
    )
    if found["oldest_waits_since"]:
        screen.print(f"The oldest waits since {found['oldest_waits_since'][:19]} UTC.")
    for code, count in found["errors"].items():
        screen.print(f"  {code}: {count}")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for head in ("worker", "host", "device", "state", "slots", "running", "documents", "pages", "batch fill"):
        table.add_column(head, justify="left" if head in ("worker", "host", "device", "state") else "right")
    for line in found["workers"]:
        state = "works" if line["alive"] else "stopped" if line["stopped"] else "silent"
        fill = "" if line["batch_fill"] is None else f"{line['batch_fill']:.0%}"
        counts = (str(line[k]) for k in ("slots", "running", "documents", "pages"))
        table.add_row(line["name"][:8], line["host"], line["device"], state, *counts, fill)
    screen.print(table)
    aside = list(workspace.jobs.jobs(replace(selection, states=("set_aside",)), limit=MOST_LISTED))
    for job in aside:
        screen.print(f"set aside: job {job.id}, {visible(job.name)}: {job.error}")
