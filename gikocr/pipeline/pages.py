"""One page from pixels to labelled grids and printed lines; the picture is let go of, only crops' sources stay."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gikocr.elements import Grid, LabelledGrid, LineReader, Page, Region, TextLine, UprightPage
from gikocr.geometry import BBox
from gikocr.kie.rows import is_words
from gikocr.layout.regions import RegionDetector, table_regions, text_regions
from gikocr.ocr.cells import GridInk, grid_ink, read_labels
from gikocr.ocr.ink import find_ink
from gikocr.pipeline.grids import ReadGrid
from gikocr.pipeline.rivals import GridReader
from gikocr.preprocess.stamps import without_stamps
from gikocr.preprocess.upright import make_upright
from gikocr.table.found import FoundGrids, find_grids
from gikocr.table.mask import boundaries, line_mask
from gikocr.table.white import SHORT_VALUE
from gikocr.table.words import Words

_LETTERS = re.compile(r"[\u3400-\u9fff]")

if TYPE_CHECKING:
    from gikocr.elements import Image
    from gikocr.settings import Settings

READABLE = 0.55
"""Letters read per letter that has room in the lines, weighed by score, at which a page is taken to be upright."""
UNREADABLE = 0.3
"""Below this some words of a page say that it does not lie as the page before did; prose that reads better lies upright."""
LEGIBLE = 0.12
"""Below this the words of grids are not those of an upright page; rows of words that run together in one cell read badly too."""
BETTER = 0.1
"""A turned page must read better by this much, unless it holds the form or the other one cannot be read at all …"""
LEGIBLE_TURN = 0.05
"""… and at least this well in its sample."""
RIVAL, MOST_TURNS = 0.5, 2
"""A turn whose sample reads at least this share as well as the best one's may be right too; so many are tried."""
TURNS = (180, 90, 270)
FITS = 12.0
"""Log evidence for rows of the form from which a page is certainly upright: about two rows with their labels."""
LIKELY = 6.0
"""Log evidence from which a page whose words read is upright too: about a row with its label."""
WIDE_LABEL, WIDE_LINE = 2.5, 6.0
"""Length of a line, in heights, from which it shows the direction of print: in a cell, and outside tables."""
LEAST_CELLS, LEAST_ROOM = 4, 8.0
"""Label cells, or letters that have room in them, without which the printed lines decide."""
SAMPLE_LINES, SAMPLE_CELLS = 6, 8
"""Lines read to judge an orientation where there is no table, and the widest label cells of each table where there is one."""
LEAST_VALUES = 5
"""Short words that make a table without lines worth keeping although its labels cannot be read."""
FEWEST_ROWS, LINE_LETTERS = 2, 0.3
"""Rows of such a table, its heads and one row of values; and letters for each that has room in a row that is a line of text."""
FEW_CELLS = 12
"""Fewer cells than this, with many rows of words in each, say nothing about the orientation either."""
SAME_REGION = 0.9
"""Intersection over union above which a region is that of a grid."""
INSIDE = 0.5
"""A grid belongs to a table region when this share of it lies inside."""


@dataclass(frozen=True, slots=True, eq=False)
class PageReading:
    """What one page holds.

    ``grids`` and ``labelled`` run parallel, from top to bottom. ``fit`` is the log evidence for rows of the form.
    """

    upright: UprightPage
    regions: tuple[Region, ...]
    grids: tuple[GridInk, ...]
    labelled: tuple[LabelledGrid, ...]
    words_score: float
    fit: float


class PageReader:
    """Reads pages one after the other with one set of engines."""

    def __init__(
        self,
        settings: Settings,
        reader: LineReader,
        labels: LineReader,
        detector_of: Callable[[Callable[[Image], list[Grid]]], RegionDetector],
        grids: GridReader,
    ) -> None:
        """Take the readers of lines and of labels, the detector, and what reads grids and their rivals."""
        self._settings = settings
        self._reader = reader
        self._labels = labels
        self._grids = grids
        self._last: tuple[Image, FoundGrids] | None = None
        self._turned: tuple[Page, UprightPage] | None = None
        self._detector = detector_of(lambda gray: self._find(gray).grids)

    def _find(self, gray: Image) -> FoundGrids:
        """What is found on a page without reading; kept for the last page, since detector and table stage want the same."""
        if self._last is None or self._last[0] is not gray:
            self._last = (gray, find_grids(gray))
        return self._last[1]

    def _upright(self, page: Page, turn: int) -> UprightPage:
        """A page turned upright; kept for the last one, which is read whole after a sample of it told that it reads."""
        if self._turned is None or self._turned[0] is not page or self._turned[1].turned != turn:
            upright = make_upright(page, self._settings, turn)
            # A stamp matters where values stand; its figures would be read as theirs.
            grids = self._find(upright.gray).grids
            clean = without_stamps(upright.gray, lambda: boundaries(grids, upright.gray.shape)) if grids else None
            if clean is not None:
                upright = replace(upright, gray=clean[0], covered=clean[1])
            self._turned = (page, upright)
        return self._turned[1]

    def read(self, page: Page, *, hint: int = 0, before: Grid | None = None) -> PageReading:
        """Read a page, turning it where its words do not read.

        Args:
            page: the page.
            hint: the turn in degrees that the pages before needed, tried first.
            before: the last table of the pages before, which this page may go on.
        """
        if hint and self._sample_score(page, hint) < UNREADABLE:
            # Pages of one document need not lie alike; reading all of a page that lies on its side is costly.
            hint = 0
        first = self._read_turned(page, hint, before)
        if not first.regions or first.fit >= FITS:
            return first
        readable = first.words_score >= READABLE
        if first.words_score >= UNREADABLE and not first.grids:
            # Lines of prose that lie on their side or on their head read far worse than this.
            return first
        if readable and first.fit >= LIKELY:
            return first
        scores = {turn: self._sample_score(page, turn) for turn in (0, *TURNS) if turn != hint}
        if readable:
            # Heads that are set letter under letter read as well when the page lies on its side.
            turned = [
                self._read_turned(page, turn, before) for turn, s in scores.items() if s >= RIVAL * first.words_score
            ]
            return max([first, *turned], key=lambda r: r.fit if r.fit >= FITS else 0.0)
        best = max(scores.values())
        if best < LEGIBLE_TURN:
            return first
        read = [first]
        for turn in sorted(scores, key=lambda t: -scores[t])[:MOST_TURNS]:
            # A sample is of few words: where it tells little, the form tells which of the likely ones is right.
            if scores[turn] < max(LEGIBLE_TURN, RIVAL * best):
                break
            read.append(self._read_turned(page, turn, before))
            if read[-1].fit >= FITS:
                break
        return max(read, key=lambda r: (r.fit if r.fit >= FITS else 0.0, r.words_score + BETTER * (r is first)))

    def _sample_score(self, page: Page, turn: int) -> float:
        """How well some words of a page read when it is turned; a fraction of the cost of reading it."""
        upright = self._upright(page, turn)
        found = self._find(upright.gray)
        if found.grids:
            ink = find_ink(upright.gray, *line_mask(found.lines, found.grids))
            inks = [grid_ink(g, ink) for g in found.grids]
            labelled = [read_labels(g, self._labels, most=SAMPLE_CELLS) for g in inks]
            score = _words_score([ReadGrid(g, i, n) for g, i, n in zip(found.grids, inks, labelled, strict=True)])
            if score is not None:
                return score
        return self._lines_score(upright, text_regions(upright.gray, page.number, []))

    def _read_turned(self, page: Page, turn: int, before: Grid | None) -> PageReading:
        self._grids.contest.forget()
        upright = self._upright(page, turn)
        found = self._find(upright.gray)
        tables = table_regions(upright.gray, page.number, self._detector)
        grids = [g for g in found.grids if any(g.box.share_inside(t.box) >= INSIDE for t in tables)]
        texts = text_regions(upright.gray, page.number, tables)
        read = self._grids.read(upright.gray, found, grids, page.number)
        if not found.grids:
            read = self._grids.unseen(upright.gray, found, page.number)
            if read:
                tables = [Region(page.number, "table", r.found.box, 1.0) for r in read]
                texts = text_regions(upright.gray, page.number, tables)
        score = _words_score(read)
        if read and (score is None or score >= LEGIBLE or _few_cells(read) or self._evidence(read) >= FITS):
            best = self._grids.best(upright.gray, found, read, before)
            new = [r for r in best if r not in read]
            if new:
                # What stands under a grid that won is not read as text too, and what a lost one took beyond it is.
                tables = _tables_of(new, [r for r in read if r not in best], tables)
                texts = text_regions(upright.gray, page.number, tables)
            read = best
        if score is None:
            score = self._lines_score(upright, texts)
        ruled = [g for g in found.grids if g not in found.unruled]
        strange = [
            r
            for r in read
            if self._evidence([r]) <= 0.0
            and (self._is_line(upright, r) if r.found in ruled else not _has_values(r, found.words))
        ]
        if strange:
            # Without lines only the form's words tell a table from text that is set wide: such text is left to be read as text.
            tables = [t for t in tables if not any(t.box.iou(r.found.box) > SAME_REGION for r in strange)]
            texts = text_regions(upright.gray, page.number, tables)
            read = [r for r in read if r not in strange]
        labelled = tuple(r.labelled for r in read)
        fit = self._evidence(read)
        if found.grids and fit <= 0.0:
            # What a stamp's cells say tells nothing of how the page lies.
            score = max(score, self._lines_score(upright, texts))
        return PageReading(upright, (*tables, *texts), tuple(r.ink for r in read), labelled, score, fit)

    def _is_line(self, upright: UprightPage, read: ReadGrid) -> bool:
        """Whether a grid of one row is a line of text: strokes of large letters line up as rules do."""
        if read.ink.grid.n_rows >= FEWEST_ROWS:
            return False
        box = read.found.box
        [line] = _read_lines(self._labels, upright, [Region(upright.number, "text", box, 1.0)])
        return _letters(line.text) * line.score > LINE_LETTERS * box.width / box.height

    def _evidence(self, read: Sequence[ReadGrid]) -> float:
        return self._grids.contest.fit([r.labelled for r in read]).evidence if read else 0.0

    def _lines_score(self, upright: UprightPage, texts: Sequence[Region]) -> float:
        longest = sorted(texts, key=lambda r: -r.box.width)[:SAMPLE_LINES]
        starts = [_start_of(r) for r in longest]
        read = _read_lines(self._labels, upright, starts)
        room = sum(r.box.width / r.box.height for r in starts)
        if not room:
            return 0.0
        area = sum(r.box.area for r in texts)
        wide = sum(r.box.area for r in texts if r.box.width >= WIDE_LINE * r.box.height) / area
        return wide * sum(_letters(line.text) * line.score for line in read) / room

    def read_lines(self, upright: UprightPage, regions: Sequence[Region]) -> list[TextLine]:
        """Read printed lines outside the tables."""
        return _read_lines(self._reader, upright, regions)

    def glance_at_lines(self, upright: UprightPage, regions: Sequence[Region]) -> list[TextLine]:
        """Read printed lines outside the tables quickly: what they are about is right, a letter may be wrong or missing."""
        return _read_lines(self._labels, upright, regions)


def _read_lines(reader: LineReader, upright: UprightPage, regions: Sequence[Region]) -> list[TextLine]:
    crops = [line_crop(upright.gray, r.box) for r in regions]
    return [TextLine(r.page, text.text, r.box, text.score) for r, text in zip(regions, reader.read(crops), strict=True)]


def _tables_of(new: Sequence[ReadGrid], lost: Sequence[ReadGrid], tables: Sequence[Region]) -> list[Region]:
    """The table regions of a page on which some grids gave way to others."""
    left = [t for t in tables if not any(t.box.iou(r.found.box) > SAME_REGION for r in lost)]
    return [*left, *(Region(r.ink.grid.page, "table", r.found.box, 1.0) for r in new)]


def _few_cells(read: Sequence[ReadGrid]) -> bool:
    return sum(len(r.labelled.texts) for r in read) < FEW_CELLS


def _has_values(read: ReadGrid, words: Words) -> bool:
    """Whether a grid holds several short words in its right half, as tables of numbers do whatever became of their labels.

    Letters of a title that is set wide are short words too, but they read as words, or stand in one row.
    """
    box = read.found.box
    if read.ink.grid.n_rows < FEWEST_ROWS:
        return False
    right = words.inside(box.center[0], box.top, box.right, box.bottom)
    short = int((right[:, 2] - right[:, 0] < SHORT_VALUE * words.height).sum())
    return short >= LEAST_VALUES and sum(t.has_ink and not is_words(t) for t in read.labelled.texts) >= LEAST_VALUES


def line_crop(gray: Image, box: BBox) -> Image:
    """The picture of a printed line with a margin of an eighth of its height."""
    pad = box.height / 8
    height, width = gray.shape
    y0, y1 = max(0, int(box.top - pad)), min(height, int(box.bottom + pad) + 1)
    x0, x1 = max(0, int(box.left - pad)), min(width, int(box.right + pad) + 1)
    return gray[y0:y1, x0:x1]


def _start_of(region: Region) -> Region:
    """The first characters of a line: enough to tell whether it reads, at a fraction of the cost."""
    box = region.box
    return Region(
        region.page,
        region.label,
        BBox(box.left, box.top, min(box.right, box.left + 8 * box.height), box.bottom),
        region.score,
    )


def _words_score(grids: Sequence[ReadGrid]) -> float | None:
    """Letters read in label cells, weighed by score, per letter that has room in their lines; None where there are too few cells.

    Letters of this script fill a square each, so a line as long as eight times its height holds eight of them. Lines of one or two
    letters count little: on a page that lies on its side a label falls into such lines, and the recogniser reads even those.
    """
    read = room = wide = 0.0
    cells = 0
    for grid in grids:
        for content, text in zip(grid.ink.cells, grid.labelled.texts, strict=True):
            width = sum(line.width / max(line.height, 1.0) for line in content.lines)
            if text.text is None or width < 2:
                continue
            cells += 1
            room += width
            wide += sum(w for w in (line.width / max(line.height, 1.0) for line in content.lines) if w >= WIDE_LABEL)
            read += _letters(text.text) * text.score
    return None if cells < LEAST_CELLS and room < LEAST_ROOM else read / room * min(1.0, 1.25 * wide / room)


def _letters(text: str) -> int:
    return len(_LETTERS.findall(text))
