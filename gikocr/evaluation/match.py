"""Finds the output that belongs to each truth.

The output for the document ``<path>`` is ``OUT/<path>.json``; a name that was taken or is long has ``~`` and eight
digits of the content hash before ``.json``; further reports found in the same file are ``<path>.2.json`` and so on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Literal

from gikocr.errors import UsageError
from gikocr.evaluation.outputs import OutputDocument, load_output
from gikocr.evaluation.strict_json import InvalidJson
from gikocr.evaluation.truth import TruthDocument

Loss = Literal["missing", "invalid", "failed"]

LONG_NAME_BYTES = 200
_HASHED = re.compile(r"(?P<name>.+)~[0-9a-f]{8}\.json")


@dataclass(frozen=True, slots=True)
class Pair:
    """A truth and what was given for it.

    Attributes:
        truth: the truth.
        output: None when the document is lost, unless it failed with an output that can be read.
        loss: why the document is lost: no output; one that breaks the contract; one that says ``failed`` and has no
            fields.
        reason: in words, for ``invalid``.
        surplus: reports that the output claims to have found in the same file and that no truth describes.
    """

    truth: TruthDocument
    output: OutputDocument | None
    loss: Loss | None
    reason: str
    surplus: tuple[str, ...]


def pair_outputs(truths: tuple[TruthDocument, ...], out: Path) -> tuple[Pair, ...]:
    """Pair each truth with its output, in the order of the names.

    ``out`` is the folder that ``gikocr extract -o`` wrote, or, for a single truth, one output file.

    Raises:
        UsageError: ``out`` does not exist, or one output would be judged against two truths.
    """
    if out.is_file():
        if len(truths) != 1:
            raise UsageError(f"{out}: one output file for {len(truths)} truths.", advice="Name the output folder.")
        return (_pair(truths[0], out, ()),)
    if not out.is_dir():
        raise UsageError(f"{out}: there is no such folder.", advice="Name the folder given to `gikocr extract -o`.")
    names = _FolderNames(out)
    found = {truth.name: _find(truth, names) for truth in truths}
    owner: dict[Path, str] = {}
    for name, path in found.items():
        if path is not None and path in owner:
            raise UsageError(
                f"{path}: the truths '{owner[path]}' and '{name}' both describe this output.",
                advice="Name truth files after their documents: scan.pdf.json for scan.pdf.",
            )
        if path is not None:
            owner[path] = name
    return tuple(
        _pair(truth, path, () if path is None else _surplus(path, names, owner))
        for truth in sorted(truths, key=lambda t: t.name)
        for path in (found[truth.name],)
    )


class _FolderNames:
    """The names of the files in each folder of the output, listed once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.of = cache(self._list)

    def _list(self, folder: Path) -> frozenset[str]:
        return frozenset(p.name for p in folder.iterdir() if p.is_file()) if folder.is_dir() else frozenset()


def _find(truth: TruthDocument, names: _FolderNames) -> Path | None:
    for candidate in _candidates(truth):
        path = names.root / candidate
        there = names.of(path.parent)
        if path.name in there:
            return path
        hashed = sorted(name for name in there if _is_hashed_name(name, path.name))
        if len(hashed) > 1:
            raise UsageError(
                f"{path.parent}: which of {', '.join(hashed)} belongs to the truth '{truth.name}' cannot be told.",
                advice="Name the truth file after the right one.",
            )
        if hashed:
            return path.parent / hashed[0]
    return None


def _candidates(truth: TruthDocument) -> Iterator[PurePosixPath]:
    name = PurePosixPath(truth.name)
    yield name
    file = PurePosixPath(truth.file or "")
    if truth.file and not file.is_absolute() and ".." not in file.parts:
        yield name.parent / f"{file}.json"
        yield PurePosixPath(f"{file}.json")


def _is_hashed_name(name: str, wanted: str) -> bool:
    match = _HASHED.fullmatch(name)
    if match is None:
        return False
    whole = wanted.removesuffix(".json")
    if match["name"] == whole:
        return True
    return len(whole.encode()) > LONG_NAME_BYTES and whole.startswith(match["name"])


def _surplus(path: Path, names: _FolderNames, owner: dict[Path, str]) -> tuple[str, ...]:
    further = re.compile(re.escape(path.name.removesuffix(".json")) + r"\.([2-9]|[1-9]\d+)\.json")
    return tuple(sorted(n for n in names.of(path.parent) if further.fullmatch(n) and path.parent / n not in owner))


def _pair(truth: TruthDocument, path: Path | None, surplus: tuple[str, ...]) -> Pair:
    if path is None:
        return Pair(truth, None, "missing", "", surplus)
    try:
        output = load_output(path)
    except InvalidJson as error:
        return Pair(truth, None, "invalid", str(error), surplus)
    failed = output.status == "failed" and not output.fields
    return Pair(truth, output, "failed" if failed else None, "", surplus)
