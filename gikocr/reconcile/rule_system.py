"""A form's rules as a block code: parts that share no field, in each of them rows of disjoint rules and the rules that cross them.

Nothing here knows a form: the rows are found among the rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gikocr.forms import Rule

COLUMN_BITS = 40
"""Room for the residual of one crossing rule in the packed state; sums must stay below 2 ** 38."""


@dataclass(frozen=True, slots=True)
class Line:
    """One rule of the first family, or one field that is in none: fields with their signs (left +1, right -1)."""

    rule: Rule | None
    fields: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Part:
    """Rules that hang together.

    Attributes:
        lines: rules that share no field, and fields that are in none of these; each field is in exactly one line.
        crossing: the other rules.
        columns: for each field its signs in the crossing rules, packed: the sign in rule k is worth ``2 ** (COLUMN_BITS * k)``.
    """

    lines: tuple[Line, ...]
    crossing: tuple[Rule, ...]
    columns: dict[str, int]


def sign(rule: Rule, field_id: str) -> int:
    """+1 for a field of the left side, -1 for one of the right, 0 for any other."""
    return 1 if field_id in rule.left else -1 if field_id in rule.right else 0


def parts_of(rules: Sequence[Rule]) -> list[Part]:
    """Divide rules into parts. The rules may be any set; the order of the rules does not change what is in a part."""
    remaining = sorted(rules, key=lambda r: r.id)
    parts = []
    while remaining:
        group, fields = [remaining.pop(0)], set()
        fields |= {*group[0].left, *group[0].right}
        grown = True
        while grown:
            near = [r for r in remaining if fields & {*r.left, *r.right}]
            grown = bool(near)
            for rule in near:
                remaining.remove(rule)
                group.append(rule)
                fields |= {*rule.left, *rule.right}
        parts.append(_part(group))
    return parts


def _part(rules: Sequence[Rule]) -> Part:
    family = _disjoint(rules)
    lines = [Line(r, tuple((i, sign(r, i)) for i in (*r.left, *r.right))) for r in family]
    taken = {i for line in lines for i, _ in line.fields}
    rest = dict.fromkeys(i for r in rules for i in (*r.left, *r.right) if i not in taken)
    lines += [Line(None, ((i, 1),)) for i in rest]
    crossing = tuple(r for r in rules if r not in family)
    columns = {
        i: sum(sign(r, i) * (1 << (COLUMN_BITS * k)) for k, r in enumerate(crossing))
        for line in lines
        for i, _ in line.fields
    }
    return Part(tuple(lines), crossing, columns)


def _disjoint(rules: Sequence[Rule]) -> list[Rule]:
    """A set of rules without common fields that leaves few crossing rules: greedily, the one that meets fewest others first."""
    members = {r.id: {*r.left, *r.right} for r in rules}
    meets = {r.id: sum(bool(members[r.id] & members[o.id]) for o in rules) for r in rules}
    chosen: list[Rule] = []
    taken: set[str] = set()
    for rule in sorted(rules, key=lambda r: (meets[r.id], r.id)):
        if not members[rule.id] & taken:
            chosen.append(rule)
            taken |= members[rule.id]
    return chosen


def unpack(state: int, columns: int) -> list[int]:
    """The residuals of the crossing rules in a packed state."""
    half, mask = 1 << (COLUMN_BITS - 1), (1 << COLUMN_BITS) - 1
    residuals = []
    for _ in range(columns):
        low = ((state + half) & mask) - half
        residuals.append(low)
        state = (state - low) >> COLUMN_BITS
    return residuals
