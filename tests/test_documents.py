"""What the documents name is there: files, make targets, modules that are run, commands with their options, codes."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from scripts import reference
from tests.blocks import PAGES, ROOT, RUN, Block, blocks, called

TOP = ("gikocr", "scripts", "docs", "models", "samples", "tests", "deploy")

COMMANDS = reference.command_line()

#: Pages in Chinese, and the pages of which they say the same.
IN_CHINESE = {
    "zh/tutorial.md": "tutorial.md",
    "zh/archive.md": "howto/archive.md",
    "zh/review.md": "howto/review-team.md",
    "zh/confidence.md": "meaning.md",
}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_that_are_named_exist(page: Path) -> None:
    named = re.findall(r"`((?:[\w.-]+/)+[\w.*-]*)`", page.read_text("utf-8"))
    ours = [n for n in named if n.split("/")[0] in TOP]
    missing = [n for n in ours if not list(ROOT.glob(n.rstrip("/")))]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_pages_and_pictures_that_are_linked_exist(page: Path) -> None:
    made = {(ROOT / "docs" / path).resolve() for path in reference.pages()}
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
    places = [(page.parent / link).resolve() for link in links if "://" not in link]
    assert [place for place in places if not place.exists() and place not in made] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_targets_and_modules_that_are_named_exist(page: Path) -> None:
    text = page.read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z-]+)", text)) <= targets
    modules = set(re.findall(r"python -m (scripts(?:\.\w+)*)", text))
    missing = [
        m
        for m in modules
        if not (ROOT / f"{m.replace('.', '/')}.py").exists() and not (ROOT / m.replace(".", "/")).is_dir()
    ]
    assert not missing


def test_every_room_has_its_place_in_the_guide() -> None:
    guide = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    rooms = sorted(p.parent.name for p in (ROOT / "gikocr").glob("*/__init__.py"))
    assert [r for r in rooms if f"`{r}/" not in guide and f"`gikocr/{r}/" not in guide] == []


def found_command(words: list[str]) -> tuple[Any, list[str]]:
    """The command that words begin with, and the words behind its name."""
    for length in (2, 1):
        if " ".join(words[:length]) in COMMANDS:
            return COMMANDS[" ".join(words[:length])], words[length:]
    raise AssertionError(f"there is no command gikocr {' '.join(words[:2])}")


def parse(words: list[str]) -> None:
    """Have the command line parse a call, without running it."""
    command, rest = found_command(words)
    command.make_context(command.name, list(rest))


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_commands_of_blocks_can_be_parsed(page: Path) -> None:
    for block in blocks(page):
        if block.language in ("", "sh", "bash", RUN):
            for words in called(block):
                parse(words)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_commands_within_text_exist_with_their_options(page: Path) -> None:
    text = re.sub(r"^ *```.*?^ *```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    for code in re.findall(r"`gikocr ([a-z][^`]*)`", text):
        words = code.split()
        if words[0] in {name.split()[0] for name in COMMANDS if " " in name} and len(words) == 1:
            continue  # a group, such as `gikocr token`
        command, rest = found_command(words)
        known = {name for p in command.params for name in (*p.opts, *p.secondary_opts)} | {"--help"}
        assert [w for w in rest if re.fullmatch("--?[a-z][a-z-]*", w) and w not in known] == [], code


@pytest.mark.parametrize(
    ("call", "wrong"),
    [
        ("extract a -o out", False),
        ("token create me --scope admin -w out", False),
        ("extract a -o out --no-such-option", True),
        ("extract a", True),
        ("export out --format docx", True),
    ],
)
def test_a_wrong_command_is_noticed(call: str, wrong: bool) -> None:
    if wrong:
        with pytest.raises(Exception, match=r"No such option|Missing parameter|is not one of"):
            parse(call.split())
    else:
        parse(call.split())
    with pytest.raises(AssertionError, match="no command"):
        parse(["no", "such"])


def test_calls_are_found_in_lines_of_a_shell() -> None:
    text = "A=b nohup gikocr extract '/a b' -o out > run.txt & # gikocr no\n$ gikocr show x || gikocr status out; ls\n"
    assert list(called(Block(RUN, "", "gikocr needs\n$ gikocr review --name 李四"))) == [["review", "--name", "李四"]]
    assert list(called(Block("sh", "", text))) == [["extract", "/a b", "-o", "out"], ["show", "x"], ["status", "out"]]


@pytest.mark.parametrize("chinese", IN_CHINESE)
def test_a_page_in_chinese_has_the_commands_and_parts_of_the_english_one(chinese: str) -> None:
    ours, theirs = (ROOT / "docs" / path for path in (chinese, IN_CHINESE[chinese]))
    assert blocks(ours) == blocks(theirs)
    for kind in (r"^#+ ", r"^!\[", r"^\* ", r"^\d\. ", r"^\| "):
        counts = [len(re.findall(kind, page.read_text("utf-8"), re.MULTILINE)) for page in (ours, theirs)]
        assert counts[0] == counts[1], kind


def test_the_codes_of_the_rest_api_are_explained() -> None:
    page = (ROOT / "docs" / "api.md").read_text("utf-8")
    from gikocr.web.api import problems

    given = set(problems._CODES.values())
    for path in (ROOT / "gikocr" / "web" / "api").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "Problem":
                code = node.args[1] if len(node.args) > 1 else None
                if isinstance(code, ast.Constant) and isinstance(code.value, str):
                    given.add(code.value)
    explained = set(re.findall(r"`(\w+)`", page[page.index("## Codes of errors") :]))
    assert sorted(given - explained) == []


def test_pictures_are_small_and_shown() -> None:
    text = "".join(page.read_text("utf-8") for page in PAGES)
    pictures = list((ROOT / "docs" / "pictures").iterdir())
    assert [p.name for p in pictures if p.stat().st_size > 150_000 or f"pictures/{p.name})" not in text] == []
    assert pictures
