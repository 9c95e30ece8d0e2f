"""Renders reports to PDF with a cache, and PDFs to page pictures with the place of every value.

The cache key is a hash of the document's number, of every module that decides how a report looks, and of
splits.toml's fonts, styles and agencies; new damage therefore costs no new rendering.
"""

from __future__ import annotations

import ctypes
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from scripts.scanmaker.docx_page import marker_name, print_docx
from scripts.scanmaker.fonts import BUILD
from scripts.scanmaker.html_page import LINK, print_html
from scripts.scanmaker.report import ReportPlan
from scripts.scanmaker.splits import SPLITS_FILE

CACHE = BUILD / "scanmaker"
POINTS_PER_INCH = 72.0
_MODULES = [
    "form",
    "agencies",
    "values",
    "printing",
    "narrative",
    "design",
    "tables",
    "report",
    "decoys",
    "breaking",
    "html_page",
    "docx_page",
    "dice",
    "fonts",
]


@dataclass(frozen=True, slots=True)
class Spot:
    """Where something linked stands on a page.

    Attributes:
        name: a field id, or "signature".
        page: page number from 0.
        box: x0, y0, x1, y1 in points from the top left of the page.
    """

    name: str
    page: int
    box: tuple[float, float, float, float]


def _rendering_version() -> str:
    digest = hashlib.sha256()
    for name in _MODULES:
        digest.update((Path(__file__).parent / f"{name}.py").read_bytes())
    text = SPLITS_FILE.read_text(encoding="utf-8")
    digest.update(
        text[: text.index("# ---------------------------------------------------------------- damage")].encode()
    )
    return digest.hexdigest()[:16]


def rendered_pdf(plan: ReportPlan) -> Path:
    """Return the report's PDF, made now or taken from the cache.

    Raises:
        FileNotFoundError: if Chromium, LibreOffice or the fonts are missing.
        subprocess.SubprocessError: if one of them fails.
    """
    folder = CACHE / _rendering_version()
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{plan.split}-{plan.seed[0]}-{plan.seed[1]}.pdf"
    if not target.exists():
        unfinished = target.with_suffix(".part.pdf")
        (print_docx if plan.design.producer == "docx" else print_html)(plan, unfinished)
        unfinished.replace(target)
    return target


def _address(document: pdfium.PdfDocument, link: object) -> str:
    action = pdfium_c.FPDFLink_GetAction(link)
    if not action:
        return ""
    length = pdfium_c.FPDFAction_GetURIPath(document.raw, action, None, 0)
    buffer = ctypes.create_string_buffer(length)
    pdfium_c.FPDFAction_GetURIPath(document.raw, action, buffer, length)
    return buffer.value.decode("utf-8", "replace")


def _coloured_spots(page: pdfium.PdfPage, number: int) -> list[Spot]:
    """Return the places of the values that LibreOffice printed in marker colours."""
    height = page.get_height()
    text = page.get_textpage()
    boxes: dict[str, list[tuple[float, float, float, float]]] = {}
    channels = [ctypes.c_uint() for _ in range(4)]
    for i in range(text.count_chars()):
        pdfium_c.FPDFText_GetFillColor(text.raw, i, *channels)
        name = marker_name(*(c.value for c in channels[:3]))
        if name and not text.get_text_range(i, 1).isspace():
            boxes.setdefault(name, []).append(text.get_charbox(i, loose=True))
    return [
        Spot(
            name,
            number,
            (
                min(b[0] for b in bs),
                height - max(b[3] for b in bs),
                max(b[2] for b in bs),
                height - min(b[1] for b in bs),
            ),
        )
        for name, bs in boxes.items()
    ]


def spots(document: pdfium.PdfDocument) -> list[Spot]:
    """Return the place of every marked value (and of the signature) of a PDF made by the scan maker.

    Blank cells have a place only in PDFs made from HTML.
    """
    found: list[Spot] = []
    for number in range(len(document)):
        page = document[number]
        height = page.get_height()
        position = ctypes.c_int(0)
        link = pdfium_c.FPDF_LINK()
        rect = pdfium_c.FS_RECTF()
        while pdfium_c.FPDFLink_Enumerate(page.raw, position, link):
            address = _address(document, link)
            if address.startswith(LINK) and pdfium_c.FPDFLink_GetAnnotRect(link, rect):
                low, high = sorted((rect.bottom, rect.top))
                box = (rect.left, height - high, rect.right, height - low)
                found.append(Spot(address.removeprefix(LINK).strip("/"), number, box))
        if not any(s.page == number for s in found):
            found += _coloured_spots(page, number)
    return _joined(found)


def _joined(found: list[Spot]) -> list[Spot]:
    """Join the places of values that run over two lines of a cell."""
    joined: dict[tuple[str, int], Spot] = {}
    for spot in found:
        key = (spot.name, spot.page)
        if key in joined:
            a, b = joined[key].box, spot.box
            box = (min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3]))
            joined[key] = Spot(spot.name, spot.page, box)
        else:
            joined[key] = spot
    return list(joined.values())


def page_picture(document: pdfium.PdfDocument, number: int, dpi: float) -> np.ndarray:
    """Render one page.

    Returns:
        uint8 array (height, width, 3), RGB, 255 = paper.
    """
    bitmap = document[number].render(
        scale=dpi / POINTS_PER_INCH, may_draw_forms=False, draw_annots=False, rev_byteorder=True
    )
    return np.ascontiguousarray(bitmap.to_numpy()[:, :, :3])


def digit_height(path: Path) -> float:
    """Return the height of the lowest digits among the values of a PDF, in points (10th percentile).

    Digits like the old-style 0, 1 and 2 count with their own height. Without any digit, 6 points are assumed.
    """
    heights = []
    document = pdfium.PdfDocument(path)
    try:
        places = spots(document)
        for number in range(len(document)):
            boxes = [s.box for s in places if s.page == number and s.name != "signature"]
            if boxes:
                heights += _digit_heights(document[number], np.array(boxes))
    finally:
        document.close()
    return float(np.percentile(heights, 10)) if heights else 6.0


def _digit_heights(page: pdfium.PdfPage, boxes: np.ndarray) -> list[float]:
    text = page.get_textpage()
    top = page.get_height()
    found = []
    for i in range(text.count_chars()):
        if not chr(pdfium_c.FPDFText_GetUnicode(text.raw, i)).isdigit():
            continue
        left, bottom, right, upper = text.get_charbox(i)
        x, y = (left + right) / 2, top - (bottom + upper) / 2
        if ((boxes[:, 0] - 1 <= x) & (x <= boxes[:, 2] + 1) & (boxes[:, 1] - 1 <= y) & (y <= boxes[:, 3] + 1)).any():
            found.append(upper - bottom)
    return found
