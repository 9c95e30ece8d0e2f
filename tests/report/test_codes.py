"""The codes of issues that the code gives are those that the contract names."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from gikocr import errors
from gikocr.errors import DocumentError
from gikocr.report.codes import ISSUE_CODES

PACKAGE = Path(errors.__file__).parent

#: Calls whose first text, or whose ``code``, is a code; and by which position a failed document gets its own.
NOTES = ("note", "_note", "fail")
FAILED = {"_failed": 3}


def literal(node: ast.AST) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def given(tree: ast.AST, room: str) -> Iterator[str]:
    """Codes in a module: of ``Issue(code=…)``, of ``failed(code=…)``, of notes, and of assignments to ``code``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if name in ("Issue", "failed"):
                found = [k.value for k in node.keywords if k.arg == "code"]
            elif name in NOTES:
                found = node.args[:1]
            elif name in FAILED and len(node.args) > FAILED[name]:
                found = [node.args[FAILED[name]]]
            else:
                continue
            yield from filter(None, map(literal, found))
            for text in (f for f in found if isinstance(f, ast.JoinedStr)):
                yield from (ast.unparse(text),)
        elif (
            isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Tuple)
            and isinstance(node.value, ast.Tuple)
        ):
            names = [t.id for t in node.targets[0].elts if isinstance(t, ast.Name)]
            if names and names[0] == "code" and (code := literal(node.value.elts[0])):
                yield code
        elif (
            room == "ingest" and isinstance(node, ast.Tuple) and len(node.elts) == 2 and (code := literal(node.elts[0]))
        ):
            # Notes of texts: ("converted", "The document was …")
            second = literal(node.elts[1]) or (
                ast.unparse(node.elts[1]) if isinstance(node.elts[1], ast.JoinedStr) else ""
            )
            if second.rstrip("'\"").endswith(".") and code.isidentifier():
                yield code


def codes_in_use() -> set[str]:
    rooms = ("ingest", "kie", "pipeline", "jobs", "cli", "report")
    files = [(p, room) for room in rooms for p in (PACKAGE / room).glob("*.py")]
    found = {code for path, room in files for code in given(ast.parse(path.read_text("utf-8")), room)}
    dynamic = {c for c in found if not c.isidentifier()}
    assert dynamic == {"f'{name}_not_found'"}, "a code that is put together must be named here"
    kinds = [DocumentError, *DocumentError.__subclasses__()]
    return found - dynamic | {"agency_not_found", "year_not_found"} | {kind.code for kind in kinds}


def test_every_code_that_is_given_is_named_and_no_other() -> None:
    assert codes_in_use() == set(ISSUE_CODES)


def test_every_code_says_something() -> None:
    assert all(text.endswith((".", "?")) and len(text) > 20 for text in ISSUE_CODES.values())
