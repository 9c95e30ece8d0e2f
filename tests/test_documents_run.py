"""The commands of the tutorial and of the how-to pages do what the pages say.

Blocks of the language ``console`` are run in order, in a folder that holds ``samples``; blocks with a title are the files that they
are. Pages in Chinese have the same blocks (``test_documents``), and are not run again.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.blocks import PAGES, ROOT, RUN, Block, Command, blocks, commands, shown_as

RUNNABLE = [p for p in PAGES if p.parent.name != "zh" and any(block.language == RUN for block in blocks(p))]

#: A page whose commands take longer, reading and all, is too long for its readers, too.
MOST_SECONDS = 300


def run(page_blocks: list[Block], folder: Path) -> None:
    """Run the blocks of a page."""
    (folder / "samples").symlink_to(ROOT / "samples")
    programs = folder / ".programs"
    programs.mkdir()
    gikocr = programs / "gikocr"
    gikocr.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m gikocr "$@"\n')
    gikocr.chmod(0o755)
    environ = {k: v for k, v in os.environ.items() if not k.startswith("GIKOCR_")}
    environ |= {
        "PATH": f"{programs}:{environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
        "COLUMNS": "200",
    }
    for block in page_blocks:
        if block.title:
            (folder / block.title).write_text(block.text, "utf-8")
        elif block.language == RUN:
            for command in commands(block):
                check(command, folder, environ)


def check(command: Command, folder: Path, environ: dict[str, str]) -> None:
    """Run one command, and compare what it prints."""
    done = subprocess.run(
        ["bash", "-c", command.line],
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=MOST_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{command.line}\n{done.stdout}\n{done.stderr}"
    expected = shown_as(command.output)
    printed = "\n".join(line.rstrip() for line in done.stdout.splitlines() if line.strip()) + "\n"
    if command.output:
        assert expected.fullmatch(printed), f"{command.line}\n{done.stdout}\nexpected:\n" + "\n".join(command.output)


def test_the_tutorial_and_the_how_to_pages_are_run() -> None:
    names = {str(p.relative_to(ROOT / "docs")) for p in RUNNABLE}
    assert "tutorial.md" in names
    assert names >= {f"howto/{p.name}" for p in (ROOT / "docs" / "howto").glob("*.md")}


@pytest.mark.parametrize("page", RUNNABLE, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_page(page: Path, tmp_path: Path) -> None:
    run(blocks(page), tmp_path)


@pytest.mark.parametrize(
    ("text", "fails"),
    [
        ("$ echo one two\none two\n", False),
        ("$ echo one two\none ...\n", False),
        ("$ printf 'a\\nb\\nc\\n'\n...\nc\n", False),
        ("$ printf 'a\\nb\\nc\\n'\na\n...\n", False),
        ("$ printf 'a\\nb\\nc\\n'\n...\nb\n", True),
        ("$ echo one\ntwo\n", True),
        ("$ false\n", True),
    ],
)
def test_what_differs_is_noticed(text: str, fails: bool, tmp_path: Path) -> None:
    if fails:
        with pytest.raises(AssertionError):
            run([Block(RUN, "", text)], tmp_path)
    else:
        run([Block(RUN, "", text)], tmp_path)
