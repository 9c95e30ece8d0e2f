"""The ``gikocr`` command. Nothing heavy is imported before a command runs."""

from __future__ import annotations
