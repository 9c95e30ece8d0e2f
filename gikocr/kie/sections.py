"""The parts of a report: their headings among its printed lines.

A heading's words also stand in tables of contents, in sub-headings and in sentences, so no line is taken for itself: of all
lines that may be headings, the chain is taken that follows the form's order and is the best as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from gikocr.elements import TextLine
from gikocr.forms import DocumentSection, DocumentSpec, similarity

LEAST_LIKENESS = 0.8
"""Of a numbered line with a heading's words."""
LEAST_LIKENESS_BARE = 0.93
"""Of a line without a numeral, which may as well be part of a sentence."""
LEAST_LIKENESS_RUN_IN = 0.9
"""Of the beginning of a line on which the text goes on after the heading."""
BETTER_JOINED = 0.05
"""A heading is in two lines where both together are this much more like it than the first alone."""
NUMERAL, RIGHT_NUMERAL = 0.3, 0.5
"""What a numeral adds to a line's weight, and what it adds when it is the one that the form gives the part."""
LISTED = 0.8
"""What a page number at the end, as in a table of contents, takes away."""

_NUMBERED = re.compile(r"[^\w（(]{0,2}[lI|]?\s*([一二三四五六七八九十]{1,2})\s*[、．.，,:：;；\s]?\s*(.*)", re.DOTALL)
_SUBORDINATE = re.compile(r"\s*(?:[（(]\s*[一二三四五六七八九十\d]+\s*[)）]|\d)")
_YEAR = re.compile(r"(?:19|20)\d\d年度?")
_LISTED = re.compile(r"[.…·。\s]{2,}\d*$|\D\d{1,3}$")
_AFTER_HEADING = "。：:；;，,. \u3000"


@dataclass(frozen=True, slots=True)
class Heading:
    """A section's heading: lines ``first`` to ``end`` (half-open).

    ``printed`` is the heading as printed, ``rest`` the text that follows on its last line, ``weight`` the evidence for it (at
    least 1, at most 2.8).
    """

    section: DocumentSection
    first: int
    end: int
    printed: str
    rest: str
    weight: float


def find_headings(spec: DocumentSpec, lines: Sequence[TextLine]) -> list[Heading]:
    """Find the headings of a report's parts, in the form's order, which is also that of the lines.

    Args:
        spec: the form's words.
        lines: printed lines outside tables, in reading order.
    """
    order = {section.id: i for i, section in enumerate(spec.sections)}
    candidates = [
        heading
        for i in range(len(lines))
        for section in spec.sections
        if (heading := _heading_at(lines, i, section)) is not None
    ]
    # The heaviest chain that rises in both orders; where two weigh the same the later one, since contents come first.
    best: list[tuple[float, int]] = []
    for i, candidate in enumerate(candidates):
        weight, before = candidate.weight, -1
        for k in range(i):
            other = candidates[k]
            rises = order[other.section.id] < order[candidate.section.id] and other.end <= candidate.first
            if rises and best[k][0] + candidate.weight >= weight:
                weight, before = best[k][0] + candidate.weight, k
        best.append((weight, before))
    place = max(range(len(best)), key=lambda i: (best[i][0], i), default=-1)
    chain: list[Heading] = []
    while place >= 0:
        chain.append(candidates[place])
        place = best[place][1]
    return chain[::-1]


def _heading_at(lines: Sequence[TextLine], i: int, section: DocumentSection) -> Heading | None:
    """The best reading of line i as a section's heading, alone, with text after it, or with the next line."""
    text = lines[i].text.strip()
    if _SUBORDINATE.match(text) and not _YEAR.match(text):
        return None
    numbered = _NUMBERED.fullmatch(text)
    numeral, body = (numbered[1], numbered[2]) if numbered else (None, text)
    readings: list[tuple[float, int, str, str]] = []
    for words in section.heading.all:
        alone = _likeness(body, words)
        readings.append((alone, i + 1, text, ""))
        if numeral is not None and len(body) > len(words):
            readings += _run_in(text, body, words, i + 1)
        if i + 1 < len(lines) and lines[i + 1].page == lines[i].page and len(body) < len(words):
            rest = lines[i + 1].text.strip()
            both = _likeness(body + rest, words)
            if len(rest) <= len(words) and both > alone + BETTER_JOINED:
                readings.append((both, i + 2, text + rest, ""))
    likeness, end, printed, rest = max(readings, key=lambda r: (r[0], -r[1]))
    least = LEAST_LIKENESS_BARE if numeral is None else LEAST_LIKENESS
    if likeness < least:
        return None
    weight = 1 + (likeness - least) / (1 - least)
    if numeral is not None:
        weight += NUMERAL + (RIGHT_NUMERAL if numeral == section.numeral else 0)
    if not rest and _LISTED.search(printed):
        weight -= LISTED
    return Heading(section, i, end, printed, rest, weight)


def _run_in(text: str, body: str, words: str, end: int) -> list[tuple[float, int, str, str]]:
    """Readings of a line as a heading with text after it, parted by a mark: 六、其他需要报告的事项：无。."""
    readings = []
    for length in range(max(1, len(words) - 2), min(len(body), len(words) + 3)):
        likeness = _likeness(body[:length], words)
        if body[length] in _AFTER_HEADING and likeness >= LEAST_LIKENESS_RUN_IN:
            rest = body[length:].lstrip(_AFTER_HEADING)
            if rest:
                readings.append((likeness, end, text[: len(text) - len(body) + length], rest))
    return readings


def _likeness(body: str, words: str) -> float:
    """How like a heading's words a line is; the report's year in front of them does not count."""
    year = _YEAR.match(body)
    return max(similarity(body, words), similarity(body[year.end() :], words) if year else 0.0)
