"""The public result of reading one document: models, JSON, JSON Schema, and when two runs are equal.

The contract of the JSON is documented in the models of :mod:`gikocr.report.model`; :func:`json_schema` exports it.
"""

from __future__ import annotations

from gikocr.report.comparison import differences, equal
from gikocr.report.model import (
    SCHEMA_VERSION,
    UNSPOKEN_STATES,
    Alternative,
    Check,
    DocumentFieldValue,
    DocumentInfo,
    Evidence,
    Field,
    Issue,
    ModelUsed,
    PartInfo,
    Provenance,
    Reason,
    Report,
    Review,
    SectionText,
    Severity,
    SourceInfo,
    Status,
    Suggestion,
    TableInfo,
    Verdict,
    json_schema,
    status_of,
)
from gikocr.report.numbers import MAX_CONFIDENCE, Amount, capped
from gikocr.report.text import printable

__all__ = [
    "MAX_CONFIDENCE",
    "SCHEMA_VERSION",
    "UNSPOKEN_STATES",
    "Alternative",
    "Amount",
    "Check",
    "DocumentFieldValue",
    "DocumentInfo",
    "Evidence",
    "Field",
    "Issue",
    "ModelUsed",
    "PartInfo",
    "Provenance",
    "Reason",
    "Report",
    "Review",
    "SectionText",
    "Severity",
    "SourceInfo",
    "Status",
    "Suggestion",
    "TableInfo",
    "Verdict",
    "capped",
    "differences",
    "equal",
    "json_schema",
    "printable",
    "status_of",
]
