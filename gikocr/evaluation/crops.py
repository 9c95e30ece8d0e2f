"""Pictures of wrong fields, cut from the sources where they are at hand."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from gikocr.errors import DocumentError
from gikocr.evaluation.strict_json import InvalidJson, read_json
from gikocr.geometry import BBox
from gikocr.ingest import Input, open_document
from gikocr.ingest.inputs import natural_key
from gikocr.settings import Settings

MARGIN = 0.6
"""Room around a cell, in heights of the cell."""
WIDEST = 420
"""Crops are reduced to this width in pixels."""


def crops_of(source: Path, output: Path, ids: Sequence[str]) -> dict[str, bytes]:
    """PNG bytes of some fields' cells, by id; without a place on a page, or a source that can be read, there is none.

    Args:
        source: the document's file, or the folder of its pages.
        output: its JSON.
        ids: the fields.
    """
    paths = (source,) if source.is_file() else tuple(sorted(source.glob("*"), key=lambda p: natural_key(p.name)))
    places = _places(output, set(ids))
    if not paths or not places:
        return {}
    found: dict[str, bytes] = {}
    try:
        with open_document(Input(source.name, paths), Settings()) as document:
            for number in sorted({page for page, _ in places.values()}):
                page = document.read_page(number)
                to_image = page.to_view.inverse()
                for field_id, (own, box) in places.items():
                    if own == number:
                        found[field_id] = _cut(page.image, to_image.apply_bbox(box).bbox)
    except DocumentError:
        return found
    return found


def _places(output: Path, ids: set[str]) -> dict[str, tuple[int, BBox]]:
    try:
        content = read_json(output)
    except InvalidJson:
        return {}
    places = {}
    for field in content.get("fields", []):
        evidence = field.get("evidence") or {}
        if field.get("id") in ids and evidence.get("page") and evidence.get("bbox"):
            left, top, right, bottom = (float(v) for v in evidence["bbox"])
            places[field["id"]] = (int(evidence["page"]), BBox(left, top, right, bottom))
    return places


def _cut(image: object, box: BBox) -> bytes:
    import numpy as np
    from PIL import Image

    array = np.asarray(image)
    around = box.grown(2 * MARGIN * box.height, MARGIN * box.height)
    height, width = array.shape[:2]
    left, right = max(0, int(around.left)), min(width, int(around.right) + 1)
    top, bottom = max(0, int(around.top)), min(height, int(around.bottom) + 1)
    picture = Image.fromarray(array[top : max(top + 1, bottom), left : max(left + 1, right)])
    if picture.width > WIDEST:
        picture = picture.resize((WIDEST, max(1, picture.height * WIDEST // picture.width)))
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG")
    return buffer.getvalue()
