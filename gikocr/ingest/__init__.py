"""Files in, ``Source`` and pages with pixels out.

``find_inputs`` lists the documents that a command line names, ``open_document`` opens one, ``Document.read_page``
decodes one page. Importing this package loads no decoder; pdfium and Pillow come with the first file that needs them.
"""

from __future__ import annotations

from gikocr.ingest.document import Document, describe_source, open_document
from gikocr.ingest.inputs import Input, find_inputs, natural_key
from gikocr.ingest.markup import MarkupDocument, open_markup
from gikocr.ingest.page_ranges import parse_page_ranges

__all__ = [
    "Document",
    "Input",
    "MarkupDocument",
    "describe_source",
    "find_inputs",
    "natural_key",
    "open_document",
    "open_markup",
    "parse_page_ranges",
]
