"""Attempts on a job since it was last submitted, beside those that fence."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; so far every attempt counted."""
    op.add_column("job", sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.execute("UPDATE job SET tries = attempt")
