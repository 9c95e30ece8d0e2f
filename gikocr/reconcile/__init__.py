"""Probabilities of fields from readings, placements and the form's sums."""

from __future__ import annotations

from gikocr.reconcile.calibration import Calibration
from gikocr.reconcile.posterior import SumsSay, ask_sums, reconcile, reconcile_again
from gikocr.reconcile.rivals import merge_rivals

__all__ = ["Calibration", "SumsSay", "ask_sums", "merge_rivals", "reconcile", "reconcile_again"]
