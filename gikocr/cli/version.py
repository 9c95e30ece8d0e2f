"""``gikocr version``."""

from __future__ import annotations

from gikocr import __version__
from gikocr.cli.state import Debug


def version(*, debug: Debug = False) -> None:
    """Print the version."""
    print(f"gikocr {__version__}")
