from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from gikocr.errors import EditConflict, SeniorNeeded, UsageError
from gikocr.export.tables import level_of
from gikocr.ingest import Input, open_document
from gikocr.pipeline import Extraction
from gikocr.pipeline.reporting import build_report
from gikocr.reconcile import reconcile_again
from gikocr.review import FormCell, FormView, Plan, Station
from gikocr.settings import Settings
from gikocr.workspace import Selection, StoredField
from tests.review.documents import (
    DOUBTS,
    FORM,
    GRANTED,
    IN_FORCE,
    ISSUED,
    RECEIVED,
    REPEALED,
    TOTAL,
    VALUES,
    draw_scan,
    make_document,
    make_reading,
)


def one(station: Station, field_id: str, report_id: int = 1) -> StoredField:
    return station.workspace.reviews.field(report_id, field_id)


def cells_of(view: FormView, table: str = "三", block: int = 0) -> list[list[FormCell | None]]:
    (found,) = [t for t in view.tables if t.key == table]
    return [list(row.cells) for row in found.blocks[block].rows]


def triples(fields: list[StoredField]) -> list[tuple[int, str, int]]:
    return [(f.report_id, f.field_id, f.version) for f in fields]


# Sheets


def test_a_sheet_holds_what_was_read_alike_and_is_settled_and_undone_whole(station: Station) -> None:
    text = str(VALUES[ISSUED])
    listed = dict(station.sheets())
    sheet = station.sheet(text, person="李")
    assert listed[text] == len(sheet.cells) > 0
    assert {c.field.printed for c in sheet.cells} == {text}
    assert all((c.field.confidence or 0) < 0.9999 for c in sheet.cells)
    assert {(c.field.report_id, ISSUED) for c in sheet.cells} >= {(r, ISSUED) for r in (1, 2, 3)}
    assert not station.sheet(text, person="王").cells
    fields = [c.field for c in sheet.cells]
    odd, rest = fields[0], fields[1:]
    before = {(f.report_id, f.field_id): f for f in station.workspace.fields()}
    done = station.settle_sheet("李", triples(rest), triples([odd]), request="s", seconds=10.0)
    again = station.settle_sheet("李", triples(rest), triples([odd]), request="s")
    assert len(done.fields) == len(again.fields) == len(fields) and not done.conflicts
    log = list(station.workspace.reviews.decisions())
    assert len(log) == len(fields)
    assert {d.kind for d in log} == ({"sheet", "odd"} if rest else {"odd"})
    assert one(station, odd.field_id, odd.report_id).waiting
    for field in rest:
        now = one(station, field.field_id, field.report_id)
        assert now.decided is not None and now.decided.value == field.value and not now.waiting
    assert not station.sheet(text, person="李").cells or odd.field_id in {
        c.field.field_id for c in station.sheet(text, person="李").cells
    }
    assert len(station.undo("李")) == len(fields)
    station.close()
    after = {(f.report_id, f.field_id): f for f in station.workspace.fields()}
    assert {k: replace(f, version=0) for k, f in after.items()} == before


def test_a_sheet_passes_over_what_somebody_else_decided_meanwhile(station: Station) -> None:
    fields = [c.field for c in station.sheet(str(VALUES[ISSUED]), person="李").cells if c.field.field_id == ISSUED]
    taken = fields[0]
    station.settle("王", taken.report_id, ISSUED, version=0, value=1, state="read")
    done = station.settle_sheet("李", triples(fields))
    assert [(c.stands.report_id, c.wanted) for c in done.conflicts] == [(taken.report_id, (VALUES[ISSUED], "read"))]
    assert len(done.fields) == len(fields) - 1
    decided = one(station, ISSUED, taken.report_id).decided
    assert decided is not None and decided.by == "王"


def test_sheets_in_pages(on_sqlite: Station) -> None:
    text, found, after = str(VALUES[ISSUED]), [], None
    while True:
        sheet = on_sqlite.sheet(text, person="李", after=after, limit=2, lease=False)
        found += [(c.field.report_id, c.field.field_id) for c in sheet.cells]
        after = sheet.after
        if after is None:
            break
    whole = on_sqlite.sheet(text, person="李", lease=False)
    assert sorted(found) == sorted((c.field.report_id, c.field.field_id) for c in whole.cells)
    assert len(found) == len(set(found))
    with pytest.raises(ValueError):
        on_sqlite.sheet(text, person="李", after="nonsense")


def test_the_odd_one_comes_first_on_a_sheet(on_sqlite: Station, tmp_path: Path) -> None:
    text = str(VALUES[REPEALED])
    ids = [
        make_document(on_sqlite.workspace, tmp_path / "scans", 20 + k, {REPEALED: ((text, 0.9), ("1", 0.05))})
        for k in range(8)
    ]
    odd = ids[3]
    scan = tmp_path / "scans" / "23.png"
    with Image.open(scan) as page:
        drawn = page.copy()
    other = make_document(
        on_sqlite.workspace, tmp_path / "scans", 30, {"disclosure.rules.in_force": ((text, 0.9), ("1", 0.05))}
    )
    assert drawn.size and odd
    for _ in range(20):
        cells = on_sqlite.sheet(text, person="李", lease=False).cells
        if all(c.unlikeness is not None for c in cells):
            break
        time.sleep(0.2)
    assert (cells[0].field.report_id, cells[0].field.field_id) == (other, "disclosure.rules.in_force")


# The whole form


def test_the_form_shows_every_cell_with_its_doubt_and_its_broken_sums(station: Station) -> None:
    view = station.form_view(1)
    assert [t.key for t in view.tables] == ["二", "三"]
    assert view.missing == ("四",)
    ((number, page),) = view.pages
    assert number == 1 and page == station.item(1, GRANTED).page_id
    cells = {c.field_id: c for t in view.tables for b in t.blocks for row in b.rows for c in row.cells if c is not None}
    assert cells.keys() == VALUES.keys()
    assert {i for i, c in cells.items() if c.doubtful} == set(DOUBTS)
    assert set(cells[RECEIVED].broken) == {"row_total.received", "balance.natural_person"}
    assert cells[GRANTED].broken == ()
    assert all(c.bbox is not None and c.page == 1 for c in cells.values())
    (block,) = view.tables[1].blocks
    assert len(block.columns) == 7 and len(block.rows) == 25
    assert block.rows[0].headings[0].startswith("一、")


def test_a_form_that_was_looked_at_whole_is_truth(station: Station, tmp_path: Path) -> None:
    for field_id in DOUBTS:
        station.settle("李", 1, field_id, version=0, value=VALUES[field_id], state="read")
    fields = station.workspace.fields(Selection(report_ids=(1,)))
    done = station.confirm_form("李", 1, [(f.field_id, f.version) for f in fields if f.decided is None])
    assert len(done.fields) == len(VALUES) - len(DOUBTS)
    assert station.labels.write_truth(tmp_path / "truth").count == 1
    truth = json.loads((tmp_path / "truth" / "0.png.json").read_text())
    assert {i: f["value"] for i, f in truth["fields"].items()} == VALUES
    assert truth["tags"] == ["reviewed", "whole"]
    station.undo("李")
    assert station.labels.write_truth(tmp_path / "again").count == 0
    assert station.labels.write_truth(tmp_path / "again", whole=False).count == 1


def test_a_row_that_was_registered_one_too_high_is_moved(station: Station) -> None:
    before = cells_of(station.form_view(1))
    moved = station.shift("李", 1, "三", 0, rows=range(2, 6), columns=range(7), down=1)
    assert not moved.conflicts and len(moved.fields) == 35
    after = cells_of(station.form_view(1))
    for row in range(3, 7):
        for column in range(7):
            now, source = after[row][column], before[row - 1][column]
            assert now is not None and source is not None
            assert (now.value, now.crop_id, now.bbox) == (source.value, source.crop_id, source.bbox)
            assert now.decided_by == "李" and not now.doubtful
            assert now.read_value == before[row][column].read_value  # type: ignore[union-attr]
    assert all(c is not None and c.doubtful and c.decided_by is None for c in after[2])
    assert [c and c.value for c in after[7]] == [c and c.value for c in before[7]]
    item = station.item(1, after[4][0].field_id)  # type: ignore[union-attr]
    assert item.crop_id is not None and station.picture(item.crop_id) is not None
    assert len(station.undo("李")) == 35
    station.close()
    assert [[replace(c, version=0) for c in row if c] for row in cells_of(station.form_view(1))] == [
        [replace(c, version=0) for c in row if c] for row in before
    ]


def test_a_doubtful_number_stays_doubtful_where_it_is_moved_to(station: Station) -> None:
    station.shift("李", 1, "三", 0, rows=[0], columns=range(7), right=1)
    after = cells_of(station.form_view(1))[0]
    assert after[1] is not None and after[1].doubtful and after[1].value == 99
    assert after[2] is not None and not after[2].doubtful
    levels = [level_of(one(station, c.field_id)) for c in after[:3] if c is not None]
    assert levels[1] in ("doubtful", "very_doubtful") and levels[2] == "decided"
    assert after[0] is not None and after[0].doubtful


def test_moves_that_move_nothing_are_refused(on_sqlite: Station) -> None:
    for table, block, rows, down in (("三", 0, [2], 0), ("三", 1, [2], 1), ("四", 0, [0], 1), ("三", 0, [99], 1)):
        with pytest.raises(UsageError):
            on_sqlite.shift("李", 1, table, block, rows=rows, columns=[0], down=down)
    assert list(on_sqlite.workspace.reviews.decisions()) == []


def test_a_cell_that_was_not_found_is_shown_where_its_row_and_column_meet(on_sqlite: Station, tmp_path: Path) -> None:
    report_id = make_document(on_sqlite.workspace, tmp_path / "scans", 9, {}, [GRANTED])
    item, known = on_sqlite.item(report_id, GRANTED), on_sqlite.item(1, GRANTED)
    assert item.field.state == "unreadable" and item.field.bbox is None
    assert item.bbox == pytest.approx(known.bbox)
    assert item.crop_id is not None and item.page == 1
    crop, other = on_sqlite.picture(item.crop_id), on_sqlite.picture(known.crop_id or "")
    assert crop is not None and other is not None
    assert Image.open(crop).size == Image.open(other).size


# Two people, one field


def test_two_who_agree_and_two_who_differ(station: Station) -> None:
    station.set_plan(Plan(0, 1, 0.0, (ISSUED, REPEALED)))
    station.settle("李", 1, ISSUED, version=0, value=10, state="read")
    station.settle("李", 1, REPEALED, version=0, value=77, state="read")
    assert all(not i.blind for i in station.queue(person="李", limit=50, lease=False))
    blind = {i.field.field_id: i for i in station.queue(person="王", limit=50) if i.blind}
    assert blind.keys() == {ISSUED, REPEALED}
    assert all(i.field.decided is None for i in blind.values())
    agreed = station.settle("王", 1, ISSUED, version=blind[ISSUED].version, value=10, state="read", blind=True)
    assert not agreed.differs and not agreed.field.waiting
    differs = station.settle("王", 1, REPEALED, version=blind[REPEALED].version, value=11, state="read", blind=True)
    assert differs.differs and differs.field.waiting and differs.field.decided is None
    assert [d.kind for d in station.workspace.reviews.decisions(1)] == ["accept", "accept", "second", "second"]
    assert REPEALED not in {i.field.field_id for i in station.queue(person="张", limit=50) if i.report.id == 1}
    (item,) = station.disagreements()
    assert item.keying is not None and item.keying.second is not None
    assert (item.keying.first[0], item.keying.second[0], item.handed_up) == (77, 11, "two answers differ")
    assert station.counts(person="张").handed_up == 1
    everybody, *_ = station.agreement()
    assert (everybody.pairs, everybody.agreed, everybody.share) == (2, 1, 0.5)
    station.settle("张", 1, REPEALED, version=item.version, value=11, state="read")
    assert station.disagreements() == []
    decided = one(station, REPEALED).decided
    assert decided is not None and (decided.value, decided.by) == (11, "张")


def test_a_second_answer_that_is_taken_back_is_asked_again(station: Station) -> None:
    station.set_plan(Plan(0, 1, 0.0, (REPEALED,)))
    station.settle("李", 1, REPEALED, version=0, value=77, state="read")
    station.settle("王", 1, REPEALED, version=1, value=11, state="read", blind=True)
    station.undo("王")
    decided = one(station, REPEALED).decided
    assert decided is not None and (decided.value, decided.by) == (77, "李")
    assert station.disagreements() == []
    assert [
        i.blind for i in station.queue(person="张", limit=50) if i.field.field_id == REPEALED and i.report.id == 1
    ] == [True]
    station.undo("李")
    assert one(station, REPEALED).waiting
    assert not any(i.blind for i in station.queue(person="赵", limit=50, lease=False))


def test_somebody_who_saw_the_answer_is_no_second_opinion(station: Station) -> None:
    station.set_plan(Plan(0, 1, 1.0))
    station.settle("李", 1, ISSUED, version=0, value=10, state="read")
    station.settle("王", 1, ISSUED, version=1, value=11, state="read")
    assert not any(i.blind for i in station.queue(person="张", limit=50) if i.report.id == 1)
    assert station.agreement() == []


def test_what_is_handed_up_waits_for_a_senior(station: Station) -> None:
    station.hand_up("李", 1, ISSUED, "paper torn")
    assert ISSUED not in {i.field.field_id for i in station.queue(person="王", limit=50) if i.report.id == 1}
    (item,) = station.disagreements()
    assert (item.field.field_id, item.handed_up, item.keying) == (ISSUED, "paper torn", None)
    station.settle("张", 1, ISSUED, version=0, value=10, state="read")
    assert station.disagreements() == []


def test_only_a_senior_settles_what_was_handed_up(station: Station) -> None:
    station.people.add("张", "senior")
    station.hand_up("李", 1, ISSUED, "paper torn")
    for person in ("李", "王", ""):
        with pytest.raises(SeniorNeeded):
            station.settle(person, 1, ISSUED, version=0, value=10, state="read")
        assert station.item(1, ISSUED, person=person).locked
    for done in (
        station.confirm_form("王", 1, [(ISSUED, 0), (REPEALED, 0)]),
        station.settle_sheet("王", [(1, ISSUED, 0)], [(1, IN_FORCE, 0)]),
        station.settle_sheet("王", [], [(1, ISSUED, 0)]),
        station.shift("王", 1, "二", 0, rows=[0], columns=[0], right=1),
    ):
        assert [type(c) for c in done.conflicts] == [SeniorNeeded]
    assert one(station, ISSUED).version == 0
    view = station.form_view(1, person="王")
    assert {c.field_id for t in view.tables for b in t.blocks for r in b.rows for c in r.cells if c and c.locked} == {
        ISSUED
    }
    item = station.item(1, ISSUED, person="张")
    assert (item.locked, item.handed_up) == (False, "paper torn")
    assert not station.settle("张", 1, ISSUED, version=0, value=10, state="read").field.waiting


def test_who_asked_may_take_the_question_back(station: Station) -> None:
    station.people.add("张", "senior")
    station.hand_up("李", 1, ISSUED, "paper torn")
    assert not station.withdraw("王", 1, ISSUED)
    assert station.withdraw("李", 1, ISSUED)
    assert not station.withdraw("李", 1, ISSUED)
    assert not station.settle("王", 1, ISSUED, version=0, value=10, state="read").field.waiting


def test_none_of_the_two_who_differ_decides(station: Station) -> None:
    station.people.add("张", "senior")
    station.set_plan(Plan(0, 1, 0.0, (REPEALED,)))
    station.settle("李", 1, REPEALED, version=0, value=77, state="read")
    assert station.settle("王", 1, REPEALED, version=1, value=11, state="read", blind=True).differs
    for person in ("李", "王"):
        assert not station.withdraw(person, 1, REPEALED)
        assert station.item(1, REPEALED, person=person).keying is None
        with pytest.raises(SeniorNeeded):
            station.settle(person, 1, REPEALED, version=2, value=11, state="read")
    assert station.item(1, REPEALED, person="张").keying is not None
    assert not station.settle("张", 1, REPEALED, version=2, value=11, state="read").field.waiting


def test_where_nobody_is_senior_everybody_settles(station: Station) -> None:
    station.people.add("张", "senior")
    assert [station.people.is_senior(name) for name in ("张", "李")] == [True, False]
    station.people.retire("张")
    assert station.people.is_senior("李")


def test_a_second_answer_is_given_without_any_sight_of_the_first(station: Station) -> None:
    """Nothing of it is told by the field's address, by the form, by sums it takes part in, or by a conflict."""
    station.set_plan(Plan(0, 1, 0.0, (RECEIVED,)))
    first = station.settle("李", 1, RECEIVED, version=0, value=VALUES[RECEIVED] + 5, state="read")
    assert not station.sees("王", 1, RECEIVED) and station.sees("李", 1, RECEIVED)
    item = station.item(1, RECEIVED, person="王")
    assert item.blind and item.field.decided is None and item.field.value is None
    assert (item.alternatives, item.sums, item.suggestion, item.handed_up) == ((), (), None, None)
    assert not station.item(1, RECEIVED, person="李").blind
    view = station.form_view(1, person="王")
    cells = {c.field_id: c for t in view.tables for b in t.blocks for r in b.rows for c in r.cells if c}
    cell = cells[RECEIVED]
    assert (cell.hidden, cell.value, cell.read_value, cell.printed, cell.decided_by, cell.confidence) == (
        True, None, None, None, None, None,
    )  # fmt: skip
    assert [c.field_id for c in cells.values() if c.hidden] == [RECEIVED]
    for sums in (view.sums, station.item(1, TOTAL, person="王").sums):
        touched = [s for s in sums if any(t.field_id == RECEIVED for t in s.terms)]
        assert touched and all((s.holds, s.left, s.right, s.difference) == (None,) * 4 for s in touched)
        assert all(t.value is None for s in touched for t in s.terms if t.field_id == RECEIVED)
    # To look at the whole form confirms nothing that was not seen.
    done = station.confirm_form("王", 1, [(RECEIVED, first.field.version), (TOTAL, 0)])
    assert [f.field_id for f in done.fields] == [TOTAL]
    (row, *_) = [r for r in station.audit(person="王") if r["field"] == RECEIVED]
    assert (row["by"], row["old_state"], row["new_value"], row["new_state"]) == ("李", "withheld", None, "withheld")
    for person in ("李", None):
        (row, *_) = [r for r in station.audit(person=person) if r["field"] == RECEIVED]
        assert (row["new_value"], row["new_state"]) == (VALUES[RECEIVED] + 5, "read")
    own = station.form_view(1, person="李")
    assert not any(c.hidden for t in own.tables for b in t.blocks for r in b.rows for c in r.cells if c)
    station.settle("王", 1, RECEIVED, version=1, value=VALUES[RECEIVED] + 5, state="read", blind=True)
    assert station.sees("王", 1, RECEIVED)


def test_what_a_senior_takes_back_waits_for_a_senior_again(station: Station) -> None:
    station.hand_up("李", 1, ISSUED, "paper torn")
    station.settle("张", 1, ISSUED, version=0, value=10, state="read")
    station.undo("张")
    (item,) = station.disagreements()
    assert (item.field.field_id, item.handed_up, item.field.decided) == (ISSUED, "paper torn", None)
    assert ISSUED not in {i.field.field_id for i in station.queue(person="王", limit=50) if i.report.id == 1}


def test_a_question_that_comes_again_after_its_answer_is_not_asked_again(station: Station) -> None:
    """The answer to the request was lost, the browser sends it once more, and a senior was fast."""
    station.hand_up("李", 1, ISSUED, "paper torn", version=0)
    station.hand_up("李", 1, ISSUED, "paper torn", version=0)
    station.settle("张", 1, ISSUED, version=0, value=10, state="read")
    with pytest.raises(EditConflict):
        station.hand_up("李", 1, ISSUED, "paper torn", version=0)
    assert station.disagreements() == []


def test_a_second_keyer_who_asks_a_senior_is_not_asked_again(station: Station) -> None:
    station.set_plan(Plan(0, 1, 0.0, (ISSUED,)))
    station.settle("李", 1, ISSUED, version=0, value=10, state="read")
    station.hand_up("王", 1, ISSUED, "cannot read it")
    assert not any(i.blind for i in station.queue(person="王", limit=50))


def test_a_sheet_of_a_report_that_was_read_anew_is_no_obstacle(on_sqlite: Station) -> None:
    """What is no longer there is passed over; an error would be sent again and again, and hold up all decisions after it."""
    done = on_sqlite.settle_sheet("李", [(99, ISSUED, 0), (1, ISSUED, 0)], [(99, REPEALED, 0), (2, REPEALED, 0)])
    assert {(f.report_id, f.field_id) for f in done.fields} == {(1, ISSUED), (2, REPEALED)}


# A missing page


class Reader:
    """In the place of the pipeline: reads a document of two pictures, the second of which has what was lost."""

    fingerprint = "f"

    def __init__(self, lost: tuple[str, ...] = ()) -> None:
        self.lost = lost

    def extract(self, item: Input) -> Extraction:
        with open_document(item, Settings()) as document:
            source = document.source
        reading = make_reading(DOUBTS, self.lost)
        posterior = reconcile_again(reading, FORM)
        report = build_report(
            FORM,
            reading,
            posterior,
            source=source,
            fingerprint="f",
            models=(),
            issues=(),
            seconds={},
            review_below=0.99,
        )
        return Extraction(report, reading)


def test_a_page_is_attached_and_what_was_decided_is_kept(station: Station, tmp_path: Path) -> None:
    lost = "requests.granted.total"
    report_id = make_document(station.workspace, tmp_path / "scans", 9, DOUBTS, [lost])
    station.settle("李", report_id, REPEALED, version=0, value=11, state="read")
    station._reader = Reader()  # type: ignore[assignment]
    page = draw_scan(tmp_path / "more" / "page.png", 99).paths[0]
    new = station.attach_page("王", report_id, page)
    page.unlink()
    assert new.id != report_id and new.pages == 2
    assert [r.name for r in station.workspace.reports(Selection(name="9.png"))] == ["9.png"]
    decided = one(station, REPEALED, new.id).decided
    assert decided is not None and (decided.value, decided.by) == (11, "李")
    assert one(station, lost, new.id).state == "read"
    assert station.item(new.id, lost).crop_id is not None
    item = Input("9.png", (tmp_path / "scans" / "9.png",))
    (known,) = station.workspace.sources.known([item], "f")
    assert known is not None and known.same_place and known.current
    assert [f.name for f in station.workspace.folder.out.glob("9.png*")] == ["9.png.json"]
    assert station.undo("李") == [] or one(station, REPEALED, new.id).decided is not None


def test_a_page_that_cannot_be_read_changes_nothing(station: Station, tmp_path: Path) -> None:
    before = list(station.workspace.fields())
    station._reader = SimpleNamespace(extract=_fails, fingerprint="f")  # type: ignore[assignment]
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    with pytest.raises(UsageError):
        station.attach_page("李", 1, broken)
    with pytest.raises(UsageError, match="cannot be read"):
        station.attach_page("李", 1, tmp_path / "absent.png")
    assert list(station.workspace.fields()) == before


def _fails(item: Input) -> Any:
    with open_document(item, Settings()) as document:
        source = document.source
    reading = replace(make_reading(), tables=())
    posterior = reconcile_again(reading, FORM)
    report = build_report(
        FORM, reading, posterior, source=source, fingerprint="f", models=(), issues=(), seconds={}, review_below=0.99
    )
    return Extraction(report, reading)
