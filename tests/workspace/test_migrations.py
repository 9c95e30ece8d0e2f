"""A workspace of the first revision is brought up to date with all that is in it."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from gikocr.workspace import JobSelection, Workspace, recording, schema
from gikocr.workspace import database as database_module
from gikocr.workspace.jobs import no_queue
from tests.workspace.reports import FORM, PERSON, make_field, make_input, make_report, with_reading

RULE = "balance.natural_person"
SUSPECT = "requests.total.natural_person"


def old_workspace(tmp_path: Path, url: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the tables of revision 0001, and fill them as the gikocr of that time did."""
    with monkeypatch.context() as patch:
        patch.setattr(database_module, "REVISION", "0001")
        Workspace.open(tmp_path / "out", database=url).close()
    item = make_input(tmp_path / "scans", "a.pdf", "one")
    report = make_report(
        item, [make_field(PERSON, 21, 0.5), make_field(SUSPECT, 27, 0.9, checks=(RULE, "row_total.total"))]
    )
    engine = sa.create_engine(
        f"sqlite:///{tmp_path / 'out' / 'gikocr.db'}"
        if url is None
        else url.replace("postgresql:", "postgresql+psycopg:")
    )
    tables = recording.table_of_fields(FORM)
    new = {"harm", "cell_of"}
    with engine.begin() as connection:
        connection.execute(
            sa.insert(schema.document).values(id=1, sha256=report.source.sha256, media_type="application/pdf", pages=2)
        )
        row = {
            "id": 1, "document_id": 1, "number": 1, "fingerprint": "f", "current": True, "name": "a.pdf", "path": "a.pdf.json",
            "form": FORM.id, "status": "complete", "fields": 2, "waiting": 2, "seconds": 1.0, "read_at": recording.now(),
            "body": recording.pack_report(report.to_json()),
        }  # fmt: skip
        connection.execute(sa.insert(schema.report).values(**row))
        for k, field in enumerate(report.fields):
            values = recording.field_row(1, k, field, report, tables)
            old = sa.table("field", *(sa.column(name) for name in values if name not in new))
            connection.execute(sa.insert(old).values({n: v for n, v in values.items() if n not in new}))
        connection.execute(sa.insert(schema.broken_check), recording.broken_rows(1, report.checks))
        decided = {
            "document_id": 1, "number": 1, "field_id": PERSON, "fingerprint": "f", "version": 1, "kind": "correct",
            "by": "李", "at": recording.now(), "old_value": "21", "old_state": "read", "new_value": "22", "new_state": "read",
            "reason": "",
        }  # fmt: skip
        log = sa.table("decision", *(sa.column(name) for name in decided))
        connection.execute(sa.insert(log).values(decided))
        stood = {
            "version": 1,
            "decided_value": "22",
            "decided_state": "read",
            "decided_by": "李",
            "decided_at": decided["at"],
        }
        connection.execute(
            sa.update(schema.field).where(schema.field.c.field_id == PERSON).values(**stood, waiting=False)
        )
    engine.dispose()


def test_what_was_decided_and_what_waits_is_kept(
    tmp_path: Path, database: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = database
    old_workspace(tmp_path, url, monkeypatch)
    with Workspace.open(tmp_path / "out", database=url, migrate_server=True) as workspace:
        (decision,) = workspace.reviews.decisions()
        assert (decision.by, decision.new_value, decision.request, decision.waits) == ("李", 22, None, False)
        (first,) = workspace.reviews.queue.page("harm")
        assert first.field_id == SUSPECT
        assert first.harm == pytest.approx(recording.harm_of((RULE,), {RULE: 0.2}))
        assert workspace.reviews.undo(1, PERSON, version=1, by="李").version == 2
        first, second = workspace.reviews.queue.page("harm")
        assert (first.field_id, second.field_id, second.harm) == (SUSPECT, PERSON, 0)


def test_going_from_nothing_and_from_0001_ends_at_the_same_tables(
    tmp_path: Path, database: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    old_workspace(tmp_path, database, monkeypatch)
    item = make_input(tmp_path / "scans", "b.pdf", "two")
    with Workspace.open(tmp_path / "out", database=database, migrate_server=True) as workspace:
        with workspace.database.read() as connection:
            found = {t: {c["name"] for c in sa.inspect(connection).get_columns(t)} for t in schema.metadata.tables}
        assert found == {name: set(table.columns.keys()) for name, table in schema.metadata.tables.items()}
        if database is None:
            workspace.record(item, [with_reading(make_report(item))], fingerprint="f", form=FORM)
            assert [r.name for r in workspace.reports()] == ["a.pdf", "b.pdf"]


def test_attempts_of_older_jobs_count_until_they_are_submitted_again(
    tmp_path: Path, database: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(database_module, "REVISION", "0003")
        old = Workspace.open(tmp_path / "out", database=database)
    row = {
        "id": 1, "content": "c", "source_key": "k", "fingerprint": "f", "name": "a.pdf", "files": "[]", "settings": "{}",
        "overlay": False, "batch": "", "priority": 0, "state": "set_aside", "attempt": 31, "deaths": 0, "suspect": False,
        "submitted_at": recording.now(), "queued_at": recording.now(),
    }  # fmt: skip
    with old.database.write() as connection:
        connection.execute(sa.insert(sa.table("job", *(sa.column(name) for name in row))).values(row))
    old.close()
    with Workspace.open(tmp_path / "out", database=database, migrate_server=True) as workspace:
        assert (workspace.jobs.job(1).attempt, workspace.jobs.job(1).tries) == (31, 31)
        workspace.jobs.queue_again(JobSelection(), ("set_aside",), no_queue)
        job = workspace.jobs.claim(1, "w")
        assert job is not None
        assert (job.attempt, job.tries) == (32, 1)
