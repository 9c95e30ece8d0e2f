"""Code blocks of the documents, and the commands in them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("**/*.md"))]

#: Blocks of this language are run, in order; ``$ `` stands before a command, what it prints below it.
RUN = "console"

#: Words that may stand before a command.
_BEFORE = ("nohup", "time", "nice", "do", "then")

_BLOCK = re.compile(r'^ *```(\w*)(?: title="([^"]+)")?\n(.*?)^ *```$', re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block. ``title``: the file that it is, for blocks that are one; else empty."""

    language: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Command:
    """A line for the shell, and what it prints: ``...`` stands for anything, a line of its own for any lines."""

    line: str
    output: tuple[str, ...]


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page."""
    return [Block(*found.groups()) for found in _BLOCK.finditer(page.read_text("utf-8"))]


def commands(block: Block) -> list[Command]:
    """The commands of a block that is run."""
    found: list[list[str]] = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            found.append([line.removeprefix("$ ")])
        else:
            found[-1].append(line)
    return [Command(line, tuple(output)) for line, *output in found]


def shown_as(output: tuple[str, ...]) -> re.Pattern[str]:
    """What a command must print for a page to be right."""
    parts = []
    for line in output:
        if line == "...":
            parts.append(r"(?:.*\n)*?")
        else:
            parts.append(".*".join(map(re.escape, line.rstrip().split("..."))) + r"[ ]*\n")
    return re.compile("".join(parts))


def called(block: Block) -> Iterator[list[str]]:
    """The words behind ``gikocr`` of each call of it in the lines of a block; of a block that is run, not in what is printed."""
    for line in block.text.replace("\\\n", " ").splitlines():
        if "gikocr " not in line or (block.language == RUN and not line.startswith("$ ")):
            continue
        lexer = shlex.shlex(line.strip().removeprefix("$ "), posix=True, punctuation_chars=True)
        lexer.whitespace_split, lexer.commenters = True, "#"
        words, simple = [*lexer, ";"], list[str]()
        for word in words:
            if not re.fullmatch(r"[|&;()<>]+", word):
                simple.append(word)
                continue
            while simple and (simple[0] in _BEFORE or re.match(r"\w+=", simple[0])):
                simple.pop(0)
            if simple[:1] == ["gikocr"]:
                yield simple[1:]
            simple = []
