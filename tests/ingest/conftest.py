from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gikocr.elements import Page
from gikocr.ingest import Input, open_document
from gikocr.settings import Settings


@pytest.fixture
def read_one(tmp_path: Path) -> Callable[..., Page]:
    """Write bytes as a file and read its first page, of which the size that was told before must be true."""

    def read(data: bytes, name: str = "file.bin", **options: Any) -> Page:
        path = tmp_path / name
        path.write_bytes(data)
        with open_document(Input(name, (path,)), Settings(**options)) as document:
            page = document.read_page(1)
            assert document.page_size(1) == pytest.approx((page.width, page.height))
            return page

    return read
