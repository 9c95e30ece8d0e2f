"""Writes the OpenAPI description of the REST API: ``python -m scripts.openapi > docs/openapi.json``."""

from __future__ import annotations

import json

from gikocr.web.api.app import bare_app


def description() -> str:
    """The description as the repository keeps it: JSON with sorted keys."""
    return json.dumps(bare_app().openapi(), ensure_ascii=False, indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    print(description(), end="")
