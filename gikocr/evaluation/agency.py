"""Compares names of authorities as the contract on evaluation says: without spaces, punctuation and usual endings."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

ENDINGS = ("人民政府", "办公室", "办事处")


def normalise_agency(name: str) -> str:
    """The name without spaces, punctuation and the endings in ``ENDINGS``; an ending alone is kept as it is."""
    kept = "".join(c for c in unicodedata.normalize("NFKC", name) if unicodedata.category(c)[0] not in "ZPC")
    while ending := next((e for e in ENDINGS if kept.endswith(e) and kept != e), None):
        kept = kept.removesuffix(ending)
    return kept


def same_agency(given: str | None, accepted: Iterable[str]) -> bool:
    """Whether a name that was read is one of the accepted names, after :func:`normalise_agency`."""
    read = normalise_agency(given or "")
    return bool(read) and any(read == normalise_agency(name) for name in accepted)
