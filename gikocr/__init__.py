"""gikocr reads the statutory tables of 政府信息公开工作年度报告 from scans, with a confidence for every field."""

from __future__ import annotations

__version__ = "0.1.0"
