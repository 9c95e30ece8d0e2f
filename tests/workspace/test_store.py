from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from gikocr.errors import EditConflict, WorkspaceError
from gikocr.ingest import Input
from gikocr.report import Report
from gikocr.workspace import Cursor, NewReport, Selection, Workspace
from tests.workspace.reports import FORM, PERSON, make_failed, make_field, make_input, make_report, with_reading

Open = Callable[[], Workspace]
AMOUNT = "regulatory.fees.current_year"


def record(workspace: Workspace, item: Input, *reports: Report, fingerprint: str = "f") -> list[Path]:
    return workspace.record(item, [with_reading(r) for r in reports], fingerprint=fingerprint, form=FORM)


def only(workspace: Workspace) -> int:
    (found,) = workspace.reports()
    return found.id


def test_what_is_recorded_comes_back_whole(open_workspace: Open, tmp_path: Path) -> None:
    item = make_input(tmp_path / "scans", "a.pdf", "one")
    fields = [
        make_field(PERSON, 21, checks=("row_total.received",)),
        make_field("fees", Decimal("75.9260"), 0.5, unit="万元"),
        make_field("blank", None),
    ]
    report = make_report(item, fields)
    (path,) = record(open_workspace(), item, report)
    workspace = open_workspace()
    assert Report.from_json(path.read_bytes()) == report
    ((stored, again),) = workspace.full_reports()
    assert again == report
    assert (stored.name, stored.path, stored.agency, stored.year, stored.waiting) == (
        "a.pdf",
        "a.pdf.json",
        "某某市财政局",
        2023,
        1,
    )
    assert stored.sha256 == report.source.sha256
    assert workspace.form_reading(stored) is not None
    found = list(workspace.fields())
    assert [(f.field_id, f.value, f.state, f.confidence, f.waiting) for f in found] == [
        (PERSON, 21, "read", 0.9999, False),
        ("fees", Decimal("75.9260"), "read", 0.5, True),
        ("blank", None, "blank", 0.9999, False),
    ]
    assert str(found[1].value) == "75.9260"
    assert found[0].bbox == (1, 2, 30, 14.5)
    assert (found[0].table, found[0].edition, found[0].rules) == ("三", "2021", ("row_total.received",))
    ((_, broken),) = workspace.broken_checks()
    assert (broken.check_id, broken.difference, broken.verdict) == ("row_total.received", -6, "doubtful")


def test_nothing_changed_is_nothing_to_read(open_workspace: Open, tmp_path: Path) -> None:
    workspace = open_workspace()
    item, other = (make_input(tmp_path / "scans", n, n) for n in ("a.pdf", "b.pdf"))
    record(workspace, item, make_report(item))
    known, unknown = workspace.sources.known([item, other], "f")
    assert unknown is None
    assert known is not None and known.same_place and known.current and known.status == "complete"
    assert workspace.sources.known([item], "other settings") == [None]
    assert workspace.sources.known([item], "f", rehash=True)[0] is not None


def test_a_copy_is_known_by_its_content_and_gets_its_own_json(open_workspace: Open, tmp_path: Path) -> None:
    workspace = open_workspace()
    item, copy = (make_input(tmp_path / "scans", n, "same") for n in ("a.pdf", "copy/b.pdf"))
    record(workspace, item, make_report(item, [make_field(PERSON, 21, 0.5)]))
    (known,) = workspace.sources.known([copy], "f")
    assert known is not None and not known.same_place
    (path,) = workspace.record_again(copy, known.document_id, fingerprint="f", form=FORM, current=known.current)
    assert json.loads(path.read_text())["source"]["name"] == "copy/b.pdf"
    assert workspace.folder.read_form_reading(path) is not None
    assert len(list(workspace.reports())) == 1
    (known,) = workspace.sources.known([copy], "f")
    assert known is not None and known.same_place
    assert workspace.reviews.count_waiting() == 1


def test_a_file_that_changed_is_read_again_and_one_only_touched_is_not(open_workspace: Open, tmp_path: Path) -> None:
    import os

    workspace = open_workspace()
    item = make_input(tmp_path / "scans", "a.pdf", "one")
    record(workspace, item, make_report(item))
    os.utime(item.paths[0], ns=(1, 1))
    assert workspace.sources.known([item], "f")[0] is not None
    make_input(tmp_path / "scans", "a.pdf", "two")
    assert workspace.sources.known([item], "f") == [None]


def test_rehash_sees_a_change_that_kept_size_and_time(open_workspace: Open, tmp_path: Path) -> None:
    import os

    workspace = open_workspace()
    item = make_input(tmp_path / "scans", "a.pdf", "one")
    os.utime(item.paths[0], ns=(7, 7))
    record(workspace, item, make_report(item))
    item.paths[0].write_text("two")
    os.utime(item.paths[0], ns=(7, 7))
    assert workspace.sources.known([item], "f")[0] is not None
    assert workspace.sources.known([item], "f", rehash=True) == [None]


def test_newer_settings_replace_older_results_and_back_again(open_workspace: Open, tmp_path: Path) -> None:
    workspace = open_workspace()
    item = make_input(tmp_path / "scans", "a.pdf", "one")
    record(workspace, item, make_report(item, [make_field(PERSON, 21)]), fingerprint="old")
    record(workspace, item, make_report(item, [make_field(PERSON, 27)]), fingerprint="new")
    assert [f.value for f in workspace.fields()] == [27]
    (known,) = workspace.sources.known([item], "old", rehash=True)
    assert known is not None and not known.current
    workspace.record_again(item, known.document_id, fingerprint="old", form=FORM, current=False)
    assert [f.value for f in workspace.fields()] == [21]
    assert len(list(workspace.reports())) == 1


def test_fewer_reports_than_last_time_leave_none_behind(open_workspace: Open, tmp_path: Path) -> None:
    workspace = open_workspace()
    item = make_input(tmp_path / "scans", "a.txt", "one")
    report = make_report(item, [make_field(PERSON, 21)])
    assert [p.name for p in record(workspace, item, report, report)] == ["a.txt.json", "a.txt.2.json"]
    record(workspace, item, report)
    assert [r.number for r in workspace.reports()] == [1]
    assert len(list(workspace.fields())) == 1


def test_a_file_that_cannot_be_opened_is_tried_again(open_workspace: Open, tmp_path: Path) -> None:
    workspace = open_workspace()
    item = Input("gone.pdf", (tmp_path / "gone.pdf",))
    record(workspace, item, make_failed(item, "file_unreadable"))
    assert workspace.sources.known([item], "f") == [None]
    assert [r.status for r in workspace.reports()] == ["failed"]


def test_one_name_for_two_sources(open_workspace: Open, tmp_path: Path) -> None:
    workspace = open_workspace()
    one, two = make_input(tmp_path / "1", "a.pdf", "one"), make_input(tmp_path / "2", "a.pdf", "two")
    (first,), (second,) = record(workspace, one, make_report(one)), record(workspace, two, make_report(two))
    assert first.name == "a.pdf.json"
    assert second.name.startswith("a.pdf~")
    assert record(open_workspace(), two, make_report(two)) == [second]


def test_a_file_of_somebody_else_is_left_alone(open_workspace: Open, tmp_path: Path) -> None:
    workspace = open_workspace()
    (tmp_path / "out" / "a.pdf.json").write_text("mine")
    item = make_input(tmp_path / "scans", "a.pdf", "one")
    (path,) = record(workspace, item, make_report(item))
    assert path.name.startswith("a.pdf~")
    assert (tmp_path / "out" / "a.pdf.json").read_text() == "mine"


def test_deaths_are_counted_until_the_document_is_read(open_workspace: Open, tmp_path: Path) -> None:
    workspace = open_workspace()
    item = make_input(tmp_path / "scans", "a.pdf", "one")
    assert workspace.sources.deaths(item) == 0
    assert [workspace.sources.count_death(item, "f") for _ in range(2)] == [1, 2]
    assert workspace.sources.known([item], "f") == [None]
    record(workspace, item, make_report(item))
    assert workspace.sources.deaths(item) == 0


def test_decisions(open_workspace: Open, tmp_path: Path) -> None:
    workspace = open_workspace()
    item = make_input(tmp_path / "scans", "a.pdf", "one")
    record(workspace, item, make_report(item, [make_field(PERSON, 21, 0.5), make_field("b", 3, 0.4)]))
    number = only(workspace)
    reviews = workspace.reviews
    first, _ = reviews.waiting()
    assert (first.field_id, first.version) == ("b", 0)
    settled = reviews.settle(number, PERSON, version=0, value=27, state="read", kind="correct", by="李")
    assert (settled.version, settled.waiting, settled.value) == (1, False, 21)
    assert settled.decided is not None and settled.decided.value == 27
    with pytest.raises(EditConflict):
        reviews.settle(number, PERSON, version=0, value=22, state="read", kind="correct", by="王")
    assert [f.field_id for f in reviews.waiting()] == ["b"]
    assert next(workspace.reports()).waiting == 1
    review = {f.id: f.review for f in workspace.report(number).fields}[PERSON]
    assert review is not None and (review.value, review.by) == (27, "李")
    assert json.loads(workspace.write_json(number).read_text())["fields"][0]["review"]["value"] == 27
    undone = reviews.undo(number, PERSON, version=1, by="李")
    assert (undone.decided, undone.waiting, undone.version) == (None, True, 2)
    log = list(reviews.decisions(number))
    assert [(d.kind, d.old_value, d.new_value, d.new_state, d.version) for d in log] == [
        ("correct", 21, 27, "read", 1),
        ("undo", 27, None, None, 2),
    ]
    with pytest.raises(ValueError, match="only the state"):
        reviews.settle(number, "b", version=0, value=None, state="read", kind="accept", by="李")
    with pytest.raises(WorkspaceError, match="no field"):
        reviews.settle(number, "c", version=0, value=1, state="read", kind="accept", by="李")


def test_decisions_outlive_the_report_that_they_were_made_on(open_workspace: Open, tmp_path: Path) -> None:
    workspace = open_workspace()
    item = make_input(tmp_path / "scans", "a.pdf", "one")
    report = make_report(item, [make_field(PERSON, 21, 0.5)])
    record(workspace, item, report)
    workspace.reviews.settle(only(workspace), PERSON, version=0, value=27, state="read", kind="correct", by="李")
    record(workspace, item, report, fingerprint="new")
    record(workspace, item, report, fingerprint="new")
    (field,) = workspace.fields()
    assert field.decided is not None and field.decided.value == 27
    assert (field.waiting, field.version, next(workspace.reports()).waiting) == (False, 1, 0)
    assert len(list(workspace.reviews.decisions(field.report_id))) == 1


@pytest.mark.parametrize("change", ["UPDATE decision SET by='x'", "DELETE FROM decision"])
def test_the_log_only_grows(open_workspace: Open, tmp_path: Path, change: str) -> None:
    workspace = open_workspace()
    item = make_input(tmp_path / "scans", "a.pdf", "one")
    record(workspace, item, make_report(item, [make_field(PERSON, 21, 0.5)]))
    workspace.reviews.settle(only(workspace), PERSON, version=0, value=21, state="read", kind="accept", by="李")
    with pytest.raises(WorkspaceError, match="only ever added"), workspace.database.write() as connection:
        connection.exec_driver_sql(change.replace("by=", '"by"='))
    assert [d.by for d in workspace.reviews.decisions()] == ["李"]


def test_the_queue_in_pages(open_workspace: Open, tmp_path: Path) -> None:
    workspace = open_workspace()
    for k in range(5):
        item = make_input(tmp_path / "scans", f"{k}.pdf", str(k))
        fields = [make_field(f"f{n}", n, 0.3 + 0.1 * ((k + n) % 3)) for n in range(7)]
        record(
            workspace,
            item,
            make_report(item, [*fields, make_field("unseen", None, None, state="unreadable")], status="partial"),
        )
    walked, after = [], None
    while page := workspace.reviews.waiting(after=after, limit=4):
        walked += page
        after = Cursor.of(page[-1])
    assert len(walked) == workspace.reviews.count_waiting() == 40
    assert len({(f.report_id, f.field_id) for f in walked}) == 40
    assert [f.confidence or 0 for f in walked] == sorted(f.confidence or 0 for f in walked)
    assert {f.field_id for f in workspace.reviews.waiting(Selection(field_id="f3"))} == {"f3"}
    assert workspace.reviews.count_waiting(Selection(name="3*")) == 8
    assert workspace.reviews.count_waiting(Selection(agency="nobody")) == 0


def test_leases(open_workspace: Open, tmp_path: Path) -> None:
    workspace = open_workspace()
    item = make_input(tmp_path / "scans", "a.pdf", "one")
    record(workspace, item, make_report(item, [make_field("a", 1, 0.5), make_field("b", 2, 0.6)]))
    number = only(workspace)
    reviews = workspace.reviews
    assert reviews.lease(number, "a", "李")
    assert reviews.lease(number, "a", "李")
    assert not reviews.lease(number, "a", "王")
    assert [f.field_id for f in reviews.waiting(free_for="王")] == ["b"]
    assert [f.field_id for f in reviews.waiting(free_for="李")] == ["a", "b"]
    reviews.release(number, "a", "王")
    assert not reviews.lease(number, "a", "王")
    reviews.release(number, "a", "李")
    assert reviews.lease(number, "a", "王", seconds=-1)
    assert reviews.lease(number, "a", "李")


def test_form_of_the_report_is_kept(open_workspace: Open, tmp_path: Path) -> None:
    workspace = open_workspace()
    item = make_input(tmp_path / "scans", "a.pdf", "one")
    workspace.record(item, [NewReport(make_report(item))], fingerprint="f", form=FORM)
    (stored,) = workspace.reports()
    assert stored.form == FORM.id
    assert workspace.form_reading(stored) is None


def test_a_content_that_a_file_no_longer_holds_is_not_current_unless_another_file_holds_it(
    open_workspace: Open, tmp_path: Path
) -> None:
    workspace = open_workspace()
    item, copy = (make_input(tmp_path / "scans", name, "one") for name in ("a.pdf", "copy.pdf"))
    record(workspace, item, make_report(item, [make_field(PERSON, 1)]))
    (known,) = workspace.sources.known([copy], "f")
    assert known is not None
    workspace.record_again(copy, known.document_id, fingerprint="f", form=FORM, current=True)
    for k, place in enumerate((item, copy)):
        place.paths[0].write_text(f"other {k}")
        # That a process died over the new content does not make the old one forgotten.
        workspace.sources.count_death(place, "f")
        record(workspace, place, make_report(place, [make_field(PERSON, 2 + k)]))
        assert sorted(f.value for f in workspace.fields()) == ([1, 2] if k == 0 else [2, 3])


def test_decisions_stand_in_the_json_after_another_reading_and_a_copy(open_workspace: Open, tmp_path: Path) -> None:
    workspace = open_workspace()
    item = make_input(tmp_path / "scans", "a.pdf", "one")
    report = make_report(item, [make_field(PERSON, 21, 0.5)])
    (path,) = record(workspace, item, report)
    workspace.reviews.settle(only(workspace), PERSON, value=22, state="read", kind="correct", by="李", version=0)
    (path,) = record(workspace, item, report)
    (reviewed,) = Report.from_json(path.read_bytes()).fields
    assert reviewed.review is not None and reviewed.review.value == 22
    copy = make_input(tmp_path / "scans", "copy.pdf", "one")
    (known,) = workspace.sources.known([copy], "f")
    assert known is not None
    (path,) = workspace.record_again(copy, known.document_id, fingerprint="f", form=FORM, current=True)
    assert Report.from_json(path.read_bytes()).fields[0].review is not None


def test_hashing_all_files_finds_the_unchanged_where_they_were(open_workspace: Open, tmp_path: Path) -> None:
    workspace = open_workspace()
    item = make_input(tmp_path / "scans", "a.pdf", "one")
    record(workspace, item, make_report(item))
    (known,) = workspace.sources.known([item], "f", rehash=True)
    assert known is not None and known.same_place
