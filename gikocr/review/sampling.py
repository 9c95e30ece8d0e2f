"""The random sample of fields that were not doubtful, and what is wrong among them.

Fields are drawn one after the other from all fields of all current reports, each as likely as any other, and those that are doubtful
are passed over: a simple random sample of the rest. The draw depends on the seed and on the contents alone, not on the order in which
documents were read.
"""

from __future__ import annotations

import bisect
import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gikocr.review.intervals import Interval, clopper_pearson
from gikocr.workspace import StoredField, Workspace

#: Fields of a sample, unless another number is asked for: without an error among them, at most about 1 % are wrong at 95 %.
DEFAULT_SIZE = 300
DEFAULT_SEED = 20260101

#: A part of the sample counts as gone through where so much of it was decided.
LEAST_SEEN = 0.9


@dataclass(frozen=True, slots=True)
class Residual:
    """What is wrong among fields that were not doubtful, measured.

    Attributes:
        asked: size of the sample.
        done: how many of them a person decided, as far as the sample was gone through in its order.
        wrong: in how many of those something else is printed than was read.
        rate: ``wrong / done``; None before anything is decided.
        interval: exact 95 % interval of the rate (Clopper and Pearson 1934); None as for ``rate``.
    """

    asked: int
    done: int
    wrong: int
    rate: float | None
    interval: Interval | None


def ensure_sample(workspace: Workspace, size: int, seed: int) -> int:
    """Draw fields until the sample has ``size``, or all that there are; what was drawn before stays.

    Returns:
        How many were drawn now.
    """
    looks = workspace.second_looks
    drawn = looks.sample()
    missing = size - len(drawn)
    if missing <= 0:
        return 0
    have = {(d.field.report_id, d.field.field_id) for d in drawn}
    sizes = looks.report_sizes()
    ends = list(itertools.accumulate(fields for *_, fields in sizes))
    new: list[StoredField] = []
    indices = permutation(ends[-1] if ends else 0, seed)
    while len(new) < missing and (batch := list(itertools.islice(indices, 2 * (missing - len(new)) + 16))):
        places = []
        for index in batch:
            k = bisect.bisect_right(ends, index)
            places.append((sizes[k][2], index - (ends[k - 1] if k else 0)))
        for field in looks.at(places):
            if is_sure(field) and (field.report_id, field.field_id) not in have and len(new) < missing:
                new.append(field)
                have.add((field.report_id, field.field_id))
    looks.add_sample(new, seed)
    return len(new)


def is_sure(field: StoredField) -> bool:
    """Whether nobody would look at a field: not doubtful, and nobody decided on it."""
    return not field.needs_review and not field.waiting and field.version == 0


def permutation(total: int, seed: int) -> Iterator[int]:
    """The numbers from 0 to ``total - 1`` in random order, one after the other, without making the whole list.

    Fisher and Yates' shuffle with only the moved places in memory.
    """
    chance = random.Random(seed)
    moved: dict[int, int] = {}
    for left in range(total, 0, -1):
        index = chance.randrange(left)
        yield moved.get(index, index)
        moved[index] = moved.pop(left - 1, left - 1)


def residual(workspace: Workspace) -> Residual:
    """What the sample says so far.

    Only the part of the sample counts that was gone through in the order in which it was drawn. A field of it that somebody decided for
    another reason, perhaps because a neighbour's correction made it doubtful, is likelier wrong than others and would come too early.
    """
    drawn = workspace.second_looks.sample()
    seen = gone_through([is_known(d.field) for d in drawn])
    decided = [d.field for d in drawn[:seen] if is_known(d.field)]
    wrong = sum(not is_as_read(field) for field in decided)
    done = len(decided)
    return Residual(len(drawn), done, wrong, wrong / done if done else None, clopper_pearson(wrong, done))


def gone_through(known: Sequence[bool]) -> int:
    """How many of the first are known, but for a few that somebody skipped: the longest beginning of which ``LEAST_SEEN`` are."""
    found = count = 0
    for number, one in enumerate(known, 1):
        count += one
        if one and count >= LEAST_SEEN * number:
            found = number
    return found


def is_known(field: StoredField) -> bool:
    """Whether a person said what is printed in a field."""
    return field.decided is not None and not field.waiting and field.decided.state not in ("unreadable", "occluded")


def is_as_read(field: StoredField) -> bool:
    """Whether what a person decided is what was read; 75.9260 is 75.926."""
    decided = field.decided
    return decided is None or (decided.state == field.state and decided.value == field.value)
