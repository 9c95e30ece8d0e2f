"""What stands in each field of a text: the runs of values of every row shared out over its columns."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from gikocr.elements import PlacementEvidence
from gikocr.forms import Form, Rule
from gikocr.kie.cutting import Sums, Together, Ways, put_together
from gikocr.kie.text_alignment import TextTable, align_text
from gikocr.kie.text_emptiness import is_empty_form, shows_table, values_lost
from gikocr.kie.text_fits import divide_groups, row_groups
from gikocr.kie.text_rows import FormRow
from gikocr.kie.text_tokens import Chunk, Token
from gikocr.kie.text_ways import ALL_BLANK, Slot, number, share_out, slot_of, sums_broken
from gikocr.markup import TextPlace

LABEL_ALONE: Final = 0.5
"""Probability that cells are blank whose row shows its label and nothing else."""
DISTURBED: Final = 0.9
"""Probability of a row's values whose sum fails, in a table with values lost or left over."""
LOSSY_ROWS: Final = 2
"""Rows of a table with too few cells from which on it counts as one that lost cells."""
LOSSY: Final = 0.6
"""Probability of a row's cells in such a table when some are empty."""


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
class _Unit:
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


@dataclass(frozen=True, slots=True)
class TextReading:
    """All that a text says about the form's tables.

    Attributes:
        tables: for each table its placements, heaviest first; none where it was not found.
        values_lost: the labels are there, but next to nothing else: the export lost the values.
        first, last: the first and the last chunk with values of the form, None without any.
    """

    tables: Mapping[str, tuple[TextPlacement, ...]]
    values_lost: bool
    first: int | None
    last: int | None


def read_tables(form: Form, chunks: Sequence[Chunk]) -> TextReading:
    """Read the form's tables from the chunks of a text."""
    found = align_text(form, chunks)
    tables: dict[str, tuple[TextPlacement, ...]] = {}
    used: list[int] = []
    for key, hypotheses in found.items():
        placements: list[TextPlacement] = []
        for hypothesis in hypotheses:
            placements += _placements(form, hypothesis, chunks)
        tables[key] = tuple(sorted(placements, key=lambda p: -p.weight))
        used += [s.chunk for s in hypotheses[0].spans] if hypotheses else []
    lost = values_lost(form, chunks, found)
    if used and not lost:
        for key in form.table_keys:
            if not tables[key]:
                tables[key] = _all_blank(form, key, tables, chunks)
    if not used and not lost and is_empty_form(form, chunks):
        tables = {key: (_blank_placement(form, key, chunks),) for key in form.table_keys}
    return TextReading(tables, lost, min(used, default=None), max(used, default=None))


def _placements(form: Form, found: TextTable, chunks: Sequence[Chunk]) -> list[TextPlacement]:
    rules = [r for r in form.editions[found.table.edition].rules if r.table == found.table.key]
    lead = _usual_lead(found, chunks)
    units: list[_Unit] = []
    doubted = _beside_leftovers(found, chunks)
    for span in found.spans:
        rows = found.rows[span.first : span.end]
        certainty = span.certainty * (DISTURBED if span.chunk in doubted else 1.0)
        units += _units(chunks[span.chunk].run, rows, certainty, rules, lead)
    for k, chunk in found.unvalued.items():
        units.append(_label_only(found.rows[k], chunks[chunk]))
    if sum(u.lost for u in units) >= LOSSY_ROWS:
        # Where other rows lost cells, an empty one may be what is left of a lost one, anywhere in its row.
        units = [replace(u, certainty=u.certainty * LOSSY) if u.partly_blank else u for u in units]
    if any(u.lost for u in units) or _skipped(found, chunks):
        # Values of a row that fell among those of its neighbours: sums that fail tell where.
        units = [replace(u, certainty=u.certainty * DISTURBED) if _fails(u, rules) else u for u in units]
    internal = [r for r in rules if not any(set((*r.left, *r.right)) <= set(u.fields) for u in units)]
    ways = [_as_ways(unit) for unit in units]
    together = put_together(ways, [(r.left, r.right) for r in internal])
    return _solutions(found, units, together)


def _beside_leftovers(found: TextTable, chunks: Sequence[Chunk]) -> set[int]:
    """Chunks of rows right before and after several values that belong to no row: one of them may have the other's values."""
    used = sorted(s.chunk for s in found.spans)
    beside = set()
    for before, after in itertools.pairwise(used):
        if any(len(chunks[i].values) > 1 for i in range(before + 1, after)):
            beside |= {before, after}
    return beside


def _skipped(found: TextTable, chunks: Sequence[Chunk]) -> bool:
    """Whether values stand between the rows of a table that belong to none of them."""
    used = {s.chunk for s in found.spans}
    return any(chunks[i].values and not chunks[i].glued for i in range(min(used), max(used)) if i not in used)


def _fails(unit: _Unit, rules: Sequence[Rule]) -> bool:
    """Whether the most probable way to read some rows breaks a sum of theirs."""
    return sums_broken(max(unit.ways, key=lambda w: w[0])[1], _sums(unit.fields, rules)) > 0


def _as_ways(unit: _Unit) -> Ways:
    return Ways(
        tuple(math.log(max(p, 1e-12)) for p, _ in unit.ways),
        tuple({f: number(s.printed) for f, s in zip(unit.fields, slots, strict=True)} for _, slots in unit.ways),
    )


def _solutions(found: TextTable, units: Sequence[_Unit], together: Together) -> list[TextPlacement]:
    """Placements of the best combinations; over them a field's certainties add up to the probability of what stands in it."""
    total = sum(p for p, _ in together.solutions)
    shares = [p / total for p, _ in together.solutions]
    placements = []
    marginals: list[dict[tuple[int, Slot], float]] = []
    held: list[dict[tuple[int, Slot], float]] = []
    for u, unit in enumerate(units):
        marginal: dict[tuple[int, Slot], float] = {}
        for probability, (_, slots) in zip(together.marginal[u], unit.ways, strict=True):
            for k, slot in enumerate(slots):
                marginal[k, slot] = marginal.get((k, slot), 0.0) + probability
        kept: dict[tuple[int, Slot], float] = {}
        for share, (_, chosen) in zip(shares, together.solutions, strict=True):
            for k, slot in enumerate(unit.ways[chosen[u]][1]):
                kept[k, slot] = kept.get((k, slot), 0.0) + share
        marginals.append(marginal)
        held.append(kept)
    for share, (_, chosen) in zip(shares, together.solutions, strict=True):
        fields: dict[str, TextField] = {}
        for u, unit in enumerate(units):
            for k, (field_id, slot) in enumerate(zip(unit.fields, unit.ways[chosen[u]][1], strict=True)):
                agreed = min(1.0, marginals[u][k, slot] / held[u][k, slot])
                certainty = agreed * slot.certainty * unit.certainty
                fields[field_id] = TextField(field_id, slot.printed, slot.place, certainty)
        every = tuple(fields.get(i, TextField(i, None, None, 0.0)) for i in found.table.fields)
        evidence = PlacementEvidence(found.labels, 0.0, math.log(max(share, 1e-12)))
        placements.append(TextPlacement(found.table.key, found.table.edition, found.weight * share, every, evidence))
    return placements


def _row_fields(row: FormRow) -> tuple[str, ...]:
    return tuple(i for i in row.table.sections[row.section].field_ids[row.index] if i is not None)


def _label_only(row: FormRow, chunk: Chunk) -> _Unit:
    place = chunk.words[-1].place if chunk.words else TextPlace()
    fields = _row_fields(row)
    return _Unit(fields, ((1.0, tuple(Slot("", place, LABEL_ALONE) for _ in fields)),), 1.0)


def _units(
    run: Sequence[Token], rows: Sequence[FormRow], certainty: float, rules: Sequence[Rule], lead: int
) -> list[_Unit]:
    """Share the tokens of a run out over rows, by the ends of rows where they are known."""
    groups = row_groups(run)
    if len(rows) > 1 and len(groups) > 1:
        divided = divide_groups(groups, [r.n_values for r in rows])[1]
        if divided:
            units, at = [], 0
            for group, n in zip(groups, divided, strict=True):
                if n:
                    units += _rows_of(group, rows[at : at + n], certainty, rules, lead)
                at += n
            return units
    tokens = [t for group in groups for t in group] if len(rows) > 1 else list(groups[0] if groups else ())
    if len(rows) == 1 and len(groups) > 1:
        tokens = [t for group in groups for t in group]
    return _rows_of(tokens, rows, certainty, rules, lead)


def _rows_of(
    tokens: Sequence[Token], rows: Sequence[FormRow], certainty: float, rules: Sequence[Rule], lead: int
) -> list[_Unit]:
    wanted = sum(r.n_values for r in rows)
    values = [t for t in tokens if t.kind == "value"]
    if len(rows) > 1:
        for trial in ([t for t in tokens if t.kind != "pad"], values):
            if len(trial) == wanted:
                return _cut_evenly(trial, rows, certainty)
        lengths = [r.n_values for r in rows]
        if len(values) < wanted and len(set(lengths)) == 1 and len(tokens) > lengths[0]:
            # The first row keeps its empty cells in front of the next row; the others are as long as they can be.
            head = list(tokens[: lengths[0]])
            if head[-1].kind == "blank" and len(tokens) - len(head) >= len(values) - len(head):
                return [
                    *_rows_of(head, rows[:1], certainty, rules, lead),
                    *_rows_of(tokens[lengths[0] :], rows[1:], certainty, rules, lead),
                ]
    fields = tuple(f for r in rows for f in _row_fields(r))
    sums = _sums(fields, rules)
    cells = sum(t.kind != "pad" for t in tokens)
    ways = tuple(share_out(tokens, wanted, sums, lead))
    lost = len(values) > 0 and cells < wanted and any(s.certainty < ALL_BLANK for s in ways[0][1])
    return [_Unit(fields, ways, certainty, lost)]


def _cut_evenly(tokens: Sequence[Token], rows: Sequence[FormRow], certainty: float) -> list[_Unit]:
    units, at = [], 0
    for row in rows:
        part = tokens[at : at + row.n_values]
        units.append(_Unit(_row_fields(row), ((1.0, tuple(slot_of(t) for t in part)),), certainty))
        at += row.n_values
    return units


def _sums(fields: Sequence[str], rules: Sequence[Rule]) -> list[Sums]:
    place = {f: k for k, f in enumerate(fields)}
    return [
        (tuple(place[f] for f in r.left), tuple(place[f] for f in r.right))
        for r in rules
        if all(f in place for f in (*r.left, *r.right))
    ]


def _usual_lead(found: TextTable, chunks: Sequence[Chunk]) -> int:
    """How many empty cells stand before the values of the rows that are full."""
    leads: Counter[int] = Counter()
    for span in found.spans:
        if span.end - span.first != 1:
            continue
        groups = row_groups(chunks[span.chunk].run)
        if not groups:
            continue
        cells = [t for t in groups[0] if t.kind != "pad"]
        if sum(t.kind == "value" for t in cells) == found.rows[span.first].n_values:
            leads[next(k for k, t in enumerate(cells) if t.kind == "value")] += 1
    return leads.most_common(1)[0][0] if leads else 0


def _all_blank(
    form: Form, key: str, others: Mapping[str, Sequence[TextPlacement]], chunks: Sequence[Chunk]
) -> tuple[TextPlacement, ...]:
    """A table of which the text shows the labels and no value, in the edition of the tables that were read; none for other texts."""
    editions = [p[0].edition for p in others.values() if p]
    for table in form.tables(key):
        if any(table.is_of(edition) for edition in editions) and shows_table(table, chunks):
            blank = _blank_placement(form, key, chunks)
            fields = tuple(TextField(i, "", blank.fields[0].place, LABEL_ALONE) for i in table.fields)
            return (TextPlacement(key, table.edition, 1.0, fields, blank.evidence),)
    return ()


def _blank_placement(form: Form, key: str, chunks: Sequence[Chunk]) -> TextPlacement:
    """The table of an empty form of which only the labels were exported."""
    table = form.tables(key)[0]
    place = next((w.place for c in chunks for w in c.words), TextPlace())
    fields = tuple(TextField(i, "", place, ALL_BLANK) for i in table.fields)
    return TextPlacement(key, table.edition, 1.0, fields, PlacementEvidence(0.0, 0.0, 0.0))
