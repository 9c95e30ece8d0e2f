"""``python -m gikocr`` is the ``gikocr`` command."""

from __future__ import annotations

from gikocr.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
