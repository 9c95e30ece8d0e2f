from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import gikocr.web
from gikocr.web import wire
from gikocr.web.door import MAX_NAME, Door, clean_name
from gikocr.web.people import _harmless
from gikocr.web.throttle import WRONG_PER_MINUTE, Throttle
from gikocr.web.words import language_of, page_words, script_words
from gikocr.workspace.rows import amount_text

FOLDER = Path(gikocr.web.__file__).parent

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=6),
    max_leaves=12,
)


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=4))
def test_amounts_keep_their_digits(value: Decimal) -> None:
    text = amount_text(value)
    assert text is not None
    assert amount_text(wire.number(text)) == text


@given(st.text(max_size=32))
def test_a_text_is_an_amount_only_where_it_is_one(text: str) -> None:
    is_one = re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text) is not None and len(text) <= wire.MAX_DIGITS
    if is_one:
        assert wire.number(text) == Decimal(text)
    else:
        with pytest.raises(wire.BadRequest):
            wire.number(text)


@given(anything)
def test_whatever_is_sent_is_a_decision_or_refused(sent: Any) -> None:
    for read in (wire.wanted, wire.fields_of, wire.versions_of, wire.wholes, wire.step, wire.text, wire.whole):
        try:
            read(sent)
        except wire.BadRequest:
            continue


@given(
    st.dictionaries(st.sampled_from(["action", "report_id", "field_id", "version", "value", "state", "kind"]), anything)
)
def test_a_decision_has_a_value_only_where_a_number_is_read(changed: dict[str, Any]) -> None:
    good = {
        "action": "settle",
        "report_id": 1,
        "field_id": "x",
        "version": 0,
        "value": "1",
        "state": "read",
        "kind": "accept",
    }
    try:
        found = wire.wanted(good | changed)
    except wire.BadRequest:
        return
    if found.action == "settle":
        assert (found.state == "read") == (found.value is not None)


def door(**people: str) -> Door:
    tokens = {token: name for name, token in people.items()}
    return Door(b"s" * 32, person_of=tokens.get, token_mark=people.get, open_as=None)


@given(st.binary(max_size=80))
def test_no_cookie_but_ours_is_taken(forged: bytes) -> None:
    from starlette.datastructures import Headers

    ours = door(wang="token-of-wang")
    value = forged.decode("latin-1")
    assert ours.person(Headers(raw=[(b"cookie", f"{ours.cookie_name}={value}".encode("latin-1"))])) is None


def test_a_cookie_is_of_its_person_token_and_workspace() -> None:
    from starlette.datastructures import Headers

    ours = door(wang="token-of-wang", zhao="token-of-zhao")
    cookie = ours.cookie_for("token-of-wang")
    assert ours.cookie_for("token-of-nobody") is None
    headers = Headers({"cookie": f"a=b; {ours.cookie_name}={cookie}; c=d"})
    assert ours.person(headers) == "wang"
    assert door(wang="another").person(headers) is None
    assert door(zhao="token-of-zhao").person(headers) is None
    other = Door(b"t" * 32, person_of={}.get, token_mark={"wang": "token-of-wang"}.get, open_as=None)
    other.cookie_name = ours.cookie_name
    assert other.person(headers) is None


@given(st.text(max_size=200))
def test_names_are_kept_clean(text: str) -> None:
    name = clean_name(text)
    assert name.isprintable()
    assert len(name) <= MAX_NAME
    assert clean_name(name) == name.strip()


def test_wrong_tokens_are_counted_by_address() -> None:
    throttle = Throttle()
    for _ in range(WRONG_PER_MINUTE):
        assert throttle.seconds_to_wait("a") == 0
        throttle.failed("a")
    assert throttle.seconds_to_wait("a") > 0
    assert throttle.seconds_to_wait("b") == 0


@pytest.mark.parametrize("text", ["=1+1", "+1", "@x", "\tx"])
def test_no_text_becomes_a_formula(text: str) -> None:
    assert str(_harmless(text)).startswith("'")
    assert _harmless("-12") == "-12"
    assert _harmless(5) == 5


@pytest.mark.parametrize(
    ("chosen", "accepted", "default", "found"),
    [
        (None, "", "auto", "zh"),
        (None, "en-GB,en;q=0.9", "auto", "en"),
        (None, "fr, zh-CN;q=0.8", "auto", "zh"),
        (None, "en", "zh", "zh"),
        ("en", "zh", "zh", "en"),
        ("../x", "zh", "auto", "zh"),
    ],
)
def test_the_language_is_the_readers(chosen: str | None, accepted: str, default: str, found: str) -> None:
    assert language_of(chosen, accepted, default) == found


def test_every_word_is_there_and_used() -> None:
    script = (FOLDER / "static" / "station.js").read_text(encoding="utf-8")
    templates = "".join(p.read_text(encoding="utf-8") for p in (FOLDER / "templates").glob("*.html"))
    for lang in ("zh", "en"):
        assert all(page_words(lang).values())
        assert all(script_words(lang).values())
    asked = set(re.findall(r'\bsay\("(\w+)"', script))
    assert asked <= set(script_words("en")), asked - set(script_words("en"))
    named = set(re.findall(r"\bt\.(\w+)", templates))
    assert named <= set(page_words("en")), named - set(page_words("en"))
    python = "".join(p.read_text(encoding="utf-8") for p in FOLDER.glob("*.py"))
    for word in page_words("en"):
        looked_up = word.startswith("order_") and 't["order_" ~ key]' in templates
        assert looked_up or re.search(rf"\bt\.{word}\b|\"{word}\"", templates), f"{word} is used nowhere"
    for word in script_words("en"):
        assert re.search(rf'"{word}"|\b{word}:', script + python), f"{word} is used nowhere"


def test_the_words_are_data_for_the_script() -> None:
    from gikocr.web.words import script_words_json

    assert json.loads(script_words_json("zh")) == script_words("zh")
