"""What deploy/ starts is what the program has."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
import typer.main

from gikocr.cli.main import build_app
from gikocr.settings import Settings

DEPLOY = Path(__file__).parent.parent / "deploy"
DOCS = Path(__file__).parent.parent / "docs" / "deploy.md"


def commands() -> Iterator[tuple[str, list[str]]]:
    for path in sorted(DEPLOY.glob("systemd/*.service")):
        for line in path.read_text().splitlines():
            if line.startswith("ExecStart="):
                yield path.name, shlex.split(line.partition("=")[2])[1:]
    for found in re.findall(r"^\s*command: (\[.*\])$", (DEPLOY / "compose.yaml").read_text(), re.MULTILINE):
        yield "compose.yaml", re.findall(r'"([^"]*)"', found)
    for line in DOCS.read_text().splitlines():
        if re.match(r"\s*(sudo -u gikocr )?(/opt/gikocr/bin/)?gikocr ", line):
            yield (
                "deploy.md",
                shlex.split(line.partition("gikocr ")[2] if "sudo" not in line else line.split("bin/gikocr ")[1]),
            )


@pytest.mark.parametrize(("file", "words"), list(commands()))
def test_every_command_and_option_is_there(file: str, words: list[str]) -> None:
    command = typer.main.get_command(build_app())
    while commands := getattr(command, "commands", None):
        command = commands[words.pop(0)]
    known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    assert {word for word in words if word.startswith("-")} <= known


def test_every_variable_is_a_setting() -> None:
    text = "".join(p.read_text() for p in (DEPLOY / "compose.yaml", *DEPLOY.glob("systemd/*"), DOCS))
    named = set(re.findall(r"GIKOCR_([A-Z_]+)", text)) - {"DB_PASSWORD"}
    assert named
    assert {name.lower() for name in named} <= {f.name for f in fields(Settings)}


def test_no_worker_takes_cores_that_nobody_gave_it() -> None:
    """With several GPUs on a machine each has a worker, and the folder stands in two places, which systemd cannot join."""
    units = Path(__file__).parents[1] / "deploy" / "systemd"
    assert "--slots ${SLOTS}" in (units / "gikocr-worker@.service").read_text()
    assert "\nSLOTS=0\n" in (units / "gikocr.env").read_text() + "\n"
    for unit in units.glob("*.service"):
        before, _, after = unit.read_text().partition("ReadWritePaths=")
        assert "WORKSPACE" in before.splitlines()[-1]
        assert after.startswith("/srv/gikocr\n")
