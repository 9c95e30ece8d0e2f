"""What the review station needs: people, samples, second keyings, hand-ups, and the queue in several orders."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.String(length=32)


def upgrade() -> None:
    """Add columns, indices and tables; nothing that is there is lost."""
    _decisions()
    _fields()
    _people()
    _second_looks()
    _recomputed()


def _decisions() -> None:
    op.add_column("decision", sa.Column("request", sa.Text(), nullable=True))
    op.add_column("decision", sa.Column("cell_of", sa.Text(), nullable=True))
    op.add_column("decision", sa.Column("waits", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.create_index("ix_decision_by", "decision", ["by", "id"])
    op.create_index("ix_decision_request", "decision", ["request", "document_id", "number", "field_id"], unique=True)


def _fields() -> None:
    op.add_column("field", sa.Column("harm", sa.Float(), server_default=sa.text("0"), nullable=False))
    op.add_column("field", sa.Column("cell_of", sa.Text(), nullable=True))
    # As recording.harm_of reckons it: the likelier the sum is misread and not broken in print, the earlier.
    op.execute(
        "UPDATE field SET harm = (SELECT min(coalesce(b.probability_broken, 0)) - 2 FROM broken_check b "
        "WHERE b.report_id = field.report_id AND "
        "replace(' ' || field.rules || ' ', ' ' || b.check_id || ' ', '') <> ' ' || field.rules || ' ') "
        "WHERE EXISTS (SELECT 1 FROM broken_check b WHERE b.report_id = field.report_id AND "
        "replace(' ' || field.rules || ' ', ' ' || b.check_id || ' ', '') <> ' ' || field.rules || ' ')"
    )
    for name, order in (
        ("ix_field_harm", ["harm", "rank", "report_id", "position"]),
        ("ix_field_waiting", ["report_id", "position"]),
        ("ix_field_alike", ["field_id", "report_id"]),
    ):
        op.create_index(name, "field", order, sqlite_where=sa.text("waiting = 1"), postgresql_where=sa.text("waiting"))
    for name, order, condition in (
        (
            "ix_field_sheet",
            ["printed", "rank", "report_id", "position"],
            "decided_state IS NULL AND page IS NOT NULL AND rank < 0.9999",
        ),
        ("ix_field_decided", ["report_id", "version"], "version > 0"),
    ):
        op.create_index(name, "field", order, sqlite_where=sa.text(condition), postgresql_where=sa.text(condition))
    op.create_index(
        "ix_report_queue",
        "report",
        ["agency", "id", "waiting"],
        sqlite_where=sa.text("waiting > 0 AND current = 1"),
        postgresql_where=sa.text("waiting > 0 AND current"),
    )


def _people() -> None:
    op.create_table(
        "person",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=True),
        sa.Column("role", sa.String(length=8), nullable=False),
        sa.Column("made_at", _TIME, nullable=False),
        sa.Column("retired_at", _TIME, nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_person")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_person_token_hash")),
    )
    op.create_table(
        "plan",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_plan")),
    )


def _of_field(table: str, *columns: sa.Column[object]) -> None:
    """A table with one row for a field of a content."""
    op.create_table(
        table,
        sa.Column("document_id", _ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("field_id", sa.Text(), nullable=False),
        *columns,
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name=op.f(f"fk_{table}_document_id")),
        sa.PrimaryKeyConstraint("document_id", "number", "field_id", name=op.f(f"pk_{table}")),
    )


def _second_looks() -> None:
    _of_field(
        "sampled",
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("drawn_at", _TIME, nullable=False),
    )
    op.create_index(op.f("ix_sampled_ordinal"), "sampled", ["ordinal"])
    _of_field(
        "keying",
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("first_by", sa.Text(), nullable=False),
        sa.Column("first_value", sa.Text(), nullable=True),
        sa.Column("first_state", sa.String(length=16), nullable=False),
        sa.Column("second_by", sa.Text(), nullable=True),
        sa.Column("second_value", sa.Text(), nullable=True),
        sa.Column("second_state", sa.String(length=16), nullable=True),
        sa.Column("asked_at", _TIME, nullable=False),
        sa.Column("answered_at", _TIME, nullable=True),
    )
    op.create_index("ix_keying_outcome", "keying", ["outcome", "asked_at"])
    _of_field(
        "hand_up",
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.Column("closed_at", _TIME, nullable=True),
    )


def _recomputed() -> None:
    op.create_table(
        "recomputed",
        sa.Column("report_id", _ID, nullable=False),
        sa.Column("decisions", sa.Integer(), nullable=False),
        sa.Column("written", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"], name=op.f("fk_recomputed_report_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("report_id", name=op.f("pk_recomputed")),
    )
    op.create_table(
        "page_size",
        sa.Column("document_id", _ID, nullable=False),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("width", sa.Float(), nullable=False),
        sa.Column("height", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name=op.f("fk_page_size_document_id")),
        sa.PrimaryKeyConstraint("document_id", "page", name=op.f("pk_page_size")),
    )
