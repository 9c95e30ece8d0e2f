from __future__ import annotations

import multiprocessing
import sqlite3
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from gikocr.errors import WorkspaceError
from gikocr.ingest import Input
from gikocr.workspace import NewReport, Workspace, database, schema
from tests.workspace.reports import FORM, make_field, make_input, make_report

Open = Callable[[], Workspace]


def test_the_migrations_make_the_tables_of_the_schema(open_workspace: Open) -> None:
    with open_workspace().database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, schema.metadata) == []


def test_the_last_migration_is_the_one_that_the_program_expects() -> None:
    config = Config()
    config.set_main_option("script_location", "gikocr.workspace:migrations")
    assert ScriptDirectory.from_config(config).get_heads() == [schema.REVISION]


def test_the_queue_walks_along_its_index(open_workspace: Open) -> None:
    workspace = open_workspace()
    if not workspace.database.is_sqlite:
        pytest.skip("PostgreSQL plans by statistics, which an empty table lacks")
    columns = schema.field.c
    statement = (
        sa.select(columns.rank).where(columns.waiting).order_by(columns.rank, columns.report_id, columns.position)
    )
    with workspace.database.read() as connection:
        text = str(statement.compile(connection, compile_kwargs={"literal_binds": True}))
        plan = " ".join(row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}"))
    assert "ix_field_queue" in plan
    assert "TEMP B-TREE" not in plan


def rename_revision(workspace: Workspace, revision: str) -> None:
    with workspace.database.write() as connection:
        connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{revision}'")
    workspace.close()


def test_a_newer_workspace_says_so_and_stays_as_it_is(open_workspace: Open) -> None:
    rename_revision(open_workspace(), "9999")
    with pytest.raises(WorkspaceError, match=r"made by a newer gikocr \(revision 9999; this one knows"):
        open_workspace()


@pytest.fixture
def next_revision(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """A gikocr of the future, whose tables have one column more."""
    folder = tmp_path / "migrations"
    own = Path(str(schema.__file__)).parent / "migrations"
    (folder / "versions").mkdir(parents=True)
    for path in [own / "env.py", *(own / "versions").glob("0*.py")]:
        (folder / path.relative_to(own)).write_text(path.read_text())
    (folder / "versions" / "next.py").write_text(
        "import sqlalchemy as sa\nfrom alembic import op\n"
        f"revision, down_revision = 'next', {schema.REVISION!r}\n"
        "def upgrade():\n    op.add_column('run', sa.Column('note', sa.Text()))\n"
    )
    monkeypatch.setattr(database, "REVISION", "next")
    monkeypatch.setattr(database, "SCRIPTS", str(folder))
    return "next"


def test_an_older_workspace_is_migrated_after_a_backup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    item = make_input(tmp_path / "scans", "a.pdf", "one")
    with Workspace.open(tmp_path / "out") as workspace:
        workspace.record(item, [NewReport(make_report(item))], fingerprint="f", form=FORM)
    request.getfixturevalue("next_revision")
    with Workspace.open(tmp_path / "out") as workspace:
        with workspace.database.read() as connection:
            connection.exec_driver_sql("SELECT note FROM run")
        assert [r.name for r in workspace.reports()] == ["a.pdf"]
    (backup,) = (tmp_path / "out").glob(f"gikocr.db.backup-{schema.REVISION}-*")
    with sqlite3.connect(backup) as old:
        assert old.execute("SELECT version_num FROM alembic_version").fetchone() == (schema.REVISION,)
        assert old.execute("SELECT name FROM report").fetchall() == [("a.pdf",)]


def test_an_older_server_is_only_migrated_when_asked(
    tmp_path: Path, postgresql: str, request: pytest.FixtureRequest
) -> None:
    Workspace.open(tmp_path / "out", database=postgresql).close()
    request.getfixturevalue("next_revision")
    with pytest.raises(WorkspaceError, match="made by an older gikocr"):
        Workspace.open(tmp_path / "out", database=postgresql)
    with (
        Workspace.open(tmp_path / "out", database=postgresql, migrate_server=True) as workspace,
        workspace.database.read() as connection,
    ):
        connection.exec_driver_sql("SELECT note FROM run")


@pytest.mark.parametrize("content", [b"no database " * 500, b""])
def test_a_file_that_is_no_database(tmp_path: Path, content: bytes) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "gikocr.db").write_bytes(content)
    if not content:
        # What a process leaves that was killed while it made the file: the next one goes on.
        Workspace.open(out).close()
        return
    with pytest.raises(WorkspaceError, match=r"gikocr\.db' is damaged"):
        Workspace.open(out)


def test_a_folder_without_workspace_is_not_made_one(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="no workspace"):
        Workspace.open(tmp_path, must_exist=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["mysql://host/x", "no url", "postgresql://nobody@127.0.0.1:1/none"])
def test_a_server_that_cannot_be_used(tmp_path: Path, url: str) -> None:
    with pytest.raises(WorkspaceError) as error:
        Workspace.open(tmp_path / "out", database=url)
    assert error.value.advice


def test_a_password_is_not_shown(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError) as error:
        Workspace.open(tmp_path / "out", database="postgresql://me:secret@127.0.0.1:1/none")
    assert "secret" not in str(error.value)


def test_a_network_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_file_system", lambda folder: "nfs4")
    with pytest.raises(WorkspaceError, match="network file system"):
        Workspace.open(tmp_path / "out")


def _write_many(out: Path, url: str | None, scans: Path, numbers: list[int]) -> int:
    with Workspace.open(out, database=url) as workspace:
        for number in numbers:
            item = Input(f"{number}.pdf", (scans / f"{number}.pdf",))
            report = make_report(item, [make_field("a", number, 0.5)])
            workspace.record(item, [NewReport(report)], fingerprint="f", form=FORM)
            list(workspace.sources.known([item], "f"))
    return len(numbers)


def test_two_processes_open_and_fill_one_workspace(tmp_path: Path, database: str | None) -> None:
    """Both make the tables, and both write the same documents and others, at the same time."""
    scans = tmp_path / "scans"
    for number in range(45):
        make_input(scans, f"{number}.pdf", str(number))
    shares = [list(range(30)), list(range(44, 14, -1))]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        running = [pool.submit(_write_many, tmp_path / "out", database, scans, share) for share in shares]
        assert [future.result(timeout=120) for future in running] == [30, 30]
    with Workspace.open(tmp_path / "out", database=database) as workspace:
        assert sorted(int(r.name.removesuffix(".pdf")) for r in workspace.reports()) == list(range(45))
        assert sorted(f.value for f in workspace.fields() if f.value is not None) == list(range(45))
        assert workspace.reviews.count_waiting() == 45
    assert len(list((tmp_path / "out").glob("*.json"))) == 45


def _settle(out: Path, url: str | None, by: str) -> int:
    from gikocr.errors import EditConflict

    done = 0
    with Workspace.open(out, database=url) as workspace:
        while waiting := workspace.reviews.waiting(limit=5):
            for field in waiting:
                try:
                    workspace.reviews.settle(
                        field.report_id,
                        field.field_id,
                        version=field.version,
                        value=field.value,
                        state="read",
                        kind="accept",
                        by=by,
                    )
                    done += 1
                except EditConflict:
                    continue
    return done


def test_two_people_decide_each_field_once(tmp_path: Path, database: str | None) -> None:
    item = make_input(tmp_path / "scans", "a.pdf", "one")
    with Workspace.open(tmp_path / "out", database=database) as workspace:
        fields = [make_field(f"f{n}", n, 0.5) for n in range(60)]
        workspace.record(item, [NewReport(make_report(item, fields))], fingerprint="f", form=FORM)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        running = [pool.submit(_settle, tmp_path / "out", database, by) for by in ("李", "王")]
        assert sum(future.result(timeout=120) for future in running) == 60
    with Workspace.open(tmp_path / "out", database=database) as workspace:
        log = list(workspace.reviews.decisions())
        assert sorted(d.field_id for d in log) == sorted(f"f{n}" for n in range(60))
        assert {d.version for d in log} == {1}
        assert workspace.reviews.count_waiting() == 0
