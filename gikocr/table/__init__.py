"""Ruling lines, and the grids of cells that they make."""

from __future__ import annotations
