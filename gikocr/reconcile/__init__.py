"""Probabilities of fields from readings, placements and the form's sums."""

from __future__ import annotations

from gikocr.reconcile.posterior import reconcile

__all__ = ["reconcile"]
