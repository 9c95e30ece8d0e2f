"""The documentation site builds strictly and loads nothing from other hosts; its reference has all that the code has."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from gikocr.forms import load_form
from gikocr.report.codes import ISSUE_CODES
from gikocr.settings import describe
from scripts import reference
from tests.blocks import ROOT

BUILT = all(importlib.util.find_spec(name) for name in ("mkdocs", "material", "jieba"))
PAGES = reference.pages()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not BUILT:
        pytest.skip("MkDocs is not installed: pip install -e '.[docs]', or make site")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    # What is asked of the network fails at once, so that nothing is fetched to build it either.
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    environ = {**os.environ, **nowhere, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


class Loads(HTMLParser):
    """Addresses of what a page loads by itself; links that a reader may follow are none."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.classes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "class":
                self.classes |= set((value or "").split())
            loads = name in ("src", "srcset", "data", "poster") or (name == "href" and tag in ("link", "use", "image"))
            if value and (loads or (name == "style" and "url(" in value)):
                self.found.append(value)


def loaded_by(page: str) -> Loads:
    parser = Loads()
    parser.feed(page)
    return parser


def foreign(addresses: list[str]) -> Iterator[str]:
    return (a for a in addresses if re.search(r"^(?:[a-z]+:)?//|url\(['\"]?(?:https?:)?//", a))


def test_the_site_loads_nothing_from_other_hosts(site: Path) -> None:
    pages = list(site.glob("**/*.html"))
    assert len(pages) > 25
    for page in pages:
        loads = loaded_by(page.read_text("utf-8"))
        assert list(foreign(loads.found)) == [], page.name
        # With a diagram on it, the theme's script would fetch mermaid.
        assert "mermaid" not in loads.classes, page.name
    for sheet in site.glob("**/*.css"):
        assert re.findall(r"(?:@import|url\()\s*['\"]?(?:https?:)?//[^)]*", sheet.read_text("utf-8")) == [], sheet.name


def test_what_is_loaded_from_another_host_is_noticed() -> None:
    for part in (
        '<script src="https://cdn.example/x.js">',
        '<link rel="stylesheet" href="//fonts.example/css">',
        "<p style=\"background: url('http://x.example/y.png')\">",
    ):
        assert len(list(foreign(loaded_by(part).found))) == 1
    assert not list(foreign(loaded_by('<a href="https://x.example">x</a><img src="a/b.png">').found))


def test_the_site_has_every_page(site: Path) -> None:
    wanted = [*(p.relative_to(ROOT / "docs") for p in (ROOT / "docs").glob("**/*.md")), *map(Path, PAGES)]
    missing = [str(p) for p in wanted if not (site / p.with_suffix(".html")).exists()]
    assert missing == []
    index = json.loads((site / "search" / "search_index.json").read_text("utf-8"))
    # Chinese words are parted, so that they are found.
    assert any("置信度\u200b" in document["title"] for document in index["docs"])


def test_every_page_is_in_the_navigation() -> None:
    named = re.findall(r"([\w./-]+\.md)", (ROOT / "mkdocs.yml").read_text("utf-8"))
    pages = {*(str(p.relative_to(ROOT / "docs")) for p in (ROOT / "docs").glob("**/*.md")), *PAGES}
    assert sorted(named) == sorted(pages)


def test_every_command_and_option_is_in_the_reference() -> None:
    page = PAGES["reference/commands.md"]
    for words, command in reference.command_line().items():
        part = page[page.index(f"## gikocr {words}\n") :].partition("\n## ")[0]
        for parameter in command.params:
            assert parameter.help, f"gikocr {words}: {parameter.name} says nothing of itself"
            if parameter.param_type_name == "option":
                assert all(re.search(rf"`{re.escape(name)}[ `]", part) for name in parameter.opts), parameter.opts


def test_every_setting_field_sum_route_and_code_is_in_the_reference() -> None:
    assert [
        n for n, *_ in describe() if f"| `{n}` | `GIKOCR_{n.upper()}` |" not in PAGES["reference/settings.md"]
    ] == []
    form = load_form()
    page = PAGES["reference/form.md"]
    ids = {i for e in form.editions.values() for i in (*e.fields, *(rule.id for rule in e.rules))}
    assert len(ids) > 250
    assert sorted(i for i in ids if f"| `{i}` |" not in page) == []
    routes = json.loads((ROOT / "docs" / "openapi.json").read_text("utf-8"))["paths"]
    named = {f"## {method.upper()} {path}\n" for path, methods in routes.items() for method in methods}
    assert sorted(n for n in named if n not in PAGES["reference/rest.md"]) == []
    assert [c for c in ISSUE_CODES if f"| `{c}` |" not in PAGES["reference/codes.md"]] == []


def test_documents_named_by_their_path_become_links() -> None:
    text = "See `docs/review.md` and `docs/decisions/`.\n\n```\n`docs/review.md`\n```\n"
    assert reference.linked(text, "howto/x.md") == text.replace("`docs/review.md`", "[review.md](../review.md)", 1)
    with pytest.raises(ValueError, match="no_such"):
        reference.linked("`docs/no_such.md`", "x.md")


def test_cells_of_tables_are_kept_in_one_piece() -> None:
    assert list(reference.table(["a"], [["x|y\nz"]])) == ["| a |", "|---|", "| x\\|y z |", ""]
    assert list(reference.table(["a"], [])) == []
