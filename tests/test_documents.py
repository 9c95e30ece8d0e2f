"""What the documents for developers name is there: files, make targets, modules that are run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("**/*.md"))]
TOP = ("gikocr", "scripts", "docs", "models", "samples", "tests", "deploy")


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_that_are_named_exist(page: Path) -> None:
    named = re.findall(r"`((?:[\w.-]+/)+[\w.*-]*)`", page.read_text("utf-8"))
    ours = [n for n in named if n.split("/")[0] in TOP]
    missing = [n for n in ours if not list(ROOT.glob(n.rstrip("/")))]
    assert not missing


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
