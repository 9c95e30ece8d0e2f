"""The reference pages of the documentation, made from the code: commands, settings, the form, the REST API, codes.

    python -m scripts.reference out/reference   # writes them as Markdown, to read them without the site

`make site` needs no such step: MkDocs loads this module as a hook (``hooks`` in ``mkdocs.yml``), and the pages are never files of the
repository, so that they cannot be out of date. The hook also makes links of documents that a page names by their path, and refuses
to build a page that names one that is not there.
"""

from __future__ import annotations

import argparse
import enum
import json
import posixpath
import re
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from gikocr import errors
from gikocr.cli.main import build_app
from gikocr.cli.state import ExitCode
from gikocr.elements import State
from gikocr.errors import GikocrError
from gikocr.forms import Edition, Form, Table, load_form
from gikocr.report.codes import ISSUE_CODES
from gikocr.settings import Settings, describe

DOCS = Path(__file__).parent.parent / "docs"

#: What each state of a field says of its cell.
STATES: Mapping[State, str] = {
    "read": "a number is printed; the only state with a value",
    "blank": "nothing is printed; not the same as 0",
    "slash": "a slash is printed",
    "dash": "a dash is printed",
    "none_word": "无 is printed",
    "other_text": "other words are printed",
    "occluded": "something covers the value, so that nobody can read it",
    "unreadable": "something is printed, or the cell was not found, and what it is was not made out",
    "not_printed": "the form of this edition has the cell, and this document does not print it",
}

#: What each exit code of the command line means.
EXITS: Mapping[ExitCode, str] = {
    ExitCode.DONE: "everything done",
    ExitCode.SOME_FAILED: "finished, and some documents failed",
    ExitCode.USAGE: "wrong usage: an option, a setting, a form",
    ExitCode.DEPENDENCY_MISSING: "a model or a package is missing; `gikocr doctor` says which",
    ExitCode.WORKSPACE_UNUSABLE: "the folder of the results, or its database, cannot be used",
    ExitCode.REVIEW_WAITS: "finished, and fields wait for review (only with `--fail-on-review`)",
    ExitCode.INTERRUPTED: "interrupted; the same command goes on where it stopped",
}


def pages() -> dict[str, str]:
    """The Markdown of each reference page, by its path below ``docs/``."""
    made: dict[str, Callable[[], Iterable[str]]] = {
        "reference/commands.md": _commands,
        "reference/settings.md": _settings,
        "reference/form.md": _form,
        "reference/rest.md": _rest,
        "reference/codes.md": _codes,
    }
    return {path: "\n".join(lines()) + "\n" for path, lines in made.items()}


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """A table in Markdown, with an empty line behind it; no rows, no table."""
    lines = [" | ".join(_cell(c) for c in row) for row in rows]
    if lines:
        yield f"| {' | '.join(head)} |"
        yield "|" + "---|" * len(head)
        yield from (f"| {line} |" for line in lines)
        yield ""


def _cell(content: object) -> str:
    return str(content).replace("|", "\\|").replace("\n", " ")


def _code(text: object) -> str:
    return f"`{text}`" if text != "" else ""


def command_line() -> dict[str, typing.Any]:
    """Every command by its words, such as ``extract`` or ``token create``."""

    def walk(command: Any, words: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
        below = getattr(command, "commands", None)
        if below is None:
            yield " ".join(words), command
        else:
            for name, child in below.items():
                yield from walk(child, (*words, name))

    return dict(walk(typer.main.get_command(build_app()), ()))


def _commands() -> Iterator[str]:
    yield "# Commands\n"
    yield "Made from the command line itself; `gikocr COMMAND --help` says the same. Options of reading can also be set as"
    yield "`GIKOCR_...` variables: see [settings](settings.md). Exit codes: see [codes](codes.md).\n"
    for words, command in command_line().items():
        yield f"## gikocr {words}\n"
        yield re.sub(r"Example: (.+)", lambda m: f"Example:\n\n```sh\n{m[1]}\n```", command.help or "") + "\n"
        arguments = [p for p in command.params if p.param_type_name == "argument"]
        options = [p for p in command.params if p.param_type_name == "option"]
        yield from table(
            ["argument", ""],
            (
                [_code((p.metavar or p.name.upper()) + (" ..." if p.nargs == -1 else "")), p.help or ""]
                for p in arguments
            ),
        )
        yield from table(
            ["option", "default", ""], ([_spelt(p), _default(p), p.help or ""] for p in options if not p.hidden)
        )


def _spelt(option: Any) -> str:
    value = "" if option.is_flag else f" {_value(option)}"
    spelt = [_code(f"{name}{value}") for name in option.opts]
    return ", ".join([*spelt, *map(_code, option.secondary_opts)]) + (" …" if option.multiple else "")


def _value(option: Any) -> str:
    if option.metavar:
        return str(option.metavar)
    for kind in _parts(option.type_descriptor.annotation):
        if isinstance(kind, type) and issubclass(kind, enum.Enum):
            return "|".join(str(member.value) for member in kind)
    kinds = {Path: "PATH", int: "N", float: "NUMBER"}
    return next((word for kind, word in kinds.items() if kind in _parts(option.type_descriptor.annotation)), "TEXT")


def _parts(annotation: Any) -> tuple[Any, ...]:
    below = [part for inner in typing.get_args(annotation) for part in _parts(inner)]
    return (annotation, *below)


def _default(option: Any) -> str:
    if option.required:
        return "must be given"
    default = option.default
    if isinstance(default, enum.Enum):
        default = default.value
    return (
        "" if default in (None, "", False) and (option.is_flag or default is None or default == "") else _code(default)
    )


def _settings() -> Iterator[str]:
    yield "# Settings\n"
    yield "What a run may be told. A variable of the environment sets each; an option of the same name on the command line goes before"
    yield "it. Settings that change results enter the fingerprint of a run: with another value, known documents are read anew.\n"
    changes = Settings().fingerprint_items()
    yield from table(
        ["setting", "variable", "default", "unit", "what it does", "changes results"],
        (
            [
                _code(name),
                _code(f"GIKOCR_{name.upper()}"),
                _code(default),
                unit,
                sentence,
                "yes" if name in changes else "",
            ]
            for name, default, unit, sentence in describe()
        ),
    )


def _form() -> Iterator[str]:
    form = load_form()
    yield f"# The form: {form.name}\n"
    yield "Made from `gikocr/forms/annual_report.toml`. Fields and sums of each table are given by edition; a table that two editions"
    yield "print alike stands under the newer one. A document whose tables are of several editions is `mixed`, but for the hybrids"
    yield "below, which count as one edition.\n"
    yield from table(
        ["edition", "fields", "sums", "tables"],
        ([e.id, len(e.fields), len(e.rules), "、".join(e.tables)] for e in form.editions.values()),
    )
    yield from table(
        ["hybrid", "counts as"],
        (["; ".join(f"{key} of {edition}" for key, edition in h.tables.items()), h.edition] for h in form.hybrids),
    )
    for key in form.table_keys:
        for each in form.tables(key):
            yield from _form_table(form.editions[each.edition], each)
    yield from _between_years(form)


def _form_table(edition: Edition, each: Table) -> Iterator[str]:
    also = f" (and {', '.join(each.same_form_as)})" if each.same_form_as else ""
    yield f"## Table {each.key}, edition {each.edition}{also}\n"
    yield f"Headings: {'; '.join(dict.fromkeys(label.text for label in each.headings))}\n"
    yield from table(
        ["field", "row", "column", "unit", "what may be printed"],
        (
            [_code(f.id), f.row_label, f.column_label, f.printed_unit or "as printed", f.kind.replace("_", " ")]
            for f in (edition.fields[i] for i in each.fields)
        ),
    )
    rules = [rule for rule in edition.rules if rule.table == each.key]
    start = posixpath.commonprefix([i for r in rules for i in (*r.left, *r.right)]).rpartition(".")[0]
    if start:
        yield f"Fields of the sums are named without their common beginning, `{start}.`.\n"
    yield from table(
        ["sum", "what must be equal"],
        ([_code(r.id), " = ".join(_sum(side, start) for side in (r.left, r.right))] for r in rules),
    )


def _sum(ids: Iterable[str], start: str) -> str:
    return " + ".join(_code(field.removeprefix(f"{start}.")) for field in ids)


def _between_years(form: Form) -> Iterator[str]:
    yield "## Between two years\n"
    yield "What `gikocr export` compares in the table `years`. These are no sums of one report, and nothing is inferred from them.\n"
    yield from table(
        ["id", "what is compared", "year before", "this year, added", "this year, taken away", "this year"],
        (
            [
                _code(link.id),
                link.label,
                *(", ".join(map(_code, ids)) for ids in (link.before, link.plus, link.minus, link.after)),
            ]
            for link in form.between_years
        ),
    )


def _rest() -> Iterator[str]:
    api = json.loads((DOCS / "openapi.json").read_text("utf-8"))
    yield "# REST API, route by route\n"
    yield "Made from the OpenAPI description that the repository keeps ([openapi.json](../openapi.json)). How to use it, and the"
    yield "codes of its errors: [the REST API](../api.md).\n"
    for path, methods in api["paths"].items():
        for method, route in methods.items():
            yield f"## {method.upper()} {path}\n"
            yield (route.get("description") or "").replace("`docs/exports.md`", "[tables](../exports.md)") + "\n"
            yield from table(
                ["parameter", "in", "type", ""],
                (
                    [
                        _code(p["name"]),
                        p["in"],
                        _kind(p["schema"]),
                        p.get("description", "must be given" if p["required"] else ""),
                    ]
                    for p in route.get("parameters", ())
                ),
            )
            for media, body in route.get("requestBody", {}).get("content", {}).items():
                yield f"Body ({_code(media)}): {_kind(body['schema'])}\n"
            yield from table(
                ["status", "answer"],
                ([status, _answer(answer)] for status, answer in route["responses"].items()),
            )
    yield "## Bodies\n"
    for name, schema in api["components"]["schemas"].items():
        yield f"### {name}\n"
        if "description" in schema:
            yield schema["description"] + "\n"
        must = schema.get("required", ())
        yield from table(
            ["key", "type", "always there", ""],
            (
                [_code(key), _kind(value), "yes" if key in must else "", value.get("description", "")]
                for key, value in schema.get("properties", {}).items()
            ),
        )


def _answer(answer: Mapping[str, Any]) -> str:
    kinds = [_kind(body["schema"]) for body in answer.get("content", {}).values() if body.get("schema")]
    return ": ".join([str(answer["description"]).rstrip("."), *kinds])


def _kind(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(_kind(part) for part in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(_code(value) for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    return str(schema.get("type", "anything"))


def _codes() -> Iterator[str]:
    yield "# States, issues and exit codes\n"
    yield "Codes are stable; the messages beside them are for people and may change.\n"
    yield "## States of a field\n"
    yield from table(["state", "what stands in the cell"], ([_code(s), text] for s, text in STATES.items()))
    yield "## Issues of a report\n"
    yield from table(["code", "what it says, and what to do"], ([_code(c), text] for c, text in ISSUE_CODES.items()))
    yield "## Exit codes\n"
    yield from table(["exit code", "meaning"], ([int(c), text] for c, text in EXITS.items()))
    yield "## Errors\n"
    yield "What stops a command; classes of `gikocr.errors`, for those who call gikocr from Python. Codes of the REST API:"
    yield "[the REST API](../api.md).\n"
    yield from table(
        ["class", "code", "exit code", "trying again can help", ""],
        (
            [
                _code(e.__name__),
                _code(e.code),
                e.exit_code,
                "yes" if e.can_retry else "",
                (e.__doc__ or "").splitlines()[0],
            ]
            for e in _errors(GikocrError)
        ),
    )


def _errors(kind: type[GikocrError]) -> Iterator[type[GikocrError]]:
    if kind is not GikocrError:
        yield kind
    for child in kind.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from _errors(child)


def linked(markdown: str, page: str) -> str:
    """The text of a page with links in the place of documents that it names by their path.

    Args:
        markdown: the text.
        page: its path below ``docs/``.

    Raises:
        ValueError: a document is named that is not there.
    """

    def link(found: re.Match[str]) -> str:
        path = found[1]
        if not (DOCS / path).exists():
            raise ValueError(f"{page} names docs/{path}, which is not there.")
        if (DOCS / path).is_dir():
            return found[0]
        return f"[{path}]({posixpath.relpath(path, posixpath.dirname(page) or '.')})"

    parts = re.split(r"(^```.*?^```$)", markdown, flags=re.MULTILINE | re.DOTALL)
    return "".join(p if p.startswith("```") else re.sub(r"`docs/([\w./-]+)`", link, p) for p in parts)


def on_files(files: Any, config: Any) -> Any:
    """MkDocs asks for the files of the site: the reference pages are added."""
    from mkdocs.structure.files import File

    for path, content in pages().items():
        files.append(File.generated(config, path, content=content))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """MkDocs has read a page."""
    return linked(markdown, page.file.src_uri)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    given = parser.parse_args(argv)
    for path, content in pages().items():
        file = given.folder / Path(path).name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, "utf-8")
        print(file)


if __name__ == "__main__":
    main()
