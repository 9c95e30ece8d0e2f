"""Reading of printed lines and of table cells, and the ink that both start from."""

from __future__ import annotations
