"""The review station in a browser: pages, their data and pictures, and what keeps others out. The logic stands in ``review``.

The REST API stands apart, in ``api``.

:func:`create_app` makes the application, :func:`serve` runs it.
"""

from __future__ import annotations

from gikocr.web.app import Options, create_app
from gikocr.web.server import serve

__all__ = ["Options", "create_app", "serve"]
