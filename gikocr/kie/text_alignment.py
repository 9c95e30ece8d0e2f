"""Flattened text onto the form: one alignment of the words and runs of values with the rows of the form.

The text is a sequence of chunks (words, then a run of what may be values), the form a sequence of rows (a label, then its values). A
chunk may stand for one row, for several whose labels were lost, or for none (a sentence, a page number); rows may be missing. All of
that has its cost in natural log weights, and the sum over all alignments (forward–backward) gives every decision its probability.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from gikocr.forms import MIXED, Form, Table, normalise
from gikocr.kie.alignment import NEVER
from gikocr.kie.text_fits import RunFits
from gikocr.kie.text_labels import NO_LABEL, ChunkLabels, ends_like_label, shown_part, stands_in
from gikocr.kie.text_rows import FormRow, form_rows
from gikocr.kie.text_tokens import Chunk

if TYPE_CHECKING:
    from numpy.typing import NDArray

MISSING_ROW, ROW_WITHOUT_VALUES = -2.5, -0.4
"""Log weights of a row that is not in the text, and of one whose label is there without any value."""
BLANK_ROW, MANY_BLANK = -0.05, 6
"""The same for such a row in a text that has at least so many of them: its authority leaves zeros blank, and their cells are lost."""
MOST_MISSING: Final = -14.0
"""Least log weight of a gap of missing rows: texts are cut, and a lost page is one accident, not thirty."""
CUT: Final = -5.0
"""The same for rows before the first and after the last one found: many texts are excerpts."""
EXTRA_VALUE, EXTRA_CHUNK = -1.5, -6.0
"""Log weight of a value that belongs to no row, and the least for all of one chunk."""
IN_SENTENCE: Final = -0.2
"""Log weight of a number in the middle of a sentence."""
MOST_LOST: Final = 2
"""Rows whose labels were lost are looked for where at most this many values a row are missing."""
MIXED_EDITIONS, KNOWN_MIXTURE = -4.0, -2.0
"""Log weights of tables of different editions in one report, and of those that the form knows to go together."""
LEAST_LABELS: Final = 3.0
"""Log evidence by labels for each row found, on average, from which a table counts as found in a text."""
CHUNKS_AFTER: Final = 6
"""So many runs after a table's last row with values are searched for labels of rows without any."""
OWN_LABEL, TELLING = 2.0, 6
"""Log weight of a label in the text that only one edition prints, and letters of the shortest. Missing ones say nothing."""
LEAST_WEIGHT: Final = 1e-4
MOST_CHUNKS: Final = 1_000
"""Runs of values from which on a text is taken for noise; reports have fewer than two hundred."""


@dataclass(frozen=True, slots=True)
class RowSpan:
    """Rows ``first`` to ``end`` (half-open, of the table's rows) that the run of one chunk stands for, and the probability of that."""

    chunk: int
    first: int
    end: int
    certainty: float


@dataclass(frozen=True, slots=True)
class TextTable:
    """One hypothesis of where a table's rows stand in a text.

    Attributes:
        table: the table of one edition.
        weight: probability of that edition among its rivals.
        rows: the rows of the table in order.
        spans: which chunks stand for which rows, in order.
        unvalued: rows whose label is in the text without values, each with the chunk in whose words it is.
        labels: log evidence of the labels.
    """

    table: Table
    weight: float
    rows: tuple[FormRow, ...]
    spans: tuple[RowSpan, ...]
    unvalued: Mapping[int, int]
    labels: float


@dataclass(frozen=True, slots=True)
class _Option:
    """One way to read a chunk: as rows ``first`` to ``last``."""

    first: int
    last: int
    weight: float
    label: float


def align_text(form: Form, chunks: Sequence[Chunk]) -> dict[str, list[TextTable]]:
    """Find the form's tables in a text.

    Returns:
        For each table its hypotheses, one for each edition, most probable first; empty where nothing of it was found.
    """
    result: dict[str, list[TextTable]] = {key: [] for key in form.table_keys}
    useful = [i for i, c in enumerate(chunks) if c.run and not (c.glued and not ends_like_label(form, c))]
    if len(useful) > MOST_CHUNKS:
        # No report has so many numbers: only those with the last letters of a label before them are looked at.
        useful = [i for i in useful if ends_like_label(form, chunks[i])][:MOST_CHUNKS]
    if not useful:
        return result
    whole = "".join(chunk.letters for chunk in chunks)
    labels = ChunkLabels([chunks[i] for i in useful], lossy=_lossy(form, [chunks[i] for i in useful], whole))
    trials = []
    for tables in itertools.product(*(form.tables(key) for key in form.table_keys)):
        rows = [row for table in tables for row in form_rows(table)]
        trials.append((tables, rows, _align([chunks[i] for i in useful], rows, labels)))
    own = {id(t): _own_labels(form, t, whole) for key in form.table_keys for t in form.tables(key)}
    logs = [t[2].log_weight + _prior(form, t[0]) + sum(own[id(table)] for table in t[0]) for t in trials]
    shares = [math.exp(log - max(logs)) for log in logs]
    total = sum(shares)
    for position, key in enumerate(form.table_keys):
        for table in form.tables(key):
            with_it = [(s, t) for s, t in zip(shares, trials, strict=True) if t[0][position] is table]
            weight = sum(s for s, _ in with_it) / total
            if weight < LEAST_WEIGHT:
                continue
            _, rows, path = max(with_it, key=lambda item: item[0])[1]
            found = _text_table(table, rows, path, useful, chunks, weight)
            if found is not None:
                result[key].append(found)
        result[key].sort(key=lambda t: -t.weight)
    return result


def _prior(form: Form, tables: Sequence[Table]) -> float:
    """Log weight of finding these tables in one report, before looking at it."""
    whole = form.document_edition({t.key: t.edition for t in tables})
    if whole is None or all(t.is_of(whole) for t in tables):
        return 0.0
    return MIXED_EDITIONS if whole == MIXED else KNOWN_MIXTURE


def _lossy(form: Form, chunks: Sequence[Chunk], whole: str) -> bool:
    """Whether many rows of a text show their label and nothing behind it."""
    edition = next(iter(form.editions.values()))
    labels = [r.row.label for t in edition.tables.values() for r in form_rows(t) if r.row.label is not None]
    names = [[n for n in map(normalise, label.all) if len(n) >= TELLING] for label in labels]
    alone = 0
    for own in names:
        if any(shown_part(n) in whole for n in own) and not any(
            c.tail.endswith(n[-TELLING:]) for c in chunks for n in own
        ):
            alone += 1
    return alone >= MANY_BLANK


def _own_labels(form: Form, table: Table, whole: str) -> float:
    """Log weight of the labels that only this edition prints, whether their rows have values or not.

    Rows without values count little in an alignment; where zeros are left blank, the rows that tell the editions apart are often such.
    """
    others = {
        normalise(text)
        for other in form.tables(table.key)
        if other is not table
        for row in form_rows(other)
        for label in ([row.row.label] if row.row.label is not None else []) + list(row.row.groups)
        for text in label.all
    }
    weight = 0.0
    for row in form_rows(table):
        texts = [normalise(text) for text in row.row.label.all] if row.row.label is not None else []
        if texts and len(texts[0]) >= TELLING and not any(text in others for text in texts):
            weight += OWN_LABEL if any(shown_part(text) in whole for text in texts) else 0.0
    return weight


@dataclass(frozen=True, slots=True)
class _Path:
    options: tuple[tuple[int, _Option, float], ...]
    log_weight: float
    labels: float


def _align(chunks: Sequence[Chunk], rows: Sequence[FormRow], labels: ChunkLabels) -> _Path:
    """The best path through chunks and rows, with the probability of each of its steps over all paths."""
    n, m = len(chunks), len(rows)
    weights = np.stack([labels.of(row) for row in rows], axis=1)
    options = [_options(labels.fits[i], weights[i], rows) for i in range(n)]
    skips = np.array([_skip(chunk) for chunk in chunks])
    gaps = [_gaps(i, rows, labels) for i in range(n)]
    first_gap = np.maximum(CUT, np.concatenate([[0.0], np.cumsum(np.full(m, MISSING_ROW))]))
    # State j: the last row taken is j - 1; state 0: none yet.
    best = np.full((n + 1, m + 1), NEVER)
    summed = np.full((n + 1, m + 1), NEVER)
    best[0, 0] = summed[0, 0] = 0.0
    choice: list[dict[int, tuple[int, _Option]]] = []
    entries = []
    for i in range(n):
        best[i + 1], summed[i + 1] = best[i] + skips[i], summed[i] + skips[i]
        taken: dict[int, tuple[int, _Option]] = {}
        costs = _entry_costs(gaps[i], first_gap)
        entries.append(costs)
        into = best[i][:, None] + costs
        origin = into.argmax(axis=0)
        into_best = into.max(axis=0)
        into_sum = _logsum(summed[i][:, None] + costs, axis=0)
        for option in options[i]:
            state = option.last + 1
            value = into_best[option.first] + option.weight
            summed[i + 1, state] = np.logaddexp(summed[i + 1, state], into_sum[option.first] + option.weight)
            if value > best[i + 1, state]:
                best[i + 1, state] = value
                taken[state] = (int(origin[option.first]), option)
        choice.append(taken)
    leave = np.maximum(CUT, MISSING_ROW * np.arange(m, -1, -1))
    log_weight = float(_logsum(summed[n] + leave, axis=0))
    after = np.full((n + 1, m + 1), NEVER)
    after[n] = leave
    for i in range(n - 1, -1, -1):
        after[i] = after[i + 1] + skips[i]
        gain = np.full(m, NEVER)
        for option in options[i]:
            gain[option.first] = np.logaddexp(gain[option.first], option.weight + after[i + 1, option.last + 1])
        after[i] = np.logaddexp(after[i], _logsum(entries[i] + gain[None, :], axis=1))
    path: list[tuple[int, _Option, float]] = []
    state = int(np.argmax(best[n] + leave))
    for i in range(n - 1, -1, -1):
        if state in choice[i]:
            origin_state, option = choice[i][state]
            into = float(_logsum(summed[i] + entries[i][:, option.first], axis=0))
            certainty = math.exp(min(0.0, into + option.weight + after[i + 1, state] - log_weight))
            path.append((i, option, certainty))
            state = origin_state
    path.reverse()
    return _Path(tuple(path), log_weight, sum(option.label for _, option, _ in path))


def _logsum(values: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    top = values.max(axis=axis, keepdims=True)
    total: NDArray[np.float64] = np.squeeze(top, axis) + np.log(np.exp(values - top).sum(axis=axis))
    return total


def _gaps(i: int, rows: Sequence[FormRow], labels: ChunkLabels) -> NDArray[np.float64]:
    """(rows + 1,) summed weights of leaving rows out before chunk i."""
    without = BLANK_ROW if labels.lossy else ROW_WITHOUT_VALUES
    single = [without if labels.seen(row, i) else MISSING_ROW for row in rows]
    return np.concatenate([[0.0], np.cumsum(single)])


def _entry_costs(sums: NDArray[np.float64], first: NDArray[np.float64]) -> NDArray[np.float64]:
    """(states, rows) weight of going on at a row from each state, for the rows left out between."""
    m = len(sums) - 1
    costs = np.maximum(MOST_MISSING, sums[None, :m] - sums[: m + 1, None])
    costs[np.arange(m + 1)[:, None] > np.arange(m)[None, :]] = NEVER
    costs[0] = first[:m]
    return costs


def _skip(chunk: Chunk) -> float:
    if chunk.glued:
        return IN_SENTENCE
    return max(EXTRA_CHUNK, EXTRA_VALUE * len(chunk.values))


def _options(fits: RunFits, weights: NDArray[np.float64], rows: Sequence[FormRow]) -> list[_Option]:
    """The rows that a chunk may stand for: one, or several in a row of which only the first has a label."""
    values, blanks, room = fits.counts
    options = []
    for first in range(len(rows)):
        label = float(weights[first])
        if label <= NEVER / 2:
            continue
        slots = 0
        for last in range(first, len(rows)):
            slots += rows[last].n_values
            n = last - first + 1
            if n > 1 and slots > max(values + blanks, room) + MOST_LOST * n:
                break
            fit = fits.of(tuple(rows[k].n_values for k in range(first, last + 1)))
            options.append(_Option(first, last, label + NO_LABEL / 2 * (n - 1) + fit, label))
    return options


def _text_table(
    table: Table,
    rows: Sequence[FormRow],
    path: _Path,
    useful: Sequence[int],
    chunks: Sequence[Chunk],
    weight: float,
) -> TextTable | None:
    own = [k for k, row in enumerate(rows) if row.table is table]
    base = own[0]
    spans = []
    evidence = 0.0
    for i, option, certainty in path.options:
        first, end = max(option.first, base), min(option.last + 1, own[-1] + 1)
        if first < end:
            spans.append(RowSpan(useful[i], first - base, end - base, certainty))
            if option.first >= base:
                evidence += max(0.0, option.label)
    if not spans or evidence < LEAST_LABELS * len(spans):
        return None
    covered = {k for s in spans for k in range(s.first, s.end)}
    unvalued = _unvalued([rows[k] for k in own], covered, spans, chunks)
    return TextTable(table, weight, tuple(rows[k] for k in own), tuple(spans), unvalued, evidence)


def _unvalued(
    rows: Sequence[FormRow], covered: set[int], spans: Sequence[RowSpan], chunks: Sequence[Chunk]
) -> dict[int, int]:
    """Rows that are not covered, but whose label stands between the chunks of the rows around them."""
    found = {}
    for k, row in enumerate(rows):
        if k in covered or row.row.label is None:
            continue
        before = max((s.chunk for s in spans if s.end <= k), default=max(0, spans[0].chunk - CHUNKS_AFTER))
        after = min(
            (s.chunk for s in spans if s.first > k), default=min(spans[-1].chunk + CHUNKS_AFTER, len(chunks) - 1)
        )
        for i in range(before, after + 1):
            if stands_in(row.row.label, chunks[i]):
                found[k] = i
                break
    return found
