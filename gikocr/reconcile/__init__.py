"""Probabilities of fields from readings, placements and the form's sums."""

from __future__ import annotations

from gikocr.reconcile.calibration import Calibration
from gikocr.reconcile.posterior import cells_in_doubt, implied_values, reconcile, reconcile_again
from gikocr.reconcile.rivals import merge_rivals

__all__ = ["Calibration", "cells_in_doubt", "implied_values", "merge_rivals", "reconcile", "reconcile_again"]
