"""``gikocr schema``."""

from __future__ import annotations

from gikocr.cli.state import Debug


def schema(*, debug: Debug = False) -> None:
    """Print the JSON Schema of a report.

    Example: gikocr schema > report.schema.json
    """
    import json

    from gikocr.report import json_schema

    print(json.dumps(json_schema(), ensure_ascii=False, indent=2))
