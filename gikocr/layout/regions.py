"""The regions of a page: tables by a detector, the rest by where its printed lines stand.

Inside this room regions are a ``layoutparser`` ``Layout``; the detector is any ``layoutparser`` model (something with ``detect``).
What leaves the room is :class:`gikocr.elements.Region`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from gikocr.elements import Region
from gikocr.geometry import BBox
from gikocr.layout.textlines import find_text_lines

if TYPE_CHECKING:
    from gikocr.elements import Image

TITLE_SIZE = 1.25
"""Lines at least this much higher than the page's median line are a title or heading."""
TITLE_ZONE = 0.55
SIGNATURE_LEFT = 0.3
"""A title stands in this upper share of the page; a signature begins right of this share of its width."""
TITLE_PAGES = 2
"""What stands large and on the right at the head of a page behind these is the signature, for which the page before had no room."""


class RegionDetector(Protocol):
    """A ``layoutparser`` model."""

    def detect(self, image: Any) -> Any:
        """Return a ``layoutparser`` ``Layout`` of text blocks with ``type`` and ``score`` for an (H, W) uint8 page."""
        ...


def table_regions(gray: Image, page: int, detector: RegionDetector) -> list[Region]:
    """The table regions of a page, from top to bottom."""
    layout = detector.detect(gray)
    blocks = (
        layout.filter_by_type("table")
        if hasattr(layout, "filter_by_type")
        else [b for b in layout if str(b.type).lower() == "table"]
    )
    regions = []
    for block in blocks:
        left, top, right, bottom = (float(v) for v in block.coordinates)
        regions.append(Region(page, "table", BBox(left, top, right, bottom), float(block.score or 0.0)))
    return sorted(regions, key=lambda r: r.box.top)


def text_regions(gray: Image, page: int, tables: Sequence[Region]) -> list[Region]:
    """One region for each printed line outside the tables: ``title``, ``signature`` (short, on the right) or ``text``.

    The labels say where it is worth reading first, not what the line says.
    """
    boxes = find_text_lines(gray, [t.box for t in tables])
    if not boxes:
        return []
    heights = sorted(b.height for b in boxes)
    median = heights[len(heights) // 2]
    page_height, page_width = gray.shape
    regions = []
    for box in boxes:
        label = "text"
        on_the_right = box.left > SIGNATURE_LEFT * page_width and box.width < 0.6 * page_width
        large = box.top < TITLE_ZONE * page_height and box.height >= TITLE_SIZE * median
        if large and not (on_the_right and page > TITLE_PAGES):
            label = "title"
        elif on_the_right:
            label = "signature"
        regions.append(Region(page, label, box, 1.0 if label == "text" else 0.5))
    return regions
