"""What axe-core finds on the pages, and that they can be used without a mouse, enlarged, in the dark."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

import pytest

from tests.web.serving import Server
from tests.web.test_browser import find, open_item

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

#: Rules of axe-core by the Web Content Accessibility Guidelines 2.2, levels A and AA.
_RUN = "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"


def axe() -> str:
    package = pytest.importorskip("axe_playwright_python", reason="axe-playwright-python is not installed (extra dev)")
    return resources.files(package).joinpath("axe.min.js").read_text(encoding="utf-8")


PAGES = {
    "queue": "/",
    "review": "/review?order=document",
    "sheet": "/sheet?printed=0",
    "documents": "/documents",
    "form": "/form/1",
    "people": "/people",
    "help": "/help",
    "sign_in": "/sign-in",
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_serious(browser: Browser, server: Server, name: str, scheme: str) -> None:
    script = axe()
    # axe is put into the page from outside, which its policy forbids to every page.
    context = browser.new_context(color_scheme=scheme, bypass_csp=True, locale="en-GB")
    page = context.new_page()
    page.goto(f"{server.url}{PAGES[name]}")
    page.wait_for_load_state("networkidle")
    if name == "form":
        page.locator("button[data-field]").first.click()
        page.wait_for_selector("#editor[open]")
    page.evaluate(f"() => {{ {script} }}")
    found = page.evaluate(_RUN)["violations"]
    serious = [
        (v["id"], v["impact"], [node["target"] for node in v["nodes"]][:3])
        for v in found
        if v["impact"] in ("serious", "critical", "moderate")
    ]
    assert serious == []
    context.close()


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_cut_off_at_twice_the_size(browser: Browser, server: Server, name: str) -> None:
    """Half as wide in CSS pixels is what 200 % zoom is (WCAG 2.2, 1.4.4 and 1.4.10)."""
    context = browser.new_context(viewport={"width": 640, "height": 400}, device_scale_factor=2, locale="en-GB")
    page = context.new_page()
    page.goto(f"{server.url}{PAGES[name]}")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.scrollWidth") <= 640
    context.close()


def test_all_actions_are_reached_by_the_tab_key_and_the_focus_is_seen(browser: Browser, server: Server) -> None:
    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    # A field of a scan: what was told from text shows its passage and no page.
    open_item(page, server, find(server, lambda item: bool(item["crop"])))
    reached = set()
    for _ in range(80):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.dataset.do ?? document.activeElement.id"))
        outline = page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth)")
        assert outline >= 2 or page.evaluate("document.activeElement === document.body")
    actions = set(page.evaluate("[...document.querySelectorAll('[data-do]')].map((b) => b.dataset.do)"))
    assert actions | {"value", "paper", "zoom-in", "fit", "whole-form", "language"} <= reached
    context.close()


def test_what_happens_is_said_to_screen_readers(browser: Browser, server: Server) -> None:
    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    page.goto(f"{server.url}/review?order=document")
    page.wait_for_selector("#desk:not([hidden])")
    # It is said a frame after it is shown.
    page.wait_for_function("document.querySelector('#live').textContent !== ''")
    first = page.text_content("#live")
    assert first
    page.keyboard.press("s")
    page.wait_for_function("(first) => document.querySelector('#live').textContent !== first", arg=first)
    assert page.text_content("#live") != first
    assert page.get_attribute("#live", "aria-live") == "polite"
    context.close()


def test_axe_is_at_work(browser: Browser, server: Server) -> None:
    context = browser.new_context(bypass_csp=True)
    page = context.new_page()
    page.goto(f"{server.url}/help")
    page.evaluate(f"() => {{ {axe()} }}")
    page.evaluate("() => document.querySelector('main').append(document.createElement('input'))")
    assert "label" in [v["id"] for v in page.evaluate(_RUN)["violations"]]
    context.close()
