"""Probabilities of fields from readings, placements and the form's sums."""

from __future__ import annotations

from gikocr.reconcile.posterior import reconcile
from gikocr.reconcile.rivals import merge_rivals

__all__ = ["merge_rivals", "reconcile"]
