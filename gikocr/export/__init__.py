"""What is made of results for people and other programs."""

from __future__ import annotations
