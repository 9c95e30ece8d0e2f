"""The scan maker's documents before they are drawn: numbers, marks, splits, tables."""

from __future__ import annotations

import csv
import itertools
from pathlib import Path

import pytest

from scripts.scanmaker import form
from scripts.scanmaker.breaking import cut_table
from scripts.scanmaker.report import ReportPlan, plan_report
from scripts.scanmaker.splits import GRADES, SPLITS, load_splits
from scripts.scanmaker.tables import PrintedTable

CONTRACT = Path(__file__).resolve().parents[3] / "shared" / "contract"
needs_contract = pytest.mark.skipif(not CONTRACT.is_dir(), reason="the output contract (../shared) is not here")
SERIES = 150


@pytest.fixture(scope="module")
def plans() -> list[ReportPlan]:
    return [plan_report(load_splits(), split, 77, i) for split in SPLITS for i in range(SERIES)]


def _rows(name: str) -> list[dict[str, str]]:
    with (CONTRACT / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@needs_contract
@pytest.mark.parametrize("edition", ["2021", "2019"])
def test_form_has_the_fields_and_rules_of_the_contract(edition: str) -> None:
    key = next(k for k in _rows("fields.csv")[0] if k.endswith("id"))
    contract = [r[key] for r in _rows("fields.csv") if r["edition"] == edition]
    assert sorted(f for t in "二三四" for f in form.field_ids(t, edition)) == sorted(contract)
    sums = {
        r["rule_id"]: (sorted(r["left_sum_of"].split()), sorted(r["right_sum_of"].split()))
        for r in _rows("rules.csv")
        if r["edition"] == edition
    }
    for rule, left, right in form.rules(edition):
        sides = (sorted(left), sorted(right))
        assert sums[rule] in (sides, sides[::-1]), rule
    assert len(sums) == len(form.rules(edition))


def test_every_field_of_the_edition_is_printed(plans: list[ReportPlan]) -> None:
    for plan in plans:
        wanted = {f for t, edition in plan.figures.tables.items() for f in form.field_ids(t, edition)}
        assert set(plan.figures.cells) == wanted
        printed = [c.field for p in plan.pieces if p.table for row in p.table.rows for c in row if c.field]
        assert sorted(printed) == sorted(wanted), plan.seed


def test_hybrid_has_table_three_of_2019_and_the_rest_of_2021(plans: list[ReportPlan]) -> None:
    hybrids = [p for p in plans if p.edition == "hybrid"]
    assert hybrids
    assert all(p.figures.tables == {"二": "2021", "三": "2019", "四": "2021"} for p in hybrids)


def test_sums_hold_unless_the_authority_erred(plans: list[ReportPlan]) -> None:
    erred = 0
    for plan in plans:
        cells = plan.figures.cells
        broken = [
            rule
            for rule, left, right in form.rules(plan.figures.tables["三"])
            if sum(int(cells[f].value or 0) for f in left) != sum(int(cells[f].value or 0) for f in right)
        ]
        erred += bool(broken)
        assert not broken or "source_error" in plan.figures.traits, (plan.seed, broken)
    assert erred > 0, "no document of the series has a source error: the share of errors has been lost"


def test_truth_says_what_is_printed(plans: list[ReportPlan]) -> None:
    marks = {"": "blank", "/": "slash", "-": "dash", "－": "dash", "—": "dash", "无": "none_word"}
    full_width = str.maketrans("０１２３４５６７８９", "0123456789")
    for plan in plans:
        for field, cell in plan.figures.cells.items():
            if cell.state != "read":
                assert marks[cell.text] == cell.state and cell.value is None
                continue
            digits = cell.text.translate(full_width).replace(",", "").rstrip("万元件笔项").lstrip("+")
            assert digits == str(cell.value), (field, cell)
            assert isinstance(cell.value, str) == (field in form.AMOUNTS)


def test_numbers_are_varied(plans: list[ReportPlan]) -> None:
    requests = [[c.value or 0 for f, c in p.figures.cells.items() if f.startswith("requests.")] for p in plans]
    zero = sum(v == 0 for row in requests for v in row) / sum(map(len, requests))
    assert 0.78 < zero < 0.93
    assert 0.06 < sum(not any(row) for row in requests) / len(requests) < 0.25
    assert max(int(v) for row in requests for v in row) > 2_000
    states = {c.state for p in plans for c in p.figures.cells.values()}
    assert states == {"read", "blank", "slash", "dash", "none_word"}
    assert any(isinstance(c.value, int) and c.value < 0 for p in plans for c in p.figures.cells.values())


def test_splits_share_no_font_style_agency_or_seed(plans: list[ReportPlan]) -> None:
    splits = load_splits()
    for name in ("cells", "labels", "titles"):
        pools = [set(getattr(splits.fonts[s], name)) for s in SPLITS]
        assert not pools[0] & pools[1] and not pools[0] & pools[2] and not pools[1] & pools[2], name
    families = [{f for n in ("cells", "labels", "titles") for f in getattr(splits.fonts[s], n)} for s in SPLITS]
    assert sum(map(len, families)) == len(set.union(*families))
    for choose in (lambda p: p.agency.name, lambda p: p.design.style.name, lambda p: p.seed[0]):
        seen = [{choose(p) for p in plans if p.split == s} for s in SPLITS]
        assert sum(map(len, seen)) == len(set.union(*seen))
    ends = sorted((splits.seed(s, 0), splits.seed(s, splits.seed_size - 1)) for s in SPLITS)
    assert all(last < first for (_, last), (first, _) in itertools.pairwise(ends))
    with pytest.raises(ValueError, match="seed"):
        splits.seed("dev", splits.seed_size)


def test_test_split_goes_beyond_development() -> None:
    splits = load_splits()
    for grade in GRADES:
        dev, test = splits.recipes[grade, "dev"], splits.recipes[grade, "test"]
        assert test.blur[1] > dev.blur[1] and test.paper[0] < dev.paper[0]
    assert set(splits.recipes["archive", "test"].effects) > set(splits.recipes["archive", "dev"].effects)


def test_same_seed_gives_the_same_plan_and_another_seed_another() -> None:
    splits = load_splits()
    assert plan_report(splits, "dev", 5, 3) == plan_report(splits, "dev", 5, 3)
    assert plan_report(splits, "dev", 5, 3) != plan_report(splits, "dev", 5, 4)
    assert plan_report(splits, "dev", 5, 3).figures != plan_report(splits, "dev", 6, 3).figures


def _covered(table: PrintedTable) -> list[list[int]]:
    """How many cells cover each place of the grid."""
    grid = [[0] * len(table.widths) for _ in table.rows]
    for i, row in enumerate(table.rows):
        at = 0
        for cell in row:
            while grid[i][at]:
                at += 1
            for r in range(i, i + cell.rowspan):
                for c in range(at, at + cell.colspan):
                    grid[r][c] += 1
            at += cell.colspan
    return grid


def test_cells_tile_every_table_also_where_it_is_cut(plans: list[ReportPlan]) -> None:
    cut = 0
    for plan in plans:
        for piece in plan.pieces:
            if piece.table is None:
                continue
            cut += piece.table.continued
            assert all(n == 1 for row in _covered(piece.table) for n in row), (plan.seed, piece.table.name)
            assert abs(sum(piece.table.widths) - 1) < 1e-6
    assert cut > 0


@pytest.mark.parametrize("label", ["blank", "repeated", "halved"])
def test_cutting_a_table_keeps_every_value(plans: list[ReportPlan], label: str) -> None:
    table = next(p.table for plan in plans for p in plan.pieces if p.table and p.table.name == "三")
    wanted = [c.field for row in table.rows for c in row if c.field]
    for at in range(table.heads + 1, len(table.rows)):
        parts = cut_table(table, at, repeat_heads=True, label=label)
        assert [c.field for part in parts for row in part.rows for c in row if c.field] == wanted
        assert all(n == 1 for part in parts for row in _covered(part) for n in row)
    with pytest.raises(ValueError, match="cut"):
        cut_table(table, 1, repeat_heads=False, label=label)
