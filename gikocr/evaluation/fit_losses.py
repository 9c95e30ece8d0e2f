"""Fits how often print is not seen: whole tables and rows by counting, the rates of single cells by expectation maximisation."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from gikocr.evaluation.reviewed import Reviewed, is_right
from gikocr.forms import Form
from gikocr.reconcile.blanks import FEWEST, NEXT_ROW, Row
from gikocr.reconcile.calibration import CELL_LOSSES, KindParameters, Losses
from gikocr.reconcile.cells import Belief, beliefs, rows_of
from gikocr.reconcile.structure import choose_placements

PRIOR_ROWS, PRIOR_TABLES, PRIOR_DOCUMENTS = 2000.0, 100.0, 30.0
"""The defaults count as much as so many rows, tables of one row, and documents."""
MOST_SEEN = 0.25
"""Where more of a table or row was read, single cells of it were lost, not the whole."""
ROUNDS = 30


def fit_losses(documents: Sequence[Reviewed], form: Form) -> Losses:
    """How often print was not seen in reviewed documents of one kind."""
    default = Losses()
    tables, exposed = PRIOR_TABLES * default.table, PRIOR_TABLES
    rows, looked_at = PRIOR_ROWS * default.row, PRIOR_ROWS
    single: list[tuple[int, int]] = []
    for document in documents:
        chosen, _ = choose_placements(document.reading, form)
        found = beliefs(document.reading, form, chosen, KindParameters())
        cells = lost_cells = 0
        for table in rows_of(found, form, chosen):
            exposed += NEXT_ROW ** (len(table) - 1)
            if _lost([i for row in table for i in row.blank], sum(r.cells for r in table), document, found):
                tables += 1
                continue
            for row in table:
                looked_at += len(table) > 1
                if len(table) > 1 and row.cells >= FEWEST and _lost(row.blank, row.cells, document, found):
                    rows += 1
                    continue
                cells += row.cells
                lost_cells += _count(row, document, found)
        single.append((lost_cells, cells))
    return Losses(rows / looked_at, min(0.2, tables / exposed), _shares(single, default.cells))


def _count(row: Row, document: Reviewed, found: Mapping[str, Belief]) -> int:
    """How many blank cells of a row are none."""
    return sum(
        i in document.truth.fields and not is_right(document.truth.fields[i], found[i].candidates[0]) for i in row.blank
    )


def _lost(blank: Sequence[str], cells: int, document: Reviewed, found: Mapping[str, Belief]) -> bool:
    """Whether all print of so many cells was lost: nearly all are blank, and most of these are none."""
    row = Row(tuple(blank), (), 0, 0)
    return len(blank) >= (1.0 - MOST_SEEN) * cells and 2 * _count(row, document, found) > len(blank)


def _shares(single: Sequence[tuple[int, int]], default: Sequence[float]) -> tuple[float, ...]:
    shares = list(default)
    for _ in range(ROUNDS):
        counts = [PRIOR_DOCUMENTS * share for share in default]
        for lost, cells in single:
            logs = [
                math.log(share) + lost * math.log(rate) + (cells - lost) * math.log1p(-rate)
                for share, rate in zip(shares, CELL_LOSSES, strict=True)
            ]
            top = max(logs)
            whole = math.fsum(math.exp(v - top) for v in logs)
            for k, value in enumerate(logs):
                counts[k] += math.exp(value - top) / whole
        shares = [c / sum(counts) for c in counts]
    return tuple(shares)
