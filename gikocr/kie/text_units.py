"""Rows with the ways to read them, put together into the placements of a table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gikocr.elements import PlacementEvidence
from gikocr.forms import Rule
from gikocr.kie.joint import Together, Ways, put_together
from gikocr.kie.text_alignment import TextTable
from gikocr.kie.text_ways import Slot, number
from gikocr.markup import TextPlace

CHOSEN: Final = 0.999
"""Share of the weight of the chosen combination; the rivals are there for their other values. A certainty is a probability."""
NOT_EXACT, BROKEN_IN_PRINT = 0.98, 0.9
"""Probability of what the search says where it left states out, and where no combination of a table fulfils the sums."""


@dataclass(frozen=True, slots=True)
class TextField:
    """A field in a text. ``printed`` None: nothing of its row is there; "": an empty cell."""

    field_id: str
    printed: str | None
    place: TextPlace | None
    certainty: float


@dataclass(frozen=True, slots=True)
class TextPlacement:
    """One hypothesis of what stands in all fields of a table."""

    table: str
    edition: str
    weight: float
    fields: tuple[TextField, ...]
    evidence: PlacementEvidence


@dataclass(frozen=True, slots=True)
class Unit:
    """Rows whose values are shared out together: their fields and the ways to do it."""

    fields: tuple[str, ...]
    ways: tuple[tuple[float, tuple[Slot, ...]], ...]
    certainty: float
    lost: bool = False

    @property
    def partly_blank(self) -> bool:
        """Whether some of its cells are empty and others are not."""
        slots = self.ways[0][1]
        return any(s.printed == "" for s in slots) and any(s.printed != "" for s in slots)


def joined(found: TextTable, units: Sequence[Unit], rules: Sequence[Rule]) -> list[TextPlacement]:
    """The placements of a table under the rules that tie its rows together, the chosen one first."""
    internal = [r for r in rules if not any(set((*r.left, *r.right)) <= set(u.fields) for u in units)]
    together = put_together([_as_ways(unit) for unit in units], [(r.left, r.right) for r in internal])
    return _as_placements(found, units, together)


def _as_ways(unit: Unit) -> Ways:
    return Ways(
        tuple(math.log(max(p, 1e-12)) for p, _ in unit.ways),
        tuple({f: number(s.printed) for f, s in zip(unit.fields, slots, strict=True)} for _, slots in unit.ways),
    )


def _as_placements(found: TextTable, units: Sequence[Unit], together: Together) -> list[TextPlacement]:
    """The chosen combination and its rivals; over them a field's certainties add up to the probability of what stands in it."""
    rivals = [(CHOSEN if together.rivals else 1.0, together.chosen)]
    rivals += [((1.0 - CHOSEN) / len(together.rivals), ways) for ways in together.rivals]
    doubt = (1.0 if together.exact else NOT_EXACT) * (1.0 if together.fulfilled else BROKEN_IN_PRINT)
    shares: list[list[float]] = [[] for _ in rivals]
    for u, unit in enumerate(units):
        own = doubt * unit.certainty if len(unit.ways) > 1 else unit.certainty
        for k in range(len(unit.fields)):
            marginal: dict[Slot, float] = {}
            for probability, (_, slots) in zip(together.marginal[u], unit.ways, strict=True):
                marginal[slots[k]] = marginal.get(slots[k], 0.0) + probability
            held: dict[Slot, float] = {}
            for share, ways in rivals:
                slot = unit.ways[ways[u]][1][k]
                held[slot] = held.get(slot, 0.0) + share
            for certainties, (_, ways) in zip(shares, rivals, strict=True):
                slot = unit.ways[ways[u]][1][k]
                certainties.append(min(1.0, marginal[slot] / held[slot]) * slot.certainty * own)
    placements = []
    for certainties, (share, ways) in zip(shares, rivals, strict=True):
        chosen = [pair for u, unit in enumerate(units) for pair in zip(unit.fields, unit.ways[ways[u]][1], strict=True)]
        fields = {f: TextField(f, s.printed, s.place, c) for (f, s), c in zip(chosen, certainties, strict=True)}
        every = tuple(fields.get(i, TextField(i, None, None, 0.0)) for i in found.table.fields)
        evidence = PlacementEvidence(found.labels, 0.0, math.log(max(share, 1e-12)))
        placements.append(TextPlacement(found.table.key, found.table.edition, found.weight * share, every, evidence))
    return placements
