"""Tables of jobs: what is to be read, who reads it, and who may ask for it. Part of :data:`gikocr.workspace.schema.metadata`.

The queue itself (Procrastinate's tables, in a PostgreSQL schema of their own) only says whose turn it is; what became of a job stands
here. ``attempt`` is counted before the work begins, and whoever writes a result must name the attempt that he holds.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from gikocr.workspace.schema import _Id, _Time, metadata

#: One document to be read with certain settings. ``content`` is its hash (that of the name where no file could be read), ``files`` its
#: parts as JSON. ``suspect``: a process died while this was in its hands, so it is read alone. ``deaths`` counts processes that died
#: reading it alone. ``tries`` counts attempts too, but anew when the job is submitted again, and not those that no worker could begin.
job = Table(
    "job",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("content", String(64), nullable=False),
    Column("source_key", String(32), nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("files", Text, nullable=False),
    Column("settings", Text, nullable=False),
    Column("overlay", Boolean, nullable=False),
    Column("batch", Text, nullable=False, server_default=text("''")),
    Column("priority", Integer, nullable=False),
    Column("state", String(12), nullable=False),
    Column("attempt", Integer, nullable=False, server_default=text("0")),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    Column("deaths", Integer, nullable=False, server_default=text("0")),
    Column("suspect", Boolean, nullable=False),
    Column("worker", String(32)),
    Column("document_id", _Id, ForeignKey("document.id")),
    Column("error_code", Text),
    Column("error", Text),
    Column("submitted_at", _Time, nullable=False),
    Column("queued_at", _Time, nullable=False),
    Column("started_at", _Time),
    Column("finished_at", _Time),
    UniqueConstraint("source_key", "content", "fingerprint"),
    Index("ix_job_turn", "state", "priority", "id"),
    Index("ix_job_worker", "worker"),
    Index("ix_job_batch", "batch"),
)

#: One worker process. ``beat_at`` is written by a process beside it; the counters are sums since it started. ``stages`` holds CPU
#: seconds by stage of reading, as JSON.
job_worker = Table(
    "job_worker",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("host", Text, nullable=False),
    Column("process", Integer, nullable=False),
    Column("device", Text, nullable=False),
    Column("slots", Integer, nullable=False),
    Column("started_at", _Time, nullable=False),
    Column("beat_at", _Time, nullable=False),
    Column("stopped_at", _Time),
    Column("documents", Integer, nullable=False, server_default=text("0")),
    Column("pages", Integer, nullable=False, server_default=text("0")),
    Column("batches", BigInteger, nullable=False, server_default=text("0")),
    Column("batch_items", BigInteger, nullable=False, server_default=text("0")),
    Column("batch_room", BigInteger, nullable=False, server_default=text("0")),
    Column("cpu_own", Float, nullable=False, server_default=text("0")),
    Column("cpu_reading", Float, nullable=False, server_default=text("0")),
    Column("stages", Text, nullable=False, server_default=text("'{}'")),
)

#: Who may use the REST API. Only the SHA-256 of a token is kept.
api_token = Table(
    "api_token",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("sha256", String(64), nullable=False, unique=True),
    Column("scopes", Text, nullable=False),
    Column("created_at", _Time, nullable=False),
    Column("revoked_at", _Time),
)

#: What was answered to a request with an ``Idempotency-Key``, so that the same request again gets the same answer.
api_answer = Table(
    "api_answer",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("request", String(64), nullable=False),
    Column("answer", Text, nullable=False),
    Column("created_at", _Time, nullable=False, index=True),
)
