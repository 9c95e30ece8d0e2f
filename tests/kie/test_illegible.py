"""Labels that can hardly be read: what is left of them places the table where it is the form's, and never where it is another's."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from gikocr.elements import CellText
from gikocr.forms import load_form
from gikocr.kie.registration import register
from gikocr.kie.rows import printed_rows, similarity_weight
from tests.kie.sheets import Sheet, lines_of, render, without

FORM = load_form()
NOISE = "曰口工田囗士土干千川小心寸冂刀力又山己巳凵匕卜厂广门弓子女"
"""Shapes that a reader makes of pale strokes."""
HARDLY = 0.45
"""Score of a reader that could hardly read."""


def garbled(dice: random.Random, share: float) -> Callable[[CellText], CellText]:
    """Readings of which only a share of the letters is right, one in six is missing."""

    def change(text: CellText) -> CellText:
        if not text.text:
            return text
        if dice.random() < 1 / 6:
            return CellText(None, HARDLY, True)
        return CellText("".join(c if dice.random() < share else dice.choice(NOISE) for c in text.text), HARDLY, True)

    return change


def changed(sheet: Sheet, change: Callable[[CellText], CellText]) -> Sheet:
    return replace(sheet, grid=replace(sheet.grid, texts=tuple(change(t) for t in sheet.grid.texts)))


@pytest.mark.parametrize("seed", range(8))
def test_a_page_of_pale_labels_keeps_its_rows(seed: int) -> None:
    table = FORM.table("三", "2021")
    lines = [line for line in without(lines_of(table), "heading", "received", "carried_in") if not line.head]
    sheet = changed(render(lines), garbled(random.Random(seed), 0.4))
    places = register(FORM, [sheet.grid])["三"]
    assert places
    wrong = [
        p.field_id
        for p in places[0].fields
        if p.box is not None and p.certainty > 0.9 and p.box.iou(sheet.truth[p.field_id]) < 0.9
    ]
    assert not wrong
    assert sum(p.box is not None for p in places[0].fields) > 0.8 * len(sheet.truth)


@pytest.mark.parametrize("seed", range(8))
def test_a_table_of_something_else_that_can_hardly_be_read_is_none_of_the_form_s(seed: int) -> None:
    dice = random.Random(seed)
    lines = lines_of(FORM.table("三", "2021"))

    def foreign(text: CellText) -> CellText:
        return CellText("".join(dice.choice(NOISE) for _ in text.text), HARDLY, True) if text.text else text

    found = register(FORM, [changed(render(lines), foreign).grid])
    assert not any(p.box is not None for places in found.values() for place in places for p in place.fields)


def test_legible_words_weigh_as_before() -> None:
    for likeness in (0.0, 0.3, 0.52, 0.8, 1.0):
        assert similarity_weight(likeness, 0.9) == similarity_weight(likeness)
    assert similarity_weight(0.4, 0.9) < 0.0 < similarity_weight(0.4, 0.4)
    assert similarity_weight(0.1, 0.4) < 0.0


def test_values_of_a_row_without_a_label_begin_where_those_of_the_others_do() -> None:
    lines = [line for line in lines_of(FORM.table("三", "2021")) if not line.head and line.section is not None]
    sheet = render(lines)
    rows = printed_rows(sheet.grid, 0)
    lost = 5
    cells = sheet.grid.grid.cells
    texts = tuple(
        CellText(None, 0.4, True) if c.row <= lost < c.row_end and t.text else t
        for c, t in zip(cells, sheet.grid.texts, strict=True)
    )
    again = printed_rows(replace(sheet.grid, texts=texts), 0)
    assert again[lost].labels == ()
    assert again[lost].values == rows[lost].values
    assert again[lost].filled == rows[lost].filled
