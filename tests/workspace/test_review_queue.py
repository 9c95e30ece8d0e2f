from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gikocr.workspace import Cursor, NewReport, Order, Selection, Workspace
from gikocr.workspace.review_queue import sheet
from tests.workspace.reports import FORM, make_field, make_input, make_report

Open = Callable[[], Workspace]
INDEX: dict[Order, str] = {
    "harm": "ix_field_harm",
    "doubt": "ix_field_queue",
    "document": "ix_field_waiting",
    "field": "ix_field_alike",
    "agency": "ix_report_queue",
}


def fill(workspace: Workspace, folder: Path) -> None:
    for k in range(4):
        item = make_input(folder, f"{k}.pdf", str(k))
        fields = [make_field(f"f{n}", n, 0.3 + 0.1 * ((k + n) % 3)) for n in range(5)]
        fields.append(make_field("sum", 3, 0.8, checks=("balance",)))
        report = make_report(item, [*fields, make_field("sure", 7)])
        info = report.document.model_copy(update={"agency": None if k == 1 else f"局{k % 3}"})
        report = report.model_copy(update={"document": info})
        workspace.record(item, [NewReport(report)], fingerprint="f", form=FORM)


def plans(workspace: Workspace, run: Callable[[], Any]) -> list[str]:
    """How SQLite answers the questions that are asked meanwhile."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        asked.append((statement, values))

    engine = workspace.database.engine
    sa.event.listen(engine, "before_cursor_execute", note)
    run()
    sa.event.remove(engine, "before_cursor_execute", note)
    selects = [(s, v) for s, v in asked if s.startswith("SELECT")]
    with workspace.database.read() as connection:
        return [
            " ".join(str(row[-1]) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {s}", v))
            for s, v in selects
        ]


@pytest.mark.parametrize("order", INDEX)
def test_each_order_walks_along_its_index_from_anywhere(tmp_path: Path, order: Order) -> None:
    with Workspace.open(tmp_path / "out") as workspace:
        fill(workspace, tmp_path / "scans")
        queue = workspace.reviews.queue
        first = queue.page(order, limit=3)
        for after in (None, Cursor.of(first[-1], order)):
            (plan, *_) = plans(workspace, partial(queue.page, order, after=after, limit=3, free_for="李"))
            assert INDEX[order] in plan
            assert "TEMP B-TREE" not in plan


def test_a_sheet_and_a_report_are_found_by_an_index(tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "out") as workspace:
        fill(workspace, tmp_path / "scans")

        def ask() -> None:
            with workspace.database.read() as connection:
                assert sheet(connection, "3", Selection(), after=None, limit=10, free_for="李")

        (plan,) = plans(workspace, ask)
        assert "ix_field_sheet" in plan and "TEMP B-TREE" not in plan
        plan, *_ = plans(workspace, lambda: workspace.reviews.fields([(1, "f1"), (1, "f2")]))
        assert "SCAN" not in plan


@pytest.mark.parametrize("order", INDEX)
def test_pages_in_every_order_give_every_field_once(open_workspace: Open, tmp_path: Path, order: Order) -> None:
    workspace = open_workspace()
    fill(workspace, tmp_path / "scans")
    for selection, expected in ((Selection(), 24), (Selection(agency="局0"), 12), (Selection(field_id="f3"), 4)):
        walked, after = [], None
        while page := workspace.reviews.queue.page(order, selection, after=after, limit=5):
            walked += page
            after = Cursor.parse(str(Cursor.of(page[-1], order)))
        assert len(walked) == len({(f.report_id, f.field_id) for f in walked}) == expected
        assert workspace.reviews.queue.count(selection) == expected
        keys = [Cursor.of(f, order).key for f in walked]
        known = [k for k in keys if k[0] is not None]
        assert known == sorted(known)  # type: ignore[type-var]
        assert keys[len(known) :] == sorted(keys[len(known) :], key=lambda k: k[1:])  # type: ignore[arg-type, return-value]
    if order == "harm":
        assert [f.field_id for f in walked] == ["f3"] * 4
        assert workspace.reviews.queue.page("harm", limit=1)[0].field_id == "sum"


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(-(2**70), 2**70), st.floats(), st.text(max_size=3), st.just("\0"),
    st.just("\ud800"),
)  # fmt: skip


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.sampled_from(sorted(INDEX)), key=st.lists(VALUES, min_size=2, max_size=4))
def test_every_place_is_one_that_the_database_takes_or_refused(
    open_workspace: Open, order: Order, key: list[Any]
) -> None:
    if not hasattr(open_workspace, "kept"):
        open_workspace.kept = open_workspace()  # type: ignore[attr-defined]
    try:
        after = Cursor.parse(json.dumps([order, *key]))
    except ValueError:
        return
    open_workspace.kept.reviews.queue.page(order, after=after)  # type: ignore[attr-defined]
