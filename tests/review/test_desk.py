from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from gikocr.errors import EditConflict, WorkspaceError
from gikocr.report import Report
from gikocr.review import Item, Place, Plan, Station
from gikocr.settings import Settings
from gikocr.workspace import Selection, StoredField, Workspace
from tests.review.documents import (
    DOUBTS,
    GRANTED,
    IN_FORCE,
    ISSUED,
    RECEIVED,
    REPEALED,
    TOTAL,
    VALUES,
    make_document,
)

#: Four cells at the corners of a rectangle, whose second readings fulfil all sums too: to know one is to know them all.
CORNERS = {
    GRANTED: -1,
    "requests.granted.research": 1,
    "requests.partly_granted.business": 1,
    "requests.partly_granted.research": -1,
}
AMBIGUOUS = {f: ((str(VALUES[f]), 0.5), (str(VALUES[f] + d), 0.45)) for f, d in CORNERS.items()}


def one(station: Station, field_id: str, report_id: int = 1) -> StoredField:
    return station.workspace.reviews.field(report_id, field_id)


def settle(station: Station, field_id: str, value: int, *, by: str = "李", report_id: int = 1, **more: object):
    version = one(station, field_id, report_id).version
    return station.settle(by, report_id, field_id, version=version, value=value, state="read", **more)  # type: ignore[arg-type]


def walk(station: Station, person: str, order: str = "harm", limit: int = 7) -> list[Item]:
    found: list[Item] = []
    place: Place | None = None
    while page := station.queue(order, person=person, after=place, limit=limit, lease=False):  # type: ignore[arg-type]
        found += page
        place = Place.parse(str(page[-1].place))
    return found


@pytest.mark.parametrize("order", ["harm", "doubt", "document", "field", "agency"])
def test_the_queue_gives_every_waiting_field_once_and_the_sample_between_them(station: Station, order: str) -> None:
    items = walk(station, "李", order)
    keys = [(i.report.id, i.field.field_id) for i in items]
    assert len(keys) == len(set(keys))
    asked = [i for i in items if not i.sample]
    assert {(i.report.id, i.field.field_id) for i in asked} == {(r, f) for r in (1, 2, 3) for f in DOUBTS}
    assert all(i.field.waiting for i in asked)
    sample = [i for i in items if i.sample]
    assert len(sample) == station.residual().asked > 0
    assert not any(i.field.needs_review for i in sample)
    if order == "harm":
        assert [i.field.field_id for i in asked[:3]] == [RECEIVED] * 3
    if order == "document":
        assert [i.report.id for i in asked] == sorted(i.report.id for i in asked)
    if order == "field":
        assert [i.field.field_id for i in asked] == sorted(i.field.field_id for i in asked)


def test_a_place_of_another_order_or_of_nowhere_is_refused(on_sqlite: Station) -> None:
    place = on_sqlite.queue("harm", person="李")[-1].place
    with pytest.raises(ValueError, match="order"):
        on_sqlite.queue(
            "agency", person="李", after=replace(place, main=on_sqlite.queue("harm", person="李")[-1].place.main)
        )
    for text in (
        *(
            "",
            "[]",
            "1",
            '[null, "x", ""]',
            '["[\\"harm\\"]", 1, ""]',
            '["[\\"nowhere\\", 1]", 1, ""]',
            '[null, true, ""]',
        ),
        *(f'[null, {2**31}, ""]', '[null, 1, "\\u0000"]', '[null, 1, "\\ud800"]', '[null, 1, "", 2]'),
    ):
        with pytest.raises(ValueError):
            Place.parse(text)


def test_two_reviewers_are_asked_different_fields(station: Station) -> None:
    mine = station.queue(person="李", limit=6)
    others = station.queue(person="王", limit=200)
    assert mine and others
    held = {(i.report.id, i.field.field_id) for i in mine}
    assert not held & {(i.report.id, i.field.field_id) for i in others}
    for report_id, field_id in held:
        station.release("李", report_id, field_id)
    again = station.queue(person="王", limit=200)
    assert held <= {(i.report.id, i.field.field_id) for i in again}


def test_an_item_says_what_is_needed_to_decide(station: Station) -> None:
    (item,) = [i for i in station.queue(person="李", limit=50) if (i.report.id, i.field.field_id) == (1, RECEIVED)]
    assert [(c.value, c.state) for c in item.alternatives[:2]] == [(99, "read"), (98, "read")]
    assert {s.rule_id for s in item.sums} == {"row_total.received", "balance.natural_person"}
    (balance,) = [s for s in item.sums if s.rule_id == "balance.natural_person"]
    assert balance.holds is False
    assert balance.difference == 99 - VALUES[RECEIVED]
    assert sum(t.coefficient * (t.value or 0) for t in balance.terms) == balance.difference
    assert item.suggestion is not None
    assert (item.suggestion.value, item.suggestion.seen) == (VALUES[RECEIVED], False)
    assert item.row.zh and item.column.zh == "自然人" and item.column.en == "natural person"
    assert item.bbox is not None and all(0 <= side <= 1 for side in item.bbox)
    assert item.crop_id is not None and item.page_id is not None
    crop, page = station.picture(item.crop_id), station.picture(item.page_id)
    assert crop is not None and page is not None
    assert Image.open(page).size[0] > Image.open(crop).size[0] > 80


@pytest.mark.parametrize(
    "picture_id",
    [
        "",
        "c1-1-00000000",
        "p1-99",
        "p99-1",
        "c999-1-00000000",
        "../../etc/passwd",
        "p1-1",
        "p1-1-00000000",
        "p1-1-00000000/..",
        "p１-1",
        "p1-1\n",
        "c" + "9" * 40,
    ],
)
def test_an_unknown_picture_is_none(on_sqlite: Station, picture_id: str) -> None:
    assert on_sqlite.picture(picture_id) is None


def test_what_a_person_settles_makes_sums_hold_and_others_sure(station: Station, tmp_path: Path) -> None:
    report_id = make_document(station.workspace, tmp_path / "scans", 9, AMBIGUOUS | {RECEIVED: DOUBTS[RECEIVED]})
    others = [f for f in CORNERS if f != GRANTED]
    before = [one(station, f, report_id) for f in others]
    assert all(f.waiting for f in before)
    settle(station, RECEIVED, VALUES[RECEIVED], report_id=report_id)
    settled = settle(station, GRANTED, VALUES[GRANTED], report_id=report_id)
    assert [s.holds for s in settled.sums] == [True, True]
    assert {c.field_id for c in settled.changed} >= set(others)
    for field, was in zip([one(station, f, report_id) for f in others], before, strict=True):
        assert (field.value, field.printed, field.state) == (was.value, was.printed, was.state)
        assert (field.confidence or 0) > 0.99 > (was.confidence or 0)
        # That the sums hold does not tell a 0 from a blank.
        assert field.waiting == (field.value == 0)
    assert settled.waiting == sum(f.value == 0 for f in before) == 1
    assert [c for r, c in station.workspace.broken_checks(Selection(report_ids=(report_id,)))] == []
    assert one(station, RECEIVED, report_id).value == 99
    (undone,) = station.undo("李")
    assert undone.field.waiting
    station.undo("李")
    assert [one(station, f, report_id) for f in others] == before


def test_a_second_reading_that_turns_out_right_makes_the_one_that_was_read_doubtful(
    station: Station, tmp_path: Path
) -> None:
    report_id = make_document(station.workspace, tmp_path / "scans", 9, AMBIGUOUS)
    settle(station, GRANTED, VALUES[GRANTED] + CORNERS[GRANTED], report_id=report_id)
    for field_id, change in CORNERS.items():
        if field_id == GRANTED:
            continue
        item = station.item(report_id, field_id)
        assert (item.field.value, item.field.waiting) == (VALUES[field_id], True)
        assert (item.field.confidence or 0) < 0.05
        assert item.alternatives[1].value == VALUES[field_id] + change
        assert item.alternatives[1].probability > 0.9
    report = {f.id: f for f in station.workspace.report(report_id).fields}
    assert report["requests.granted.research"].value == VALUES["requests.granted.research"]
    assert (report["requests.granted.research"].confidence or 0) < 0.05


def test_a_wrong_answer_makes_others_doubtful_until_it_is_undone(station: Station) -> None:
    settle(station, RECEIVED, VALUES[RECEIVED])
    everything = list(station.workspace.fields())
    assert not one(station, GRANTED).waiting
    settled = settle(station, GRANTED, VALUES[GRANTED] + 5)
    assert any(c.waiting for c in settled.changed)
    broken = {c.check_id for _, c in station.workspace.broken_checks(Selection(report_ids=(1,)))}
    assert "row_total.granted" in broken
    station.undo("李")
    again = list(station.workspace.fields())
    assert [replace(f, version=0) for f in again] == [replace(f, version=0) for f in everything]


def test_confirming_an_error_of_the_authority_leaves_the_sum_broken_in_print(station: Station) -> None:
    rule = "row_total.received"
    for field_id in (f for f in VALUES if f.startswith("requests.received.")):
        settle(station, field_id, 99 if field_id == RECEIVED else VALUES[field_id])
    checks = {c.check_id: c for _, c in station.workspace.broken_checks(Selection(report_ids=(1,)))}
    assert checks[rule].verdict == "broken_in_source"
    report = station.workspace.report(1)
    assert {c.id: c.verdict for c in report.checks}[rule] == "broken_in_source"
    assert Report.from_json(report.to_json()) == report


def test_unread_and_flagged_fields_are_not_let_go_by_inference(station: Station, tmp_path: Path) -> None:
    lost = "requests.granted.research"
    report_id = make_document(station.workspace, tmp_path / "scans", 9, {}, [lost])
    assert one(station, lost, report_id).waiting
    station.settle_sheet("李", [], [(report_id, GRANTED, 0)])
    assert one(station, GRANTED, report_id).waiting
    for field_id in list(VALUES)[:30]:
        if field_id not in (lost, GRANTED):
            settle(station, field_id, VALUES[field_id], report_id=report_id)
    station.close()
    assert one(station, lost, report_id).waiting
    assert one(station, GRANTED, report_id).waiting


def test_a_conflict_carries_both_answers(station: Station) -> None:
    settle(station, REPEALED, 11, by="王")
    with pytest.raises(EditConflict) as caught:
        station.settle("李", 1, REPEALED, version=0, value=77, state="read")
    assert caught.value.stands.decided.value == 11
    assert caught.value.stands.decided.by == "王"
    assert caught.value.wanted == (77, "read")
    assert [d.by for d in station.workspace.reviews.decisions(1)] == ["王"]


def test_a_request_that_is_sent_again_counts_once(station: Station) -> None:
    for _ in range(3):
        done = station.settle("李", 1, ISSUED, version=0, value=10, state="read", request="a")
        assert (done.field.version, done.waiting) == (1, 3)
    for _ in range(2):
        (undone,) = station.undo("李", request="b")
        assert undone.field.version == 2
    station.settle("李", 1, ISSUED, version=0, value=10, state="read", request="a")
    assert [d.kind for d in station.workspace.reviews.decisions(1)] == ["accept", "undo"]
    with pytest.raises(EditConflict):
        station.settle("李", 1, ISSUED, version=0, value=10, state="read", request="c")


def test_undo_goes_back_through_ones_own_decisions_only(station: Station) -> None:
    settle(station, ISSUED, 10)
    settle(station, REPEALED, 11, by="王")
    settle(station, REPEALED, 12)
    settle(station, IN_FORCE, 12)
    assert [s.field.field_id for s in station.undo("李")] == [IN_FORCE]
    assert [s.field.field_id for s in station.undo("李")] == [REPEALED]
    stands = one(station, REPEALED).decided
    assert stands is not None and (stands.value, stands.by) == (11, "王")
    assert [s.field.field_id for s in station.undo("李")] == [ISSUED]
    assert station.undo("李") == []
    settle(station, IN_FORCE, 12)
    settle(station, IN_FORCE, 13, by="王")
    with pytest.raises(EditConflict):
        station.undo("李")
    assert [s.field.decided and s.field.decided.value for s in station.undo("王")] == [12]


def test_what_is_no_value_is_refused(station: Station) -> None:
    for value, state in ((None, "read"), (3, "blank"), (3, "unreadable")):
        with pytest.raises(ValueError):
            station.settle("李", 1, ISSUED, version=0, value=value, state=state)  # type: ignore[arg-type]
    with pytest.raises(WorkspaceError):
        station.settle("李", 1, "no.such.field", version=0, value=1, state="read")
    assert list(station.workspace.reviews.decisions()) == []


def test_the_json_in_the_folder_follows(made: Callable[[], Workspace]) -> None:
    with Station(made(), Settings()) as station:
        settle(station, RECEIVED, VALUES[RECEIVED])
        folder = station.workspace.folder.out
    report = Report.from_json((folder / "0.png.json").read_bytes())
    by_id = {f.id: f for f in report.fields}
    review = by_id[RECEIVED].review
    assert review is not None and (review.value, review.by) == (VALUES[RECEIVED], "李")
    assert (by_id[RECEIVED].value, by_id[RECEIVED].printed) == (99, "99")
    assert {c.id: c.verdict for c in report.checks}["balance.natural_person"] == "holds"


def test_a_station_that_was_killed_catches_up(made: Callable[[], Workspace]) -> None:
    workspace = made()
    workspace.reviews.settle(1, RECEIVED, version=0, value=VALUES[RECEIVED], state="read", kind="correct", by="李")
    broken = {c.check_id for _, c in workspace.broken_checks(Selection(report_ids=(1,)))}
    assert broken
    Station(workspace, Settings()).close()
    assert not {c.check_id for _, c in workspace.broken_checks(Selection(report_ids=(1,)))}
    whole = json.loads((workspace.folder.out / "0.png.json").read_text())
    assert any(f["review"] for f in whole["fields"])


def test_several_threads_settle_one_report(station: Station) -> None:
    ids = [f for f in VALUES if f.startswith("requests.")][:24]
    failures: list[Exception] = []

    def work(person: str, own: list[str]) -> None:
        try:
            for field_id in own:
                settle(station, field_id, VALUES[field_id], by=person)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(f"p{k}", ids[k::3])) for k in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(list(station.workspace.reviews.decisions())) == 24
    station.close()
    after = {f.field_id: f for f in station.workspace.fields(Selection(report_ids=(1,)))}
    with Station(station.workspace, Settings()) as fresh:
        fresh._recomputer.recompute(1)
        assert {f.field_id: f for f in station.workspace.fields(Selection(report_ids=(1,)))} == after


def test_what_is_reckoned_later_is_told_later(station: Station, tmp_path: Path) -> None:
    """An answer does not wait for inference; what inference then lets go is told to whoever asks for news."""
    report_id = make_document(station.workspace, tmp_path / "scans", 9, AMBIGUOUS)
    # That the sums hold does not tell a 0 from a blank.
    others = [f for f in CORNERS if f != GRANTED and one(station, f, report_id).value != 0]
    start = station.let_go()
    assert start.fields == ()
    settled = settle(station, GRANTED, VALUES[GRANTED], report_id=report_id, at_once=False)
    assert (settled.changed, settled.sums, settled.waiting) == ((), (), None)
    for _ in range(200):
        if len(station.let_go(start.number).fields) == len(others):
            break
        time.sleep(0.05)
    assert set(station.let_go(start.number).fields) == {(report_id, f) for f in others}
    assert station.let_go(station.let_go().number).fields == ()
    assert station.let_go(10**9).fields == ()
    assert not any(one(station, f, report_id).waiting for f in others)


def test_the_background_outlives_whatever_fails_in_it(
    made: Callable[[], Workspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    with made() as workspace, Station(workspace, Settings()) as station:
        path = workspace.folder.out / station.item(1, ISSUED).report.path
        recompute, failed = station._recomputer.recompute, []

        def fail_once(report_id: int) -> object:
            if not failed:
                failed.append(report_id)
                raise KeyError("a report that is damaged")
            return recompute(report_id)

        monkeypatch.setattr(station._recomputer, "recompute", fail_once)
        settle(station, REPEALED, 4, report_id=2, at_once=False)
        for _ in range(200):
            if failed:
                break
            time.sleep(0.05)
        settle(station, ISSUED, 4, at_once=False)
    assert failed == [2]
    assert json.loads(path.read_text())["fields"], path
    assert '"review"' in path.read_text()


def test_the_queue_does_not_end_where_others_were_faster(on_sqlite: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that was found is leased to somebody else before it is ours: there is more."""
    reviews, faster = on_sqlite.workspace.reviews, []
    lease_all = type(reviews).lease_all

    def overtaken(self: object, places: Sequence[tuple[int, str]], holder: str, **more: float) -> set[tuple[int, str]]:
        if holder == "李" and not faster:
            faster.extend(places)
            lease_all(reviews, places, "王")
        return lease_all(reviews, places, holder, **more)

    monkeypatch.setattr(type(reviews), "lease_all", overtaken)
    found = {(i.report.id, i.field.field_id) for i in on_sqlite.queue(person="李", limit=3)}
    assert len(found) == 3
    assert not found & set(faster)


def test_undo_takes_back_what_was_decided_in_this_window(station: Station) -> None:
    """One person, two windows: what is taken back in one is not what was decided last in the other."""
    settle(station, ISSUED, 4)
    settle(station, REPEALED, 5)
    done = station.undo("李", place=(1, ISSUED), request="u1")
    assert [(s.field.field_id, s.field.decided) for s in done] == [(ISSUED, None)]
    assert [s.field.field_id for s in station.undo("李", place=(1, ISSUED), request="u1")] == [ISSUED]  # sent once more
    decided = one(station, REPEALED).decided
    assert decided is not None and decided.value == 5
    assert station.undo("李", place=(1, ISSUED)) == []
    assert station.undo("王", place=(1, REPEALED)) == []


def test_counts(station: Station) -> None:
    counts = station.counts(person="李")
    assert (counts.waiting, counts.settled, counts.sample_done) == (12, 0, 0)
    assert counts.seconds_left is None
    settle(station, ISSUED, 10, seconds=3.0)
    settle(station, REPEALED, 11, seconds=1.0)
    counts = station.counts(Selection(report_ids=(1,)), person="李")
    assert (counts.waiting, counts.settled, counts.seconds_per_field) == (2, 2, 2.0)
    assert counts.seconds_left == 2.0 * (2 + counts.sample_asked)


def test_a_reading_that_was_not_saved_leaves_confidences_alone(station: Station) -> None:
    folder = station.workspace.folder.out / ".gikocr" / "form_readings"
    for path in folder.iterdir():
        path.unlink()
    settled = settle(station, RECEIVED, VALUES[RECEIVED])
    assert settled.changed == ()
    assert [s.holds for s in settled.sums] == [True, True]


def test_people(station: Station) -> None:
    token = station.people.add("李", "senior")
    assert re.fullmatch(r"[\w-]{43}", token)
    person = station.people.of_token(token)
    assert person is not None and (person.name, person.role, person.has_token) == ("李", "senior", True)
    second = station.people.add("李")
    assert station.people.of_token(token) is None
    assert [p.role for p in station.people.all()] == ["reviewer"]
    station.people.retire("李")
    assert station.people.of_token(second) is None
    assert station.people.all() == []
    with station.workspace.database.read() as connection:
        rows = str(connection.exec_driver_sql("SELECT * FROM person").all())
    assert token not in rows and second not in rows


def test_a_plan_is_kept(station: Station) -> None:
    plan = Plan(10, 7, 0.25, ("disclosure.*", TOTAL))
    station.set_plan(plan)
    assert station.plan() == plan
    assert plan.is_twice("0" * 64, 1, ISSUED) and plan.is_twice("0" * 64, 1, TOTAL)
    assert replace(plan, twice_share=1.0).is_twice("0" * 64, 1, GRANTED)
    assert not replace(plan, twice_share=0.0).is_twice("0" * 64, 1, GRANTED)
