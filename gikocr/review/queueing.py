"""Puts a page of the queue together: fields that wait, with some of the random sample and some second keyings between them."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, replace

from gikocr.review.items import Place
from gikocr.workspace import Cursor, Keying, Order, Selection, StoredField, Workspace

#: Of so many fields that are given out, one is of the sample, and one a second keying, as long as there are any.
ONE_OF = 10


@dataclass(frozen=True, slots=True)
class Asked:
    """A field that a person is asked about, and why."""

    field: StoredField
    place: Place
    sample: bool = False
    blind: bool = False
    handed_up: str | None = None
    keying: Keying | None = None
    locked: bool = False

    @property
    def place_of_field(self) -> tuple[int, str]:
        """Its report and id."""
        return self.field.report_id, self.field.field_id


def assemble(
    workspace: Workspace, order: Order, selection: Selection, *, person: str, after: Place, limit: int
) -> list[Asked]:
    """The next fields for a person; arguments as of :meth:`Station.queue`."""
    looks = workspace.second_looks
    some = -(-limit // ONE_OF)
    second = looks.second(person, after=after.second, limit=limit)
    sample = looks.sample(open_for=person, after=after.sample, limit=limit, selection=selection)
    main = workspace.reviews.queue.page(order, selection, after=after.main, limit=limit, free_for=person)
    room = max(limit - len(main), 0)
    # Where fewer wait than fit, the others fill the page.
    seconds = second[: max(some, room)]
    drawn = sample[: max(some, room - len(seconds))]
    main = main[: max(limit - len(seconds) - len(drawn), 0)]
    mixed = [
        *(Asked(f, Place(second=since), blind=True) for since, f in seconds),
        *(Asked(d.field, Place(sample=d.ordinal), sample=True) for d in drawn),
    ]
    return _mixed(main, mixed, order, after, person)[:limit]


def _mixed(main: list[StoredField], others: list[Asked], order: Order, after: Place, person: str) -> list[Asked]:
    """The others at random places among the main fields, each stream in its own order; the same again for the same page."""
    seed = hashlib.sha256(f"{person}|{after}|{[f.field_id for f in main[:1]]}".encode()).digest()
    chance = random.Random(seed)
    slots = sorted(chance.sample(range(len(main) + len(others)), len(others)))
    rest, extra = iter(main), iter(others)
    found: list[Asked] = []
    place = after
    for k in range(len(main) + len(others)):
        if slots and slots[0] == k:
            slots.pop(0)
            asked = next(extra)
            place = (
                replace(place, second=asked.place.second) if asked.blind else replace(place, sample=asked.place.sample)
            )
            found.append(replace(asked, place=place))
        else:
            field = next(rest)
            place = replace(place, main=Cursor.of(field, order))
            found.append(Asked(field, place))
    return found
