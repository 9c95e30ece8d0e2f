"""Which edition a document is of, and the fields and rules that follow."""

from __future__ import annotations

import pytest

from gikocr.forms import MIXED, Form, load_form

HYBRID = {"二": "2021", "三": "2019", "四": "2021"}


@pytest.fixture
def form() -> Form:
    """The form of the yearly report."""
    return load_form()


def test_distinct_tables(form: Form) -> None:
    assert [t.edition for t in form.tables("二")] == ["2021", "2019"]
    assert [t.edition for t in form.tables("三")] == ["2021", "2019"]
    (remedies,) = form.tables("四")
    assert (remedies.edition, remedies.same_form_as) == ("2021", ("2019",))
    assert form.table("四", "2019").same_form_as == ("2021",)
    assert form.table("三", "2021").same_form_as == ()
    with pytest.raises(KeyError):
        form.tables("五")


@pytest.mark.parametrize(
    ("tables", "edition"),
    [
        ({"二": "2021", "三": "2021", "四": "2021"}, "2021"),
        ({"二": "2019", "三": "2019", "四": "2019"}, "2019"),
        ({"二": "2019", "三": "2019", "四": "2021"}, "2019"),
        ({"二": "2021", "三": "2021", "四": "2019"}, "2021"),
        (HYBRID, "2021"),
        ({"二": "2021", "三": "2019", "四": "2019"}, "2021"),
        ({"二": "2021", "三": "2019"}, "2021"),
        ({"二": "2021", "三": "2019", "四": None}, "2021"),
        ({"二": "2019", "三": "2021", "四": "2021"}, MIXED),
        ({"二": "2019", "三": "2021"}, MIXED),
        ({"二": None, "三": "2019", "四": "2021"}, "2019"),
        ({"二": "2021", "三": None, "四": None}, "2021"),
        ({"四": "2019"}, "2019"),
        ({"二": None, "三": None, "四": None}, None),
        ({}, None),
    ],
)
def test_edition_of_a_document(form: Form, tables: dict[str, str | None], edition: str | None) -> None:
    assert form.document_edition(tables) == edition


def test_an_unknown_table_or_edition_is_an_error(form: Form) -> None:
    with pytest.raises(KeyError):
        form.document_edition({"五": "2021"})
    with pytest.raises(KeyError):
        form.rules_for({"二": "2020"})


def test_a_shared_table_follows_the_document(form: Form) -> None:
    assert form.settled({"二": "2019", "三": "2019", "四": "2021"})["四"] == "2019"
    assert form.settled({**HYBRID, "四": "2019"}) == HYBRID
    assert form.settled({"二": "2019", "三": "2021", "四": "2021"}) == {"二": "2019", "三": "2021", "四": "2021"}
    assert form.settled({"二": None, "四": "2021"}) == {"二": None, "四": "2021"}


@pytest.mark.parametrize(("edition", "fields", "rules"), [("2021", 200, 42), ("2019", 198, 40)])
def test_fields_and_rules_of_one_edition(form: Form, edition: str, fields: int, rules: int) -> None:
    tables = dict.fromkeys(("四", "二", "三"), edition)
    assert [f.id for f in form.fields_for(tables)] == list(form.editions[edition].fields)
    assert form.rules_for(tables) == form.editions[edition].rules
    assert (len(form.fields_for(tables)), len(form.rules_for(tables))) == (fields, rules)


def test_fields_and_rules_of_the_hybrid(form: Form) -> None:
    fields = form.fields_for(HYBRID)
    assert [sum(f.table == key for f in fields) for key in "二三四"] == [10, 161, 15]
    assert "requests.other_processing.total" in {f.id for f in fields}
    assert "disclosure.rules.issued" in {f.id for f in fields}
    rules = form.rules_for(HYBRID)
    assert len(rules) == 40
    assert len(next(r for r in rules if r.id == "results_total.total").right) == 19
    known = {f.id for f in fields}
    assert all({*r.left, *r.right} <= known for r in rules)


def test_rules_of_a_table_that_was_not_found_are_left_out(form: Form) -> None:
    assert len(form.rules_for({"四": "2021"})) == 3
    assert form.rules_for({"二": "2021"}) == ()
