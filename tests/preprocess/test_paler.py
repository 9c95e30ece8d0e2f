"""A page without its paler ink: a drum's ghost of a table goes, the table itself stays, on uneven paper too."""

from __future__ import annotations

import numpy as np
import pytest

from gikocr.preprocess.paler import without_paler
from gikocr.table.found import find_grids
from tests.drawing import PAGE, Ruled, blank_page, write

TABLE = Ruled(rows=[60] * 6, cols=[300, *[150] * 6])


def ghost(page: np.ndarray, shift: int, by: int) -> np.ndarray:
    """The page with itself over it, lower and paler."""
    pale = np.roll(255 - page, shift, axis=0) // by
    return np.clip(page.astype(np.int32) - pale, 0, 255).astype(np.uint8)


def table_page() -> np.ndarray:
    page = blank_page()
    TABLE.draw(page)
    for r in range(6):
        for c in range(7):
            x0, y0, x1, y1 = TABLE.box(r, r + 1, c, c + 1)
            write(page, "公开情况" if c == 0 else str(10 * r + c), ((x0 + x1) / 2, (y0 + y1) / 2))
    return page


@pytest.mark.parametrize("by", [4, 8])
def test_the_rules_of_a_ghost_are_gone_and_the_tables_own_stay(by: int) -> None:
    page = ghost(table_page(), 25, by)
    assert [g.n_rows for g in find_grids(page).grids] != [6], "the ghost matters"
    assert [g.n_rows for g in find_grids(without_paler(page)).grids] == [6]


def test_a_page_of_one_kind_of_ink_keeps_it_on_paper_that_gets_darker() -> None:
    page = table_page()
    dusk = np.linspace(0, 60, PAGE[1], dtype=np.float32)[:, None]
    darker = np.clip(page - dusk, 0, 255).astype(np.uint8)
    kept = without_paler(darker)
    ink = page < 100
    assert np.array_equal(kept[ink], darker[ink])


def test_an_empty_page_stays_as_it_is() -> None:
    page = blank_page((400, 600))
    assert np.array_equal(without_paler(page), page)
