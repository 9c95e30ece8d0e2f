"""What stands on a field after all decisions on it: an undo takes the last one away that was not undone yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import RowMapping

#: Kinds of decisions: to take the last one back, the second of two that must agree, and one that was made on an older content.
UNDO, SECOND, CARRIED = "undo", "second", "carried"


@dataclass(frozen=True, slots=True)
class Standing:
    """The outcome of a field's decisions, as the columns of its row have it.

    Attributes:
        version: how many decisions were made.
        state: None where nothing is decided.
        by, at: of the decision that stands.
        cell_of: see ``StoredField``.
        waits: a person has to look at it, whatever is decided.
    """

    version: int
    value: str | None = None
    state: str | None = None
    by: str | None = None
    at: str | None = None
    cell_of: str | None = None
    waits: bool = False


def remaining(log: Sequence[RowMapping]) -> list[RowMapping]:
    """The decisions of one field that were not undone, oldest first; ``log`` is in the order of versions."""
    kept: list[RowMapping] = []
    for row in log:
        if row["kind"] != UNDO:
            kept.append(row)
        elif kept:
            kept.pop()
    return kept


def standing(log: Sequence[RowMapping]) -> Standing:
    """What stands after a field's decisions, given in the order of versions."""
    kept = remaining(log)
    version = len(log)
    cell_of = next((row["cell_of"] for row in reversed(kept) if row["cell_of"] is not None), None)
    if not kept:
        return Standing(version)
    last = kept[-1]
    waits = bool(last["waits"])
    if last["new_state"] is None or (last["kind"] == SECOND and waits):
        return Standing(version, cell_of=cell_of, waits=waits)
    return Standing(version, last["new_value"], last["new_state"], last["by"], last["at"], cell_of, waits)
