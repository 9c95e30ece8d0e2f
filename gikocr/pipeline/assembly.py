"""From registered places to a ``FormReading``: crops of the fields' cells are read, each cell once."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from gikocr.elements import (
    FORM_READING_VERSION,
    Candidate,
    CellReader,
    CellReading,
    CellText,
    DocumentValue,
    FormReading,
    LabelledGrid,
    PlacedField,
    Placement,
    PrintedLabel,
    ReadCell,
    TableReading,
    TableStatus,
    UprightPage,
)
from gikocr.forms import normalise
from gikocr.kie.registration import FieldPlace, TablePlaces
from gikocr.kie.rows import is_words
from gikocr.ocr.cells import GridInk, numeral_crop
from gikocr.ocr.cover import bare_window, covered_share, stamped
from gikocr.ocr.darker import dark_print, darker_window, in_darker_ink
from gikocr.ocr.marks import stroke_of, weigh_by_shape
from gikocr.ocr.numerals import state_of, unit_of, value_of
from gikocr.ocr.pooling import mixed, pool
from gikocr.ocr.windows import Look, cell_window, in_paler_ink, is_cut_off, look_at
from gikocr.preprocess.spread import left_edge, shown_number

if TYPE_CHECKING:
    from gikocr.elements import Image
    from gikocr.forms import Form
    from gikocr.geometry import BBox

CLEAN_BLANK = 0.9995
"""Probability that a cell without any ink is blank."""
DIRT_DOUBT = 1.0
"""How fast dirt in an otherwise empty cell lowers that: per character's worth of ink that was left aside."""
MOST_DIRT = 20.0
"""More dirt than this makes no difference, and its exponential would vanish."""
STAMPED, MOST_STAMPED = 0.3, 3.0
"""How fast a stamp that was taken off a cell lowers the probability of what is read there, per character's worth of its ink, and what
more than which makes no difference."""
CUT_OFF = 0.6
"""Factor for a dash that may be what a boundary left of a figure."""
FAINT = 0.85
"""Probability that what only paler ink shows is printed."""
SAME_CELL = 0.7
"""Intersection over union above which a grid's cell and a field's box are one cell."""
DOUBTFUL = 0.5
"""Below this the numeral reader's best candidate gives way to words that the line reader saw."""
COVERED = 0.05
"""Share of a value's place that foreign ink covers from which a cell is read with that ink too."""
SURE_BESIDE_INK = 0.9
"""Print that is read at least so surely beside foreign ink is not looked at again."""
DARKER = 0.7
"""Weight of what is read in a cell's darker ink alone, where that is read more surely than all of it."""
FEWEST_LETTERS, WORDS = 3, 0.5
"""Words of so many letters at least may stand in the place of a value, and are likelier than what looks like no number by this share:
shorter ones are strokes of seals and of neighbours."""
WELL_FOUND = 0.9
"""Share of a table's fields that must have a cell for the table to count as read."""


class CellCollector:
    """Collects the cells that fields stand in, so that every cell is cropped and read once however many placements want it."""

    def __init__(self, grids: Sequence[GridInk], pages: Mapping[int, UprightPage]) -> None:
        self._grids = grids
        self._pages = pages
        self._index: dict[tuple[int, BBox], int] = {}
        self._wanted: list[tuple[int, BBox]] = []
        self._changed: dict[tuple[int, Callable[[GridInk], GridInk]], GridInk] = {}
        self._looks: list[Look] = []
        self._stamped: dict[int, float] = {}
        self.crops: dict[int, Image] = {}
        """What the first reader saw of each cell with ink, by the cell's number; for a second look at it."""

    def index(self, grid: int, box: BBox) -> int:
        """The number under which a cell will be read."""
        key = (grid, box)
        if key not in self._index:
            self._index[key] = len(self._wanted)
            self._wanted.append(key)
        return self._index[key]

    def read(
        self, reader: CellReader, second: CellReader | None = None, second_below: float = 1.0
    ) -> tuple[ReadCell, ...]:
        """Read all collected cells.

        Args:
            reader: reads every cell in which there is ink.
            second: asked where the first is doubtful.
            second_below: it is, where its best candidate has a lower probability than this.
        """
        shares, looks = self._look()
        readings, crops = _read(reader, looks)
        self.crops = {k: crop for k, crop in enumerate(crops) if crop is not None}
        if second is not None:
            # A cell of which no reader saw anything keeps its doubt: two that saw nothing do not confirm each other.
            doubtful = [k for k in self.crops if not _sure(readings[k], second_below)]
            others, _ = _read(second, [looks[k] for k in doubtful])
            for k, other in zip(doubtful, others, strict=True):
                readings[k] = pool(readings[k], other)
        self._read_covered(readings, shares, reader, second)
        for k, worth in self._stamped.items():
            # What was taken off may have been a part of the value.
            readings[k] = doubted(readings[k], math.exp(-STAMPED * min(worth, MOST_STAMPED)))
        for k, look in enumerate(self._looks):
            if readings[k].candidates and readings[k].best.state == "dash" and is_cut_off(look):
                readings[k] = doubted(readings[k], CUT_OFF)
        self._read_darker(readings, reader, second)
        return tuple(self._cell(k, readings[k], shares[k]) for k in range(len(self._wanted)))

    def _look(self) -> tuple[list[float], list[Look]]:
        """The cells that are wanted, and the share of the place of each value that something covers."""
        shares: list[float] = []
        self._looks, self._stamped = [], {}
        for grid, box in self._wanted:
            look = look_at(self._grids[grid], self._paler(grid), box)
            share, mask = covered_share(look), self._pages[self._grids[grid].grid.page].covered
            if mask is not None:
                stamp, dirt = stamped(look, mask)
                share = max(share, stamp)
                if dirt > 0.0:
                    self._stamped[len(shares)] = dirt
            shares.append(share)
            self._looks.append(look)
        return shares, self._looks

    def _read_covered(
        self, readings: list[CellReading], shares: Sequence[float], reader: CellReader, second: CellReader | None
    ) -> None:
        """Read cells on which foreign ink lies with that ink: with it was painted white whatever of a figure it touches.

        What both readers say replaces what was read without the ink: of 780 such cells of development documents with marks drawn
        over their values and blanks 245 were read rightly before, and 515 so.
        """
        crops = {
            k: crop
            for k, (look, share) in enumerate(zip(self._looks, shares, strict=True))
            if share >= COVERED
            and not (look.content.box is not None and _sure(readings[k], SURE_BESIDE_INK))
            and (crop := bare_window(look)) is not None
        }
        if not crops:
            return
        for k, own in zip(crops, reader.read(list(crops.values())), strict=True):
            readings[k] = own
        if second is not None:
            for k, other in zip(crops, second.read(list(crops.values())), strict=True):
                readings[k] = pool(readings[k], other)
        self.crops |= crops

    def _read_darker(self, readings: list[CellReading], reader: CellReader, second: CellReader | None) -> None:
        """Read doubtful cells that hold ink of two kinds in their darker ink alone."""
        doubtful = [k for k in self.crops if not _sure(readings[k], SURE_BESIDE_INK)]
        windows = [(k, window) for k in doubtful if (window := darker_window(self._looks[k])) is not None]
        for k in doubtful:
            grid, box = self._wanted[k]
            window = dark_print(self._grids[grid], self._inked(grid, in_darker_ink), box)
            windows += [] if window is None else [(k, window)]
        if not windows:
            return
        crops = [window for _, window in windows]
        seen = reader.read(crops)
        if second is not None:
            seen = [pool(a, b) for a, b in zip(seen, second.read(crops), strict=True)]
        best: dict[int, tuple[CellReading, Image]] = {}
        for (k, window), darker in zip(windows, seen, strict=True):
            # Of a pale figure beside a dark speck nothing is left.
            if darker.candidates and darker.best.state != "blank":
                known = best.get(k)
                if known is None or _probability(darker) > _probability(known[0]):
                    best[k] = (darker, window)
        for k, (darker, window) in best.items():
            if _probability(darker) > _probability(readings[k]):
                readings[k] = mixed(darker, readings[k], DARKER)
                self.crops[k] = window

    def read_again(self, reader: CellReader, cells: Sequence[int]) -> list[CellReading]:
        """What another reader says of some of the cells that were read."""
        return _read(reader, [self._looks[k] for k in cells])[0]

    def _paler(self, grid: int) -> GridInk:
        return self._inked(grid, in_paler_ink)

    def _inked(self, grid: int, change: Callable[[GridInk], GridInk]) -> GridInk:
        """A grid with the ink of its page changed; grids of one page share it, so it is changed once."""
        found = self._grids[grid]
        key = (id(found.ink), change)
        if key not in self._changed:
            self._changed[key] = change(found)
        return replace(found, ink=self._changed[key].ink)

    def _cell(self, k: int, reading: CellReading, share: float) -> ReadCell:
        grid, box = self._wanted[k]
        upright = self._pages[self._grids[grid].grid.page]
        shown = box.moved(left_edge(upright), 0.0)
        return ReadCell(
            shown_number(upright), shown, upright.to_view.apply_bbox(box), upright.unit, reading, round(share, 3)
        )


def _read(reader: CellReader, looks: Sequence[Look]) -> tuple[list[CellReading], list[Image | None]]:
    """One reader's readings of cells, and what it saw of them, cut as it wants it."""
    tight = reader.crop == "print"
    crops = [numeral_crop(look.found, look.content) if tight else cell_window(look) for look in looks]
    shown = [k for k, crop in enumerate(crops) if crop is not None]
    readings = [blank_reading(look.content.dirt, reader.name) for look in looks]
    for k, reading in zip(shown, reader.read([c for c in crops if c is not None]), strict=True):
        look = looks[k]
        if tight:
            # It was trained on text, in which slashes and dashes are rare.
            reading = weigh_by_shape(reading, stroke_of(look.found.ink, look.content, look.found.height))
            if look.faint:
                reading = perhaps_blank(reading)
        readings[k] = reading
    return readings, crops


def _probability(reading: CellReading) -> float:
    return math.exp(reading.best.log_probability) if reading.candidates else 0.0


def _sure(reading: CellReading, least: float) -> bool:
    return _probability(reading) >= least


def doubted(reading: CellReading, factor: float) -> CellReading:
    """A reading each of whose candidates is less probable by a factor in (0, 1]."""
    less = tuple(replace(c, log_probability=c.log_probability + math.log(factor)) for c in reading.candidates)
    return CellReading(less, reading.reader)


def perhaps_blank(reading: CellReading) -> CellReading:
    """A reading of ink so faint that the cell may as well be blank."""
    shown = doubted(reading, FAINT).candidates
    blank = Candidate("", "blank", math.log(1 - FAINT))
    return CellReading(tuple(sorted([*shown, blank], key=lambda c: -c.log_probability)), reading.reader)


def blank_reading(dirt: float, reader: str) -> CellReading:
    """The reading of a cell without print; ``dirt`` is the ink that was left aside, in characters' worth."""
    probability = CLEAN_BLANK * math.exp(-DIRT_DOUBT * min(dirt, MOST_DIRT))
    return CellReading((Candidate("", "blank", math.log(probability)),), reader)


def table_reading(key: str, places: Sequence[TablePlaces], collector: CellCollector) -> TableReading:
    """The placements of one table, with its cells handed to the collector."""
    placements = []
    for hypothesis in places:
        fields = tuple(_placed(field, collector) for field in hypothesis.fields)
        placements.append(Placement(key, hypothesis.table.edition, hypothesis.weight, fields, hypothesis.evidence))
    return TableReading(key, table_status(placements), tuple(placements))


def _placed(field: FieldPlace, collector: CellCollector) -> PlacedField:
    if field.grid is None or field.box is None:
        return PlacedField(field.field_id, None, field.certainty)
    return PlacedField(field.field_id, collector.index(field.grid, field.box), field.certainty)


def table_status(placements: Sequence[Placement]) -> TableStatus:
    """Whether a table was found, in part or whole; whether it holds numbers is told after reading."""
    if not placements:
        return "not_found"
    fields = placements[0].fields
    found = sum(f.cell is not None for f in fields)
    return "read" if found >= WELL_FOUND * len(fields) else "partly_read"


def cell_texts(
    grids: Sequence[LabelledGrid], pages: Mapping[int, UprightPage]
) -> tuple[tuple[int, BBox, CellText], ...]:
    """All cells of grids in which a line reader saw something: page, box and text, in the frame of ``ReadCell``.

    Args:
        grids: of the document.
        pages: by the number that grids know them by.
    """
    return tuple(
        (shown_number(pages[grid.grid.page]), cell.box.moved(left_edge(pages[grid.grid.page]), 0.0), text)
        for grid in grids
        for cell, text in zip(grid.grid.cells, grid.texts, strict=True)
        if text.text
    )


def with_cell_texts(cells: Sequence[ReadCell], texts: Sequence[tuple[int, BBox, CellText]]) -> tuple[ReadCell, ...]:
    """Use what the line reader saw where a numeral reader cannot: numbers with their unit (984361元), and words.

    ``texts`` as :func:`cell_texts` gives them.
    """
    by_page: dict[int, list[tuple[BBox, CellText]]] = {}
    for page, box, label in texts:
        by_page.setdefault(page, []).append((box, label))
    result = []
    for cell in cells:
        text = next((t for box, t in by_page.get(cell.page, []) if box.iou(cell.box) > SAME_CELL), None)
        # Words that a line reader sees in strokes over a cell are none.
        if text is not None and cell.occluded < COVERED:
            cell = replace(cell, reading=_worded(text, cell.reading))
        result.append(cell)
    return tuple(result)


def _worded(text: CellText, reading: CellReading) -> CellReading:
    """The reading of a cell with what a line reader saw in it, where that is a number with its unit or words."""
    printed = text.text or ""
    sure = max(0.3, min(text.score, 0.995))
    if unit_of(printed) and value_of(printed) is not None:
        return CellReading((Candidate(printed, "read", math.log(sure)),), reading.reader)
    if not is_words(text) or _sure(reading, DOUBTFUL):
        return reading
    words = CellReading((Candidate(printed, state_of(printed), math.log(sure)),), reading.reader)
    if state_of(printed) != "other_text" or not reading.candidates:
        return words
    return mixed(words, reading, WORDS) if len(normalise(printed)) >= FEWEST_LETTERS else reading


def form_reading(
    form: Form,
    tables: Sequence[TableReading],
    cells: tuple[ReadCell, ...],
    document: Sequence[DocumentValue],
    texts: Sequence[tuple[int, BBox, CellText]] = (),
) -> FormReading:
    """Put a document's readings together; the words in ``texts``, as :func:`cell_texts` gives them, are kept as its labels."""
    labels = (
        PrintedLabel(page, box, label.text, label.score) for page, box, label in texts if label.text and is_words(label)
    )
    return FormReading(FORM_READING_VERSION, form.id, cells, tuple(tables), tuple(document), tuple(labels))
