"""The process that decodes for others: what it gives, and that what breaks it breaks nothing else."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gikocr.errors import DamagedFile, DocumentError, FileUnreadable
from gikocr.ingest import Input, open_document
from gikocr.ingest.confined import Confined
from gikocr.ingest.isolation import Limits
from gikocr.settings import Settings

SAMPLE = Path(__file__).parents[2] / "samples" / "straight.pdf"
ITEM = Input("straight.pdf", (SAMPLE,))


@pytest.fixture
def confined() -> Iterator[Confined]:
    made = Confined(Limits(memory=3000, cpu_seconds=2), wall_seconds=20)
    yield made
    made.end()


def test_pages_come_as_they_are_decoded_here(confined: Confined) -> None:
    with open_document(ITEM, Settings()) as document:
        own, count = document.read_page(2), document.page_count
    sha256, page = confined.page(ITEM, 2, Settings())
    assert sha256 == document.source.sha256
    assert (page.number, page.unit, page.to_view, page.dpi) == (own.number, own.unit, own.to_view, own.dpi)
    assert np.array_equal(page.image, own.image)
    _, sizes = confined.sizes(ITEM, Settings())
    assert sizes[2] == (own.width, own.height)
    assert sorted(sizes) == list(range(1, count + 1))
    assert not confined.is_text(ITEM, Settings())


def test_errors_come_with_their_kind(confined: Confined, tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable):
        confined.page(Input("gone.pdf", (tmp_path / "gone.pdf",)), 1, Settings())
    with pytest.raises(ValueError, match="page 99"):
        confined.page(ITEM, 99, Settings())
    (tmp_path / "x.pdf").write_bytes(b"%PDF-1.7\nnothing")
    with pytest.raises(DocumentError):
        confined.page(Input("x.pdf", (tmp_path / "x.pdf",)), 1, Settings())


def crash() -> tuple[Any, bytes]:
    """As a decoder that is led astray does."""
    os.kill(os.getpid(), signal.SIGSEGV)
    return None, b""


def spin() -> tuple[Any, bytes]:
    while True:
        pass


def hoard() -> tuple[Any, bytes]:
    return len(bytearray(8 * 2**30)), b""


def whoami() -> tuple[Any, bytes]:
    return os.getpid(), b""


def test_what_ends_the_process_ends_no_other(confined: Confined) -> None:
    first, _ = confined.call(whoami)
    assert first != os.getpid()
    assert confined.call(whoami)[0] == first
    with pytest.raises(DamagedFile):
        confined.call(crash)
    began = time.monotonic()
    with pytest.raises(DamagedFile):
        confined.call(spin)
    assert time.monotonic() - began < 60
    with pytest.raises(DocumentError, match="memory"):
        confined.call(hoard)
    assert confined.call(whoami)[0] not in (first, os.getpid())
