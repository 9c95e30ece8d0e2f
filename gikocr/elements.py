"""The values that travel from stage to stage. Each type has one maker; later stages return new objects.

Coordinates named ``box`` are pixels of the *upright* page (after preprocessing); ``quad`` and everything in a report are in the
viewer's frame (after the file's own rotation, before any correction by gikocr).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from gikocr.geometry import Affine, BBox, Quad, Warp
from gikocr.markup import TextPlace

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Image = NDArray[np.uint8]

FORM_READING_VERSION = 1

State = Literal["read", "blank", "slash", "dash", "none_word", "other_text", "occluded", "unreadable", "not_printed"]
TableStatus = Literal["read", "partly_read", "not_found", "no_numbers"]
Unit = Literal["pt", "px"]
CellCut = Literal["print", "window"]


@dataclass(frozen=True, slots=True)
class SourcePart:
    """One file of a document."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Source:
    """Where a document came from. ``sha256`` of several parts is that of their digests, joined in order."""

    name: str
    sha256: str
    pages: int
    media_type: str
    parts: tuple[SourcePart, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """One page as it came out of the file, made by ``ingest``.

    Attributes:
        number: 1-based, within the document; of the second page on a spread a number that no other page has.
        part: 0-based index of the source part that it came from.
        part_page: 1-based, within that part.
        width: width of the frame that a viewer shows, in ``unit``.
        height: height of that frame.
        unit: ``pt`` for PDF pages, ``px`` for images.
        image: (H, W) grey or (H, W, 3) RGB, uint8, already turned as a viewer shows it.
        to_view: maps image pixels into the viewer's frame.
        dpi: resolution of ``image`` where the file states it or the PDF page implies it, else None.
        half_of: the number of the page of the file that shows this and another page side by side; None for a page of its own.
    """

    number: int
    part: int
    part_page: int
    width: float
    height: float
    unit: Unit
    image: Image
    to_view: Affine
    dpi: float | None
    half_of: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class UprightPage:
    """A page turned upright, straightened, flattened and freed from shade and seal ink, made by ``preprocess``.

    Attributes:
        number: that of its ``Page``.
        gray: (H, W) uint8; paper is near 255, ink dark.
        to_view: maps pixels of ``gray`` into the viewer's frame; a ``Warp`` for a page that was bent.
        unit: unit of the viewer's frame.
        view_size: width and height of the viewer's frame.
        turned: degrees clockwise by which the page was turned (0, 90, 180, 270).
        skew: degrees that were taken out after turning.
        half_of: that of its ``Page``.
        covered: (H, W) uint8, non-zero where a stamp's ink was taken off; None where there was none.
    """

    number: int
    gray: Image
    to_view: Affine | Warp
    unit: Unit
    view_size: tuple[float, float]
    turned: int
    skew: float
    half_of: int | None = None
    covered: Image | None = None


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a page with its kind (``table``, ``title``, ``heading``, ``signature``, ``text``), made by ``layout``."""

    page: int
    label: str
    box: BBox
    score: float


@dataclass(frozen=True, slots=True)
class TextLine:
    """One printed line, made by ``ocr``. ``score`` is the reader's own, in [0, 1]."""

    page: int
    text: str
    box: BBox
    score: float


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a grid. Rows and columns are 0-based and half-open: the cell covers ``row <= r < row_end``."""

    row: int
    row_end: int
    col: int
    col_end: int
    box: BBox


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """One table region rebuilt as cells, made by ``table``.

    ``row_lines`` and ``col_lines`` hold the polylines of the boundaries (upright pixels, at least two points each, sorted along
    their direction); boundary i is above row i. ``cells`` cover the grid without overlap. ``spare_lines`` are polylines of ruling
    lines that bound no cell: the second line of a double rule.
    """

    page: int
    box: BBox
    row_lines: tuple[tuple[tuple[float, float], ...], ...]
    col_lines: tuple[tuple[tuple[float, float], ...], ...]
    cells: tuple[Cell, ...]
    spare_lines: tuple[tuple[tuple[float, float], ...], ...] = ()

    @property
    def n_rows(self) -> int:
        """Number of elementary rows."""
        return len(self.row_lines) - 1

    @property
    def n_cols(self) -> int:
        """Number of elementary columns."""
        return len(self.col_lines) - 1

    def box_of(self, row: int, row_end: int, col: int, col_end: int) -> BBox:
        """The box between boundaries, whether or not it is one cell. ``row_lines[r][c]`` is where both lines cross."""
        top_left, top_right = self.row_lines[row][col], self.row_lines[row][col_end]
        foot_left, foot_right = self.row_lines[row_end][col], self.row_lines[row_end][col_end]
        left, right = (top_left[0] + foot_left[0]) / 2, (top_right[0] + foot_right[0]) / 2
        top, bottom = (top_left[1] + top_right[1]) / 2, (foot_left[1] + foot_right[1]) / 2
        return BBox(min(left, right), min(top, bottom), max(left, right), max(top, bottom))


@dataclass(frozen=True, slots=True)
class CellText:
    """What is known of a cell before registration, made by ``ocr``.

    Attributes:
        text: the label that a line reader saw; "" for an empty cell; None when the cell looks like a number and was not read.
        score: the line reader's score, in [0, 1]; 1.0 where nothing was read.
        has_ink: whether anything is printed.
    """

    text: str | None
    score: float
    has_ink: bool


@dataclass(frozen=True, slots=True, eq=False)
class LabelledGrid:
    """A grid with the text of its label cells; ``texts`` runs parallel to ``grid.cells``."""

    grid: Grid
    texts: tuple[CellText, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """One reading of a cell with its natural log probability given the picture.

    ``implied``: the sums proposed it, and the reader then scored it on the picture.
    """

    printed: str
    state: State
    log_probability: float
    implied: bool = False


@dataclass(frozen=True, slots=True)
class CellReading:
    """What a reader saw in one cell: candidates, most probable first, and which reader."""

    candidates: tuple[Candidate, ...]
    reader: str

    @property
    def best(self) -> Candidate:
        """The most probable candidate."""
        return self.candidates[0]


@dataclass(frozen=True, slots=True)
class ReadCell:
    """A cell that stands for a field: where it is and what was read there.

    ``box`` is in pixels of the upright page; the second page of a spread lies right of the first (``preprocess.spread``).
    Where ``place`` is given there are no pages: ``page`` is 1, ``box``, ``quad`` empty. ``occluded``: share of it under foreign ink.
    """

    page: int
    box: BBox
    quad: Quad
    unit: Unit
    reading: CellReading
    occluded: float = 0.0
    place: TextPlace | None = None


@dataclass(frozen=True, slots=True)
class PlacementEvidence:
    """Natural log evidence of a placement against leaving its rows and columns unexplained, by kind."""

    labels: float
    geometry: float
    text: float


@dataclass(frozen=True, slots=True)
class PlacedField:
    """Which cell stands for a field under one placement.

    ``cell`` indexes ``FormReading.cells``; None: the printed table lacks the row or column. ``certainty`` is the probability that
    this cell is the field's, given the table and edition of the placement.
    """

    field_id: str
    cell: int | None
    certainty: float


@dataclass(frozen=True, slots=True)
class Placement:
    """One hypothesis of which cell is which field of one table. The weights of a table's placements sum to at most 1."""

    table: str
    edition: str
    weight: float
    fields: tuple[PlacedField, ...]
    evidence: PlacementEvidence


@dataclass(frozen=True, slots=True)
class TableReading:
    """All placements of one table, heaviest first; none when the table was not found."""

    table: str
    status: TableStatus
    placements: tuple[Placement, ...]

    def of_edition(self, edition: str) -> Placement:
        """The heaviest placement of an edition. Raises ValueError when there is none."""
        for placement in self.placements:
            if placement.edition == edition:
                return placement
        raise ValueError(f"table {self.table!r} has no placement of the edition {edition!r}")


@dataclass(frozen=True, slots=True)
class DocumentValue:
    """One fact about the whole document (agency, year, title, date, period) with its place; see ``ReadCell`` on ``place``."""

    id: str
    value: str | int | None
    printed: str
    confidence: float
    page: int
    quad: Quad
    unit: Unit
    place: TextPlace | None = None


@dataclass(frozen=True, slots=True)
class PrintedLabel:
    """A cell of a table that holds words, as a line reader saw them; ``box`` is in the frame of that of ``ReadCell``."""

    page: int
    box: BBox
    text: str
    score: float


@dataclass(frozen=True, slots=True)
class FormReading:
    """Everything that was read, before any inference; kept beside the report so that inference can be done anew.

    ``labels`` say nothing to inference: they are what a person is shown of the headings. Readings that were saved earlier have none.
    """

    version: int
    form: str
    cells: tuple[ReadCell, ...]
    tables: tuple[TableReading, ...]
    document: tuple[DocumentValue, ...]
    labels: tuple[PrintedLabel, ...] = ()


@dataclass(frozen=True, slots=True)
class FieldPosterior:
    """Probabilities of one field's readings, at most 1 in all; ``lost`` is that of print not seen in what is given as blank."""

    field_id: str
    table: str
    edition: str
    cell: int | None
    candidates: tuple[tuple[Candidate, float], ...]
    suggestion: str | None = None
    lost: float = 0.0


@dataclass(frozen=True, slots=True)
class RulePosterior:
    """One rule evaluated: both sides as decimal strings, or None when it cannot be checked."""

    rule_id: str
    left: str | None
    right: str | None
    probability_broken: float
    verdict: Literal["holds", "broken_in_source", "doubtful", "not_checkable"]


@dataclass(frozen=True, slots=True)
class Posterior:
    """What ``reconcile`` concludes from a ``FormReading``."""

    fields: tuple[FieldPosterior, ...]
    rules: tuple[RulePosterior, ...]
    editions: tuple[tuple[str, str, float], ...] = field(default=())


@dataclass(frozen=True, slots=True)
class LineText:
    """A line reader's answer for one crop; ``score`` in [0, 1]."""

    text: str
    score: float


class LineReader(Protocol):
    """Reads printed lines of any text."""

    name: str

    def read(self, crops: Sequence[Image]) -> list[LineText]:
        """Read grey crops (H, W) uint8, one line each; the answers come in the same order."""
        ...


class CellReader(Protocol):
    """Reads numerals and marks in table cells.

    ``crop`` says how it wants a cell cut: ``print`` is tight around what was taken as print, everything else white, and
    ``window`` shows what stands around it too, so that the reader tells print from dirt and may say that the cell is blank.
    """

    name: str
    crop: CellCut

    def read(self, crops: Sequence[Image]) -> list[CellReading]:
        """Read grey crops (H, W) uint8, cut as ``crop`` says, one cell each; the answers come in the same order."""
        ...

    def score(self, crop: Image, strings: Sequence[str]) -> list[float]:
        """Natural log probability of each given string on the crop."""


class PageTextReader(Protocol):
    """Reads all printed lines of a page, detection included."""

    name: str

    def read_page(self, image: Image, page: int = 1) -> list[TextLine]:
        """Read an upright page, grey (H, W) or RGB (H, W, 3) uint8; boxes in its pixels, ``page`` goes into the lines."""
