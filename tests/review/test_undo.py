"""Any sequence of decisions and undos, against a model that only keeps stacks."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gikocr.errors import EditConflict
from gikocr.workspace import Entry, NewReport, Workspace
from tests.workspace.reports import FORM, make_field, make_input, make_report

FIELDS, PEOPLE = ("a", "b", "c"), ("李", "王")
STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("settle"), st.sampled_from(PEOPLE), st.sets(st.sampled_from(FIELDS), min_size=1), st.integers(0, 9)
        ),
        st.tuples(st.just("undo"), st.sampled_from(PEOPLE), st.just(set()), st.just(0)),
    ),
    max_size=25,
)


class Model:
    """What stands, kept as a stack for each field, and a list of what each person did."""

    def __init__(self) -> None:
        self.stacks: dict[str, list[tuple[int, str, int]]] = {f: [] for f in FIELDS}
        self.requests = 0

    def settle(self, by: str, fields: set[str], value: int) -> None:
        self.requests += 1
        for field in fields:
            self.stacks[field].append((self.requests, by, value))

    def undo(self, by: str) -> set[str] | None:
        """The fields that are undone; None where somebody decided since."""
        own = [entry[0] for stack in self.stacks.values() for entry in stack if entry[1] == by]
        if not own:
            return set()
        last = max(own)
        fields = {f for f, stack in self.stacks.items() if any(e[0] == last for e in stack)}
        if any(self.stacks[f][-1][0] != last for f in fields):
            return None
        for field in fields:
            self.stacks[field].pop()
        return fields


@given(STEPS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_stands_is_what_was_not_undone(steps: list[tuple[str, str, set[str], int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        item = make_input(Path(folder) / "scans", "a.pdf", "one")
        with Workspace.open(Path(folder) / "out") as workspace:
            report = make_report(item, [make_field(f, 1, 0.5) for f in FIELDS])
            workspace.record(item, [NewReport(report)], fingerprint="f", form=FORM)
            _run(workspace, steps)


def _run(workspace: Workspace, steps: list[tuple[str, str, set[str], int]]) -> None:
    model, written, reviews = Model(), 0, workspace.reviews
    for what, by, fields, value in steps:
        if what == "settle":
            versions = {f: reviews.field(1, f).version for f in fields}
            model.settle(by, fields, value)
            entries = [Entry(1, f, versions[f], value, "read", "correct") for f in sorted(fields)]
            reviews.settle_all(entries, by=by, request=f"r{model.requests}")
            written += len(fields)
            continue
        expected = model.undo(by)
        try:
            done = reviews.undo_last(by)
        except EditConflict:
            assert expected is None
            continue
        assert expected is not None
        assert {f.field_id for f in done} == expected
        written += len(expected)
    for field_id, stack in model.stacks.items():
        field = reviews.field(1, field_id)
        stands = None if field.decided is None else (field.decided.value, field.decided.by)
        assert stands == ((stack[-1][2], stack[-1][1]) if stack else None)
        assert field.waiting == (not stack)
    assert len(list(reviews.decisions())) == written
    assert reviews.count_waiting() == sum(not stack for stack in model.stacks.values())
