"""The tables of a workspace, for SQLite and PostgreSQL alike.

The key of a result is the content of its document with the fingerprint of the run (pipeline version, settings that change
results, model hashes). Paths are only aliases of content.

Amounts are kept as text with the digits as printed: a binary float would lose them, and SQLite has no decimal.
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
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

#: The revision of :mod:`gikocr.workspace.migrations` that makes the tables below. A test holds the two together.
REVISION = "0002"

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows by itself only where the key's type is exactly INTEGER.
_Id = BigInteger().with_variant(Integer, "sqlite")

# A moment in UTC as ISO 8601 text of constant length, which sorts by time and reads the same from both databases.
_Time = String(32)

#: One content. ``sha256`` is that of the report's source; a file that could not be opened is known by the hash of its name.
document = Table(
    "document",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("sha256", String(64), nullable=False, unique=True),
    Column("media_type", Text, nullable=False),
    Column("pages", Integer, nullable=False),
)

#: Where content was seen: the files of a document as the command line found them, with their sizes and times, and what the last
#: run made of them. ``key`` is a hash of name and paths; ``deaths`` counts processes that died while they read it.
source = Table(
    "source",
    metadata,
    Column("key", String(32), primary_key=True),
    Column("name", Text, nullable=False),
    Column("paths", Text, nullable=False),
    Column("stamp", Text, nullable=False),
    Column("document_id", _Id, ForeignKey("document.id"), nullable=True, index=True),
    Column("fingerprint", Text, nullable=False),
    Column("deaths", Integer, nullable=False, server_default=text("0")),
    Column("seen_at", _Time, nullable=False),
)

#: Who owns a file name in the folder, so that two processes never give one name to two sources.
file_name = Table(
    "file_name",
    metadata,
    Column("path", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
)

#: One report on one content under one fingerprint. ``body`` is the whole report, gzip-compressed JSON; ``current`` marks the newest
#: of a document. ``waiting`` counts its fields that wait for review.
report = Table(
    "report",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("document_id", _Id, ForeignKey("document.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("current", Boolean, nullable=False),
    Column("name", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("form", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("agency", Text),
    Column("agency_key", Text),
    Column("year", Integer),
    Column("edition", Text),
    Column("fields", Integer, nullable=False),
    Column("waiting", Integer, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("read_at", _Time, nullable=False),
    Column("body", LargeBinary, nullable=False),
    UniqueConstraint("document_id", "number", "fingerprint"),
    Index("ix_report_agency_year", "agency", "year"),
    Index("ix_report_name", "name"),
)

#: The fields of the current reports in long form. ``rank`` is the confidence, 0 where there is none: the queue's order.
#: ``waiting``: needs review, and nobody has decided. ``version`` counts decisions; ``decided_*`` is the last one.
field = Table(
    "field",
    metadata,
    Column("report_id", _Id, ForeignKey("report.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("field_id", Text, nullable=False),
    Column("table_key", Text, nullable=False),
    Column("edition", Text),
    Column("value", Text),
    Column("printed", Text),
    Column("state", String(16), nullable=False),
    Column("unit", Text),
    Column("confidence", Float),
    Column("needs_review", Boolean, nullable=False),
    Column("page", Integer),
    Column("left", Float),
    Column("top", Float),
    Column("right", Float),
    Column("bottom", Float),
    Column("box_unit", String(2)),
    Column("rules", Text, nullable=False),
    Column("suggestion", Text),
    Column("waiting", Boolean, nullable=False),
    Column("rank", Float, nullable=False),
    Column("version", Integer, nullable=False, server_default=text("0")),
    Column("decided_value", Text),
    Column("decided_state", String(16)),
    Column("decided_by", Text),
    Column("decided_at", _Time),
    UniqueConstraint("report_id", "field_id"),
)

# What the review queue walks along: only the rows that wait, the most doubtful first.
Index(
    "ix_field_queue",
    field.c.rank,
    field.c.report_id,
    field.c.position,
    sqlite_where=text("waiting = 1"),
    postgresql_where=text("waiting"),
)

#: Sums of the current reports that do not hold, or may not. What holds is in the report's body.
broken_check = Table(
    "broken_check",
    metadata,
    Column("report_id", _Id, ForeignKey("report.id", ondelete="CASCADE"), primary_key=True),
    Column("check_id", Text, primary_key=True),
    Column("left", Text),
    Column("right", Text),
    Column("difference", Text),
    Column("verdict", String(16), nullable=False),
    Column("probability_broken", Float),
)

issue = Table(
    "issue",
    metadata,
    Column("report_id", _Id, ForeignKey("report.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("code", Text, nullable=False),
    Column("severity", String(8), nullable=False),
    Column("page", Integer),
    Column("stage", Text, nullable=False),
    Column("message", Text, nullable=False),
)

#: One run of ``extract``. ``finished_at`` stays null for one that was killed.
run = Table(
    "run",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("started_at", _Time, nullable=False),
    Column("finished_at", _Time),
    Column("version", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("process", Integer, nullable=False),
    Column("read", Integer, nullable=False, server_default=text("0")),
    Column("skipped", Integer, nullable=False, server_default=text("0")),
    Column("failed", Integer, nullable=False, server_default=text("0")),
)

#: What people decided. Rows are only ever added: triggers refuse the rest. A decision belongs to a field of a content, so that it
#: outlives the report that it was made on.
decision = Table(
    "decision",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("document_id", _Id, ForeignKey("document.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("field_id", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", _Time, nullable=False),
    Column("old_value", Text),
    Column("old_state", String(16), nullable=False),
    Column("new_value", Text),
    Column("new_state", String(16)),
    Column("reason", Text, nullable=False),
    Column("seconds", Float),
    # Two people cannot both make the n-th decision on a field.
    UniqueConstraint("document_id", "number", "field_id", "version"),
)

#: Fields that somebody is looking at. A lease that has run out counts as none.
lease = Table(
    "lease",
    metadata,
    Column("report_id", _Id, ForeignKey("report.id", ondelete="CASCADE"), primary_key=True),
    Column("field_id", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("expires_at", _Time, nullable=False),
)
