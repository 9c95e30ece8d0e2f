"""OFD (GB/T 33190-2016): the text objects, lines and pictures of its pages, read straight from the archive.

Only what tells where characters and ruling lines stand is read: boundaries, transformations, text codes with their advances, straight
parts of paths. Fonts are not needed, because text codes hold Unicode.
"""

from __future__ import annotations

import math
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lxml import etree

from gikocr.errors import DamagedFile
from gikocr.geometry import Affine, BBox
from gikocr.ingest.archives import MOST_PICTURE, Archive
from gikocr.markup import Glyph, PageText

POINTS_PER_MM: Final = 72 / 25.4
A4_MM: Final = (0.0, 0.0, 210.0, 297.0)
MOST_PAGES: Final = 200
MOST_OBJECTS: Final = 50_000
"""Objects of one page that are looked at."""
MOST_RULES: Final = 20_000
"""Straight lines of one page that are kept."""
ASCENT: Final = 0.88
"""Share of a character's size that stands over its base line."""
NARROW: Final = 0.5
"""Width of a character of Latin script or a digit, as a share of its size, where no advance is given."""
FONT_MM: Final = 3.7
"""Size of characters, in millimetres, where none is given: that of the usual 10.5 points."""

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_PATH = re.compile(rf"([A-Za-z])|({_NUMBER.pattern})")
_PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")


@dataclass(frozen=True, slots=True)
class OfdDocument:
    """The pages of an OFD document with their text and rules, and the pictures on them in order."""

    pages: tuple[PageText, ...]
    pictures: tuple[tuple[str, bytes], ...]


def read_ofd(data: bytes, what: str) -> OfdDocument:
    """Read an OFD document.

    Raises:
        DamagedFile, EncryptedFile, TooLarge: it cannot be read.
    """
    archive = Archive(data, what)
    root = next((_text(n) for n in archive.xml("OFD.xml").iter() if _name(n) == "DocRoot"), "")
    if not root:
        raise DamagedFile(f"{what} names no document in its OFD.xml.", advice="Print it to PDF and give that.")
    document = archive.xml(root)
    base = posixpath.dirname(root)
    usual = next((_box(_text(n)) for n in document.iter() if _name(n) == "PhysicalBox"), None) or A4_MM
    templates = {
        n.get("ID", ""): n.get("BaseLoc", "")
        for n in document.iter()
        if _name(n) == "TemplatePage" and n.get("BaseLoc")
    }
    media = _media(archive, document, base)
    pages: list[PageText] = []
    pictures: list[tuple[str, bytes]] = []
    places = [n.get("BaseLoc", "") for n in document.iter() if _name(n) == "Page" and n.get("BaseLoc")]
    for place in places[:MOST_PAGES]:
        content = archive.xml(_join(base, place))
        frame = next((_box(_text(n)) for n in content.iter() if _name(n) == "PhysicalBox"), None) or usual
        page = _Page(frame)
        for node in content.iter():
            if _name(node) == "Template" and node.get("TemplateID") in templates:
                page.add(archive.xml(_join(base, templates[node.get("TemplateID", "")])))
        page.add(content)
        pages.append(page.text(len(pages) + 1))
        for resource in page.images:
            name = media.get(resource)
            if name is not None and archive.has(name) and name.casefold().endswith(_PICTURES):
                pictures.append((posixpath.basename(name), archive.read(name, MOST_PICTURE)))
    if not pages:
        raise DamagedFile(f"{what} has no pages.", advice="Print it to PDF and give that.")
    return OfdDocument(tuple(pages), tuple(pictures))


def _name(node: etree._Element) -> str:
    return node.tag.rpartition("}")[2] if isinstance(node.tag, str) else ""


def _text(node: etree._Element) -> str:
    return (node.text or "").strip()


def _join(base: str, place: str) -> str:
    return posixpath.normpath(place.lstrip("/") if place.startswith("/") else posixpath.join(base, place))


def _numbers(text: str | None) -> list[float]:
    found = [float(n) for n in _NUMBER.findall(text or "")]
    return [n for n in found if math.isfinite(n) and abs(n) < 1e6]


def _box(text: str | None) -> tuple[float, float, float, float] | None:
    """Left, top, width and height in millimetres; None where there is no box with an area."""
    numbers = _numbers(text)
    if len(numbers) != 4 or numbers[2] <= 0 or numbers[3] <= 0:
        return None
    return numbers[0], numbers[1], numbers[2], numbers[3]


def _media(archive: Archive, document: etree._Element, base: str) -> dict[str, str]:
    """Paths of pictures in the archive by their resource ids."""
    found: dict[str, str] = {}
    for node in document.iter():
        if _name(node) not in ("PublicRes", "DocumentRes") or not archive.has(_join(base, _text(node))):
            continue
        place = _join(base, _text(node))
        resources = archive.xml(place)
        folder = _join(posixpath.dirname(place), resources.get("BaseLoc", "."))
        for medium in resources.iter():
            if _name(medium) == "MultiMedia":
                file = next((_text(n) for n in medium.iter() if _name(n) == "MediaFile"), "")
                found[medium.get("ID", "")] = _join(folder, file)
    return found


class _Page:
    """Gathers what stands on one page, in points from its top left corner."""

    def __init__(self, frame: tuple[float, float, float, float]) -> None:
        left, top, self._width, self._height = frame
        self._to_view = Affine.translation(-left, -top).then(Affine.scaling(POINTS_PER_MM))
        self._glyphs: list[Glyph] = []
        self._rules: list[tuple[float, float, float, float]] = []
        self.images: list[str] = []

    def text(self, number: int) -> PageText:
        """What was gathered."""
        width, height = self._width * POINTS_PER_MM, self._height * POINTS_PER_MM
        return PageText(number, width, height, "pt", tuple(self._glyphs), 0.0, tuple(self._rules))

    def add(self, content: etree._Element) -> None:
        """Take in the objects of a page or template."""
        for count, node in enumerate(content.iter()):
            if count > MOST_OBJECTS:
                break
            name = _name(node)
            if name == "TextObject":
                self._add_text(node)
            elif name == "PathObject":
                self._add_path(node)
            elif name == "ImageObject":
                self.images.append(node.get("ResourceID", ""))

    def _map(self, node: etree._Element) -> Affine | None:
        """From an object's own coordinates into the viewer's frame."""
        boundary = _numbers(node.get("Boundary"))
        if len(boundary) != 4:
            return None
        own = Affine()
        ctm = _numbers(node.get("CTM"))
        if len(ctm) == 6:
            own = Affine(ctm[0], ctm[2], ctm[4], ctm[1], ctm[3], ctm[5])
        return own.then(Affine.translation(boundary[0], boundary[1])).then(self._to_view)

    def _add_text(self, node: etree._Element) -> None:
        to_view = self._map(node)
        if to_view is None:
            return
        size = next(iter(_numbers(node.get("Size"))), FONT_MM) or FONT_MM
        x = y = 0.0
        for code in node:
            if _name(code) != "TextCode":
                continue
            x = next(iter(_numbers(code.get("X"))), x)
            y = next(iter(_numbers(code.get("Y"))), y)
            across, down = list(_advances(code.get("DeltaX"))), list(_advances(code.get("DeltaY")))
            text = code.text or ""
            px, py = x, y
            for k, char in enumerate(text):
                width = size if ord(char) > 0x2E7F else size * NARROW
                advance = across[k] if k < len(across) else (0.0 if down else width)
                if not char.isspace() and ord(char) >= 0x20 and len(self._glyphs) < MOST_OBJECTS:
                    self._glyphs.append(Glyph(char, self._glyph_box(to_view, px, py, width, size)))
                px += advance
                py += down[k] if k < len(down) else 0.0

    @staticmethod
    def _glyph_box(to_view: Affine, x: float, y: float, width: float, size: float) -> BBox:
        box = BBox(x, y - ASCENT * size, x + max(width, 1e-3), y + (1 - ASCENT) * size)
        return to_view.apply_bbox(box).bbox

    def _add_path(self, node: etree._Element) -> None:
        to_view = self._map(node)
        data = next((_text(n) for n in node.iter() if _name(n) == "AbbreviatedData"), "")
        if to_view is None or node.get("Visible") == "false":
            return
        for start, end in _straight_parts(data):
            if len(self._rules) >= MOST_RULES:
                return
            self._rules.append((*to_view.apply(*start), *to_view.apply(*end)))


def _advances(text: str | None) -> Iterator[float]:
    """The advances of a text code; ``g 5 3.2`` stands for 3.2 five times."""
    parts = (text or "").split()
    k = 0
    while k < len(parts):
        if parts[k] == "g" and k + 2 < len(parts):
            count, value = _numbers(parts[k + 1]), _numbers(parts[k + 2])
            if count and value:
                yield from [value[0]] * max(0, min(int(count[0]), MOST_OBJECTS))
            k += 3
        else:
            yield from _numbers(parts[k])[:1]
            k += 1


def _straight_parts(data: str) -> Iterator[tuple[tuple[float, float], tuple[float, float]]]:
    """The straight lines of a path: M and S move, L draws, C closes; of curves only the end is taken, as the next start."""
    lengths = {"M": 2, "S": 2, "L": 2, "Q": 4, "B": 6, "A": 7, "C": 0}
    here = first = (0.0, 0.0)
    command = ""
    numbers: list[float] = []
    for letter, digits in _PATH.findall(data[: 64 * MOST_RULES]):
        if letter:
            if letter.upper() == "C" and command and here != first:
                yield here, first
                here = first
            command, numbers = letter.upper(), []
            continue
        numbers.append(float(digits))
        if command not in lengths or len(numbers) < lengths[command]:
            continue
        point = (numbers[-2], numbers[-1])
        if all(math.isfinite(v) and abs(v) < 1e6 for v in point):
            if command == "L":
                yield here, point
            if command in ("M", "S"):
                first = point
            here = point
        numbers = []
