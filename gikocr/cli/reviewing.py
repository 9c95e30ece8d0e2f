"""What ``gikocr review`` does."""

from __future__ import annotations

import os
import pwd
import webbrowser
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from gikocr.jobs.apart import ApartReader
from gikocr.review import Role, Station
from gikocr.settings import Settings
from gikocr.web import Options, serve
from gikocr.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Serving:
    """Where and for whom the pages are served; as the options of the command."""

    host: str
    port: int
    token: bool
    allowed_hosts: tuple[str, ...]
    name: str | None
    language: str
    open_browser: bool


@dataclass(frozen=True, slots=True)
class People:
    """Who comes and who goes."""

    add: str | None
    role: str
    remove: str | None


def serve_pages(folder: Path, settings: Settings, serving: Serving) -> None:
    """Serve the pages of a workspace until interrupted.

    Raises:
        WorkspaceError: there is no workspace.
        UsageError: the address may not be used, or is taken.
    """
    options = Options(
        host=serving.host,
        allowed_hosts=serving.allowed_hosts,
        language=serving.language,
        name=serving.name or login_name(),
        tokens=serving.token,
    )

    def tell(address: str) -> None:
        print(f"Review at {address}   (Ctrl-C ends)", flush=True)
        if serving.open_browser:
            webbrowser.open(address)

    with (
        Workspace.open(folder, database=settings.database or None, must_exist=True) as workspace,
        Station(workspace, settings, make_reader=ApartReader) as station,
    ):
        serve(station, options, serving.port, when_ready=tell)


def change_people(folder: Path, settings: Settings, people: People) -> None:
    """Add or remove a reviewer, and print the token of a new one.

    Raises:
        WorkspaceError: there is no workspace.
        UsageError: the name is none.
    """
    with (
        Workspace.open(folder, database=settings.database or None, must_exist=True) as workspace,
        Station(workspace, settings) as station,
    ):
        if people.remove is not None:
            station.people.retire(people.remove)
        if people.add is not None:
            print(station.people.add(people.add, cast(Role, people.role)))


def login_name() -> str:
    """The name of the user who runs this."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return "reviewer"
