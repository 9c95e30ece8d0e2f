"""How far reviewers agree where two decided the same field without seeing each other's answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from gikocr.review.intervals import Interval, clopper_pearson
from gikocr.workspace import Keying
from gikocr.workspace.rows import Value


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of two reviewers, or of one with all others (``other`` None), or of all pairs (both None).

    Attributes:
        pairs: fields that both decided.
        agreed: fields on which they gave one answer.
        share: ``agreed / pairs``.
        interval: exact 95 % interval of it.
        ac1: Gwet's AC1, agreement beyond chance, at most 1. It stays meaningful where nearly all answers are one, unlike Cohen's kappa.
    """

    person: str | None
    other: str | None
    pairs: int
    agreed: int
    share: float
    interval: Interval
    ac1: float


def agreements(keyings: Iterable[Keying]) -> list[Agreement]:
    """Of all, of each reviewer, and of each two of them; nothing where nothing was answered twice."""
    answers: dict[tuple[str | None, str | None], list[tuple[Hashable, Hashable]]] = {}
    for keying in keyings:
        if keying.second is None or keying.second_by is None or keying.outcome not in ("agreed", "differed"):
            continue
        first, second = answer(*keying.first), answer(*keying.second)
        one, other = keying.first_by, keying.second_by
        answers.setdefault((None, None), []).append((first, second))
        answers.setdefault((one, None), []).append((first, second))
        answers.setdefault((other, None), []).append((second, first))
        pair = (first, second) if one < other else (second, first)
        answers.setdefault((min(one, other), max(one, other)), []).append(pair)
    found = []
    for (person, with_whom), pairs in sorted(answers.items(), key=lambda e: (e[0][0] or "", e[0][1] or "")):
        agreed = sum(a == b for a, b in pairs)
        interval = clopper_pearson(agreed, len(pairs))
        assert interval is not None  # there is at least one pair
        found.append(Agreement(person, with_whom, len(pairs), agreed, agreed / len(pairs), interval, gwet_ac1(pairs)))
    return found


def answer(value: Value, state: str) -> Hashable:
    """An answer as a category: 75.9260 is 75.926."""
    return (state, None if value is None else Decimal(value).normalize())


def gwet_ac1(pairs: Sequence[tuple[Hashable, Hashable]]) -> float:
    """Gwet's AC1 of two raters (Gwet 2008), in [-1, 1]; 1 where every pair agrees.

    Args:
        pairs: at least one; the answers of both raters, whose categories are those that occur.
    """
    observed = sum(a == b for a, b in pairs) / len(pairs)
    counts = Counter(category for pair in pairs for category in pair)
    if len(counts) < 2:
        return 1.0
    shares = [count / (2 * len(pairs)) for count in counts.values()]
    chance = sum(p * (1 - p) for p in shares) / (len(counts) - 1)
    return (observed - chance) / (1 - chance)
