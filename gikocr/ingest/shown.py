"""A document as somebody sees it: its pages, or the pictures that a document of text holds in their place."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gikocr.errors import UnsupportedType
from gikocr.ingest.document import Document, open_document
from gikocr.ingest.inputs import Input
from gikocr.ingest.markup import open_markup
from gikocr.settings import Settings


@contextmanager
def opened(item: Input, settings: Settings) -> Iterator[tuple[str, Document]]:
    """A document with the hash of its content; the pictures in a document of text are its pages, as the pipeline reads them.

    Raises:
        DocumentError: it cannot be read.
    """
    try:
        document = open_document(item, settings)
    except UnsupportedType:
        text = open_markup(item, settings)
        if text is None or not text.markup.pictures:
            raise
    else:
        with document:
            yield document.source.sha256, document
        return
    with tempfile.TemporaryDirectory(prefix="gikocr-pictures-") as folder:
        paths = []
        for number, (_, content) in enumerate(text.markup.pictures, 1):
            paths.append(Path(folder) / f"picture-{number:03d}")
            paths[-1].write_bytes(content)
        with open_document(Input(item.name, tuple(paths)), settings) as document:
            yield text.source.sha256, document
