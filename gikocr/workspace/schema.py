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
REVISION = "0004"

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

# Reports with waiting fields, agency after agency.
Index(
    "ix_report_queue",
    report.c.agency,
    report.c.id,
    report.c.waiting,
    sqlite_where=text("waiting > 0 AND current = 1"),
    postgresql_where=text("waiting > 0 AND current"),
)

#: The fields of the current reports in long form. ``rank`` is the confidence, 0 where there is none: the queue's order.
#: ``waiting``: a person should look at it. ``version`` counts decisions; ``decided_*`` is what stands. ``harm`` is below 0 for a field
#: in a sum that does not hold (see ``recording.harm_of``). ``cell_of``: the field whose cell is this one's, where a person said so.
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
    Column("harm", Float, nullable=False, server_default=text("0")),
    Column("cell_of", Text),
    UniqueConstraint("report_id", "field_id"),
)

# What the review queue walks along: only the rows that wait, in each order that a page can be asked in.
for _name, _order in (
    ("ix_field_queue", ("rank", "report_id", "position")),
    ("ix_field_harm", ("harm", "rank", "report_id", "position")),
    ("ix_field_waiting", ("report_id", "position")),
    ("ix_field_alike", ("field_id", "report_id")),
):
    Index(
        _name,
        *(field.c[column] for column in _order),
        sqlite_where=text("waiting = 1"),
        postgresql_where=text("waiting"),
    )

#: Cells surer than this are on no sheet of cells that were read alike: nobody looks through millions of them.
SHEET_BELOW = 0.9999

# Cells that were read alike and that nobody decided on, the most doubtful first.
_ON_SHEET = f"decided_state IS NULL AND page IS NOT NULL AND rank < {SHEET_BELOW}"
Index(
    "ix_field_sheet",
    field.c.printed,
    field.c.rank,
    field.c.report_id,
    field.c.position,
    sqlite_where=text(_ON_SHEET),
    postgresql_where=text(_ON_SHEET),
)

# Fields that somebody decided on at least once.
Index(
    "ix_field_decided",
    field.c.report_id,
    field.c.version,
    sqlite_where=text("version > 0"),
    postgresql_where=text("version > 0"),
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
    # What one key press decided: its fields are undone together, and sent twice it counts once.
    Column("request", Text),
    Column("cell_of", Text),
    Column("waits", Boolean, nullable=False, server_default=text("false")),
    # Two people cannot both make the n-th decision on a field.
    UniqueConstraint("document_id", "number", "field_id", "version"),
    Index("ix_decision_by", "by", "id"),
    Index("ix_decision_request", "request", "document_id", "number", "field_id", unique=True),
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

#: Who reviews. Of a token only the SHA-256 is kept; without one the person works at this machine only.
person = Table(
    "person",
    metadata,
    Column("name", Text, primary_key=True),
    Column("token_hash", String(64), unique=True),
    Column("role", String(8), nullable=False),
    Column("made_at", _Time, nullable=False),
    Column("retired_at", _Time),
)

#: What the reviewers of this workspace have agreed on: sizes and seeds of samples, what is keyed twice.
plan = Table(
    "plan",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

#: Fields that were not doubtful and were drawn at random, so that what is wrong among them is measured.
sampled = Table(
    "sampled",
    metadata,
    Column("document_id", _Id, ForeignKey("document.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("field_id", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("ordinal", Integer, nullable=False, index=True),
    Column("seed", Integer, nullable=False),
    Column("drawn_at", _Time, nullable=False),
)

#: Fields that two people decide without seeing each other's answer. ``outcome``: asked, agreed, differed or withdrawn.
keying = Table(
    "keying",
    metadata,
    Column("document_id", _Id, ForeignKey("document.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("field_id", Text, primary_key=True),
    Column("outcome", String(16), nullable=False),
    Column("first_by", Text, nullable=False),
    Column("first_value", Text),
    Column("first_state", String(16), nullable=False),
    Column("second_by", Text),
    Column("second_value", Text),
    Column("second_state", String(16)),
    Column("asked_at", _Time, nullable=False),
    Column("answered_at", _Time),
    Index("ix_keying_outcome", "outcome", "asked_at"),
)

#: Fields that a senior has to decide: those that somebody could not, and those on which two differ.
hand_up = Table(
    "hand_up",
    metadata,
    Column("document_id", _Id, ForeignKey("document.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("field_id", Text, primary_key=True),
    Column("by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", _Time, nullable=False),
    Column("closed_by", Text),
    Column("closed_at", _Time),
)

#: What inference says of a report once what people settled is taken in: JSON of the fields that changed and of all sums.
#: ``decisions`` is the sum of the versions of its fields that this was reckoned from, ``written`` that of the JSON in the folder.
recomputed = Table(
    "recomputed",
    metadata,
    Column("report_id", _Id, ForeignKey("report.id", ondelete="CASCADE"), primary_key=True),
    Column("decisions", Integer, nullable=False),
    Column("written", Integer, nullable=False, server_default=text("0")),
    Column("body", LargeBinary, nullable=False),
)

#: Sizes of pages in the frame that a viewer shows, as far as a page was opened.
page_size = Table(
    "page_size",
    metadata,
    Column("document_id", _Id, ForeignKey("document.id"), primary_key=True),
    Column("page", Integer, primary_key=True),
    Column("width", Float, nullable=False),
    Column("height", Float, nullable=False),
)
