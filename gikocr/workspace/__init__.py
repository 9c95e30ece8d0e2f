"""Where results are kept: a folder of JSON reports, with the form readings and overlay pictures that belong to them."""

from __future__ import annotations

from gikocr.workspace.folder import ReportFolder

__all__ = ["ReportFolder"]
