"""Writing to a terminal: safe names, and a width that suits a file too."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

#: Columns of a table that is not shown on a terminal but written to a file or a pipe.
WIDTH_OF_FILES = 150


def visible(text: str) -> str:
    r"""The text on one line: line breaks and other characters that do not print become ``\n``, ``\x1b`` and so on."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def console(*, stderr: bool = False) -> Console:
    """A rich console that takes text as it is (no markup, no highlighting)."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else WIDTH_OF_FILES
    return Console(stderr=stderr, width=width, markup=False, highlight=False, emoji=False, soft_wrap=False)
