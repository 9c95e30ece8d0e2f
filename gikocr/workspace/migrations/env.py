"""What Alembic runs: it gets the open connection from :mod:`gikocr.workspace.database`, within whose transaction it works."""

from __future__ import annotations

from alembic import context

from gikocr.workspace.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
context.run_migrations()
