"""What stands in each field of a text: the runs of values of every row shared out over its columns."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from gikocr.elements import PlacementEvidence
from gikocr.forms import Form, Rule
from gikocr.kie.text_alignment import TextTable, align_text
from gikocr.kie.text_columns import Columns
from gikocr.kie.text_emptiness import has_twins, is_empty_form, likeliest_table, shows_table, values_lost
from gikocr.kie.text_fits import divide_groups, row_groups
from gikocr.kie.text_rows import FormRow, row_fields, sums_within
from gikocr.kie.text_stacked import stacked_units
from gikocr.kie.text_tokens import Chunk, Token
from gikocr.kie.text_units import TextField, TextPlacement, Unit, joined
from gikocr.kie.text_ways import ALL_BLANK, RowSpace, Slot, share_out, slot_of, sums_broken
from gikocr.markup import TextPlace

BLANK_ROWS: Final = 3
"""Rows with lost empty cells, or with a label and nothing else, from which on an agency counts as one that leaves zeros blank."""
LEAST_FOUND: Final = 1.5
"""Runs of values that must be a row's, as is expected, for a text with all labels not to be an empty form."""
LABEL_ALONE: Final = 0.5
"""Probability that cells are blank whose row shows its label and nothing else."""
DISTURBED: Final = 0.9
"""Probability of a row's values whose sum fails, in a table with values lost or left over."""
LOSSY_ROWS: Final = 2
"""Rows of a table with too few cells from which on it counts as one that lost cells."""
LOSSY: Final = 0.6
"""Probability of a row's cells in such a table when some are empty."""


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
    if sum(s.certainty for h in found.values() if h for s in h[0].spans) < LEAST_FOUND and is_empty_form(form, chunks):
        # Stray numbers of prose and page furniture in the rows of an empty form.
        used, tables = [], dict.fromkeys(tables, ())
    if used and not lost:
        for key in form.table_keys:
            if not tables[key]:
                tables[key] = _all_blank(form, key, tables, chunks)
    if not used and not lost and is_empty_form(form, chunks):
        tables = {key: (_blank_placement(form, key, chunks),) for key in form.table_keys}
    return TextReading(tables, lost, min(used, default=None), max(used, default=None))


def _placements(form: Form, found: TextTable, chunks: Sequence[Chunk]) -> list[TextPlacement]:
    rules = [r for r in form.editions[found.table.edition].rules if r.table == found.table.key]
    space = _Space(found, chunks, rules)
    units: list[Unit] = []
    doubted = _beside_leftovers(found, chunks)
    certainties = [s.certainty * (DISTURBED if s.chunk in doubted else 1.0) for s in found.spans]
    stacked = []
    if not _from_pages(chunks):
        stacked = stacked_units(found, chunks, certainties, rules, _heads(found, chunks))
    units += [unit for unit, _ in stacked]
    done = {k for _, spans in stacked for k in spans}
    for k, (span, certainty) in enumerate(zip(found.spans, certainties, strict=True)):
        if k not in done:
            rows = found.rows[span.first : span.end]
            units += _units(chunks[span.chunk].run, rows, certainty, rules, space)
    skipped = _skipped(found, chunks)
    # An authority that leaves its zeros blank leaves whole rows blank; elsewhere a row without values may have lost them.
    blank = len(found.unvalued) + space.n_lost >= BLANK_ROWS and not skipped
    for k, chunk in found.unvalued.items():
        units.append(_label_only(found.rows[k], chunks[chunk], ALL_BLANK if blank else LABEL_ALONE))
    if sum(u.lost for u in units) >= LOSSY_ROWS:
        # Where other rows lost cells, an empty one may be what is left of a lost one, anywhere in its row.
        units = [replace(u, certainty=u.certainty * LOSSY) if u.partly_blank else u for u in units]
    if any(u.lost for u in units) or skipped:
        # Values of a row that fell among those of its neighbours: sums that fail tell where.
        units = [replace(u, certainty=u.certainty * DISTURBED) if _fails(u, rules) else u for u in units]
    return joined(found, units, rules)


class _Space:
    """What a table as a whole tells of the columns of its rows; see :class:`RowSpace`."""

    def __init__(self, found: TextTable, chunks: Sequence[Chunk], rules: Sequence[Rule]) -> None:
        self._lead = _usual_lead(found, chunks)
        self._sections = found.table.sections
        rows = [(found.rows[s.first], chunks[s.chunk].values) for s in found.spans if s.end - s.first == 1]
        self.n_lost = sum(0 < sum(len(t.text) for t in values) < row.n_values for row, values in rows)
        self._parted = any(len(values) > 1 for row, values in rows)
        laid_out = _gaps_left(rows) and not _from_pages(chunks)
        self._columns = Columns(rows, _heads(found, chunks)) if laid_out else None
        crossing = [r.left[0] for r in rules if len(r.left) == 1 and not any(_within(r, row) for row in found.rows)]
        self._summed = frozenset(crossing)

    def of(self, rows: Sequence[FormRow], tokens: Sequence[Token]) -> RowSpace:
        """What is known of the columns of some rows."""
        if len(rows) > 1:
            return RowSpace(self._lead, alone=False)
        values = [t for t in tokens if t.kind == "value"]
        places = self._columns.of(rows[0], values) if self._columns is not None else None
        # Only the row of sums is asked how common its columns are: the others have their numbers where it has.
        asked = not self._summed or any(f in self._summed for f in row_fields(rows[0]))
        shares = self._sections[rows[0].section].shares if asked else ()
        return RowSpace(self._lead, shares, places, self._parted)


def _within(rule: Rule, row: FormRow) -> bool:
    return {*rule.left, *rule.right} <= set(row_fields(row))


def _from_pages(chunks: Sequence[Chunk]) -> bool:
    """Whether a text has form feeds: drawn from pages (pdftotext -layout), where long words push the values beside them out of place.

    Values of one column stand there in different places, and those of different columns in the same one.
    """
    return any(token.sheet for chunk in chunks for token in chunk.words)


def _gaps_left(rows: Sequence[tuple[FormRow, Sequence[Token]]]) -> bool:
    return any(0 < len(values) < row.n_values for row, values in rows)


def _heads(found: TextTable, chunks: Sequence[Chunk]) -> dict[int, list[Token]]:
    """For each section the words before its first row with values."""
    heads: dict[int, list[Token]] = {}
    for span in found.spans:
        heads.setdefault(found.rows[span.first].section, list(chunks[span.chunk].words))
    return heads


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


def _fails(unit: Unit, rules: Sequence[Rule]) -> bool:
    """Whether the most probable way to read some rows breaks a sum of theirs."""
    return sums_broken(max(unit.ways, key=lambda w: w[0])[1], sums_within(unit.fields, rules)) > 0


def _label_only(row: FormRow, chunk: Chunk, certainty: float) -> Unit:
    place = chunk.words[-1].place if chunk.words else TextPlace()
    fields = row_fields(row)
    return Unit(fields, ((1.0, tuple(Slot("", place, certainty) for _ in fields)),), 1.0)


def _units(
    run: Sequence[Token], rows: Sequence[FormRow], certainty: float, rules: Sequence[Rule], space: _Space
) -> list[Unit]:
    """Share the tokens of a run out over rows, by the ends of rows where they are known."""
    groups = row_groups(run)
    if len(rows) > 1 and len(groups) > 1:
        divided = divide_groups(groups, [r.n_values for r in rows])[1]
        if divided:
            units, at = [], 0
            for group, n in zip(groups, divided, strict=True):
                if n:
                    units += _rows_of(group, rows[at : at + n], certainty, rules, space)
                at += n
            return units
    tokens = [t for group in groups for t in group] if len(rows) > 1 else list(groups[0] if groups else ())
    if len(rows) == 1 and len(groups) > 1:
        tokens = [t for group in groups for t in group]
    return _rows_of(tokens, rows, certainty, rules, space)


def _rows_of(
    tokens: Sequence[Token], rows: Sequence[FormRow], certainty: float, rules: Sequence[Rule], space: _Space
) -> list[Unit]:
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
                    *_rows_of(head, rows[:1], certainty, rules, space),
                    *_rows_of(tokens[lengths[0] :], rows[1:], certainty, rules, space),
                ]
    fields = tuple(f for r in rows for f in row_fields(r))
    sums = sums_within(fields, rules)
    cells = sum(t.kind != "pad" for t in tokens)
    ways = tuple(share_out(tokens, wanted, sums, space.of(rows, tokens)))
    lost = len(values) > 0 and cells < wanted and any(s.certainty < ALL_BLANK for s in ways[0][1])
    return [Unit(fields, ways, certainty, lost)]


def _cut_evenly(tokens: Sequence[Token], rows: Sequence[FormRow], certainty: float) -> list[Unit]:
    units, at = [], 0
    for row in rows:
        part = tokens[at : at + row.n_values]
        units.append(Unit(row_fields(row), ((1.0, tuple(slot_of(t) for t in part)),), certainty))
        at += row.n_values
    return units


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
            # Exports that lost repeated lines lost the second of two equal heads too.
            sure = ALL_BLANK if has_twins(form, chunks) else LABEL_ALONE
            fields = tuple(TextField(i, "", blank.fields[0].place, sure) for i in table.fields)
            return (TextPlacement(key, table.edition, 1.0, fields, blank.evidence),)
    return ()


def _blank_placement(form: Form, key: str, chunks: Sequence[Chunk]) -> TextPlacement:
    """The table of an empty form of which only the labels were exported."""
    table = likeliest_table(form, key, chunks)
    place = next((w.place for c in chunks for w in c.words), TextPlace())
    fields = tuple(TextField(i, "", place, ALL_BLANK) for i in table.fields)
    return TextPlacement(key, table.edition, 1.0, fields, PlacementEvidence(0.0, 0.0, 0.0))
