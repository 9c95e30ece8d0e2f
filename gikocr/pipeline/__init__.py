"""The pipeline: all stages in order, from a file to its report."""

from __future__ import annotations

from gikocr.pipeline.extraction import Extraction, Pipeline

__all__ = ["Extraction", "Pipeline"]
