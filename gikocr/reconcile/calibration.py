"""The parameters of inference as one value with its provenance: packaged, or fitted from a user's own reviewed documents.

Every parameter has a default that holds for a reader whose scores are probabilities; fitting changes them. Scans and texts have
parameters of their own, and so has each reader and class of cell.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import Any, Literal, get_args

from gikocr.elements import Candidate, FormReading
from gikocr.errors import UsageError

CALIBRATION_VERSION = 1
FLOOR = 1e-5
"""No field is surer than 1 - FLOOR: below that the model's own errors prevail (one of 473,574 in a simulation was wrong at 1e-9)."""
TEXT_READER = "text"
ANY_READER = "*"

CellClass = Literal["blank", "mark", "zero", "single", "multi", "free"]
"""What the best candidate is. ``free``: a number in a table without rules, where nothing else can tell a misreading."""
Block = Literal["free", "free_clean", "upheld", "clean", "disputed"]
"""Where a field stands towards the sums. A page that was read badly shows in its sums.

``disputed``: in a rule that its values do not fulfil. ``upheld``: in rules that all hold, while others of its table do not.
``clean``: in a table whose rules all hold. ``free``: in no rule that can be checked. ``free_clean``: the same in a document whose
rules all hold.
"""
Kind = Literal["scan", "text"]


@dataclass(frozen=True, slots=True)
class ReadingParameters:
    """How far a reader's probabilities of one class of cell are to be believed.

    Attributes:
        temperature: exponent of the probabilities before they are normalised among the candidates.
        unlisted: probability that the right value is none of the candidates'.
        missing: share of the probability that the reader put on strings that cannot stand in a cell, added to ``unlisted``.
        state: probability that the value is right and the state is not: blank or mark for 0, or the other way round. No sum sees it.
    """

    temperature: float = 1.0
    unlisted: float = 4e-4
    missing: float = 0.3
    state: float = 0.0


@dataclass(frozen=True, slots=True)
class Misreading:
    """How a figure is misread when the right one is not among the candidates: shares of the ways, which sum to at most 1.

    Attributes:
        swapped: one digit for another; which ones is in ``digits``.
        dropped: one digit is lost.
        added: one digit too many, such as a ruling line read as 1.
        emptied: the cell is taken for blank.
        digits: for each true digit the shares of the digits that it is misread as, ten by ten.
    """

    swapped: float = 0.55
    dropped: float = 0.15
    added: float = 0.1
    emptied: float = 0.1
    digits: tuple[tuple[float, ...], ...] = ()

    def swap(self, true: str, read: str) -> float:
        """Share of a true digit's misreadings that are this digit."""
        return self.digits[int(true)][int(read)] if self.digits else (0.3 if frozenset(true + read) in _ALIKE else 0.05)


_ALIKE = frozenset(frozenset(pair) for pair in ("06", "08", "09", "68", "89", "17", "14", "38", "35", "56", "47", "27"))


@dataclass(frozen=True, slots=True)
class ErrorMap:
    """A straight line on the logit of the error probability (Platt 1999): slope and intercept."""

    intercept: float = 0.0
    slope: float = 1.0


@dataclass(frozen=True, slots=True)
class StructureParameters:
    """How far the certainty of a cell's place is to be believed: doubt becomes ``factor * doubt ** power``.

    Attributes:
        factor: see above.
        power: see above.
        least: the least doubt of any place.
        coincidence: how far equal neighbours count: a field that was given its neighbour's cell is right all the same where both
            print the same.
    """

    factor: float = 1.0
    power: float = 1.0
    least: float = 0.0
    coincidence: float = 0.0


@dataclass(frozen=True, slots=True)
class SourceParameters:
    """How often what is printed does not add up.

    Attributes:
        cell: probability that a cell is an error of the authority's that one other value of it explains.
        row: cost of a rule of the first family that is broken without such an explanation.
        column: the same of the other rules; what is carried over wrongly breaks these.
        misread: share of such violations that are several misreadings all the same.
        leak: share of the unlisted misreadings that break no sum.
    """

    cell: float = 3e-4
    row: float = 2e-5
    column: float = 3e-4
    misread: float = 0.3
    leak: float = 0.02


FAR = 3e-4
"""Readings less probable than this are far behind: see ``KindParameters.tail``."""
CELL_LOSSES = (3e-4, 4e-3, 3e-2, 0.12)
"""Rates at which single cells of a document are taken for blank though something is printed in them."""


@dataclass(frozen=True, slots=True)
class Losses:
    """How often print is not seen, so that its cell is taken for blank.

    Attributes:
        row: probability that all of a row's print is lost.
        table: the same of a table of one row, beside that; of tables with more rows it is less.
        cells: share of the documents with each of ``CELL_LOSSES``; they sum to 1.
    """

    row: float = 1e-3
    table: float = 8e-3
    cells: tuple[float, ...] = (0.74, 0.18, 0.06, 0.02)


@dataclass(frozen=True, slots=True)
class Budget:
    """How much doubt may be delivered without review, as documents say that were not fitted on.

    Attributes:
        target: wrong values that may stay, per field of all fields.
        largest_doubt: the largest 1 - p at which neither the expected nor the observed share exceeds it; 0: nothing may be delivered.
        bounded_doubt: the same with the share bounded at 95 % with a document as the unit; 0 where the documents are too few.
    """

    target: float
    largest_doubt: float
    bounded_doubt: float


@dataclass(frozen=True, slots=True)
class KindParameters:
    """All parameters for one kind of document.

    Attributes:
        readers: by reader, then class of cell.
        structure: by block.
        maps: by block, and by block and class of cell.
        misreading: how figures are misread.
        source: how often print does not add up.
        budgets: the largest target first.
        losses: how often print is not seen.
        tail: exponent of what a probability is below ``FAR``; None: the temperature throughout. Temperatures are fitted where a
            second reading is often right; far below that it hardly ever is, and what the sums want there is mostly an error in print.
    """

    readers: Mapping[str, Mapping[str, ReadingParameters]] = field(default_factory=dict, hash=False)
    structure: Mapping[str, StructureParameters] = field(default_factory=dict, hash=False)
    maps: Mapping[str, ErrorMap] = field(default_factory=dict, hash=False)
    misreading: Misreading = Misreading()
    source: SourceParameters = SourceParameters()
    budgets: tuple[Budget, ...] = ()
    losses: Losses = Losses()
    tail: float | None = None

    def review_below(self, target: float) -> float:
        """The confidence below which fields are reviewed, so that about ``target`` wrong values per field are left.

        Without a measured budget no field with more doubt than the target is delivered, which keeps it wherever the confidences hold.
        """
        measured = [b for b in self.budgets if b.target <= target * (1 + 1e-9)]
        doubt = max(measured, key=lambda b: b.target).largest_doubt if measured else target
        return 1.0 - doubt if doubt > 0.0 else 1.0

    def map_of(self, block: str, cell_class: str | None) -> ErrorMap:
        """The map of a block's class of cell, else that of the block, else the identity."""
        return self.maps.get(f"{block}/{cell_class}") or self.maps.get(block) or ErrorMap()

    def reading(self, reader: str, cell_class: str) -> ReadingParameters:
        """The parameters of a reader's class of cell; those fitted over all readers where it was not among them."""
        own = self.readers.get(reader) or self.readers.get(ANY_READER, {})
        return own.get(cell_class, ReadingParameters())


@dataclass(frozen=True, slots=True)
class Calibration:
    """Parameters for both kinds of documents with where they come from. ``provenance`` is empty for the defaults."""

    kinds: Mapping[str, KindParameters] = field(default_factory=dict, hash=False)
    provenance: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def for_reading(self, reading: FormReading) -> KindParameters:
        """The parameters of a document."""
        return self.kinds.get(kind_of(reading), KindParameters())

    def is_fitted(self, reading: FormReading) -> bool:
        """Whether the parameters of a document's kind were fitted."""
        return kind_of(reading) in self.kinds

    def to_json(self) -> str:
        """The artefact: indented JSON with a final line feed."""
        content = {
            "version": CALIBRATION_VERSION,
            "provenance": dict(self.provenance),
            "kinds": {k: _plain(v) for k, v in self.kinds.items()},
        }
        return json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Calibration:
        """The calibration of an artefact.

        Raises:
            UsageError: it is none, or one of another version.
        """
        try:
            content = json.loads(text)
            if content["version"] != CALIBRATION_VERSION:
                raise UsageError(
                    f"The calibration has version {content['version']!r}, this gikocr reads version {CALIBRATION_VERSION}.",
                    advice="Fit it anew with gikocr calibrate.",
                )
            unknown = set(content["kinds"]) - set(get_args(Kind))
            if unknown:
                raise ValueError(f"unknown kinds {sorted(unknown)}")
            return cls({k: _kind(v) for k, v in content["kinds"].items()}, content["provenance"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UsageError(
                f"This is no calibration of gikocr ({type(error).__name__}: {error}).",
                advice="Fit one with gikocr calibrate.",
            ) from error


def kind_of(reading: FormReading) -> Kind:
    """Whether most cells of a document were read as pictures or as text."""
    texts = sum(cell.reading.reader == TEXT_READER for cell in reading.cells)
    return "text" if 2 * texts > len(reading.cells) else "scan"


def class_of(best: Candidate, value: Decimal | None, ruled: bool) -> CellClass:
    """The class of a cell, from its best candidate and whether its table has rules."""
    if best.state == "blank":
        return "blank"
    if best.state != "read" or value is None:
        return "mark"
    if not ruled:
        return "free"
    if value == 0:
        return "zero"
    return "single" if abs(value) < 10 and value == value.to_integral_value() else "multi"


def _plain(value: Any) -> Any:
    if hasattr(value, "__dataclass_fields__"):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, tuple):
        return [_plain(v) for v in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value


def _kind(content: Mapping[str, Any]) -> KindParameters:
    misreading = dict(content["misreading"])
    misreading["digits"] = tuple(tuple(map(float, row)) for row in misreading["digits"])
    if misreading["digits"] and any(len(row) != 10 for row in (misreading["digits"], *misreading["digits"])):
        raise ValueError("the table of digits is not ten by ten")
    return KindParameters(
        {r: {c: ReadingParameters(**p) for c, p in classes.items()} for r, classes in content["readers"].items()},
        {b: StructureParameters(**p) for b, p in content["structure"].items()},
        {b: ErrorMap(**p) for b, p in content["maps"].items()},
        Misreading(**misreading),
        SourceParameters(**content["source"]),
        tuple(Budget(**b) for b in content["budgets"]),
        # Artefacts of before 2026-11-30 have neither.
        _losses(content.get("losses", {})),
        None if content.get("tail") is None else float(content["tail"]),
    )


def _losses(content: Mapping[str, Any]) -> Losses:
    given = dict(content)
    if "cells" in given:
        given["cells"] = tuple(map(float, given["cells"]))
        if len(given["cells"]) != len(CELL_LOSSES):
            raise ValueError(f"{len(given['cells'])} shares of {len(CELL_LOSSES)} rates of lost cells")
    return Losses(**given)
