"""How often print is lost must be found again from documents in which it was."""

from __future__ import annotations

from collections.abc import Set
from decimal import Decimal
from pathlib import Path

import pytest

from gikocr.evaluation.fit_losses import fit_losses
from gikocr.evaluation.reviewed import Reviewed
from gikocr.evaluation.truth import Accepted, TruthDocument, TruthField
from gikocr.reconcile.calibration import Losses
from tests.reconcile.readings import FORM, reading

ALL = {t: FORM.table(t, "2021").fields for t in FORM.table_keys}
ROW = [i for i in ALL["三"] if i.startswith("requests.granted.")]


def document(lost: Set[str], blank: Set[str] = frozenset()) -> Reviewed:
    """A form of zeros: ``lost`` are read as blank though 0 is printed there, ``blank`` are blank."""
    given = {
        t: ("2021", {i: [("", 0.9995)] if i in lost or i in blank else [("0", 0.999)] for i in ids})
        for t, ids in ALL.items()
    }
    fields = {
        i: TruthField(i, Accepted(None, "blank") if i in blank else Accepted(Decimal(0), "read"))
        for ids in ALL.values()
        for i in ids
    }
    return Reviewed(TruthDocument("a.json", Path("a.json"), None, (), None, None, fields, ()), reading(given), "a", "f")


@pytest.fixture(scope="module")
def whole() -> Losses:
    return fit_losses([document(set())] * 10, FORM)


def test_rows_and_tables_that_were_lost_are_counted_and_blank_ones_are_not(whole: Losses) -> None:
    clean = [document(set())] * 9
    assert fit_losses([*clean, document(set(ROW))], FORM).row > whole.row
    assert fit_losses([*clean, document(set(ALL["四"]))], FORM).table > whole.table
    truly = fit_losses([*clean, document(set(), {*ROW, *ALL["四"]})], FORM)
    assert (truly.row, truly.table) == (whole.row, whole.table)


def test_single_cells_tell_of_documents_that_lose_many(whole: Losses) -> None:
    scattered = set(ALL["三"][::9])
    found = fit_losses([document(scattered)] * 10, FORM)
    assert found.row == whole.row
    assert found.cells[-1] > 3 * whole.cells[-1]
    assert sum(found.cells) == pytest.approx(1.0)
    assert whole.cells[0] > Losses().cells[0]
