"""What the sums of a field ask for: nothing where another part was not read, and nothing that breaks a sum that holds."""

from __future__ import annotations

import pytest

from gikocr.review.items import Choice, Sum, Term
from gikocr.review.reports import suggestion
from gikocr.workspace.rows import StoredField


def field(value: int | None, state: str = "read", hint: int | None = None) -> StoredField:
    return StoredField(
        report_id=1,
        position=0,
        field_id="a",
        table="三",
        edition="2021",
        value=value,
        printed=None,
        state=state,  # type: ignore[arg-type]
        unit=None,
        confidence=0.5,
        needs_review=True,
        waiting=True,
        page=1,
        bbox=None,
        box_unit=None,
        rules=("r",),
        suggestion=hint,
        version=0,
        decided=None,
        harm=0.0,
        cell_of=None,
        document="d",
        agency=None,
        year=None,
    )


def total_of(rule: str, parts: dict[str, int | None], total: int, unread: tuple[str, ...] = ()) -> Sum:
    """The parts on the left, their total on the right."""
    terms = tuple(
        Term(1, k, k, v, "read" if v is not None else "unreadable" if k in unread else "blank", False, False)
        for k, v in parts.items()
    )
    terms += (Term(-1, "total", "total", total, "read", False, False),)
    left = sum(v or 0 for v in parts.values())
    known = not unread
    return Sum(
        rule, terms, left if known else None, total if known else None, left - total if known else None,
        left == total if known else None, None, None, unread,
    )  # fmt: skip


def test_a_broken_sum_asks_for_what_mends_it() -> None:
    hint = suggestion(field(3), (total_of("r", {"a": 3, "b": 4}, 12),), (Choice(8, "8", "read", 0.1),), signed=False)
    assert hint is not None
    assert (hint.value, hint.rules) == (8, ("r",))


def test_the_only_part_that_was_not_read_is_asked_for() -> None:
    hint = suggestion(field(None, "unreadable"), (total_of("r", {"a": None, "b": 4}, 12, ("a",)),), (), signed=False)
    assert hint is not None
    assert hint.value == 8


def test_of_two_parts_that_were_not_read_neither_is_asked_for() -> None:
    two = total_of("r", {"a": None, "b": None, "c": 4}, 12, ("a", "b"))
    assert suggestion(field(None, "unreadable"), (two,), (), signed=False) is None


def test_a_sum_with_another_part_that_was_not_read_asks_for_nothing() -> None:
    assert suggestion(field(3), (total_of("r", {"a": 3, "b": None}, 12, ("b",)),), (), signed=False) is None


@pytest.mark.parametrize("hint", [None, 8])
def test_a_sum_that_holds_is_not_given_up_for_another(hint: int | None) -> None:
    broken, holding = total_of("r", {"a": 3, "b": 4}, 12), total_of("s", {"a": 3, "b": 9}, 12)
    assert suggestion(field(3, hint=hint), (broken, holding), (), signed=False) is None


@pytest.mark.parametrize(("signed", "wanted"), [(True, -2), (False, None)])
def test_negative_numbers_are_asked_for_where_they_may_stand(signed: bool, wanted: int | None) -> None:
    found = suggestion(field(3), (total_of("r", {"a": 3, "b": 14}, 12),), (), signed=signed)
    assert (found.value if found is not None else None) == wanted
