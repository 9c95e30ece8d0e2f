"""Pages turned upright, straightened, and freed from shade and seal ink."""

from __future__ import annotations
