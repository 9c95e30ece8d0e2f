"""From registered places to a ``FormReading``: crops of the fields' cells are read, each cell once."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
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
    ReadCell,
    TableReading,
    TableStatus,
    UprightPage,
)
from gikocr.kie.registration import FieldPlace, TablePlaces
from gikocr.kie.rows import is_words
from gikocr.ocr.cells import GridInk, numeral_crop
from gikocr.ocr.ink import CellInk, PageInk, fainter_ink, shows_print
from gikocr.ocr.marks import stroke_of, weigh_by_shape
from gikocr.ocr.numerals import state_of, unit_of, value_of

if TYPE_CHECKING:
    from gikocr.elements import Image
    from gikocr.forms import Form
    from gikocr.geometry import BBox

CLEAN_BLANK = 0.9995
"""Probability that a cell without any ink is blank."""
DIRT_DOUBT = 1.0
"""How fast dirt in an otherwise empty cell lowers that: per character's worth of ink that was left aside."""
ONE_LINE = 1.9
"""Greatest height of a line of figures, in heights of print, which pale print makes look lower than they are."""
FURTHER = 0.18
"""How much further than what was seen, in heights of print, paler ink must reach to be part of a figure."""
FAINT = 0.85
"""Probability that what only paler ink shows is printed."""
SAME_CELL = 0.7
"""Intersection over union above which a grid's cell and a field's box are one cell."""
DOUBTFUL = 0.5
"""Below this the numeral reader's best candidate gives way to words that the line reader saw."""
WELL_FOUND = 0.9
"""Share of a table's fields that must have a cell for the table to count as read."""


class CellCollector:
    """Collects the cells that fields stand in, so that every cell is cropped and read once however many placements want it."""

    def __init__(self, grids: Sequence[GridInk], pages: Mapping[int, UprightPage]) -> None:
        self._grids = grids
        self._pages = pages
        self._index: dict[tuple[int, BBox], int] = {}
        self._wanted: list[tuple[int, BBox]] = []
        self._faint: dict[int, PageInk] = {}
        self.crops: dict[int, Image] = {}
        """What was read of each cell with print, by the cell's number; for a second look at it."""

    def index(self, grid: int, box: BBox) -> int:
        """The number under which a cell will be read."""
        key = (grid, box)
        if key not in self._index:
            self._index[key] = len(self._wanted)
            self._wanted.append(key)
        return self._index[key]

    def read(self, reader: CellReader) -> tuple[ReadCell, ...]:
        """Read all collected cells."""
        readings: dict[int, CellReading] = {}
        crops: list[Image] = []
        places: list[int] = []
        strokes: list[str | None] = []
        doubted: set[int] = set()
        for k, (grid, box) in enumerate(self._wanted):
            crop, content = numeral_crop(self._grids[grid], box)
            ink = self._grids[grid].ink
            paler = self._second_look(grid, box, content)
            if paler is not None:
                if crop is None:
                    doubted.add(k)
                ink, crop, content = paler
            if crop is None:
                readings[k] = blank_reading(content.dirt, reader.name)
            else:
                crops.append(crop)
                self.crops[k] = crop
                places.append(k)
                strokes.append(stroke_of(ink, content, self._grids[grid].height))
        for k, reading, stroke in zip(places, reader.read(crops), strokes, strict=True):
            readings[k] = weigh_by_shape(reading, stroke)
            if k in doubted:
                readings[k] = _perhaps_blank(readings[k])
        return tuple(self._cell(k, readings[k]) for k in range(len(self._wanted)))

    def _second_look(self, grid: int, box: BBox, seen: CellInk) -> tuple[PageInk, Image, CellInk] | None:
        """What paler ink shows in a cell in which nothing was found, or only a part of it; None when it shows no more."""
        found = self._grids[grid]
        key = id(found.ink)
        if key not in self._faint:
            self._faint[key] = fainter_ink(found.ink)
        paler = replace(found, ink=self._faint[key])
        crop, content = numeral_crop(paler, box)
        if (
            crop is None
            or not shows_print(paler.ink, content, found.height)
            or not _reaches_further(content, seen, found.height)
        ):
            return None
        return paler.ink, crop, content

    def _cell(self, k: int, reading: CellReading) -> ReadCell:
        grid, box = self._wanted[k]
        upright = self._pages[self._grids[grid].grid.page]
        return ReadCell(upright.number, box, upright.to_view.apply_bbox(box), upright.unit, reading)


def _reaches_further(content: CellInk, seen: CellInk, height: float) -> bool:
    """Whether print takes more room than was seen of it: a figure whose left half is paler looks like another one."""
    if content.box is None or content.box.height > ONE_LINE * height:
        return False  # strokes of a seal, which is pale too, are higher than figures
    if seen.box is None:
        return True
    wider = max(seen.box.left - content.box.left, content.box.right - seen.box.right)
    higher = max(seen.box.top - content.box.top, content.box.bottom - seen.box.bottom)
    return max(wider, higher) > FURTHER * height


def _perhaps_blank(reading: CellReading) -> CellReading:
    """A reading of ink so faint that the cell may as well be blank."""
    shown = [replace(c, log_probability=c.log_probability + math.log(FAINT)) for c in reading.candidates]
    blank = Candidate("", "blank", math.log(1 - FAINT))
    return CellReading(tuple(sorted([*shown, blank], key=lambda c: -c.log_probability)), reading.reader)


def blank_reading(dirt: float, reader: str) -> CellReading:
    """The reading of a cell without print; ``dirt`` is the ink that was left aside, in characters' worth."""
    probability = CLEAN_BLANK * math.exp(-DIRT_DOUBT * dirt)
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


def with_cell_texts(cells: Sequence[ReadCell], grids: Sequence[LabelledGrid]) -> tuple[ReadCell, ...]:
    """Use what the line reader saw where a numeral reader cannot: numbers with their unit (984361元), and words."""
    by_page: dict[int, list[tuple[BBox, CellText]]] = {}
    for grid in grids:
        for printed, label in zip(grid.grid.cells, grid.texts, strict=True):
            if label.text:
                by_page.setdefault(grid.grid.page, []).append((printed.box, label))
    result = []
    for cell in cells:
        text = next((t for box, t in by_page.get(cell.page, []) if box.iou(cell.box) > SAME_CELL), None)
        candidate = None if text is None else _worded(text, cell.reading)
        if candidate is not None:
            cell = replace(cell, reading=CellReading((candidate,), cell.reading.reader))
        result.append(cell)
    return tuple(result)


def _worded(text: CellText, reading: CellReading) -> Candidate | None:
    """The reading of a cell as words, None where the numeral reader's stands."""
    printed = text.text or ""
    sure = math.log(max(0.3, min(text.score, 0.995)))
    if unit_of(printed) and value_of(printed) is not None:
        return Candidate(printed, "read", sure)
    if is_words(text) and (not reading.candidates or reading.best.log_probability < math.log(DOUBTFUL)):
        return Candidate(printed, state_of(printed), sure)
    return None


def form_reading(
    form: Form, tables: Sequence[TableReading], cells: tuple[ReadCell, ...], document: Sequence[DocumentValue]
) -> FormReading:
    """Put a document's readings together."""
    return FormReading(FORM_READING_VERSION, form.id, cells, tuple(tables), tuple(document))
