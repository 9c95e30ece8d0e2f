"""``gikocr worker`` and ``gikocr maintain``."""

from __future__ import annotations

from typing import Annotated

import typer

from gikocr.cli.db import Folder, Url
from gikocr.cli.state import Debug


def worker(
    *,
    workspace: Folder,
    database: Url = None,
    device: Annotated[
        str,
        typer.Option(metavar="cpu|cuda:N|auto", help="Where the networks run; auto: the first GPU that can be used."),
    ] = "auto",
    slots: Annotated[
        int, typer.Option(min=0, help="Documents read at the same time, each in its own process. 0: one for each core.")
    ] = 0,
    time_limit: Annotated[
        float, typer.Option(metavar="SECONDS", min=0, help="Give up a document after this time.")
    ] = 1800,
    cpu_limit: Annotated[
        int, typer.Option(metavar="SECONDS", min=0, help="CPU time for one document; 0: no limit.")
    ] = 1800,
    memory_limit: Annotated[
        int, typer.Option(metavar="MIB", min=0, help="Address space of a reading process; 0: no limit.")
    ] = 4000,
    growth_limit: Annotated[
        int, typer.Option(metavar="MIB", min=0, help="Replace a process that grew by so much; 0: never.")
    ] = 800,
    share_networks: Annotated[
        bool | None,
        typer.Option(
            "--share-networks/--own-networks",
            help="Read the cells of all documents together in one process. Default: on a GPU yes, on a CPU no.",
        ),
    ] = None,
    batch_wait: Annotated[
        float, typer.Option(metavar="MS", min=0, help="Longest time a cell waits for others to be read with.")
    ] = 50,
    drain: Annotated[bool, typer.Option("--drain", help="End when nothing waits.")] = False,
    debug: Debug = False,
) -> None:
    """Read documents from the queue of a workspace until stopped.

    Start one on each machine, or one for each GPU, and let a supervisor (systemd: deploy/) start it again when it ends. The first
    Ctrl-C or SIGTERM finishes what was begun, the second gives it back. A worker that is killed loses nothing: others read its
    documents within 30 seconds.

    Example: gikocr worker -w /srv/gikocr --database postgresql://gikocr@db/gikocr --device cpu
    """
    from gikocr.cli.working import Options, run
    from gikocr.settings import load_settings

    options = Options(
        device=device,
        slots=slots,
        time_limit=time_limit,
        cpu_limit=cpu_limit,
        memory_limit=memory_limit,
        growth_limit=growth_limit,
        share_networks=share_networks,
        batch_wait=batch_wait / 1000,
        drain=drain,
    )
    raise typer.Exit(run(workspace, load_settings({"database": database}), options))


def maintain(
    *,
    workspace: Folder,
    database: Url = None,
    once: Annotated[bool, typer.Option("--once", help="Look once, and end.")] = False,
    debug: Debug = False,
) -> None:
    """Bring back the documents of dead workers, until stopped.

    Every worker does that too, in a process beside it; this command does it where no worker runs, such as beside the database.

    Example: gikocr maintain -w /srv/gikocr --database postgresql://gikocr@db/gikocr
    """
    from gikocr.cli.working import maintain as run
    from gikocr.settings import load_settings

    raise typer.Exit(run(workspace, load_settings({"database": database}), once=once))
