"""The pages in a real browser, on a workspace made by a real extraction."""

from __future__ import annotations

import csv
import json
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.web.serving import Asked, Process, Server

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser


#: Whether a canvas shows more than a ground.
DRAWN = """(id) => {
    const canvas = document.getElementById(id);
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return new Set(data.filter((_, i) => i % 4 === 0)).size > 20;
}"""


def rows(server: Asked, statement: str, *values: object) -> list[tuple[Any, ...]]:
    with sqlite3.connect(f"file:{server.workspace / 'gikocr.db'}?mode=ro", uri=True) as database:
        return database.execute(statement, values).fetchall()


def log(server: Asked) -> list[tuple[Any, ...]]:
    """Kind, value and state of each decision, the oldest first."""
    return rows(server, "SELECT kind, new_value, new_state FROM decision ORDER BY id")


def wait_until_saved(page: Page) -> None:
    page.wait_for_selector("#saving[data-count='0']", state="attached", timeout=180_000)


def key(page: Page) -> str:
    """Which field is on the screen."""
    return str(page.get_attribute("#desk", "data-field"))


def press(page: Page, *keys: str) -> None:
    for one in keys:
        page.keyboard.press(one)


def open_review(page: Page, server: Asked) -> Page:
    page.goto(f"{server.url}/review?order=document")
    page.wait_for_selector("#desk:not([hidden])")
    return page


@pytest.fixture
def review(page: Page, server: Server) -> Page:
    return open_review(page, server)


def queue(server: Asked, query: str = "order=document&limit=40") -> list[dict[str, Any]]:
    return server.get(f"/data/queue?{query}").json["items"]


def find(server: Asked, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    return next(item for item in queue(server, "order=document&limit=100") if wanted(item))


def open_item(page: Page, server: Asked, item: dict[str, Any]) -> None:
    field = item["field"]
    page.goto(f"{server.url}/review?order=document&report={field['report_id']}&at={field['field_id']}")
    page.wait_for_selector("#desk:not([hidden])")


def test_the_first_field_is_shown_with_all_that_belongs_to_it(page: Page, server: Server) -> None:
    item = find(server, lambda i: i["crop"] and i["field"]["value"] is not None and i["sums"])
    open_item(page, server, item)
    assert page.inner_text("#column-heading") == item["column"]["en"]
    assert page.input_value("#value") == item["field"]["value"]
    assert page.locator(".sum").count() == len(item["sums"])
    assert page.locator("#alternatives button").count() >= len(item["alternatives"])
    page.wait_for_function(
        "() => performance.getEntriesByType('resource').filter(e => e.name.includes('/picture/')).length > 1"
    )
    for canvas in ("crop", "strip", "paper"):
        page.wait_for_function(DRAWN, arg=canvas)


def test_headings_are_told_as_they_are_printed(page: Page, server: Server) -> None:
    """What was read beside and above the cell, from the page as it is, next to the form's own words."""
    report = rows(server, "SELECT id FROM report WHERE name='hybrid.pdf' AND current")[0][0]
    field = "requests.received.natural_person"
    page.goto(f"{server.url}/review?report={report}&at={field}")
    page.wait_for_function("() => document.getElementById('as-printed').textContent")
    told = page.inner_text("#as-printed")
    assert told.startswith("Headings as read: ")
    assert "新收" in told and "自然人" in told
    (item,) = [server.get(f"/data/item/{report}/{field}").json]
    assert item["row"]["zh"]
    other = find(server, lambda i: i["passage"] is not None)
    open_item(page, server, other)
    page.wait_for_selector("#passage mark")
    assert page.inner_text("#as-printed").strip() == ""


def test_enter_accepts_and_digits_correct(review: Page, server: Server) -> None:
    items = [i for i in queue(server) if i["field"]["value"] is not None][:2]
    open_item(review, server, items[0])
    press(review, "Enter")
    open_item(review, server, items[1])
    press(review, *"9", "8", "Backspace", "7", ".", "5")
    assert review.input_value("#value") == "97.5"
    press(review, "Enter")
    wait_until_saved(review)
    assert log(server) == [("accept", items[0]["field"]["value"], "read"), ("correct", "97.5", "read")]
    assert rows(server, "SELECT DISTINCT by FROM decision") == [("Wang",)]


@pytest.mark.parametrize(
    ("keys", "decided"),
    [
        (["b"], ("blank", None, "blank")),
        (["/"], ("state", None, "slash")),
        (["-", "Enter"], ("state", None, "dash")),
        (["-", "1", "2", "Enter"], ("correct", "-12", "read")),
        (["n"], ("state", None, "none_word")),
        (["u"], ("unreadable", None, "unreadable")),
        (["4", "Escape", "5", "Enter"], ("correct", "5", "read")),
        (["1", "2", "e"], ("source_error", "12", "read")),
    ],
)
def test_each_key_says_what_stands_there(
    review: Page, server: Server, keys: list[str], decided: tuple[Any, ...]
) -> None:
    before = key(review)
    press(review, *keys)
    wait_until_saved(review)
    kind, value, state = log(server)[0]
    assert (value, state) == decided[1:]
    assert kind in (decided[0], "correct")
    assert key(review) != before


def test_an_alternative_is_taken_by_its_number_and_a_suggestion_only_when_asked(page: Page, server: Server) -> None:
    item = find(server, lambda i: len(i["alternatives"]) > 1)
    second = item["alternatives"][1]
    open_item(page, server, item)
    page.keyboard.press("Alt+2")
    wait_until_saved(page)
    assert log(server) == [("alternative", second["value"], second["state"])]


def test_a_broken_sum_is_reckoned_while_typing(page: Page, server: Server) -> None:
    item = find(server, lambda i: any(s["holds"] for s in i["sums"]) and i["field"]["value"] == "0")
    open_item(page, server, item)
    assert page.locator(".sum.broken").count() == sum(s["holds"] is False for s in item["sums"])
    press(page, "7")
    checkable = sum(s["holds"] is not None for s in item["sums"])
    assert page.locator(".sum.broken").count() == checkable
    assert "7" in page.inner_text(".sum.broken >> nth=0")
    press(page, "Escape")
    assert page.locator(".sum.broken").count() == 0
    assert log(server) == []


def test_what_is_no_number_is_not_sent(review: Page, server: Server) -> None:
    before = key(review)
    for typed in ("1.2.3", "1.", "--1", "abc", "　", "1e5"):
        review.fill("#value", typed)
        review.locator("#value").press("Enter")
        assert review.inner_text("#problem") != "", typed
    assert key(review) == before
    review.fill("#value", "１２３，４５６")  # full-width digits of a Chinese input method
    review.locator("#value").press("Enter")
    wait_until_saved(review)
    assert log(server)[0][1:] == ("123456", "read")


def test_undo_takes_back_saved_and_unsaved_decisions(review: Page, server: Server) -> None:
    first = key(review)
    press(review, "1", "Enter", "2", "Enter")
    wait_until_saved(review)
    press(review, "3", "Enter", "Control+z", "Control+z", "Control+z")
    assert key(review) == first
    wait_until_saved(review)
    standing = rows(server, "SELECT count(*) FROM field WHERE decided_state IS NOT NULL")
    assert standing == [(0,)]
    press(review, "8", "Enter")
    wait_until_saved(review)
    report, field = first.split(":")
    assert rows(server, "SELECT decided_value FROM field WHERE report_id=? AND field_id=?", report, field) == [("8",)]


def test_undo_after_a_reload_asks_the_server(review: Page, server: Server) -> None:
    first = key(review)
    press(review, "5", "Enter")
    wait_until_saved(review)
    review.reload()
    review.wait_for_selector("#desk:not([hidden])")
    assert key(review) != first
    press(review, "Control+z")
    review.wait_for_function("(k) => location.search.includes('at=' + k.split(':')[1])", arg=first)
    wait_until_saved(review)
    assert [kind for kind, *_ in log(server)] == ["correct", "undo"]


def test_skip_and_back(review: Page, server: Server) -> None:
    first = key(review)
    press(review, "s")
    second = key(review)
    assert second != first
    review.go_back()
    review.wait_for_function("(k) => location.search.includes('at=' + k.split(':')[1])", arg=first)
    press(review, "6", "Enter")
    assert key(review) == second
    wait_until_saved(review)
    review.go_back()
    review.wait_for_function("(k) => location.search.includes('at=' + k.split(':')[1])", arg=first)
    assert "Wang decided 6" in review.inner_text("#notice")
    press(review, "7", "Enter")
    wait_until_saved(review)
    assert [(value) for _, value, _ in log(server)] == ["6", "7"]


def test_ask_a_senior(review: Page, server: Server) -> None:
    first = key(review)
    press(review, "h")
    review.wait_for_selector("dialog[open]")
    review.keyboard.type("b 1 7?")
    press(review, "Enter")
    review.wait_for_function("(k) => document.getElementById('desk').dataset.field !== k", arg=first)
    wait_until_saved(review)
    assert rows(server, "SELECT count(*) FROM decision") == [(0,)]
    review.goto(f"{server.url}/people")
    assert "b 1 7?" in review.inner_text("main")


def test_an_input_method_is_left_alone(review: Page, server: Server) -> None:
    """What keys do while an input method composes is its own business: Enter and letters decide nothing."""
    before = key(review)
    review.click("#value")
    cdp = review.context.new_cdp_session(review)
    cdp.send("Input.imeSetComposition", {"text": "b", "selectionStart": 1, "selectionEnd": 1})
    composing = "(k) => document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key: k, isComposing: true, bubbles: true}))"
    legacy = "(k) => document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key: k, keyCode: 229, bubbles: true}))"
    for script in (composing, legacy):
        for one in ("Enter", "b", "u", "1", "/"):
            review.evaluate(script, one)
    assert key(review) == before
    cdp.send("Input.insertText", {"text": "１２"})
    press(review, "Enter")
    wait_until_saved(review)
    assert log(server)[0][1:] == ("12", "read")
    assert len(log(server)) == 1


def test_keys_can_be_changed(review: Page, server: Server) -> None:
    review.goto(f"{server.url}/help")
    review.click("#keys button[aria-label^='Blank']")
    press(review, "x")
    review.click("#keys button[aria-label^='unreadable']")
    press(review, "x")
    assert "Blank" in review.inner_text("#problem")
    review.goto(f"{server.url}/review?order=document")
    review.wait_for_selector("#desk:not([hidden])")
    before = key(review)
    press(review, "b")
    assert key(review) == before
    press(review, "x")
    wait_until_saved(review)
    assert [state for *_, state in log(server)] == ["blank"]


def test_the_mouse_does_all_that_keys_do(review: Page, server: Server) -> None:
    review.click("[data-do=blank]")
    review.click("[data-do=slash]")
    review.click("[data-do=undo]")
    review.click("[data-do=unreadable]")
    review.click("[data-do=zoom]")
    press(review, "Enter")  # the button that was clicked is not pressed once more
    wait_until_saved(review)
    standing = rows(server, "SELECT decided_state FROM field WHERE decided_state IS NOT NULL ORDER BY decided_at")
    assert [state for (state,) in standing][:2] == ["blank", "unreadable"]


def test_two_reviewers_on_one_field(browser: Browser, page: Page, server: Server) -> None:
    item = find(server, lambda i: i["field"]["value"] is not None)
    open_item(page, server, item)
    other = browser.new_context(locale="en-GB")
    theirs = other.new_page()
    theirs.goto(f"{server.url}/sign-in")
    theirs.fill("#shown", "Zhao")
    theirs.click("#sign-in button")
    theirs.wait_for_selector("#start")
    open_item(theirs, server, item)
    press(theirs, "4", "1", "Enter")
    wait_until_saved(theirs)
    press(page, "4", "2", "Enter")
    page.wait_for_selector("#conflicts:not([hidden])")
    told = page.inner_text("#conflicts li")
    assert "Zhao decided 41, you said 42" in told
    wait_until_saved(page)
    assert [(value) for _, value, _ in log(server)] == ["41"]
    page.click("#conflicts button >> nth=1")
    page.wait_for_function("(k) => location.search.includes('at=' + k)", arg=item["field"]["field_id"])
    press(page, "4", "3", "Enter")
    wait_until_saved(page)
    assert [(value) for _, value, _ in log(server)] == ["41", "43"]
    other.close()


def test_what_somebody_else_decided_since_is_not_taken_back(page: Page, server: Server) -> None:
    item = find(server, lambda i: i["field"]["value"] is not None)
    open_item(page, server, item)
    press(page, "4", "2", "Enter")
    wait_until_saved(page)
    cookie = server.post("/sign-in", {"shown": "Zhao"}).headers["set-cookie"].partition(";")[0]
    field = item["field"]
    entry = {"action": "settle", "kind": "correct", "id": "z", "state": "read", "value": "41", "version": 1}
    entry |= {"report_id": field["report_id"], "field_id": field["field_id"]}
    assert server.post("/data/decisions", [entry], Cookie=cookie).json["results"][0]["status"] == 200
    press(page, "Control+z")
    page.wait_for_function("() => document.getElementById('problem').textContent.includes('Zhao')")
    assert page.input_value("#value") == "41"
    assert [value for _, value, _ in log(server)] == ["42", "41"]


def test_two_reviewers_are_given_different_fields(browser: Browser, review: Page, server: Server) -> None:
    other = browser.new_context(locale="en-GB")
    theirs = other.new_page()
    theirs.goto(f"{server.url}/sign-in")
    theirs.fill("#shown", "Zhao")
    theirs.click("#sign-in button")
    theirs.wait_for_selector("#start")
    theirs.goto(f"{server.url}/review?order=document")
    theirs.wait_for_selector("#desk:not([hidden]), #empty:not([hidden])")
    if theirs.locator("#desk:not([hidden])").count():
        assert key(theirs) != key(review)
    other.close()


def test_nothing_is_lost_or_doubled_when_the_server_is_killed(page: Page, process: Process) -> None:
    """Fifty decisions in a burst; the server dies in the middle, at the worst moment too: saved, but not answered."""
    review = open_review(page, process)
    decided = []
    for number in range(50):
        decided.append(key(review))
        press(review, *str(1000 + number), "Enter")
        if number == 20:
            review.wait_for_function(
                "() => performance.getEntriesByName(location.origin + '/data/decisions').length > 0"
            )
            process.kill()
        # On a busy machine fewer fields were fetched before the server died: then there is nothing to decide until it is back.
        nothing_left = review.locator("#empty:not([hidden])").count() > 0
        if process.process.poll() is not None and (number == 35 or nothing_left):
            process.start()
        if nothing_left:
            review.wait_for_selector("#desk:not([hidden])", timeout=60_000)
    assert len(set(decided)) == 50
    wait_until_saved(review)
    found = rows(
        process, "SELECT report_id || ':' || field_id, decided_value FROM field WHERE decided_state IS NOT NULL"
    )
    assert dict(found) == {field: str(1000 + number) for number, field in enumerate(decided)}
    assert Counter(value for _, value, _ in log(process)) == Counter(str(1000 + number) for number in range(50))


def test_an_answer_that_is_lost_does_not_count_twice(review: Page, server: Server) -> None:
    lost = []

    def swallow(route: Any) -> None:
        if not lost:
            lost.append(route.fetch().status)
            route.abort()
        else:
            route.continue_()

    review.route("**/data/decisions", swallow)
    press(review, "7", "Enter", "8", "Enter", "Control+z")
    wait_until_saved(review)
    assert lost == [200]
    values = [value for kind, value, _ in log(server) if kind != "undo"]
    assert values in (["7"], ["7", "8"])
    assert rows(server, "SELECT decided_value FROM field WHERE decided_state IS NOT NULL") == [("7",)]
    assert review.locator("#conflicts:not([hidden])").count() == 0


def test_unsaved_decisions_outlive_the_page(browser: Browser, page: Page, process: Process) -> None:
    page.goto(f"{process.url}/review?order=document")
    page.wait_for_selector("#desk:not([hidden])")
    page.wait_for_timeout(300)
    process.kill()
    first = key(page)
    press(page, "3", "1", "Enter", "3", "2", "Enter")
    page.wait_for_selector("#saving[data-state='offline']")
    assert page.get_attribute("#saving", "data-count") == "2"
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    process.start()
    page.close(run_before_unload=True)
    time.sleep(0.5)
    again = page.context.new_page()
    again.goto(f"{process.url}/review?order=document")
    again.wait_for_selector("#desk:not([hidden])")
    wait_until_saved(again)
    assert sorted(value for _, value, _ in log(process)) == ["31", "32"]
    assert key(again) != first
    assert asked in (["beforeunload"], [])  # saved before it was closed, or asked


def test_nobody_sends_what_somebody_else_decided(review: Page, server: Server) -> None:
    """A name may begin like another one."""
    entry = {"action": "undo", "id": "x", "report_id": 0, "field_id": "-", "version": 0}
    add = """([name, entry]) => {
        const own = `gikocr:${document.body.dataset.workspace}:`;
        localStorage.setItem(`${own}${name}:1`, JSON.stringify(entry));
        localStorage.setItem(`${own}Wang:0`, '{"action": "un');
    }"""
    review.evaluate(add, ["Wang:Li", entry])
    review.evaluate(add, ["Wang%3ALi", entry])
    review.reload()
    review.wait_for_selector("#desk:not([hidden])")
    press(review, "7", "Enter")
    wait_until_saved(review)
    assert [kind for kind, *_ in log(server)] == ["correct"]
    assert review.evaluate("Object.keys(localStorage).filter((name) => name.includes('%3ALi')).length") == 1


def test_leaving_with_unsaved_decisions_is_warned_of(page: Page, process: Process) -> None:
    review = open_review(page, process)
    process.kill()
    press(review, "3", "Enter")
    review.wait_for_selector("#saving[data-state='offline']")
    asked = []
    review.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    review.close(run_before_unload=True)
    review.wait_for_timeout(500)
    assert asked == ["beforeunload"]


def test_a_sheet_confirms_all_but_the_odd_ones(page: Page, server: Server) -> None:
    printed, count = "0", 0
    page.goto(f"{server.url}/sheet")
    page.click(".chip >> nth=1")
    page.wait_for_selector("#cells button")
    printed = page.input_value("#printed")
    count = page.locator("#cells button").count()
    assert count > 2
    press(page, "ArrowRight", "Space", "Enter")
    wait_until_saved(page)
    decided = rows(server, "SELECT printed FROM field WHERE decided_state IS NOT NULL")
    assert decided == [(printed,)] * (count - 1)
    assert rows(server, "SELECT count(*) FROM decision WHERE reason='sheet' AND new_state IS NOT NULL") == [
        (count - 1,)
    ]
    press(page, "Control+z")
    page.wait_for_selector("#cells button")
    assert rows(server, "SELECT count(*) FROM field WHERE decided_state IS NOT NULL") == [(0,)]


def test_the_whole_form_is_corrected_and_shifted(page: Page, server: Server) -> None:
    report = rows(server, "SELECT id FROM report WHERE name='hybrid.pdf' AND current")[0][0]
    page.goto(f"{server.url}/form/{report}")
    field = "requests.received.natural_person"
    cell = page.locator(f"button[data-field='{field}']")
    cell.click()
    page.wait_for_selector("#editor[open]")
    press(page, "9", "9", "9", "9", "Enter")
    wait_until_saved(page)
    page.wait_for_function("(f) => document.querySelector(`[data-field='${f}']`).className === 'broken'", arg=field)
    assert "9999" in cell.inner_text()
    assert "sum" in page.inner_text("#content p.note") or page.locator(".form .broken").count() > 1
    press(page, "Control+z")
    wait_until_saved(page)
    page.wait_for_function("(f) => document.querySelector(`[data-field='${f}']`).className === ''", arg=field)

    first = page.locator("table.form >> nth=0 >> button")
    before = [b.inner_text() for b in first.all()]
    page.click("details.shifts summary >> nth=0")
    with page.expect_response("**/shift"), page.expect_response(f"**/data/form/{report}"):
        page.click("form[data-shift] >> nth=0 >> button[data-right='1']")
    page.wait_for_function("(t) => document.querySelectorAll('table.form button')[1].innerText === t", arg=before[0])
    assert [b.inner_text() for b in first.all()][1] == before[0]
    assert rows(server, "SELECT count(*) FROM decision WHERE kind='shift'")[0][0] > 1


def test_a_cell_of_the_form_is_reached_by_arrow_keys(page: Page, server: Server) -> None:
    report = rows(server, "SELECT id FROM report WHERE name='archive.pdf' AND current")[0][0]
    page.goto(f"{server.url}/form/{report}")
    page.locator("button[data-field]").first.focus()
    press(page, "ArrowRight", "ArrowDown")
    focused = page.evaluate("document.activeElement.dataset.field")
    assert focused == "disclosure.normative_documents.repealed"
    press(page, "Enter")
    page.wait_for_selector("#editor[open]")
    press(page, "Escape")
    assert page.locator("#editor[open]").count() == 0
    assert page.evaluate("document.activeElement.dataset.field") == focused


def test_a_text_shows_its_passage(page: Page, server: Server) -> None:
    item = find(server, lambda i: i["passage"] is not None)
    open_item(page, server, item)
    assert page.locator("#passage mark").count() == 1
    assert page.locator("#crop").is_hidden()
    assert page.locator("#paper").is_hidden()


def test_hostile_text_of_a_document_stays_text(page: Page, server: Server) -> None:
    evil = "<img src=x onerror=document.title='owned'>"
    with sqlite3.connect(server.workspace / "gikocr.db") as database:
        database.execute("UPDATE report SET agency=?, name=name||?", (evil, evil))
    page.goto(f"{server.url}/review?order=document")
    page.wait_for_selector("#desk:not([hidden])")
    assert evil in page.inner_text("#source")
    for path in ("/", "/documents", "/people"):
        page.goto(f"{server.url}{path}")
        assert page.locator("main img").count() == 0
    assert page.title() != "owned"


def test_the_language_is_changed_on_the_page(review: Page, server: Server) -> None:
    assert review.get_attribute("html", "lang") == "en"
    review.click("#language")
    review.wait_for_selector("html[lang='zh-CN']")
    assert "确认" in review.inner_text("[data-do=accept]")


def test_a_page_that_lies_on_its_side_is_turned(page: Page, server: Server) -> None:
    open_item(page, server, find(server, lambda i: i["crop"] is not None))
    page.wait_for_function("() => performance.getEntriesByName('gikocr:first').length")
    picture = "() => document.getElementById('crop').toDataURL()"
    upright = page.evaluate(picture)
    press(page, "r")
    assert page.evaluate(picture) != upright
    page.reload()
    page.wait_for_function("() => performance.getEntriesByName('gikocr:first').length")
    assert page.evaluate(picture) != upright
    press(page, "r", "r", "r")
    assert page.evaluate(picture) == upright


def test_zoom_shows_the_original_pixels_around_the_cell(page: Page, server: Server) -> None:
    open_item(page, server, find(server, lambda i: i["crop"] is not None))
    page.wait_for_function(DRAWN, arg="paper")
    picture = "() => document.getElementById('paper').toDataURL()"
    whole = page.evaluate(picture)
    press(page, "z")
    close = page.evaluate(picture)
    assert close != whole
    page.hover("#paper")
    page.mouse.down()
    page.mouse.move(900, 300, steps=4)
    page.mouse.up()
    assert page.evaluate(picture) != close
    press(page, "z")
    assert page.evaluate(picture) == whole


def test_a_second_answer_is_given_without_seeing_the_first(browser: Browser, page: Page, server: Server) -> None:
    from gikocr.cli.main import main

    assert main(["reviewed", str(server.workspace), "--twice-field", "*"]) == 0
    open_review(page, server)
    first = key(page)
    press(page, "6", "1", "Enter")
    wait_until_saved(page)
    other = browser.new_context(locale="en-GB")
    theirs = other.new_page()
    theirs.goto(f"{server.url}/sign-in")
    theirs.fill("#shown", "Zhao")
    theirs.click("#sign-in button")
    theirs.wait_for_selector("#start")
    theirs.goto(f"{server.url}/review?order=document")
    theirs.wait_for_selector("#desk:not([hidden])")
    for _ in range(60):
        if key(theirs) == first:
            break
        press(theirs, "s")
    assert key(theirs) == first
    assert "at=" not in theirs.url
    assert theirs.input_value("#value") == ""
    assert "Second" in theirs.inner_text("#notice")
    assert theirs.locator("#alternatives button, .sum").count() == 0
    press(theirs, "Enter")
    assert theirs.inner_text("#problem") != ""
    press(theirs, "6", "2", "Enter")
    wait_until_saved(theirs)
    other.close()
    page.goto(f"{server.url}/people")
    listed = page.locator("main a[href^='/review']").all()
    assert [first.split(":")[1] in (a.get_attribute("href") or "") for a in listed] == [False, True]
    page.click("#settle-them")
    page.wait_for_selector("#desk:not([hidden])")
    assert key(page) == first
    told = page.inner_text("#notice")
    assert "Wang: 61." in told
    assert "Zhao: 62." in told
    press(page, "6", "3", "Enter")
    wait_until_saved(page)
    assert rows(server, "SELECT decided_value FROM field WHERE decided_state IS NOT NULL") == [("63",)]
    page.goto(f"{server.url}/people")
    assert page.locator("#settle-them").count() == 0


@pytest.mark.slow
def sign_in(browser: Browser, server: Asked, name: str) -> Page:
    """A page of another browser, signed in under a name."""
    page = browser.new_context(locale="en-GB").new_page()
    page.goto(f"{server.url}/sign-in")
    page.fill("#shown", name)
    page.click("#sign-in button")
    page.wait_for_selector("#start")
    return page


def test_the_first_answer_is_shown_to_the_second_keyer_nowhere(browser: Browser, page: Page, server: Server) -> None:
    from gikocr.cli.main import main

    item = find(server, lambda i: i["sums"] and i["crop"])
    report, field = item["field"]["report_id"], item["field"]["field_id"]
    neighbour = next(t["field_id"] for t in item["sums"][0]["terms"] if t["field_id"] != field)
    assert main(["reviewed", str(server.workspace), "--twice-field", field]) == 0
    open_item(page, server, item)
    press(page, *"8642135", "Enter")
    wait_until_saved(page)
    theirs = sign_in(browser, server, "Zhao")
    theirs.goto(f"{server.url}/review?report={report}&at={field}")
    theirs.wait_for_selector("#desk:not([hidden])")
    assert key(theirs) == f"{report}:{field}"
    assert theirs.input_value("#value") == ""
    assert "8642135" not in theirs.content()
    assert theirs.locator("#alternatives button, .sum").count() == 0
    theirs.goto(f"{server.url}/review?report={report}&at={neighbour}")
    theirs.wait_for_selector(".sum")
    assert "8642135" not in theirs.content()
    theirs.goto(f"{server.url}/form/{report}")
    assert "8642135" not in theirs.content()
    cell = theirs.locator(f"button[data-field='{field}']")
    assert (cell.get_attribute("class"), cell.inner_text().strip()) == ("asked", "")
    theirs.evaluate("document.querySelector('main').scrollIntoView()")
    cell.click()
    theirs.wait_for_selector("#editor[open]")
    assert "8642135" not in theirs.content()
    assert theirs.input_value("#value") == ""
    # The first person thinks again meanwhile: the conflict tells no answer either.
    page.goto(f"{server.url}/form/{report}?at={field}")
    page.wait_for_selector("#editor[open]")
    press(page, *"8642136", "Enter")
    wait_until_saved(page)
    press(theirs, "5", "Enter")
    theirs.wait_for_function("() => document.getElementById('form-problem').textContent")
    assert "864213" not in theirs.content()
    cell.click()
    theirs.wait_for_selector("#editor[open]")
    press(theirs, *"8642136", "Enter")
    wait_until_saved(theirs)
    assert [kind for kind, *_ in log(server)] == ["correct", "correct", "second"]
    assert rows(server, "SELECT outcome FROM keying") == [("agreed",)]
    theirs.context.close()


def test_what_was_handed_up_is_settled_by_a_senior_only(browser: Browser, page: Page, server: Server) -> None:
    from gikocr.cli.main import main

    assert main(["review", str(server.workspace), "--add-person", "Chen", "--role", "senior"]) == 0
    item = find(server, lambda i: i["field"]["value"] is not None)
    report, field = item["field"]["report_id"], item["field"]["field_id"]
    open_item(page, server, item)
    press(page, "h")
    page.wait_for_selector("dialog[open]")
    page.keyboard.type("torn")
    press(page, "Enter")
    page.wait_for_function("(k) => document.getElementById('desk').dataset.field !== k", arg=f"{report}:{field}")
    wait_until_saved(page)
    # By its address, by a page that was opened before, and by the seniors' queue.
    open_item(page, server, item)
    assert "only seniors" in page.inner_text("#notice")
    assert "torn" not in page.inner_text("main")
    press(page, "4", "1", "Enter")
    assert "only seniors" in page.inner_text("#problem")
    assert key(page) == f"{report}:{field}"
    entry = {"action": "settle", "kind": "correct", "id": "z", "state": "read", "value": "41", "version": 0}
    entry |= {"report_id": report, "field_id": field}
    (result,) = server.post("/data/decisions", [entry]).json["results"]
    assert (result["status"], result["code"]) == (403, "senior_needed")
    assert server.get("/data/queue?senior=1").status == 403
    page.goto(f"{server.url}/people")
    assert "torn" not in page.inner_text("main")
    assert "1 fields wait for a senior" in page.inner_text("main")
    page.goto(f"{server.url}/review?senior=1")
    page.wait_for_selector("#empty:not([hidden])")
    assert "senior" in page.inner_text("#empty")
    assert log(server) == []

    theirs = sign_in(browser, server, "Chen")
    theirs.goto(f"{server.url}/people")
    theirs.click("#settle-them")
    theirs.wait_for_selector("#desk:not([hidden])")
    assert "torn" in theirs.inner_text("#notice")
    press(theirs, "4", "2", "Enter")
    wait_until_saved(theirs)
    assert [value for _, value, _ in log(server)] == ["42"]
    theirs.context.close()


def test_a_question_to_a_senior_is_taken_back(page: Page, server: Server) -> None:
    from gikocr.cli.main import main

    assert main(["review", str(server.workspace), "--add-person", "Chen", "--role", "senior"]) == 0
    review = open_review(page, server)
    first = key(review)
    press(review, "h")
    review.wait_for_selector("dialog[open]")
    press(review, "x", "Enter")
    review.wait_for_function("(k) => document.getElementById('desk').dataset.field !== k", arg=first)
    wait_until_saved(review)
    press(review, "Control+z")
    assert key(review) == first
    press(review, "4", "3", "Enter")
    wait_until_saved(review)
    assert [value for _, value, _ in log(server)] == ["43"]
    assert rows(server, "SELECT count(*) FROM hand_up WHERE closed_at IS NULL") == [(0,)]


def test_an_answer_that_came_after_the_question_is_told(page: Page, server: Server) -> None:
    """Somebody hands a field up while it is on the screen of somebody else."""
    from gikocr.cli.main import main

    assert main(["review", str(server.workspace), "--add-person", "Chen", "--role", "senior"]) == 0
    item = find(server, lambda i: i["field"]["value"] is not None)
    open_item(page, server, item)
    cookie = server.post("/sign-in", {"shown": "Zhao"}).headers["set-cookie"].partition(";")[0]
    asked = {"action": "hand_up", "id": "q", "version": 0, "reason": "torn"}
    asked |= {"report_id": item["field"]["report_id"], "field_id": item["field"]["field_id"]}
    assert server.post("/data/decisions", [asked], Cookie=cookie).json["results"] == [{"status": 200}]
    press(page, "4", "4", "Enter")
    page.wait_for_selector("#conflicts:not([hidden])")
    assert "waits for a senior; your 44 was not kept" in page.inner_text("#conflicts li")
    page.click("#conflicts button")
    assert page.locator("#conflicts:not([hidden])").count() == 0
    wait_until_saved(page)
    assert log(server) == []


def test_a_missing_page_is_attached(page: Page, server: Server, tmp_path: Path) -> None:
    from PIL import Image

    report = rows(server, "SELECT id FROM report WHERE name='wrong_total.pdf' AND current")[0][0]
    pages = rows(server, "SELECT d.pages FROM report r JOIN document d ON d.id = r.document_id WHERE r.id=?", report)[
        0
    ][0]
    page.goto(f"{server.url}/form/{report}")
    page.click("summary:has-text('Attach')")
    (tmp_path / "note.txt").write_text("not a page")
    page.set_input_files("#file", tmp_path / "note.txt")
    page.click("#attach button")
    page.wait_for_function("() => document.getElementById('form-problem').textContent !== ''")
    Image.new("L", (1654, 2339), 255).save(tmp_path / "page.png")
    page.set_input_files("#file", tmp_path / "page.png")
    page.click("#attach button")
    page.wait_for_url(lambda url: not url.endswith(f"/form/{report}"), timeout=120_000)
    assert len(page.evaluate("() => JSON.parse(document.getElementById('form-desk').dataset.pages)")) == pages + 1


def test_the_audit_trail_is_downloaded(review: Page, server: Server) -> None:
    press(review, "5", "Enter", "b")
    wait_until_saved(review)
    table = list(csv.DictReader(server.get("/data/audit.csv").body.decode("utf-8-sig").splitlines()))
    lines = [json.loads(line) for line in server.get("/data/audit.jsonl").body.decode().splitlines()]
    assert [row["by"] for row in table] == [line["by"] for line in lines] == ["Wang", "Wang"]
    assert [line["new_state"] for line in lines] == ["read", "blank"]


def test_a_whole_form_is_confirmed(page: Page, server: Server) -> None:
    report = rows(server, "SELECT id FROM report WHERE name='archive.pdf' AND current")[0][0]
    page.goto(f"{server.url}/form/{report}")
    page.click("#confirm-form")
    wait_until_saved(page)
    page.wait_for_function("() => document.querySelectorAll('.form .decided').length > 150")
    count = "SELECT count(*) FROM field WHERE report_id=? AND decided_state IS NOT NULL AND decided_state='unreadable'"
    assert rows(server, count, report) == [(0,)]
