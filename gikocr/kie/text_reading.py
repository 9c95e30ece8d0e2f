"""What stands in each field of a text: the runs of values of every row shared out over its columns."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Final

from gikocr.elements import PlacementEvidence, TextPlace
from gikocr.forms import Form, Rule, normalise
from gikocr.kie.cutting import SOURCE_ERROR, Sums, Together, Ways, put_together, ways_to_cut
from gikocr.kie.registration import FormRow, form_rows
from gikocr.kie.text_alignment import TextTable, align_text, divide_groups, row_groups
from gikocr.kie.text_tokens import Chunk, Token

USUAL_PLACE: Final = 0.9
"""Probability that a row's values stand where those of the table's full rows do, when empty cells leave a choice."""
LABEL_ALONE: Final = 0.5
"""Probability that cells are blank whose row shows its label and nothing else."""
ALL_BLANK: Final = 0.995
"""Probability that a row is blank that shows empty cells only, though not as many as it should."""
LOST_ORDER, LOST_MOST = 0.4, 0.9
"""Least and greatest probability of the places of values that differ, when some of the row are lost."""
EXTRA: Final = 0.95
"""Probability that the values taken are the row's, where there are more than it has columns."""
LOST_CELLS: Final = 4
"""From so many numbers too few on, numbers parted by blanks are taken to run together rather than to lack empty cells."""
LOSSY_ROWS: Final = 2
"""Rows of a table with too few cells from which on it counts as one that lost cells."""
LOSSY: Final = 0.6
"""Probability of a row's cells in such a table when some are empty."""
MOST_GUESSES, KEPT_GUESSES = 2_000, 12
"""Ways to share too few cells out over a row that are tried, and that are kept for the sums over columns to choose from."""
FIRST_LEADS: Final = 3.0
"""How much more probable a way to cut is for each digit more of a sum's first part. In reports natural persons and upheld decisions,
which are printed first, are by far the most."""
CUT_DOUBT: Final = 2e-3
"""What is always left to ways of cutting digits that break a rule."""
FREE_DOUBT: Final = 0.02
"""The same for numbers in no rule that are cut in the only way there is."""


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
class _Slot:
    printed: str
    place: TextPlace
    certainty: float = 1.0


@dataclass(frozen=True, slots=True)
class _Unit:
    """Rows whose values are shared out together: their fields and the ways to do it."""

    fields: tuple[str, ...]
    ways: tuple[tuple[float, tuple[_Slot, ...]], ...]
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
    lost = _values_lost(form, chunks, found)
    if not used and not lost and _is_empty_form(form, chunks):
        tables = {key: (_blank_placement(form, key, chunks),) for key in form.table_keys}
    return TextReading(tables, lost, min(used, default=None), max(used, default=None))


def _placements(form: Form, found: TextTable, chunks: Sequence[Chunk]) -> list[TextPlacement]:
    rules = [r for r in form.editions[found.table.edition].rules if r.table == found.table.key]
    lead = _usual_lead(found, chunks)
    units: list[_Unit] = []
    for span in found.spans:
        rows = found.rows[span.first : span.end]
        units += _units(chunks[span.chunk].run, rows, span.certainty, rules, lead)
    for k, chunk in found.unvalued.items():
        units.append(_label_only(found.rows[k], chunks[chunk]))
    if sum(u.lost for u in units) >= LOSSY_ROWS:
        # Where other rows lost cells, an empty one may be what is left of a lost one, anywhere in its row.
        units = [replace(u, certainty=u.certainty * LOSSY) if u.partly_blank else u for u in units]
    internal = [r for r in rules if not any(set((*r.left, *r.right)) <= set(u.fields) for u in units)]
    ways = [_as_ways(unit) for unit in units]
    together = put_together(ways, [(r.left, r.right) for r in internal])
    return _solutions(found, units, together)


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
    marginals: list[dict[tuple[int, _Slot], float]] = []
    held: list[dict[tuple[int, _Slot], float]] = []
    for u, unit in enumerate(units):
        marginal: dict[tuple[int, _Slot], float] = {}
        for probability, (_, slots) in zip(together.marginal[u], unit.ways, strict=True):
            for k, slot in enumerate(slots):
                marginal[k, slot] = marginal.get((k, slot), 0.0) + probability
        kept: dict[tuple[int, _Slot], float] = {}
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
    return _Unit(fields, ((1.0, tuple(_Slot("", place, LABEL_ALONE) for _ in fields)),), 1.0)


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
                    units += _share_out(group, rows[at : at + n], certainty, rules, lead)
                at += n
            return units
    tokens = [t for group in groups for t in group] if len(rows) > 1 else list(groups[0] if groups else ())
    if len(rows) == 1 and len(groups) > 1:
        tokens = [t for group in groups for t in group]
    return _share_out(tokens, rows, certainty, rules, lead)


def _share_out(
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
                    *_share_out(head, rows[:1], certainty, rules, lead),
                    *_share_out(tokens[lengths[0] :], rows[1:], certainty, rules, lead),
                ]
    fields = tuple(f for r in rows for f in _row_fields(r))
    sums = _sums(fields, rules)
    cells = sum(t.kind != "pad" for t in tokens)
    ways = tuple(_ways(tokens, wanted, sums, lead))
    lost = len(values) > 0 and cells < wanted and any(s.certainty < ALL_BLANK for s in ways[0][1])
    return [_Unit(fields, ways, certainty, lost)]


def _cut_evenly(tokens: Sequence[Token], rows: Sequence[FormRow], certainty: float) -> list[_Unit]:
    units, at = [], 0
    for row in rows:
        part = tokens[at : at + row.n_values]
        units.append(_Unit(_row_fields(row), ((1.0, tuple(_slot(t) for t in part)),), certainty))
        at += row.n_values
    return units


def _sums(fields: Sequence[str], rules: Sequence[Rule]) -> list[Sums]:
    place = {f: k for k, f in enumerate(fields)}
    return [
        (tuple(place[f] for f in r.left), tuple(place[f] for f in r.right))
        for r in rules
        if all(f in place for f in (*r.left, *r.right))
    ]


def _slot(token: Token, certainty: float = 1.0) -> _Slot:
    return _Slot(token.text if token.kind == "value" else "", token.place, certainty)


def _ways(
    tokens: Sequence[Token], wanted: int, sums: Sequence[Sums], lead: int
) -> list[tuple[float, tuple[_Slot, ...]]]:
    """The ways to share tokens out over the columns of one row or run, with their probabilities."""
    values = [t for t in tokens if t.kind == "value"]
    cells = [t for t in tokens if t.kind != "pad"]
    if len(values) == wanted:
        return [(1.0, tuple(_slot(t) for t in values))]
    if not values:
        place = tokens[0].place if tokens else TextPlace()
        sure = 1.0 if len(cells) >= wanted else ALL_BLANK
        return [(1.0, tuple(_Slot("", place, sure) for _ in range(wanted)))]
    if len(values) < wanted:
        for trial in (cells, list(tokens)):
            if len(trial) == wanted:
                return [(1.0, tuple(_slot(t) for t in trial))]
            if len(trial) > wanted:
                windows = _windows(trial, wanted, lead)
                if windows:
                    return _weighed(windows, sums)
        if len(cells) == len(values) and runs_together(values, wanted):
            cut = _cut(values, wanted, sums)
            if cut:
                return cut
        return _with_lost(cells, wanted, sums)
    return _weighed(
        [(EXTRA, tuple(_slot(t, EXTRA) for t in values[k : k + wanted])) for k in range(len(values) - wanted + 1)], sums
    )


def runs_together(values: Sequence[Token], wanted: int) -> bool:
    """Whether the digits of fewer numbers than columns may be cut up: cells that are parted by more than blanks are whole."""
    if sum(len(t.text) if t.text.isdigit() else 1 for t in values) < wanted:
        return False
    if len(values) == 1 or any(len(t.text) > 1 and t.text.startswith("0") and t.text.isdigit() for t in values):
        return True
    # 2 10 0 0 0 12 for seven columns lost an empty cell; only much fewer numbers than columns are sure to run together.
    return all(t.before in ("none", "space") for t in values[1:]) and len(values) <= wanted - LOST_CELLS


def _windows(tokens: Sequence[Token], wanted: int, lead: int) -> list[tuple[float, tuple[_Slot, ...]]]:
    """All places of a row's columns among more cells than it has, such that no value is left out."""
    filled = [k for k, t in enumerate(tokens) if t.kind == "value"]
    starts = [s for s in range(len(tokens) - wanted + 1) if s <= filled[0] and filled[-1] < s + wanted]
    usual = lead if lead in starts else (starts[0] if starts else 0)
    rest = (1 - USUAL_PLACE) / max(1, len(starts) - 1)
    return [(USUAL_PLACE if s == usual else rest, tuple(_slot(t) for t in tokens[s : s + wanted])) for s in starts]


def _weighed(
    ways: Sequence[tuple[float, tuple[_Slot, ...]]], sums: Sequence[Sums]
) -> list[tuple[float, tuple[_Slot, ...]]]:
    weights = [p * SOURCE_ERROR ** _broken(slots, sums) for p, slots in ways]
    total = sum(weights)
    return [(w / total, slots) for w, (_, slots) in zip(weights, ways, strict=True)]


def _broken(slots: Sequence[_Slot], sums: Sequence[Sums]) -> int:
    numbers = [number(s.printed) for s in slots]
    broken = 0
    for left, right in sums:
        if all(numbers[i] is None for i in left):
            # A total that is left out says nothing, unless parts without one are odd.
            broken += any(numbers[i] for i in right)
            continue
        broken += sum(numbers[i] or 0 for i in left) != sum(numbers[i] or 0 for i in right)
    return broken


def _cut(values: Sequence[Token], wanted: int, sums: Sequence[Sums]) -> list[tuple[float, tuple[_Slot, ...]]]:
    """Digits that run together, cut in all ways that obey the rules, else in all ways."""
    found, obeyed = ways_to_cut([t.text for t in values], wanted, sums)
    if not found:
        return []
    sure = 1.0
    if len(found) == 1 and any(end - start > 1 for _, start, end in found[0]):
        sure = 1 - (CUT_DOUBT if sums else FREE_DOUBT)
    elif not obeyed and len(found) > 1:
        sure = 0.9
    elif len(found) > 1:
        sure = 1 - CUT_DOUBT
    slots = [tuple(_piece(values[k], start, end, sure) for k, start, end in way) for way in found]
    leading = [right[0] for left, right in sums if len(left) == 1 and right]
    weights = [FIRST_LEADS ** sum(len(s[k].printed) for k in leading) for s in slots]
    return [(w / sum(weights), s) for w, s in zip(weights, slots, strict=True)]


def _piece(token: Token, start: int, end: int, certainty: float) -> _Slot:
    place = token.place
    if start and place.line is not None and place.column is not None:
        place = TextPlace(line=place.line, column=place.column + start)
    return _Slot(token.text[start:end], place, certainty)


def _with_lost(cells: Sequence[Token], wanted: int, sums: Sequence[Sums]) -> list[tuple[float, tuple[_Slot, ...]]]:
    """Fewer cells than columns: which ones were lost is told by the rules if at all, and never surely."""
    here = [t for t in cells if t.kind == "value"]
    # Equal zeros obey every sum wherever they stand; of other equal numbers the sums say where.
    alike = len({t.text for t in here}) == 1 and not number(here[0].text)
    share = len(here) / wanted
    if alike:
        return [(1.0, tuple(_Slot(here[0].text, here[min(k, len(here) - 1)].place, share) for k in range(wanted)))]
    end = here[-1].place
    sure = max(LOST_ORDER, min(share, LOST_MOST))
    places = list(itertools.islice(itertools.combinations(range(wanted), len(here)), MOST_GUESSES))
    ways = []
    for places_of in places:
        slots = [_Slot("", end, sure)] * wanted
        for token, k in zip(here, places_of, strict=True):
            slots[k] = _slot(token, sure)
        ways.append((1.0, tuple(slots)))
    # The sums over the columns choose among them; the certainty says that it is a guess all the same.
    best = sorted(_weighed(ways, sums), key=lambda w: -w[0])[:KEPT_GUESSES]
    total = sum(p for p, _ in best)
    return [(p / total, slots) for p, slots in best]


def number(printed: str) -> Decimal | None:
    """The number in a cell's text, a unit behind it left out; None for marks and words."""
    digits = printed.replace(",", "").replace("−", "-").rstrip("万亿元件笔项个宗份条起")
    try:
        found = Decimal(digits)
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


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


LABELS_SEEN: Final = 0.6
"""Share of the row labels that must be in a text for it to be the form without its values."""
FEW_VALUES: Final = 0.1
"""Share of the form's fields below which values count as lost, when the labels are there."""


def _row_labels(form: Form, chunks: Sequence[Chunk]) -> float:
    """The share of a newest edition's row labels that stand anywhere in the text."""
    whole = "".join(normalise(w.text) for c in chunks for w in c.words)
    edition = next(iter(form.editions.values()))
    labels = [r.row.label for t in edition.tables.values() for r in form_rows(t) if r.row.label is not None]
    seen = sum(any(normalise(text) in whole for text in label.all) for label in labels)
    return seen / max(1, len(labels))


def _values_lost(form: Form, chunks: Sequence[Chunk], found: Mapping[str, Sequence[TextTable]]) -> bool:
    """Whether the labels are there and the values are not: neither numbers nor marks nor empty cells, and labels lost their twins."""
    fields = sum(len(h[0].table.fields) for h in found.values() if h) or 1
    spans = [(s, h[0]) for h in found.values() if h for s in h[0].spans]
    cells = sum(sum(t.kind in ("value", "blank") for t in chunks[s.chunk].run) for s, _ in spans)
    if cells >= FEW_VALUES * max(fields, 100) or _row_labels(form, chunks) < LABELS_SEEN:
        return False
    values = sum(len(chunks[s.chunk].values) for s, _ in spans)
    return values > 0 or not _has_twins(form, chunks)


def _has_twins(form: Form, chunks: Sequence[Chunk]) -> bool:
    """Whether words that the form prints several times stand in the text several times."""
    whole = "".join(normalise(w.text) for c in chunks for w in c.words)
    edition = next(iter(form.editions.values()))
    heads = Counter(
        normalise(c.label.text) for t in edition.tables.values() for s in t.sections for c in s.columns
    ) + Counter(normalise(s.corner.text) for t in edition.tables.values() for s in t.sections if s.corner is not None)
    twins = [text for text, n in heads.items() if n > 1 and len(text) >= 4 and text in whole]
    return sum(whole.count(text) > 1 for text in twins) * 2 > len(twins)


def _is_empty_form(form: Form, chunks: Sequence[Chunk]) -> bool:
    return _row_labels(form, chunks) >= LABELS_SEEN and _has_twins(form, chunks)


def _blank_placement(form: Form, key: str, chunks: Sequence[Chunk]) -> TextPlacement:
    """The table of an empty form of which only the labels were exported."""
    table = form.tables(key)[0]
    place = next((w.place for c in chunks for w in c.words), TextPlace())
    fields = tuple(TextField(i, "", place, ALL_BLANK) for i in table.fields)
    return TextPlacement(key, table.edition, 1.0, fields, PlacementEvidence(0.0, 0.0, 0.0))
